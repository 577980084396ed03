"""What the network may do: redirects, proxies, silence, floods, garbage; and the control plane's clock."""

import asyncio
import time

import pytest
from aiohttp import web

from controlplane.servers import (
    LIST,
    ONE,
    TOKEN_V2,
    UUID,
    Reply,
    client_of,
    control_plane,
    raw_server,
    served_client,
)
from runai_registrar.controlplane.endpoint import Endpoint
from runai_registrar.errors import (
    NotSent,
    Unanswered,
)


@pytest.mark.case(
    "S-04",
    injected="301, 302, 303, 307 and 308 to a list and to a token request",
    outcome="not followed; nothing arrives elsewhere",
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects(status: int) -> None:
    """No redirect is followed, neither of a request with a token nor of one for a token."""
    async with control_plane() as elsewhere, served_client() as (served, client):
        served.on(LIST, Reply(status, headers={"Location": f"{elsewhere.url}/api/v1/clusters"}))
        with pytest.raises(Unanswered, match="Redirects are not followed"):
            await client.list_clusters()

        served.on(TOKEN_V2, Reply(status, headers={"Location": f"{elsewhere.url}/api/v2/token"}))
        async with client_of(served.url) as another:
            with pytest.raises(NotSent, match="Redirects are not followed"):
                await another.list_clusters()

        assert elsewhere.calls == []


async def test_cookies() -> None:
    """A cookie is not kept: a bearer token is all that a request carries."""
    async with served_client() as (served, client):
        served.on(LIST, Reply(content=[], headers={"Set-Cookie": "session=1"}))

        await client.list_clusters()
        await client.list_clusters()

        assert all("Cookie" not in call.headers for call in served.calls)


@pytest.mark.case("S-15", injected="HTTP_PROXY and ALL_PROXY in the environment", outcome="not used")
@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_environment_proxy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment is not used."""
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    for exception in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(exception, raising=False)
    async with served_client() as (served, client):
        served.on(LIST, Reply(content=[]))

        assert await client.list_clusters() == ()


async def test_configured_proxy() -> None:
    """A configured proxy is used, and gets the request for the endpoint's origin."""
    async with control_plane() as proxy:
        proxy.on("POST /api/v2/token", proxy.numbered_token)
        proxy.on(LIST, Reply(content=[]))
        async with client_of(Endpoint("http://localhost:9", proxy_url=proxy.url)) as client:
            assert await client.list_clusters() == ()
        assert {call.headers["Host"] for call in proxy.calls} == {"localhost:9"}


@pytest.mark.case("R-35", injected="a body that comes a byte at a time", outcome="cut at the total timeout")
async def test_slow_body() -> None:
    """A body that drips is cut at the total timeout, though every single read is quick."""
    async with served_client(request_timeout=0.3) as (served, client):

        async def drip(request: web.Request) -> web.StreamResponse:
            """Send a byte at a time, each in good time."""
            response = web.StreamResponse()
            await response.prepare(request)
            for _ in range(200):
                await response.write(b" ")
                await asyncio.sleep(0.05)
            return response

        served.on(LIST, drip)

        with pytest.raises(Unanswered, match="no answer in time"):
            await client.list_clusters()


@pytest.mark.case(
    "R-36",
    injected="a connection that is accepted and never answered",
    outcome="ends at the operator's own total timeout",
)
async def test_silence() -> None:
    """A connection that is accepted and never answered ends at the total timeout."""

    async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        """Take what comes."""
        await reader.read()

    async with raw_server(say_nothing) as url, client_of(url, request_timeout=0.2) as client:
        with pytest.raises(NotSent, match="no answer in time"):
            await client.list_clusters()


@pytest.mark.case("R-35", injected="a body over its limit", outcome="not read to its end")
async def test_huge_body() -> None:
    """A body over its limit is not read to its end."""
    async with served_client() as (served, client):
        served.on(ONE, Reply(content=b" " * (2**20 + 1)))

        with pytest.raises(Unanswered, match="larger than 1048576 bytes"):
            await client.get_cluster(UUID)


@pytest.mark.case(
    "R-35",
    injected="HTML, nothing, null, other types, other encodings, deep nesting in a 200",
    outcome="unreadable; nothing of it is quoted",
)
@pytest.mark.parametrize(
    "garbage",
    [b"", b"null", b"<html>\x1b[31m</html>", b"[" * 100_000, b'{"uuid"', b"\xff\xfe", b"[[]]", b'"text"', b"7" * 9000],
)
async def test_garbage(garbage: bytes) -> None:
    """A success that is not what the API says has an unknown outcome, and nothing of it is quoted."""
    async with served_client() as (served, client):
        served.on(LIST, Reply(content=garbage))

        with pytest.raises(Unanswered) as caught:
            await client.list_clusters()
        assert "html" not in caught.value.message


async def test_not_http() -> None:
    """What does not speak HTTP gives no usable answer."""

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer in another protocol."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 smtp.example.com ESMTP\r\n")
        await writer.drain()

    async with raw_server(babble) as url, client_of(url) as client:
        with pytest.raises(NotSent, match="not HTTP"):
            await client.list_clusters()


@pytest.mark.case(
    "R-37",
    injected="a kept connection was closed when a read is sent",
    outcome="the read is tried once more",
)
async def test_closed_keepalive() -> None:
    """A read that meets a kept connection just closed by the other side is tried once more."""
    answers = [b'{"access_token":"t"}', b"[]", None, b"[]"]

    async def one_answer_too_few(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Close instead of giving the third answer."""
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if b"content-length" in head.lower():
                await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            answer = answers.pop(0)
            if answer is None:
                return
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
            await writer.drain()

    async with raw_server(one_answer_too_few) as url, client_of(url) as client:
        await client.list_clusters()

        assert await client.list_clusters() == ()
        assert answers == []


async def test_broken_first_connection() -> None:
    """A read whose own connection breaks is not tried again: only a kept one may have been closed in the meantime."""
    reads: list[bytes] = []

    async def close_on_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Give a token and close; then close without an answer."""
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET"):
            reads.append(head)
            return
        writer.write(b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 20\r\n\r\n{"access_token":"t"}')
        await writer.drain()
        await reader.read()

    async with raw_server(close_on_read) as url, client_of(url) as client:
        with pytest.raises(Unanswered):
            await client.list_clusters()
        assert len(reads) == 1


@pytest.mark.case(
    "R-17",
    injected="a control plane whose clock is elsewhere",
    outcome="its time is read from its own answers, and used for what is compared with its times",
)
async def test_clock_offset() -> None:
    """The offset is the control plane's clock minus ours, by the newest answer, half a second put back."""
    async with served_client() as (served, client):
        assert client.clock_offset is None
        served.on(LIST, Reply(content=[], headers={"Date": "Thu, 01 Jan 2026 00:00:00 GMT"}))
        before = time.time()

        await client.list_clusters()

        offset = client.clock_offset
        assert offset is not None
        assert 1767225600.5 - time.time() <= offset <= 1767225600.5 - before


async def test_the_clock_is_read_from_the_quickest_answer() -> None:
    """A slow answer tells the time badly: it does not replace what a quick one before it told."""

    async def slow(_: web.Request) -> web.StreamResponse:
        """Answer after a while."""
        await asyncio.sleep(0.3)
        return Reply(content=[]).response()

    async with served_client() as (served, client):
        served.on(LIST, Reply(content=[]), slow)
        await client.list_clusters()
        quick = (client.clock_offset, client.clock_error)
        await client.list_clusters()

        assert quick[1] < 0.65
        assert (client.clock_offset, client.clock_error) == quick


async def test_no_date() -> None:
    """An answer without a readable Date leaves the offset as it was."""

    async def dateless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer without a usable Date."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 500 Oops\r\nDate: yesterday\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with raw_server(dateless) as url, client_of(url) as client:
        with pytest.raises(NotSent):
            await client.list_clusters()
        assert client.clock_offset is None
