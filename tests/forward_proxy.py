"""A real HTTP forward proxy on 127.0.0.1: tunnels by CONNECT, plain requests in absolute form. It counts both.

It knows hosts that nobody else can resolve (`hosts`): what arrives at such a host has come this way, and no other.
"""

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_PIECE = 65_536


class ForwardProxy:
    """Listens in a thread of its own, from the moment it is made.

    Args:
        hosts: Addresses of hosts that are found by this proxy alone.

    Attributes:
        url: Where it listens.
        tunnels: The authority of each CONNECT, in order.
        requests: Method and origin of each plain request, in order.
        seen: Every byte that came from callers, within tunnels too.
    """

    def __init__(self, hosts: Mapping[str, str]) -> None:
        self._hosts = hosts
        self.url = ""
        self.tunnels: list[str] = []
        self.requests: list[tuple[str, str]] = []
        self.seen = bytearray()
        self._ready: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="forward proxy", daemon=True)
        self._thread.start()
        self._loop, self._done = self._ready.result()

    def close(self) -> None:
        """Listen no more, and end what is under way."""
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        done = asyncio.Event()
        self._ready.set_result((asyncio.get_running_loop(), done))
        await done.wait()
        server.close()

    async def _talk(self, caller: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Serve one connection: a tunnel, or one plain request."""
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await caller.readuntil(b"\r\n\r\n")
            self.seen += head
            method, target, _ = head.partition(b"\r\n")[0].decode().split(" ")
            if method == "CONNECT":
                await self._tunnel(caller, back, target)
            else:
                await self._forward(caller, back, head)
        back.close()

    async def _tunnel(self, caller: asyncio.StreamReader, back: asyncio.StreamWriter, target: str) -> None:
        self.tunnels.append(target)
        host, _, port = target.rpartition(":")
        answers, there = await self._reach(host, int(port))
        back.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(self._noted(caller, there), _pass(answers, back))

    async def _forward(self, caller: asyncio.StreamReader, back: asyncio.StreamWriter, head: bytes) -> None:
        """Pass a request on over a connection that ends with its answer, which tells the caller so too."""
        first, _, headers = head.partition(b"\r\n")
        method, target, version = first.decode().split(" ")
        url = urlsplit(target)
        self.requests.append((method, f"{url.scheme}://{url.netloc}"))
        body = await caller.readexactly(_length(headers))
        self.seen += body
        answers, there = await self._reach(url.hostname or "", url.port or 80)
        path = f"{url.path}?{url.query}" if url.query else url.path
        there.write(f"{method} {path} {version}\r\nConnection: close\r\n".encode() + _own(headers) + body)
        await _pass(answers, back)
        there.close()

    async def _reach(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._hosts.get(host, host), port)

    async def _noted(self, caller: asyncio.StreamReader, there: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await caller.read(_PIECE):
                self.seen += piece
                there.write(piece)
        there.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await source.read(_PIECE):
            sink.write(piece)
            await sink.drain()
    sink.close()


def _length(headers: bytes) -> int:
    lines = headers.lower().split(b"\r\n")
    return next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")), 0)


def _own(headers: bytes) -> bytes:
    """The headers without those that are meant for the proxy."""
    lines = headers.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.lower().startswith((b"connection:", b"proxy-")))
