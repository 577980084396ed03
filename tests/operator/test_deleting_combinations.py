"""What a spec may say of a deletion, in combination and side by side; the control plane's journal is the judge.

All combinations without exception are held against the pure core: `tests/core/test_deletion_table.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest

from operators import until
from stage import LONG_AFTER, Stage, condition

pytestmark = pytest.mark.usefixtures("operator")

MINUTES = {"5m": 300, "10m": 600, "1h": 3600, "2h": 7200}
"""The timeouts of this page, written and by default, in seconds."""
HOUR = 3600.0
LISTS = 30
"""Lists after which nothing more is to be expected."""

Fate = tuple[str, str, tuple[bool, ...]]
"""What has become of one: the object (gone, or its reason), its cluster, and force or not of each DELETE."""


@dataclass(frozen=True)
class Case:
    """What one spec says about its deletion, and what its cluster is."""

    policy: str | None
    force: bool | None
    timeout: str | None
    on_timeout: str | None
    connected: bool
    adopted: bool = False

    @property
    def deletion(self) -> dict[str, Any]:
        """As it is written; what is left out is not there."""
        written = {"policy": self.policy, "force": self.force, "timeout": self.timeout, "onTimeout": self.on_timeout}
        return {name: value for name, value in written.items() if value is not None}

    def fate(self, after: float) -> Fate:
        """What the page on deletion promises, so many seconds after it: the drain itself never ends here."""
        if (self.policy or ("Orphan" if self.adopted else "Delete")) == "Orphan":
            return ("gone", "kept", ())
        if self.force:
            return ("gone", "gone", (True,))
        if after < MINUTES[self.timeout or ("1h" if self.connected else "5m")]:
            return ("Deleting", "draining", (False,))
        match self.on_timeout or ("Wait" if self.connected else "Force"):
            case "Force":
                return ("gone", "gone", (False, True))
            case "Orphan":
                return ("gone", "draining", (False,))
            case _:
                return ("DeletionBlocked", "draining", (False,))


POLICIES = (None, "Delete", "Orphan")
ON_TIMEOUT = (None, "Wait", "Force", "Orphan")
CONNECTED = (False, True)
DRAINED = product(POLICIES[:2], (None,), (None, "10m", "2h"), ON_TIMEOUT, CONNECTED)
FORCED = product(POLICIES[:2], (True,), (None, "10m"), ON_TIMEOUT, CONNECTED)
LEFT = product(("Orphan",), (None, True), (None,), ON_TIMEOUT, CONNECTED)
ADOPTED = product(POLICIES, (None,), (None,), ON_TIMEOUT, CONNECTED, (True,))
ADOPTED_FORCED = product(POLICIES, (True,), (None,), (None, "Orphan"), CONNECTED, (True,))
ADOPTED_LATE = product(POLICIES[:2], (None,), ("10m", "2h"), ON_TIMEOUT, CONNECTED, (True,))
CASES = [Case(*each) for each in (*DRAINED, *FORCED, *LEFT, *ADOPTED, *ADOPTED_FORCED, *ADOPTED_LATE)]


@dataclass
class Many:
    """All cases at once, each as a registration with a cluster of the same name."""

    stage: Stage
    cases: dict[str, Case] = field(default_factory=dict)
    uuids: dict[str, str] = field(default_factory=dict)

    def register(self) -> None:
        """Register all of them; those that shall be connected are connected, and seen to be so."""
        self.cases = {f"gpu-{number}": case for number, case in enumerate(CASES)}
        for name, case in self.cases.items():
            self.stage.register(name, version="2.24.18", deletion=case.deletion, **self._adoption(name, case))
        self._wait_all("Ready", {name: "Adopted" if self.cases[name].adopted else "Registered" for name in self.cases})
        self.uuids = {name: seen["status"]["uuid"] for name, seen in self._objects().items()}
        for name, uuid in self.uuids.items():
            if self.cases[name].connected:
                self.stage.admin.set_state(uuid, "Connected")
        self._wait_all("Connected", {name: "Connected" for name, case in self.cases.items() if case.connected})

    def fates(self) -> dict[str, Fate]:
        """What has become of each so far."""
        objects, asked = self._objects(), self._asked()
        clusters = {cluster.uuid: cluster for cluster in self.stage.admin.clusters()}

        def left(uuid: str) -> str:
            found = clusters.get(uuid)
            return "gone" if found is None else "draining" if found.delete_requested_at else "kept"

        return {
            name: (reason(objects[name]) if name in objects else "gone", left(uuid), tuple(asked.get(uuid, ())))
            for name, uuid in self.uuids.items()
        }

    def fates_at(self, after: float) -> dict[str, Fate]:
        """The same, as soon as it is what is promised for that moment; or what it is after many more lists."""
        for _ in range(LISTS):
            if self.fates() == self.promised(after):
                break
            self.stage.wait_polls(1)
        return self.fates()

    def promised(self, after: float) -> dict[str, Fate]:
        """What should have become of each by then."""
        return {name: case.fate(after) for name, case in self.cases.items()}

    def _adoption(self, name: str, case: Case) -> dict[str, Any]:
        if not case.adopted:
            return {}
        return {"adopt": {"uuid": self.stage.admin.create(name, version="2.24.18").uuid}}

    def _objects(self) -> dict[str, Any]:
        return {each["metadata"]["name"]: each for each in self.stage.kube.items(self.stage.registrations)}

    def _asked(self) -> dict[str, list[bool]]:
        found: dict[str, list[bool]] = {}
        for call in self.stage.calls("delete_cluster"):
            found.setdefault(call.path.rpartition("/")[2], []).append(call.query.get("force") == ["true"])
        return found

    def _wait_all(self, kind: str, wanted: dict[str, str]) -> None:
        until(lambda: wanted.items() <= {n: reason(o, kind) for n, o in self._objects().items()}.items(), f"all {kind}")


def reason(seen: Any, kind: str = "Ready") -> str:
    """The reason of a condition, or nothing."""
    return str((condition(seen, kind) or {}).get("reason"))


@pytest.fixture
def many(stage: Stage) -> Iterator[Many]:
    """All cases, registered."""
    many = Many(stage)
    many.register()
    yield many
    stage.admin.settings(drainTime=0)


def test_combinations(stage: Stage, many: Many) -> None:
    """Policy, force, timeout, onTimeout, connected or never, created or adopted: each is dealt with as documented.

    The drain never ends, so it is the timeouts that decide: nobody is asked too early, twice, or by force unless told.
    """
    stage.admin.advance(LONG_AFTER)
    stage.admin.settings(drainTime=None)
    stage.kube.delete(stage.registrations)

    assert many.fates_at(0) == many.promised(0)
    stage.admin.advance(LONG_AFTER)
    assert many.fates_at(LONG_AFTER) == many.promised(LONG_AFTER)
    stage.admin.advance(HOUR)
    assert many.fates_at(LONG_AFTER + HOUR) == many.promised(LONG_AFTER + HOUR)
    stage.wait_polls()
    assert many.fates() == many.promised(LONG_AFTER + HOUR)


@pytest.mark.parametrize("alive", [True, False], ids=["alive", "without-liveness"])
def test_a_recovered_cluster_that_has_connected_is_confirmed_first(stage: Stage, *, alive: bool) -> None:
    """Found again after a lost answer and connected since, a cluster goes only once deletion.policy is written."""
    stage.admin.settings(livenessShown=alive, drainTime=0)
    stage.admin.fault("cut-after-commit", operation="create_cluster")
    made = stage.registered(version="2.24.18", deletion={"force": True})
    assert made.status["origin"] == "Recovered"
    stage.admin.set_state(made.status["uuid"], "ServiceIssues")
    made.wait_for("ServiceIssues", "Connected")
    stage.admin.advance(LONG_AFTER)

    made.delete()
    seen = made.wait_for("DeletionBlocked")
    assert "Set spec.deletion.policy to Delete to confirm" in str(condition(seen, "Ready"))
    stage.wait_polls()
    assert stage.changes() == {"create_cluster": 1}

    made.change(deletion={"policy": "Delete"})
    made.wait_gone()
    assert stage.changes() == {"create_cluster": 1, "delete_cluster": 1}
