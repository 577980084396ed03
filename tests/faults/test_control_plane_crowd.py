"""Hundreds of registrations of one control plane that is down, rejects every token, and is full of others' clusters.

The tests are steps of one story and run in their order. `RUNAI_REGISTRAR_TEST_LONG=1` has a thousand registrations.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults.arena import FaultyHouse
from faults.calls import Side
from faults.ring import LONG, Ring
from faults.vocabulary import CLUSTERS, DELETE, PUT, TOKEN
from operators import Operator, until
from reliability import Recovery
from stage import LONG_AFTER, Registration, condition

MANY = 1000 if LONG else 300
STRANGERS = 10_000 if LONG else 2_000
DOWN = 60 if LONG else 8
"""Seconds for which the control plane is down."""
pytestmark = pytest.mark.flaky(reruns=0)  # each test goes on from where the one before it ended

RATE = 60
_BUNCHED = 2.0  # seconds' worth of calls that a busy machine may bring at once, at the beginning of a span
"""Calls a second that the operator may make."""
MOST_MEMORY = 400 * 1024
"""KiB that the operator may ever have used."""


@dataclass
class Crowd:
    """A ring and the registrations in it."""

    ring: Ring
    made: list[Registration]

    def ready(self) -> int:
        """How many registrations are Ready, for their present specs."""
        seen = self.ring.registrations()
        return sum((condition(each, "Ready") or {}).get("status") == "True" for each in seen)

    def wait_ready(self) -> None:
        """Return when all of them are."""
        until(lambda: self.ready() == len(self.made), f"{len(self.made)} of them Ready", 180)

    def keeps_pace(self, since: int) -> bool:
        """Whether the control plane got no more calls after number `since` than the rate allows for their span."""
        times = [call.t for call in self.ring.journal.calls(since=since, side=Side.CONTROL_PLANE)]
        return len(times) <= RATE * (times[-1] - times[0] + _BUNCHED)


@pytest.fixture(scope="module")
def crowd(faulty_house: FaultyHouse, operator_at_work: Operator) -> Iterator[Crowd]:
    """The registrations, all of them pending, because their control plane has answered 503 since before they came."""
    ring = Ring(faulty_house)
    ring.control_plane.change(requestsPerSecond=RATE)
    ring.admin.fault("refuse", path="/clusters", times=None, status=503)
    yield Crowd(ring, [ring.stage.register(f"gpu-{number}") for number in range(MANY)])
    assert operator_at_work.complaints() == []
    ring.close()


@pytest.mark.case("R-34", injected="503 to everything with 300 registrations waiting", outcome="probes; then no herd")
def test_down_with_very_many_waiting(crowd: Crowd, recovery: Recovery) -> None:
    """While it is down only a probe now and then is sent, for all of them; then all get through at the rate allowed."""
    ring, since = crowd.ring, crowd.ring.journal.moment
    began = ring.admin.now()
    until(lambda: ring.admin.now() - began > DOWN, "a while", DOWN + 5)
    down = ring.journal.calls(since=since, side=Side.CONTROL_PLANE)
    assert len(down) <= 4 + DOWN / 4
    assert {call.what for call in down} <= {"GET /api/v1/clusters", "POST /api/v2/token"}

    since = ring.journal.moment
    ring.admin.clear_faults()
    recovery.begins()
    crowd.wait_ready()
    recovery.ends()

    assert crowd.keeps_pace(since)
    assert len(ring.admin.clusters()) == len(ring.stage.calls("create_cluster")) == MANY
    ring.rest()


@pytest.mark.case(
    "R-38", injected="every token is revoked with 300 calls to come, and a new one takes 1 s", outcome="one"
)
def test_every_token_is_rejected(crowd: Crowd, recovery: Recovery) -> None:
    """With very many calls to come, one new token is asked for, and each call is tried once more at most."""
    ring = crowd.ring
    ring.control_plane.change(pollInterval="30s")
    ring.wait_quiet(1)
    since = ring.journal.moment
    ring.admin.fault("slow", operation="token_v2", delay=1)
    ring.admin.revoke_tokens()
    for each in crowd.made:
        each.change(clusterName=f"{each.name} west")
    recovery.begins()
    crowd.wait_ready()
    recovery.ends()

    calls = ring.journal.calls(since=since, side=Side.CONTROL_PLANE)
    tried = Counter(call.name for call in calls if PUT(call))
    rejected = Counter(call.name for call in calls if PUT(call) and call.status == 401)
    assert sum(TOKEN(call) for call in calls) == 1
    assert sum(rejected.values()) <= 10
    assert {tried[name] - rejected[name] for name in tried} == {1}
    assert len(tried) == MANY
    ring.control_plane.change(pollInterval="1s")
    ring.rest()


@pytest.mark.case(
    "R-20", injected="thousands of clusters of others in every list", outcome="registers; one list each look"
)
def test_among_thousands_of_others(crowd: Crowd, operator_at_work: Operator) -> None:
    """Thousands of foreign clusters cost no call beside the lists, wake nobody, and bounded memory."""
    ring = crowd.ring
    for number in range(STRANGERS):
        ring.admin.create(f"theirs-{number}")
    ring.wait_polls()
    before, since = ring.journal.writes(), ring.journal.moment
    made = ring.stage.registered("gpu-among-others")
    ring.wait_polls()

    calls = ring.journal.calls(since=since, side=Side.CONTROL_PLANE)
    assert Counter(call.what for call in calls if not CLUSTERS(call)) == {"POST /api/v1/clusters": 1}
    written = ring.journal.writes() - before
    assert written[Side.KUBERNETES, "patch runaiclusterregistrations/status"] == 1
    made.change(clusterName="theirs-7")
    made.wait_for("NameTaken")
    status = Path(f"/proc/{operator_at_work.process.pid}/status").read_text().splitlines()
    assert next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) < MOST_MEMORY
    ring.rest()


def test_all_of_them_go(crowd: Crowd) -> None:
    """Deleted at once, each takes its cluster along by one DELETE, at the rate allowed; the others' stay."""
    ring, since = crowd.ring, crowd.ring.journal.moment
    ring.admin.settings(drainTime=0)
    ring.admin.advance(LONG_AFTER)
    ring.house.kube.delete(ring.stage.registrations)
    until(lambda: not ring.registrations(), "none left", 180)

    assert {cluster.source for cluster in ring.admin.clusters()} == {"stranger"}
    asked = Counter(call.name for call in ring.journal.calls(since=since) if DELETE(call) and call.answered)
    assert set(asked.values()) == {1}  # one without an answer in time is sent again
    assert crowd.keeps_pace(since)
    ring.rest()
