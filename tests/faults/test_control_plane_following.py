"""Registered clusters that are renamed, deleted or shown oddly in the control plane, and calls that fail meanwhile."""

import json
import re
from typing import Any

import pytest

from faults.ring import LONG, Ring, Ways, message, wait_all_ready
from kube import Object
from operators import until
from reliability import Recovery
from stage import LONG_AFTER, RECONCILE, Registration, conditions

PUT = "updateCluster"
STATUS = ("patch", "runaiclusterregistrations/status")
MOST = 128 * 1024
"""Bytes that a status may have."""

FAILING: Ways = {
    "500": ("refuse", {"status": 500}),
    "503": ("refuse", {"status": 503, "text": "<html>down</html>"}),
    "page": ("refuse", {"status": 404, "text": "404 page not found"}),
    "moved": ("redirect", {"location": "http://127.0.0.1:1/"}),
    "closed": ("cut", {}),
    "silent": ("hang", {}),
    "lost": ("cut-after-commit", {"reset": True}),
    "late": ("hang-after-commit", {}),
    "done": ("fail-after-commit", {"status": 500}),
}


def renamed(ring: Ring, made: Registration, fault: str, params: Any) -> str:
    """Ask for another name, with a fault for the PUT that brings it."""
    name = f"{made.name} west"
    ring.admin.fault(fault, operation=PUT, match_body=f'"{name}"', **params)
    made.change(clusterName=name)
    return name


@pytest.mark.case(
    "R-18", injected="PUT: 500, 503, 404 page, redirect, closed, silent, lost", outcome="renamed in the end"
)
def test_a_rename_that_fails(ring: Ring, recovery: Recovery) -> None:
    """However a rename fails, it is repeated until the cluster has its name; the uuid stays."""
    made = {way: ring.stage.registered(f"gpu-put-{way}") for way in FAILING}
    before = {way: each.status["uuid"] for way, each in made.items()}
    names = {way: renamed(ring, each, *FAILING[way]) for way, each in made.items()}
    recovery.begins()
    wait_all_ready(made.values())
    recovery.ends()

    assert {way: each.cluster.name for way, each in made.items()} == names
    assert {way: each.status["uuid"] for way, each in made.items()} == before
    assert ring.stage.changes()["create_cluster"] == len(made)
    ring.rest()


@pytest.mark.case(
    "R-18",
    injected="PUT: 404, 409 and 400 in the API's own words",
    outcome="reported; renamed when asked again",
    degraded="a refusal is tried again after minutes only, unless the spec changes or a person asks",
)
def test_a_rename_that_is_refused(ring: Ring) -> None:
    """A PUT that is refused while the list shows the cluster is reported, and neither repeated at once nor a loss."""
    reasons = {404: "ClusterMissing", 409: "NameTaken", 400: "RejectedByControlPlane"}
    made = {status: ring.stage.registered() for status in reasons}
    names = {status: renamed(ring, each, "refuse", {"status": status}) for status, each in made.items()}
    for status, each in made.items():
        assert conditions(each.wait_for(reasons[status]))["Stalled"] == ("True", reasons[status])
        assert str(status) in message(each)
    for each in made.values():
        each.annotate({RECONCILE: "now"})
    wait_all_ready(made.values())

    assert {status: each.cluster.name for status, each in made.items()} == names
    assert ring.stage.changes() == {"create_cluster": len(made), PUT: len(made)}
    ring.rest()


@pytest.mark.case("R-18", injected="renamed in the UI, and the PUT that corrects it fails", outcome="corrected")
def test_a_cluster_renamed_by_hand(ring: Ring, recovery: Recovery) -> None:
    """A name that somebody changes is corrected, also where the correction fails at first."""
    made = [ring.stage.registered(listed=True) for _ in range(3)]
    for each, fault in zip(made, ("hang", "cut", "refuse"), strict=True):
        ring.admin.fault(fault, operation=PUT, match_body=f'"{each.name}"')
        ring.admin.rename(each.status["uuid"], f"{each.name} meddled")
    until(lambda: len(ring.stage.calls(PUT)) >= len(made), "every PUT")
    recovery.begins()
    until(lambda: all(each.cluster.name == each.name for each in made), "the names of the specs")
    recovery.ends()

    assert len(ring.admin.clusters()) == len(made)
    ring.rest()


@pytest.mark.case("R-19", injected="clusters deleted in the UI", outcome="reported, or made again by policy")
def test_clusters_deleted_by_hand(ring: Ring) -> None:
    """A cluster that had connected is reported missing; one that never did, or by policy, is made again, once."""
    policies: dict[str, Any] = {"never": {}, "connected": {}}
    policies |= {"again": {"onMissing": "Recreate"}, "report": {"onMissing": "Report"}}
    made = {what: ring.stage.registered(listed=True, **spec) for what, spec in policies.items()}
    for what in ("connected", "again"):
        ring.admin.set_state(made[what].status["uuid"], "Connected")
        made[what].wait_for("Connected", "Connected")
    lost = {what: each.status["uuid"] for what, each in made.items()}
    ring.admin.advance(LONG_AFTER)
    for each in made.values():
        ring.take_away(each.cluster)

    for what in ("never", "again"):
        wait_replaced(made[what], lost[what])
        made[what].wait_ready()
    for what in ("connected", "report"):
        assert conditions(made[what].wait_for("ClusterMissing"))["Stalled"] == ("True", "ClusterMissing")
        assert made[what].status["uuid"] == lost[what]
    assert {len(ring.posts(made[what])) for what in ("never", "again")} == {2}
    assert {len(ring.posts(made[what])) for what in ("connected", "report")} == {1}
    ring.rest()


@pytest.mark.case("R-19", injected="lists are empty and GET is a gateway's 404", outcome="not taken for missing")
@pytest.mark.parametrize("answer", ["present", "gateway"] if LONG else ["gateway"])
def test_lists_that_forget(ring: Ring, answer: str) -> None:
    """Empty lists alone prove nothing: a cluster that a GET shows, or cannot deny, is not missing."""
    made = [ring.stage.registered(listed=True) for _ in range(3)]
    ring.admin.advance(LONG_AFTER)
    one = "get_cluster_by_uuid"
    if answer == "gateway":
        ring.admin.fault("refuse", operation=one, times=None, status=404, text="404 page not found")
    ring.admin.fault("refuse", operation="get_clusters", times=None, status=200, body=[])
    until(lambda: bool(ring.stage.calls(one)), "a GET")
    ring.wait_polls()
    ring.admin.clear_faults()
    ring.wait_polls(1)

    wait_all_ready(made)
    assert ring.stage.changes() == {"create_cluster": len(made)}
    ring.rest()


ODD: dict[str, Any] = {
    "null": None,
    "empty": {},
    "newer": {"state": "Hibernating", "brandNew": {"deep": [1, {"er": None}]}},
    "numbers": {"state": 7, "conditions": "none", "operands": [], "platform": 3, "dependencies": {"required": [1]}},
    "lists": {"state": ["Connected"], "conditions": [None, 1, "x", {"type": None, "status": 5}]},
    "long": {"state": "S" * 100_000},
}


@pytest.mark.case(
    "R-20", injected="status null, empty, newer, of wrong types, long", outcome="shown as far as it can be"
)
def test_odd_statuses(ring: Ring) -> None:
    """Whatever a status looks like, the registration stays Ready, its status is small, and the others are served."""
    made = {what: ring.stage.registered() for what in ODD}
    for what, each in made.items():
        ring.admin.change(each.status["uuid"], status=ODD[what], extra={"x-brand-new": [{}], "organization": what})
    made["newer"].wait_for("Hibernating", "Connected")
    made["long"].wait_for("OtherState", "Connected")
    made["null"].wait_for("NeverSeen", "Connected")
    ring.wait_polls()

    seen = {what: conditions(each.object) for what, each in made.items()}
    assert {what: each["Ready"] for what, each in seen.items()} == dict.fromkeys(ODD, ("True", "Registered"))
    assert seen["numbers"]["Connected"] == ("False", "OtherState")
    assert {seen[what]["Connected"] for what in ("null", "empty", "lists")} == {("Unknown", "NeverSeen")}
    ring.rest()


@pytest.mark.case("R-20", injected="1000 conditions with messages of 32 KiB", outcome="status under 128 KiB")
def test_a_huge_status(ring: Ring) -> None:
    """A status of 32 MB ends as one of 128 KiB at most, and the registrations elsewhere do not notice."""
    stage = ring.beside()
    made = stage.registered()
    parts: list[Any] = [{"type": f"Part{n}", "status": "False", "message": "m" * 32_768} for n in range(1000)]
    stage.admin.change(made.status["uuid"], status={"state": "ServiceIssues", "conditions": parts})
    other = ring.stage.registered()
    seen = made.wait_for("ServiceIssues", "Connected")

    assert len(json.dumps(seen["status"])) < MOST
    assert len(seen["status"]["clusterConditions"]) > 1
    assert conditions(seen)["Ready"] == conditions(other.object)["Ready"] == ("True", "Registered")
    stage.admin.set_state(made.status["uuid"], "Connected")
    made.wait_for("Connected", "Connected")
    ring.rest()


@pytest.mark.case("R-21", injected="the state changes at every list", outcome="one write for each change that is seen")
def test_a_state_that_flaps(ring: Ring) -> None:
    """A state that flaps costs one write for each list that shows another one, and calls nothing."""
    made = [ring.stage.registered(listed=True) for _ in range(5)]
    before, since = {each.name: each.writes() for each in made}, ring.journal.moment
    for turn in range(4):
        for each in made:
            ring.admin.set_state(each.status["uuid"], "Connected" if turn % 2 else "Disconnected")
        ring.wait_polls(1)
    ring.wait_quiet(1)

    lists = sum(call.what == "GET /api/v1/clusters" for call in ring.journal.calls(since=since))
    for each in made:
        written = each.writes() - before[each.name]
        assert set(written) == {STATUS}
        assert written[STATUS] <= min(4, lists)
    assert ring.stage.changes() == {"create_cluster": len(made)}
    ring.rest()


@pytest.mark.case("R-18", injected="a bad spec, then the good one", outcome="as if it had never been bad")
def test_a_bad_spec_that_is_taken_back(ring: Ring) -> None:
    """A bad spec followed by the good one ends where a registration ends that never was bad."""
    taken = ring.stage.stranger("gpu-taken").name
    ring.admin.fault("refuse", operation="create_cluster", match_body='"bad"', times=None, status=400)
    good: dict[str, Any] = {"domain": "https://gpu.example.com", "version": "2.24.18"}
    never = ring.stage.registered("gpu-never-bad", **good)
    first = {
        "version": ring.stage.register("gpu-bad-version", **(good | {"version": "bad"})),
        "name": ring.stage.register("gpu-bad-name", clusterName=taken, **good),
    }
    first["version"].wait_for("RejectedByControlPlane")
    first["name"].wait_for("NameTaken")
    later = ring.stage.registered("gpu-bad-later", **good)
    later.change(clusterName=taken)
    later.wait_for("NameTaken")

    for each in (*first.values(), later):
        each.change(clusterName=None, **good)
    wait_all_ready((*first.values(), later))
    ring.wait_polls()

    assert [comparable(each) for each in (*first.values(), later)] == [comparable(never)] * 3
    assert len(ring.admin.clusters()) == 5
    ring.rest()


def wait_replaced(made: Registration, uuid: str) -> None:
    """Return when a registration holds another cluster than the one lost."""
    made.wait(lambda seen: seen["status"].get("uuid") not in (None, uuid), "another uuid")


def comparable(made: Registration) -> Object:
    """What a registration says, without its own name, ids and times."""
    seen = made.object
    said = json.dumps({"status": seen["status"], "held": seen["metadata"]["finalizers"], "spec": seen["spec"]})
    said = re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME", said.replace(made.name, "NAME"))
    said = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b", "ID", said)
    return dict(json.loads(re.sub(r'"observedGeneration": \d+', '"observedGeneration": 0', said)))
