"""One control plane hangs, fails, is slow, throttles or shows very much: the others go on as if it were not there.

Counted on the journal of the healthy one: how many lists it is asked for from before the first registration until all
of its clusters are made. Its lists come once a second, and its calls are limited so that the limit, not the machine,
says how long that takes.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from operators import House, Operator, until
from runai_registrar.simulator import Admin
from runai_registrar.simulator.cluster import Cluster
from runai_registrar.simulator.render import displayed_json
from runai_registrar.simulator.settings import Settings
from runai_registrar.simulator.simulator import DEFAULT_TENANT
from stage import Registration, Stage, conditions

MANY = 20
RATE = 10
"""Requests a second to the healthy control plane."""
WORKERS = 4
"""Fewer than there are registrations of any of the sick ones."""
LARGE = 15_000
"""Clusters of a list that is as large as one may be: some 31 MiB."""
MORE = 3
"""Lists that may come between one step and the next, however few there are."""
SHIPPED = {"SETTLE": "60s", "FRESHNESS": "10s", "REQUEST_TIMEOUT": "30s", "LIST_LAG": "15s"}
"""The times of the create protocol as shipped: a call that hangs keeps a worker for half a minute."""

SICK: dict[str, Callable[[Admin], object]] = {
    "hangs": lambda admin: admin.fault("hang", times=None),
    "fails": lambda admin: admin.fault("refuse", times=None, status=503),
    "slow": lambda admin: admin.fault("slow", times=None, delay=1.5),
    "throttles": lambda admin: admin.fault("throttle", times=None, retryAfter=1),
}
"""What is wrong with the neighbours."""


@pytest.fixture
def operator(request: pytest.FixtureRequest, house: House) -> Iterator[Operator]:
    """An operator with few workers, and the times of the test's parameter."""
    with house.operator(WORKERS=str(WORKERS), **request.param) as operator:
        yield operator


def ready(stage: Stage) -> int:
    """How many registrations of a stage's control plane are Ready."""
    all_of_them = stage.kube.items(stage.registrations)
    own = [each for each in all_of_them if each["spec"]["controlPlaneRef"]["name"] == stage.control_plane.name]
    return sum(conditions(each).get("Ready") == ("True", "Registered") for each in own)


def lists_to_make(stage: Stage, count: int) -> int:
    """Make registrations; how often the control plane is asked for a list before the last POST for them."""
    since, before = stage.moment(), ready(stage)
    for _ in range(count):
        stage.register()
    until(lambda: ready(stage) == before + count, f"{count} more of them Ready", 120)
    posts = [call.seq for call in stage.calls("create_cluster", since=since)]
    assert len(posts) == count
    return sum(call.seq < posts[-1] for call in stage.calls("get_clusters", since=since))


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
@pytest.mark.parametrize("operator", [{}], indirect=True, ids=["short times"])
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

    assert beside_sick <= 2 * alone + MORE
    assert conditions(healthy.kube.get(healthy.control_plane.path))["Ready"] == ("True", "Reachable")
    for stage in sick.values():
        stage.admin.clear_faults()
    for each in waiting:
        each.wait_for("Registered")
    assert {len(stage.admin.clusters()) for stage in sick.values()} == {6}


@pytest.mark.case(
    "R-36",
    injected="beside it a control plane that lists but never answers a POST, with three times as many as workers",
    outcome="another one's creations take at most twice as many lists, though each such call hangs for 30 s",
)
@pytest.mark.parametrize("operator", [SHIPPED], indirect=True, ids=["shipped times"])
def test_a_neighbour_that_answers_no_creation(beside: Callable[..., Stage], operator: Operator) -> None:
    """Creations that hang keep all workers of their own control plane busy, and none of another one's."""
    healthy = beside(requestsPerSecond=RATE)
    alone = lists_to_make(healthy, MANY)
    sick = beside()
    sick.registered()
    since = sick.moment()
    sick.admin.fault("hang", operation="create_cluster", times=None)
    for _ in range(3 * WORKERS):
        sick.register()
    until(lambda: len(sick.calls("create_cluster", since=since)) == WORKERS, "a POST from each worker")

    beside_sick = lists_to_make(healthy, MANY)

    assert beside_sick <= 2 * alone + MORE
    assert [call.status for call in sick.calls("create_cluster", since=since)][:WORKERS] == [None] * WORKERS
    operator.allow("never learned whether its creation of cluster")  # the test ends in the midst of them
    sick.admin.clear_faults()
    sick.simulator.down()  # ends the calls that hang
    sick.simulator.up()


def large_list() -> str:
    """What a control plane answers that shows as much as is read at all, each cluster in full."""
    made = [Cluster(DEFAULT_TENANT, f"large-{number}", None, "2.24.18", 0.0, 0.0) for number in range(LARGE)]
    for each in made:
        each.enter("Connected", 0.0, 0.0, 10.0)
    return f"[{', '.join(displayed_json(each, Settings(), 0.0, full=True) for each in made)}]"


@contextmanager
def beats() -> Iterator[list[int]]:
    """Count as often as a control plane is listed by an operator that has nothing else to do."""
    counted: list[int] = []
    enough = threading.Event()

    def count() -> None:
        """Count once a second."""
        while not enough.wait(1):
            counted.append(len(counted))

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield counted
    finally:
        enough.set()
        thread.join()


@pytest.mark.case(
    "R-35",
    injected="beside it a control plane that answers each list with 15,000 clusters in full, 31 MiB",
    outcome="another one is listed at least half as often as with nothing beside it, and its creations go on",
)
@pytest.mark.parametrize("operator", [SHIPPED], indirect=True, ids=["shipped times"])
def test_a_neighbour_that_shows_very_much(beside: Callable[..., Stage]) -> None:
    """While the largest list there may be is read, again and again, another control plane is looked at as ever."""
    healthy, large = beside(requestsPerSecond=RATE), beside()
    alone = lists_to_make(healthy, MANY)
    large.admin.fault("refuse", operation="get_clusters", times=None, status=200, text=large_list())
    large.kube.wait_for(
        large.control_plane.path, lambda seen: seen["status"]["clusters"]["total"] == LARGE, 120, "all of them counted"
    )
    since, listed = large.moment(), healthy.moment()

    with beats() as counted:
        until(lambda: len(large.calls("get_clusters", since=since)) > 3, "three more large lists read", 300)
        meanwhile = len(healthy.calls("get_clusters", since=listed))

    assert len(counted) <= 2 * meanwhile + MORE
    assert lists_to_make(healthy, MANY) <= 2 * alone + MORE
    assert conditions(large.kube.get(large.control_plane.path))["Ready"] == ("True", "Reachable")
