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


def _always() -> bool:
    """Put no condition."""
    return True


class ControlPlaneClient:
    """Talks to one control plane with one set of credentials.

    Every method waits for its turn (at most the settings' `patience`), takes at most `request_timeout` seconds for each
    request after that, and raises a ControlPlaneError: NotSent, Refused or Unanswered. Nothing is retried, apart from
    one token refresh after a 401, and a read that met a kept connection which had just been closed.

    Args:
        settings: Where the control plane is and how hard it may be asked.
        credentials: What tokens are asked for with. Rotated ones need a new client.
        observe: Called after each request that was tried, token requests included.
        wanted: Whether the control plane may be asked for anything now. Asked directly before each request leaves, also
            before those for tokens; False ends the call with Stale.
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
        wanted: Callable[[], bool] = _always,
        pacing: Pacing | None = None,
    ) -> None:
        self._transport = Transport(settings, observe)
        self.pacing = pacing or Pacing.of(settings)
        self._auth = Authenticator(credentials, self._send)
        self._wanted = wanted
        self._closed = self._left = False

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

    def leave(self) -> None:
        """Send nothing more: what has not left by now ends with Stale, and what is under way goes on."""
        self._left = True

    async def aclose(self) -> None:
        """Close all connections; calls that come later, or still wait for their turn, raise NotSent."""
        self._closed = True
        await self._transport.aclose()

    async def list_clusters(self) -> tuple[Cluster, ...]:
        """Return every cluster of the tenant, those being deleted included (operation get_clusters)."""
        answer = await self._ask(requests.get_clusters())
        return await aside(partial(protocol.read_clusters, answer, self._auth.secrets), large=len(answer.body) > LARGE)

    async def get_cluster(self, uuid: str, *, still_fresh: Callable[[], bool] = _always) -> Cluster:
        """Return one cluster (operation get_cluster_by_uuid); `still_fresh` as in `create_cluster`.

        Raises:
            NotFound: The API itself, not a gateway, says that there is none.
            ValueError: `uuid` is not a UUID.
        """
        answer = await self._ask(requests.get_cluster_by_uuid(uuid), still_fresh)
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
        answer = await self._ask(requests.create_cluster(wanted), still_fresh)
        return protocol.read_created(answer, name, self._auth.secrets)

    async def rename_cluster(self, uuid: str, name: str, *, still_fresh: Callable[[], bool]) -> None:
        """Give a cluster another name (operation updateCluster); `still_fresh` as in `create_cluster`.

        Raises:
            ValueError: `uuid` is not a UUID.
        """
        request = requests.update_cluster(uuid, UpdateRequest(name=name))
        answer = await self._ask(request, still_fresh)
        protocol.read_renamed(answer, self._auth.secrets)

    async def delete_cluster(self, uuid: str, *, force: bool, still_fresh: Callable[[], bool]) -> protocol.Deletion:
        """Ask for the end of a cluster (operation delete_cluster); `still_fresh` as in `create_cluster`.

        That the cluster is gone must be seen elsewhere.

        Raises:
            ValueError: `uuid` is not a UUID.
        """
        answer = await self._ask(requests.delete_cluster(uuid, force=force), still_fresh)
        return protocol.read_deleted(answer, self._auth.secrets)

    async def install_info(
        self, uuid: str, version: str, remote_url: str | None = None, *, still_fresh: Callable[[], bool] = _always
    ) -> InstallInfo:
        """Return how to install the agent (operation get_cluster_install_info_by_uuid); `still_fresh` as before.

        Raises:
            ValueError: `uuid` is not a UUID.
        """
        request = requests.get_cluster_install_info_by_uuid(uuid, version, remote_url)
        answer = await self._ask(request, still_fresh)
        return protocol.read_install_info(answer, self._auth.secrets)

    async def _ask(self, request: requests.Request, still_fresh: Callable[[], bool] = _always) -> Answer:
        """Send a request with a token; once more with a new one if that was answered 401."""
        token = await self._auth.token()
        answer = await self._send(request, token, still_fresh)
        if protocol.wants_new_token(answer.status):
            self._auth.reject(token)
            answer = await self._send(request, await self._auth.token(), still_fresh)
        return answer

    async def _send(
        self,
        request: requests.Request,
        token: SecretStr | None = None,
        still_fresh: Callable[[], bool] = _always,
    ) -> Answer:
        """Send one request in its turn and let the pacing learn from what came of it."""
        async with self.pacing.turn():
            if self._closed:
                raise NotSent(
                    "Not sent: the connection to the control plane is being closed.", reason="ControlPlaneNotReady"
                )
            self._may_leave()  # else not even a connection is made
            try:
                answer = await self._transport.exchange(request, token, lambda: self._may_leave(still_fresh))
            except Stale:
                raise
            except ControlPlaneError:
                self.pacing.failed()
                raise
            self._learn(answer)
            return answer

    def _may_leave(self, still_fresh: Callable[[], bool] = _always) -> None:
        """Raise Stale, directly before the first byte leaves, where the call is not wanted or too old by now."""
        if self._left or not self._wanted():
            raise Stale("Not sent: the control plane is not to be asked any more. It is looked at again.")
        if not still_fresh():
            raise Stale("Not sent: what it rested on is old or has changed. It is looked at again.")

    def _learn(self, answer: Answer) -> None:
        if protocol.is_throttle(answer.status):
            self.pacing.throttled(retry_after(answer))
        elif protocol.shows_outage(answer.status):
            self.pacing.failed(retry_after(answer))
        else:
            self.pacing.answered()
