"""A cluster moves from one management cluster to another: two operators, two namespaces, two control plane objects."""

from collections.abc import Iterator
from typing import Any

import pytest

from kube import REPOSITORY, Kube, Object
from operators import House
from planes import ControlPlane
from runai_registrar.apiserver import install_crds, server_for_tests
from runai_registrar.simulator.admin_models import ClusterView
from stage import Registration, Stage

SPEC: dict[str, Any] = {
    "clusterName": "gpu-east",
    "version": "2.24.18",
    "domain": "https://gpu-east.example.com",
    "installSecret": {"name": "install"},
}


@pytest.fixture
def elsewhere(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The namespace of another operator, which knows nothing of the first one."""
    house = House(kube, tmp_path_factory.mktemp("elsewhere"))
    yield house
    kube.delete(f"/api/v1/namespaces/{house.namespace}")


@pytest.fixture
def abroad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A namespace of another management cluster, with an API server of its own."""
    with server_for_tests() as server:
        install_crds(server.kubeconfig, REPOSITORY / "crds")
        with Kube(server) as kube:
            yield House(kube, tmp_path_factory.mktemp("abroad"))


def test_from_one_management_cluster_to_another(stage: Stage, elsewhere: House) -> None:
    """Orphaned in the old one, adopted in the new one: after its creation no call changes the cluster any more."""
    with stage.house.operator():
        made = connected(stage)
        before, uuid = made.cluster, made.status["uuid"]
        let_go(made)

    with elsewhere.operator():
        new = moved(stage, elsewhere)
        adopted = new.registered(listed=True, adopt={"uuid": uuid}, **SPEC)
        assert (adopted.status["uuid"], adopted.status["origin"]) == (uuid, "Adopted")
        assert lasting(adopted.cluster) == lasting(before)
        assert len({taken(each)["data"]["clientSecret"] for each in (stage, new)}) == 1
        new.clear()
        new.control_plane.remove()

    assert stage.changes() == {"create_cluster": 1}
    assert [lasting(cluster) for cluster in stage.admin.clusters()] == [lasting(before)]


def test_both_operators_at_once(stage: Stage, abroad: House) -> None:
    """Adopted in the new management cluster while the old one still holds it: they do not disturb each other.

    When the old one lets go nothing changes for the new one; each keeps the install Secret that it has written.
    """
    with stage.house.operator() as old, abroad.operator() as young:
        made = connected(stage)
        before, uuid = made.cluster, made.status["uuid"]
        new = moved(stage, abroad)
        adopted = new.registered(listed=True, adopt={"uuid": uuid}, **SPEC)
        writes = [each.writes() for each in (made, adopted)]
        stage.wait_polls(4)
        assert [each.writes() for each in (made, adopted)] == writes

        let_go(made)
        stage.wait_polls(4)
        assert adopted.writes() == writes[1]
        assert (adopted.status["uuid"], adopted.status["origin"]) == (uuid, "Adopted")
        assert lasting(adopted.cluster) == lasting(before)
        assert len({taken(each)["data"]["clientSecret"] for each in (stage, new)}) == 1
        assert old.complaints() + young.complaints() == []
        new.clear()

    assert stage.changes() == {"create_cluster": 1}
    assert [lasting(cluster) for cluster in stage.admin.clusters()] == [lasting(before)]


def connected(stage: Stage) -> Registration:
    """The registration in the old place, of a cluster that has connected."""
    made = stage.registered(listed=True, **SPEC)
    stage.admin.set_state(made.status["uuid"], "Connected")
    made.wait_for("Connected", "Connected")
    return made


def let_go(made: Registration) -> None:
    """Give it up as the page says: both steps at once, so that the operator sees them together or one by one."""
    made.change(deletion={"policy": "Orphan"})
    made.delete()
    made.wait_gone()


def moved(stage: Stage, house: House) -> Stage:
    """The same control plane, seen from another place."""
    return Stage(house, stage.simulator, ControlPlane(house, stage.simulator).create_secret().create())


def taken(stage: Stage) -> Object:
    """The install Secret of a place, which nobody owns any more, or never did; it is taken away."""
    path = f"/api/v1/namespaces/{stage.house.namespace}/secrets/install"
    secret = stage.kube.get(path)
    assert "ownerReferences" not in secret["metadata"]
    stage.kube.delete(path)
    return secret


def lasting(cluster: ClusterView) -> ClusterView:
    """A cluster without the sign of life that only time changes."""
    return cluster.model_copy(update={"last_liveness": None, "status": None})
