"""One control plane hangs, fails, is slow or throttles: the others go on as if it were not there.

Counted on the journal of the healthy one: how many lists it is asked for until all of its clusters are made. Its lists
come once a second, and its calls are limited so that the limit, not the machine, says how long that takes.
"""

from collections.abc import Callable, Iterator

import pytest

from operators import House, Operator, until
from runai_registrar.simulator import Admin
from stage import Registration, Stage, conditions

MANY = 20
RATE = 10
"""Requests a second to the healthy control plane."""
WORKERS = "4"
"""Fewer than there are registrations of any of the sick ones."""

SICK: dict[str, Callable[[Admin], object]] = {
    "hangs": lambda admin: admin.fault("hang", times=None),
    "fails": lambda admin: admin.fault("refuse", times=None, status=503),
    "slow": lambda admin: admin.fault("slow", times=None, delay=1.5),
    "throttles": lambda admin: admin.fault("throttle", times=None, retryAfter=1),
}
"""What is wrong with the neighbours."""


@pytest.fixture(scope="module")
def operator(house: House) -> Iterator[Operator]:
    """An operator with few workers."""
    with house.operator(WORKERS=WORKERS) as operator:
        yield operator


def ready(stage: Stage) -> int:
    """How many registrations of a stage's control plane are Ready."""
    all_of_them = stage.kube.items(stage.registrations)
    own = [each for each in all_of_them if each["spec"]["controlPlaneRef"]["name"] == stage.control_plane.name]
    return sum(conditions(each).get("Ready") == ("True", "Registered") for each in own)


def lists_to_make(stage: Stage, count: int) -> int:
    """Make registrations; how often the control plane is asked for a list from the first POST to the last."""
    since, before = stage.moment(), ready(stage)
    for _ in range(count):
        stage.register()
    until(lambda: ready(stage) == before + count, f"{count} more of them Ready")
    posts = [call.seq for call in stage.calls("create_cluster", since=since)]
    assert len(posts) == count
    return sum(posts[0] < call.seq < posts[-1] for call in stage.calls("get_clusters", since=since))


@pytest.mark.case(
    "R-35",
    injected="beside it control planes that hang, fail, are slow, throttle, each with more to do than workers",
    outcome="another one's creations take at most twice as many lists; the sick ones heal",
)
@pytest.mark.case(
    "R-36",
    injected="beside it a control plane that answers nothing, with more to do than workers",
    outcome="another one's creations take at most twice as many lists",
)
def test_a_sick_neighbour(beside: Callable[..., Stage]) -> None:
    """The creations of a control plane take at most twice as many of its own lists, whatever its neighbours do."""
    healthy = beside(requestsPerSecond=RATE)
    alone = lists_to_make(healthy, MANY)
    sick = {kind: beside() for kind in SICK}
    waiting: list[Registration] = []
    for kind, stage in sick.items():
        stage.registered()
        SICK[kind](stage.admin)
        waiting += [stage.register() for _ in range(5)]
    until(lambda: all(stage.admin.faults()[0]["struck"] for stage in sick.values()), "all of them sick")

    beside_sick = lists_to_make(healthy, MANY)

    assert beside_sick <= 2 * max(alone, 2)
    assert conditions(healthy.kube.get(healthy.control_plane.path))["Ready"] == ("True", "Reachable")
    for stage in sick.values():
        stage.admin.clear_faults()
    for each in waiting:
        each.wait_for("Registered")
    assert {len(stage.admin.clusters()) for stage in sick.values()} == {6}
