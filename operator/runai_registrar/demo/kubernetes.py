"""The demo's own hand in Kubernetes: what a person would do with kubectl, over the same API."""

import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from runai_registrar.apiserver import apply_manifests, connect, read_manifests
from runai_registrar.demo.errors import RefusedError
from runai_registrar.resources import API_VERSION, CONTROL_PLANES, REGISTRATIONS, ControlPlane, Registration

NAMESPACE = "default"
"""Where the registrations of the story are; where kubectl looks if it is not told otherwise."""

_ALL = f"/apis/{API_VERSION}/{REGISTRATIONS}"
_OWN = f"/apis/{API_VERSION}/namespaces/{NAMESPACE}/{REGISTRATIONS}"
_PLANE = f"/apis/{API_VERSION}/{CONTROL_PLANES}/default"
_TRIES, _PAUSE = 100, 0.1
_MERGE_PATCH = {"Content-Type": "application/merge-patch+json"}


class Kubernetes:
    """A client of the demo's API server, as its administrator.

    Every call raises RefusedError where the server refuses, and httpx.TransportError where it does not answer.
    """

    def __init__(self, kubeconfig: Path) -> None:
        self._client = connect(kubeconfig)

    def apply(self, text: str) -> list[str]:
        """Apply YAML, as `kubectl apply` does; what was applied, as `kind/name`."""
        applied = apply_manifests(self._client, read_manifests(text), NAMESPACE)
        return [f"{each['kind'].lower()}.{_group(each)}/{each['metadata']['name']}" for each in applied]

    def registrations(self) -> list[Registration]:
        """All registrations, of all namespaces."""
        return [Registration.from_dict(body) for body in self._ask("GET", _ALL)["items"]]

    def control_plane(self) -> ControlPlane | None:
        """The RunaiControlPlane `default`, None before it is there."""
        answer = self._send("GET", _PLANE)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return ControlPlane.from_dict(_body(answer))

    def patch(self, name: str, spec: Mapping[str, Any]) -> None:
        """Change the spec of a registration by a merge patch."""
        self._ask("PATCH", f"{_OWN}/{name}", json={"spec": spec}, headers=_MERGE_PATCH)

    def delete(self, name: str) -> None:
        """Ask for the deletion of a registration, without waiting for it."""
        self._ask("DELETE", f"{_OWN}/{name}")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        return _body(self._send(method, path, **options))

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request; 429 is what a server says of a new kind at first ("storage is (re)initializing")."""
        answer = self._client.request(method, path, **options)
        for _ in range(_TRIES):
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                break
            time.sleep(_PAUSE)
            answer = self._client.request(method, path, **options)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _group(manifest: Mapping[str, Any]) -> str:
    return str(manifest["apiVersion"]).partition("/")[0]


def _body(answer: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    if not answer.is_success:
        raise RefusedError(str(body.get("message", answer.status_code)))
    return body
