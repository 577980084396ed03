"""Carrying out an action: what is remembered of it, whatever becomes of the write."""

from dataclasses import replace

import pytest

from core.situations import UID, attempt, knows, new_attempt, observed, registered, registration, rival
from engine.api_server import ApiServer, world_of
from engine.control_plane import ControlPlane, Fleet
from runai_registrar.core.actions import Announce, Hold, Release
from runai_registrar.core.observed import Observed, Outcome
from runai_registrar.core.times import Timing
from runai_registrar.engine import clock
from runai_registrar.engine.apply import Apply
from runai_registrar.errors import Absent, Conflict, KubernetesError
from runai_registrar.resources import Registration


class Desk:
    """One registration on the desk, with all that is needed to act on it."""

    def __init__(self, seen: Registration, *others: Registration, plane: ControlPlane | None = None) -> None:
        self.server, self.plane = ApiServer(seen, *others), plane
        self.world = world_of(self.server, Fleet(plane))
        self.apply = Apply(self.world, Timing())
        self.entry = self.world.registrations.entries[UID]

    @property
    def seen(self) -> Observed:
        """What is observed of the registration now."""
        return replace(observed(self.entry.registration), now=clock.now(), memory=self.entry.memory)


def new() -> Registration:
    """Return a registration that was just created."""
    return registration(held=False, resource_version="7")


async def test_an_announcement_that_landed_may_be_sent() -> None:
    """After write 1 the attempt is durable and held by our finalizer; it is as old as the decision to announce it."""
    desk = Desk(new())
    seen = replace(desk.seen, now=clock.now().earlier(50.0))
    await desk.apply.apply(desk.entry, seen, Announce(new_attempt(), replaces="gone"))
    memory, stored = desk.entry.memory, desk.server.stored[UID]

    assert stored.attempt == new_attempt()
    assert stored.held
    assert desk.entry.registration == stored
    assert (memory.attempt, memory.outcome, memory.replaces) == (new_attempt(), Outcome.ANNOUNCED, "gone")
    assert memory.written == seen.now


@pytest.mark.case(
    "R-09",
    injected="the attempt is to be written over a newer object",
    outcome="409: nothing is remembered, nothing sent",
)
async def test_a_stale_announcement_is_none() -> None:
    """A conflict means that the view was stale: nothing is remembered, so nothing can be sent."""
    desk = Desk(new())
    stale = desk.seen
    desk.server.stored[UID] = registration(resource_version="8")
    with pytest.raises(Conflict):
        await desk.apply.apply(desk.entry, stale, Announce(new_attempt()))

    assert desk.entry.memory.outcome is None
    assert desk.entry.memory.attempt is None


@pytest.mark.parametrize("lands", [False, True])
async def test_an_announcement_without_an_answer_is_not_sent(*, lands: bool) -> None:
    """Whether it landed or not, an announcement that was not confirmed is given up, never sent."""
    desk = Desk(new())
    desk.server.fails, desk.server.lands = KubernetesError("No answer."), lands
    with pytest.raises(KubernetesError):
        await desk.apply.apply(desk.entry, desk.seen, Announce(new_attempt()))

    assert desk.entry.memory.outcome is Outcome.UNSENT
    assert desk.entry.memory.attempt == new_attempt()


async def test_a_name_is_reserved_while_it_is_announced() -> None:
    """Another registration that wants the same name at this moment waits; afterwards the annotation speaks."""
    desk = Desk(new(), rival())
    told: list[bool] = []
    desk.server.meanwhile = lambda: told.extend(desk.apply.reserved("default", one) for one in (rival(), new()))
    await desk.apply.apply(desk.entry, desk.seen, Announce(new_attempt()))

    assert told == [True, False]
    assert not desk.apply.reserved("default", rival())


async def test_a_reservation_ends_with_a_failure() -> None:
    """A write that failed reserves nothing."""
    desk = Desk(new(), rival())
    desk.server.fails = KubernetesError("No answer.")
    with pytest.raises(KubernetesError):
        await desk.apply.apply(desk.entry, desk.seen, Announce(new_attempt()))

    assert not desk.apply.reserved("default", rival())


async def test_a_finalizer_is_put_back_alone_or_with_the_attempt() -> None:
    """What is put back is the finalizer, and the annotation where it is known."""
    desk = Desk(new())
    await desk.apply.apply(desk.entry, desk.seen, Hold())
    alone = desk.server.stored[UID]
    await desk.apply.apply(desk.entry, desk.seen, Hold(attempt()))

    assert (alone.held, alone.attempt) == (True, None)
    assert desk.server.stored[UID].attempt == attempt()


async def test_a_refusal_in_the_annotation_settles_what_was_known() -> None:
    """Once the annotation says that the attempt was refused, only its earlier parts are open."""
    desk = Desk(registration(attempt=attempt(), resource_version="7"))
    desk.entry.memory = knows(Outcome.REFUSED)
    refused = attempt(refused=True)
    await desk.apply.apply(desk.entry, desk.seen, Hold(refused))

    assert desk.server.stored[UID].attempt == refused
    assert (desk.entry.memory.attempt, desk.entry.memory.outcome) == (refused, None)


async def test_a_release_is_remembered() -> None:
    """A registration that was let go is left alone, even before the API server says that it is gone."""
    desk = Desk(registration(status=registered(), deleting=True, resource_version="7"))
    await desk.apply.apply(desk.entry, desk.seen, Release("gone"))

    assert desk.entry.memory.released
    assert not desk.server.stored[UID].held


async def test_a_release_that_failed_is_tried_again() -> None:
    """Where the finalizer was not removed, the registration is not let go of."""
    desk = Desk(registration(status=registered(), deleting=True, resource_version="7"))
    desk.server.fails = KubernetesError("No answer.")
    with pytest.raises(KubernetesError):
        await desk.apply.apply(desk.entry, desk.seen, Release("gone"))

    assert not desk.entry.memory.released
    assert desk.server.stored[UID].held


async def test_a_release_of_what_is_gone_is_as_good() -> None:
    """Somebody else removed the finalizer first: that is no reason to complain about a cluster left behind."""
    desk = Desk(registration(status=registered(), deleting=True, resource_version="7"))
    desk.server.stored.clear()
    with pytest.raises(Absent):
        await desk.apply.apply(desk.entry, desk.seen, Release("gone"))

    assert desk.entry.memory.released
