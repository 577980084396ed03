"""One trial: a flow is played, its operators are killed at the given boundaries, and the last one brings it to rest."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from faults.arena import Arena, FaultyHouse
from faults.boundaries import Boundary, boundaries, distinct, until_rest
from faults.calls import Call, Side
from faults.checkers import complaints, idle_writes
from faults.ends import OWNER, difference, end_of
from faults.flows import WATCHES, Flow
from faults.nursery import Child, Nursery
from faults.vocabulary import CLUSTERS, Fault, Kind, on
from kube import Object
from operators import until
from stage import LONG_AFTER

ON_THE_WAY = 20.0
"""Seconds from the last of these lists in which a run passes all of its boundaries, with much to spare."""

_SOON = 2
"""After so many lists time is let pass, as often as an operator is started."""

_LOOKS = 8
"""How often two lists may find that something was written between them before that counts as writing for ever."""

_PATIENT = {"SETTLE": "60s", "FRESHNESS": "3s", "REQUEST_TIMEOUT": "30s", "LIST_LAG": "15s", "LOG_LEVEL": "info"}
"""Nothing is late, however many runs share a machine; reads count for a short time. For settle a clock is set."""


class NotReached(Exception):  # noqa: N818  # it says something of a run, which is tried again
    """A run came to its end without passing the boundary at which its operator was to be killed."""


@dataclass(frozen=True)
class Run:
    """What a run has shown.

    Attributes:
        calls: The requests from its beginning, or from its latest crash, until it was at rest.
        end: Its end state.
        seconds: From the latest start of an operator until that was reached.
    """

    calls: Sequence[Call]
    end: Object
    seconds: float = 0.0

    @property
    def boundaries(self) -> list[Boundary]:
        """Where another run like it can be interrupted."""
        return boundaries(until_rest(self.calls))

    @property
    def distinct(self) -> list[Boundary]:
        """Those of them that differ in what is durable."""
        return distinct(until_rest(self.calls))


class Trial:
    """One flow in an arena of its own; operators come from a nursery, one after another.

    Args:
        house: Where it is played; trials follow each other there.
        nursery: Where operators come from.
        folder: For their logs; an empty one.
    """

    def __init__(self, house: FaultyHouse, nursery: Nursery, folder: Path) -> None:
        self._house, self._nursery, self._folder = house, nursery, folder
        self._children: list[Child] = []
        self._birth = threading.Lock()
        self._began = house.journal.moment
        self._started = self._ended = 0.0
        self._arena = Arena(house)

    def play(self, flow: Flow, crashes: Sequence[Boundary] = (), reference: Object | None = None) -> Run:
        """Play a flow to its end, which must be the reference's; without one it is where the flow has settled.

        Raises:
            NotReached: The run did not pass one of the boundaries.
            AssertionError: The end is another one, or an invariant was broken on the way.
        """
        arena, ahead = self._arena, deque(crashes)
        flow.before(arena)
        if flow.staffed:
            self._start(deque())
            self._wait_at_work()
            flow.prepare(arena)
            self._wait_rest()
        since = arena.journal.moment
        struck = self._ambush(ahead) if flow.staffed else self._start(ahead)
        flow.act(arena)
        while struck:
            self._wait_crash(struck, since)
            since = arena.journal.moment
            struck = self._start(ahead)
        found = self._wait_settled(flow) if reference is None else self._wait_end(reference)
        found += self._judge(flow)
        assert not found, "\n".join(found)
        return Run(arena.journal.calls(since=since), end_of(arena), self._ended - self._started)

    @property
    def logs(self) -> list[str]:
        """What its operators wrote, one after another."""
        return [child.log for child in self._children]

    def _start(self, ahead: deque[Boundary]) -> Fault | None:
        """Start an operator; if a boundary is ahead it will be killed there."""
        environ = self._house.environ(**_PATIENT)
        self._arena.door.only = self._arena.control_plane.name
        struck = self._ambush(ahead)
        self._started = time.monotonic()
        with self._birth:  # its first request may come before its number is known here
            self._children.append(self._nursery.start(environ, self._folder / f"{len(self._children)}"))
        return struck

    def _ambush(self, ahead: deque[Boundary]) -> Fault | None:
        if not ahead:
            return None
        boundary = ahead.popleft()
        proxy = self._arena.door if boundary.side is Side.KUBERNETES else self._arena.outside
        return proxy.fault(Kind.STRIKE, on(boundary.what), nth=boundary.nth, point=boundary.point, act=self._kill)

    def _kill(self) -> None:
        with self._birth:
            self._children[-1].kill()

    def _wait_at_work(self) -> None:
        """Return when the latest operator watches, and has looked at the control plane."""
        who = self._arena.door.who

        def watches() -> bool:
            seen = self._house.journal.calls(who=who)
            return all(any(call.what == each and call.answered for call in seen) for each in WATCHES)

        until(watches, "an operator that watches")
        self._arena.wait_polls(1)

    def _wait_rest(self) -> list[str]:
        """Return when nothing was written from one list of clusters to the next but one."""
        for _ in range(_LOOKS):
            moment = self._arena.journal.moment
            self._arena.wait_polls()
            if not (written := idle_writes(self._arena.journal.calls(since=moment))):
                break
        return written

    def _until_seen(self, holds: Callable[[], bool], what: str) -> None:
        """Return when something holds; it is looked for again whenever the operator has got an answer."""
        looked_at = -1

        def seen() -> bool:
            nonlocal looked_at
            ended = sum(call.ended is not None for call in self._arena.journal.calls(since=self._began))
            looked_at, before = ended, looked_at
            return ended != before and holds()

        until(seen, what)

    def _wait_crash(self, struck: Fault, since: int) -> None:
        """Return when the operator was killed and nothing of what it had sent is under way any more."""
        calls = self._arena.journal.calls
        until(
            lambda: struck.reached.is_set() or sum(CLUSTERS(call) for call in calls(since=since)) > _SOON,
            "a crash, or lists of clusters",
        )
        if not struck.reached.is_set():
            self._arena.admin.advance(LONG_AFTER)
        if not struck.reached.wait(ON_THE_WAY):
            raise NotReached
        self._children[-1].wait_ended()
        who = {self._arena.door.who, self._arena.outside.who}

        def silent() -> bool:
            return not any(call.who in who for call in calls(since=self._began, ended=None))

        until(silent, "the end of what a dead operator had sent")

    def _let_time_pass(self, holds: Callable[[], bool]) -> None:
        """What is not so after some lists waits for settling, or for a drain: let it be over."""
        self._arena.wait_polls(_SOON)
        if not holds():
            self._arena.admin.advance(LONG_AFTER)

    def _wait_settled(self, flow: Flow) -> list[str]:
        """Return at rest where the flow has settled; what is written all the time."""
        self._let_time_pass(lambda: flow.settled(self._arena))
        self._until_seen(lambda: flow.settled(self._arena), f"{flow} settled")
        self._ended = time.monotonic()
        return self._wait_rest()

    def _wait_end(self, reference: Object) -> list[str]:
        """Return at rest in the reference's state; what was written after it had been reached."""
        arena = self._arena
        self._let_time_pass(lambda: end_of(arena) == reference)
        try:
            self._until_seen(lambda: end_of(arena) == reference, "the reference's end")
        except AssertionError:
            raise AssertionError(difference(reference, end_of(arena))) from None
        self._ended = time.monotonic()
        moment = arena.journal.moment
        arena.wait_polls()
        return idle_writes(arena.journal.calls(since=moment))

    def _judge(self, flow: Flow) -> list[str]:
        evidence = replace(self._arena.evidence(), logs=self.logs)
        found = complaints(evidence, force=flow.forced)
        found += [line for log in self.logs for line in log.splitlines() if " ERROR " in line or "Traceback" in line]
        return found if self._children[-1].alive else [*found, "the last operator ended by itself"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for child in self._children:
            child.kill()
            child.wait_ended()
        self._arena.close()
        self._house.kube.delete(f"/api/v1/namespaces/{self._house.namespace}/secrets", labelSelector=OWNER)
        for door in self._house.doors:
            door.close()
        self._house.doors.clear()
