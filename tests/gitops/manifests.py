"""What is shipped to be applied, filled in for a stage of the tests: samples and the YAML of the pages."""

import copy
import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import yaml

from crds.schemas import ROOT
from kube import Object
from operators import House
from planes import API, CONTROL_PLANES, Simulated
from stage import condition

OPERATORS = "runai-registrar"
"""The operator's own namespace, as everything shipped names it."""
PAGES = ("registrations.md", "install-secret.md", "control-planes.md", "gitops.md")
SOURCES = sorted([*(ROOT / "deploy" / "samples").glob("*.yaml"), *(ROOT / "docs" / name for name in PAGES)])
COLLECTIONS = {
    "Namespace": "/api/v1/namespaces",
    "Secret": "/api/v1/namespaces/{}/secrets",
    "ResourceQuota": "/api/v1/namespaces/{}/resourcequotas",
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "RoleBinding": "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings",
    "RunaiControlPlane": CONTROL_PLANES,
    "RunaiClusterRegistration": f"{API}/namespaces/{{}}/runaiclusterregistrations",
}
CLUSTER_SCOPED = {"Namespace", "ClusterRole", "RunaiControlPlane"}


def read(source: Path) -> list[Object]:
    """Return the manifests of a sample, or of all YAML blocks of a page, each in a namespace if it needs one."""
    text = source.read_text()
    blocks = (
        re.findall(r"^```yaml\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE) if source.suffix == ".md" else [text]
    )
    found = [one for block in blocks for one in yaml.safe_load_all(block)]
    for one in found:
        if one["kind"] not in CLUSTER_SCOPED:
            one["metadata"].setdefault("namespace", "default")
    return found


def path(one: Object) -> str:
    """Return where an object lives in the API."""
    metadata = one["metadata"]
    return f"{COLLECTIONS[one['kind']].format(metadata.get('namespace'))}/{metadata['name']}"


class Shipped:
    """A sample or a page, filled in: our namespaces, and simulated control planes in place of the real ones.

    Args:
        house: Where the operator runs; its namespace stands for the operator's own.
        source: The file.
        places: The namespace that stands for each one in the file.
        simulated: What every control plane of the file leads to; each `tenantId` is a tenant of it.
    """

    def __init__(self, house: House, source: Path, places: dict[str, str], simulated: Simulated) -> None:
        self.kube, self._simulated = house.kube, simulated
        self.manifests = [_moved(one, places | {OPERATORS: house.namespace}) for one in read(source)]
        self._add_what_is_taken_for_granted(house.namespace)
        for plane in self.of("RunaiControlPlane"):
            self._fill_in(plane["spec"])
        for registration in self.of("RunaiClusterRegistration"):
            self._make_what_is_adopted(registration)

    def of(self, kind: str) -> list[Object]:
        """Return the manifests of a kind."""
        return [one for one in self.manifests if one["kind"] == kind]

    @property
    def ours(self) -> list[Object]:
        """The manifests of our own kinds."""
        return [*self.of("RunaiControlPlane"), *self.of("RunaiClusterRegistration")]

    @property
    def text(self) -> str:
        """All manifests as YAML."""
        return yaml.safe_dump_all(self.manifests)

    def live(self) -> dict[str, Object]:
        """Return our own objects as they are now, by path."""
        return {path(one): self.kube.get(path(one)) for one in self.ours}

    def wait(self, reasons: dict[str, str]) -> None:
        """Return when every control plane answers, and each registration (`name`) says this reason."""
        wanted = {path(one): "Reachable" for one in self.of("RunaiControlPlane")}
        wanted |= {path(one): reasons[one["metadata"]["name"]] for one in self.of("RunaiClusterRegistration")}
        for place, reason in wanted.items():
            self.kube.wait_for(place, partial(_says, reason), 30.0, f"Ready with reason {reason}")

    def remove(self) -> None:
        """Take everything away but namespaces; the clusters are given up."""
        release = {"metadata": {"annotations": {"runai-registrar.io/release": "orphan"}}}
        registrations = [one for one in self.of("RunaiClusterRegistration") if self.kube.find(path(one))]
        for one in registrations:
            self.kube.patch(path(one), release)
        self._delete(map(path, registrations))
        self._delete(map(_install_secret, registrations))  # the garbage collector does not run here
        self._delete(
            path(one) for one in self.manifests if one["kind"] not in ("Namespace", "RunaiClusterRegistration")
        )

    def _delete(self, places: Iterable[str]) -> None:
        there = [place for place in places if self.kube.find(place)]
        for place in there:
            self.kube.delete(place)
        for place in there:
            self.kube.wait_gone(place, 30.0)

    def _add_what_is_taken_for_granted(self, operators: str) -> None:
        """A control plane called default, and credentials that something else puts into the cluster."""
        planes, names = self.of("RunaiControlPlane"), {one["metadata"]["name"] for one in self.of("Secret")}
        if not planes:
            spec = {"url": "https://app.run.ai", "credentialsSecretRef": {"name": "runai-credentials"}}
            kind = {"apiVersion": "runai-registrar.io/v1alpha1", "kind": "RunaiControlPlane"}
            planes = [kind | {"metadata": {"name": "default"}, "spec": spec}]
            self.manifests[:0] = planes
        for name in {plane["spec"]["credentialsSecretRef"]["name"] for plane in planes} - names:
            secret: Object = {"apiVersion": "v1", "kind": "Secret"}
            self.manifests.insert(0, secret | {"metadata": {"name": name, "namespace": operators}})

    def _fill_in(self, spec: Object) -> None:
        credential = self._simulated.admin.add_credential(tenant_id=spec.get("tenantId", 1001))
        spec["url"] = self._simulated.url
        for real in ("caBundle", "proxyUrl"):
            spec.pop(real, None)
        name = spec["credentialsSecretRef"]["name"]
        (secret,) = (one for one in self.of("Secret") if one["metadata"]["name"] == name)
        secret["stringData"] = {"clientId": credential.client_id, "clientSecret": credential.client_secret}

    def _make_what_is_adopted(self, registration: Object) -> None:
        spec = registration["spec"]
        if "adopt" not in spec:
            return
        name = spec.get("clusterName", registration["metadata"]["name"])
        made = self._simulated.admin.create(f"{name} of old" if "uuid" in spec["adopt"] else name)
        if "uuid" in spec["adopt"]:
            spec["adopt"]["uuid"] = made.uuid


def _moved(one: Object, places: dict[str, str]) -> Object:
    """A manifest with our namespaces in place of its own, wherever it names one."""
    moved = copy.deepcopy(one)
    metadata = moved["metadata"]
    if one["kind"] == "Namespace":
        metadata["name"] = places[metadata["name"]]
    if "namespace" in metadata:
        metadata["namespace"] = places[metadata["namespace"]]
    allowed = moved.get("spec", {}).get("allowedNamespaces", {})
    if "names" in allowed:
        allowed["names"] = [places.get(name, name) for name in allowed["names"]]
    return moved


def _install_secret(registration: Object) -> str:
    """Where the install Secret of a registration is, or would be."""
    name = registration["spec"].get("installSecret", {}).get("name", "none")
    return f"{COLLECTIONS['Secret'].format(registration['metadata']['namespace'])}/{name}"


def _says(reason: str, seen: Object) -> bool:
    return (condition(seen, "Ready") or {}).get("reason") == reason


def spaces() -> Iterator[str]:
    """Every namespace that a source names, the operator's own aside."""
    for source in SOURCES:
        for one in read(source):
            place = one["metadata"].get("namespace", one["metadata"]["name"] if one["kind"] == "Namespace" else None)
            if place not in (None, OPERATORS):
                yield place
