"""Where faults are played: the real API server and a simulated control plane, each behind a fault proxy.

A test asks for `arena`, starts operators in it as often as it likes, and ends with `arena.judge()`.
"""

import secrets
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from faults.calls import Call, Side
from faults.checkers import complaints
from faults.evidence import Evidence
from faults.journal import Journal
from faults.proxy import Proxy
from faults.vocabulary import CLUSTERS, Match
from kube import Kube, Object
from operators import PATIENCE, House, Operator, until
from planes import API, ControlPlane, Simulated
from runai_registrar.apiserver.kubeconfig import read_kubeconfig
from runai_registrar.simulator.admin_models import ClusterView
from stage import Stage

FAILED = pytest.StashKey[bool]()
"""Whether a test has failed, as far as it has run."""


class FaultyHouse(House):
    """A house each of whose operators has a proxy of its own before the API server."""

    def __init__(self, kube: Kube, folder: Path) -> None:
        super().__init__(kube, folder)
        self.journal = Journal()
        self.doors: list[Proxy] = []

    def environ(self, **settings: str) -> dict[str, str]:
        """The environment of an operator that reaches the API server by a new proxy."""
        login = read_kubeconfig(self.kube.server.kubeconfig)
        door = Proxy(self.journal, f"operator-{len(self.doors)}", Side.KUBERNETES, login.url, login.tls)
        self.doors.append(door)
        content = yaml.safe_load(self.kubeconfig.read_text())
        content["clusters"][0]["cluster"] = {"server": door.url}
        place = self.kubeconfig.with_name(f"{door.who}.kubeconfig")
        place.write_text(yaml.safe_dump(content))
        return super().environ(**settings) | {"KUBECONFIG": str(place)}

    def close(self) -> None:
        """Kill what still runs, and stop the proxies."""
        for each in self.operators:
            if each.process.poll() is None:
                each.kill()
        for door in self.doors:
            door.close()


class Arena:
    """A control plane behind a proxy, operators behind others, one journal, and the judgment over it.

    Attributes:
        outside: The proxy before the control plane; `url` of the RunaiControlPlane.
        canaries: Secrets that must show nowhere but where they belong.
    """

    def __init__(self, house: FaultyHouse) -> None:
        self.house, self.journal, self._since = house, house.journal, house.journal.moment
        self.simulator = Simulated()
        self.admin = self.simulator.admin
        self.outside = Proxy(self.journal, "operators", Side.CONTROL_PLANE, self.simulator.url)
        self.control_plane = ControlPlane(house, self.simulator).create_secret().create(url=self.outside.url)
        self.stage = Stage(house, self.simulator, self.control_plane)
        self.canaries = {self.simulator.client_secret}
        self.wiped: set[str] = set()
        self.taken_away: Counter[str] = Counter()
        self._operators, self._strangers = len(house.operators), set[str]()

    def operator(self, **settings: str) -> Operator:
        """Start an operator; settings as in `House.operator`."""
        return self.house.operator(**settings)

    @property
    def door(self) -> Proxy:
        """The proxy between the latest operator and the API server."""
        return self.house.doors[-1]

    def stranger(self, name: str) -> str:
        """The uuid of a new cluster that somebody else made."""
        made = self.admin.create(name)
        self._strangers.add(made.uuid)
        return made.uuid

    def take_away(self, cluster: ClusterView) -> None:
        """Delete a cluster as a person does in the control plane: at once, and without asking the operator."""
        self.taken_away[cluster.name] += 1
        self.admin.delete(cluster.uuid)

    def wait_polls(self, count: int = 2) -> None:
        """Return when so many lists of clusters, begun from now on, have been answered."""
        since = self.journal.moment

        def answered() -> bool:
            return (
                sum(CLUSTERS(call) and call.answered is not None for call in self.journal.calls(since=since)) >= count
            )

        until(answered, f"{count} more lists of clusters")

    def wait_quiet(self, seconds: float = 3.0) -> None:
        """Return at the end of the first span of so many seconds in which nothing was written on either side."""
        began, seen = time.monotonic(), sum(self.journal.writes().values())

        def quiet() -> bool:
            nonlocal began, seen
            if (now := sum(self.journal.writes().values())) != seen:
                began, seen = time.monotonic(), now
            return time.monotonic() - began >= seconds

        until(quiet, f"{seconds:g} s without a write", PATIENCE + seconds)

    def calls(self, match: Match = lambda _: True) -> list[Call]:
        """The requests since this arena was opened, on both sides, or those that match."""
        return [call for call in self.journal.calls(since=self._since) if match(call)]

    def registrations(self) -> list[Object]:
        """The registrations with this arena's control plane, in whatever namespace."""
        found = self.house.kube.items(f"{API}/runaiclusterregistrations")
        return [each for each in found if each["spec"].get("controlPlaneRef") == {"name": self.control_plane.name}]

    @property
    def started(self) -> list[Operator]:
        """The operators that were started since this arena was opened; one of the whole module is none of them."""
        return self.house.operators[self._operators :]

    def evidence(self) -> Evidence:
        """Everything the checkers look at, as of now."""
        watches = [call for call in self.journal.calls() if call.is_watch and call.seq <= self._since]  # still open
        return Evidence(
            calls=[*watches, *self.calls()],
            entries=self.admin.journal(),
            clusters=self.admin.clusters(),
            registrations=self.registrations(),
            logs=[each.log for each in self.house.operators],
            secrets=self.canaries | self._told(),
            wiped=self.wiped,
            taken_away=self.taken_away,
            plane=self.control_plane.name,
            origin=self.outside.url,
        )

    def _told(self) -> set[str]:
        """The secrets of clusters whose install information was asked for."""
        asked = {call.name for call in self.journal.calls(side=Side.CONTROL_PLANE) if "install-info" in call.path}
        return {cluster.client_secret for cluster in self.admin.clusters() if cluster.uuid in asked}

    def judge(self, **allowed: bool) -> None:
        """Hold the whole history against the invariants; AssertionError with one sentence for each breach."""
        found = complaints(self.evidence(), **allowed)
        assert not found, "\n".join(found)

    def close(self) -> None:
        """Take everything away."""
        self.outside.clear()
        for door in self.house.doors:
            door.clear()
        self.admin.clear_faults()
        with suppress(AssertionError):
            self.stage.clear()
        self.control_plane.remove()
        self.outside.close()
        self.simulator.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let the arena know at its end whether its test has failed."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


def judge_what_failed(arena: Arena, item: pytest.Item) -> None:
    """Name what no test may excuse, where one has failed before it judged: a vain wait gets another try otherwise."""
    if item.stash.get(FAILED, False):
        arena.judge(force=True, ambiguous=True, orphans=True)


@pytest.fixture(scope="module")
def faulty_house(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyHouse]:
    """A namespace of the module's own, with a journal of its own."""
    house = FaultyHouse(kube, tmp_path_factory.mktemp(f"house-{secrets.token_hex(2)}"))
    yield house
    house.close()
    kube.delete(f"/api/v1/namespaces/{house.namespace}")


@pytest.fixture
def arena(faulty_house: FaultyHouse, request: pytest.FixtureRequest) -> Iterator[Arena]:
    """An arena for one test; operators that were started in it and still run are killed."""
    arena = Arena(faulty_house)
    yield arena
    for each in arena.started:
        if each.process.poll() is None:
            each.kill()
    try:
        judge_what_failed(arena, request.node)
    finally:
        arena.close()
