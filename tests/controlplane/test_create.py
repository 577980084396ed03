"""Creating: one POST at most, sent only while fresh, and an outcome that is never called more certain than it is."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from typing import TYPE_CHECKING, Any

import pytest

from controlplane.servers import (
    CREATE,
    LIST,
    TOKEN_V2,
    Reply,
    always,
    client_of,
    cluster,
    raw_server,
    served_client,
)
from runai_registrar.errors import (
    AuthenticationFailed,
    ControlPlaneError,
    NotFound,
    NotSent,
    PermissionDenied,
    Refused,
    Stale,
    Throttled,
    Unanswered,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from runai_registrar.controlplane.client import ControlPlaneClient
    from runai_registrar.controlplane.models import Cluster

DEFINITE: dict[int, type[ControlPlaneError]] = {
    400: Refused,
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    405: Refused,
    409: Refused,
    413: Refused,
    422: Refused,
}
OPEN = [200, 202, 204, 206, 302, 307, 402, 406, 408, 410, 418, 425, 429, 499, 500, 502, 503, 504, 599]


async def create(client: ControlPlaneClient, *, still_fresh: Callable[[], bool] = always) -> Cluster:
    """Create the usual cluster."""
    return await client.create_cluster("gpu-east", "https://gpu-east.example.com", None, still_fresh=still_fresh)


async def test_created() -> None:
    """A readable 201 with the name that was sent is a new cluster; what is None was not sent."""
    async with served_client() as (served, client):
        served.on(CREATE, Reply(201, cluster()))

        assert (await create(client)).name == "gpu-east"
        assert [json.loads(call.body) for call in served.called(CREATE)] == [
            {"name": "gpu-east", "domain": "https://gpu-east.example.com"},
        ]


@pytest.mark.parametrize(("status", "kind"), DEFINITE.items())
@pytest.mark.parametrize("body", [b"", {"code": 499, "message": "no"}], ids=["empty", "in the API's words"])
async def test_definite(status: int, kind: type[ControlPlaneError], body: object) -> None:
    """Eight statuses are definite refusals, whatever their body: there is no cluster from this POST."""
    async with served_client() as (served, client):
        served.on(CREATE, Reply(status, body))

        with pytest.raises(Refused) as caught:
            await create(client)
        assert (caught.type, caught.value.status) == (kind, status)


@pytest.mark.case(
    "R-04",
    injected="every status of a POST that is no definite refusal",
    outcome="one POST; the outcome counts as unknown",
)
@pytest.mark.parametrize("status", OPEN)
async def test_ambiguous(status: int) -> None:
    """Every other status leaves open whether there is a cluster, and the POST is not tried again."""
    async with served_client() as (served, client):
        served.on(CREATE, Reply(status))

        with pytest.raises(Unanswered) as caught:
            await create(client)
        assert isinstance(caught.value, Throttled) == (status == 429)
        assert len(served.called(CREATE)) == 1


async def test_name_taken() -> None:
    """409 is reported as a name that is taken."""
    async with served_client() as (served, client):
        served.on(CREATE, Reply(409, {"code": 409, "message": "Resource with this name already exists"}))

        with pytest.raises(Refused, match="already exists") as caught:
            await create(client)
        assert caught.value.reason == "NameTaken"


@pytest.mark.case(
    "R-05",
    injected="201 with invalid JSON, without uuid, with a uuid that is none, with another name",
    outcome="nothing is taken from it; the outcome counts as unknown",
)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        [cluster()],
        cluster(uuid="x"),
        cluster(uuid=None),
        cluster(tenantId="1001"),
        cluster(name="gpu-west"),
        cluster(name="gpu-east "),
        cluster(createdAt="soon"),
        {"code": 201, "message": "created"},
    ],
)
async def test_unreadable(body: Any) -> None:
    """A 201 that cannot be read, or is about another name, is an unknown outcome."""
    async with served_client() as (served, client):
        served.on(CREATE, Reply(201, body))

        with pytest.raises(Unanswered):
            await create(client)
        assert len(served.called(CREATE)) == 1


async def test_asked_last() -> None:
    """Freshness is asked once, after the token is there, and before the POST arrives."""
    async with served_client() as (served, client):
        served.on(CREATE, Reply(201, cluster()))
        seen: list[list[str]] = []

        def still_fresh() -> bool:
            """Note what was asked until now."""
            seen.append([call.route for call in served.calls])
            return True

        await create(client, still_fresh=still_fresh)

        assert seen == [[TOKEN_V2]]


async def test_asked_after_waiting() -> None:
    """Freshness that is lost while the call waits for its turn is seen: nothing is sent."""
    async with served_client(requests_per_second=10.0) as (served, client):
        served.on(LIST, Reply(content=[]))
        served.on(CREATE, Reply(201, cluster()))
        await client.list_clusters()
        fresh = [True]
        creating = asyncio.create_task(create(client, still_fresh=lambda: fresh[0]))
        await asyncio.sleep(0)
        fresh[0] = False

        with pytest.raises(Stale) as caught:
            await creating
        assert isinstance(caught.value, NotSent)
        assert served.called(CREATE) == []


async def test_stale_before_anything() -> None:
    """A call that is stale from the start sends no POST."""
    async with served_client() as (served, client):
        with pytest.raises(Stale) as caught:
            await create(client, still_fresh=lambda: False)
        assert caught.value.reason == "Registering"
        assert served.called(CREATE) == []


async def test_fresh_again_after_401() -> None:
    """After a 401 the POST is sent once more, and freshness is asked once more."""
    async with served_client() as (served, client):
        served.on(CREATE, Reply(401), Reply(201, cluster()))
        answers = [True, True, False]

        await create(client, still_fresh=lambda: answers.pop(0))

        assert (answers, len(served.called(CREATE))) == ([False], 2)


async def test_stale_after_401() -> None:
    """After a 401 a POST that has gone stale is not sent again; there is no cluster."""
    async with served_client() as (served, client):
        served.on(CREATE, Reply(401))
        answers = [True, False]

        with pytest.raises(Stale):
            await create(client, still_fresh=lambda: answers.pop(0))
        assert len(served.called(CREATE)) == 1


async def test_token_lost_after_401() -> None:
    """Where no new token can be had after a 401, there is no cluster, and the cause is chained."""
    async with served_client() as (served, client):
        served.on(TOKEN_V2, Reply(content={"access_token": "t"}), Reply(503))
        served.on(CREATE, Reply(401))

        with pytest.raises(NotSent) as caught:
            await create(client)
        assert isinstance(caught.value.__cause__, Unanswered)


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_credentials_refused(status: int) -> None:
    """Refused credentials are a definite no, without a POST."""
    async with served_client() as (served, client):
        served.on(TOKEN_V2, Reply(status, {"code": status, "message": "invalid client"}))

        with pytest.raises(AuthenticationFailed, match="invalid client"):
            await create(client)
        assert served.called(CREATE) == []


async def test_token_throttled() -> None:
    """A token endpoint that is throttled means that nothing was sent, and when to come back."""
    async with served_client() as (served, client):
        served.on(TOKEN_V2, Reply(429, headers={"Retry-After": "7"}))

        with pytest.raises(NotSent) as caught:
            await create(client)
        assert (caught.value.reason, caught.value.retry_after) == ("Throttled", 7.0)


async def test_connection_refused() -> None:
    """Where nobody listens, nothing was sent."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        async with client_of(url) as client:
            with pytest.raises(NotSent, match="the connection was refused") as caught:
                await create(client)
    assert caught.value.reason == "ControlPlaneUnreachable"


async def answer_token(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Answer a token request and return False; leave any other unanswered and return True."""
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
    if b"/token" not in head:
        return True
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"access_token":"t"}')
    await writer.drain()
    return False


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reset the connection."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close the connection in an orderly way."""
    writer.close()


async def half(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer 201 and break off in the middle of the body."""
    writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{")
    await writer.drain()


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Say nothing more."""
    await reader.read()


@pytest.mark.case(
    "R-03",
    injected="reset, closed, broken off or silent after the POST arrived",
    outcome="one POST; the outcome counts as unknown",
)
@pytest.mark.case("R-37", injected="a kept connection ends under a POST", outcome="not sent again")
@pytest.mark.parametrize("ending", [reset, close, half, silence])
async def test_lost_answer(ending: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
    """A POST that was sent and whose answer is lost has an unknown outcome, also over a kept connection."""
    posts: list[None] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Give a token, and end as the test says."""
        while not await answer_token(reader, writer):
            pass
        posts.append(None)
        await ending(reader, writer)

    async with raw_server(converse) as url, client_of(url, request_timeout=0.5) as client:
        with pytest.raises(Unanswered):
            await create(client)
        assert len(posts) == 1


async def test_cancelled_while_waiting() -> None:
    """A call that is cancelled while it waits for its turn sends nothing and gives its turn back."""
    async with served_client(max_in_flight=1, requests_per_second=10.0) as (served, client):
        served.on(LIST, Reply(content=[]))
        await client.list_clusters()
        creating = asyncio.create_task(create(client))
        await asyncio.sleep(0)
        creating.cancel()

        assert await client.list_clusters() == ()
        assert creating.cancelled()
        assert served.called(CREATE) == []


@pytest.mark.case(
    "R-36",
    injected="a POST that is taken and never answered",
    outcome="ends at the total timeout; the outcome counts as unknown",
)
async def test_total_timeout() -> None:
    """A POST takes at most the total timeout, then its outcome is unknown."""
    async with served_client(request_timeout=0.2) as (served, client):

        async def never(_: web.Request) -> web.StreamResponse:
            """Answer too late."""
            await asyncio.sleep(60)
            return Reply(201, cluster()).response()

        served.on(CREATE, never)

        with pytest.raises(Unanswered, match="no answer in time"):
            await create(client)
