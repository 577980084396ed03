"""Deletions that the control plane refuses, ignores, hides or never ends, and credentials that lead elsewhere."""

from typing import Any

import pytest

from faults.ring import Ring, Ways, message
from faults.vocabulary import CLUSTERS, DELETE, Kind, on
from operators import until
from reliability import Recovery
from stage import LONG_AFTER, RECONCILE, Registration, condition, conditions

ASK = "delete_cluster"
POST = "create_cluster"
OLD = "2.19.4"
"""A version whose clusters go at once."""

FAILING: Ways = {
    "missing": ("refuse", {"status": 404}),
    "page": ("refuse", {"status": 404, "text": "404 page not found"}),
    "unknown": ("refuse", {"status": 401}),
    "500": ("refuse", {"status": 500}),
    "closed": ("cut", {}),
    "silent": ("hang", {}),
    "lost": ("cut-after-commit", {}),
    "done": ("fail-after-commit", {"status": 503}),
    "pretended": ("refuse", {"status": 204}),
    "begun": ("refuse", {"status": 202}),
}


def struck(ring: Ring, made: Registration, fault: str, **params: Any) -> None:
    """Let a fault strike the DELETE of a registration's cluster."""
    ring.admin.fault(fault, operation=ASK, path=made.status["uuid"], **params)


def asked(ring: Ring, uuid: str) -> int:
    """How often a cluster was asked to go."""
    return sum(call.path.endswith(uuid) for call in ring.stage.calls(ASK))


@pytest.mark.case("R-26", injected="DELETE: 404, 401, 5xx, closed, silent, lost", outcome="gone when seen to be gone")
@pytest.mark.case("R-30", injected="204 or 202 to a DELETE that does nothing", outcome="seen in the list; asked again")
def test_a_deletion_that_fails(ring: Ring, recovery: Recovery) -> None:
    """However a DELETE fails or pretends, the object stays until the cluster is seen to be gone."""
    made = {way: ring.stage.registered(f"gpu-del-{way}", version=OLD) for way in FAILING}
    left = {each.status["uuid"]: each for each in made.values()}
    ring.admin.advance(LONG_AFTER)
    for way, each in made.items():
        struck(ring, each, FAILING[way][0], **FAILING[way][1])
        each.delete()
    recovery.begins()
    for each in made.values():
        each.wait_gone()
    recovery.ends()

    assert ring.admin.clusters() == []
    assert all(1 <= asked(ring, uuid) <= 4 for uuid in left)
    ring.rest()


@pytest.mark.case(
    "R-26",
    injected="DELETE: 403, 409, and 401 with any token",
    outcome="DeletionBlocked with the reason; gone when asked again",
    degraded="a refusal is tried again after minutes only, unless the spec changes or a person asks",
)
def test_a_deletion_that_is_refused(ring: Ring) -> None:
    """A refused DELETE blocks the deletion, says so and how to get out, and is not repeated at once."""
    made = {status: ring.stage.registered(version=OLD) for status in (403, 409, 401)}
    ring.admin.advance(LONG_AFTER)
    for status, each in made.items():
        struck(ring, each, "refuse", status=status, times=2 if status == 401 else 1)
        each.delete()
    for status, each in made.items():
        seen = each.wait_for("DeletionBlocked")
        assert conditions(seen)["Stalled"] == ("True", "DeletionBlocked")
        assert f"answered {status}" in message(each)
        assert "runai-registrar.io/release=orphan" in message(each)
        assert seen["metadata"]["finalizers"]
    ring.wait_polls()
    assert len(ring.stage.calls(ASK)) == 4
    assert len(ring.admin.clusters()) == len(made)

    for each in made.values():
        each.annotate({RECONCILE: "now"})
    for each in made.values():
        each.wait_gone()
    assert ring.admin.clusters() == []
    ring.rest()


@pytest.mark.case(
    "R-25", injected="a drain that never ends", outcome="DeletionBlocked after the deadline; never forced"
)
@pytest.mark.case(
    "R-27", injected="lists hide draining clusters unless told otherwise", outcome="told; not taken for gone"
)
def test_a_drain_that_never_ends(ring: Ring, recovery: Recovery) -> None:
    """A drain is asked for once and waited for; after the deadline a person is asked, and nothing is repeated."""
    ring.admin.settings(drainTime=None, includeDeletingByDefault=False)
    made = [ring.stage.registered(version="2.24.18", deletion={"timeout": "10m"}) for _ in range(3)]
    for each in made:
        ring.admin.set_state(each.status["uuid"], "Connected")
    for each in made:
        each.wait_for("Connected", "Connected")
        each.delete()
    for each in made:
        each.wait_for("Deleting")
    ring.admin.advance(LONG_AFTER)
    for each in made:
        assert "deletion.timeout" in str(condition(each.wait_for("DeletionBlocked"), "Ready"))
    ring.wait_quiet(3)
    assert len(ring.stage.calls(ASK)) == len(ring.admin.clusters()) == len(made)
    assert all(call.query["includeRequestedForDelete"] == ["true"] for call in ring.journal.calls() if CLUSTERS(call))

    ring.admin.settings(drainTime=0)
    recovery.begins()
    for each in made:
        each.wait_gone()
    recovery.ends()
    assert ring.admin.clusters() == []
    ring.rest()


@pytest.mark.case("R-25", injected="a drain that never ends, onTimeout Force and Orphan", outcome="forced; let go")
def test_a_drain_that_is_cut_short_by_policy(ring: Ring) -> None:
    """After the deadline Force is sent once, with force=true, and Orphan lets go; never before."""
    ring.admin.settings(drainTime=None)
    made = {what: ring.stage.registered(deletion={"timeout": "10m", "onTimeout": what}) for what in ("Force", "Orphan")}
    kept = made["Orphan"].status["uuid"]
    for each in made.values():
        ring.admin.change(each.status["uuid"], version="2.24.18", state="Connected")
    for each in made.values():
        each.wait_for("Connected", "Connected")
        each.delete()
        each.wait_for("Deleting")
    assert not any(call.query.get("force") for call in ring.stage.calls(ASK))
    ring.admin.advance(LONG_AFTER)
    for each in made.values():
        each.wait_gone()

    assert [cluster.uuid for cluster in ring.admin.clusters()] == [kept]
    assert [call.query.get("force") for call in ring.stage.calls(ASK)][2:] == [["true"]]
    ring.rest(force=True, orphans=True)


@pytest.mark.case("R-28", injected="deleted while the attempt is being written", outcome="nothing is ever sent")
def test_deleted_before_anything_was_sent(ring: Ring) -> None:
    """A registration that is deleted before its attempt is durable, or before its POST, makes no cluster."""
    early = ring.stage.known("gpu-early")
    write_1 = on("patch runaiclusterregistrations", name=early.name)
    held = ring.house.doors[0].fault(Kind.HANG, write_1, times=None)
    ring.stage.register(early.name)
    held.wait_reached()
    early.delete()
    held.lift()
    early.wait_gone()
    ring.wait_polls()

    assert ring.admin.clusters() == []
    assert not ring.stage.calls(POST)
    ring.rest()


@pytest.mark.case("R-28", injected="deleted while nobody knows what the POST made", outcome="found, deleted, released")
def test_deleted_while_the_outcome_is_unknown(ring: Ring, recovery: Recovery) -> None:
    """Deleted while ambiguous, what was made goes first, and the finalizer stays until lists prove the rest."""
    ring.admin.settings(listLag=1e6)
    ways: Ways = {"made": ("cut-after-commit", {}), "not-made": ("refuse", {"status": 503})}
    made = ring.struck(POST, ways, version=OLD)
    for each in made.values():
        each.wait(lambda seen: "createAttempt" in seen["status"], "looking for the outcome of its attempt")
        each.delete()
    ring.admin.settings(listLag=0)
    until(lambda: bool(ring.stage.calls(ASK)), "a DELETE")
    assert made["not-made"].object["metadata"]["finalizers"]
    ring.admin.advance(LONG_AFTER)
    recovery.begins()
    for each in made.values():
        each.wait_gone()
    recovery.ends()

    assert ring.admin.clusters() == []
    assert [len(ring.posts(each)) for each in made.values()] == [1, 1]
    ring.rest()


@pytest.mark.case("R-31", injected="credentials of another tenant while clusters drain", outcome="TenantChanged; kept")
@pytest.mark.parametrize("other", ["with clusters", "without clusters"])
def test_another_tenant_while_clusters_drain(ring: Ring, recovery: Recovery, other: str) -> None:
    """What another tenant does not show is not gone: deletions wait until the right credentials are back."""
    ring.admin.settings(drainTime=None)
    made = [ring.stage.registered(version="2.24.18") for _ in range(3)]
    draining, kept, asked_later = made
    draining.delete()
    draining.wait_for("Deleting")
    ring.admin.advance(LONG_AFTER)
    elsewhere = ring.admin.add_credential(tenant_id=2002)
    ring.canaries.add(elsewhere.client_secret)
    if other == "with clusters":
        ring.admin.create("gpu-of-2002", tenantId=2002)
    ring.control_plane.change_secret(elsewhere.client_id, elsewhere.client_secret)
    kept.wait_for("TenantChanged")
    asked_later.delete()
    asked_later.wait_for("DeletionBlocked")
    ring.wait_polls()
    before = len(ring.admin.clusters(tenant_id=1001))

    ring.admin.settings(drainTime=0)
    ring.control_plane.change_secret(ring.simulator.client_id, ring.simulator.client_secret)
    recovery.begins()
    draining.wait_gone()
    asked_later.wait_gone()
    kept.wait_ready()
    recovery.ends()

    assert before == len(made)
    assert [cluster.uuid for cluster in ring.admin.clusters(tenant_id=1001)] == [kept.status["uuid"]]
    assert {call.name for call in ring.journal.calls() if DELETE(call)}.isdisjoint({kept.status["uuid"]})
    ring.rest(force=True)
