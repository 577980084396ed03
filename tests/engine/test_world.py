"""Who is told of what: events and polls wake those whom they concern, and nobody else."""

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest

from core.situations import (
    NAME,
    OTHER,
    RIVAL,
    UID,
    UUID,
    ago,
    at,
    cluster,
    draining,
    failure,
    knows,
    registered,
    registration,
    rival,
    trouble,
)
from engine.api_server import ApiServer, body, world_of
from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.observed import Memory, Outcome, Put, Reads, Snapshot
from runai_registrar.core.times import Stamp
from runai_registrar.engine import clock
from runai_registrar.engine.poller import Poll
from runai_registrar.engine.queue import Queue
from runai_registrar.engine.world import World, read
from runai_registrar.resources import RECONCILE_REQUESTED_AT, RELEASE, Origin, Registration


async def woken(world: World) -> list[str]:
    """Let a world begin to work; return the list to which each key that it works on is added."""
    keys: list[str] = []

    async def work(key: str) -> bool:
        """Note what is worked on."""
        keys.append(key)
        return True

    world.start(Queue(work, world.lane_of))
    await turns()
    keys.clear()
    return keys


async def turns() -> None:
    """Let everything run that can run without waiting."""
    for _ in range(5):
        await asyncio.sleep(0)


def poll(*clusters: Cluster, before: tuple[Cluster, ...] = (), **facts: Any) -> Poll:
    """Return a look that showed these clusters, after one that showed others."""
    was, now = Snapshot.of(before, ago(30.0), 0.0), Snapshot.of(clusters, ago(0.0), 30.0)
    return Poll(was, now, facts.get("was"), facts.get("trouble"), facts.get("renewed", False))


def world(*registrations: Registration) -> World:
    """Return a world that has seen these."""
    return world_of(ApiServer(*registrations))


OURS = registration(status=registered())
THEIRS = rival(status=registered(uuid=OTHER, cluster_name="b"), name="b")


async def test_all_are_looked_at_once_when_work_begins() -> None:
    """At the start everything that is known is worked on."""
    keys: list[str] = []

    async def work(key: str) -> bool:
        """Note what is worked on."""
        keys.append(key)
        return True

    known = world(OURS, THEIRS)
    known.start(Queue(work, known.lane_of))
    await turns()

    assert sorted(keys) == [RIVAL, UID]


@pytest.mark.parametrize(
    ("now", "keys"),
    [
        ((cluster(state="Connected"), cluster(OTHER, name="b")), [UID]),
        ((cluster(), cluster(OTHER, name="b", last_liveness=at(-1))), [RIVAL]),
        ((cluster(), cluster(OTHER, name="b")), []),
        ((cluster(OTHER, name="b"),), [UID]),
        ((cluster(), cluster(OTHER, name=NAME)), [RIVAL, UID]),
    ],
    ids=["changed", "first-sign-of-life", "the-same", "vanished", "took-our-name"],
)
async def test_a_poll_wakes_those_whose_cluster_changed(now: tuple[Cluster, ...], keys: list[str]) -> None:
    """Only what is displayed otherwise is news, for those who hold it or go by its old or new name."""
    known = world(OURS, THEIRS)
    told = await woken(known)
    known.polled("default", poll(*now, before=(cluster(), cluster(OTHER, name="b"))))
    await turns()

    assert sorted(told) == keys


async def test_trouble_wakes_everybody_once() -> None:
    """When a control plane gets into trouble, or out of it, all its registrations look; while it lasts, none does."""
    known = world(OURS, THEIRS)
    told = await woken(known)
    silent = trouble("ControlPlaneUnreachable", passing=True)
    counts = []
    for was, now in ((None, silent), (silent, silent), (silent, None)):
        known.polled("default", poll(was=was, trouble=now))
        await turns()
        counts.append(len(told))

    assert counts == [2, 2, 4]


async def test_another_sentence_wakes_everybody() -> None:
    """A trouble that is told in other words is told on the registrations too."""
    known = world(OURS, THEIRS)
    told = await woken(known)
    refused = trouble("ControlPlaneUnreachable", passing=True)
    known.polled("default", poll(was=refused, trouble=replace(refused, message="Its certificate was not accepted.")))
    await turns()

    assert sorted(told) == sorted([UID, RIVAL])


@pytest.mark.parametrize(
    ("change", "kept"),
    [({"was": trouble("Throttled")}, False), ({"renewed": True}, False), ({}, True)],
    ids=["out-of-trouble", "another-client", "as-before"],
)
async def test_failures_are_forgotten_when_things_have_changed(change: dict[str, Any], *, kept: bool) -> None:
    """What failed because of a trouble, or with a credential of before, is tried at once when that is over."""
    known = world(OURS)
    known.registrations.entries[UID].remember(failure=failure())
    told = await woken(known)
    known.polled("default", poll(**change))
    await turns()

    assert (known.registrations.entries[UID].memory.failure is not None) is kept
    assert told == ([] if kept else [UID])


async def test_an_event_wakes_the_registration_and_its_rivals() -> None:
    """A change of one registration concerns those that share a name with it; its own writes concern only them."""
    known = world(registration(resource_version="1"), registration(uid=RIVAL, resource_version="1"))
    told = await woken(known)
    known.see(body(registration(), resourceVersion="2"))
    await turns()
    by_event = sorted(told)
    told.clear()
    known.take_in(registration(resource_version="3"), own=True)
    await turns()

    assert by_event == [RIVAL, UID]
    assert told == [RIVAL]


async def test_a_spec_that_cannot_be_read_comes_with_the_reason() -> None:
    """What can be said there is said there; an object without an identity is left alone."""
    broken = {**body(registration()), "spec": {"mode": "Sometimes"}}
    known = world()
    known.see(broken)
    known.see({"metadata": {}, "spec": {}})
    invalid = known.registrations.entries[UID].memory.invalid or ""
    known.see({**broken, "metadata": {**broken["metadata"], "resourceVersion": "2"}, "spec": {}})

    assert "mode" in invalid
    assert known.registrations.entries[UID].memory.invalid is None
    assert read({"metadata": {}, "spec": {}}) is None


async def test_a_live_list_serves_all_who_ask() -> None:
    """One list answers everybody who needs one that began after a moment in the past."""
    server = ApiServer(OURS)
    known = world_of(server)
    await asyncio.gather(*(known.list_live(Stamp(0.0, 0.0)) for _ in range(5)))
    listed = known.registrations.listed
    assert listed is not None
    await known.list_live(listed)

    assert server.lists == 2


async def test_a_live_list_finds_what_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    """A registration that a live list lacks is lost, and its cluster is named."""
    caplog.set_level(logging.INFO)
    server = ApiServer(registration(status=registered(), resource_version="1"))
    known = world_of(server)
    server.stored.clear()
    await known.list_live(Stamp(0.0, 0.0))

    assert known.registrations.entries == {}
    assert UUID in caplog.text


@pytest.mark.case(
    "R-29",
    injected="the object vanishes though its cluster was not seen to be gone",
    outcome="an error line with the uuid",
)
@pytest.mark.parametrize(
    ("memory", "says"),
    [(knows(Outcome.ANSWERED, answer=cluster(OTHER)), OTHER), (knows(Outcome.UNANSWERED), "never learned")],
    ids=["with-an-answer", "without-an-answer"],
)
async def test_what_only_this_process_knows_is_said_at_once(
    memory: Memory, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What was, or may have been, created for a registration that is gone is named in an error: nobody else will."""
    known = world(registration())
    known.registrations.entries[UID].memory = memory
    known.lose(UID)

    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert says in caplog.text


@pytest.mark.case(
    "R-29",
    injected="the object vanishes though its cluster is still there",
    outcome="an error line with the uuid, once a later list shows the cluster",
)
@pytest.mark.case(
    "R-11",
    injected="another operator has deleted the cluster and released the object",
    outcome="nothing is said: later lists do not show the cluster",
)
@pytest.mark.parametrize(
    ("shown", "after", "lines"),
    [
        ([cluster()], 16.0, 1),
        ([cluster()], 14.0, 0),
        ([cluster()], -1.0, 0),
        ([], 16.0, 0),
        ([draining()], 16.0, 1),
        ([cluster(deleted_at=at(-1))], 16.0, 0),
    ],
    ids=["there", "there-shortly-after", "there-before", "gone", "leaving", "deleted"],
)
async def test_a_cluster_is_an_orphan_when_a_later_list_shows_it(
    shown: list[Cluster], after: float, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever released a registration may have deleted its cluster: only one that is still shown is named, once."""
    known = world(registration(status=registered()))
    known.lose(UID)
    snapshot = Snapshot.of(shown, clock.now().earlier(-after), 0.0)
    known.polled("elsewhere", Poll(None, Snapshot.of([cluster()], snapshot.began, 0.0), None, None))
    for _ in range(2):
        known.polled("default", Poll(None, snapshot, None, None))

    assert [UUID in record.getMessage() for record in caplog.records] == [True] * lines


async def test_a_cluster_that_another_registration_holds_is_no_orphan(caplog: pytest.LogCaptureFixture) -> None:
    """A cluster that was adopted again after its registration went has one: nothing is said."""
    known = world(registration(status=registered()), rival(status=registered(Origin.ADOPTED, owner_uid=RIVAL)))
    known.lose(UID)
    known.polled("default", Poll(None, Snapshot.of([cluster()], clock.now().earlier(-16.0), 0.0), None, None))

    assert caplog.records == []


@pytest.mark.parametrize(
    ("memory", "seen"),
    [
        (Memory(released=True), registration(status=registered())),
        (Memory(), registration()),
        (Memory(), registration(status=registered(), deleting=True, spec={"deletion": {"policy": "Orphan"}})),
        (Memory(), registration(status=registered(), deleting=True, annotations={RELEASE: "orphan"})),
        (Memory(), registration(status=registered(Origin.ADOPTED), deleting=True)),
    ],
    ids=["released", "never-registered", "orphaned", "release-annotation", "adopted"],
)
async def test_a_registration_that_went_in_order_is_no_matter(
    memory: Memory, seen: Registration, caplog: pytest.LogCaptureFixture
) -> None:
    """What was let go by us, was left on purpose by whoever released it, or held nothing, goes quietly."""
    known = world(seen)
    known.registrations.entries[UID].memory = memory
    known.lose(UID)
    known.lose(UID)
    known.polled("default", Poll(None, Snapshot.of([cluster()], clock.now().earlier(-16.0), 0.0), None, None))

    assert caplog.records == []


async def test_who_waits_for_a_list_is_woken_by_the_next_one() -> None:
    """The end of each look wakes those who wait for a list of this control plane, even if nothing has changed in it."""
    known = world(OURS, THEIRS)
    told = await woken(known)
    reads = Reads(clusters=ago(1.0))
    known.park(UID, reads)
    known.polled("elsewhere", poll())
    await turns()
    elsewhere = list(told)
    known.polled("default", poll())
    await turns()

    assert elsewhere == []
    assert told == [UID]
    assert known.resume(UID) == reads
    assert known.resume(UID) == Reads()


async def test_who_waits_for_a_list_is_woken_when_there_will_be_none() -> None:
    """A control plane that goes away keeps nobody waiting; nor is a registration that is gone waited for."""
    known = world(OURS, THEIRS)
    spec = {"url": "https://app.run.ai", "credentialsSecretRef": {"name": "credentials"}, "suspend": True}
    known.fleet.see({"metadata": {"name": "default", "uid": "uid-p", "generation": 1}, "spec": spec})
    told = await woken(known)
    known.park(UID, Reads(clusters=ago(1.0)))
    known.park(RIVAL, Reads(clusters=ago(1.0)))
    known.lose(RIVAL)
    known.fleet.lose("default")
    await turns()

    assert told == [UID]
    assert known.resume(RIVAL) == Reads()


def asking(value: str, version: int) -> Registration:
    """Return a registration whose user has asked for a look."""
    notes = {RECONCILE_REQUESTED_AT: value}
    return registration(
        status=registered(last_handled_reconcile_at="1"), annotations=notes, resource_version=str(version)
    )


async def test_a_request_clears_what_keeps_a_registration_waiting() -> None:
    """A new request forgets the failed call and the names put in vain; one seen before forgets nothing."""
    known = world(asking("1", 1))
    entry = known.registrations.entries[UID]
    known.take_in(asking("2", 2))
    put = Put("gpu-east", 1, ago(1.0))
    entry.remember(failure=failure(), puts=(put,))
    known.take_in(asking("2", 3))
    kept = (entry.memory.failure, entry.memory.puts)
    known.take_in(asking("3", 4))

    assert kept == (failure(), (put,))
    assert (entry.memory.failure, entry.memory.puts) == (None, ())


async def test_a_request_is_timed_when_it_is_first_seen() -> None:
    """The look that honours a request begins after it was seen; one that is handled is no request."""
    known = world(asking("1", 1))
    handled = known.registrations.entries[UID].memory.requested
    known.take_in(asking("2", 2))
    first = known.registrations.entries[UID].memory.requested
    known.take_in(asking("2", 3))

    assert handled is None
    assert first is not None
    assert known.registrations.entries[UID].memory.requested == first


async def test_a_second_request_is_timed_anew() -> None:
    """A list that began between two requests honours the first one only."""
    known = world(asking("2", 1))
    first = known.registrations.entries[UID].memory.requested
    known.take_in(asking("3", 2))
    second = known.registrations.entries[UID].memory.requested

    assert first is not None
    assert second is not None
    assert second.after(first)
