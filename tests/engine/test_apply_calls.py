"""Calling the control plane: what is remembered of a call, and what keeps it from being sent."""

from dataclasses import replace
from typing import Any

import pytest

from core.situations import OTHER, UUID, at, attempt, cluster, knows, observed, read, registered, registration
from engine.control_plane import ControlPlane
from engine.test_apply import Desk
from runai_registrar.controlplane.protocol import Deletion
from runai_registrar.core.actions import (
    Create,
    Delete,
    ReadCluster,
    ReadHolders,
    ReadRegistration,
    ReadRegistrations,
    Rename,
)
from runai_registrar.core.observed import Observed, Outcome, Reads
from runai_registrar.engine import clock
from runai_registrar.errors import (
    ControlPlaneError,
    NotFound,
    NotSent,
    PermissionDenied,
    Refused,
    Throttled,
    Unanswered,
)


def announced(plane: ControlPlane | None, *, age: float = 1.0) -> Desk:
    """Return a desk on which an attempt lies that was announced that long ago."""
    desk = Desk(registration(attempt=attempt(), resource_version="7"), plane=plane)
    desk.entry.memory = replace(knows(Outcome.ANNOUNCED), written=clock.now().earlier(age))
    return desk


def owning(plane: ControlPlane, *, age: float = 1.0, deleting: bool = False) -> tuple[Desk, Observed]:
    """Return a desk with a registration that owns a cluster and was read live that long ago."""
    desk = Desk(registration(status=registered(), deleting=deleting, resource_version="7"), plane=plane)
    moment = clock.now().earlier(age)
    return desk, replace(desk.seen, reads=read(registration=moment, registrations=moment))


async def test_a_created_cluster_is_in_hand() -> None:
    """A 201 is kept in memory until the status has it."""
    plane = ControlPlane()
    desk = announced(plane)
    await desk.apply.apply(desk.entry, desk.seen, Create(attempt()))

    assert plane.called == [("create", "gpu-east", None, None)]
    assert (desk.entry.memory.outcome, desk.entry.memory.answer) == (Outcome.ANSWERED, plane.made)


@pytest.mark.parametrize(
    ("error", "outcome", "failed"),
    [
        (Refused("No.", status=400), Outcome.REFUSED, True),
        (PermissionDenied("No.", status=403), Outcome.REFUSED, True),
        (NotSent("No connection."), Outcome.UNSENT, True),
        (Unanswered("Reset."), Outcome.UNANSWERED, False),
        (Throttled("Later.", status=429), Outcome.UNANSWERED, False),
        (ControlPlaneError("Whatever."), Outcome.UNANSWERED, False),
    ],
    ids=["refused", "forbidden", "not-sent", "unanswered", "throttled", "unknown"],
)
async def test_what_becomes_of_a_post(error: ControlPlaneError, outcome: Outcome, *, failed: bool) -> None:
    """Only a definite answer makes an outcome definite; all else is a lost answer."""
    desk = announced(ControlPlane(fails=error))
    await desk.apply.apply(desk.entry, desk.seen, Create(attempt()))

    assert desk.entry.memory.outcome is outcome
    assert (desk.entry.memory.failure is not None) is failed


@pytest.mark.case(
    "R-12",
    injected="frozen between the attempt and its POST",
    outcome="the POST is not sent; announced anew",
)
async def test_a_post_that_is_too_old_is_not_sent() -> None:
    """Freshness is asked for last: what was announced more than 10 s ago is announced anew, without waiting."""
    plane = ControlPlane()
    desk = announced(plane, age=10.5)
    await desk.apply.apply(desk.entry, desk.seen, Create(attempt()))

    assert plane.called == []
    assert (desk.entry.memory.outcome, desk.entry.memory.failure) == (Outcome.UNSENT, None)


async def test_without_a_control_plane_nothing_is_sent() -> None:
    """Where the control plane has just gone, the POST counts as not sent, and is announced anew later."""
    desk = announced(None)
    await desk.apply.apply(desk.entry, desk.seen, Create(attempt()))

    assert desk.entry.memory.outcome is Outcome.UNSENT
    assert desk.entry.memory.failure is not None
    assert not desk.entry.memory.failure.stalled


@pytest.mark.case(
    "R-05",
    injected="201 with a cluster of another tenant, or one that was there before",
    outcome="looked into like a lost answer",
)
@pytest.mark.parametrize("made", [cluster(age=0.0, tenant_id=2002), cluster(OTHER)], ids=["other-tenant", "not-new"])
async def test_an_answer_that_cannot_be_ours_is_none(made: Any) -> None:
    """A 201 with a cluster of another tenant, or one that was there before, is looked into like a lost answer."""
    desk = announced(ControlPlane(made=made))
    seen = replace(desk.seen, snapshot=observed(registration(), cluster(OTHER)).snapshot)
    await desk.apply.apply(desk.entry, seen, Create(attempt()))

    assert (desk.entry.memory.outcome, desk.entry.memory.answer) == (Outcome.UNANSWERED, None)


async def test_a_rename_is_remembered() -> None:
    """The name that was put counts until a newer list shows one."""
    plane = ControlPlane()
    desk, seen = owning(plane)
    await desk.apply.apply(desk.entry, seen, Rename(UUID, "gpu-west"))

    assert plane.called == [("rename", UUID, "gpu-west")]
    assert desk.entry.memory.renamed is not None
    assert desk.entry.memory.renamed[0] == "gpu-west"


async def test_every_rename_is_remembered_while_it_may_be_undone() -> None:
    """The latest PUTs are known with the generation that they were for, and no more of them than are looked at."""
    desk, seen = owning(ControlPlane())
    for name in ("gpu-a", "gpu-b", "gpu-c", "gpu-d"):
        await desk.apply.apply(desk.entry, seen, Rename(UUID, name))

    assert [(put.name, put.generation) for put in desk.entry.memory.puts] == [("gpu-b", 1), ("gpu-c", 1), ("gpu-d", 1)]


@pytest.mark.parametrize("force", [False, True])
async def test_a_deletion_is_remembered(*, force: bool) -> None:
    """When it was asked for, whether it drains, and whether it was forced."""
    plane = ControlPlane(deletion=Deletion.DRAINING)
    desk, seen = owning(plane, deleting=True)
    await desk.apply.apply(desk.entry, seen, Delete(UUID, force))
    memory = desk.entry.memory

    assert plane.called == [("delete", UUID, force)]
    assert memory.asked is not None
    assert (memory.drains, memory.forced) == (True, force)


@pytest.mark.case("R-26", injected="DELETE is answered 404", outcome="a list has to confirm it")
async def test_a_deletion_of_what_is_not_there_was_asked_for() -> None:
    """A 404 is an answer, which a list has to confirm like any other."""
    desk, seen = owning(ControlPlane(fails=NotFound("There is none.", status=404)), deleting=True)
    await desk.apply.apply(desk.entry, seen, Delete(UUID, force=False))

    assert desk.entry.memory.asked is not None
    assert desk.entry.memory.failure is None


@pytest.mark.case(
    "R-12",
    injected="frozen between a live read and the PUT or DELETE that rests on it",
    outcome="not sent",
)
@pytest.mark.parametrize("action", [Rename(UUID, "gpu-west"), Delete(UUID, force=True)], ids=["rename", "delete"])
async def test_what_was_read_too_long_ago_is_no_ground(action: Rename | Delete) -> None:
    """PUT and DELETE are not sent more than 10 s after the live read that they rest on."""
    plane = ControlPlane()
    desk, seen = owning(plane, age=10.5, deleting=isinstance(action, Delete))
    await desk.apply.apply(desk.entry, seen, action)

    assert plane.called == []
    assert (desk.entry.memory.renamed, desk.entry.memory.asked, desk.entry.memory.failure) == (None, None, None)


@pytest.mark.case(
    "R-26",
    injected="403 or no answer to PUT and DELETE",
    outcome="not taken for done; tried again later",
)
@pytest.mark.parametrize("action", [Rename(UUID, "gpu-west"), Delete(UUID, force=True)], ids=["rename", "delete"])
@pytest.mark.parametrize(
    ("error", "stalled"),
    [(PermissionDenied("No.", status=403), True), (Unanswered("Reset."), False), (NotSent("No."), False)],
    ids=["forbidden", "unanswered", "not-sent"],
)
async def test_a_failed_call_waits(action: Rename | Delete, error: ControlPlaneError, *, stalled: bool) -> None:
    """A call that failed is not taken for done, and is tried again later."""
    desk, seen = owning(ControlPlane(fails=error), deleting=isinstance(action, Delete))
    await desk.apply.apply(desk.entry, seen, action)
    memory = desk.entry.memory

    assert (memory.renamed, memory.asked) == (None, None)
    assert memory.failure is not None
    assert memory.failure.stalled is stalled


@pytest.mark.parametrize(
    ("shows", "absent"),
    [({}, True), ({UUID: cluster(deleted_at=at(-1))}, True), ({UUID: cluster()}, False)],
    ids=["404", "marked-as-deleted", "there"],
)
async def test_a_get_by_uuid_is_dated_from_its_beginning(shows: dict[str, Any], *, absent: bool) -> None:
    """What a GET proves, it proves for the moment before it was sent."""
    desk, seen = owning(ControlPlane(shows=shows))
    before = clock.now()
    reads = await desk.apply.apply(desk.entry, seen, ReadCluster(UUID))
    moment = (reads.absent if absent else reads.present)[UUID]

    assert not before.after(moment)
    assert not moment.after(clock.now())
    assert UUID not in (reads.present if absent else reads.absent)


async def test_live_reads_bring_what_is_new() -> None:
    """A live read and a live list show the registration as it is now, dated from before they were made."""
    desk, seen = owning(ControlPlane())
    newer = registration(status=registered(), spec={"suspend": True}, resource_version="8")
    desk.server.stored["uid-1"] = newer
    before = clock.now()
    await desk.apply.apply(desk.entry, seen, ReadRegistration())
    by_read = desk.entry.registration
    await desk.apply.apply(desk.entry, seen, ReadRegistrations(before))

    assert by_read == newer
    assert desk.entry.read is not None
    assert not before.after(desk.entry.read)
    assert desk.world.registrations.listed is not None
    assert desk.world.registrations.listed.after(before)


@pytest.mark.parametrize("quickly", [True, False])
async def test_who_holds_a_uuid_is_read_from_one_list_or_by_itself(*, quickly: bool) -> None:
    """One quick list of all serves many; a slow one would be old at its end, so those that matter are read alone."""
    desk, seen = owning(ControlPlane(), deleting=True)
    desk.world.lists_quickly = quickly
    before = clock.now()
    await desk.apply.apply(desk.entry, seen, ReadHolders(UUID, before))
    reads = desk.world.registrations.reads(desk.entry, Reads())

    assert desk.server.lists == int(quickly)
    assert desk.entry.read is not None
    assert not before.after(desk.entry.read)
    assert reads.holders is not None
    assert not before.after(reads.holders)


async def test_one_that_holds_the_uuid_no_more_is_read_itself() -> None:
    """What a registration is now is known also where it is not among those that hold the uuid."""
    desk, seen = owning(ControlPlane(), deleting=True)
    desk.world.lists_quickly = False
    desk.server.stored["uid-1"] = registration(deleting=True, resource_version="8")
    await desk.apply.apply(desk.entry, seen, ReadHolders(UUID, clock.now()))

    assert desk.entry.registration.status.uuid is None
