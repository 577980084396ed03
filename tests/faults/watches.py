"""A watch on its way through the proxy: each event is passed on, held back or lost."""

import asyncio
import json
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web

from faults.calls import Call
from faults.vocabulary import WATCH, Fault, Kind, until_lifted

_PAUSE = 0.1
_GONE = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "Expired", "code": 410}


async def pass_events(
    request: web.Request,
    call: Call,
    got: aiohttp.ClientResponse,
    faults: list[Fault],
    known: Callable[[], list[Fault]],
    begun: Callable[[], Awaitable[None]],
    moment: Callable[[], int],
) -> web.StreamResponse:
    """Answer a watch, line by line.

    Args:
        request: What the operator asked.
        call: Its entry in the journal.
        got: The server's answer, of which nothing has been read.
        faults: Those that chose this watch when it began.
        known: All faults there are: one added later strikes watches that are open, too.
        begun: Called when the answer has begun.
        moment: The number of the latest request in the journal.
    """
    answer = web.StreamResponse(status=got.status, headers={"Content-Type": "application/json"})
    await answer.prepare(request)
    call.answered = got.status
    await begun()
    lines = aiter(got.content)
    asked = set(map(id, known()))
    pending = asyncio.ensure_future(anext(lines, None))
    try:
        while True:
            done, _ = await asyncio.wait({pending}, timeout=_PAUSE)
            late = [fault for fault in known() if id(fault) not in asked]
            asked |= set(map(id, late))
            faults += [fault for fault in late if fault.kind in WATCH and fault.chooses(call)]
            if request.transport is None or await _gone(answer, faults):  # the operator is gone, or the watch
                return answer
            if not done:
                continue
            line = pending.result()
            if line is None:
                return answer
            call.lines.append((moment(), line))
            await _silence(faults)
            if not _lost(line, faults):
                await answer.write(line)
                call.events += 1
            pending = asyncio.ensure_future(anext(lines, None))
    finally:
        pending.cancel()


async def _gone(answer: web.StreamResponse, faults: list[Fault]) -> bool:
    for fault in faults:
        if fault.kind is Kind.GONE_WATCH and not fault.lifted.is_set():
            fault.strike()
            await answer.write(json.dumps({"type": "ERROR", "object": _GONE}).encode() + b"\n")
            await answer.write_eof()
            return True
    return False


async def _silence(faults: list[Fault]) -> None:
    for fault in faults:
        if fault.kind is Kind.SILENT_WATCH and not fault.lifted.is_set():
            fault.strike()
            await until_lifted(fault)


def _lost(line: bytes, faults: list[Fault]) -> bool:
    for fault in faults:
        if fault.kind is Kind.LOSE_EVENT and not fault.lifted.is_set() and fault.event(json.loads(line)):
            fault.strike()
            fault.lift()
            return True
    return False
