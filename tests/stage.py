"""The whole operator as a subprocess, between the real API server and a simulated control plane on a real socket.

A module asks for `operator` (one process for all its tests, in a namespace of the module's own); each of its tests asks
for `stage`: a simulated control plane, a RunaiControlPlane of a unique name that points at it, and words for the rest.
A test that kills, stops or counts starts its own process with `house.operator()` instead.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from typing import Any

import pytest

from kube import Kube, KubeError, Object
from operators import PATIENCE, House, Operator, until
from planes import API, ControlPlane, Simulated, custom
from runai_registrar.simulator.admin_models import ClusterView
from runai_registrar.simulator.journal import Entry

FINALIZER = "runai-registrar.io/registration"
CREATE_ATTEMPT = "runai-registrar.io/create-attempt"
RECONCILE = "runai-registrar.io/reconcile-requested-at"
RELEASE = {"runai-registrar.io/release": "orphan"}

LONG_AFTER = 900.0
"""Seconds by which a test lets time pass in the control plane: more than any deadline, less than a token lives."""


class Registration:
    """One RunaiClusterRegistration as a user sees it."""

    def __init__(self, stage: "Stage", name: str) -> None:
        self.name, self._stage, self._kube = name, stage, stage.house.kube
        self.path = f"{stage.registrations}/{name}"

    @property
    def object(self) -> Object:
        """The object as it is now."""
        return self._kube.get(self.path)

    def find(self) -> Object | None:
        """The object as it is now, or None where it is gone."""
        return self._kube.find(self.path)

    @property
    def status(self) -> Object:
        """Its status as it is now."""
        return dict(self.object["status"])

    @property
    def attempt(self) -> str | None:
        """The annotation that announces its latest creation."""
        annotations: dict[str, str] = self.object["metadata"].get("annotations", {})
        return annotations.get(CREATE_ATTEMPT)

    @property
    def cluster(self) -> ClusterView:
        """The cluster whose uuid the status names, as the control plane holds it."""
        found = self._stage.admin.cluster(self.status["uuid"])
        assert found is not None, f"there is no cluster {self.status['uuid']}"
        return found

    def wait(self, holds: Callable[[Object], bool], what: str, timeout: float = PATIENCE) -> Object:
        """The object as soon as something holds for it."""
        return self._kube.wait_for(self.path, holds, timeout, what)

    def wait_for(self, reason: str, kind: str = "Ready") -> Object:
        """The object as soon as a condition has this reason, said of the present generation."""
        return self.wait(lambda seen: _reason(seen, kind) == reason, f"{kind} with reason {reason}")

    def wait_ready(self) -> Object:
        """The object as soon as Ready is True for the present generation."""
        return self.wait(lambda seen: (condition(seen, "Ready") or {}).get("status") == "True", "Ready")

    def change(self, **spec: Any) -> Object:
        """Change fields of the spec."""
        return self._kube.patch(self.path, {"spec": spec})

    def annotate(self, annotations: dict[str, str | None]) -> Object:
        """Set or remove annotations."""
        return self._kube.patch(self.path, {"metadata": {"annotations": annotations}})

    def strip(self) -> None:
        """Take all finalizers away."""
        self._kube.patch(self.path, {"metadata": {"finalizers": None}})

    def delete(self) -> None:
        """Ask for its deletion."""
        self._kube.delete(self.path)

    def wait_gone(self) -> None:
        """Return when it is not there any more."""
        self._kube.wait_gone(self.path, PATIENCE)

    def writes(self) -> Counter[tuple[str, str]]:
        """What operators have written to it so far, as (verb, resource/subresource)."""
        return self._stage.house.writes(namespace=self._stage.house.namespace, name=self.name)


class Stage:
    """Where a test plays: a control plane for it alone, and the registrations that it makes there."""

    def __init__(self, house: House, simulator: Simulated, control_plane: ControlPlane) -> None:
        self.house, self.simulator, self.control_plane = house, simulator, control_plane
        self.kube, self.admin = house.kube, simulator.admin
        self.registrations = f"{API}/namespaces/{house.namespace}/runaiclusterregistrations"
        self._made: list[Registration] = []

    def manifest(self, name: str, annotations: dict[str, str] | None = None, **spec: Any) -> Object:
        """A registration on this stage's control plane, unless the spec names another."""
        wanted = {"controlPlaneRef": {"name": self.control_plane.name}} | spec
        made = custom("RunaiClusterRegistration", name, wanted)
        return made | {"metadata": {"name": name, "namespace": self.house.namespace, "annotations": annotations or {}}}

    def register(
        self, name: str | None = None, *, annotations: dict[str, str] | None = None, **spec: Any
    ) -> Registration:
        """Create a registration; without a name it gets one that nobody else has."""
        made = self.known(name or f"gpu-{secrets.token_hex(4)}")
        self.kube.create(self.registrations, self.manifest(made.name, annotations, **spec))
        return made

    def registered(self, name: str | None = None, *, listed: bool = False, **spec: Any) -> Registration:
        """A registration that is Ready; `listed`: and whose cluster the operator has seen in a list since."""
        before = self._counted("managed")
        made = self.register(name, **spec)
        made.wait_ready()
        if listed:
            until(lambda: self._counted("managed") > before, "a list with the cluster of the registration")
        return made

    def stranger(self, name: str, **fields: Any) -> ClusterView:
        """A cluster that somebody else made, and that the operator has seen in a list."""
        before = self._counted("total")
        made = self.admin.create(name, **fields)
        until(lambda: self._counted("total") > before, "a list with the cluster of somebody else")
        return made

    def known(self, name: str) -> Registration:
        """A registration that is there or will be; it is taken away after the test."""
        self._made.append(Registration(self, name))
        return self._made[-1]

    def calls(self, operation: str, *, since: int = 0) -> list[Entry]:
        """What the control plane was asked for by operationId, in order, after entry number `since`."""
        return self.admin.journal(since=since, operation=operation)

    def changes(self) -> dict[str, int]:
        """How often each operation has changed something in the control plane."""
        committed = self.admin.counts(committed=True)
        return {operation: count for operation, count in committed.items() if not operation.startswith("token")}

    def wait_polls(self, count: int = 2) -> None:
        """Return when so many lists have been answered from now on: the first one has had its effects by the second."""
        since, patience = self.moment(), PATIENCE + count
        until(lambda: len(_answered(self.calls("get_clusters", since=since))) >= count, f"{count} more lists", patience)

    def moment(self) -> int:
        """The number of the latest call that the control plane has seen."""
        return max((entry.seq for entry in self.admin.journal()), default=0)

    def _counted(self, kind: str) -> int:
        """How many clusters the RunaiControlPlane says there are."""
        status = self.kube.get(self.control_plane.path)["status"]
        return int(status.get("clusters", {}).get(kind, 0))

    def clear(self) -> None:
        """Give up what is left: by the operator if one runs, else by force."""
        left = [each for each in self._made if each.find() is not None]
        for each in left:
            with suppress(KubeError):  # it may be on its way out, and go at this very moment
                each.annotate(dict(RELEASE)) if self.house.staffed else each.strip()
                each.delete()
        for each in left:
            each.wait_gone()


def condition(seen: Object, kind: str) -> Object | None:
    """A condition that speaks of the present generation, or None."""
    status, generation = seen.get("status", {}), seen["metadata"]["generation"]
    if status.get("observedGeneration") != generation:
        return None
    found = (each for each in status.get("conditions", []) if each["type"] == kind)
    return next((each for each in found if each["observedGeneration"] == generation), None)


def conditions(seen: Object) -> dict[str, tuple[str, str]]:
    """All conditions that speak of the present generation: (status, reason) by type."""
    found = [condition(seen, each["type"]) for each in seen["status"].get("conditions", [])]
    return {each["type"]: (each["status"], each["reason"]) for each in found if each}


@pytest.fixture(scope="module")
def house(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A namespace of the module's own in which operators can be started."""
    house = House(kube, tmp_path_factory.mktemp("house"))
    yield house
    for each in house.operators:
        if each.process.poll() is None:
            each.kill()
    kube.delete(f"/api/v1/namespaces/{house.namespace}")


@pytest.fixture(scope="module")
def operator(house: House) -> Iterator[Operator]:
    """One operator for all tests of the module; each test's own part of the log is judged by `stage`."""
    with house.operator() as operator:
        yield operator


@pytest.fixture
def simulator() -> Iterator[Simulated]:
    """A simulated control plane with its default settings."""
    simulator = Simulated()
    yield simulator
    simulator.close()


@pytest.fixture
def control_plane(house: House, simulator: Simulated) -> Iterator[ControlPlane]:
    """A RunaiControlPlane that points at the simulator, with its Secret; asked for its clusters every second."""
    control_plane = ControlPlane(house, simulator).create_secret().create()
    yield control_plane
    control_plane.remove()


@pytest.fixture
def stage(house: House, simulator: Simulated, control_plane: ControlPlane) -> Iterator[Stage]:
    """A stage for one test; what it registered is given up afterwards, and no operator may have complained."""
    if house.staffed:  # a control plane that was listed already lets a test begin at once
        house.kube.wait_for(control_plane.path, lambda seen: condition(seen, "Ready") is not None, PATIENCE)
    known = len(house.complaints())
    stage = Stage(house, simulator, control_plane)
    yield stage
    stage.clear()
    assert house.complaints()[known:] == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the operator's log with a test that failed."""
    report = yield
    house = getattr(item, "funcargs", {}).get("house")
    if report.failed and isinstance(house, House):
        report.sections.append(("the operator's log", house.logs()))
    return report


def _reason(seen: Object, kind: str) -> str | None:
    found = condition(seen, kind)
    return found["reason"] if found else None


def _answered(entries: list[Entry]) -> list[Entry]:
    return [entry for entry in entries if entry.status is not None]
