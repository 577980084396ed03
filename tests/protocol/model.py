"""The modelled world: an API server, a control plane, a clock, and operator processes that run the real code."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

from protocol.calls import Call, Task
from protocol.clock import TICK, Clock
from protocol.clusters import ControlPlane, Made
from protocol.objects import ApiServer
from protocol.observer import Observer
from protocol.processes import POLL, Process
from protocol.records import parsed
from protocol.subject import Change, subject
from protocol.user import User
from runai_registrar.errors import RegistrarError
from runai_registrar.resources import Registration

MOST_STEPS = 1000
"""Steps that may follow each other while no time passes but the ticks of the clock.

More are a circle: a process that turns round by itself, or two that write over each other without a pause.
"""

TOLD = 100
"""Lines of the trace that are shown of such a circle."""


class _Errors(logging.Handler):
    """Keeps what is logged as an error: a cluster that only the log speaks of is reported there."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


class Model:
    """One world. Nothing in it moves by itself: `settle` and `wait` let everything happen that is not held back."""

    def __init__(self, *changes: Change, unique: bool = False, timing: Any = None) -> None:
        self.subject = subject(*changes)
        self.clock = Clock()
        self.subject.clock.machine = self.clock  # type: ignore[attr-defined]  # the copy's clock is ours
        self.server = ApiServer(self.clock)
        self.plane = ControlPlane(self.clock, unique=unique)
        self.observer = Observer(self.server, self.plane, self.clock)
        self.timing = timing or self.subject.times.Timing()
        self.user = User(self.server, self.observer)
        self.processes: list[Process] = []
        self.held: Callable[[Call], bool] = lambda _: False
        self.observer.remembered = lambda uid: [a for p in self.processes for a in p.attempts(uid)]
        self.observer.in_hand = lambda: {uuid for p in self.processes for uuid in p.in_hand()}
        self.observer.in_flight = lambda uid: any(p.posting(uid) for p in self.processes)
        log = logging.getLogger(self.subject.alias)
        log.handlers, log.propagate = [_Errors(self.observer.errors)], False
        log.setLevel(logging.ERROR)

    def process(self, name: str = "") -> Process:
        """Start an operator process."""
        process = Process(
            name or f"P{len(self.processes)}", self.subject, self.server, self.plane, self.observer, self.timing
        )
        self.processes.append(process)
        return process

    # -- time ----------------------------------------------------------------------------------------------------------

    def settle(self, *only: Process) -> None:
        """Let everything happen that can happen at this moment (`only`: in these processes)."""
        for process in self._others(only):
            process.paused = True
        steps = iter(range(MOST_STEPS))
        while any(process.step(self.held) for process in self.processes) and next(steps, None) is not None:
            pass
        if next(steps, None) is None:
            raise AssertionError("\n".join(["it goes round in circles", *self.observer.trace[-TOLD:]]))
        for process in self.processes:
            process.paused = False

    def wait(self, seconds: float, *only: Process) -> None:
        """Let time pass, and everything happen that comes with it (`only`: in these processes)."""
        end = self.clock.seconds + seconds
        self.settle(*only)
        while self.clock.seconds < end:
            wakes = [wake for process in only or self.processes for wake in process.wakes()]
            self.advance(min([end, *wakes]) - self.clock.seconds)
            self.settle(*only)

    def _others(self, only: tuple[Process, ...]) -> list[Process]:
        return [process for process in self.processes if only and process not in only]

    def until(self, kind: str) -> None:
        """Hold back requests of this kind, and let time pass until there is one; AssertionError after ten minutes."""
        self.hold(kind)
        for _ in range(600):
            self.wait(1)
            if any(self.waiting(kind)):
                return
        raise AssertionError(f"no {kind}")

    def advance(self, seconds: float) -> None:
        """Let time pass, and nothing happen but that requests time out."""
        self.clock.seconds += max(seconds, TICK)
        for process in self.processes:
            process.expire()
        self.observer.look()

    def work(self, process: Process, uid: str) -> None:
        """Let one process look at one registration, as far as nothing is held back, and nothing else happen.

        The lists of clusters that the registration waits for belong to it.
        """
        process.queue.dirty[uid] = None
        while uid in process.queue.dirty:
            process.begin(uid)
            if not self._finish(process, uid) or not process.poller.wanted:
                return
            process.poll()
            if not self._finish(process, POLL):
                return

    def look(self, process: Process) -> None:
        """Let one process list the clusters."""
        process.poll()
        self._finish(process, POLL)

    def _finish(self, process: Process, key: str) -> bool:
        """Let one task go on as far as nothing is held back; whether it came to its end."""
        while task := next((task for task in process.tasks if task.key == key), None):
            assert task.call is not None
            if self.held(task.call):
                return False
            self.advance(task.call.due - self.clock.seconds)
            process.deliver(task, task.call)
        return True

    def hear(self, *processes: Process) -> None:
        """Let the watch of these processes bring all there is."""
        for process in processes:
            while process.behind:
                process.hear()

    # -- requests ------------------------------------------------------------------------------------------------------

    def hold(self, *kinds: str) -> None:
        """Hold back requests of these kinds from now on; without any, let all go."""
        self.held = lambda call: call.kind in kinds

    def waiting(self, kind: str) -> Iterator[tuple[Process, Task, Call]]:
        """The tasks that wait for a request of this kind."""
        for process in self.processes:
            for task, call in process.calls():
                if call.kind == kind:
                    yield process, task, call

    def arrive(self, kind: str) -> None:
        """Let every request of this kind take effect, whether somebody still waits for its answer or not."""
        calls = [call for process in self.processes for call in process.wire if call.kind == kind]
        calls += [call for _, _, call in self.waiting(kind)]
        for call in calls:
            if not call.arrived:
                self.observer.say(f"{call} arrives")
                call.arrive()
                self.observer.look()
        for process in self.processes:
            process.wire = [call for call in process.wire if not call.arrived]

    def lose(self, kind: str, *, late: bool = False) -> None:
        """Let every task that waits for a request of this kind wait in vain (`late`: it may arrive at any time)."""
        for process, task, call in list(self.waiting(kind)):
            self.observer.say(f"{process.name}: no answer to {call}")
            call.late = late
            process.lose(task)

    def refuse(self, kind: str, error: RegistrarError) -> None:
        """Let every request of this kind be refused; the answer is on its way."""
        for process, _, call in self.waiting(kind):
            self.observer.say(f"{process.name}: {call} is refused")
            call.refuse(error)

    def drop(self, kind: str) -> None:
        """Let every request of this kind that nobody waits for any more come to nothing."""
        for process in self.processes:
            process.wire = [call for call in process.wire if call.kind != kind]

    # -- what is there -------------------------------------------------------------------------------------------------

    def registration(self, uid: str) -> Registration:
        """A registration as it is."""
        return parsed(self.server.objects[uid])

    def ready(self, uid: str) -> tuple[str, str]:
        """The status and reason of its condition Ready."""
        ready = next(c for c in self.registration(uid).status.conditions if c.type == "Ready")
        return ready.status, ready.reason

    def clusters(self, maker: str | None = None) -> list[Made]:
        """The clusters that a registration (or a person) has made and that are still there."""
        return [made for made in self.plane.clusters.values() if made.maker == maker and not made.gone]

    def drain(self) -> None:
        """Finish every deletion under way."""
        for made in self.plane.clusters.values():
            if made.draining and not made.gone:
                self.observer.say(f"{made.uuid} is drained")
                made.gone = True
