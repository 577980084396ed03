"""Watches that break, stand still, lose events or start from an old list: nothing is done by what they show."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from faults.arena import Arena, FaultyHouse
from faults.vocabulary import DELETE, POST, PUT, WATCH_PLANES, WATCH_REGISTRATIONS, EventMatch, Kind, carrying, changes
from operators import Operator, until
from reliability import Recovery
from stage import LONG_AFTER, condition


def event(name: str, *kinds: str, deleting: bool = False) -> EventMatch:
    """Events of these kinds about a registration, or those that show that it is to go."""

    def matches(seen: Any) -> bool:
        metadata = seen["object"]["metadata"]
        return metadata.get("name") == name and seen["type"] in kinds and deleting <= ("deletionTimestamp" in metadata)

    return matches


@pytest.fixture(scope="module")
def operator(faulty_house: FaultyHouse) -> Iterator[Operator]:
    """One operator for the tests that need no start of their own."""
    with faulty_house.operator() as operator:
        yield operator


@pytest.mark.case(
    "R-42",
    injected="every watch ended with 410 three times in a row, while others are created, renamed and deleted",
    outcome="listed anew; nothing missed, nothing done twice",
)
@pytest.mark.usefixtures("operator")
def test_a_watch_that_is_gone(arena: Arena, recovery: Recovery) -> None:
    """A watch that cannot be continued is followed by a list, and what happened in between is acted on once."""
    arena.admin.settings(drainTime=0)
    renamed, ending = arena.stage.registered(listed=True), arena.stage.registered(listed=True)
    gone = arena.door.fault(Kind.GONE_WATCH, WATCH_REGISTRATIONS, times=3)
    gone.wait_reached()
    created = arena.stage.register()
    renamed.change(clusterName="gpu-renamed")
    arena.admin.advance(LONG_AFTER)
    ending.delete()
    recovery.begins()

    created.wait_ready()
    renamed.wait(lambda seen: seen["status"]["clusterName"] == "gpu-renamed", "the new name")
    ending.wait_gone()
    recovery.ends()
    arena.wait_quiet()
    assert gone.hits == 3
    assert [len(arena.calls(match)) for match in (POST, PUT, DELETE)] == [3, 1, 1]
    arena.judge()


@pytest.mark.case(
    "R-09",
    injected="the watch stands still after the attempt was written, the spec is edited, and the POST is lost or late",
    outcome="the old view is refused by compare-and-swap; what is sent next is what the spec says",
)
@pytest.mark.case(
    "R-42",
    injected="a watch that stays open and silent",
    outcome="what is known is finished by live reads; the rest begins when the watch speaks again",
)
@pytest.mark.usefixtures("operator")
def test_a_watch_that_stands_still(arena: Arena, recovery: Recovery) -> None:
    """Nothing is sent from a view that a silent watch let grow old, and old events that come late change nothing."""
    arena.admin.settings(uniqueNames=False)
    late = arena.outside.fault(Kind.LATE_ANSWER, carrying(POST, "gpu-late"))
    lost = arena.outside.fault(Kind.HANG, carrying(POST, "gpu-lost"))
    arena.outside.fault(Kind.CUT, carrying(POST, "gpu-lost"))  # as soon as it does not hang any more
    made = [arena.stage.register(name) for name in ("gpu-late", "gpu-lost")]
    for fault in (late, lost):
        fault.wait_reached()
    silence = arena.door.fault(Kind.SILENT_WATCH, WATCH_REGISTRATIONS)
    for each in made:
        each.change(clusterName=f"{each.name}-newer")
    silence.wait_reached()
    unseen = arena.stage.register("gpu-unseen")
    for fault in (late, lost):
        fault.lift()
    for each in made:
        each.wait(lambda seen: seen["status"].get("clusterName", "").endswith("-newer"), "the new name")
    assert arena.calls(carrying(POST, unseen.name)) == []
    silence.lift()
    recovery.begins()
    unseen.wait_ready()
    recovery.ends()
    arena.wait_quiet()

    asked = [json.loads(call.body)["name"] for call in arena.calls(changes)]
    assert sorted(asked) == ["gpu-late", "gpu-late-newer", "gpu-lost", "gpu-lost-newer", "gpu-unseen"]
    assert len(arena.admin.clusters()) == 3
    arena.judge()


@pytest.mark.case(
    "R-42",
    injected="one event lost: of an edit, and of the beginning of a deletion",
    outcome="seen when anything is to be written about the registration, by the conflict; nothing done by the old view",
    degraded="until something changes in the control plane too, it takes the list that is made every 10 minutes",
)
@pytest.mark.usefixtures("operator")
def test_an_event_that_is_lost(arena: Arena, recovery: Recovery) -> None:
    """An edit and a deletion whose events never come are found at the next write, which conflicts."""
    edited, deleted = (arena.stage.registered(name, listed=True) for name in ("gpu-edited", "gpu-deleted"))
    losses = [
        arena.door.fault(Kind.LOSE_EVENT, WATCH_REGISTRATIONS, event=event(edited.name, "MODIFIED")),
        arena.door.fault(Kind.LOSE_EVENT, WATCH_REGISTRATIONS, event=event(deleted.name, "MODIFIED", deleting=True)),
    ]
    edited.change(clusterName="gpu-new-name")
    deleted.delete()
    for loss in losses:
        loss.wait_reached()
    for each in (edited, deleted):
        arena.admin.set_state(each.status["uuid"], "Connected")
    recovery.begins()

    edited.wait(lambda seen: seen["status"]["clusterName"] == "gpu-new-name", "the new name")
    deleted.wait_for("Deleting")
    arena.admin.advance(LONG_AFTER)
    deleted.wait_gone()
    recovery.ends()
    assert [len(arena.calls(match)) for match in (POST, PUT, DELETE)] == [2, 1, 1]
    arena.judge()


@pytest.mark.case(
    "R-42",
    injected="the event of an edit of a RunaiControlPlane lost",
    outcome="met by the conflict when its status is written next; a list of control planes brings what was missed",
    degraded="until its status changes, it takes the list that is made every 10 minutes",
)
@pytest.mark.usefixtures("operator")
def test_an_event_of_a_control_plane_that_is_lost(arena: Arena) -> None:
    """A suspension whose event never comes counts from the next write of the status on."""
    plane = arena.stage.control_plane
    arena.stage.registered(listed=True)
    loss = arena.door.fault(Kind.LOSE_EVENT, WATCH_PLANES, event=_suspends)
    plane.change(suspend=True)
    loss.wait_reached()
    arena.admin.create("gpu-somebody-elses")  # is counted in the status
    arena.stage.kube.wait_for(plane.path, lambda seen: "Suspended" in str(condition(seen, "Ready")), 30, "suspended")

    plane.change(suspend=False)
    arena.stage.registered()
    arena.judge()


def _suspends(seen: Mapping[str, Any]) -> bool:
    """Whether an event shows a control plane that is suspended."""
    return bool(seen["object"].get("spec", {}).get("suspend"))


def test_watches_that_are_refused(arena: Arena) -> None:
    """An operator whose watches are answered 401 again and again is not ready, and becomes so once they are served."""
    operator = arena.operator()
    refused = arena.door.fault(Kind.REFUSE, lambda call: call.is_watch, times=None, status=401)
    operator.allow("kopf._cogs.clients")
    refused.wait_reached()
    until(lambda: refused.hits > 4, "watches that are tried again")  # each after a new login

    with pytest.raises(AssertionError, match="an operator that is ready"):
        operator.wait_ready(2)
    refused.lift()
    with operator:
        arena.stage.registered()
    arena.judge()
