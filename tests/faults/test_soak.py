"""Many registrations, names that the control plane does not keep unique, and an operator that dies every few seconds.

This is where the tools of today make clusters twice, or lose them. `RUNAI_REGISTRAR_TEST_LONG=1` plays 2,000
registrations and a crash every 6 s, else it is 300 with one every 1.5 s.
"""

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from faults.arena import Arena
from kube import Kube, Object
from operators import until
from reliability import Recovery
from stage import conditions

LONG = bool(os.environ.get("RUNAI_REGISTRAR_TEST_LONG"))
MANY, PAUSE = (2000, 6.0) if LONG else (300, 1.5)
PATIENCE = 900.0 if LONG else 180.0


class Mortal:
    """An operator that is killed again and again, at moments that nobody chooses, and started anew each time."""

    def __init__(self, arena: Arena) -> None:
        self._arena, self._over = arena, threading.Event()
        self.operator = arena.operator().wait_ready()
        self.deaths = 0
        self._thread = threading.Thread(target=self._live)

    def _live(self) -> None:
        while not self._over.wait(PAUSE):
            self.operator.kill()
            self.deaths += 1
            self.operator = self._arena.operator()

    @contextmanager
    def dying(self) -> Iterator[None]:
        """Kill it every few seconds inside the block; one that is well is left behind."""
        self._over.clear()
        self._thread = threading.Thread(target=self._live)
        self._thread.start()
        yield
        self._over.set()
        self._thread.join()
        self.operator.wait_ready()


def registrations(kube: Kube, arena: Arena) -> list[Object]:
    """All registrations of the arena as they are now."""
    return kube.items(arena.stage.registrations)


@pytest.mark.case(
    "R-01",
    injected="SIGKILL every few seconds while hundreds of clusters are made whose names are not unique",
    outcome="as many clusters as registrations, each held by one",
)
@pytest.mark.case(
    "R-32",
    injected="SIGKILL every few seconds while all of them are deleted",
    outcome="no cluster is left, and none is asked for more often than there were operators",
)
def test_nothing_is_doubled_or_leaked(arena: Arena, kube: Kube, recovery: Recovery) -> None:
    """However often the operator dies, there is one cluster for each registration, and none when all are deleted."""
    arena.admin.settings(uniqueNames=False, drainTime=1)
    mortal = Mortal(arena)
    made = [arena.stage.known(f"gpu-{number:04}") for number in range(MANY)]
    with mortal.dying():
        for each in made:
            kube.create(arena.stage.registrations, arena.stage.manifest(each.name))
        time.sleep(PAUSE)
    recovery.begins()
    until(lambda: all(_ready(each) for each in registrations(kube, arena)), "all Ready", PATIENCE)
    recovery.ends()
    assert len(arena.admin.clusters()) == MANY
    arena.judge()

    with mortal.dying():
        kube.delete(arena.stage.registrations)
        time.sleep(2 * PAUSE)
    until(lambda: not registrations(kube, arena), "all gone", PATIENCE)
    assert arena.admin.clusters() == []
    arena.judge()
    assert mortal.deaths >= 2, "it hardly died, which proves little"
    asked = Counter(call.path for call in arena.admin.journal(operation="delete_cluster"))
    assert max(asked.values()) <= mortal.deaths + 2
    posted = Counter(json.loads(call.body)["name"] for call in arena.admin.journal(operation="create_cluster"))
    print(f"{mortal.deaths} deaths; {sum(posted.values())} POSTs for {MANY} clusters")  # noqa: T201  # for -rP


def _ready(seen: Object) -> bool:
    return conditions(seen).get("Ready", ("", ""))[0] == "True"
