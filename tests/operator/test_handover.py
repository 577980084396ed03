"""A cluster moves from one management cluster to another: two operators, two namespaces, two control plane objects."""

from collections.abc import Iterator

import pytest

from kube import Kube
from operators import House
from planes import ControlPlane
from runai_registrar.simulator.admin_models import ClusterView
from stage import Stage


@pytest.fixture
def elsewhere(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The namespace of another operator, which knows nothing of the first one."""
    house = House(kube, tmp_path_factory.mktemp("elsewhere"))
    yield house
    kube.delete(f"/api/v1/namespaces/{house.namespace}")


def test_from_one_management_cluster_to_another(stage: Stage, elsewhere: House) -> None:
    """Orphaned in the old one, adopted in the new one: after its creation no call changes the cluster any more."""
    spec = {"clusterName": "gpu-east", "version": "2.24.18", "domain": "https://gpu-east.example.com"}
    with stage.house.operator():
        made = stage.registered(listed=True, **spec)
        stage.admin.set_state(made.status["uuid"], "Connected")
        made.wait_for("Connected", "Connected")
        before, uuid = made.cluster, made.status["uuid"]
        made.change(deletion={"policy": "Orphan"})
        made.delete()
        made.wait_gone()

    with elsewhere.operator():
        new = Stage(elsewhere, stage.simulator, ControlPlane(elsewhere, stage.simulator).create_secret().create())
        adopted = new.registered(listed=True, adopt={"uuid": uuid}, **spec)
        assert (adopted.status["uuid"], adopted.status["origin"]) == (uuid, "Adopted")
        assert lasting(adopted.cluster) == lasting(before)
        new.clear()
        new.control_plane.remove()

    assert stage.changes() == {"create_cluster": 1}
    assert [lasting(cluster) for cluster in stage.admin.clusters()] == [lasting(before)]


def lasting(cluster: ClusterView) -> ClusterView:
    """A cluster without the sign of life that only time changes."""
    return cluster.model_copy(update={"last_liveness": None, "status": None})
