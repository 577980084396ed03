"""The API port: reads requests from the socket, lets the simulator decide, and puts the outcome on the wire."""

import asyncio
import socket
import struct
from urllib.parse import parse_qs

from aiohttp import ClientConnectionError, web

from runai_registrar.simulator import contract
from runai_registrar.simulator.answers import Answer, Call, error_answer
from runai_registrar.simulator.clock import http_date
from runai_registrar.simulator.delivery import Cut, Delivery
from runai_registrar.simulator.simulator import Simulator

_LOOK_EVERY = 0.02
"""Real seconds between two looks whether a caller kept waiting has left."""
_BLANKS = b" " * 65_536


class Api:
    """Serves one simulator; `handler` is for `aiohttp.web.Server`."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def handler(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, or not."""
        too_large = None
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            body, too_large = b"", Delivery(error_answer(413))
        call = read_call(request, body)
        entry = self._simulator.record(call)
        await self._travel()
        delivery = too_large or self._simulator.respond(call, entry)
        await self._travel()
        await _keep_waiting(request, delivery.hang or delivery.delay)
        entry.status = delivery.status
        return await self._send(request, delivery)

    async def _travel(self) -> None:
        if self._simulator.settings.latency:
            await asyncio.sleep(self._simulator.settings.latency / 2)

    async def _send(self, request: web.BaseRequest, delivery: Delivery) -> web.StreamResponse:
        if delivery.answer is None:
            _cut(request, delivery.cut)
            return web.Response()
        headers = self._headers(delivery.answer)
        if not (delivery.padding or delivery.chunked or delivery.trickle or delivery.truncate):
            return web.Response(status=delivery.answer.status, body=delivery.answer.body, headers=headers)
        response = web.StreamResponse(status=delivery.answer.status, headers=headers)
        if not delivery.chunked:
            response.content_length = delivery.padding + len(delivery.answer.body)
        try:
            await _stream(request, response, delivery)
        except ClientConnectionError:
            _cut(request, delivery.cut)
        return response

    def _headers(self, answer: Answer) -> dict[str, str]:
        return {"Date": http_date(self._simulator.shown_now()), "Server": "runai-simulator", **answer.headers}


def read_call(request: web.BaseRequest, body: bytes) -> Call:
    """Return a request as a value, with the operation it asks for."""
    path = request.rel_url.raw_path
    found = contract.find(path)
    operations = found[0].operations if found else {}
    return Call(
        method=request.method,
        path=path,
        query=parse_qs(request.rel_url.raw_query_string, keep_blank_values=True),
        headers={name.lower(): ", ".join(request.headers.getall(name)) for name in request.headers},
        body=body,
        operation=operations.get(request.method),
        cluster=found[1] if found else None,
        allowed=tuple(operations),
    )


async def _stream(request: web.BaseRequest, response: web.StreamResponse, delivery: Delivery) -> None:
    body = delivery.answer.body if delivery.answer else b""
    await response.prepare(request)
    for start in range(0, delivery.padding, len(_BLANKS)):
        await response.write(_BLANKS[: delivery.padding - start])
    if delivery.truncate:
        await response.write(body[: len(body) // 2])
        _cut(request, delivery.cut)
    elif delivery.trickle:
        await _trickle(request, response, body, delivery.trickle)
    else:
        await response.write(body)


async def _trickle(request: web.BaseRequest, response: web.StreamResponse, body: bytes, interval: float) -> None:
    for position in range(len(body)):
        await _keep_waiting(request, interval)
        await response.write(body[position : position + 1])


async def _keep_waiting(request: web.BaseRequest, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while (rest := until - loop.time()) > 0 and not _left(request):  # noqa: ASYNC110  # aiohttp announces no departure
        await asyncio.sleep(min(rest, _LOOK_EVERY))


def _left(request: web.BaseRequest) -> bool:
    return request.transport is None or request.transport.is_closing()


def _cut(request: web.BaseRequest, how: Cut) -> None:
    if request.transport is None:
        return
    connection = request.transport.get_extra_info("socket")
    if how == "reset" and connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
