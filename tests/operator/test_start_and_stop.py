"""Operators that are stopped while they work, and two that do not know of each other."""

import pytest

from operators import House, until
from stage import Registration, Stage

POST = "create_cluster"


def test_stopped_while_it_creates(house: House, stage: Stage) -> None:
    """SIGTERM lets a creation under way end and be recorded, starts no other one, and the exit code is 0."""
    stage.admin.fault("slow", operation=POST, delay=1)
    with house.operator(WORKERS="1") as first:
        made = [stage.register() for _ in range(5)]
        until(lambda: bool(stage.calls(POST)), "a POST")
        first.stop()
    assert first.process.returncode == 0
    assert [each.status["origin"] for each in registered(made)] == ["Created"]
    assert len(stage.admin.clusters()) == 1

    with house.operator():
        for each in made:
            each.wait_ready()
    assert {each.status["uuid"] for each in made} == {cluster.uuid for cluster in stage.admin.clusters()}
    assert len(stage.calls(POST)) == len(made)


@pytest.mark.case(
    "R-11",
    injected="two operator processes, names not unique, ten registrations",
    outcome="ten clusters; no election is needed",
)
def test_two_operators_at_once(house: House, stage: Stage) -> None:
    """Two operators that do not know of each other make each cluster once: safety does not rest on an election."""
    stage.admin.settings(uniqueNames=False)
    with house.operator() as first, house.operator() as second:
        made = [stage.register() for _ in range(10)]
        for each in made:
            each.wait_ready()
        assert {first.process.poll(), second.process.poll()} == {None}

    assert {each.status["uuid"] for each in made} == {cluster.uuid for cluster in stage.admin.clusters()}
    assert len(stage.admin.clusters()) == len(made)


def registered(made: list[Registration]) -> list[Registration]:
    """Those that have a cluster."""
    return [each for each in made if "uuid" in each.status]
