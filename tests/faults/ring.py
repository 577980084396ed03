"""An operator for all tests of a module, and a ring of its own for each of them: an arena where it is at work already.

A test that kills or counts operators asks for `arena` instead.
"""

import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest

from faults.arena import Arena, FaultyHouse, judge_what_failed
from faults.calls import Side
from faults.vocabulary import WRITE_2
from operators import Operator, until
from planes import ControlPlane, Simulated
from runai_registrar.simulator.journal import Entry
from stage import Registration, Stage, condition

_QUIET = 1.5
"""Seconds without a write after which all is at rest; control planes are asked for their clusters every second."""

LONG = "RUNAI_REGISTRAR_TEST_LONG" in os.environ
"""Whether the wider forms of these tests are asked for, by RUNAI_REGISTRAR_TEST_LONG=1."""

Ways = Mapping[str, tuple[str, Mapping[str, Any]]]
"""Faults of the simulator with their parameters, by what a test calls them."""


class Ring(Arena):
    """An arena with the module's operator; besides, other control planes may stand beside its own."""

    def __init__(self, house: FaultyHouse) -> None:
        super().__init__(house)
        self._beside: list[tuple[Stage, ControlPlane]] = []

    def beside(self, **spec: Any) -> Stage:
        """Another control plane, reached without a proxy, with a stage of its own."""
        simulator = Simulated()
        plane = ControlPlane(self.house, simulator).create_secret().create(**spec)
        self._beside.append((Stage(self.house, simulator, plane), plane))
        return self._beside[-1][0]

    def struck(self, operation: str, ways: Ways, **spec: Any) -> dict[str, Registration]:
        """A registration for each way, with a fault for calls of an operation that carry its name."""
        made = {}
        for way, (fault, params) in ways.items():
            name = f"gpu-{way.lower().replace(' ', '-')}-{secrets.token_hex(3)}"
            self.admin.fault(fault, operation=operation, match_body=f'"{name}"', **params)
            made[way] = self.stage.register(name, **spec)
        return made

    def posts(self, made: Registration, name: str | None = None) -> list[Entry]:
        """The POSTs that the control plane has seen for a registration."""
        wanted = name or made.name
        return [call for call in self.stage.calls("create_cluster") if json.loads(call.body)["name"] == wanted]

    def said(self, made: Registration) -> str:
        """Everything that was ever written to the status of a registration."""
        calls = self.journal.calls(side=Side.KUBERNETES, name=made.name)
        return "\n".join(call.body.decode() for call in calls if WRITE_2(call))

    def rest(self, **allowed: bool) -> None:
        """Wait until nothing is written to either side any more, and judge; `allowed` as in `judge`."""
        self.wait_quiet(_QUIET)
        self.judge(**allowed)

    def close(self) -> None:
        """Take everything away."""
        for stage, plane in self._beside:
            stage.admin.clear_faults()
            stage.clear()
            plane.remove()
            stage.simulator.close()
        super().close()


def message(made: Registration, kind: str = "Ready") -> str:
    """What a condition says."""
    found = condition(made.object, kind)
    return str(found and found["message"])


def wait_all_ready(registrations: Iterable[Registration]) -> None:
    """Return when all of them are Ready."""
    for each in registrations:
        each.wait_ready()


def wait_lists(stages: Iterable[Stage], count: int = 2) -> None:
    """Return when each of these control planes has answered so many lists from now on."""
    since = [(stage, stage.moment()) for stage in stages]
    until(
        lambda: all(len(stage.calls("get_clusters", since=moment)) > count for stage, moment in since),
        f"{count} more lists of each control plane",
    )


@pytest.fixture(scope="module")
def operator_at_work(faulty_house: FaultyHouse) -> Iterator[Operator]:
    """One operator for all tests of the module."""
    with faulty_house.operator() as operator:
        yield operator


@pytest.fixture
def ring(faulty_house: FaultyHouse, operator_at_work: Operator, request: pytest.FixtureRequest) -> Iterator[Ring]:
    """A ring for one test; afterwards the operator still runs, and has not complained."""
    known = len(operator_at_work.complaints())
    ring = Ring(faulty_house)
    yield ring
    complaints = operator_at_work.complaints()[known:]
    for each in ring.registrations():  # giving up what may or may not have made a cluster is an error line, rightly
        operator_at_work.allow(f"/{each['metadata']['name']} is gone, and this operator never learned")
        operator_at_work.allow(f"/{each['metadata']['name']} is gone, but its cluster")
    try:
        judge_what_failed(ring, request.node)
    finally:
        ring.close()
    assert operator_at_work.process.poll() is None
    assert complaints == []
