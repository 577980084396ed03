"""Rights in some namespaces only: the operator runs as the chart's service account, and the audit log is read.

Rights everywhere are looked at in the same way in `test_lifecycle`. What people may do is here too.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from chart.charts import CHART, WAIT, Helm, one, values_file
from chart.installation import QUICKLY, Installation
from chart.rights import Right, Team, busy, granted, refused, unused
from kube import Kube, Object
from operators import until
from planes import API, Simulated, custom
from runai_registrar.apiserver import Request, Server

RBAC = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
Aggregate = Callable[[list[Object]], None]
NO_CRDS = {"crds": {"enabled": False}, "policies": {"enabled": False}}


@dataclass
class Limited:
    """A release that looks after the registrations of one namespace, and what it was seen to do."""

    installation: Installation
    team: Team
    rights: set[Right]

    @property
    def requests(self) -> list[Request]:
        """What its operator has asked the API server for."""
        return self.installation.requests()


@pytest.fixture(scope="module")
def limited(kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limited]:
    """A release in the session's cluster, when its operator has done everything that it does in Kubernetes."""
    name, helm, simulator = f"chart-{secrets.token_hex(4)}", Helm(4, kube.server.kubeconfig), Simulated()
    team = f"{name}-team"
    values = QUICKLY | NO_CRDS | {"fullnameOverride": name, "watchNamespaces": [team]}
    values |= {"rbac": {"aggregateToView": False}}  # the cluster's roles are for the tests at the end
    rights = granted(helm.objects(name=name, namespace=name, **values))
    installation = Installation(kube, tmp_path_factory.mktemp(name), name, name)
    for namespace in (name, team):
        kube.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
    try:
        with values_file(values) as path:
            installation.during(helm, "install", name, CHART, "--namespace", name, *WAIT, "--values", path)
        limited = Limited(installation, busy(installation, team, simulator), rights)
        yield limited
        limited.team.leave()
        installation.during(helm, "uninstall", name, "--namespace", name, *WAIT)
    finally:
        installation.close()
        simulator.close()
        helm.close()


@pytest.mark.case(
    "S-10",
    injected="the operator runs as the chart's account and does all that it does; the audit log is read",
    outcome="nothing it asked for was refused",
)
def test_every_request_is_granted(limited: Limited) -> None:
    """The API server has refused the operator nothing."""
    assert limited.requests
    assert refused(limited.requests) == set()


@pytest.mark.case(
    "S-10",
    injected="the operator runs as the chart's account and does all that it does; the audit log is read",
    outcome="everything that was granted was used, or has a reason",
)
def test_every_right_is_used(limited: Limited) -> None:
    """Whatever the Roles grant was requested, or has a reason."""
    assert unused(limited.rights, limited.requests) == set()


def test_nothing_is_granted_elsewhere(limited: Limited) -> None:
    """Registrations and Secrets are for Roles; what is granted everywhere is control planes and two namespaces."""
    everywhere = {resource for namespace, resource, _ in limited.rights if not namespace}

    assert everywhere == {"namespaces", "runaicontrolplanes", "runaicontrolplanes/status"}


def test_registrations_elsewhere_are_left_alone(limited: Limited, kube: Kube, namespace: str) -> None:
    """A registration in a namespace that is not watched gets neither finalizer nor status."""
    path = f"{API}/namespaces/{namespace}/runaiclusterregistrations"
    spec = {"controlPlaneRef": {"name": limited.team.stage.control_plane.name}}
    made = kube.create(path, custom("RunaiClusterRegistration", "elsewhere", spec))

    limited.team.stage.wait_polls()

    assert kube.get(f"{path}/elsewhere") == made
    kube.delete(f"{path}/elsewhere")


READING = {"get", "list", "watch"}
WRITING = {"create", "update", "patch", "delete", "deletecollection"}


@pytest.fixture
def aggregate(kube: Kube, controllers: Server) -> Iterator[Aggregate]:
    """Puts the roles for people into the cluster; afterwards the cluster's own roles are without them."""
    assert controllers.kubeconfig == kube.server.kubeconfig
    names = ("runai-registrar-view", "runai-registrar-edit")

    def put(objects: list[Object]) -> None:
        for name in names:
            kube.create(RBAC, one(objects, "ClusterRole", name))

    yield put
    for name in names:
        kube.delete(f"{RBAC}/{name}")
    until(lambda: not ours(kube, "view") | ours(kube, "edit"), "roles of the cluster as they were")


def test_viewers_may_read(kube: Kube, helm: Helm, aggregate: Aggregate) -> None:
    """The cluster's roles `view` and `edit` may read registrations and control planes, and not write them."""
    aggregate(helm.objects())

    until(lambda: ours(kube, "view") == ours(kube, "edit") == READING, "rights of viewers")


def test_editors_may_write_where_one_says_so(kube: Kube, helm: Helm, aggregate: Aggregate) -> None:
    """With rbac.aggregateToEdit the role `edit` may write registrations, and `view` may not."""
    aggregate(helm.objects(rbac={"aggregateToEdit": True}))

    until(lambda: ours(kube, "edit") == READING | WRITING, "rights of editors")
    assert ours(kube, "view") == READING


def test_nobody_need_see_them(kube: Kube, helm: Helm, aggregate: Aggregate) -> None:
    """Without rbac.aggregateToView neither role shows them."""
    aggregate(helm.objects(rbac={"aggregateToView": False, "aggregateToEdit": True}))

    until(lambda: ours(kube, "edit") == READING | WRITING, "rights of editors")
    assert ours(kube, "view") == set()


def ours(kube: Kube, role: str) -> set[str]:
    """The verbs for registrations that a role of the cluster has."""
    rules = kube.get(f"{RBAC}/{role}")["rules"]
    return {
        verb for rule in rules if "runaiclusterregistrations" in rule.get("resources", []) for verb in rule["verbs"]
    }
