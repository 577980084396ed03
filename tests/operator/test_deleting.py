"""Deleting a registration: the cluster goes first, unless the spec or an annotation says that it stays."""

import json
from subprocess import CompletedProcess

import pytest

from operators import until
from stage import LONG_AFTER, RELEASE, Registration, Stage, condition, conditions

pytestmark = pytest.mark.usefixtures("operator")

WHOLE = ("patch", "runaiclusterregistrations")
STATUS = ("patch", "runaiclusterregistrations/status")


def kubectl_delete(stage: Stage, made: Registration, *options: str) -> CompletedProcess[str]:
    """Run `kubectl delete`, which waits until the object is gone."""
    return stage.kube.kubectl("delete", "rcr", made.name, "-n", stage.house.namespace, *options)


def connect(stage: Stage, made: Registration) -> None:
    """Let the cluster connect, and the operator see it."""
    stage.admin.set_state(made.status["uuid"], "Connected")
    made.wait_for("Connected", "Connected")


def kept(stage: Stage) -> int:
    """How many clusters are left, and none of them was asked to go."""
    assert not stage.calls("delete_cluster")
    return len(stage.admin.clusters())


def blocked(made: Registration) -> str:
    """What the registration says once its deletion is blocked."""
    seen = made.wait_for("DeletionBlocked")
    assert conditions(seen)["Stalled"] == ("True", "DeletionBlocked")
    found = condition(seen, "Ready")
    return str(found and found["message"])


@pytest.mark.case(
    "R-27",
    injected="the cluster drains, and lists hide it unless asked otherwise",
    outcome="one DELETE; the object stays until the drain is over",
)
def test_kubectl_delete_waits_for_the_drain(stage: Stage) -> None:
    """A 202 begins a drain; `kubectl delete` returns when the cluster is gone, after one DELETE without force."""
    made = stage.registered(version="2.24.18")
    stage.admin.settings(drainTime=2)
    stage.admin.advance(LONG_AFTER)

    deleted = kubectl_delete(stage, made, "--timeout=30s")

    assert deleted.returncode == 0, deleted.stderr
    assert stage.admin.clusters() == []
    (asked,) = stage.calls("delete_cluster")
    assert (asked.status, asked.query) == (202, {})


def test_a_drain_is_shown(stage: Stage) -> None:
    """While the control plane drains the cluster, the status says so, since when and until when."""
    made = stage.registered(version="2.24.18")
    stage.admin.settings(drainTime=None)

    made.delete()
    seen = made.wait_for("Deleting")

    assert conditions(seen)["Reconciling"] == ("True", "Deleting")
    assert {"requestedAt", "deadline"} <= seen["status"]["deletion"].keys()
    made.wait(lambda each: "deleteRequestedAt" in each["status"], "the time that the control plane shows")


@pytest.mark.parametrize(("version", "writes"), [("2.19.4", {WHOLE: 1}), ("2.24.18", {WHOLE: 1, STATUS: 1})])
def test_what_a_deletion_writes(stage: Stage, version: str, writes: dict[tuple[str, str], int]) -> None:
    """What is gone at once costs the write that lets the object go; a drain that is seen is shown by one more."""
    made = stage.registered(version=version)
    stage.admin.advance(LONG_AFTER)
    stage.admin.settings(drainTime=None)
    before, since = made.writes(), stage.moment()

    made.delete()
    until(lambda: bool(stage.calls("delete_cluster", since=since)), "the DELETE")
    stage.wait_polls()
    stage.admin.settings(drainTime=0)
    made.wait_gone()

    assert made.writes() - before == writes
    assert len(stage.calls("delete_cluster")) == 1


def test_an_old_cluster_goes_at_once(stage: Stage) -> None:
    """A version under 2.20 is answered 204; the object goes when a list has shown that the cluster is gone."""
    made = stage.registered(version="2.19.4")
    stage.admin.advance(LONG_AFTER)

    made.delete()
    made.wait_gone()

    assert [call.status for call in stage.calls("delete_cluster")] == [204]
    assert stage.admin.clusters() == []


def test_force_is_sent_only_where_it_is_written(stage: Stage) -> None:
    """With deletion.force the one DELETE carries force=true, and nothing drains."""
    made = stage.registered(version="2.24.18", deletion={"force": True})
    stage.admin.settings(drainTime=None)
    stage.admin.advance(LONG_AFTER)

    made.delete()
    made.wait_gone()

    assert [(call.status, call.query["force"]) for call in stage.calls("delete_cluster")] == [(204, ["true"])]
    assert stage.admin.clusters() == []


def test_orphan_leaves_the_cluster(stage: Stage) -> None:
    """With deletion.policy Orphan the object goes at once and the cluster stays."""
    made = stage.registered(deletion={"policy": "Orphan", "force": True})

    deleted = kubectl_delete(stage, made, "--timeout=10s")

    assert deleted.returncode == 0, deleted.stderr
    assert kept(stage) == 1


def test_the_release_annotation_leaves_the_cluster(stage: Stage) -> None:
    """`release: orphan` ends any deletion at once, whatever the spec says."""
    made = stage.registered(deletionProtection=True)
    made.delete()
    blocked(made)

    made.annotate(dict(RELEASE))
    made.wait_gone()

    assert kept(stage) == 1


def test_protection_blocks_the_deletion(stage: Stage) -> None:
    """A protected registration is not deleted, says so with the way out, and goes once it is not protected."""
    made = stage.registered(deletionProtection=True)
    made.delete()

    said = blocked(made)
    assert "Set spec.deletionProtection to false" in said
    assert "runai-registrar.io/release=orphan" in said
    assert kept(stage) == 1

    stage.admin.settings(drainTime=0)
    stage.admin.advance(LONG_AFTER)
    made.change(deletionProtection=False)
    made.wait_gone()
    assert stage.admin.clusters() == []


def test_observe_and_suspend_block_the_deletion(stage: Stage) -> None:
    """Nothing is deleted for a registration that only observes or is suspended, and each says what to change."""
    observing, paused = stage.registered(), stage.registered()
    observing.change(mode="Observe")
    paused.change(suspend=True)
    observing.wait_for("Observing")
    observing.delete()
    paused.delete()

    assert "spec.mode is Observe" in blocked(observing)
    assert "Set spec.suspend to false to go on." in blocked(paused)
    assert kept(stage) == 2


def test_a_mistyped_annotation_is_named(stage: Stage) -> None:
    """A value other than orphan gives nothing up: Ready says so, also during a deletion; put right, it works."""
    made, (name, value) = stage.registered(deletionProtection=True), *RELEASE.items()
    made.annotate({name: value.title()})
    made.wait(lambda seen: "the only value is orphan" in str(condition(seen, "Ready")), "told so")
    assert conditions(made.object)["Ready"] == ("True", "Registered")

    made.delete()
    assert f"The annotation {name} is 'Orphan', which has no effect: the only value is orphan." in blocked(made)
    made.annotate(dict(RELEASE))
    made.wait_gone()
    assert kept(stage) == 1


def test_what_is_set_during_a_drain_does_not_outlive_it(stage: Stage) -> None:
    """Protected or observing since the drain began, a registration asks for nothing more, and goes with its cluster."""
    protected, observing = stage.registered(version="2.24.18"), stage.registered(version="2.24.18")
    stage.admin.advance(LONG_AFTER)
    stage.admin.settings(drainTime=None)
    for each in (protected, observing):
        each.delete()
        each.wait(lambda seen: "deletion" in seen["status"], "asked for")
    protected.change(deletionProtection=True)
    observing.change(mode="Observe")
    assert "spec.deletionProtection" in blocked(protected)
    assert "spec.mode is Observe" in blocked(observing)

    stage.admin.settings(drainTime=0)
    for each in (protected, observing):
        each.wait_gone()
    assert stage.changes() == {"create_cluster": 2, "delete_cluster": 2}


@pytest.mark.case(
    "R-24",
    injected="the RunaiControlPlane goes before the registration",
    outcome="DeletionBlocked names the annotation that ends it; no call",
)
def test_a_deletion_without_a_control_plane(stage: Stage) -> None:
    """Without its RunaiControlPlane the deletion is blocked with the way out, and the annotation is that way."""
    made = stage.registered()
    stage.control_plane.remove()
    made.wait_for("ControlPlaneNotFound")

    made.delete()
    said = blocked(made)
    assert f"There is no RunaiControlPlane named {stage.control_plane.name}. Create it again." in said
    assert "runai-registrar.io/release=orphan" in said

    made.annotate(dict(RELEASE))
    made.wait_gone()
    assert kept(stage) == 1


def test_a_deletion_while_the_control_plane_is_suspended(stage: Stage) -> None:
    """Nothing is asked of a suspended control plane; the annotation ends it at once, and so does going on."""
    left, deleted = stage.registered(), stage.registered()
    stage.admin.advance(LONG_AFTER)
    stage.admin.settings(drainTime=0)
    stage.control_plane.change(suspend=True)
    for each in (left, deleted):
        each.wait(lambda seen: "is suspended" in str(condition(seen, "Ready")), "suspended")
        each.delete()
        assert f"spec.suspend to false in the RunaiControlPlane {stage.control_plane.name} to go on" in blocked(each)

    left.annotate(dict(RELEASE))
    left.wait_gone()
    assert kept(stage) == 2

    stage.control_plane.change(suspend=False)
    deleted.wait_gone()
    assert [cluster.name for cluster in stage.admin.clusters()] == [left.name]


@pytest.mark.case(
    "R-24",
    injected="the credentials Secret is taken away by force before the registrations go",
    outcome="DeletionBlocked names the Secret and the annotation; either way out works",
)
def test_a_deletion_without_credentials(stage: Stage) -> None:
    """Without the Secret the deletion is blocked; the annotation ends it, and so does a Secret that is back."""
    left, deleted = stage.registered(), stage.registered()
    stage.admin.advance(LONG_AFTER)
    stage.admin.settings(drainTime=0)
    path = f"/api/v1/namespaces/{stage.house.namespace}/secrets/{stage.control_plane.name}"
    stage.kube.delete(path)
    stage.kube.patch(path, {"metadata": {"finalizers": None}})
    for each in (left, deleted):
        each.wait_for("CredentialsNotFound")
        each.delete()
        said = blocked(each)
        assert f"There is no Secret {stage.control_plane.name}" in said
        assert "runai-registrar.io/release=orphan" in said

    left.annotate(dict(RELEASE))
    left.wait_gone()
    assert kept(stage) == 2

    stage.control_plane.create_secret()
    deleted.wait_gone()
    assert [cluster.name for cluster in stage.admin.clusters()] == [left.name]


def test_a_deletion_goes_on_when_the_control_plane_is_back(stage: Stage) -> None:
    """A deletion that nobody could be asked for is carried out as soon as somebody can."""
    made = stage.registered(version="2.19.4")
    stage.admin.advance(LONG_AFTER)
    stage.simulator.down()
    made.delete()
    made.wait(lambda seen: "Reconciling" in conditions(seen), "waiting for the control plane")

    stage.simulator.up()
    made.wait_gone()

    assert stage.admin.clusters() == []


@pytest.mark.case(
    "R-25",
    injected="a connected cluster drains for ever",
    outcome="after the timeout DeletionBlocked names the ways out; no force until the spec says so",
)
def test_a_drain_that_takes_too_long_waits_for_a_person(stage: Stage) -> None:
    """After deletion.timeout a connected cluster is not forced: DeletionBlocked names the ways out."""
    made = stage.registered(version="2.24.18", deletion={"timeout": "1m"})
    connect(stage, made)
    stage.admin.settings(drainTime=None)
    made.delete()
    made.wait_for("Deleting")
    stage.admin.advance(LONG_AFTER)

    assert "Set deletion.force to true" in blocked(made)
    assert [call.query for call in stage.calls("delete_cluster")] == [{}]

    made.change(deletion={"force": True})
    made.wait_gone()
    assert stage.calls("delete_cluster")[-1].query["force"] == ["true"]
    assert stage.admin.clusters() == []


@pytest.mark.case(
    "R-25",
    injected="a cluster that never connected drains for ever",
    outcome="forced after the timeout, as documented",
)
def test_a_drain_that_takes_too_long_is_forced_where_nothing_drains(stage: Stage) -> None:
    """A cluster that never connected has nothing to drain, so after the timeout its deletion is forced."""
    made = stage.registered(version="2.24.18")
    stage.admin.settings(drainTime=None)
    made.delete()
    made.wait_for("Deleting")

    stage.admin.advance(LONG_AFTER)
    made.wait_gone()

    assert stage.calls("delete_cluster")[-1].query["force"] == ["true"]
    assert stage.admin.clusters() == []


def test_what_was_never_registered_goes_at_once(stage: Stage) -> None:
    """A registration that holds nothing needs no control plane to be deleted."""
    made = stage.register(controlPlaneRef={"name": "nowhere"})
    made.wait_for("ControlPlaneNotFound")

    made.delete()
    made.wait_gone()

    assert kept(stage) == 0


@pytest.mark.case(
    "R-26",
    injected="DELETE is answered 403",
    outcome="DeletionBlocked with the reason; object and cluster stay; tried again when the spec changes",
)
def test_a_refused_deletion_is_tried_again_when_the_spec_changes(stage: Stage) -> None:
    """A 403 blocks the deletion with its reason and keeps object and cluster; after a change it is tried at once."""
    made = stage.registered(version="2.24.18")
    stage.admin.advance(LONG_AFTER)
    stage.admin.fault("refuse", operation="delete_cluster", status=403)
    made.delete()

    assert "403" in blocked(made)
    assert len(stage.admin.clusters()) == 1

    made.change(deletion={"force": True})
    made.wait_gone()
    assert stage.admin.clusters() == []


@pytest.mark.case(
    "R-30",
    injected="204 to a DELETE that was not carried out",
    outcome="the next list shows the cluster, and it is asked to go again",
)
def test_gone_means_seen_to_be_gone(stage: Stage) -> None:
    """A 204 for a cluster that is still there afterwards is not believed: it is asked for again."""
    made = stage.registered(version="2.19.4")
    stage.admin.advance(LONG_AFTER)
    stage.admin.fault("refuse", operation="delete_cluster", status=204)

    made.delete()
    made.wait_gone()

    assert stage.admin.clusters() == []
    assert len(stage.calls("delete_cluster")) == 2


def test_names_are_free_again(stage: Stage) -> None:
    """Once registrations are gone with their clusters, others may use the same names at once."""
    made = [stage.registered(version="2.19.4") for _ in range(10)]
    stage.admin.advance(LONG_AFTER)
    for each in made:
        each.delete()
    for each in made:
        each.wait_gone()

    again = [stage.registered(each.name) for each in made]

    assert {cluster.uuid for cluster in stage.admin.clusters()} == {each.status["uuid"] for each in again}


def test_several_are_deleted_each_once(stage: Stage) -> None:
    """`kubectl delete -f` of several registrations deletes each of their clusters, once."""
    made = [stage.registered(version="2.19.4") for _ in range(3)]
    stage.admin.advance(LONG_AFTER)
    manifests = {"apiVersion": "v1", "kind": "List", "items": [stage.manifest(each.name) for each in made]}

    deleted = stage.kube.kubectl("delete", "-f", "-", "--timeout=30s", stdin=json.dumps(manifests))

    assert deleted.returncode == 0, deleted.stderr
    until(lambda: stage.admin.clusters() == [], "no cluster left")
    assert len(stage.calls("delete_cluster")) == 3
