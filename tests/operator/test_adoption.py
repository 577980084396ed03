"""Clusters that exist already: who may take them over, who goes first, and what the others leave alone.

One operator serves two namespaces; `here` and `there` are registrations in one and in the other.
"""

import base64
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from kube import Object
from operators import House, Operator, until
from planes import API
from stage import RELEASE, Registration, Stage, condition, conditions

pytestmark = pytest.mark.usefixtures("operator")

BY_NAME = {"byName": True}
DELETES = {"policy": "Delete"}


class Elsewhere(Stage):
    """The same control plane, and registrations in another namespace."""

    def __init__(self, stage: Stage, namespace: str) -> None:
        super().__init__(stage.house, stage.simulator, stage.control_plane)
        self.registrations = f"{API}/namespaces/{namespace}/runaiclusterregistrations"
        self._namespace = namespace

    def manifest(self, name: str, annotations: dict[str, str] | None = None, **spec: Any) -> Object:
        """A registration of the other namespace."""
        made = super().manifest(name, annotations, **spec)
        return made | {"metadata": made["metadata"] | {"namespace": self._namespace}}


@pytest.fixture(scope="module")
def neighbour(house: House) -> Iterator[str]:
    """Another namespace that the operator watches."""
    name = f"neighbour-{secrets.token_hex(4)}"
    house.kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    house.kube.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(scope="module")
def operator(house: House, neighbour: str) -> Iterator[Operator]:
    """One operator for both namespaces."""
    with house.operator(NAMESPACES=f"{house.namespace},{neighbour}") as operator:
        yield operator


@pytest.fixture
def there(stage: Stage, neighbour: str) -> Iterator[Stage]:
    """The other namespace, for one test."""
    there = Elsewhere(stage, neighbour)
    yield there
    there.clear()


def test_of_two_that_adopt_one_cluster_one_holds_it(stage: Stage, there: Stage) -> None:
    """Two that adopt one uuid at once: one holds it, the other one changes nothing, not even when it is deleted."""
    strange = stage.stranger("gpu-east", state="Connected")
    wanted: dict[str, Any] = {"clusterName": "gpu-east", "adopt": {"uuid": strange.uuid}, "deletion": DELETES}
    both = [stage.register(**wanted), there.register(**wanted)]
    until(lambda: {ready(each) for each in both} == {"Adopted", "OwnershipConflict"}, "one adopted, one refused")

    winner, loser = sorted(both, key=ready)
    assert conditions(loser.object)["Stalled"] == ("True", "OwnershipConflict")
    loser.change(clusterName="gpu-west")
    loser.wait_for("OwnershipConflict")
    loser.delete()
    loser.wait_gone()

    assert ready(winner) == "Adopted"
    assert stage.changes() == {}


def test_the_first_title_goes_first(stage: Stage, there: Stage) -> None:
    """Who has created a cluster goes before who has adopted it; the other touches nothing, not even at its deletion."""
    owner = stage.registered(listed=True, clusterName="gpu-east")
    other = there.register(clusterName="gpu-west", suspend=True, deletion=DELETES)
    other.wait_for("Suspended")
    give_title(stage, other, like=owner)
    other.change(suspend=False)

    other.wait_for("OwnershipConflict")
    assert f"{stage.house.namespace}/{owner.name}" in message(other)
    assert "goes before this one" in message(other)
    other.delete()
    other.wait_gone()

    assert ready(owner) == "Registered"
    assert stage.changes() == {"create_cluster": 1}


def test_a_cluster_is_handed_from_one_registration_to_another(stage: Stage, there: Stage) -> None:
    """Orphaned here, adopted there: who waits for the cluster takes it over by itself, and no call changes anything."""
    owner = stage.registered(listed=True, clusterName="gpu-east", version="2.24.18")
    uuid = owner.status["uuid"]
    heir = there.register(clusterName="gpu-east", version="2.24.18", adopt={"uuid": uuid})
    heir.wait_for("OwnershipConflict")
    assert f"{stage.house.namespace}/{owner.name}" in message(heir)
    assert "set deletion.policy to Orphan and delete that registration" in message(heir)

    owner.change(deletion={"policy": "Orphan"})
    owner.delete()
    owner.wait_gone()
    heir.wait_for("Adopted")

    assert heir.status["uuid"] == uuid
    assert stage.changes() == {"create_cluster": 1}


@pytest.mark.parametrize("way", ["policy", "annotation"])
def test_a_cluster_is_handed_over_while_its_control_plane_is_away(stage: Stage, there: Stage, way: str) -> None:
    """Given up by a policy or by the annotation, with nobody to ask: the install Secret stays, and has no owner."""
    spec: dict[str, Any] = {"clusterName": "gpu-east", "version": "2.24.18", "installSecret": {"name": f"by-{way}"}}
    owner = stage.registered(listed=True, **spec)
    uuid, old = owner.status["uuid"], f"/api/v1/namespaces/{stage.house.namespace}/secrets/by-{way}"
    heir = there.register(adopt={"uuid": uuid}, **spec)
    heir.wait_for("OwnershipConflict")
    assert len(stage.kube.get(old)["metadata"]["ownerReferences"]) == 1

    stage.simulator.down()
    if way == "policy":
        owner.change(deletion={"policy": "Orphan"})
        owner.delete()
    else:
        owner.delete()
        owner.wait_for("Deleting")
        owner.annotate(dict(RELEASE))
    owner.wait_gone()
    assert "ownerReferences" not in stage.kube.get(old)["metadata"]

    stage.simulator.up()
    heir.wait_for("Adopted")
    new = stage.kube.get(f"{there.registrations.replace(API, '/api/v1').rpartition('/')[0]}/secrets/by-{way}")
    assert content(new)["clusterUuid"] == content(stage.kube.get(old))["clusterUuid"] == uuid
    assert stage.changes() == {"create_cluster": 1}


def test_a_second_holder_takes_over_when_the_first_has_gone(stage: Stage, there: Stage) -> None:
    """The weaker of two titles becomes the only one when the other registration lets go, without any call."""
    owner = stage.registered(listed=True, clusterName="gpu-east", deletion={"policy": "Orphan"})
    other = there.register(clusterName="gpu-east", suspend=True)
    other.wait_for("Suspended")
    give_title(stage, other, like=owner)
    other.change(suspend=False)
    other.wait_for("OwnershipConflict")

    owner.delete()
    owner.wait_gone()
    other.wait_for("Adopted")

    assert stage.changes() == {"create_cluster": 1}


def test_who_adopts_goes_before_who_would_create(stage: Stage, there: Stage) -> None:
    """Of a cluster's name, `adopt` may make use, a creation may not; the one that may not deletes nothing either."""
    strange = stage.stranger("gpu-east", state="Connected")
    creating = stage.register(clusterName="gpu-east")
    creating.wait_for("NameTaken")
    adopting = there.registered(clusterName="gpu-east", adopt=BY_NAME)
    creating.delete()
    creating.wait_gone()

    assert adopting.status["uuid"] == strange.uuid
    assert stage.changes() == {}


def test_a_cluster_that_was_created_elsewhere_is_not_adopted_by_its_name(stage: Stage, there: Stage) -> None:
    """`adopt.byName` does not take what another registration has created, and creates no second one."""
    stage.admin.settings(uniqueNames=False)
    owner = stage.registered(listed=True, clusterName="gpu-east")
    other = there.register(clusterName="gpu-east", adopt=BY_NAME)
    other.wait_for("OwnershipConflict")
    other.delete()
    other.wait_gone()

    assert owner.cluster.name == "gpu-east"
    assert stage.changes() == {"create_cluster": 1}


def test_a_name_is_taken_exactly(stage: Stage) -> None:
    """A cluster whose name differs by case, or only begins alike, is neither adopted by name nor in the way."""
    names = ("GPU-East", "gpu-east-2", "GPU-North", "gpu-north", "GPU-West", "gpu-west-2")
    strange = {name: stage.admin.create(name) for name in names}
    stage.wait_polls()
    none, one = (stage.registered(clusterName=name, adopt=BY_NAME) for name in ("gpu-east", "gpu-north"))
    plain = stage.registered(clusterName="gpu-west")

    assert [each.status["origin"] for each in (none, one, plain)] == ["Created", "Adopted", "Created"]
    assert one.status["uuid"] == strange["gpu-north"].uuid
    assert {none.status["uuid"], plain.status["uuid"]} & {each.uuid for each in strange.values()} == set()
    assert stage.changes() == {"create_cluster": 2}


def test_a_draining_cluster_is_not_adopted_by_its_name(stage: Stage) -> None:
    """`adopt.byName` means live clusters only: beside one that is being deleted, a new one is created."""
    stage.admin.settings(uniqueNames=False, drainTime=None)
    draining = stage.stranger("gpu-east", deleting=True)
    made = stage.registered(clusterName="gpu-east", adopt=BY_NAME)

    assert made.status["origin"] == "Created"
    assert made.status["uuid"] != draining.uuid
    assert stage.changes() == {"create_cluster": 1}


def test_a_draining_cluster_is_not_adopted_by_its_uuid(stage: Stage) -> None:
    """`adopt.uuid` of a cluster under deletion waits, and goes on by itself when the deletion is taken back."""
    stage.admin.settings(drainTime=None)
    draining = stage.stranger("gpu-east", deleting=True)
    made = stage.register(clusterName="gpu-east", adopt={"uuid": draining.uuid})
    made.wait_for("AdoptionTargetNotFound")

    stage.admin.change(draining.uuid, deleting=False)
    made.wait_for("Adopted")
    assert stage.changes() == {}


def give_title(stage: Stage, made: Registration, like: Registration) -> None:
    """Let a registration hold the cluster of another one, as an adoption by an operator elsewhere leaves it."""
    uid, status = made.object["metadata"]["uid"], like.status
    title = {"uuid": status["uuid"], "tenantId": status["tenantId"], "origin": "Adopted", "ownerUID": uid}
    stage.kube.patch(f"{made.path}/status", {"status": title | {"createdAt": status["createdAt"]}})
    made.wait(lambda seen: bool(seen["metadata"].get("finalizers")), "held")


def content(secret: Object) -> dict[str, str]:
    """What stands in a Secret, in the clear."""
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


def message(made: Registration) -> str:
    """The message of Ready."""
    found = condition(made.object, "Ready")
    return str(found and found["message"])


def ready(made: Registration) -> str:
    """The reason of Ready, or nothing so far."""
    found = condition(made.object, "Ready")
    return str(found["reason"]) if found else ""
