"""A reverse proxy between an operator and one of its servers, which writes a journal and does harm on demand.

It listens on loopback in a thread of its own and passes requests on byte for byte: the API server cannot tell it from
its client, nor the client from the API server. A control plane is told the number in the journal, in a header.
"""

import asyncio
import contextlib
import ssl
import threading
from functools import partial
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

from faults.calls import Call, Point, Side, describe
from faults.journal import Journal
from faults.vocabulary import AFTER, BEFORE, JOURNAL, WATCH, Fault, Kind, Match, until_lifted
from faults.watches import pass_events

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "host", "content-length", "te", "upgrade"})
_ASKED_ANEW = _HOP | {"accept-encoding"}  # answers are kept as they are read: uncompressed
_LINE = 8 * 2**20
_LIMIT = 64 * 2**20
_LAST_ROUNDS = 0.02  # what was aborted is closed by the loop, some rounds later


class Cut(Exception):  # noqa: N818  # an event of the wire, not a mistake
    """The connection is to be cut."""


class Proxy:
    """One proxy; `url` is where the operator is sent.

    Args:
        journal: Where requests are written down; proxies of both sides share one.
        who: The name under which they are.
        upstream: The server, `https://host:port` or `http://host:port`.
        tls: How an https server is verified.

    Attributes:
        only: The one RunaiControlPlane that lists and watches show; empty: all. They belong to no namespace, so that
            operators of several houses would look after each other's.
    """

    def __init__(
        self, journal: Journal, who: str, side: Side, upstream: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self.journal, self.who, self.side = journal, who, side
        self._upstream, self._tls = upstream.rstrip("/"), tls
        self.only = ""
        self._faults: list[Fault] = []
        self._firsts: dict[str, tuple[dict[str, str], bytes]] = {}
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"proxy-{who}", daemon=True)
        self._thread.start()
        self._up.wait(10)

    def fault(self, kind: Kind, match: Match, **settings: Any) -> Fault:
        """Add a fault; see `Fault` for the settings."""
        fault = Fault(kind, match, **settings)
        self._faults.append(fault)
        return fault

    def recall(self, other: "Proxy") -> None:
        """Let stale lists be those that another proxy has answered first."""
        self._firsts = other._firsts

    def clear(self) -> None:
        """Lift all faults."""
        for fault in self._faults:
            fault.lift()
        self._faults.clear()

    def close(self) -> None:
        """Stop; what is under way is cut."""
        self.clear()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.run(self._serve())  # which ends what is still under way, such as a watch

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        connector = aiohttp.TCPConnector(ssl=self._tls or False, limit=0)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            auto_decompress=False,
            read_bufsize=_LINE,
            skip_auto_headers={"Accept-Encoding"},  # it would ask for gzip by itself
        ) as self._session:
            runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            self._up.set()
            await self._stop.wait()
            await runner.cleanup()
        await asyncio.sleep(_LAST_ROUNDS)

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=_LIMIT)
        app.router.add_route("*", "/{path:.*}", self._take)
        return app

    async def _take(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.read()
        except ConnectionError:  # the operator died while it was asking
            return _cut(request)
        call = self.journal.record(
            self.who,
            self.side,
            headers=dict(request.headers),
            body=body,
            **describe(self.side, request.method, request.path_qs),
        )
        faults = [fault for fault in list(self._faults) if fault.chooses(call)]
        try:
            return await self._treat(request, call, faults)
        except (Cut, aiohttp.ClientError, ConnectionError):
            return _cut(request)
        finally:
            self.journal.end(call)

    async def _treat(self, request: web.Request, call: Call, faults: list[Fault]) -> web.StreamResponse:
        """Pass one request on and its answer back, with what the faults do at each point."""
        await _strike(faults, Point.BEFORE_SEND)
        for fault in faults:
            if fault.kind in BEFORE and (ready := await self._before(call, fault)):
                return await self._answer(request, call, ready, faults)
        call.forwarded = True
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _ASKED_ANEW]
        headers += [(JOURNAL, str(call.seq))] if self.side is Side.CONTROL_PLANE else []
        async with self._session.request(
            call.method,
            self._upstream + request.path_qs + _narrowed(call, self.only),
            headers=headers,
            data=call.body or None,
            allow_redirects=False,
        ) as got:
            call.status = got.status
            if call.is_watch and got.status == web.HTTPOk.status_code:
                await _strike(faults, Point.AFTER_COMMIT)
                watch = [fault for fault in faults if fault.kind in WATCH]
                begun = partial(_strike, faults, Point.AFTER_ANSWER)
                known = partial(list[Fault], self._faults)
                return await pass_events(request, call, got, watch, known, begun, lambda: self.journal.moment)
            call.answer = await got.read()
            back = {name: value for name, value in got.headers.items() if name.lower() not in _HOP}
        self._firsts.setdefault(call.url, (back, call.answer))
        await _strike(faults, Point.AFTER_COMMIT)
        for fault in faults:
            if fault.kind in AFTER and (ready := await _after(fault)):
                return await self._answer(request, call, ready, faults)
        ready = web.Response(status=call.status, headers=back, body=call.answer)
        return await self._answer(request, call, ready, faults)

    async def _before(self, call: Call, fault: Fault) -> web.Response | None:
        fault.strike()
        if fault.kind is Kind.HANG:
            await until_lifted(fault)
            return None
        if fault.kind is Kind.CUT:
            raise Cut
        if fault.kind is Kind.STALE_LIST:
            known = self._firsts.get(call.url)
            return web.Response(status=200, headers=known[0], body=known[1]) if known else None
        return _refusal(fault)

    async def _answer(
        self, request: web.Request, call: Call, ready: web.Response, faults: list[Fault]
    ) -> web.StreamResponse:
        await ready.prepare(request)
        await ready.write_eof()
        call.answered = ready.status
        await _strike(faults, Point.AFTER_ANSWER)
        return ready

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _narrowed(call: Call, only: str) -> str:
    """What to add to a URL so that it shows one control plane only."""
    shows_all = call.what in ("list runaicontrolplanes", "watch runaicontrolplanes")
    return f"{'&' if call.query else '?'}fieldSelector=metadata.name%3D{only}" if only and shows_all else ""


async def _strike(faults: list[Fault], point: Point) -> None:
    for fault in faults:
        if fault.kind is Kind.STRIKE and fault.point is point:
            fault.act()
            fault.strike()
            if point is not Point.AFTER_ANSWER:
                raise Cut


async def _after(fault: Fault) -> web.Response | None:
    fault.strike()
    if fault.kind is Kind.LATE_ANSWER:
        await until_lifted(fault)
        return None
    if fault.kind is Kind.HANG_AFTER_COMMIT:
        await until_lifted(fault)
        raise Cut
    if fault.kind is Kind.CUT_AFTER_COMMIT:
        raise Cut
    return _refusal(fault)


def _refusal(fault: Fault) -> web.Response:
    return web.Response(
        status=fault.status, headers=dict(fault.headers), body=fault.body, content_type="application/json"
    )


def _cut(request: web.Request) -> web.Response:
    """Close the connection without a word, as a server that dies does; what is returned reaches nobody."""
    if request.transport is not None:
        with contextlib.suppress(OSError):
            request.transport.abort()
    return web.Response()
