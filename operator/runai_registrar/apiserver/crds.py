"""Applies manifests through the API (server-side apply), custom resource definitions first, and waits for those."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import yaml

from runai_registrar.apiserver.errors import ManifestRefusedError
from runai_registrar.apiserver.kubeconfig import connect

Manifest = dict[str, Any]

FIELD_OWNER = "runai-registrar-test"
"""The field manager of what is applied here."""

_CRD = "CustomResourceDefinition"
_CRD_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_TIMEOUT = 60.0
_PAUSE = 0.1
_RETRIED = frozenset({409, 429})  # somebody else wrote at the same moment; "storage is (re)initializing" for a new CRD


def install_crds(kubeconfig: Path, folder: Path) -> list[str]:
    """Apply every manifest of the ``*.yaml`` files under a folder, and wait until its CRDs are served.

    Args:
        kubeconfig: Whom to talk to, and as whom.
        folder: Searched with its subfolders, in the order of the names.

    Returns:
        What was applied, as ``Kind/name``.

    Raises:
        ManifestRefusedError: there is no such folder, a file is not YAML, a kind is not served, or the API server
            refuses a manifest.
    """
    if not folder.is_dir():
        raise ManifestRefusedError(f"there is no folder {folder}")
    paths = sorted(path for path in folder.rglob("*") if path.suffix in {".yaml", ".yml"})
    manifests = [manifest for path in paths for manifest in read_manifests(path.read_text(), str(path))]
    with connect(kubeconfig) as client:
        apply_manifests(client, manifests)
    return [_title(manifest) for manifest in manifests]


def read_manifests(text: str, origin: str = "the text") -> list[Manifest]:
    """The Kubernetes objects of a YAML stream; empty documents are passed over.

    Raises:
        ManifestRefusedError: it is not YAML, or not of Kubernetes objects.
    """
    try:
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except yaml.YAMLError as error:
        raise ManifestRefusedError(f"{origin} is not YAML: {error}") from error
    if not all(_is_object(document) for document in documents):
        raise ManifestRefusedError(f"{origin} has a document without apiVersion, kind or metadata.name")
    return documents


def apply_manifests(client: httpx.Client, manifests: Sequence[Manifest], namespace: str = "default") -> list[Manifest]:
    """Apply manifests, CRDs first, and wait until those are served; `namespace` is for those that name none.

    Returns:
        The objects as the server answered them, CRDs first.

    Raises:
        ManifestRefusedError: a kind is not served, the server refuses a manifest, or a CRD is not served in time.
    """
    crds = [manifest for manifest in manifests if manifest["kind"] == _CRD]
    applied = [_apply(client, manifest, namespace) for manifest in crds]
    for manifest in crds:
        _wait_until_served(client, manifest)
    others = [manifest for manifest in manifests if manifest["kind"] != _CRD]
    return applied + [_apply(client, manifest, namespace) for manifest in others]


def object_path(client: httpx.Client, manifest: Mapping[str, Any], namespace: str = "default") -> str:
    """The API path of a manifest's object, by the server's own discovery.

    Raises:
        ManifestRefusedError: the kind is not served.
    """
    version = manifest["apiVersion"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    resource = _resource(client, root, manifest["kind"])
    metadata = manifest["metadata"]
    scope = f"/namespaces/{metadata.get('namespace', namespace)}" if resource["namespaced"] else ""
    return f"{root}{scope}/{resource['name']}/{metadata['name']}"


def _resource(client: httpx.Client, root: str, kind: str) -> Mapping[str, Any]:
    for resource in _resources(client, root):
        if resource["kind"] == kind and "/" not in resource["name"]:  # with a slash: a subresource
            return resource
    raise ManifestRefusedError(f"the API server serves no {kind} in {root}")


def _resources(client: httpx.Client, root: str) -> list[dict[str, Any]]:
    answer = client.get(root)
    return list(answer.json()["resources"]) if answer.is_success else []


def _apply(client: httpx.Client, manifest: Manifest, namespace: str) -> Manifest:
    path = object_path(client, manifest, namespace)
    deadline = time.monotonic() + _TIMEOUT
    answer = _send(client, path, manifest)
    while answer.status_code in _RETRIED and time.monotonic() < deadline:
        time.sleep(_PAUSE)
        answer = _send(client, path, manifest)
    if not answer.is_success:
        raise ManifestRefusedError(f"{_title(manifest)} is refused ({answer.status_code}): {_message(answer)}")
    return dict(answer.json())


def _send(client: httpx.Client, path: str, manifest: Manifest) -> httpx.Response:
    query = {"fieldManager": FIELD_OWNER, "force": "true", "fieldValidation": "Strict"}
    headers = {"Content-Type": "application/apply-patch+yaml"}
    return client.patch(path, params=query, headers=headers, content=yaml.safe_dump(manifest))


def _wait_until_served(client: httpx.Client, crd: Manifest) -> None:
    name = crd["metadata"]["name"]
    deadline = time.monotonic() + _TIMEOUT
    while not (_is_established(client, name) and _is_discovered(client, crd["spec"])):
        if time.monotonic() > deadline:
            raise ManifestRefusedError(f"the custom resource definition {name} was not served after {_TIMEOUT:.0f} s")
        time.sleep(_PAUSE)


def _is_established(client: httpx.Client, name: str) -> bool:
    status = client.get(f"{_CRD_PATH}/{name}").json().get("status", {})
    conditions = status.get("conditions") or []  # null at first
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def _is_discovered(client: httpx.Client, spec: Mapping[str, Any]) -> bool:
    # Discovery follows Established with a short delay, and is where a kind's path comes from.
    roots = [f"/apis/{spec['group']}/{version['name']}" for version in spec["versions"] if version["served"]]
    plural = spec["names"]["plural"]
    return all(plural in {resource["name"] for resource in _resources(client, root)} for root in roots)


def _is_object(document: Any) -> bool:
    return (
        isinstance(document, dict)
        and isinstance(document.get("apiVersion"), str)
        and isinstance(document.get("kind"), str)
        and isinstance(document.get("metadata"), dict)
        and "name" in document["metadata"]
    )


def _title(manifest: Mapping[str, Any]) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:500]
