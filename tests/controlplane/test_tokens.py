"""Tokens, over real sockets: from whichever endpoint there is, one for many calls, and a new one after a 401."""

import asyncio
import json

import pytest
from aiohttp import web

from controlplane.servers import (
    LIST,
    TOKEN_V1,
    TOKEN_V2,
    Reply,
    served_client,
)
from runai_registrar.errors import (
    AuthenticationFailed,
    NotSent,
)


async def test_rejected_token() -> None:
    """After a 401 one new token is asked for and the request sent once more."""
    async with served_client() as (served, client):
        served.on(LIST, Reply(401), Reply(content=[]))

        assert await client.list_clusters() == ()
        assert [call.token for call in served.called(LIST)] == ["token-1", "token-2"]


@pytest.mark.case("R-38", injected="401 to the new token too", outcome="the call ends; no loop")
async def test_rejected_twice() -> None:
    """A second 401 ends the call; it does not loop."""
    async with served_client() as (served, client):
        served.on(LIST, Reply(401))

        with pytest.raises(AuthenticationFailed):
            await client.list_clusters()
        assert len(served.called(LIST)) == len(served.called(TOKEN_V2)) == 2


async def test_single_flight() -> None:
    """Fifty requests that need a token ask for one."""
    async with served_client(max_in_flight=50) as (served, client):
        served.on(LIST, Reply(content=[]))

        await asyncio.gather(*(client.list_clusters() for _ in range(50)))

        assert len(served.called(TOKEN_V2)) == 1


@pytest.mark.case(
    "R-38",
    injected="fifty requests whose token is rejected at once",
    outcome="one new token; each request once more",
)
async def test_stampede_after_rejection() -> None:
    """Fifty requests whose token is rejected at once ask for one new token."""
    async with served_client(max_in_flight=50) as (served, client):

        async def only_the_second(request: web.Request) -> web.StreamResponse:
            """Answer 401 to all but the second token."""
            await asyncio.sleep(0.02)
            good = request.headers["Authorization"] == "Bearer token-2"
            return Reply(200 if good else 401, []).response()

        served.on(LIST, only_the_second)

        await asyncio.gather(*(client.list_clusters() for _ in range(50)))

        assert len(served.called(TOKEN_V2)) == 2


async def test_one_slot() -> None:
    """A token can be had with a single request in flight: a call does not hold its slot while it waits for one."""
    async with served_client(max_in_flight=1) as (served, client):
        served.on(LIST, Reply(401), Reply(content=[]))

        assert set(await asyncio.gather(client.list_clusters(), client.list_clusters())) == {()}


async def test_token_v1() -> None:
    """Where there is no v2 token endpoint, v1 is asked with JSON, and remembered."""
    async with served_client() as (served, client):
        served.on(TOKEN_V2, Reply(404))
        served.on(TOKEN_V1, Reply(content={"accessToken": "old-style", "expiresIn": 3600}))
        served.on(LIST, Reply(content=[]), Reply(401), Reply(content=[]))

        await client.list_clusters()
        await client.list_clusters()

        assert (len(served.called(TOKEN_V2)), len(served.called(TOKEN_V1))) == (1, 2)
        assert json.loads(served.called(TOKEN_V1)[0].body) == {
            "grantType": "client_credentials",
            "clientID": "client-id",
            "clientSecret": "canary-client-secret",
        }
        assert served.called(LIST)[0].token == "old-style"


async def test_token_v2_comes_back() -> None:
    """A control plane that was updated and dropped v1 is asked at v2 again."""
    async with served_client() as (served, client):
        served.on(TOKEN_V2, Reply(405), served.numbered_token)
        served.on(TOKEN_V1, Reply(content={"accessToken": "old-style"}), Reply(404))
        served.on(LIST, Reply(401), Reply(content=[]))

        await client.list_clusters()

        assert [call.token for call in served.called(LIST)] == ["old-style", "token-1"]


async def test_token_form() -> None:
    """The v2 token endpoint is asked with an OAuth2 form."""
    async with served_client() as (served, client):
        served.on(LIST, Reply(content=[]))

        await client.list_clusters()

        (asked,) = served.called(TOKEN_V2)
        assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert asked.body == b"grant_type=client_credentials&client_id=client-id&client_secret=canary-client-secret"


async def test_no_token_endpoint() -> None:
    """Where neither token endpoint is there, the URL is probably wrong, and nothing was asked."""
    async with served_client() as (served, client):
        served.on(TOKEN_V2, Reply(404))

        with pytest.raises(NotSent, match=r"spec\.url"):
            await client.list_clusters()
        assert served.called(LIST) == []
