"""People, faults and crashes in any order: every invariant holds at every step, and afterwards all comes to rest.

Without `RUNAI_REGISTRAR_TEST_RUNS` the same few hundred runs are made each time; with it so many new ones. A failure is
printed as the calls that lead to it, with the trace of the model and a blob to replay it by.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from protocol.machine import Registering

ASKED = os.environ.get("RUNAI_REGISTRAR_TEST_RUNS")
RUNS = int(ASKED or "400")
STEPS = 30


@pytest.mark.case(
    "R-11",
    injected="people, faults, crashes, freezes in any order, against the real core, 400 times (long form: 20,000)",
    outcome="no invariant is broken at any step; then all comes to rest",
)
@pytest.mark.case(
    "R-12",
    injected="people, faults, crashes, freezes in any order, against the real core, 400 times (long form: 20,000)",
    outcome="no invariant is broken at any step; then all comes to rest",
)
def test_registering() -> None:
    """No invariant is broken, whatever happens in whatever order, and afterwards all comes to rest."""
    chosen = settings(
        max_examples=RUNS,
        stateful_step_count=STEPS,
        deadline=None,
        print_blob=True,
        derandomize=ASKED is None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Registering, settings=chosen)
