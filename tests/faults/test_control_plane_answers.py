"""A control plane that throttles, is silent, drips, or answers nonsense: it alone is affected, and it heals."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from faults.ring import LONG, Ring, Ways, wait_all_ready
from kube import Object
from operators import Operator, until
from planes import ControlPlane
from reliability import Recovery
from runai_registrar.simulator import Admin, Simulator, running_in_thread
from stage import LONG_AFTER, Registration, Stage, condition, conditions

LIST = "get_clusters"
POST = "create_cluster"

THROTTLES: dict[str, tuple[dict[str, Any], float]] = {
    "seconds": ({"retryAfter": 2}, 2.0),
    "date": ({"retryAfter": 3, "asDate": True}, 1.9),
    "none": ({"retryAfter": None}, 0.4),
    "negative": ({"retryAfter": -5}, 0.4),
    "text": ({"retryAfter": "soon"}, 0.4),
    "past": ({"retryAfter": -60, "asDate": True}, 0.4),
}
"""A 429 by what its Retry-After is like, and the seconds for which nothing may be asked afterwards."""

NONSENSE = ["text", "html", "empty", "null", "notUtf8", "wrongType", "missingUuid", "badUuid"]
ENDLESS: Ways = {
    "drip": ("slow", {"trickle": 1}),
    "huge": ("garbage", {"kind": "huge"}),
    "chunked": ("garbage", {"kind": "huge", "chunked": True}),
    "bomb": ("garbage", {"kind": "gzipBomb"}),
    "nested": ("garbage", {"kind": "nested"}),
    "cut off": ("garbage", {"kind": "truncated"}),
    "tenant": ("garbage", {"kind": "otherTenant"}),
}
MOST_MEMORY = 512 * 1024
"""KiB that an operator may ever have used, whatever it was sent."""


def peak_memory(operator: Operator) -> int:
    """The most memory that a process has ever used, in KiB (Linux)."""
    lines = Path(f"/proc/{operator.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def reason(seen: Object) -> str:
    """The reason of Ready."""
    found = condition(seen, "Ready")
    return found["reason"] if found else ""


@pytest.mark.case(
    "R-33", injected="429 with seconds, a date, nothing, a past, a negative, a text", outcome="obeyed; heals"
)
def test_throttled(ring: Ring) -> None:
    """However Retry-After is written, nothing is asked before it is over, and all goes on by itself."""
    stages = {what: ring.beside() for what in THROTTLES}
    made = {what: stage.registered() for what, stage in stages.items()}
    for what, stage in stages.items():
        stage.admin.fault("throttle", operation=LIST, **THROTTLES[what][0])
    for what, stage in stages.items():
        until(lambda stage=stage: after_throttle(stage) is not None, f"asked again after {what}")  # type: ignore[misc]  # one lambda per turn

    pauses = {what: after_throttle(stage) or 0.0 for what, stage in stages.items()}
    assert {what: pause for what, pause in pauses.items() if pause < THROTTLES[what][1]} == {}
    wait_all_ready(made.values())
    ring.rest()


def after_throttle(stage: Stage) -> float | None:
    """Seconds from a 429 to the next call of any kind; None while there is none."""
    calls = stage.admin.journal()
    struck = next((call for call in calls if call.status == 429), None)
    following = next((call for call in calls if struck and call.seq > struck.seq), None)
    return following.t - struck.t if struck and following else None


@pytest.mark.case(
    "R-33", injected="Retry-After: 1000000000", outcome="silent, Throttled; a change of the object ends it"
)
def test_throttled_for_ages(ring: Ring, recovery: Recovery) -> None:
    """An absurd Retry-After is said in the status and bars nothing else; who cannot wait changes the object."""
    stage = ring.beside()
    stage.admin.fault("throttle", operation=LIST, retryAfter=1_000_000_000)
    made = stage.register()
    made.wait_for("Throttled")
    ring.stage.registered()
    assert stage.admin.counts()[LIST] == 1

    recovery.begins()
    stage.control_plane.change(requestsPerSecond=400)
    made.wait_ready()
    recovery.ends()
    ring.rest()


@pytest.mark.case(
    "R-33", injected="429 to a POST", outcome="not known to be undone, so looked for before it is repeated"
)
def test_a_post_that_is_throttled(ring: Ring) -> None:
    """A POST that is throttled is repeated only when lists prove that it made nothing."""
    made = ring.struck(POST, {"throttled": ("throttle", {"retryAfter": 1})})["throttled"]
    made.wait(lambda seen: reason(seen) != "" and len(ring.posts(made)) == 1, "tried")
    ring.wait_polls()
    ring.admin.advance(LONG_AFTER)
    made.wait_ready()

    assert [call.status for call in ring.posts(made)] == [429, 201]
    ring.rest()


@pytest.mark.case(
    "R-35", injected="lists that drip, never end, unpack to 100 MB, nest 100,000 deep", outcome="cut; heals"
)
def test_answers_without_end(ring: Ring, operator_at_work: Operator, recovery: Recovery) -> None:
    """What has no end is cut by time and size; registrations of other control planes are served meanwhile."""
    stages = {what: ring.beside() for what in ENDLESS}
    sick = {what: stage.registered(listed=True) for what, stage in stages.items()}
    for what, stage in stages.items():
        stage.admin.fault(ENDLESS[what][0], operation=LIST, times=None, **ENDLESS[what][1])
    until(lambda: all(struck_all(stage) for stage in stages.values()), "lists that were struck")
    sick["tenant"].wait_for("TenantChanged")
    late = {what: stage.register() for what, stage in stages.items()}
    well = [ring.stage.registered() for _ in range(3)]

    late["tenant"].wait_for("TenantChanged")
    assert len(stages["tenant"].calls(POST)) == 1
    for stage in stages.values():
        stage.admin.clear_faults()
    recovery.begins()
    wait_all_ready([*late.values(), *sick.values(), *well])
    recovery.ends()

    assert peak_memory(operator_at_work) < MOST_MEMORY
    ring.rest()


@pytest.mark.case(
    "R-35", injected="lists: text, HTML, empty, null, wrong types, no uuid", outcome="not believed; heals"
)
def test_lists_of_nonsense(ring: Ring, recovery: Recovery) -> None:
    """A list that cannot be read is no list: nothing is taken for gone, nothing is made, and it is said."""
    stages = {kind: ring.beside() for kind in (*(NONSENSE if LONG else NONSENSE[:2]), "all")}
    made = {kind: stage.registered(listed=True) for kind, stage in stages.items()}
    for kind, stage in stages.items():
        stage.admin.advance(LONG_AFTER)
        for nonsense in NONSENSE[2:] if kind == "all" else [kind]:
            stage.admin.fault("garbage", operation=LIST, times=1 if kind == "all" else None, kind=nonsense)
    late = {kind: stage.register() for kind, stage in stages.items() if kind != "all"}
    for each in late.values():
        each.wait_for("ControlPlaneUnreachable")
    ring.stage.registered()
    until(lambda: struck_all(stages["all"]), "every kind of nonsense")

    for stage in stages.values():
        stage.admin.clear_faults()
    recovery.begins()
    wait_all_ready([*late.values(), *made.values()])
    recovery.ends()
    assert {stage.admin.counts(committed=True)[POST] for stage in stages.values()} == {1, 2}
    ring.rest()


def struck_all(stage: Stage) -> bool:
    """Whether every fault of a control plane has struck."""
    return all(fault["struck"] for fault in stage.admin.faults())


@pytest.mark.case("R-35", injected="an error whose message is 400 kB of one word", outcome="cut; others are served")
def test_an_endless_error_message(ring: Ring) -> None:
    """An error message of any length is read in no time: neither its own registration nor another one waits."""
    stage = ring.beside()
    said: dict[str, Any] = {"code": 400, "message": "x" * 400_000}
    stage.admin.fault("refuse", operation=POST, times=None, status=400, body=said)
    made = stage.register()
    made.wait_for("RejectedByControlPlane")
    ring.stage.registered()

    stage.admin.clear_faults()
    made.change(version="2.24.18")
    made.wait_ready()
    ring.rest()


@pytest.mark.case("R-36", injected="every connection is accepted and none answered", outcome="ended by timeouts; heals")
def test_silence(ring: Ring, recovery: Recovery) -> None:
    """A control plane that never answers keeps nobody waiting but its own registrations, and these say so."""
    stage = ring.beside()
    kept = stage.registered(listed=True)
    stage.admin.fault("hang", times=None)
    waiting = [stage.register() for _ in range(20)]
    well = ring.stage.registered()
    for each in waiting:
        each.wait_for("ControlPlaneUnreachable")
    well.change(clusterName="GPU West")
    well.wait_ready()
    kept.wait_for("ControlPlaneUnreachable", "Connected")
    assert conditions(kept.object)["Ready"] == ("True", "ControlPlaneUnreachable")

    stage.admin.clear_faults()
    recovery.begins()
    wait_all_ready([kept, *waiting])
    recovery.ends()
    assert len(stage.admin.clusters()) == 21
    ring.rest()


@pytest.mark.case(
    "R-37", injected="a kept connection is closed instead of an answer", outcome="reads go on; no second POST"
)
def test_a_kept_connection_that_was_closed(ring: Ring) -> None:
    """A list that met a closed connection is asked for again at once, and nobody notices; a POST is not."""
    made = ring.stage.registered(listed=True)
    before = made.writes()
    for _ in range(3):
        ring.admin.fault("cut", operation=LIST)
        until(lambda: struck_all(ring.stage), "a list that was cut")
    posted = ring.struck(POST, {"cut": ("cut", {})})["cut"]
    posted.wait(lambda seen: "createAttempt" in seen["status"], "looking for the outcome of its attempt")
    assert made.writes() == before
    assert len(ring.posts(posted)) == 1

    lists = [call for call in ring.stage.calls(LIST) if call.fault or call.status == 200]
    gaps = [after.t - cut.t for cut, after in pairwise(lists) if cut.status is None]
    assert len(gaps) == 3
    assert max(gaps) < 1.0
    ring.admin.advance(LONG_AFTER)
    posted.wait_ready()
    ring.rest()


@pytest.mark.case("R-37", injected="the control plane listens on ::1 only, or is called localhost", outcome="registers")
@pytest.mark.parametrize(("host", "called"), [("::1", "[::1]"), ("127.0.0.1", "localhost")])
def test_other_addresses(ring: Ring, host: str, called: str) -> None:
    """An IPv6 address in brackets works like any other, and so does a name of which one address answers."""
    with running_in_thread(Simulator(), host=host) as server, Admin(server.admin_url) as admin:
        url = f"http://{called}:{server.url.rpartition(':')[2]}"
        admin.add_credential(client_id=ring.simulator.client_id, client_secret=ring.simulator.client_secret)
        plane = ControlPlane(ring.house, ring.simulator).create_secret().create(url=url)
        made = Stage(ring.house, ring.simulator, plane).register()
        seen = made.wait_ready()
        assert [cluster.uuid for cluster in admin.clusters()] == [seen["status"]["uuid"]]
        let_go(made)
        plane.remove()
    ring.rest()


def let_go(made: Registration) -> None:
    """Take a registration away, without its cluster."""
    made.change(deletion={"policy": "Orphan"})
    made.delete()
    made.wait_gone()
