"""Looking first: what Observe says is what Manage does; suspended is left alone, and says how to get on."""

from typing import Any

import pytest

from operators import until
from stage import LONG_AFTER, Registration, Stage, condition, conditions

pytestmark = pytest.mark.usefixtures("operator")


def planned(made: Registration, part: str) -> str:
    """What Manage would do, as soon as this is part of it."""
    seen = made.wait(lambda each: part in each["status"].get("plannedAction", ""), f"planning to {part}")
    return str(seen["status"]["plannedAction"])


def test_what_is_planned_is_done(stage: Stage) -> None:
    """Each kind of plan is said while nothing is changed, and Manage then does exactly that."""
    stage.admin.settings(drainTime=0)
    strange = stage.admin.create("gpu-old")
    held = {name: stage.register() for name in ("renamed", "deleted", "lost", "kept")}
    for each in held.values():
        each.wait_ready()
    stage.wait_polls(1)
    stage.admin.advance(LONG_AFTER)
    new = stage.register(mode="Observe")
    adopting = stage.register(mode="Observe", clusterName="gpu-new", adopt={"uuid": strange.uuid})
    for each in held.values():
        each.change(mode="Observe")
        each.wait_for("Observing")
    uuids = {name: each.status["uuid"] for name, each in held.items()}
    held["renamed"].change(clusterName="gpu-west")
    held["deleted"].delete()
    stage.admin.delete(uuids["lost"])

    name = held["lost"].name
    assert planned(new, "create") == f"Manage would create a cluster named {new.name}."
    wanted = f"Manage would adopt the cluster {strange.uuid} and rename it from gpu-old to gpu-new."
    assert planned(adopting, "adopt") == wanted
    difference = condition(adopting.object, "Drifted")
    assert difference is not None
    assert "name is gpu-old, the spec says gpu-new" in difference["message"]
    assert planned(held["renamed"], "rename") == "Manage would rename the cluster to gpu-west."
    assert planned(held["deleted"], "delete") == f"Manage would delete the cluster {uuids['deleted']}."
    wanted = f"Manage would create a cluster named {name} in the place of {uuids['lost']}, which is missing."
    assert planned(held["lost"], "create") == wanted
    assert planned(held["kept"], "nothing") == "Manage would change nothing."
    assert stage.changes() == {"create_cluster": len(held)}

    every = [new, adopting, *held.values()]
    for each in every:
        each.change(mode="Manage")
    held["deleted"].wait_gone()
    for each in every:
        if each is not held["deleted"]:
            each.wait_ready()
            assert "plannedAction" not in each.status
            assert condition(each.object, "Drifted") is None
    stage.wait_polls()

    assert stage.changes() == {"create_cluster": len(held) + 2, "updateCluster": 2, "delete_cluster": 1}
    assert (adopting.cluster.uuid, adopting.cluster.name) == (strange.uuid, "gpu-new")
    assert held["renamed"].cluster.name == "gpu-west"
    assert held["lost"].cluster.name == name
    assert held["kept"].cluster.uuid == uuids["kept"]


def test_a_plan_that_cannot_be_carried_out_says_why(stage: Stage) -> None:
    """Where Manage would only meet an obstacle, the plan is to do nothing, and names it."""
    stage.admin.settings(uniqueNames=False)
    taken, missing = stage.admin.create("gpu-taken"), "00000000-0000-4000-8000-000000000000"
    for _ in range(2):
        stage.admin.create("gpu-several")
    owner = stage.registered(listed=True)
    plans: dict[str, dict[str, Any]] = {
        f"A cluster named gpu-taken exists already in the control plane ({taken.uuid})": {"clusterName": "gpu-taken"},
        f"There is no live cluster {missing}": {"adopt": {"uuid": missing}},
        "There is not exactly one live cluster named gpu-several": {
            "clusterName": "gpu-several",
            "adopt": {"byName": True},
        },
        f"is held by the registration {stage.house.namespace}/{owner.name}": {"adopt": {"uuid": owner.status["uuid"]}},
    }
    made = {why: stage.register(mode="Observe", **spec) for why, spec in plans.items()}
    for why, each in made.items():
        plan = planned(each, "nothing")
        assert plan.startswith("Manage would do nothing: ")
        assert why in plan

    assert stage.changes() == {"create_cluster": 1}


def test_a_suspended_registration_sees_and_does_nothing(stage: Stage) -> None:
    """Suspended, a name that drifts is shown and not corrected, and a deletion says how to get on; resumed, it is."""
    made = stage.registered(listed=True)
    made.change(suspend=True)
    made.wait(lambda seen: "spec.suspend is true" in said(seen), "suspended")
    stage.admin.rename(made.status["uuid"], "meddled")
    seen = made.wait_for("DiffersFromSpec", "Drifted")
    assert conditions(seen)["Ready"] == ("True", "Registered")
    assert stage.changes() == {"create_cluster": 1}

    made.change(suspend=False)
    until(lambda: made.cluster.name == made.name, "its own name")
    assert "Suspended" not in said(made.wait_ready())

    made.change(suspend=True)
    made.wait(lambda seen: "spec.suspend is true" in said(seen), "suspended again")
    made.delete()
    blocked = said(made.wait_for("DeletionBlocked"))
    assert "spec.suspend is true" in blocked
    assert "Set spec.suspend to false to go on." in blocked
    assert "runai-registrar.io/release=orphan" in blocked
    assert stage.changes() == {"create_cluster": 1, "updateCluster": 1}


def said(seen: dict[str, object]) -> str:
    """The message of Ready."""
    found = condition(seen, "Ready")
    return str(found and found["message"])
