"""The crash sweep through what changes for a registered cluster; what is swept, and how, is said in `sweep`."""

from collections.abc import Iterator

import pytest

from faults.flows import INSTALL, RENAME, ROTATION
from faults.sweep import Outcomes, Sweep
from kube import Kube
from reliability import Recovery

FLOWS = (RENAME, ROTATION, INSTALL)


@pytest.fixture(scope="module")
def outcomes(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """The sweeps of this module: all are under way at once, and each test waits for its own."""
    with Sweep(kube, tmp_path_factory.mktemp("sweep")) as sweep:
        yield sweep.begin(FLOWS)


@pytest.mark.case(
    "R-18",
    injected="SIGKILL at each request of a rename: before it is sent, carried out, answered",
    outcome="the name of the spec, the same cluster",
)
def test_killed_while_it_renames(outcomes: Outcomes, recovery: Recovery) -> None:
    """Wherever in a rename an operator is killed, the next one ends with the new name and the same cluster."""
    outcomes[RENAME].result().require(RENAME, recovery)


@pytest.mark.case(
    "R-40",
    injected="the secret is rotated, every token revoked; SIGKILL at each request from then on",
    outcome="the new secret is used; the old one shows nowhere",
)
def test_killed_while_its_secret_is_rotated(outcomes: Outcomes, recovery: Recovery) -> None:
    """Wherever in a rotation an operator is killed, the next one goes on with the new secret."""
    outcomes[ROTATION].result().require(ROTATION, recovery)


@pytest.mark.case(
    "S-06",
    injected="SIGKILL at each request while an install Secret is written: before it is sent, carried out, answered",
    outcome="one Secret, its own and of the right cluster; the client secret is nowhere else",
)
def test_killed_while_it_writes_the_install_secret(outcomes: Outcomes, recovery: Recovery) -> None:
    """Wherever an operator is killed that is asked for an install Secret, the next one has written it in the end."""
    outcomes[INSTALL].result().require(INSTALL, recovery)
