"""People, faults and crashes in any order, as a Hypothesis state machine over the model.

Two operator processes without leader election. Every step is judged by the observer; `rest` says what must be so once
the faults have stopped. What the review calls residual and unavoidable may happen too (a POST that commits after
settle, a cluster renamed while its creation is unclear): the observer knows such clusters, and asks for no more of them
than that they are reported where a registration can still do so.

Left out, for nothing could tell them apart: a person's cluster of the same name, domain and version within the seconds
of an unanswered creation (a twin, the residual part of cases 1 and 13). A 5xx or 429 is an answer that is lost.
"""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from protocol.calls import Call, Task
from protocol.model import Model
from protocol.people import NAMES, PICK, VERSIONS, People
from protocol.processes import Process
from protocol.rest import come_to_rest
from runai_registrar.errors import PermissionDenied, Unanswered

PROCESS = st.integers(min_value=0, max_value=1)
KINDS = st.sampled_from(["POST", "POST", "status", "DELETE", "PUT", "announce", "release", "turn"])
FATES = st.sampled_from(["lost", "late", "late", "silent", "crash", "unsent crash", "freeze"])
PATIENCE = 4
"""Seconds in which a process may come as far as a request: lists of clusters are a second apart."""

Move = tuple[Callable[..., None], *tuple[Any, ...]]


class Registering(People):
    """All rules."""

    @initialize(unique=st.booleans(), name=NAMES, version=VERSIONS, how=st.none() | FATES)
    def begin(self, unique: bool, name: str, version: str | None, how: str | None) -> None:  # noqa: FBT001 - drawn
        """Two processes, and one registration; its first POST may already go astray."""
        self.model = Model(*self.changes, unique=unique)
        self.model.observer.twins = True
        self.model.process()
        self.model.process()
        self.create(name, "a", version)
        if how is not None:
            self.interrupt(0, "POST", how)

    # -- requests ------------------------------------------------------------------------------------------------------

    @rule(process=PROCESS, pick=PICK, late=st.booleans())
    def lose(self, process: int, pick: int, late: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        """An answer is lost, or the request with it; or the request takes effect at any time."""
        self._lost(process, self._open(process), pick, late=late)

    @rule(
        process=PROCESS,
        kind=KINDS,
        how=FATES,
    )
    def interrupt(self, process: int, kind: str, how: str) -> None:
        """A process comes as far as such a request: it or its answer is lost, or the process stops before or after."""
        calls = self._reach(process, kind)
        if calls and how in ("silent", "crash"):
            self._arrive(calls[0][1])
        if calls and how in ("lost", "late", "silent"):
            self._lost(process, calls, 0, late=how == "late")
        elif calls and how == "freeze":
            self.hang(process, "frozen", begins=True)
        elif calls:
            self.crash(process)

    @precondition(lambda self: any(process.wire for process in self.model.processes))
    @rule(pick=PICK, after=st.sampled_from([0.0, 40.0, 80.0]))
    def land(self, pick: int, after: float) -> None:
        """A request that nobody waits for any more takes effect, now or some time later."""
        self.model.wait(after)
        calls = [(process, call) for process in self.model.processes for call in process.wire]
        if calls:
            process, call = calls[pick % len(calls)]
            process.wire.remove(call)
            self._arrive(call)

    @precondition(lambda self: any(self._sent(process) for process in (0, 1)))
    @rule(process=PROCESS)
    def refuse(self, process: int) -> None:
        """The control plane refuses a request."""
        for call in self._sent(process):
            self.model.observer.say(f"P{process}: {call} is refused")
            call.refuse(PermissionDenied("no", status=403))

    @precondition(lambda self: any(self._sent(process) for process in (0, 1)))
    @rule(process=PROCESS, pick=PICK, how=st.sampled_from(["unreadable", "foreign", "known"]))
    def garble(self, process: int, pick: int, how: str) -> None:
        """A POST takes effect, and its 201 cannot be read, is of another tenant, or shows a cluster of old."""
        old = [made for made in self._cluster(pick) if self.model.clock.seconds - made.created > 30]
        for call in self._sent(process):
            if call.kind == "POST":
                self.model.observer.say(f"P{process}: {call} is answered with what is {how}")
                self._arrive(call)
                if how == "unreadable":
                    call.garble(None, Unanswered("unreadable", status=201))
                elif how == "foreign" and call.answer[0]:
                    call.garble(call.answer[0].model_copy(update={"tenant_id": 2002}))
                elif how == "known" and old:
                    call.garble(old[0].shown())

    # -- the operator --------------------------------------------------------------------------------------------------

    @rule(process=PROCESS, pick=PICK)
    def move(self, process: int, pick: int) -> None:
        """One process makes one of the moves it can make."""
        moves = self._moves(self.model.processes[process])
        if moves:
            act, *arguments = moves[pick % len(moves)]
            act(*arguments)

    @rule(process=PROCESS, times=st.integers(2, 12))
    def run(self, process: int, times: int) -> None:
        """One process makes some moves in their order."""
        for _ in range(times):
            self.model.processes[process].step(lambda _: False)

    @rule(process=PROCESS, kind=KINDS)
    def reach(self, process: int, kind: str) -> None:
        """A process comes as far as such a request, and no further."""
        self._reach(process, kind)

    @rule(process=PROCESS)
    def settle(self, process: int) -> None:
        """All that can happen now happens in one process."""
        self.model.settle(self.model.processes[process])

    @rule(seconds=st.sampled_from([0.5, 4.0, 11.0, 29.0]))
    def stall(self, seconds: float) -> None:
        """Time passes while nothing moves."""
        self.model.observer.say(f"{seconds} s pass")
        self.model.advance(seconds)

    @rule(process=PROCESS, seconds=st.sampled_from([1.0, 12.0, 61.0, 310.0]))
    def wait(self, process: int, seconds: float) -> None:
        """Time passes, and all goes on in one process."""
        self.model.wait(seconds, self.model.processes[process])

    @rule(process=PROCESS)
    def crash(self, process: int) -> None:
        """A process crashes and starts anew."""
        self.model.observer.say(f"P{process} crashes")
        self.model.processes[process].crash()
        self.model.processes[process].start()

    @rule(process=PROCESS, what=st.sampled_from(["frozen", "stale"]), begins=st.booleans())
    def hang(self, process: int, what: str, begins: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
        """A process freezes or thaws; its watch stalls or goes on."""
        setattr(self.model.processes[process], what, begins)
        self.model.observer.say(f"P{process} {what}: {begins}")

    @invariant()
    def holds(self) -> None:
        """No invariant is broken."""
        if hasattr(self, "model"):
            self.model.observer.look()

    def teardown(self) -> None:
        """Without further faults all comes to a good end, and then nothing is written or asked for any more."""
        if hasattr(self, "model") and not self.model.observer.found:
            come_to_rest(self.model)

    # -- choices -------------------------------------------------------------------------------------------------------

    def _moves(self, process: Process) -> list[Move]:
        if process.frozen:
            return []
        calls = process.open_calls()
        moves: list[Move] = [(process.hear,)] if process.behind and not process.stale else []
        moves += [(self._arrive, call) for _, call in calls if not call.arrived]
        moves += [(process.answer, task) for task, call in calls if call.arrived]
        if not process.listing:
            moves += [(process.begin, key) for key in process.ready()]
        return moves

    def _lost(self, process: int, calls: list[tuple[Task, Call]], pick: int, *, late: bool) -> None:
        if calls and not self.model.processes[process].frozen:
            task, call = calls[pick % len(calls)]
            self.model.observer.say(f"P{process}: no answer to {call}{', which may come late' if late else ''}")
            call.late = late
            self.model.processes[process].lose(task)

    def _reach(self, process: int, kind: str) -> list[tuple[Task, Call]]:
        it = self.model.processes[process]
        for _ in range(PATIENCE):
            while it.step(lambda call: call.kind == kind):
                pass
            if it.frozen or any(call.kind == kind for _, call in it.calls()):
                break
            self.model.advance(1.0)
        return [] if it.frozen else [(task, call) for task, call in it.open_calls() if call.kind == kind]

    def _open(self, process: int) -> list[tuple[Task, Call]]:
        return self.model.processes[process].open_calls()

    def _sent(self, process: int) -> list[Call]:
        """Its POST, PUT or DELETE that is on the way."""
        calls = [call for _, call in self.model.processes[process].calls()]
        return [call for call in calls if call.kind in ("POST", "PUT", "DELETE") and not call.arrived]

    def _arrive(self, call: Call) -> None:
        if call.arrived:
            return  # it takes effect once
        self.model.observer.say(f"{call} arrives")
        call.arrive()
        self.model.observer.look()
