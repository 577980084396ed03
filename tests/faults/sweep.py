"""The crash sweep: a reference run yields every boundary, and at each an operator is killed in a run of its own.

The reference is a run without a crash. Its boundaries are each request to either side, from what a user does until
nothing is written any more: before it is sent, after it is carried out, after it is answered. At each of them the
operator gets SIGKILL; another one is started, must come to the reference's end, write nothing more, and have broken no
invariant. None is left out: a run that does not pass its boundary is played again, and is wrong if it never does. Only
looks and counts may be missing, of which a run has more or fewer as time falls.

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

HOUSES = 12
"""How many runs are played at once."""

TRIES = 4
"""How often a run is played whose operator has not passed the boundary: requests of the same kind may change places."""

LONG = bool(os.environ.get("RUNAI_REGISTRAR_TEST_LONG"))
"""Whether operators are killed twice, too."""

Crashes = tuple[Boundary, ...]


@dataclass(frozen=True)
class Outcome:
    """What the sweep through one flow has shown.

    Attributes:
        boundaries: Where the reference run could be interrupted.
        runs: How many runs there were with a crash, or with two.
        found: What was wrong with them, run by run.
    """

    boundaries: Sequence[Boundary]
    runs: int
    found: Sequence[str]

    @property
    def passed(self) -> set[str]:
        """The kinds of requests that the reference run made."""
        return {boundary.what for boundary in self.boundaries}

    def require(self, flow: Flow) -> None:
        """AssertionError unless the reference was the flow that was meant, and every run ended like it."""
        assert flow.passes <= self.passed, f"the reference made no {', '.join(flow.passes - self.passed)}"
        assert self.runs >= len(self.boundaries)
        assert not self.found, f"{len(self.found)} of {self.runs} runs\n" + "\n\n".join(self.found)


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
        plans: list[Crashes] = [*once]
        first = self._all(flow, once, reference.end)
        found = [result for result in first if isinstance(result, str)]
        if LONG and flow.twice:
            plans += [
                (*plan, boundary)
                for plan, run in zip(once, first, strict=True)
                if isinstance(run, Run)
                for boundary in run.distinct
            ]
            second = self._all(flow, plans[len(once) :], reference.end)
            found += [result for result in second if isinstance(result, str)]
        return Outcome(chosen, len(plans), found)

    def _all(self, flow: Flow, plans: Sequence[Crashes], reference: Object) -> list[Run | str | None]:
        return list(self._players.map(lambda plan: self._try(flow, plan, reference), plans))

    def _try(self, flow: Flow, plan: Crashes, reference: Object) -> Run | str | None:
        """Play a run until its crashes have come about; where something was wrong, what it was; None if never."""
        where = f"{flow}, killed at {' and at '.join(map(str, plan))}"
        for _ in range(TRIES):
            try:
                return self._play(flow, plan, reference)
            except NotReached:
                continue
            except AssertionError as error:
                return f"{where}:\n{error}"
        return f"{where}: never reached in {TRIES} runs" if all(each.certain for each in plan) else None

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
