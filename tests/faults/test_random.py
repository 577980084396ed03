"""Random runs on the real servers: users, faults, crashes and freezes from a seed; then all must come to rest.

`RUNAI_REGISTRAR_TEST_SEED=…` replays a run that failed, by the seed and the turns that it printed; everything else
follows from the seed. `RUNAI_REGISTRAR_TEST_LONG=1` plays more and longer runs, of seeds that nobody has chosen.
"""

import os
import random
from functools import partial

import pytest

from faults.arena import Arena
from faults.checkers import idle_writes
from faults.weather import Weather
from operators import until
from reliability import Recovery
from stage import Registration, conditions

LONG = bool(os.environ.get("RUNAI_REGISTRAR_TEST_LONG"))
RUNS, TURNS = (12, 150) if LONG else (3, 30)
PATIENCE = 120.0
HELD_ON_PURPOSE = {"DeletionBlocked", "CreateAmbiguous"}
ASKED = os.environ.get("RUNAI_REGISTRAR_TEST_SEED")
"""`SEED/TURNS` of a run that failed, as it has said at its beginning."""


def runs() -> list[tuple[int, int]]:
    """Seed and turns of each run: what is asked for; in the long form new seeds; else 0, 1, 2."""
    if ASKED:
        seed, _, turns = ASKED.partition("/")
        return [(int(seed), int(turns or TURNS))]
    return [(random.SystemRandom().randrange(10**6) if LONG else number, TURNS) for number in range(RUNS)]


def at_rest(some: Registration) -> bool:
    """Whether a registration has come to an end: Ready or Stalled, and gone (or blocked, with a reason) if deleted."""
    if (seen := some.find()) is None:
        return True
    said = conditions(seen)
    stalled = said.get("Stalled", ("False", ""))
    if "deletionTimestamp" in seen["metadata"]:
        return stalled[0] == "True" and stalled[1] in HELD_ON_PURPOSE
    return stalled[0] == "True" or said.get("Ready", ("False", ""))[0] == "True"


def come_to_rest(weather: Weather, what: str) -> None:
    """Wait until every registration has come to an end; AssertionError with the diary if one does not."""
    arena = weather.arena
    story = "\n".join(weather.diary)
    for each in weather.registrations.values():
        until(partial(at_rest, each), f"{what}: {each.name} at rest, after:\n{story}", PATIENCE)
    arena.wait_quiet(2)
    since = arena.journal.moment
    arena.wait_polls(2)
    assert idle_writes(arena.journal.calls(since=since)) == [], story


@pytest.mark.case(
    "R-42",
    injected="watches end with 410 or fall silent amid other faults, at random",
    outcome="nothing is doubled or lost; all come to rest, and then nothing is written",
)
@pytest.mark.parametrize("number", range(1 if ASKED else RUNS))
def test_all_come_to_rest_after_bad_weather(arena: Arena, number: int, recovery: Recovery) -> None:
    """Whatever has happened, in the end each registration is Ready, says what a person must do, or is properly gone."""
    seed, turns = runs()[number]
    print(f"RUNAI_REGISTRAR_TEST_SEED={seed}/{turns} plays this again; unique names: {seed % 2 == 0}")  # noqa: T201  # shown with a failure
    weather = Weather(arena, seed)
    arena.admin.settings(uniqueNames=seed % 2 == 0, drainTime=0.5)
    for _ in range(turns):
        weather.turn()
    weather.clears()
    recovery.begins()
    come_to_rest(weather, "after the weather")
    recovery.ends()
    arena.judge(ambiguous=True)

    for each in weather.registrations.values():
        if each.find() is not None:
            each.delete()
    come_to_rest(weather, "after all were deleted")
    arena.judge(ambiguous=True)
