"""No secret ever shows: every failure, repr, traceback and log line is searched for canaries."""

import base64
import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from controlplane.servers import (
    CREATE,
    CREDENTIALS,
    DELETE,
    INSTALL_INFO,
    LIST,
    ONE,
    TOKEN_V2,
    UUID,
    Reply,
    always,
    client_of,
    served_client,
)
from runai_registrar.controlplane import requests
from runai_registrar.controlplane.answers import Answer
from runai_registrar.controlplane.auth import Credentials
from runai_registrar.controlplane.client import ControlPlaneClient
from runai_registrar.controlplane.models import InstallInfo, Token
from runai_registrar.controlplane.transport import QUIET_LOGGERS
from runai_registrar.errors import ControlPlaneError

SECRET = "canary-client-secret"
TOKEN = "canary-token"
EVERY_FORM = [
    form
    for secret in (SECRET, TOKEN, "canary-install")
    for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode().rstrip("="))
]
ECHO = (
    f"Authorization: Bearer {TOKEN} client_secret={SECRET} in {base64.b64encode(SECRET.encode()).decode()} and {TOKEN}"
)


@pytest.fixture(autouse=True)
def logs(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Every log line down to DEBUG, the libraries' set aside as at the operator's start."""
    caplog.set_level(logging.DEBUG)
    levels = {name: logging.getLogger(name).level for name in QUIET_LOGGERS}
    for name, level in QUIET_LOGGERS.items():
        logging.getLogger(name).setLevel(level)
    yield caplog
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def assert_no_canary(*texts: str) -> None:
    """Search texts for every form of every canary."""
    for text in texts:
        assert not [form for form in EVERY_FORM if form in text], text


def everything_about(error: BaseException) -> list[str]:
    """Return all that is shown of an exception: text, repr, attributes, chain, and our own frames' locals."""
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = (frame for frame in _frames(whole) if "runai_registrar" in frame.filename)
    values = [value for frame in ours for value in (frame.locals or {}).values()]
    return [str(error), repr(error), repr(vars(error)), *traceback.format_exception(error), *values]


def _frames(whole: traceback.TracebackException) -> Iterator[traceback.FrameSummary]:
    yield from whole.stack
    for inner in (whole.__cause__, whole.__context__):
        if inner is not None:
            yield from _frames(inner)


FAILING: dict[str, Callable[[ControlPlaneClient], Any]] = {
    LIST: lambda client: client.list_clusters(),
    ONE: lambda client: client.get_cluster(UUID),
    CREATE: lambda client: client.create_cluster("gpu-east", None, None, still_fresh=always),
    DELETE: lambda client: client.delete_cluster(UUID, force=False, still_fresh=always),
    INSTALL_INFO: lambda client: client.install_info(UUID, "2.24"),
}
REPLIES = [
    *(
        Reply(status, {"code": status, "message": ECHO, "details": ECHO})
        for status in (400, 401, 403, 404, 409, 429, 500)
    ),
    Reply(502, ECHO.encode(), {"Content-Type": "text/html"}),
    Reply(302, b"", {"Location": f"https://evil.example/?{TOKEN}"}),
    Reply(200, {"clientSecret": "canary-install", "installationStr": 7, "message": ECHO}),
    Reply(201, [{"uuid": ECHO, "name": ECHO}]),
    Reply(200, f'{{"{ECHO}'.encode()),
    Reply(200, ECHO.encode(), {"Content-Encoding": "gzip"}),
    Reply(200, ECHO.encode(), {"Content-Length": "9999"}),
]


@pytest.mark.case(
    "S-07",
    injected="every call answered with an echo of token and secret, in every status and shape",
    outcome="in no message, traceback, local or log line, in no form",
)
@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: f"{reply.status}-{str(reply.content)[:12]}")
@pytest.mark.parametrize("route", FAILING)
async def test_echoed(route: str, reply: Reply, logs: pytest.LogCaptureFixture) -> None:
    """A control plane that echoes what it was sent does not bring it into a message, a traceback or a log."""
    async with served_client(request_timeout=0.5) as (served, client):
        served.on(TOKEN_V2, Reply(content={"access_token": TOKEN}, headers={"X-Echo": ECHO}))
        served.on(route, reply)

        with pytest.raises(ControlPlaneError) as caught:
            await FAILING[route](client)
        assert_no_canary(*everything_about(caught.value), logs.text)


@pytest.mark.case(
    "S-07",
    injected="a token endpoint that echoes the client secret",
    outcome="in no message, traceback, local or log line, in no form",
)
@pytest.mark.parametrize("reply", REPLIES[:-1], ids=lambda reply: f"{reply.status}-{str(reply.content)[:12]}")
async def test_echoed_by_token_endpoint(reply: Reply, logs: pytest.LogCaptureFixture) -> None:
    """A token endpoint that echoes the client secret, or the token before, does not bring it anywhere either."""
    async with served_client() as (served, client):
        served.on(TOKEN_V2, Reply(content={"access_token": TOKEN}), reply)
        served.on(LIST, Reply(401))

        with pytest.raises(ControlPlaneError) as caught:
            await client.list_clusters()
        assert_no_canary(*everything_about(caught.value), logs.text)


async def test_lost(logs: pytest.LogCaptureFixture) -> None:
    """A request that gets lost does not show in the exception that says so."""
    async with client_of("http://127.0.0.1:1") as client:
        with pytest.raises(ControlPlaneError) as caught:
            await client.list_clusters()
    assert_no_canary(*everything_about(caught.value), logs.text)


async def test_token_that_breaks_headers(logs: pytest.LogCaptureFixture) -> None:
    """A token that could not stand in a header is refused before any library quotes it."""
    async with served_client() as (served, client):
        served.on(TOKEN_V2, Reply(content={"access_token": f"{TOKEN}\r\nX: y"}))

        with pytest.raises(ControlPlaneError) as caught:
            await client.list_clusters()
        assert_no_canary(*everything_about(caught.value), logs.text)


async def test_success(logs: pytest.LogCaptureFixture) -> None:
    """Nothing secret is logged when all goes well, and something is."""
    async with served_client() as (served, client):
        served.on(TOKEN_V2, Reply(content={"access_token": TOKEN}))
        info = dict.fromkeys(("installationStr", "repositoryName", "chartRepoURL", "clientSecret"), "canary-install")
        served.on(INSTALL_INFO, Reply(content=info))

        await client.install_info(UUID, "2.24")

        assert "GET /api/v1/clusters/{clusterUuid}/cluster-install-info: 200" in logs.text
        assert_no_canary(logs.text)


def test_reprs() -> None:
    """No value that holds a secret shows it."""
    install_info = InstallInfo(
        installation_str=SecretStr("canary-install"),
        repository_name="r",
        chart_repo_url="u",
        client_secret=SecretStr("canary-install"),
    )
    holders = [
        CREDENTIALS,
        Credentials("id", SecretStr(SECRET)),
        install_info,
        Token(access_token=SecretStr(TOKEN)),
        requests.token_v1("id", SECRET),
        requests.token_v2("id", SECRET),
        Answer(200, {"authorization": TOKEN}, SECRET.encode(), 0.0),
    ]

    assert_no_canary(*(shown for holder in holders for shown in (repr(holder), str(holder), f"{holder}")))
