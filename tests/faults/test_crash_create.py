"""The crash sweep through what brings a cluster under a registration; what is swept, and how, is said in `sweep`."""

from collections.abc import Iterator

import pytest

from faults.arena import Arena
from faults.calls import Point
from faults.flows import ADOPT, CREATE, START, TOKEN
from faults.sweep import Outcomes, Sweep
from faults.vocabulary import POST, WRITE_1, Kind, on
from kube import Kube
from reliability import Recovery
from stage import LONG_AFTER

FLOWS = (START, CREATE, ADOPT, TOKEN)


@pytest.fixture(scope="module")
def outcomes(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """The sweeps of this module: all are under way at once, and each test waits for its own."""
    with Sweep(kube, tmp_path_factory.mktemp("sweep")) as sweep:
        yield sweep.begin(FLOWS)


@pytest.mark.case(
    "R-01",
    injected="SIGKILL at each request of a creation: before it is sent, carried out, answered (long form: twice)",
    outcome="one cluster, the same end as without a crash",
)
@pytest.mark.case(
    "R-02",
    injected="SIGKILL at each request of a creation: before it is sent, carried out, answered (long form: twice)",
    outcome="one cluster, the same end as without a crash",
)
def test_killed_while_it_creates(outcomes: Outcomes, recovery: Recovery) -> None:
    """Wherever in a creation an operator is killed, the next one ends with the one cluster that was asked for."""
    outcomes[CREATE].result().require(CREATE, recovery)


@pytest.mark.case(
    "R-01",
    injected="SIGKILL at each request between a start and the first creation: before it is sent, carried out, answered",
    outcome="one cluster, the same end as without a crash",
)
@pytest.mark.case(
    "R-02",
    injected="SIGKILL at each request between a start and the first creation: before it is sent, carried out, answered",
    outcome="one cluster, the same end as without a crash",
)
def test_killed_while_it_starts(outcomes: Outcomes, recovery: Recovery) -> None:
    """Wherever between its start and its first creation an operator is killed, the next one ends as if it had not."""
    outcomes[START].result().require(START, recovery)


@pytest.mark.case(
    "R-13",
    injected="SIGKILL at each request of an adoption by uuid: before it is sent, carried out, answered",
    outcome="the cluster that was named, adopted; none made, none deleted",
)
def test_killed_while_it_adopts(outcomes: Outcomes, recovery: Recovery) -> None:
    """Wherever in an adoption an operator is killed, the next one ends with the same cluster, adopted."""
    outcomes[ADOPT].result().require(ADOPT, recovery)


@pytest.mark.case(
    "R-38",
    injected="every token is revoked when a cluster is to be created; SIGKILL at each request from then on",
    outcome="a new token, one cluster, the same end as without a crash",
)
def test_killed_while_it_gets_a_new_token(outcomes: Outcomes, recovery: Recovery) -> None:
    """Wherever an operator is killed whose token is worthless when it creates, one cluster is there in the end."""
    outcomes[TOKEN].result().require(TOKEN, recovery)


@pytest.mark.case(
    "R-02",
    injected="the control plane's own first status hangs; killed at the first POST once it is written",
    outcome="nothing is announced before it; the next operator creates the cluster",
)
def test_first_contact_is_recorded_before_anything_is_announced(arena: Arena) -> None:
    """Before the control plane's status is written no attempt is announced, so a kill leaves none unexplained."""
    operator = arena.operator()
    held = arena.door.fault(Kind.HANG, on("patch runaicontrolplanes/status"), times=None)
    with operator:
        made = arena.stage.register()
        held.wait_reached()
        arena.wait_quiet(2.0)
        early = [*arena.calls(WRITE_1), *arena.calls(POST)]
        struck = arena.outside.fault(Kind.STRIKE, POST, point=Point.BEFORE_SEND, act=operator.process.kill)
        held.lift()
        struck.wait_reached()
        operator.process.wait()
    arena.admin.advance(LONG_AFTER)
    with arena.operator():
        made.wait_ready()

    assert early == []
    arena.judge()
