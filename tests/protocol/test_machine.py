"""People, faults and crashes in any order: every invariant holds at every step, and afterwards all comes to rest.

Without `RUNAI_REGISTRAR_TEST_RUNS` the same few hundred runs are made each time; with it so many new ones. A failure is
printed as the calls that lead to it, with the trace of the model and a blob to replay it by.
"""

import os
import re

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from protocol.machine import Registering
from protocol.subject import Change
from protocol.test_mutations import MUTATIONS

ASKED = os.environ.get("RUNAI_REGISTRAR_TEST_RUNS")
RUNS = int(ASKED or "400")
STEPS = 30
ENOUGH = 1000
"""Runs within which a broken core must be caught; it takes some dozens."""

NO_SETTLE = Change("core.recover", "left = attempt.at.timestamp() + o.timing.settle - snapshot.began_cp", "left = 0.0")
BROKEN = {
    "settle": ((NO_SETTLE,), "I[125]: "),
    "surplus": (MUTATIONS["04-surplus-L"].changes, "I2: |a cluster too many: "),
    "absent": (MUTATIONS["06-absent-J"].changes, "I[12]: "),
}

TestRegistering = Registering.TestCase
TestRegistering.settings = settings(
    max_examples=RUNS,
    stateful_step_count=STEPS,
    deadline=None,
    print_blob=True,
    derandomize=ASKED is None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("clause", BROKEN)
def test_broken_core(clause: str) -> None:
    """The machine comes upon a core that lacks one of these clauses, without being told the case."""
    changes, found = BROKEN[clause]
    machine = type("Broken", (Registering,), {"changes": changes})
    generate = settings(
        max_examples=ENOUGH,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )

    with pytest.raises(AssertionError, match=re.compile(f"^({found})")):
        run_state_machine_as_test(machine, settings=generate)
