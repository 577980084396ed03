"""What was seen counts by its resource version, and registrations find those that can get in their way."""

from typing import Any

import pytest

from core.situations import (
    NAME,
    NOW,
    OTHER,
    RIVAL,
    THIRD,
    UUID,
    ago,
    at,
    attempt,
    cluster,
    knows,
    registered,
    registration,
)
from runai_registrar.core.observed import Outcome, Snapshot
from runai_registrar.engine.cache import Entry, Registrations, newer
from runai_registrar.errors import ControlPlaneError, PermissionDenied, Refused, Throttled
from runai_registrar.resources import Registration, RegistrationStatus

ELSEWHERE = {"controlPlaneRef": {"name": "other"}}


def seen(version: int = 5, uid: str = "uid-1", **more: Any) -> Registration:
    """Return a registration as it was at a resource version."""
    return registration(uid=uid, resource_version=str(version), **more)


def filled(*registrations: Registration) -> Registrations:
    """Return a cache that has seen these."""
    cache = Registrations()
    for one in registrations:
        cache.put(one)
    return cache


@pytest.mark.parametrize(
    ("one", "other", "later"), [("10", "9", True), ("9", "10", False), ("9", "9", False), ("1", "", True)]
)
def test_versions_are_numbers(one: str, other: str, *, later: bool) -> None:
    """Resource versions are compared as numbers, not as texts."""
    assert newer(one, other) is later


@pytest.mark.case("R-42", injected="an event or a read that is older than what is known", outcome="changes nothing")
def test_the_higher_version_wins() -> None:
    """What is older than what is known changes nothing, whichever way it came."""
    cache = filled(seen(5))

    assert cache.put(seen(4, spec={"clusterName": "old"}), NOW) == set()
    assert cache.entries["uid-1"].registration == seen(5)
    assert cache.entries["uid-1"].read is None
    assert cache.put(seen(6, spec={"clusterName": "new"})) == {"uid-1"}
    assert cache.entries["uid-1"].registration.cluster_name == "new"


def test_the_same_version_wakes_nobody() -> None:
    """An event that says what is known already is no news; a live read of it is remembered."""
    cache = filled(seen(5))

    assert cache.put(seen(5)) == set()
    assert cache.put(seen(5), NOW) == set()
    assert cache.entries["uid-1"].read == NOW


def test_a_newer_version_keeps_the_memory() -> None:
    """What this process knows belongs to the registration, whatever version of it is seen."""
    cache = filled(seen(5))
    cache.entries["uid-1"].remember(outcome=Outcome.UNANSWERED)
    cache.put(seen(6), NOW)

    assert cache.entries["uid-1"].memory.outcome is Outcome.UNANSWERED
    assert cache.entries["uid-1"].read == NOW


def test_rivals_share_a_name() -> None:
    """Who asks for, shows or has sent the same name is a rival; who does not is none."""
    same, shown = seen(1, RIVAL), seen(1, "uid-2", name="b", status=registered(cluster_name=NAME, uuid=OTHER))
    sent = seen(1, "uid-3", name="c", attempt=attempt(owner="uid-3"))
    cache = filled(seen(), same, shown, sent, seen(1, "uid-4", name="d"))

    assert cache.rivals(seen(), None) == (same, shown, sent)


def test_rivals_share_a_uuid() -> None:
    """Who holds the uuid that is held or to be adopted, or a cluster that bears our name, is a rival."""
    holder = seen(1, RIVAL, name="b", status=registered(uuid=THIRD, cluster_name="b", owner_uid=RIVAL))
    cache = filled(holder)
    snapshot = Snapshot.of([cluster(THIRD)], NOW, NOW.wall)

    assert cache.rivals(seen(status=registered(uuid=THIRD)), None) == (holder,)
    assert cache.rivals(seen(spec={"adopt": {"uuid": THIRD}}), None) == (holder,)
    assert cache.rivals(seen(), snapshot) == (holder,)
    assert cache.rivals(seen(), None) == ()


def test_rivals_are_of_the_same_control_plane() -> None:
    """The same name on another control plane is another name."""
    cache = filled(seen(), seen(1, RIVAL, spec=ELSEWHERE))

    assert cache.rivals(seen(), None) == ()
    assert (cache.of_plane("default"), cache.of_plane("other")) == ({"uid-1"}, {RIVAL})


def test_a_uuid_is_held_everywhere() -> None:
    """Who holds a uuid is found through whatever control plane, and told when somebody else wants it; a name is not."""
    holder = seen(1, RIVAL, spec=ELSEWHERE, status=registered(uuid=THIRD, owner_uid=RIVAL))
    cache = filled(holder)
    wants = seen(1, "uid-3", name="b", spec={"adopt": {"uuid": THIRD}})

    assert cache.put(wants) == {RIVAL, "uid-3"}
    assert (cache.rivals(wants, None), cache.elsewhere(wants, None)) == ((), (holder,))
    assert cache.elsewhere(seen(), None) == ()
    assert cache.sharing("default", set(), {THIRD}) == {"uid-3"}
    assert cache.remove(RIVAL)[1] == {"uid-3"}
    assert cache.elsewhere(wants, None) == ()


def test_a_control_plane_of_two_names_has_each_name_once() -> None:
    """Where two RunaiControlPlanes reach the same control plane, their registrations are rivals for names."""
    cache = Registrations(lambda name: frozenset({"default", "other"} if name != "third" else {name}))
    there, far = seen(1, RIVAL, spec=ELSEWHERE), seen(1, "uid-3", spec={"controlPlaneRef": {"name": "third"}})
    woken = [cache.put(one) for one in (there, far, seen())]

    assert woken == [{RIVAL}, {"uid-3"}, {"uid-1", RIVAL}]
    assert (cache.rivals(seen(), None), cache.elsewhere(seen(), None)) == ((there,), ())
    assert (cache.rivals(far, None), cache.elsewhere(far, None)) == ((), ())
    assert cache.sharing("default", {NAME}, set()) == {"uid-1"}


def test_rivals_are_told() -> None:
    """Those who share a name are woken when it is taken, and when it is given back."""
    cache = filled(seen(), seen(1, "uid-2", name="b"))

    assert cache.put(seen(2, RIVAL)) == {"uid-1", RIVAL}
    assert cache.put(seen(3, RIVAL, spec={"clusterName": "b"})) == {"uid-1", "uid-2", RIVAL}
    assert cache.rivals(seen(), None) == ()
    assert cache.remove(RIVAL)[1] == {"uid-2"}


def test_what_is_removed_is_forgotten() -> None:
    """Nothing of a registration that is gone is left: no entry, no name, no place at its control plane."""
    cache = filled(seen(), seen(1, RIVAL))
    entry, affected = cache.remove(RIVAL)

    assert entry is not None
    assert (entry.registration.uid, affected) == (RIVAL, {"uid-1"})
    assert cache.rivals(seen(), None) == ()
    assert cache.of_plane("default") == {"uid-1"}
    assert cache.remove(RIVAL) == (None, set())


def test_clusters_find_those_who_care() -> None:
    """A cluster that changed concerns those who hold its uuid or go by its name."""
    cache = filled(seen(), seen(1, RIVAL, name="b", status=registered(uuid=OTHER, cluster_name="b")))

    assert cache.sharing("default", {NAME}, set()) == {"uid-1"}
    assert cache.sharing("default", {"nobody"}, {OTHER}) == {RIVAL}
    assert cache.sharing("other", {NAME}, {OTHER}) == set()


def test_a_complete_list_finds_what_is_gone() -> None:
    """What a complete list lacks is gone, unless it is newer than the list."""
    cache = filled(seen(5), seen(7, "uid-2"), seen(12, "uid-3"))
    changed, gone = cache.replace_all([seen(6), seen(9, "uid-4", name="d")], "10", ago(1.0))

    assert gone == ["uid-2"]
    assert {"uid-1", "uid-4"} <= changed
    assert set(cache.entries) == {"uid-1", "uid-2", "uid-3", "uid-4"}


@pytest.mark.case("R-42", injected="a list that is older than what the watch has shown", outcome="turns nothing back")
def test_a_complete_list_drops_nothing_newer() -> None:
    """A list that was slow does not turn back what a watch has shown since; all that it shows was read live."""
    cache = filled(seen(12, spec={"clusterName": "new"}))
    changed, gone = cache.replace_all([seen(5)], "10", ago(1.0))

    assert (changed, gone) == (set(), [])
    assert cache.entries["uid-1"].registration.cluster_name == "new"
    assert cache.listed == ago(1.0)


@pytest.mark.case("R-42", injected="a list from before a deletion", outcome="brings nothing back")
def test_a_slow_list_does_not_bring_back_what_is_gone() -> None:
    """A registration whose deletion was seen does not come back to life by a list from before."""
    cache = filled(seen(5), seen(6, RIVAL))
    cache.remove(RIVAL)
    cache.replace_all([seen(5), seen(6, RIVAL)], "10", ago(1.0))

    assert cache.rivals(seen(5), None) == ()
    assert set(cache.entries) == {"uid-1"}


def test_a_list_grows_old() -> None:
    """Without a complete list, or with one that is too old, the cache is stale."""
    cache = Registrations()
    never = cache.stale(NOW, 600.0)
    cache.replace_all([], "1", ago(599.0))

    assert never
    assert not cache.stale(NOW, 600.0)
    assert cache.stale(NOW, 598.0)


@pytest.mark.parametrize(
    ("error", "reason", "stalled"),
    [
        (ControlPlaneError("No.", status=503), "ControlPlaneUnreachable", False),
        (Throttled("Later.", retry_after=1000.0), "Throttled", False),
        (PermissionDenied("No.", status=403), "PermissionDenied", True),
        (Refused("No.", status=409), "NameTaken", True),
        (Refused("No.", status=400), "RejectedByControlPlane", True),
    ],
    ids=["outage", "throttled", "forbidden", "conflict", "bad-request"],
)
def test_a_failed_call_is_remembered(error: ControlPlaneError, reason: str, *, stalled: bool) -> None:
    """Reason, sentence, and when to try again: soon after an outage, late after a refusal, as told."""
    entry = Entry(registration(generation=3))
    entry.failed(error, NOW)
    failure = entry.memory.failure
    assert failure is not None
    wait = -failure.retry_at.age(NOW)

    assert (failure.reason, failure.message, failure.stalled, failure.generation) == (reason, error.message, stalled, 3)
    assert wait >= (error.retry_after or 0.0)
    shortest = 6.0 if error.status == 409 else 190.0
    assert wait >= shortest if stalled else wait <= max(1.0, error.retry_after or 0.0)


def test_a_success_forgets_failures() -> None:
    """After a success the next failure waits as short as the first one."""
    entry = Entry(registration())
    for _ in range(9):
        entry.failed(ControlPlaneError("No."), NOW)
    entry.succeeded()
    forgotten = entry.memory.failure
    entry.failed(ControlPlaneError("No."), NOW)

    assert forgotten is None
    assert entry.memory.failure is not None
    assert -entry.memory.failure.retry_at.age(NOW) <= 1.0


def test_a_reason_is_timed_while_it_holds() -> None:
    """Since when a reason has held is remembered until another one takes its place."""
    entry = Entry(registration())
    entry.note_waiting("ControlPlaneNotFound", ago(100.0))
    entry.note_waiting("ControlPlaneNotFound", ago(50.0))
    held = dict(entry.memory.waiting)
    entry.note_waiting("Throttled", ago(10.0))
    entry.note_waiting("ControlPlaneNotFound", NOW)

    assert held == {"ControlPlaneNotFound": ago(100.0)}
    assert entry.memory.waiting == {"ControlPlaneNotFound": NOW}


def test_a_closed_attempt_is_let_go() -> None:
    """Once the status names the attempt, its answer is not needed any more; before that it is kept at all costs."""
    known = knows(Outcome.ANSWERED, answer=cluster(), replaces=OTHER)
    kept, closed = Entry(registration(), known), Entry(registration(), known)
    kept.settle(RegistrationStatus(attempt="attempt-0"))
    closed.settle(RegistrationStatus(attempt="attempt-1", uuid=UUID, created_at=at(0)))

    assert kept.memory == known
    assert (closed.memory.outcome, closed.memory.answer, closed.memory.written, closed.memory.replaces) == (None,) * 4
    assert closed.memory.attempt == attempt()
