"""Creations whose answer is lost, wrong or late, whose name is taken, or whose clock is another one's."""

import secrets
import time
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from faults.checkers import complaints
from faults.ring import Ring, Ways, message, wait_all_ready
from operators import until
from reliability import Recovery
from stage import LONG_AFTER, Registration, condition, conditions

POST = "create_cluster"
TEN_MINUTES = 600.0
PAUSE = 5.0
"""Seconds that lie between two POSTs of one registration at least, however often they are refused."""

LOST: Ways = {
    "closed": ("cut-after-commit", {}),
    "reset": ("cut-after-commit", {"reset": True}),
    "silent": ("hang-after-commit", {}),
    "late": ("slow", {"delay": 3}),
    "drip": ("slow", {"trickle": 0.2}),
    "500": ("fail-after-commit", {"status": 500}),
    "503": ("fail-after-commit", {"status": 503}),
    "page": ("fail-after-commit", {"status": 502, "text": "<html>Bad Gateway</html>"}),
    "moved": ("fail-after-commit", {"status": 307, "headers": {"Location": "http://127.0.0.1:1/api/v1/clusters"}}),
}
NOT_DONE: Ways = {
    "closed": ("cut", {}),
    "silent": ("hang", {}),
    "500": ("refuse", {"status": 500}),
    "503": ("refuse", {"status": 503}),
}
UNREADABLE = ["text", "html", "empty", "null", "notUtf8", "wrongType", "missingUuid", "badUuid", "otherName"]
UNREADABLE += ["otherTenant", "nested", "huge", "gzipBomb", "truncated"]


def wait_looking(made: Registration) -> None:
    """Return when a registration says that it looks for the outcome of its POST."""
    made.wait(lambda seen: "createAttempt" in seen["status"], "looking for the outcome of its attempt")


@pytest.mark.case("R-03", injected="the POST is carried out; closed, reset, silent, late", outcome="found in the list")
@pytest.mark.case("R-04", injected="500, 502, 503, 307 after the POST was carried out", outcome="found in the list")
def test_an_answer_that_was_lost(ring: Ring, recovery: Recovery) -> None:
    """However the answer of a POST that was carried out is lost, the cluster is found: one POST, one cluster."""
    made = ring.struck(POST, LOST)
    recovery.begins()
    wait_all_ready(made.values())
    recovery.ends()

    assert {way: each.status["origin"] for way, each in made.items()} == dict.fromkeys(LOST, "Recovered")
    assert all([call.committed for call in ring.posts(each)] == [True] for each in made.values())
    assert all("answer was lost; it was found again" in ring.said(each) for each in made.values())
    ring.rest()


@pytest.mark.case("R-04", injected="500, 503, closed, silent before anything was done", outcome="again after settle")
def test_a_post_that_was_never_carried_out(ring: Ring, recovery: Recovery) -> None:
    """A POST that made nothing is sent again only once lists prove it; the status says so until then."""
    made = ring.struck(POST, NOT_DONE)
    for each in made.values():
        wait_looking(each)
        assert conditions(each.object)["Ready"] == ("False", "Registering")
        assert "Looking in the control plane whether the cluster was made" in message(each)

    ring.admin.advance(LONG_AFTER)
    recovery.begins()
    wait_all_ready(made.values())
    recovery.ends()

    assert {way: each.status["origin"] for way, each in made.items()} == dict.fromkeys(NOT_DONE, "Created")
    assert all([call.committed for call in ring.posts(each)] == [False, True] for each in made.values())
    ring.rest()


@pytest.mark.case("R-05", injected="201 with any of 14 unreadable or foreign bodies", outcome="not stored; found again")
def test_a_201_that_cannot_be_believed(ring: Ring) -> None:
    """A 201 that cannot be read, or names another cluster or tenant, is never stored: the list has the true one."""
    ring.stranger("gpu-known")  # so that the tenant is known before
    ring.wait_polls()
    made = ring.struck(POST, {kind: ("garbage", {"kind": kind}) for kind in UNREADABLE})
    wait_all_ready(made.values())

    assert {kind: each.status["uuid"] for kind, each in made.items()} == {
        kind: ring.admin.clusters(name=each.name)[0].uuid for kind, each in made.items()
    }
    assert {kind: len(ring.posts(each)) for kind, each in made.items()} == dict.fromkeys(UNREADABLE, 1)
    assert {each.status["tenantId"] for each in made.values()} == {1001}
    ring.rest()


@pytest.mark.case("R-08", injected="lists lag longer than settle, names are unique", outcome="NameTaken; then found")
def test_lists_that_lag_longer_than_settle(ring: Ring, recovery: Recovery) -> None:
    """Beyond settle a second POST is tried and refused: that is a condition, not a loop, and the cluster is found."""
    ring.admin.settings(listLag=1e6)
    ring.admin.fault("cut-after-commit", operation=POST)
    made = ring.stage.register()
    wait_looking(made)
    ring.admin.advance(LONG_AFTER)
    made.wait_for("NameTaken")
    ring.wait_polls(2)

    tried = ring.posts(made)
    assert [call.status for call in tried[:2]] == [None, 409]
    assert all(later.t - before.t > PAUSE for before, later in pairwise(tried))
    ring.admin.settings(listLag=0)
    recovery.begins()
    made.wait_ready()
    recovery.ends()

    assert made.status["origin"] == "Recovered"
    ring.rest()


@pytest.mark.case(
    "R-08",
    injected="lists lag longer than settle, names are not unique",
    outcome="CreateAmbiguous names both",
    degraded="a cluster that shows only after settle may be doubled; a person decides between the two",
)
def test_the_residual_of_a_longer_lag(ring: Ring) -> None:
    """Where names are not unique, a lag beyond settle makes two clusters at most, and then a person is asked."""
    ring.admin.settings(listLag=1e6, uniqueNames=False)
    ring.admin.fault("cut-after-commit", operation=POST)
    made = ring.stage.register()
    wait_looking(made)
    ring.admin.advance(LONG_AFTER)
    made.wait_ready()
    ring.admin.settings(listLag=0)

    made.wait_for("CreateAmbiguous")
    ring.wait_polls(3)
    ring.wait_quiet(1)

    both = {cluster.uuid for cluster in ring.admin.clusters()}
    assert len(both) == len(ring.posts(made)) == 2
    assert both - {made.status["uuid"]} <= {uuid for uuid in both if uuid in message(made)}
    (said,) = complaints(ring.evidence(), ambiguous=True)
    assert said.startswith(f"I1: 2 clusters lived at once for one registration: {made.name} (")


@pytest.mark.case("R-13", injected="a cluster of the name exists already", outcome="NameTaken; adopted only by uuid")
def test_a_name_that_somebody_else_has(ring: Ring) -> None:
    """Somebody's cluster of the name is neither adopted nor renamed nor deleted; only `adopt.uuid` takes it over."""
    names = [f"gpu-theirs-{secrets.token_hex(3)}" for _ in range(4)]
    theirs = {name: ring.stranger(name) for name in names}
    made = [ring.stage.register(name) for name in names]
    for each in made:
        assert conditions(each.wait_for("NameTaken"))["Stalled"] == ("True", "NameTaken")
        assert theirs[each.name] in message(each)

    made[0].delete()
    made[0].wait_gone()
    made[1].change(adopt={"uuid": theirs[names[1]]})
    made[1].wait_ready()
    made[1].delete()
    made[1].wait_gone()
    ring.admin.delete(theirs[names[2]])
    made[2].wait_ready()

    assert {cluster.uuid for cluster in ring.admin.clusters()} == (
        set(theirs.values()) - {theirs[names[2]]} | {made[2].status["uuid"]}
    )
    assert ring.stage.changes() == {POST: 1}
    ring.rest()


@pytest.mark.case("R-17", injected="the control plane's clock is 10 min ahead or behind", outcome="own found, no other")
@pytest.mark.parametrize("skew", [TEN_MINUTES, -TEN_MINUTES])
def test_clocks_that_differ(ring: Ring, skew: float) -> None:
    """By another clock its own cluster is found, and one that somebody made by the operator's clock is not taken."""
    ring.admin.settings(clockSkew=skew, uniqueNames=False)
    ring.wait_polls()
    lost = ring.struck(POST, {"own": ("cut-after-commit", {}), "other": ("refuse", {"status": 503})})
    until(lambda: bool(ring.posts(lost["other"])), "a POST that made nothing")
    local = datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    theirs = ring.admin.create(lost["other"].name, createdAt=local)
    lost["own"].wait_ready()
    ring.admin.advance(LONG_AFTER)
    lost["other"].wait(lambda seen: _reason(seen) in {"NameTaken", "CreateAmbiguous"}, "refused or asked about")

    assert lost["own"].status["origin"] == "Recovered"
    assert [call.committed for call in ring.posts(lost["own"])] == [True]
    assert "origin" not in lost["other"].status
    assert theirs.uuid in message(lost["other"])
    assert ring.stage.changes() == {POST: 1}
    ring.rest()


def _reason(seen: dict[str, object]) -> str | None:
    found = condition(seen, "Ready")
    return found["reason"] if found else None
