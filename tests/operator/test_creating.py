"""Creating exactly once: lost answers, refusals, and names that somebody else has."""

import json

import pytest

from operators import until
from stage import LONG_AFTER, Registration, Stage, condition, conditions

pytestmark = pytest.mark.usefixtures("operator")

POST = "create_cluster"


def message(made: Registration) -> str:
    """The message of Ready."""
    found = condition(made.object, "Ready")
    return str(found and found["message"])


def wait_ambiguous(stage: Stage, made: Registration) -> None:
    """Return when the operator knows that the answer to its POST was lost, and says that it looks for the outcome."""
    made.wait(lambda seen: "createAttempt" in seen["status"], "looking for the outcome of its attempt")
    assert conditions(made.object)["Ready"] == ("False", "Registering")
    assert len(stage.calls(POST)) == 1


@pytest.mark.case(
    "R-03",
    injected="the POST is carried out and the connection closed without an answer",
    outcome="one POST, one cluster, claimed as Recovered from the next list",
)
def test_a_lost_answer_is_found_again(stage: Stage) -> None:
    """A POST that is carried out while its answer is lost is found in the list: one POST, one cluster, Recovered."""
    stage.admin.fault("cut-after-commit", operation=POST)

    made = stage.registered()

    assert made.status["origin"] == "Recovered"
    assert [cluster.uuid for cluster in stage.admin.clusters()] == [made.status["uuid"]]
    assert len(stage.calls(POST)) == 1


@pytest.mark.case(
    "R-03",
    injected="the POST is carried out and never answered, until the operator's own timeout",
    outcome="one POST, one cluster, Recovered",
)
@pytest.mark.case("R-04", injected="503 after the POST was carried out", outcome="one POST, one cluster, Recovered")
@pytest.mark.case("R-05", injected="201 with a body that cannot be read", outcome="one POST, one cluster, Recovered")
@pytest.mark.parametrize("fault", ["hang-after-commit", "fail-after-commit", "garbage"])
def test_an_answer_that_says_nothing_is_a_lost_one(stage: Stage, fault: str) -> None:
    """A timeout, a 503 and an unreadable 201 say nothing about the outcome: it is looked for, not repeated."""
    stage.admin.fault(fault, operation=POST)

    made = stage.registered()

    assert made.status["origin"] == "Recovered"
    assert len(stage.admin.clusters()) == len(stage.calls(POST)) == 1


@pytest.mark.case(
    "R-08",
    injected="the answer is lost and lists hide the new cluster",
    outcome="no second POST; claimed as soon as a list shows it",
)
def test_a_cluster_that_lists_show_late_is_found(stage: Stage) -> None:
    """A list that does not show the cluster yet proves nothing: there is no second POST before settle has passed."""
    stage.admin.settings(listLag=600)
    stage.admin.fault("cut-after-commit", operation=POST)
    made = stage.register()
    wait_ambiguous(stage, made)

    stage.admin.settings(listLag=0)
    made.wait_ready()

    assert made.status["origin"] == "Recovered"
    assert len(stage.admin.clusters()) == len(stage.calls(POST)) == 1


@pytest.mark.case(
    "R-04",
    injected="503 before anything was done",
    outcome="looked for until lists prove that nothing was made, then a second POST: one cluster",
)
def test_a_post_that_was_not_carried_out_is_repeated_after_settle(stage: Stage) -> None:
    """A 503 before anything was done leads to a second POST, but only once lists prove that nothing was made."""
    stage.admin.fault("refuse", operation=POST, status=503)
    made = stage.register()
    wait_ambiguous(stage, made)

    stage.admin.advance(LONG_AFTER)
    made.wait_ready()

    assert made.status["origin"] == "Created"
    assert "createAttempt" not in made.status
    assert [call.status for call in stage.calls(POST)] == [503, 201]
    assert len(stage.admin.clusters()) == 1


@pytest.mark.case(
    "R-28",
    injected="deleted while its lost POST is being looked for",
    outcome="the cluster is found and deleted, and only then the object goes",
)
def test_a_deletion_while_the_outcome_is_unknown_leaves_nothing(stage: Stage) -> None:
    """A registration deleted before its lost POST is found again deletes what the POST made, and only then goes."""
    stage.admin.settings(listLag=600)
    stage.admin.fault("cut-after-commit", operation=POST)
    made = stage.register(version="2.19.4")
    wait_ambiguous(stage, made)

    made.delete()
    stage.admin.settings(listLag=0)
    until(lambda: bool(stage.calls("delete_cluster")), "a DELETE")
    stage.admin.advance(LONG_AFTER)
    made.wait_gone()

    assert stage.admin.clusters() == []
    assert len(stage.calls(POST)) == 1


@pytest.mark.case(
    "R-16",
    injected="`kubectl replace` wipes finalizer and attempt while an answer is lost",
    outcome="both are put back; one POST, one cluster",
)
def test_a_replace_while_the_outcome_is_unknown_doubles_nothing(stage: Stage) -> None:
    """`kubectl replace` wipes finalizer and attempt: both are put back, and there is no second POST."""
    stage.admin.settings(listLag=600)
    stage.admin.fault("cut-after-commit", operation=POST)
    made = stage.register()
    wait_ambiguous(stage, made)
    attempt = made.attempt

    replaced = stage.kube.kubectl("replace", "-f", "-", stdin=json.dumps(stage.manifest(made.name)))
    assert replaced.returncode == 0, replaced.stderr
    made.wait(lambda seen: bool(seen["metadata"].get("finalizers")), "held again")
    assert made.attempt == attempt

    stage.admin.settings(listLag=0)
    made.wait_ready()
    assert made.status["origin"] == "Recovered"
    assert len(stage.admin.clusters()) == len(stage.calls(POST)) == 1


@pytest.mark.parametrize(("status", "reason"), [(403, "PermissionDenied"), (400, "RejectedByControlPlane")])
def test_a_refusal_stalls_until_something_changes(stage: Stage, status: int, reason: str) -> None:
    """A 403 or 400 is final: it is reported, not repeated, and a corrected spec is tried at once."""
    stage.admin.fault("refuse", operation=POST, status=status)
    made = stage.register()

    seen = made.wait_for(reason)
    assert conditions(seen)["Stalled"] == ("True", reason)
    assert str(status) in message(made)
    stage.wait_polls(1)
    assert len(stage.calls(POST)) == 1

    made.change(version="2.24.18")
    assert made.wait_ready()["status"]["version"] == "2.24.18"
    assert len(stage.admin.clusters()) == 1


@pytest.mark.case(
    "R-13",
    injected="a cluster of the name exists already",
    outcome="NameTaken with its uuid; no call that changes anything, at the deletion neither",
)
def test_a_taken_name_is_an_obstacle(stage: Stage) -> None:
    """A cluster of the name that exists already is neither adopted nor touched; without it there is no obstacle."""
    strange = stage.stranger("gpu-east")
    made = stage.register(clusterName="gpu-east")

    seen = made.wait_for("NameTaken")
    assert conditions(seen)["Stalled"] == ("True", "NameTaken")
    assert strange.uuid in message(made)
    assert "uuid" not in seen["status"]
    assert stage.changes() == {}

    made.delete()
    made.wait_gone()
    assert [cluster.uuid for cluster in stage.admin.clusters()] == [strange.uuid]
    assert stage.changes() == {}


def test_a_name_that_becomes_free_is_taken(stage: Stage) -> None:
    """A registration whose name was taken registers by itself when the name becomes free."""
    strange = stage.stranger("gpu-east")
    made = stage.register(clusterName="gpu-east")
    made.wait_for("NameTaken")

    stage.admin.delete(strange.uuid)
    made.wait_ready()

    assert [cluster.uuid for cluster in stage.admin.clusters()] == [made.status["uuid"]]


def test_a_name_that_only_the_control_plane_refuses(stage: Stage) -> None:
    """A 409 to the POST is NameTaken too: another tenant's operator may have been faster."""
    stage.admin.fault("refuse", operation=POST, status=409)
    made = stage.register()

    assert conditions(made.wait_for("NameTaken"))["Stalled"] == ("True", "NameTaken")


@pytest.mark.case(
    "R-10",
    injected="two registrations of one name at once, names not unique",
    outcome="one is registered, the other is NameTaken; deleting it sends no DELETE",
)
def test_two_of_one_name_at_once(stage: Stage) -> None:
    """Of two registrations of one name exactly one is registered, and deleting the other deletes nothing."""
    stage.admin.settings(uniqueNames=False)
    both = [stage.register(clusterName="gpu-east") for _ in range(2)]
    until(lambda: {ready(each) for each in both} == {"Registered", "NameTaken"}, "one registered, one refused")

    (winner,) = [each for each in both if ready(each) == "Registered"]
    (loser,) = [each for each in both if each is not winner]
    assert winner.name in message(loser) or winner.status["uuid"] in message(loser)
    assert [cluster.uuid for cluster in stage.admin.clusters()] == [winner.status["uuid"]]

    loser.delete()
    loser.wait_gone()
    assert not stage.calls("delete_cluster")
    assert ready(winner) == "Registered"


def test_adopting_by_name(stage: Stage) -> None:
    """With adopt.byName the cluster of the name is taken over without any change, and stays when the object goes."""
    strange = stage.stranger("gpu-east", state="Connected")

    made = stage.registered(clusterName="gpu-east", adopt={"byName": True})
    assert conditions(made.object)["Ready"] == ("True", "Adopted")
    assert (made.status["uuid"], made.status["origin"]) == (strange.uuid, "Adopted")

    made.delete()
    made.wait_gone()
    assert len(stage.admin.clusters()) == 1
    assert stage.changes() == {}


def test_adopting_by_uuid_renames(stage: Stage) -> None:
    """With adopt.uuid that cluster is taken over whatever its name, and gets the name of the spec."""
    strange = stage.stranger("old-name")

    made = stage.register(clusterName="new-name", adopt={"uuid": strange.uuid})
    until(lambda: [cluster.name for cluster in stage.admin.clusters()] == ["new-name"], "the new name")

    assert made.wait_ready()["status"]["uuid"] == strange.uuid
    assert stage.changes() == {"updateCluster": 1}


def test_adopting_a_uuid_that_is_not_there(stage: Stage) -> None:
    """An adopt.uuid without such a cluster says so, and nothing is created instead."""
    made = stage.register(adopt={"uuid": "00000000-0000-4000-8000-000000000000"})

    assert conditions(made.wait_for("AdoptionTargetNotFound"))["Stalled"] == ("True", "AdoptionTargetNotFound")
    assert stage.admin.clusters() == []


def test_adopting_a_name_that_nobody_has(stage: Stage) -> None:
    """With adopt.byName and no such cluster one is created, so that the same manifest serves old and new clusters."""
    made = stage.registered(adopt={"byName": True})

    assert made.status["origin"] == "Created"
    assert [cluster.name for cluster in stage.admin.clusters()] == [made.name]


def test_adopting_a_name_that_several_have(stage: Stage) -> None:
    """With adopt.byName and more than one such cluster none is taken, and none is made."""
    stage.admin.settings(uniqueNames=False)
    for _ in range(2):
        stage.stranger("gpu-east")
    made = stage.register(clusterName="gpu-east", adopt={"byName": True})

    assert conditions(made.wait_for("AdoptionTargetNotFound"))["Stalled"] == ("True", "AdoptionTargetNotFound")
    assert stage.changes() == {}


def test_a_cluster_has_one_owner(stage: Stage) -> None:
    """A cluster that one registration holds cannot be adopted by another one."""
    owner = stage.registered()
    thief = stage.register(adopt={"uuid": owner.status["uuid"]})

    assert conditions(thief.wait_for("OwnershipConflict"))["Stalled"] == ("True", "OwnershipConflict")
    assert owner.name in message(thief)

    thief.delete()
    thief.wait_gone()
    assert owner.cluster.name == owner.name


def test_observe_changes_nothing(stage: Stage) -> None:
    """Observe says what would be done, holds nothing, changes nothing, and begins when it is set to Manage."""
    made = stage.register(mode="Observe")

    seen = made.wait_for("Observing")
    assert conditions(seen)["Ready"] == ("True", "Observing")
    assert "finalizers" not in seen["metadata"]
    assert seen["status"]["plannedAction"] == f"Manage would create a cluster named {made.name}."
    assert stage.changes() == {}

    made.change(mode="Manage")
    made.wait_for("Registered")
    assert stage.changes() == {"create_cluster": 1}


def test_observing_a_cluster_gives_no_right_to_it(stage: Stage) -> None:
    """A cluster that Observe shows is somebody else's: Manage neither takes it over nor makes another of its name."""
    stage.admin.settings(uniqueNames=False)
    strange = stage.stranger("gpu-east")
    made = stage.register(mode="Observe", clusterName="gpu-east")
    seen = made.wait_for("Observing")
    assert seen["status"]["uuid"] == strange.uuid
    assert "origin" not in seen["status"]

    made.change(mode="Manage")
    until(lambda: ready(made) in {"NameTaken", "Registered"}, "a verdict")
    assert ready(made) == "NameTaken"
    assert stage.changes() == {}


def test_what_observe_plans_stays_true(stage: Stage) -> None:
    """The plan for a cluster whose name is taken says so at the first look and at every later one."""
    strange = stage.stranger("gpu-east")
    made = stage.register(mode="Observe", clusterName="gpu-east")
    made.wait_for("Observing")
    stage.admin.set_state(strange.uuid, "Connected")
    made.wait_for("Connected", "Connected")

    assert made.status["plannedAction"].startswith("Manage would do nothing: A cluster named gpu-east exists already")


def test_suspended_from_the_start(stage: Stage) -> None:
    """A registration created suspended is not registered and says so; it is when it is resumed."""
    made = stage.register(suspend=True)

    seen = made.wait_for("Suspended")
    assert conditions(seen)["Ready"] == ("False", "Suspended")
    assert conditions(seen)["Stalled"] == ("True", "Suspended")
    assert stage.changes() == {}

    made.change(suspend=False)
    made.wait_for("Registered")


def test_suspended_later(stage: Stage) -> None:
    """A suspended registration stays Ready with a sentence added, and nothing is changed until it is resumed."""
    made = stage.registered(listed=True)
    made.change(suspend=True, clusterName="GPU West")
    seen = made.wait_ready()
    assert conditions(seen)["Ready"] == ("True", "Registered")
    assert "Suspended: spec.suspend is true" in message(made)
    assert stage.changes() == {"create_cluster": 1}

    made.change(suspend=False)
    until(lambda: made.cluster.name == "GPU West", "the new name")


def ready(made: Registration) -> str:
    """The reason of Ready, or nothing so far."""
    found = condition(made.object, "Ready")
    return str(found["reason"]) if found else ""
