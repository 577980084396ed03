"""From a RunaiControlPlane and its Secret to a client: read again at each poll, so that a rotation needs no restart."""

import asyncio
import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

from pydantic import SecretStr

from runai_registrar.controlplane.auth import Credentials
from runai_registrar.controlplane.client import ControlPlaneClient
from runai_registrar.controlplane.endpoint import ConnectionSettings, Endpoint
from runai_registrar.controlplane.pacing import Pacing
from runai_registrar.core.planes import connection
from runai_registrar.core.times import Timing
from runai_registrar.errors import Absent, CredentialsNotFound, KubernetesError
from runai_registrar.resources import ControlPlane, VerifiedConnection


class Secrets(Protocol):
    """Where a Secret is read by name."""

    async def secret(self, namespace: str, name: str) -> dict[str, Any]:
        """Return the Secret; Absent where there is none."""


@dataclass
class Connection:
    """The current client of one control plane; a new one is made only when the spec or the Secret's content changed.

    `wanted` says whether the control plane may be asked at all; `identity` is computed with the client, and as seldom.
    """

    secrets: Secrets
    namespace: str
    timing: Timing
    wanted: Callable[[], bool] = lambda: True
    client: ControlPlaneClient | None = None
    identity: VerifiedConnection | None = None
    _made_of: tuple[ConnectionSettings, Credentials] | None = None
    _left: bool = False
    _closing: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self, plane: ControlPlane) -> ControlPlaneClient:
        """Return the client for what the spec and the Secret say now.

        Raises:
            CredentialsNotFound: The Secret or one of its keys is missing or empty.
            InvalidEndpoint: The spec cannot be used as written.
            KubernetesError: The Secret cannot be read; with status 403 the message says which right to grant.
        """
        secret = await self._read(plane.spec.credentials_secret_ref.name)
        made_of = (self._settings(plane), secret)
        if self.client is None or self._left or made_of != self._made_of:
            client = self._made(*made_of)  # first: the old one stays in use where the spec cannot be used
            self._retire()
            self.client, self.identity, self._made_of, self._left = client, None, made_of, False
        if self.identity is None:
            self.identity = await _identity(plane, secret)
        return self.client

    def forget(self) -> None:
        """Nothing more is sent with the client there is, and the next one is another."""
        if self.client is not None:
            self.client.leave()
        self._left = True

    async def aclose(self) -> None:
        """Close the client and those that are still being retired."""
        for task in self._closing:
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        if self.client is not None:
            await self.client.aclose()

    async def _read(self, name: str) -> Credentials:
        try:
            secret = await self.secrets.secret(self.namespace, name)
        except Absent:
            raise CredentialsNotFound(f"There is no Secret {name} in namespace {self.namespace}. Create it.") from None
        except KubernetesError as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            message = (
                f"The operator may not read the Secret {name} in namespace {self.namespace}. Grant it the right to get "
                "secrets there."
            )
            raise KubernetesError(message, status=error.status) from error
        client_id, client_secret = (_value(secret, key, name) for key in ("clientId", "clientSecret"))
        return Credentials(client_id=client_id, client_secret=SecretStr(client_secret))

    def _settings(self, plane: ControlPlane) -> ConnectionSettings:
        spec = plane.spec
        endpoint = Endpoint(
            url=spec.url,
            ca_bundle=spec.ca_bundle,
            proxy_url=spec.proxy_url,
            allow_insecure=spec.allow_insecure_transport,
        )
        return ConnectionSettings(
            endpoint=endpoint,
            request_timeout=self.timing.request_timeout,
            requests_per_second=spec.requests_per_second,
            patience=self.timing.freshness,
        )

    def _made(self, settings: ConnectionSettings, credentials: Credentials) -> ControlPlaneClient:
        """A new client; where only the credentials are others, limits, pauses and Retry-After go on as they are."""
        return ControlPlaneClient(settings, credentials, wanted=self.wanted, pacing=self._pacing(settings))

    def _pacing(self, settings: ConnectionSettings) -> Pacing | None:
        """The turns to go on with: of another spec only what is under way at the same address counts."""
        if self.client is None or self._made_of is None:
            return None
        before = self._made_of[0]
        if before == settings:
            return self.client.pacing
        return Pacing.of(settings, self.client.pacing.slots) if before.endpoint.url == settings.endpoint.url else None

    def _retire(self) -> None:
        """Close the old client once the calls that are under way with it have ended."""
        if self.client is None:
            return
        task = asyncio.create_task(self._close_later(self.client), name="retire control-plane client")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close_later(self, client: ControlPlaneClient) -> None:
        try:
            await asyncio.sleep(2 * self.timing.request_timeout)
        finally:  # at the end of the operator at once
            await client.aclose()


async def _identity(plane: ControlPlane, secret: Credentials) -> VerifiedConnection:
    """What tells this connection from others; in a thread, because the digest takes its time."""
    plain = secret.client_secret.get_secret_value()
    return await asyncio.to_thread(connection, plane.metadata.uid, plane.spec.url, secret.client_id, plain)


def _value(secret: Mapping[str, Any], key: str, name: str) -> str:
    """One key of a Secret as text, without surrounding white space."""
    encoded = (secret.get("data") or {}).get(key)
    try:
        text = base64.b64decode(encoded or "", validate=True).decode().strip()
    except (binascii.Error, UnicodeDecodeError):
        raise CredentialsNotFound(f"The key {key} of Secret {name} is not text. Correct it.") from None
    if not text:
        raise CredentialsNotFound(f"The Secret {name} has no key {key}, or it is empty. Add it.")
    return text
