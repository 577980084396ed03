"""Sockets around a simulator: the API port and the admin port, in this event loop or in a thread of their own."""

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from runai_registrar.simulator.admin_api import admin_app
from runai_registrar.simulator.api import Api
from runai_registrar.simulator.simulator import Simulator

_LOOPBACK = "127.0.0.1"
_GRACE = 0.2
_LAST_ROUNDS = 0.02  # what was closed is gone from the loop some rounds later
"""Real seconds that requests under way get when the server stops; callers kept waiting are let go then."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Files with the certificate (chain) and the private key of the API port, in PEM."""

    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Return what the server's sockets need.

        Raises:
            OSError: A file cannot be read, or holds no certificate or key.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.certificate, self.key)
        except OSError as error:  # ssl.SSLError is one too; neither names the file
            raise OSError(f"cannot use {self.certificate} with {self.key}: {error}") from error
        return context


@dataclass(frozen=True, slots=True)
class Server:
    """A running simulator.

    Attributes:
        url: Where the API is, without a trailing slash.
        admin_url: Where the admin API is.
        client_id: The first credential's client id.
        client_secret: Its secret.
        tenant_id: Its tenant.
    """

    url: str
    admin_url: str
    simulator: Simulator

    @property
    def client_id(self) -> str:
        """The client id to log in with."""
        return self.simulator.credential.client_id

    @property
    def client_secret(self) -> str:
        """The client secret to log in with."""
        return self.simulator.credential.client_secret

    @property
    def tenant_id(self) -> int:
        """The tenant one gets into with it."""
        return self.simulator.credential.tenant


@asynccontextmanager
async def running(
    simulator: Simulator | None = None,
    *,
    host: str = _LOOPBACK,
    port: int = 0,
    admin_host: str = _LOOPBACK,
    admin_port: int = 0,
    tls: Tls | None = None,
) -> AsyncIterator[Server]:
    """Serve a simulator in this event loop; port 0 takes a free one.

    Raises:
        OSError: A port cannot be bound, or a TLS file cannot be read.
    """
    simulator = simulator or Simulator()
    context = tls.context() if tls else None
    front = web.ServerRunner(web.Server(Api(simulator).handler, access_log=None), shutdown_timeout=_GRACE)
    back = web.AppRunner(admin_app(simulator), access_log=None, shutdown_timeout=_GRACE)
    try:
        url = await _bind(front, host, port, context)
        admin_url = await _bind(back, admin_host, admin_port, None)
        yield Server(url, admin_url, simulator)
    finally:
        left = [handler.transport for handler in (front.server.connections if front.server else ())]
        await front.cleanup()
        await back.cleanup()
        for transport in left:
            if transport is not None:
                transport.abort()  # over TLS it would wait for the other side's farewell
        await asyncio.sleep(_LAST_ROUNDS)


async def _bind(runner: web.BaseRunner, host: str, port: int, context: ssl.SSLContext | None) -> str:
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=context).start()
    except OSError as error:  # an unknown host is not named by the system
        raise OSError(f"cannot listen on {host}, port {port}: {error.strerror or error}") from error
    bound = runner.addresses[0][1]
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if context else 'http'}://{shown}:{bound}"


@contextmanager
def running_in_thread(
    simulator: Simulator | None = None,
    *,
    host: str = _LOOPBACK,
    port: int = 0,
    admin_host: str = _LOOPBACK,
    admin_port: int = 0,
    tls: Tls | None = None,
) -> Iterator[Server]:
    """Serve a simulator in a thread with its own event loop, for code that is not asynchronous.

    Reach the simulator through its ports (`Admin(server.admin_url)`), not through `server.simulator`: the latter
    belongs to the thread. Its clock may be set forward from anywhere.

    Raises:
        OSError: A port cannot be bound, or a TLS file cannot be read.
    """
    ready: Future[tuple[Server, Callable[[], object]]] = Future()

    async def _serve() -> None:
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        async with running(
            simulator, host=host, port=port, admin_host=admin_host, admin_port=admin_port, tls=tls
        ) as server:
            ready.set_result((server, partial(loop.call_soon_threadsafe, done.set)))
            await done.wait()

    thread = threading.Thread(target=_run, args=(_serve, ready), name="runai-simulator", daemon=True)
    thread.start()
    server, stop = ready.result()
    try:
        yield server
    finally:
        stop()
        thread.join()


def _run(serve: Callable[[], Any], ready: "Future[Any]") -> None:
    try:
        asyncio.run(serve())
    except OSError as error:
        if ready.done():
            raise
        ready.set_exception(error)
