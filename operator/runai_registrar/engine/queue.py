"""What to look at next: keys, each worked on by one task at a time, in lanes that do not hold each other up.

A lane is a control plane: one that hangs keeps at most its own `workers` tasks busy. Within a lane groups (namespaces)
take turns, one key each, first come first served within a group: whoever makes thousands of registrations waits for
them alone. The limiter of a control plane's client (`controlplane/pacing.py`) needs no such turns, because at most
`workers` keys of a lane ever wait there.

A key added while it is worked on is worked on once more afterwards, and goes to the back of its group for that; one
that is added all the time keeps nobody waiting. A task that fails is tried again later, 1 s to 5 min, jittered; one
that is not done is not tried again by itself: what it waits for adds its key, and its earlier failures still count.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from runai_registrar.engine.backoff import LONGEST_PAUSE, pause
from runai_registrar.errors import KubernetesError, RegistrarError

LONGEST_WITHOUT_KUBERNETES = 15.0
"""Longest pause, in seconds, while the API server does not answer: a uuid in hand should be written soon after."""

logger = logging.getLogger(__name__)


@dataclass
class _Lane:
    """The keys that wait, by group, the groups in the order of their turns, and how many keys are worked on."""

    waiting: dict[str, deque[str]] = field(default_factory=dict)
    turns: deque[str] = field(default_factory=deque)
    busy: int = 0

    def put(self, key: str, group: str) -> None:
        """Let a key wait at the back of its group; a group that is new here has its turn after all others."""
        if group not in self.waiting:
            self.waiting[group] = deque()
            self.turns.append(group)
        self.waiting[group].append(key)

    def take(self) -> str:
        """Return the next key of the group whose turn it is; with nothing left to wait for, the group is gone."""
        group = self.turns.popleft()
        keys = self.waiting[group]
        key = keys.popleft()
        if keys:
            self.turns.append(group)
        else:
            del self.waiting[group]
        return key


def one_group(_key: str) -> str:
    """Return the same group for every key: first come, first served."""
    return ""


class Queue:
    """Keys that wait for `work`, which says whether it is done with a key.

    `lane_of` and `group_of` say which lane, and which group there, a key belongs to at the moment it is added.
    """

    def __init__(
        self,
        work: Callable[[str], Awaitable[bool]],
        lane_of: Callable[[str], str],
        *,
        group_of: Callable[[str], str] = one_group,
        workers: int = 16,
    ) -> None:
        self._work, self._workers = work, workers
        self._lane_of, self._group_of = lane_of, group_of
        self._lanes: dict[str, _Lane] = {}
        self._dirty: set[str] = set()
        self._active: set[str] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._failures: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    def add(self, key: str, after: float = 0.0) -> None:
        """Work on a key now, or after some seconds; of several timers for a key the earliest counts."""
        if self._stopped:
            return
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if after > 0:
            due = loop.time() + after
            if timer is None or timer.when() > due:
                self._set_timer(key, loop.call_at(due, self._ring, key))
            return
        self._set_timer(key, None)
        if key not in self._dirty:
            self._dirty.add(key)
            self._start(key)

    def forget(self, key: str) -> None:
        """Drop what is remembered of a key that is gone for good."""
        self._set_timer(key, None)
        self._failures.pop(key, None)

    @property
    def depth(self) -> int:
        """How many keys wait or are worked on."""
        return len(self._dirty | self._active)

    async def stop(self, grace: float) -> None:
        """Start nothing more, and give what runs `grace` seconds to end by itself."""
        self._stopped = True
        for timer in self._timers.values():
            timer.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _set_timer(self, key: str, timer: asyncio.TimerHandle | None) -> None:
        old = self._timers.pop(key, None)
        if old is not None:
            old.cancel()
        if timer is not None:
            self._timers[key] = timer

    def _ring(self, key: str) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _start(self, key: str) -> None:
        if key in self._active:
            return  # its task sees that it is dirty again
        lane = self._lanes.setdefault(self._lane_of(key), _Lane())
        lane.put(key, self._group_of(key))
        self._fill(lane)

    def _fill(self, lane: _Lane) -> None:
        while lane.turns and lane.busy < self._workers and not self._stopped:
            key = lane.take()
            lane.busy += 1
            self._active.add(key)
            self._dirty.discard(key)
            task = asyncio.create_task(self._run(lane, key), name=f"reconcile {key}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, lane: _Lane, key: str) -> None:
        try:
            if await self._work(key):
                self._failures.pop(key, None)
        except KubernetesError as error:
            self._again(key, error.message, longest=LONGEST_WITHOUT_KUBERNETES)
        except RegistrarError as error:
            self._again(key, error.message)
        except Exception:
            logger.exception("reconciling %s failed unexpectedly; it is tried again", key)
            self._again(key, "")
        finally:
            lane.busy -= 1
            self._active.discard(key)
            if key in self._dirty:
                self._start(key)
            self._fill(lane)

    def _again(self, key: str, message: str, longest: float = LONGEST_PAUSE) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        wait = min(pause(failures), longest)
        if message:
            logger.warning("%s is tried again in %.1f s: %s", key, wait, message)
        self.add(key, after=wait)
