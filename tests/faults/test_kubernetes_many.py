"""Very many deletions at once, and an operator that is killed in the midst of them.

A hundred registrations; three hundred with `RUNAI_REGISTRAR_TEST_LONG=1`.
"""

import os
from collections import Counter

import pytest

from faults.arena import Arena
from faults.vocabulary import DELETE, POST
from operators import until
from reliability import Recovery
from stage import LONG_AFTER, conditions

MANY = 300 if os.environ.get("RUNAI_REGISTRAR_TEST_LONG") == "1" else 100
LONG = 120.0


def ready(arena: Arena) -> int:
    """How many registrations are Ready."""
    return sum(conditions(seen).get("Ready") == ("True", "Registered") for seen in arena.registrations())


@pytest.mark.case(
    "R-32",
    injected="a hundred deletions at once (three hundred in long runs), the operator killed after a third of them",
    outcome="one DELETE each, those under way at the crash once more at most; nothing is left on either side",
)
def test_a_storm_of_deletions_with_a_crash_in_it(arena: Arena, recovery: Recovery) -> None:
    """Every cluster and every registration goes, with about one DELETE each, although the operator is killed."""
    arena.admin.settings(drainTime=1)
    first = arena.operator().wait_ready()
    for _ in range(MANY):
        arena.stage.register()
    until(lambda: ready(arena) == MANY, "all of them Ready", LONG)
    arena.admin.advance(LONG_AFTER)
    arena.house.kube.delete(arena.stage.registrations)
    until(lambda: len(arena.calls(DELETE)) >= MANY // 3, "a third of the DELETEs", LONG)
    first.kill()
    recovery.begins()
    with arena.operator():
        until(lambda: not arena.registrations(), "none left", LONG)
        recovery.ends()
        arena.wait_quiet()

    asked = Counter(call.name for call in arena.calls(DELETE))
    assert (len(asked), len(arena.calls(POST))) == (MANY, MANY)
    assert max(asked.values()) <= 2
    assert arena.admin.clusters() == []
    arena.judge()
