"""The samples and the RBAC manifest that are shipped, applied to an API server."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from crds.objects import CONTROL_PLANES_PATH
from crds.schemas import CRDS, EVERY_FIELD, ROOT
from kube import Kube, Object

RBAC = ROOT / "deploy" / "rbac.yaml"
SAMPLES = [ROOT / "deploy" / "samples" / name for name in ("full.yaml", "minimal.yaml")]  # all: tests/gitops/
ACCOUNT = "system:serviceaccount:runai-registrar:runai-registrar"
GROUPS = ["system:authenticated", "system:serviceaccounts", "system:serviceaccounts:runai-registrar"]
OURS = "runai-registrar.io"

# What the operator may do: (group, resource, verb).
EVERYWHERE = {
    *((OURS, "runaiclusterregistrations", verb) for verb in ("get", "list", "watch", "patch")),
    (OURS, "runaiclusterregistrations/status", "patch"),
    (OURS, "runaiclusterregistrations/finalizers", "update"),
    *((OURS, "runaicontrolplanes", verb) for verb in ("list", "watch", "patch")),
    (OURS, "runaicontrolplanes/status", "patch"),
    ("", "namespaces", "get"),
    *(("", "secrets", verb) for verb in ("get", "create", "patch", "delete")),
}


def _samples() -> list[Object]:
    return [one for path in SAMPLES for one in yaml.safe_load_all(path.read_text())]


def _path(one: Object) -> str:
    """Return where an object of a sample lives in the API."""
    name, namespace = one["metadata"]["name"], one["metadata"].get("namespace")
    match one["kind"]:
        case "Namespace":
            return f"/api/v1/namespaces/{name}"
        case "Secret":
            return f"/api/v1/namespaces/{namespace}/secrets/{name}"
        case "RunaiControlPlane":
            return f"{CONTROL_PLANES_PATH}/{name}"
        case "RunaiClusterRegistration":
            return f"/apis/{one['apiVersion']}/namespaces/{namespace}/runaiclusterregistrations/{name}"
        case other:
            raise AssertionError(f"a sample of an unexpected kind: {other}")


@pytest.fixture
def installed(kube: Kube) -> Iterator[Kube]:
    """An API server with rbac.yaml applied; what samples leave behind is deleted, namespaces aside."""
    applied = kube.kubectl("apply", "--filename", str(RBAC))
    assert applied.returncode == 0, applied.stderr
    yield kube
    for one in _samples():
        if one["kind"] != "Namespace" and kube.find(_path(one)):
            kube.delete(_path(one))


def _versions(kube: Kube) -> dict[str, tuple[Any, Any]]:
    """Return generation and resourceVersion of every object of the samples that exists."""
    found = {path: kube.find(path) for path in map(_path, _samples())}
    return {
        path: (one["metadata"].get("generation"), one["metadata"]["resourceVersion"])
        for path, one in found.items()
        if one is not None
    }


@pytest.mark.parametrize("how", [[], ["--server-side"]], ids=["client-side", "server-side"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_samples_apply(installed: Kube, sample: Any, how: list[str]) -> None:
    """A sample applies without a warning; again without a new generation; and then without any write at all."""

    def apply() -> dict[str, tuple[Any, Any]]:
        done = installed.kubectl("apply", *how, "--filename", str(sample))
        assert (done.returncode, done.stderr) == (0, "")
        return _versions(installed)

    first, second, third = apply(), apply(), apply()  # the second stores the default of status, once

    assert first.keys() >= {_path(one) for one in yaml.safe_load_all(sample.read_text())}
    assert {path: generation for path, (generation, _) in second.items()} == {
        path: generation for path, (generation, _) in first.items()
    }
    assert third == second


def test_full_sample_names_every_field() -> None:
    """full.yaml shows every field of both specs, outside comments."""
    shown = {path for one in yaml.safe_load_all((ROOT / "deploy/samples/full.yaml").read_text()) for path in _keys(one)}
    wanted = {path for path in EVERY_FIELD if ".spec" in path}

    assert wanted - shown == set()


def _keys(one: Object) -> set[str]:
    if one["kind"] not in CRDS:
        return set()
    return set(_walk(one["spec"], f"{one['kind']}.spec"))


def _walk(value: Any, path: str) -> Iterator[str]:
    yield path
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _walk(child, f"{path}.{name}")
    if isinstance(value, list):
        for child in value:
            yield from _walk(child, f"{path}[]")


def test_minimal_sample_is_minimal() -> None:
    """minimal.yaml is a credential, a control plane of two fields, and an empty spec."""
    secret, plane, cluster = yaml.safe_load_all((ROOT / "deploy/samples/minimal.yaml").read_text())

    assert secret["stringData"].keys() == {"clientId", "clientSecret"}
    assert (plane["metadata"]["name"], plane["spec"].keys()) == ("default", {"url", "credentialsSecretRef"})
    assert plane["spec"]["credentialsSecretRef"]["name"] == secret["metadata"]["name"]
    assert cluster["spec"] == {}


def _granted(kube: Kube, namespace: str, user: str, groups: list[str]) -> set[tuple[str, str, str]]:
    """Return what the server grants a user in a namespace, as (group, resource, verb)."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    }
    headers = [("Impersonate-User", user), *(("Impersonate-Group", group) for group in groups)]
    answer = kube.client.post(
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", json=review, headers=headers
    ).raise_for_status()
    status = answer.json()["status"]
    assert status["incomplete"] is False
    return {
        (group, resource, verb)
        for rule in status["resourceRules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.case(
    "S-10",
    injected="the API server is asked what the shipped Roles grant",
    outcome="exactly the documented table",
)
@pytest.mark.parametrize("where", ["runai-registrar", "default"], ids=["at home", "elsewhere"])
def test_rbac_grants_exactly_the_table(installed: Kube, where: str) -> None:
    """Beyond what any service account may do, the operator may do what the table says and nothing else."""
    anyone = _granted(installed, where, "system:serviceaccount:runai-registrar:nobody", GROUPS)

    assert _granted(installed, where, ACCOUNT, GROUPS) - anyone == EVERYWHERE


@pytest.mark.case(
    "S-05",
    injected="the operator's account asks for a Secret of another namespace",
    outcome="403 to a list or a replacement; one Secret by name only, for install Secrets",
)
@pytest.mark.case(
    "S-10",
    injected="the operator's account tries what it needs and what it must not",
    outcome="only the former works; no list of Secrets, no DELETE",
)
@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", f"/apis/{OURS}/v1alpha1/runaiclusterregistrations", 200),
        ("GET", f"/apis/{OURS}/v1alpha1/runaicontrolplanes", 200),
        ("GET", "/api/v1/namespaces/runai-registrar/secrets/absent", 404),
        ("GET", "/api/v1/namespaces/runai-registrar/secrets", 403),
        ("GET", "/api/v1/namespaces/default/secrets/absent", 404),
        ("GET", "/api/v1/namespaces/default/secrets", 403),
        ("GET", "/api/v1/secrets", 403),
        ("PUT", "/api/v1/namespaces/default/secrets/absent", 403),
        ("DELETE", f"/apis/{OURS}/v1alpha1/namespaces/default/runaiclusterregistrations/absent", 403),
        ("DELETE", f"/apis/{OURS}/v1alpha1/runaicontrolplanes/absent", 403),
        ("PATCH", f"/apis/{OURS}/v1alpha1/namespaces/default/runaiclusterregistrations/absent", 404),
        ("PATCH", f"/apis/{OURS}/v1alpha1/namespaces/default/runaiclusterregistrations/absent/status", 404),
        ("PATCH", f"/apis/{OURS}/v1alpha1/runaicontrolplanes/absent", 404),
        ("PATCH", "/api/v1/namespaces/runai-registrar/secrets/absent", 404),
        ("PATCH", f"/apis/{OURS}/v1alpha1/runaicontrolplanes/absent/status", 404),
    ],
)
def test_rbac_in_use(installed: Kube, method: str, path: str, code: int) -> None:
    """The server lets the service account through (200, or 404 for what is not there) or refuses it (403)."""
    headers = [("Impersonate-User", ACCOUNT), ("Content-Type", "application/merge-patch+json")]

    assert installed.client.request(method, path, headers=headers, content=b"{}").status_code == code


@pytest.mark.case("S-10", injected="the shipped Roles are searched for `*`", outcome="there is none")
def test_rbac_has_no_wildcards() -> None:
    """No rule grants everything of anything."""
    roles = [one for one in yaml.safe_load_all(RBAC.read_text()) if "rules" in one]
    granted = [word for role in roles for rule in role["rules"] for part in rule.values() for word in part]

    assert len(roles) == 3
    assert "*" not in granted
