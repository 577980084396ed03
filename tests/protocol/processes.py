"""One operator process: the real `World`, `Reconciler` and `Apply` on modelled ports, moved one request at a time."""

from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any

from protocol.calls import TIMEOUT, Call, Task
from protocol.clusters import ControlPlane
from protocol.objects import ApiServer
from protocol.observer import Observer
from protocol.ports import INTERVAL, ClientPort, FleetPort, KubePort, PollerPort, QueuePort, lost
from protocol.subject import Subject
from runai_registrar.errors import RegistrarError
from runai_registrar.resources import CreateAttempt

POLL = "poll"
RETRY = 1.0


class Process:
    """What one process knows and does. `stale`: its watch brings nothing; `frozen`: it does nothing at all."""

    def __init__(
        self, name: str, subject: Subject, server: ApiServer, plane: ControlPlane, observer: Observer, timing: Any
    ) -> None:
        self.name = name
        self._subject, self._server, self._plane = subject, server, plane
        self._observer, self._timing = observer, timing
        self.wire: list[Call] = []
        self.alive = self.stale = self.frozen = self.paused = False
        self.start()

    def start(self) -> None:
        """Begin with nothing remembered: list the registrations, then look at each."""
        self.tasks: list[Task] = []
        self.working = ""
        client = ClientPort(self._plane, self._observer, self._request, lambda: self.working)
        self.poller = PollerPort(self._subject, self._plane, self._request, client)
        kube = KubePort(self._server, self._observer, self._request)
        self.queue = QueuePort(self._seconds)
        self.world = self._subject.world.World(kube, FleetPort(self._subject, self.poller))
        self._reconciler = self._subject.reconcile.Reconciler(self.world, self._timing)
        self.seen = len(self._server.events)
        self.next_poll = self._seconds()
        self.alive, self.frozen = True, False
        self._at_once(self.world.list_live(self._subject.clock.now()))
        self.world.start(self.queue)

    def crash(self) -> None:
        """End at this instruction; what is on its way stays on its way."""
        for task in self.tasks:
            if task.call is not None and not task.call.arrived and not task.call.inner:
                self.wire.append(task.call)
            task.kill()
        self.tasks.clear()
        self.alive = False

    # -- single moves --------------------------------------------------------------------------------------------------

    def hear(self) -> None:
        """Take in the next event of the watch."""
        event = self._server.events[self.seen]
        self.seen += 1
        if event.deleted:
            self.world.lose(event.body["metadata"]["uid"])
        else:
            self.world.see(event.body)

    def begin(self, key: str) -> None:
        """Look at one registration, as far as the first request."""
        del self.queue.dirty[key]
        self._run(Task(key, self._reconciler.reconcile(key)))

    def poll(self) -> None:
        """Begin a list of clusters."""
        self.next_poll = self._seconds() + INTERVAL
        self._run(Task(POLL, self.poller.look()))

    def list_live(self) -> None:
        """List the registrations, as it does from time to time."""
        self._at_once(self.world.list_live(self._subject.clock.now()))

    def answer(self, task: Task) -> None:
        """Bring a task the answer to its request."""
        assert task.call is not None
        self._run(task, task.call.answer)

    def lose(self, task: Task) -> None:
        """Let a task wait in vain; its request may still arrive."""
        call = task.call
        assert call is not None
        if not call.arrived and not call.inner:
            self.wire.append(call)
        self._run(task, call.nothing)

    # -- what there is to do -------------------------------------------------------------------------------------------

    def calls(self) -> Iterator[tuple[Task, Call]]:
        """The tasks that wait, each with its request."""
        for task in self.tasks:
            if task.call is not None:
                yield task, task.call

    def open_calls(self) -> list[tuple[Task, Call]]:
        """Those that may be answered now; while it lists registrations, nothing else is (the engine has a lock)."""
        now, listing = self._seconds(), self.listing
        return [(task, call) for task, call in self.calls() if call.due <= now and listing in (False, _lists(call))]

    def ready(self) -> list[str]:
        """The registrations in line that nobody works on, in an order that does not hang on the hashes of strings."""
        self.queue.ring()
        busy = {task.key for task in self.tasks}
        return sorted(key for key in self.queue.dirty if key not in busy)

    @property
    def listing(self) -> bool:
        """Whether it waits for a list of registrations."""
        return any(_lists(call) for _, call in self.calls())

    @property
    def behind(self) -> bool:
        """Whether its watch has more to bring."""
        return self.seen < len(self._server.events)

    def step(self, held: Callable[[Call], bool]) -> bool:
        """Do one thing that can be done now, in a fixed order; False where there is none."""
        if not self.alive or self.frozen or self.paused:
            return False
        if self.behind and not self.stale:
            self.hear()
            return True
        for task, call in self.open_calls():
            if not held(call):
                self.deliver(task, call)
                return True
        return not self.listing and self._start_something()

    def deliver(self, task: Task, call: Call) -> None:
        """Let a request arrive and be answered."""
        if not call.arrived:
            if task.key != POLL and not call.inner:
                self._observer.say(f"{self.name}: {call}")
            call.arrive()
            self._observer.look()
        self.answer(task)

    def expire(self) -> None:
        """Give up requests that take too long; only what is `late` may still arrive."""
        now = self._seconds()
        for task, call in list(self.calls()):
            if now - call.sent >= TIMEOUT and not self.frozen and call.kind != "pause":
                self._observer.say(f"{self.name}: no answer to {call}")
                self.lose(task)
        self.wire = [call for call in self.wire if call.late or now - call.sent < TIMEOUT]

    def wakes(self) -> Iterable[float]:
        """The moments at which it has something to do without being asked."""
        if not self.alive or self.frozen:
            return []
        deadlines = [call.due if call.kind == "pause" else call.sent + TIMEOUT for _, call in self.calls()]
        return [self.next_poll, *self.queue.timers.values(), *deadlines]

    # -- what it remembers ---------------------------------------------------------------------------------------------

    def attempts(self, uid: str) -> list[CreateAttempt]:
        """The attempt that it holds in memory for a registration."""
        entry = self.world.registrations.entries.get(uid) if self.alive else None
        return [entry.memory.attempt] if entry and entry.memory.attempt else []

    def in_hand(self) -> set[str]:
        """The uuids that it alone knows: in memory, or in an answer on its way to it."""
        if not self.alive:
            return set()
        memories = [entry.memory for entry in self.world.registrations.entries.values()]
        answers = [memory.answer for memory in memories if memory.answer is not None]
        answers += [call.answer[0] for _, call in self.calls() if call.kind == "POST" and call.arrived]
        return {cluster.uuid for cluster in answers if cluster is not None}

    def posting(self, uid: str) -> bool:
        """Whether a POST for a registration is on its way to the control plane."""
        waiting = [call for _, call in self.calls()]
        return any(
            call.kind == "POST" and call.owner == uid and not call.arrived and not call.late
            for call in (*waiting, *self.wire)
        )

    def _start_something(self) -> bool:
        ready = self.ready()
        if ready:
            self.begin(ready[0])
        elif (self.poller.wanted or self._seconds() >= self.next_poll) and all(task.key != POLL for task in self.tasks):
            self.poll()
        else:
            return False
        return True

    def _run(self, task: Task, answer: tuple[Any, RegistrarError | None] = (None, None)) -> None:
        if task not in self.tasks:
            self.tasks.append(task)
        self.working = task.key
        task.resume(answer)
        if task.ended:
            self.tasks.remove(task)
            if task.error is not None and task.key != POLL:
                self.queue.add(task.key, after=RETRY)

    def _request(self, kind: str, effect: Callable[[], Any]) -> Call:
        return Call(kind, self.working, effect, lost(kind), self._seconds())

    def _seconds(self) -> float:
        seconds: float = self._subject.clock.machine.seconds
        return seconds

    def _at_once(self, coroutine: Coroutine[Call, Any, Any]) -> None:
        task = Task("", coroutine)
        task.resume()
        while task.call is not None:
            task.call.arrive()
            task.resume(task.call.answer)


def _lists(call: Call) -> bool:
    return call.kind == "registrations"
