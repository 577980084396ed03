"""The life of a release with one registration: install, upgrade, uninstall, install again."""

import json
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from chart.charts import CHART, RELEASE, WAIT, Helm, HelmError, values_file
from chart.installation import QUICKLY, Installation
from chart.rights import Right, Team, busy, granted
from kube import Kube, Object
from planes import API, CONTROL_PLANES, Simulated
from runai_registrar.apiserver import Request

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
PLANE = "of-the-values"
"""The control plane that the release has after the upgrade."""

_REGISTRATIONS = "runaiclusterregistrations.runai-registrar.io"
_RBAC, _ADMISSION = "/apis/rbac.authorization.k8s.io/v1", "/apis/admissionregistration.k8s.io/v1"
_IN_NAMESPACE = (
    "/apis/apps/v1/{}deployments",
    "/apis/networking.k8s.io/v1/{}networkpolicies",
    "/api/v1/{}serviceaccounts",
    f"{_RBAC}/{{}}roles",
    f"{_RBAC}/{{}}rolebindings",
)
_EVERYWHERE = (
    f"{_RBAC}/clusterroles",
    f"{_RBAC}/clusterrolebindings",
    f"{_ADMISSION}/validatingadmissionpolicies",
    f"{_ADMISSION}/validatingadmissionpolicybindings",
)
"""Where everything is that a release is made of, but for what it keeps."""


@dataclass(frozen=True)
class Seen:
    """What there is at one moment of the story."""

    registration: Object
    changes: dict[str, int]
    columns: list[str]
    planes: dict[str, Object]
    objects: list[str]


@dataclass
class Story:
    """What was said and seen, and what the operator has asked the API server for.

    An uninstall takes the rights away before the operator ends: what is asked for in between is left out.
    """

    helm: Helm
    installation: Installation
    rights: set[Right]
    said: dict[str, str] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    _left_out: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, simulator: Simulated, chart: Path) -> None:
        """Install the version before, register, upgrade, uninstall, install, rename, and take everything away."""
        self.said["too early"] = self._refused("first", with_plane(simulator, "any"))
        self._do("install", chart, "--create-namespace")
        kube, home = self.installation.kube, self.installation.namespace
        kube.create("/api/v1/namespaces", {"metadata": {"name": f"team-{home}"}})
        team = busy(self.installation, f"team-{home}", simulator)
        self._look("installed", team)
        self._apply_plane(simulator, team.stage.control_plane.name)
        self._do("upgrade", CHART, with_plane(simulator, team.stage.control_plane.name), "--take-ownership")
        self._look("upgraded", team)
        self._uninstall()
        self._look("uninstalled", team)
        self.said["another"] = self._refused_to_another()
        self._do("install", CHART)
        team.made.change(clusterName="back-again")
        team.made.wait(lambda seen: seen["status"].get("clusterName") == "back-again", "renamed")
        self._look("installed again", team)
        self._end(team)

    def _do(self, what: str, *arguments: str | Path) -> None:
        """Run a Helm command for the release, which waits for the operator's start or end."""
        with values_file(QUICKLY) as path:
            values = [] if what == "uninstall" else ["--values", path]
            command = [what, RELEASE, *arguments, "--namespace", self.installation.namespace, *WAIT]
            self.said[what] = self.installation.during(self.helm, *command, *values)

    def _uninstall(self) -> None:
        before = self.installation.requests()[-1].at
        self._do("uninstall")
        self._left_out.append((before, self.installation.requests()[-1].at))

    def _apply_plane(self, simulator: Simulated, secret: str) -> None:
        """Apply the control plane of the values by hand, without what the values add; Helm says that it is not its."""
        spec = {"url": simulator.url, "credentialsSecretRef": {"name": secret}}
        kind = {"apiVersion": "runai-registrar.io/v1alpha1", "kind": "RunaiControlPlane"}
        made = json.dumps(kind | {"metadata": {"name": PLANE}, "spec": spec})
        done = self.installation.kube.kubectl("apply", "--filename=-", stdin=made)
        assert done.returncode == 0, done.stderr
        with pytest.raises(HelmError) as refused:
            self._do("upgrade", CHART, with_plane(simulator, secret))
        self.said["not its own"] = str(refused.value)

    def _look(self, moment: str, team: Team) -> None:
        kube, home = self.installation.kube, self.installation.namespace
        version = kube.get(f"{CRDS}/{_REGISTRATIONS}")["spec"]["versions"][0]
        columns = [each["name"] for each in version["additionalPrinterColumns"]]
        planes = {each["metadata"]["name"]: each["spec"] for each in kube.items(CONTROL_PLANES)}
        places = [*(each.format(f"namespaces/{home}/") for each in _IN_NAMESPACE), *_EVERYWHERE]
        ours = {"labelSelector": f"app.kubernetes.io/instance={RELEASE}"}
        objects = {place.rpartition("/")[2] for place in places for _ in kube.items(place, **ours)}
        self.seen[moment] = Seen(team.made.object, team.stage.changes(), columns, planes, sorted(objects))

    def _tried(self, name: str, *options: str) -> str:
        """What Helm says to a first installation of the chart."""
        home = self.installation.namespace
        return self.helm.run("install", name, CHART, "--namespace", home, "--dry-run=server", *options)

    def _refused(self, name: str, *options: str) -> str:
        with pytest.raises(HelmError) as refused:
            self._tried(name, *options)
        return str(refused.value)

    def _refused_to_another(self) -> str:
        """What it says to another release while the CRDs of this one are left; with either option it says nothing."""
        self._tried("another", "--take-ownership")
        self._tried("another", "--set=crds.enabled=false")
        return self._refused("another")

    def undo(self) -> None:
        """Take away what a story that broke off has left, so that the next one begins anew; nothing is waited for."""
        self.installation.close()
        kube, home = self.installation.kube, self.installation.namespace
        with suppress(HelmError):  # it may have broken off before there was a release
            self.helm.run("uninstall", RELEASE, "--namespace", home)
        if kube.find(f"{CRDS}/{_REGISTRATIONS}"):
            for each in (*kube.items(f"{API}/runaiclusterregistrations"), *kube.items(CONTROL_PLANES)):
                place = f"namespaces/{each['metadata']['namespace']}/" if "namespace" in each["metadata"] else ""
                path = f"{API}/{place}{each['kind'].lower()}s/{each['metadata']['name']}"
                kube.patch(path, {"metadata": {"finalizers": None}})
        take_crds(kube)
        for name in (home, f"team-{home}"):
            if kube.find(f"/api/v1/namespaces/{name}"):
                kube.delete(f"/api/v1/namespaces/{name}")

    def _end(self, team: Team) -> None:
        team.leave()
        self._uninstall()
        took = self.installation.requests()
        self.requests = [each for each in took if not any(start < each.at <= end for start, end in self._left_out)]
        take_crds(self.installation.kube)


def with_plane(simulator: Simulated, secret: str) -> str:
    """The option by which a release has a control plane, whose credential is in a Secret that is there."""
    spec = {"url": simulator.url, "credentialsSecretRef": {"name": secret}, "pollInterval": "1s"}
    return f"--set-json=controlPlanes={json.dumps([{'name': PLANE, 'spec': spec}])}"


def begin(kube: Kube, major: int, folder: Path) -> Story:
    """A story that is to be told with a Helm of this major version."""
    helm = Helm(major, kube.server.kubeconfig)
    home = f"home-of-helm-{major}-{secrets.token_hex(2)}"  # another one for each try: a namespace takes time to end
    return Story(helm, Installation(kube, folder, home), granted(helm.objects(namespace=home)))


def take_crds(kube: Kube) -> None:
    """Take away what an uninstall keeps, for the next story."""
    for crd in kube.items(CRDS):
        path = f"{CRDS}/{crd['metadata']['name']}"
        kube.delete(path)
        kube.wait_gone(path)
