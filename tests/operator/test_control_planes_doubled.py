"""Two RunaiControlPlanes that lead to the same tenant: a cluster has one owner and a name is used once all the same."""

from collections.abc import Iterator
from typing import Any

import pytest

from kube import Object
from operators import House
from planes import ControlPlane
from stage import LONG_AFTER, Registration, Stage, condition

pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture
def second(house: House, stage: Stage) -> Iterator[ControlPlane]:
    """Another RunaiControlPlane for the simulator of the stage, with the same credential; it answers."""
    second = ControlPlane(house, stage.simulator)
    second.create(credentialsSecretRef={"name": stage.control_plane.name})
    house.kube.wait_for(second.path, lambda seen: condition(seen, "Ready") is not None, 30, "answering")
    yield second
    stage.clear()
    second.remove()


def through(second: ControlPlane, **spec: Any) -> dict[str, Any]:
    """The spec of a registration that uses it."""
    return {"controlPlaneRef": {"name": second.name}} | spec


def told(made: Registration, reason: str) -> str:
    """What a registration says with this reason of Ready."""
    seen: Object = made.wait_for(reason)
    found = condition(seen, "Ready")
    assert found is not None
    return str(found["message"])


@pytest.mark.case(
    "R-10",
    injected="a cluster that is held through one RunaiControlPlane is to be adopted through another one of its tenant",
    outcome="OwnershipConflict; deleting the other touches nothing",
)
def test_a_cluster_is_not_adopted_twice(stage: Stage, second: ControlPlane) -> None:
    """Who adopts what another one holds gets nothing, and takes nothing with it when it is deleted, force or not."""
    owner = stage.registered(listed=True)
    uuid, before = owner.status["uuid"], stage.changes()
    force = {"policy": "Delete", "force": True}
    other = stage.register(**through(second, adopt={"uuid": uuid}, clusterName="gpu-stolen", deletion=force))
    assert f"held by the registration {stage.house.namespace}/{owner.name}" in told(other, "OwnershipConflict")
    stage.admin.advance(LONG_AFTER)
    other.delete()
    other.wait_gone()
    stage.wait_polls()

    assert stage.changes() == before
    assert [(cluster.uuid, cluster.name) for cluster in stage.admin.clusters()] == [(uuid, owner.name)]
    assert (condition(owner.object, "Ready") or {})["reason"] == "Registered"


def test_what_is_given_up_is_free(stage: Stage, second: ControlPlane) -> None:
    """Once the owner has left its cluster behind, the other one that waits for it adopts it."""
    owner = stage.registered(listed=True)
    other = stage.register(**through(second, adopt={"uuid": owner.status["uuid"]}))
    other.wait_for("OwnershipConflict")
    owner.change(deletion={"policy": "Orphan"})
    owner.delete()

    assert other.wait_for("Adopted")["status"]["origin"] == "Adopted"


def test_a_name_is_used_once(stage: Stage, second: ControlPlane) -> None:
    """A name that a cluster is to have is taken through both of them, although the control plane does not know it."""
    owner = stage.registered(listed=True)
    stage.kube.wait_for(second.path, lambda seen: seen["status"].get("tenantId") == 1001, 30, "its tenant")
    owner.change(clusterName="gpu-reserved", onDrift="Report")
    owner.wait_for("DiffersFromSpec", "Drifted")
    other = stage.register(**through(second, clusterName="gpu-reserved"))

    assert f"{stage.house.namespace}/{owner.name}" in told(other, "NameTaken")
    assert len(stage.admin.clusters()) == 1
