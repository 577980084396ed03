"""What was about to be sent when a control plane or a registration was told to be left alone is not sent any more."""

from collections.abc import Callable, Iterator

import pytest

from operators import House, Operator, until
from stage import Registration, Stage, condition

SHIPPED = {"FRESHNESS": "10s", "SETTLE": "60s", "REQUEST_TIMEOUT": "30s", "LIST_LAG": "15s"}
"""The times that are shipped: with them a call may wait in the limiter for 10 s."""


@pytest.fixture(scope="module")
def operator(house: House) -> Iterator[Operator]:
    """An operator with the times that are shipped."""
    with house.operator(**SHIPPED) as operator:
        yield operator


@pytest.fixture
def crowd(beside: Callable[..., Stage]) -> tuple[Stage, list[Registration]]:
    """A crowd before a control plane that is asked once in a second, when its first cluster has been created."""
    stage = beside(requestsPerSecond=1, pollInterval="30s")
    made = [stage.register() for _ in range(14)]
    until(lambda: bool(stage.calls("create_cluster")), "the first creation", 60)
    return stage, made


def relieved(stage: Stage, made: list[Registration]) -> None:
    """Let the rest be done quickly, and see it done: nobody was forgotten."""
    stage.control_plane.change(requestsPerSecond=500, suspend=False, pollInterval="1s", allowedNamespaces=None)
    for each in made:
        each.wait_ready()
    assert len(stage.admin.clusters()) == len(made)


def test_suspended_in_a_crowd(crowd: tuple[Stage, list[Registration]]) -> None:
    """After a suspension no call goes out that was not on the wire, and Ready says so without waiting for a turn."""
    stage, made = crowd
    stage.control_plane.change(suspend=True)
    stage.kube.wait_for(
        stage.control_plane.path, lambda seen: "Suspended" in str(condition(seen, "Ready")), 5, "said at once"
    )
    before = stage.moment()
    for each in made[-3:]:
        each.wait_for("Suspended")

    assert stage.moment() == before
    relieved(stage, made)


def test_disallowed_in_a_crowd(crowd: tuple[Stage, list[Registration]]) -> None:
    """Of a namespace that is not allowed any more, what waited for its turn is not sent."""
    stage, made = crowd
    stage.control_plane.change(allowedNamespaces={"from": "Names", "names": ["elsewhere"]})
    made[-1].wait_for("NamespaceNotAllowed")
    before = len(stage.calls("create_cluster"))
    for each in made[-4:]:
        each.wait_for("NamespaceNotAllowed")

    assert len(stage.calls("create_cluster")) == before < len(made)
    relieved(stage, made)


def test_registrations_are_suspended_in_a_crowd(crowd: tuple[Stage, list[Registration]]) -> None:
    """Registrations that are suspended, or only to observe, while they wait for their turn create nothing."""
    stage, made = crowd
    for number, each in enumerate(made):
        each.change(suspend=True) if number % 2 else each.change(mode="Observe")
    for number, each in enumerate(made):
        each.wait(lambda seen: condition(seen, "Ready") is not None, "told so")
        reason = (condition(each.object, "Ready") or {})["reason"]
        assert reason == ("Suspended" if number % 2 else "Observing") or each.status.get("uuid")

    assert len(stage.calls("create_cluster")) < len(made) / 2  # those that were sent before
    for each in made:
        each.change(suspend=None, mode=None)
    relieved(stage, made)
