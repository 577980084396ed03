"""The crash sweep: a reference run yields every boundary, and at each an operator is killed in a run of its own.

The reference is a run without a crash. Its boundaries are each request to either side, from what a user does until
nothing is written any more: before it is sent, after it is carried out, after it is answered. At each of them the
operator gets SIGKILL; another one is started, must come to the reference's end, write nothing more, and have broken no
invariant. None is left out: a run that does not pass its boundary is played again, and is wrong if it never does. Only
looks and counts may be missing, of which a run has more or fewer as time falls: they are named, and few.

In the bounded form reads count once, before they are sent, because they change nothing: about 130 runs. With
`RUNAI_REGISTRAR_TEST_LONG=1` all three points of each are tried, about 230 runs; and the second operator of each run is
killed, too, for creations and graceful deletions, at every boundary between its start and rest: about 1700 runs more.

Runs are played side by side in several houses, because they mostly wait.
"""

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from faults.arena import FaultyHouse
from faults.boundaries import Boundary
from faults.flows import Flow
from faults.nursery import Nursery
from faults.trials import NotReached, Run, Trial
from kube import Kube, Object
from reliability import Recovery

HOUSES = 12
"""How many runs are played at once."""

TRIES = 4
"""How often a run is played whose operator has not passed the boundary: requests of the same kind may change places."""

LONG = bool(os.environ.get("RUNAI_REGISTRAR_TEST_LONG"))
"""Whether operators are killed twice, too."""

MISSED = 0.1
"""Which part of the boundaries of a sweep no run need pass, all of them looks or counts."""

Crashes = tuple[Boundary, ...]


@dataclass(frozen=True)
class Missed:
    """Where no operator could be killed, because no run made that request."""

    where: str


@dataclass(frozen=True)
class Outcome:
    """What the sweep through one flow has shown.

    Attributes:
        boundaries: Where the reference run could be interrupted.
        runs: Those whose operators were killed where they were to be, and that ended like the reference.
        missed: What was left out.
        found: What was wrong with the others, run by run.
    """

    boundaries: Sequence[Boundary]
    runs: Sequence[Run]
    missed: Sequence[Missed]
    found: Sequence[str]

    @classmethod
    def of(cls, chosen: Sequence[Boundary], results: Sequence["Run | Missed | str"]) -> Self:
        """Count the results of all plans."""
        runs = [each for each in results if isinstance(each, Run)]
        missed = [each for each in results if isinstance(each, Missed)]
        return cls(chosen, runs, missed, [each for each in results if isinstance(each, str)])

    @property
    def passed(self) -> set[str]:
        """The kinds of requests that the reference run made."""
        return {boundary.what for boundary in self.boundaries}

    def require(self, flow: Flow, recovery: Recovery) -> None:
        """AssertionError unless the reference was the flow that was meant, and every run ended like it.

        What was missed is printed, and must be little. The slowest recovery is what counts.
        """
        recovery.took(max((run.seconds for run in self.runs), default=0.0))
        print(f"{flow}: {len(self.runs)} runs; left out:", *self.missed, sep="\n  ")  # noqa: T201  # for -rP
        total = len(self.runs) + len(self.missed) + len(self.found)
        assert flow.passes <= self.passed, f"the reference made no {', '.join(flow.passes - self.passed)}"
        assert total >= len(self.boundaries) > 0
        assert not self.found, f"{len(self.found)} of {total} runs\n" + "\n\n".join(self.found)
        assert len(self.missed) <= MISSED * total, f"{len(self.missed)} of {total} boundaries were never reached"


Outcomes = dict[Flow, Future[Outcome]]


class Sweep:
    """Plays runs of flows, several at once.

    Args:
        kube: The API server for all of them.
        folder: For logs.
    """

    def __init__(self, kube: Kube, folder: Path) -> None:
        self._kube, self._folder = kube, folder
        self._houses: SimpleQueue[FaultyHouse] = SimpleQueue()
        self._numbers = count()
        self._open = ExitStack()
        self._nursery = self._open.enter_context(Nursery())
        self._players = ThreadPoolExecutor(HOUSES)
        self._sweepers = ThreadPoolExecutor()
        for _ in range(HOUSES):
            self._houses.put(self._open.enter_context(self._house()))

    def begin(self, flows: Iterable[Flow]) -> Outcomes:
        """Begin to sweep through some flows, side by side."""
        return {flow: self._sweepers.submit(self._sweep, flow) for flow in flows}

    def _sweep(self, flow: Flow) -> Outcome:
        reference = self._players.submit(self._play, flow).result()
        chosen = reference.boundaries if LONG else reference.distinct
        once = [(boundary,) for boundary in chosen]
        results = self._all(flow, once, reference.end)
        if LONG and flow.twice:
            twice = [
                (*plan, boundary)
                for plan, run in zip(once, results, strict=True)
                if isinstance(run, Run)
                for boundary in run.distinct
            ]
            results += self._all(flow, twice, reference.end)
        return Outcome.of(chosen, results)

    def _all(self, flow: Flow, plans: Sequence[Crashes], reference: Object) -> list[Run | Missed | str]:
        return list(self._players.map(lambda plan: self._try(flow, plan, reference), plans))

    def _try(self, flow: Flow, plan: Crashes, reference: Object) -> Run | Missed | str:
        """Play a run until its crashes have come about; where something was wrong, or they never came, what it was."""
        where = f"{flow}, killed at {' and at '.join(map(str, plan))}"
        for _ in range(TRIES):
            try:
                return self._play(flow, plan, reference)
            except NotReached:
                continue
            except AssertionError as error:
                return f"{where}:\n{error}"
        said = f"{where}: never reached in {TRIES} runs"
        return said if all(each.certain for each in plan) else Missed(said)

    def _play(self, flow: Flow, plan: Crashes = (), reference: Object | None = None) -> Run:
        house = self._houses.get()
        folder = self._folder / f"{next(self._numbers)}"
        folder.mkdir()
        try:
            with Trial(house, self._nursery, folder) as trial:
                try:
                    return trial.play(flow, plan, reference)
                except AssertionError as error:
                    raise AssertionError("\n".join([str(error), *trial.logs])) from None
        finally:
            self._houses.put(house)

    @contextmanager
    def _house(self) -> Iterator[FaultyHouse]:
        folder = self._folder / f"house-{secrets.token_hex(2)}"
        folder.mkdir()
        with Kube(self._kube.server) as kube:
            house = FaultyHouse(kube, folder)
            yield house
            house.close()
            kube.delete(f"/api/v1/namespaces/{house.namespace}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._players.shutdown(cancel_futures=True)
        self._sweepers.shutdown(cancel_futures=True)
        self._open.close()
