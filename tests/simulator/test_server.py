"""The sockets around a simulator: in this event loop, in a thread, with TLS, up and down again."""

import asyncio
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from runai_registrar.simulator import Admin, Clock, Credential, Server, Simulator, Tls, running, running_in_thread
from simulator.calls import CLUSTERS, Api, eventually


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """A certificate for 127.0.0.1, signed by itself."""
    files = Tls(*(tmp_path_factory.mktemp("tls") / name for name in ("certificate.pem", "key.pem")))
    key = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(files.key)]
    name = ["-subj", "/CN=simulator", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    arguments = ["openssl", "req", *key, *name, "-out", str(files.certificate)]
    subprocess.run(arguments, check=True, capture_output=True)  # noqa: S603  # the program and its arguments are ours
    return files


async def test_in_this_event_loop() -> None:
    """A simulator can be served in the caller's own loop, and be looked into directly."""
    simulator = Simulator(credentials=(Credential("me", "canary", 7),))
    async with running(simulator) as server, httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        form = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "canary"}
        token = (await client.post("/api/v2/token", data=form)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        created = await client.post(CLUSTERS, json={"name": "gpu-east"}, headers=headers)

        assert created.json()["tenantId"] == server.tenant_id == 7
        assert [entry.operation for entry in simulator.journal.since(0)] == ["token_v2", "create_cluster"]


async def test_many_calls_at_once() -> None:
    """Hundreds of calls at once are all answered, each for itself."""
    async with running() as server, httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=60) as client:
        form = {
            "grant_type": "client_credentials",
            "client_id": server.client_id,
            "client_secret": server.client_secret,
        }
        token = (await client.post("/api/v2/token", data=form)).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        answers = await asyncio.gather(*(client.post(CLUSTERS, json={"name": f"c{n}"}) for n in range(300)))
        listed = (await client.get(CLUSTERS)).json()

    assert {answer.status_code for answer in answers} == {201}
    assert {one["uuid"] for one in listed} == {answer.json()["uuid"] for answer in answers}


def test_two_simulators_are_apart(server: Server, api: Api) -> None:
    """Each simulator has its own ports, clusters and tokens."""
    api.new("gpu-east")
    with running_in_thread() as second, Api(second.url) as other:
        other.headers["Authorization"] = api.headers["Authorization"]

        assert second.url != server.url
        assert other.get(CLUSTERS).status_code == 401
        assert other.log_in(second.client_id, second.client_secret).names() == []


def test_down_and_up_again(clock: Clock) -> None:
    """A simulator keeps its state while its server goes down and comes up on the same ports."""
    simulator = Simulator(clock=clock)
    with running_in_thread(simulator) as server, Api(server.url) as api:
        token = api.log_in(server.client_id, server.client_secret).headers["Authorization"]
        api.new("gpu-east")
    with Api(server.url) as api, pytest.raises(httpx.ConnectError):
        api.get(CLUSTERS)
    ports = (urlsplit(server.url).port or 0, urlsplit(server.admin_url).port or 0)
    with running_in_thread(simulator, port=ports[0], admin_port=ports[1]) as again, Api(again.url) as api:
        api.headers["Authorization"] = token

        assert (again.url, api.names()) == (server.url, ["gpu-east"])


def test_stopping_lets_go_of_hanging_callers() -> None:
    """A server that stops does not wait for callers it keeps waiting, and leaves no thread behind."""
    before = threading.active_count()
    with running_in_thread() as server, Admin(server.admin_url) as admin:
        admin.fault("hang")
        address = urlsplit(server.url)
        caller = socket.create_connection((address.hostname, address.port), timeout=10)
        caller.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert eventually(admin.journal)
    with caller:
        assert caller.recv(1) == b""
    assert threading.active_count() == before


@pytest.mark.parametrize("which", ["port", "admin_port"])
def test_port_in_use(which: str) -> None:
    """A port that is taken is an OSError in the caller, and the other port is given back."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"), running_in_thread(**{which: port}):
            pass


def test_tls(tls: Tls) -> None:
    """With a certificate the API port speaks TLS to those who trust it; the admin port stays as it is."""
    with running_in_thread(tls=tls) as server, Admin(server.admin_url) as admin:
        assert server.url.startswith("https://127.0.0.1:")
        with Api(server.url, trust=ssl.create_default_context(cafile=str(tls.certificate))) as api:
            assert api.log_in(server.client_id, server.client_secret).names() == []
        doubtful = ssl.create_default_context()
        with Api(server.url, trust=doubtful) as api, pytest.raises(httpx.ConnectError, match="VERIFY_FAILED"):
            api.token_v2(server.client_id, server.client_secret)

        assert admin.counts() == {"token_v2": 1, "get_clusters": 1}


def test_cuts_work_under_tls_too(tls: Tls) -> None:
    """A connection cut under TLS is a connection without an answer."""
    trust = ssl.create_default_context(cafile=str(tls.certificate))
    with running_in_thread(tls=tls) as server, Admin(server.admin_url) as admin, Api(server.url, trust=trust) as api:
        api.log_in(server.client_id, server.client_secret)
        admin.fault("cut-after-commit", method="POST")
        with pytest.raises(httpx.TransportError):
            api.create("gpu-east")

        assert api.names() == ["gpu-east"]


@pytest.mark.parametrize("content", [None, "nonsense"])
def test_unusable_tls_files(tls: Tls, tmp_path: Path, content: str | None) -> None:
    """A certificate that is absent or none is an OSError in the caller."""
    broken = tmp_path / "certificate.pem"
    if content:
        broken.write_text(content, encoding="utf-8")

    with pytest.raises(OSError, match=r"certificate\.pem"), running_in_thread(tls=Tls(broken, tls.key)):
        pass


def test_admin_of_a_server_that_is_gone() -> None:
    """An Admin tells that its simulator no longer answers."""
    with running_in_thread() as server, Admin(server.admin_url) as admin:
        assert admin.healthy()
    with Admin(server.admin_url) as admin:
        assert not admin.healthy()
