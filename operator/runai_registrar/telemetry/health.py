"""`/healthz` (the process works) and `/readyz` (it has seen the world and watches it), for the kubelet."""

import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Self

from aiohttp import web

Checks = Callable[[], Mapping[str, bool]]


class Health:
    """A small web server; `live` and `ready` are asked at each request and answer check by check."""

    def __init__(self, live: Checks, ready: Checks) -> None:
        app = web.Application()
        app.router.add_get("/healthz", _handler(live))
        app.router.add_get("/readyz", _handler(ready))
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        self.port = 0

    async def start(self, host: str, port: int) -> Self:
        """Listen on one host, or on every address where it is empty; OSError where the port is taken.

        `port` holds the port in use afterwards.
        """
        await self._runner.setup()
        runner = self._runner
        site = web.TCPSite(runner, host, port) if host else web.SockSite(runner, _everywhere(port))
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()


def _everywhere(port: int) -> socket.socket:
    """A socket for IPv4 and IPv6 on one port, also where that is chosen; for IPv4 where the kernel knows no other."""
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))


def _handler(checks: Checks) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(_: web.Request) -> web.StreamResponse:
        results = checks()
        return web.json_response(dict(results), status=200 if all(results.values()) else 503, dumps=json.dumps)

    return answer
