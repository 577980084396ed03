"""The one client of one control plane: the six operations of the API, paced, authenticated, each tried once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from runai_registrar.controlplane import protocol, requests
from runai_registrar.controlplane.answers import Answer, retry_after
from runai_registrar.controlplane.aside import LARGE, aside
from runai_registrar.controlplane.auth import Authenticator, Credentials
from runai_registrar.controlplane.models import Cluster, CreationRequest, InstallInfo, UpdateRequest
from runai_registrar.controlplane.pacing import Pacing
from runai_registrar.controlplane.transport import Exchange, Transport
from runai_registrar.errors import ControlPlaneError, NotSent, Stale

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from pydantic import SecretStr

    from runai_registrar.controlplane.endpoint import ConnectionSettings


def _unobserved(_: Exchange) -> None:
    """Take no notice of an exchange."""


def _guard(still_fresh: Callable[[], bool]) -> Callable[[], None]:
    """Raise Stale, directly before the first byte leaves, where the caller's view has become too old."""

    def before_send() -> None:
        if not still_fresh():
            raise Stale("Not sent: too much time has passed since the last look. It is looked at again.")

    return before_send


class ControlPlaneClient:
    """Talks to one control plane with one set of credentials.

    Every method waits for its turn (at most the settings' `patience`), takes at most `request_timeout` seconds for each
    request after that, and raises a ControlPlaneError: NotSent, Refused or Unanswered. Nothing is retried, apart from
    one token refresh after a 401, and a read that met a kept connection which had just been closed.

    Args:
        settings: Where the control plane is and how hard it may be asked.
        credentials: What tokens are asked for with. Rotated ones need a new client.
        observe: Called after each request that was tried, token requests included.
        pacing: The turns to share with the client before, whose credentials were others; None: turns of its own.

    Attributes:
        pacing: The turns that each call waits for.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        credentials: Credentials,
        *,
        observe: Callable[[Exchange], None] = _unobserved,
        pacing: Pacing | None = None,
    ) -> None:
        self._transport = Transport(settings, observe)
        self.pacing = pacing or Pacing(
            requests_per_second=settings.requests_per_second,
            max_in_flight=settings.max_in_flight,
            patience=settings.patience,
        )
        self._auth = Authenticator(credentials, self._send)
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    @property
    def clock_offset(self) -> float | None:
        """The control plane's clock minus the local wall clock in seconds; None before the first Date header."""
        return self._transport.clock_offset

    @property
    def clock_error(self) -> float:
        """Seconds by which `clock_offset` may be wrong, either way."""
        return self._transport.clock_error

    async def aclose(self) -> None:
        """Close all connections; calls that come later, or still wait for their turn, raise NotSent."""
        self._closed = True
        await self._transport.aclose()

    async def list_clusters(self) -> tuple[Cluster, ...]:
        """Return every cluster of the tenant, those being deleted included (operation get_clusters)."""
        answer = await self._ask(requests.get_clusters())
        return await aside(partial(protocol.read_clusters, answer, self._auth.secrets), large=len(answer.body) > LARGE)

    async def get_cluster(self, uuid: str) -> Cluster:
        """Return one cluster (operation get_cluster_by_uuid).

        Raises:
            NotFound: The API itself, not a gateway, says that there is none.
            ValueError: `uuid` is not a UUID.
        """
        answer = await self._ask(requests.get_cluster_by_uuid(uuid))
        return protocol.read_cluster(answer, uuid, self._auth.secrets)

    async def create_cluster(
        self,
        name: str,
        domain: str | None,
        version: str | None,
        *,
        still_fresh: Callable[[], bool],
    ) -> Cluster:
        """Create a cluster (operation create_cluster): one POST, and a second one only after a 401.

        Args:
            name: The name to register; the answer must have it too.
            domain: Not sent if None.
            version: Not sent if None.
            still_fresh: Asked when turn, token and connection are there, directly before the first byte leaves, for
                each POST; must be quick and not raise. False ends the call with Stale.

        Raises:
            Refused: There is no cluster from this call.
            NotSent: There is none either; nothing was sent, or what was sent was answered 401.
            Unanswered: There may be one, and so there may be if the call is cancelled.
        """
        wanted = CreationRequest(name=name, domain=domain, version=version)
        answer = await self._ask(requests.create_cluster(wanted), _guard(still_fresh))
        return protocol.read_created(answer, name, self._auth.secrets)

    async def rename_cluster(self, uuid: str, name: str, *, still_fresh: Callable[[], bool]) -> None:
        """Give a cluster another name (operation updateCluster); `still_fresh` as in `create_cluster`.

        Raises:
            ValueError: `uuid` is not a UUID.
        """
        request = requests.update_cluster(uuid, UpdateRequest(name=name))
        answer = await self._ask(request, _guard(still_fresh))
        protocol.read_renamed(answer, self._auth.secrets)

    async def delete_cluster(self, uuid: str, *, force: bool, still_fresh: Callable[[], bool]) -> protocol.Deletion:
        """Ask for the end of a cluster (operation delete_cluster); `still_fresh` as in `create_cluster`.

        That the cluster is gone must be seen elsewhere.

        Raises:
            ValueError: `uuid` is not a UUID.
        """
        answer = await self._ask(requests.delete_cluster(uuid, force=force), _guard(still_fresh))
        return protocol.read_deleted(answer, self._auth.secrets)

    async def install_info(self, uuid: str, version: str, remote_url: str | None = None) -> InstallInfo:
        """Return how to install the agent (operation get_cluster_install_info_by_uuid).

        Raises:
            ValueError: `uuid` is not a UUID.
        """
        answer = await self._ask(requests.get_cluster_install_info_by_uuid(uuid, version, remote_url))
        return protocol.read_install_info(answer, self._auth.secrets)

    async def _ask(self, request: requests.Request, before_send: Callable[[], None] | None = None) -> Answer:
        """Send a request with a token; once more with a new one if that was answered 401."""
        token = await self._auth.token()
        answer = await self._send(request, token, before_send)
        if protocol.wants_new_token(answer.status):
            self._auth.reject(token)
            answer = await self._send(request, await self._auth.token(), before_send)
        return answer

    async def _send(
        self,
        request: requests.Request,
        token: SecretStr | None = None,
        before_send: Callable[[], None] | None = None,
    ) -> Answer:
        """Send one request in its turn and let the pacing learn from what came of it."""
        async with self.pacing.turn():
            if self._closed:
                raise NotSent(
                    "Not sent: the connection to the control plane is being closed.", reason="ControlPlaneNotReady"
                )
            try:
                answer = await self._transport.exchange(request, token, before_send)
            except Stale:
                raise
            except ControlPlaneError:
                self.pacing.failed()
                raise
            self._learn(answer)
            return answer

    def _learn(self, answer: Answer) -> None:
        if protocol.is_throttle(answer.status):
            self.pacing.throttled(retry_after(answer))
        elif protocol.shows_outage(answer.status):
            self.pacing.failed(retry_after(answer))
        else:
            self.pacing.answered()
