"""Two hundred registrations with the times as shipped: what each costs, and that nothing costs anything afterwards.

Counted at the servers, in the API server's audit log and the control plane's journal, for the whole run: lists and
tokens as well. The tests are steps of one story and run in their order.

Idleness is watched for 20 lists, one a second; `RUNAI_REGISTRAR_TEST_IDLE=60` makes it a full minute.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from operators import House, Operator, until
from planes import ControlPlane, Simulated
from stage import LONG_AFTER, Registration, Stage, conditions

MANY = 200
IDLE = int(os.environ.get("RUNAI_REGISTRAR_TEST_IDLE", "20"))
SHIPPED = {"SETTLE": "60s", "FRESHNESS": "10s", "REQUEST_TIMEOUT": "30s", "LIST_LAG": "15s", "LOG_LEVEL": "info"}
WHOLE = ("patch", "runaiclusterregistrations")
STATUS = ("patch", "runaiclusterregistrations/status")


@dataclass
class Crowd:
    """Many registrations, all of them Ready, and what that took."""

    stage: Stage
    operator: Operator
    made: list[Registration]
    calls: Counter[str]

    def written(self) -> dict[str, Counter[tuple[str, str]]]:
        """What was written so far, by name; "" collects what is no registration of this house."""
        found: dict[str, Counter[tuple[str, str]]] = {}
        for request in self.stage.house.requests(is_write=True):
            name = request.name if request.namespace else ""
            found.setdefault(name, Counter())[request.verb, request.target] += 1
        return found

    def total(self) -> int:
        """How many writes there were so far, whatever to."""
        return len(self.stage.house.requests(is_write=True))


def ready(stage: Stage) -> int:
    """How many registrations are Ready."""
    return sum(
        conditions(seen).get("Ready") == ("True", "Registered") for seen in stage.kube.items(stage.registrations)
    )


@pytest.fixture(scope="module")
def crowd(house: House) -> Iterator[Crowd]:
    """The registrations, made at once and registered by one operator."""
    simulator = Simulated()
    control_plane = ControlPlane(house, simulator).create_secret().create(pollInterval="30s")
    stage = Stage(house, simulator, control_plane)
    operator = house.operator(**SHIPPED).wait_ready()
    made = [stage.register() for _ in range(MANY)]
    until(lambda: ready(stage) == MANY, "all of them Ready", 120)
    crowd = Crowd(stage, operator, made, simulator.admin.counts())
    yield crowd
    stage.clear()
    crowd.operator.stop()
    control_plane.remove()
    simulator.close()


def test_each_costs_two_writes_and_one_call(crowd: Crowd) -> None:
    """A registration costs two writes to Kubernetes and, lists and tokens included, at most 1.05 calls."""
    written = crowd.written()

    assert {each.name: written[each.name] for each in crowd.made} == {
        each.name: Counter({WHOLE: 1, STATUS: 1}) for each in crowd.made
    }
    assert crowd.calls["create_cluster"] == MANY
    assert crowd.calls.total() <= 1.05 * MANY
    assert len({cluster.name for cluster in crowd.stage.admin.clusters()}) == MANY


def test_reading_is_not_done_one_by_one(crowd: Crowd) -> None:
    """The operator reads no registration by itself: watches and a list bring them all."""
    reads = crowd.stage.house.requests(verb="get", resource="runaiclusterregistrations")

    assert reads == []


@pytest.mark.case(
    "R-44",
    injected="200 registrations in step, and 20 lists",
    outcome="not one write; nothing asked but the lists",
)
def test_idle_costs_nothing(crowd: Crowd) -> None:
    """Once the control plane's own status has the numbers, nothing is written, and a list is all that is asked for."""
    stage = crowd.stage
    stage.control_plane.change(pollInterval="1s")
    counted = {"total": MANY, "managed": MANY, "unmanaged": 0}
    stage.kube.wait_for(stage.control_plane.path, lambda seen: seen["status"].get("clusters") == counted, 30)
    stage.wait_polls()
    before, since = crowd.total(), stage.moment()

    stage.wait_polls(IDLE)

    assert crowd.total() == before
    assert {call.operation for call in stage.admin.journal(since=since)} == {"get_clusters"}


def test_a_change_costs_one_write(crowd: Crowd) -> None:
    """When one cluster in twenty changes its state, each of those registrations is written once and no other."""
    stage, changed = crowd.stage, crowd.made[::20]
    before = crowd.written()

    for each in changed:
        stage.admin.set_state(each.status["uuid"], "Connected")
    for each in changed:
        each.wait_for("Connected", "Connected")
    stage.wait_polls()

    after = crowd.written()
    new = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert new == {each.name: Counter({STATUS: 1}) for each in changed}


def test_a_restart_costs_nothing(crowd: Crowd) -> None:
    """An operator that starts among registered clusters writes nothing, and asks for a token and lists only."""
    stage = crowd.stage
    crowd.operator.stop()
    before, since = crowd.total(), stage.moment()

    crowd.operator = stage.house.operator(**SHIPPED, WORKERS="1").wait_ready()
    stage.wait_polls()

    assert crowd.total() == before
    assert {call.operation for call in stage.admin.journal(since=since)} == {"token_v2", "get_clusters"}


def test_all_are_deleted(crowd: Crowd) -> None:
    """Deleting them all takes one DELETE each, at most two writes each and few lists, and leaves nothing.

    Few, although there is but one worker since the restart: nobody keeps it while waiting for a list.
    """
    stage = crowd.stage
    stage.control_plane.change(pollInterval="30s")
    before, since = crowd.written(), stage.moment()
    stage.admin.settings(drainTime=1)
    stage.admin.advance(LONG_AFTER)

    stage.kube.delete(stage.registrations)
    until(lambda: not stage.kube.items(stage.registrations), "none left", 120)

    assert stage.admin.clusters() == []
    assert len(stage.calls("delete_cluster")) == MANY
    assert len(stage.calls("get_clusters", since=since)) < MANY / 4
    after = crowd.written()
    assert max((after[each.name] - before[each.name]).total() for each in crowd.made) <= 2
