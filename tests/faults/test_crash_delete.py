"""The crash sweep through deletions; what is swept, and how, is said in `sweep`."""

from collections.abc import Iterator

import pytest

from faults.flows import DELETE, FORCE
from faults.sweep import Outcomes, Sweep
from kube import Kube
from reliability import Recovery

FLOWS = (DELETE, FORCE)


@pytest.fixture(scope="module")
def outcomes(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """The sweeps of this module: all are under way at once, and each test waits for its own."""
    with Sweep(kube, tmp_path_factory.mktemp("sweep")) as sweep:
        yield sweep.begin(FLOWS)


@pytest.mark.case(
    "R-23",
    injected="SIGKILL at each request of a deletion: before it is sent, carried out, answered (long form: twice)",
    outcome="the cluster goes, then the object",
)
def test_killed_while_it_deletes(outcomes: Outcomes, recovery: Recovery) -> None:
    """Wherever in a graceful deletion an operator is killed, the cluster goes, and the object after it."""
    outcomes[DELETE].result().require(DELETE, recovery)


@pytest.mark.case(
    "R-23",
    injected="SIGKILL at each request of a forced deletion: before it is sent, carried out, answered",
    outcome="the cluster goes, then the object",
)
def test_killed_while_it_forces_a_deletion(outcomes: Outcomes, recovery: Recovery) -> None:
    """Wherever in a forced deletion an operator is killed, the cluster goes, and the object after it."""
    outcomes[FORCE].result().require(FORCE, recovery)
