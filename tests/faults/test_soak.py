"""Many registrations, names that the control plane does not keep unique, and an operator that dies all the time.

This is where the tools of today make clusters twice, or lose them. The operator dies for as long as anything is left to
do: 200 registrations, and a life ends when it has announced or let go of 25 to 50 of them, however fast the machine
is. With `RUNAI_REGISTRAR_TEST_LONG=1` it is 2,000, and a life ends 6 s after the first one.
"""

import os
import random
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from faults.arena import Arena
from faults.vocabulary import WRITE_1
from kube import Kube, Object
from operators import until
from reliability import Recovery
from stage import conditions

LONG = bool(os.environ.get("RUNAI_REGISTRAR_TEST_LONG"))
MANY, DEATHS = (2000, (10, 2)) if LONG else (200, (3, 3))
"""Registrations, and how often the operator dies at least: while they are made, and while they are deleted.

An operator that starts amid many deletions asks for each of them before it lets go of the first.
"""
PATIENCE = 900.0 if LONG else 300.0
LIFE, DEEDS = (6.0, (1, 1)) if LONG else (0.0, (25, 50))
"""A life ends so many seconds after so many registrations were announced or let go."""
LATENCY, PACE = 0.05, 25
"""Seconds for an answer of the control plane, and how many requests a second it is asked."""


class Mortal:
    """An operator that is killed again and again, at moments that nobody chooses, and started anew each time."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self.operator = arena.operator().wait_ready()
        self._life = Future[int]()

    def _live(self, over: threading.Event) -> int:
        """Die until it is over: how often."""
        deaths = 0
        while self._lived(over, self._arena.journal.moment):
            self.operator.kill()
            deaths += 1
            self.operator = self._arena.operator()
        return deaths

    def _lived(self, over: threading.Event, since: int) -> bool:
        """Wait until it has lived long enough; False if all is over before."""
        enough = random.randint(*DEEDS)  # noqa: S311  # a choice, no secret
        while not over.wait(0.05):
            if sum(WRITE_1(call) for call in self._arena.journal.calls(since=since)) >= enough:
                return not over.wait(LIFE)
        return False

    def goes_on(self) -> bool:
        """True; whatever keeps it from dying and living again is raised here."""
        return not self._life.done() or self._life.result() >= 0

    @contextmanager
    def dying(self, deaths: list[int]) -> Iterator[None]:
        """Kill it again and again inside the block, and count that; one that is well is left behind."""
        over = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            self._life = pool.submit(self._live, over)
            try:
                yield
            finally:
                over.set()
        deaths.append(self._life.result())
        self.operator.wait_ready()


def registrations(kube: Kube, arena: Arena) -> list[Object]:
    """All registrations of the arena as they are now."""
    return kube.items(arena.stage.registrations)


@pytest.mark.case(
    "R-01",
    injected="SIGKILL again and again, to the last one, while 200 clusters (or 2,000) of names not unique are made",
    outcome="as many clusters as registrations, each held by one",
)
@pytest.mark.case(
    "R-32",
    injected="SIGKILL again and again, to the last one, while all of them are deleted",
    outcome="no cluster is left, and none is asked for more often than there were operators",
)
def test_nothing_is_doubled_or_leaked(arena: Arena, kube: Kube, recovery: Recovery) -> None:
    """However often the operator dies, there is one cluster for each registration, and none when all are deleted."""
    arena.admin.settings(uniqueNames=False, drainTime=1, latency=LATENCY)
    arena.control_plane.change(requestsPerSecond=PACE)
    mortal, deaths = Mortal(arena), list[int]()
    made = [arena.stage.known(f"gpu-{number:04}") for number in range(MANY)]
    with mortal.dying(deaths):
        for each in made:
            kube.create(arena.stage.registrations, arena.stage.manifest(each.name))
        until(lambda: mortal.goes_on() and all(map(_ready, registrations(kube, arena))), "all Ready", PATIENCE)
    arena.judge()
    found = Counter(each["status"]["origin"] for each in registrations(kube, arena))
    assert len(arena.admin.clusters()) == MANY

    with mortal.dying(deaths):
        kube.delete(arena.stage.registrations)
        until(lambda: mortal.goes_on() and not registrations(kube, arena), "all gone", PATIENCE)
    recovery.begins()
    arena.wait_quiet()
    recovery.ends()
    arena.judge()
    assert arena.admin.clusters() == []
    asked = Counter(call.path for call in arena.admin.journal(operation="delete_cluster"))
    posted = arena.admin.counts()["create_cluster"]
    print(f"{deaths} deaths; {dict(found)}; {posted} POSTs for {MANY} clusters, {asked.total()} DELETEs")  # noqa: T201  # for -rP
    assert max(asked.values()) <= deaths[1] + 1
    assert all(map(int.__ge__, deaths, DEATHS)), "it hardly died, which proves little"
    assert found["Recovered"] or not LONG, "it never died between a POST and its record, which proves little"


def _ready(seen: Object) -> bool:
    return conditions(seen).get("Ready", ("", ""))[0] == "True"
