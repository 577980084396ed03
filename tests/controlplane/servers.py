"""Small servers on 127.0.0.1, one per test, that answer as scripted and remember what they were asked."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web
from pydantic import SecretStr

from runai_registrar.controlplane.auth import Credentials
from runai_registrar.controlplane.client import ControlPlaneClient
from runai_registrar.controlplane.endpoint import ConnectionSettings, Endpoint

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

UUID = "3f0e8f6c-4f55-4b1c-9d7e-1f2a3b4c5d6e"
LIST = "GET /api/v1/clusters"
CREATE = "POST /api/v1/clusters"
ONE = f"GET /api/v1/clusters/{UUID}"
RENAME = f"PUT /api/v1/clusters/{UUID}"
DELETE = f"DELETE /api/v1/clusters/{UUID}"
INSTALL_INFO = f"GET /api/v1/clusters/{UUID}/cluster-install-info"
TOKEN_V2 = "POST /api/v2/token"
TOKEN_V1 = "POST /api/v1/token"

CREDENTIALS = Credentials("client-id", SecretStr("canary-client-secret"))


def always() -> bool:
    """Return a freshness that never ends."""
    return True


def cluster(**changes: Any) -> dict[str, Any]:
    """Return a cluster as the API shows it, with changes by field name."""
    return {"uuid": UUID, "tenantId": 1001, "name": "gpu-east", "createdAt": "2026-01-02T03:04:05Z"} | changes


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    route: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def token(self) -> str:
        """The bearer token it came with, if any."""
        return self.headers.get("Authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Reply:
    """One answer to give; bytes and text go out as they are, anything else as JSON."""

    status: int = 200
    content: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        """Build what aiohttp sends."""
        if isinstance(self.content, bytes):
            return web.Response(status=self.status, body=self.content, headers=dict(self.headers))
        headers = {"Content-Type": "application/json"} | dict(self.headers)
        return web.Response(status=self.status, body=json.dumps(self.content).encode(), headers=headers)


if TYPE_CHECKING:
    Step = Reply | Callable[[web.Request], Awaitable[web.StreamResponse]]


class ScriptedControlPlane:
    """Answers each route with its steps in order, the last one for ever; 404 as plain text for anything else.

    Attributes:
        url: Where it listens.
        calls: What it was asked, in order.
    """

    def __init__(self) -> None:
        self.url = ""
        self.calls: list[Call] = []
        self._steps: dict[str, list[Step]] = {}
        self._tokens = 0
        self.on(TOKEN_V2, self.numbered_token)

    def on(self, route: str, *steps: Step) -> None:
        """Script a route."""
        self._steps[route] = list(steps)

    def called(self, route: str) -> list[Call]:
        """Return what a route was asked."""
        return [call for call in self.calls if call.route == route]

    async def numbered_token(self, _: web.Request) -> web.StreamResponse:
        """Answer token-1, token-2 and so on, each good for an hour."""
        self._tokens += 1
        return Reply(content={"access_token": f"token-{self._tokens}", "expires_in": 3600}).response()

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """Note the call and take the next step."""
        route = f"{request.method} {request.path}"
        self.calls.append(Call(route, dict(request.query), dict(request.headers), await request.read()))
        steps = self._steps.get(route)
        if not steps:
            return web.Response(status=404, text="404 page not found")
        step = steps.pop(0) if len(steps) > 1 else steps[0]
        return step.response() if isinstance(step, Reply) else await step(request)


@asynccontextmanager
async def control_plane(tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedControlPlane]:
    """Serve a scripted control plane while the block runs."""
    scripted = ScriptedControlPlane()
    application = web.Application(client_max_size=2**24)
    application.router.add_route("*", "/{path:.*}", scripted.respond)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    host, port = runner.addresses[0][:2]
    scripted.url = f"{'https' if tls else 'http'}://{host}:{port}"
    try:
        yield scripted
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_server(
    converse: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Serve plain TCP, for what no HTTP server would do; yields the URL."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Converse, and close whatever happens."""
        try:
            await converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()
        await server.wait_closed()


def client_of(where: str | Endpoint, **changes: Any) -> ControlPlaneClient:
    """Return a client with the test's credentials, and settings that are fast and soon tired of waiting."""
    endpoint = Endpoint(where) if isinstance(where, str) else where
    values: dict[str, Any] = {"request_timeout": 5.0, "requests_per_second": 2000.0, "patience": 2.0}
    return ControlPlaneClient(ConnectionSettings(endpoint, **values | changes), CREDENTIALS)


@asynccontextmanager
async def served_client(**changes: Any) -> AsyncIterator[tuple[ScriptedControlPlane, ControlPlaneClient]]:
    """Serve a scripted control plane and a client that talks to it."""
    async with control_plane() as served, client_of(served.url, **changes) as client:
        yield served, client
