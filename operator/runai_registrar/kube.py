"""The only writer to Kubernetes: two compare-and-swap writes, install Secrets, and the reads that decisions rest on.

Every write carries the `resourceVersion` it was decided on; a stale one raises `Conflict` and means: look again.
"""

import asyncio
import base64
import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Self

import aiohttp
from kubernetes.aio import client as kubernetes_client
from pydantic import SecretStr

from runai_registrar.errors import Absent, Conflict, KubernetesError, Terminating
from runai_registrar.login import load_configuration
from runai_registrar.resources import (
    CONTROL_PLANES,
    CREATE_ATTEMPT,
    FINALIZER,
    GROUP,
    REGISTRATIONS,
    VERSION,
    ControlPlane,
    CreateAttempt,
    Metadata,
    Registration,
)

TIMEOUT = 30.0
"""Seconds one request to the API server may take."""

PAGE = 500
"""Objects asked for in one page of a list."""

EXPIRED = 2
"""How often a list whose resource version has expired is begun anew at once."""

_MERGE = "application/merge-patch+json"
_JSON = "application/json-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"

Json = dict[str, Any]


@dataclass(frozen=True)
class Listed:
    """A complete list, and the resource version it is true at."""

    items: list[Json]
    resource_version: str


def _path(plural: str, namespace: str = "", name: str = "", subresource: str = "") -> str:
    parts = [f"/apis/{GROUP}/{VERSION}", f"namespaces/{namespace}" if namespace else "", plural, name, subresource]
    return "/".join(part for part in parts if part)


class Kube:
    """The API server, as far as the operator uses it; build it with `Kube.connect` inside the running loop."""

    def __init__(self, configuration: kubernetes_client.Configuration, namespaces: Sequence[str] = ()) -> None:
        self._api = kubernetes_client.ApiClient(configuration)
        self._api.user_agent = "runai-registrar"
        self._namespaces = tuple(namespaces)

    @classmethod
    async def connect(
        cls, namespaces: Sequence[str] = (), configuration: kubernetes_client.Configuration | None = None
    ) -> Self:
        """Connect as told, else as the pod or KUBECONFIG says; SettingsError where there is neither."""
        configuration = configuration or await load_configuration()
        configuration.connection_pool_maxsize = 32
        configuration.client_session_kwargs = {"trust_env": False}
        return cls(configuration, namespaces)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._api.close()

    async def announce(self, registration: Registration, attempt: CreateAttempt | None) -> Registration:
        """Write 1: set our finalizer, and the create-attempt unless it is None, in one compare-and-swap.

        Foreign finalizers are carried along, because a merge patch replaces the list.
        """
        body = _held(registration.metadata, tuple(dict.fromkeys((*registration.metadata.finalizers, FINALIZER))))
        if attempt is not None:
            body["metadata"]["annotations"] = {CREATE_ATTEMPT: attempt.to_json()}
        return await self._patch(registration, "", _MERGE, body)

    async def release(self, registration: Registration) -> Registration:
        """Remove our finalizer; Absent where the registration is gone already, which is as good."""
        kept = [name for name in registration.metadata.finalizers if name != FINALIZER]
        return await self._patch(registration, "", _MERGE, _held(registration.metadata, kept))

    async def write_status(self, registration: Registration, status: Json) -> Registration:
        """Write 2: replace the whole status."""
        return await self._patch(registration, "status", _JSON, _replaced(registration.metadata, status))

    async def write_plane_status(self, plane: ControlPlane, status: Json) -> ControlPlane:
        """Replace the status of a RunaiControlPlane."""
        return await self._patch_plane(plane, "status", _JSON, _replaced(plane.metadata, status))

    async def hold_plane(self, plane: ControlPlane, finalizers: Sequence[str]) -> ControlPlane:
        """Replace the finalizers of a RunaiControlPlane; Absent where it is gone."""
        return await self._patch_plane(plane, "", _MERGE, _held(plane.metadata, finalizers))

    async def hold_secret(self, namespace: str, seen: Metadata, finalizers: Sequence[str]) -> Json:
        """Replace the finalizers of a Secret; Absent where it is gone."""
        path, body = f"/api/v1/namespaces/{namespace}/secrets/{seen.name}", _held(seen, finalizers)
        return await self._request("PATCH", path, body=body, kind=_MERGE, secret=True)

    async def read(self, registration: Registration) -> Registration:
        """Read one registration from the API server; Absent where it is gone, or where its name has another uid."""
        body = await self._request("GET", _path(REGISTRATIONS, registration.metadata.namespace, registration.name))
        if body["metadata"]["uid"] != registration.uid:
            raise Absent(f"{registration.key} is another object by now.")
        return Registration.from_dict(body)

    async def named(self, plural: str, namespace: str, name: str) -> Json:
        """Read one object of our own group by its name, as JSON; Absent where there is none."""
        return await self._request("GET", _path(plural, namespace, name))

    async def registrations(self) -> Listed:
        """List all registrations that this operator looks after, as JSON: one that cannot be read hides no other."""
        parts = [await self._list(_path(REGISTRATIONS, name)) for name in self._namespaces or ("",)]
        items = [item for part in parts for item in part.items]
        return Listed(items, min((part.resource_version for part in parts), key=int))

    async def holders(self, uuid: str) -> list[Json]:
        """List the registrations that name this uuid in their status, as JSON."""
        query = [("fieldSelector", f"status.uuid={uuid}")]
        parts = [await self._list(_path(REGISTRATIONS, name), query) for name in self._namespaces or ("",)]
        return [item for part in parts for item in part.items]

    async def control_planes(self) -> Listed:
        """List all control planes, as JSON."""
        return await self._list(_path(CONTROL_PLANES))

    async def secret(self, namespace: str, name: str) -> Json:
        """Read one Secret by name; Absent where there is none."""
        return await self._request("GET", f"/api/v1/namespaces/{namespace}/secrets/{name}")

    async def create_secret(self, namespace: str, metadata: Json, content: Mapping[str, SecretStr]) -> Json:
        """Create a Secret, and never replace one: Conflict where the name is taken, Terminating as the error says."""
        body = {"metadata": metadata, "type": "Opaque", "data": _encoded(content)}
        try:
            return await self._request("POST", f"/api/v1/namespaces/{namespace}/secrets", body=body, secret=True)
        except Absent:
            raise Terminating(f"There is no namespace {namespace} any more.") from None

    async def patch_secret(self, namespace: str, name: str, metadata: Json, content: Mapping[str, SecretStr]) -> Json:
        """Change a Secret by a strategic merge patch; `metadata` holds the uid and resource version it was seen with.

        A Secret that is gone or changed meanwhile is a Conflict.
        """
        path = f"/api/v1/namespaces/{namespace}/secrets/{name}"
        body = {"metadata": metadata, "data": _encoded(content)}
        try:
            return await self._request("PATCH", path, body=body, kind=_STRATEGIC, secret=True)
        except Absent:
            raise Conflict(f"The Secret {name} is gone.") from None

    async def delete_secret(self, namespace: str, name: str, uid: str, resource_version: str) -> None:
        """Delete a Secret as it was seen (Conflict where it has changed); one that is gone already is as good."""
        body = {"preconditions": {"uid": uid, "resourceVersion": resource_version}}
        with contextlib.suppress(Absent):
            await self._request("DELETE", f"/api/v1/namespaces/{namespace}/secrets/{name}", body=body, secret=True)

    async def namespace(self, name: str) -> Metadata:
        """Read the metadata of a namespace; Absent where there is none."""
        return Metadata.model_validate((await self._request("GET", f"/api/v1/namespaces/{name}"))["metadata"])

    async def _list(self, path: str, selected: Sequence[tuple[str, str]] = ()) -> Listed:
        """All pages of a list, at one consistent resource version; begun anew where that has expired meanwhile."""
        for _ in range(EXPIRED):
            try:
                return await self._pages(path, selected)
            except KubernetesError as error:
                if error.status != HTTPStatus.GONE:
                    raise
        return await self._pages(path, selected)

    async def _pages(self, path: str, selected: Sequence[tuple[str, str]]) -> Listed:
        found: list[Json] = []
        query = [*selected, ("limit", str(PAGE))]
        more = ""
        while True:
            page = await self._request("GET", path, query=[*query, ("continue", more)] if more else query)
            found += page["items"]
            more = page["metadata"].get("continue") or ""
            if not more:
                return Listed(found, page["metadata"]["resourceVersion"])

    async def _patch(self, registration: Registration, subresource: str, kind: str, body: Any) -> Registration:
        path = _path(REGISTRATIONS, registration.metadata.namespace, registration.name, subresource)
        return Registration.from_dict(await self._request("PATCH", path, body=body, kind=kind))

    async def _patch_plane(self, plane: ControlPlane, subresource: str, kind: str, body: Any) -> ControlPlane:
        path = _path(CONTROL_PLANES, "", plane.name, subresource)
        return ControlPlane.from_dict(await self._request("PATCH", path, body=body, kind=kind))

    async def _request(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        kind: str = "application/json",
        query: Any = None,
        secret: bool = False,
    ) -> Json:
        """Send one request, once; the answer's JSON, or the error its status stands for.

        Where the object is `secret`, nothing of the answer is quoted: a webhook may repeat what it was shown.
        """
        headers = {"Accept": "application/json", "Content-Type": kind}
        prepared = await self._api.param_serialize(
            method, path, query_params=query, header_params=headers, body=body, auth_settings=["BearerToken"]
        )
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await self._api.call_api(*prepared, _request_timeout=TIMEOUT)
                data = await answer.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise KubernetesError(f"The API server cannot be reached: {type(error).__name__}.") from error
        if answer.status >= 300:  # noqa: PLR2004  # everything from 300 on is not success
            raise _refusal(answer.status, data, quoted=not secret)
        parsed: Json = json.loads(data)
        return parsed


def _replaced(metadata: Metadata, status: Json) -> list[Json]:
    """A JSON patch that replaces the whole status, so that vanished map keys do not stay for ever."""
    return [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata.resource_version},
        {"op": "replace", "path": "/status", "value": status},
    ]


def _held(metadata: Metadata, finalizers: Sequence[str]) -> Json:
    return {"metadata": {"resourceVersion": metadata.resource_version, "finalizers": list(finalizers)}}


def _encoded(content: Mapping[str, SecretStr]) -> Json:
    """The data of a Secret as it is sent."""
    return {key: base64.b64encode(value.get_secret_value().encode()).decode() for key, value in content.items()}


def _refusal(status: int, data: bytes, *, quoted: bool = True) -> KubernetesError:
    """The error for a status; the server's message is kept short."""
    if status == HTTPStatus.FORBIDDEN and b'"NamespaceTerminating"' in data:
        return Terminating("The namespace is being deleted, so nothing new is made in it.", status=status)
    try:
        message = str(json.loads(data).get("message", ""))[:300] if quoted else HTTPStatus(status).phrase
    except (ValueError, AttributeError):
        message = ""
    text = f"The API server answered {status}: {message}"
    kinds: Mapping[int, type[KubernetesError]] = {404: Absent, 409: Conflict}
    return kinds.get(status, KubernetesError)(text, status=status)
