"""A registered cluster is followed: names, drift, states, and what happens when it goes missing."""

import json
from collections import Counter

import pytest

from kube import Object
from operators import until
from stage import FINALIZER, LONG_AFTER, RECONCILE, Registration, Stage, condition, conditions

pytestmark = pytest.mark.usefixtures("operator")

STATUS = ("patch", "runaiclusterregistrations/status")


def test_a_change_of_name_renames_the_cluster(stage: Stage) -> None:
    """`kubectl patch` of clusterName renames by one PUT and costs one write; what others put on the object stays."""
    made = stage.registered(listed=True)
    foreign = [FINALIZER, "example.com/keep"]
    stage.kube.patch(made.path, {"metadata": {"labels": {"team": "gpu"}, "finalizers": foreign}})
    uuid, before = made.status["uuid"], made.writes()
    patch = json.dumps({"spec": {"clusterName": "GPU West"}})

    patched = stage.kube.kubectl(
        "patch", "rcr", made.name, "-n", stage.house.namespace, "--type=merge", "--patch", patch
    )
    made.wait_ready()
    stage.wait_polls()
    seen, written = made.object, made.writes() - before
    stage.kube.patch(made.path, {"metadata": {"finalizers": [FINALIZER]}})

    assert patched.returncode == 0, patched.stderr
    assert [json.loads(put.body) for put in stage.calls("updateCluster")] == [{"name": "GPU West"}]
    assert (seen["status"]["uuid"], seen["status"]["clusterName"]) == (uuid, "GPU West")
    assert (seen["metadata"]["finalizers"], seen["metadata"]["labels"]) == (foreign, {"team": "gpu"})
    assert written == Counter({STATUS: 1})
    assert stage.changes() == {"create_cluster": 1, "updateCluster": 1}


def test_ready_waits_for_a_change_of_name(stage: Stage) -> None:
    """Ready is True for a changed spec only once the cluster has its name, however early the change came."""
    made = stage.register()
    made.wait_ready()

    made.change(clusterName="GPU West")
    made.wait_ready()

    assert made.cluster.name == "GPU West"


def test_a_name_that_is_taken_is_not_put(stage: Stage) -> None:
    """A rename to a name that another cluster has is refused before the control plane is asked."""
    stage.stranger("somebody-elses")
    made = stage.registered()

    made.change(clusterName="somebody-elses")
    seen = made.wait_for("NameTaken")

    assert conditions(seen)["Stalled"] == ("True", "NameTaken")
    assert made.cluster.name == made.name
    assert not stage.calls("updateCluster")


@pytest.mark.case(
    "R-18",
    injected="renamed by somebody in the control plane",
    outcome="one PUT gives it its name back; the same cluster",
)
def test_a_drifted_name_is_corrected(stage: Stage) -> None:
    """A cluster that somebody renames in the control plane gets its name back by one PUT."""
    made = stage.registered()

    stage.admin.rename(made.status["uuid"], "meddled")
    until(lambda: bool(stage.calls("updateCluster")), "a PUT")
    connect(stage, made)

    assert made.cluster.name == made.name
    assert len(stage.calls("updateCluster")) == 1
    assert conditions(made.object)["Ready"] == ("True", "Registered")


def test_a_drifted_name_is_reported_where_the_spec_says_so(stage: Stage) -> None:
    """With onDrift Report the name is left, and Drifted says what differs; Ready stays True."""
    made = stage.registered(onDrift="Report")

    stage.admin.rename(made.status["uuid"], "meddled")
    seen = made.wait_for("DiffersFromSpec", "Drifted")

    assert "meddled" in str(condition(seen, "Drifted"))
    assert conditions(seen)["Ready"] == ("True", "Registered")
    assert seen["status"]["clusterName"] == made.cluster.name == "meddled"

    stage.admin.rename(made.status["uuid"], made.name)
    made.wait(lambda each: "Drifted" not in conditions(each), "without drift")
    assert not stage.calls("updateCluster")


def test_another_version_is_drift_and_nothing_is_done_about_it(stage: Stage) -> None:
    """A version that differs from the spec is reported; the registration never upgrades or recreates anything."""
    made = stage.registered(version="2.24.18")

    stage.admin.change(made.status["uuid"], version="2.25.3")
    seen = made.wait_for("DiffersFromSpec", "Drifted")

    assert "version is 2.25.3, the spec says 2.24.18" in str(condition(seen, "Drifted"))
    assert conditions(seen)["Ready"] == ("True", "Registered")
    assert stage.changes() == {"create_cluster": 1}


def test_a_domain_written_otherwise_is_no_drift(stage: Stage) -> None:
    """A control plane that shows a domain without its scheme shows the same domain."""
    stage.admin.settings(domainShown="bare")

    made = stage.registered(domain="https://gpu-east.example.com")
    connect(stage, made)

    assert made.status["domain"] == "gpu-east.example.com"
    assert "Drifted" not in conditions(made.object)


def test_a_change_of_state_is_one_write(stage: Stage) -> None:
    """A state that changes is in the status after the next list, by exactly one write."""
    made = stage.registered()
    before = made.writes()

    stage.admin.set_state(made.status["uuid"], "Connected")
    stage.wait_polls()

    assert conditions(made.object)["Connected"] == ("True", "Connected")
    assert made.writes() - before == Counter({STATUS: 1})


def test_a_sign_of_life_is_no_write(stage: Stage) -> None:
    """A lastLiveness that moves on causes no write; it is brought up to date with the next change."""
    made = stage.registered()
    uuid = made.status["uuid"]
    connect(stage, made)
    before, seen = made.writes(), stage.admin.cluster(uuid)

    stage.admin.advance(LONG_AFTER)
    stage.wait_polls()
    now = stage.admin.cluster(uuid)
    assert seen is not None
    assert now is not None
    assert now.last_liveness != seen.last_liveness
    assert made.writes() == before

    stage.admin.set_state(uuid, "Disconnected")
    made.wait_for("Disconnected", "Connected")
    assert made.status["lastLiveness"] > str(seen.last_liveness)


@pytest.mark.case(
    "R-19",
    injected="deleted in the control plane before it ever connected",
    outcome="confirmed to be missing, then made again under another uuid; no DELETE",
)
def test_a_cluster_that_never_connected_is_registered_again(stage: Stage) -> None:
    """A cluster deleted in the control plane before it ever connected is created anew, under another uuid."""
    made = stage.registered(listed=True)
    lost = made.status["uuid"]

    stage.admin.advance(LONG_AFTER)
    stage.admin.delete(lost)
    made.wait(lambda seen: seen["status"].get("uuid") not in (None, lost), "registered under another uuid")

    assert [cluster.uuid for cluster in stage.admin.clusters()] == [made.status["uuid"]]
    assert len(stage.calls("create_cluster")) == 2
    assert not stage.calls("delete_cluster")


@pytest.mark.case(
    "R-19",
    injected="deleted in the control plane after it had connected",
    outcome="ClusterMissing; made again only once onMissing says so",
)
def test_a_cluster_that_had_connected_is_reported_missing(stage: Stage) -> None:
    """A cluster deleted in the control plane after it had connected is not replaced unless onMissing says so."""
    made = stage.registered()
    lost = made.status["uuid"]
    connect(stage, made)

    stage.admin.advance(LONG_AFTER)
    stage.admin.delete(lost)
    seen = made.wait_for("ClusterMissing")
    assert conditions(seen)["Stalled"] == ("True", "ClusterMissing")
    assert lost in condition_message(seen)
    assert len(stage.calls("create_cluster")) == 1

    made.change(onMissing="Recreate")
    assert made.wait_ready()["status"]["uuid"] == stage.admin.clusters()[0].uuid != lost


@pytest.mark.case(
    "R-19",
    injected="the control plane tells no lastLiveness, only that a cluster is or was connected",
    outcome="ClusterMissing where it is gone, DeletionBlocked where its drain does not end; no POST, no force",
)
@pytest.mark.parametrize("state", ["Disconnected", "MissingPrerequisites", "ServiceIssues"])
def test_a_state_tells_that_a_cluster_has_connected(stage: Stage, state: str) -> None:
    """Without a lastLiveness a cluster that is in trouble is neither replaced nor deleted by force by itself."""
    stage.admin.settings(livenessShown=False, drainTime=None)
    lost, draining = made = [stage.registered(version="2.24.18") for _ in range(2)]
    for each in made:
        stage.admin.set_state(each.status["uuid"], state)
        each.wait_for(state, "Connected")
        assert "lastLiveness" not in each.status

    stage.admin.advance(LONG_AFTER)
    stage.admin.delete(lost.status["uuid"])
    draining.delete()
    lost.wait_for("ClusterMissing")
    draining.wait_for("Deleting")
    stage.admin.advance(LONG_AFTER)
    stage.wait_polls()
    assert condition_message(draining.wait_for("Deleting")).startswith("The control plane is deleting the cluster.")
    stage.admin.advance(4 * LONG_AFTER)
    draining.wait_for("DeletionBlocked")

    assert stage.changes() == {"create_cluster": 2, "delete_cluster": 1}


def test_a_look_can_be_asked_for(stage: Stage) -> None:
    """`reconcile-requested-at` makes the operator list at once, and is acknowledged in the status."""
    stage.control_plane.change(pollInterval="1h")
    made = stage.registered()
    stage.admin.set_state(made.status["uuid"], "Connected")

    made.annotate({RECONCILE: "2026-11-23T12:00:00Z"})
    seen = made.wait(lambda each: "lastHandledReconcileAt" in each["status"], "acknowledged")

    assert seen["status"]["lastHandledReconcileAt"] == "2026-11-23T12:00:00Z"
    assert conditions(seen)["Connected"] == ("True", "Connected")


def test_a_replaced_object_gets_its_finalizer_back(stage: Stage) -> None:
    """`kubectl replace`, which wipes the finalizer and the attempt, loses no cluster and makes no second one."""
    made = stage.registered()
    uuid, attempt = made.status["uuid"], made.attempt

    replaced = stage.kube.kubectl("replace", "-f", "-", stdin=json.dumps(stage.manifest(made.name, version="2.24.18")))
    made.wait(lambda seen: bool(seen["metadata"].get("finalizers")), "held again")
    connect(stage, made)

    assert replaced.returncode == 0, replaced.stderr
    assert (made.status["uuid"], made.attempt) == (uuid, attempt)
    assert len(stage.calls("create_cluster")) == 1


def connect(stage: Stage, made: Registration) -> None:
    """Let the cluster connect, and the operator see it: whatever the same list had to cause has been caused."""
    stage.admin.set_state(made.status["uuid"], "Connected")
    made.wait_for("Connected", "Connected")


def condition_message(seen: Object) -> str:
    """The message of Ready."""
    found = condition(seen, "Ready")
    return str(found and found["message"])
