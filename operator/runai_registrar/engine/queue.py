"""What to look at next: keys, each worked on by one task at a time, in lanes that do not hold each other up.

A lane is a control plane: one that hangs keeps at most its own `workers` tasks busy. A key added while it is worked on
is worked on once more afterwards. A task that fails is tried again later, 1 s to 5 min, jittered; one that is not done
is not tried again by itself: what it waits for adds its key, and its earlier failures still count.
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
    waiting: deque[str] = field(default_factory=deque)
    active: set[str] = field(default_factory=set)


class Queue:
    """Keys that wait for `work`, which says whether it is done with a key.

    `lane_of` says which lane a key belongs to at the moment it is added.
    """

    def __init__(
        self, work: Callable[[str], Awaitable[bool]], lane_of: Callable[[str], str], *, workers: int = 16
    ) -> None:
        self._work, self._lane_of, self._workers = work, lane_of, workers
        self._lanes: dict[str, _Lane] = {}
        self._dirty: set[str] = set()
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
        return len(self._dirty | {key for lane in self._lanes.values() for key in lane.active})

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
        if any(key in lane.active for lane in self._lanes.values()):
            return  # its task sees that it is dirty again
        lane = self._lanes.setdefault(self._lane_of(key), _Lane())
        lane.waiting.append(key)
        self._fill(lane)

    def _fill(self, lane: _Lane) -> None:
        while lane.waiting and len(lane.active) < self._workers and not self._stopped:
            key = lane.waiting.popleft()
            lane.active.add(key)
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
            lane.active.discard(key)
            if key in self._dirty:
                self._start(key)
            self._fill(lane)

    def _again(self, key: str, message: str, longest: float = LONGEST_PAUSE) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        wait = min(pause(failures), longest)
        if message:
            logger.warning("%s is tried again in %.1f s: %s", key, wait, message)
        self.add(key, after=wait)
