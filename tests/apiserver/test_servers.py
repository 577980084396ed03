"""A real server: it starts, survives what tests do to it, and leaves nothing behind."""

import os
import shutil
import signal
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from runai_registrar.apiserver import ApiServer, Binaries, connect, read_audit_log
from runai_registrar.apiserver.errors import StartError
from runai_registrar.apiserver.kubeconfig import Login

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
- {level: Metadata, users: [test-admin], resources: [{group: "", resources: [configmaps]}]}
"""


@pytest.fixture
def client(own_server: ApiServer) -> Iterator[httpx.Client]:
    """A client of the server of this module, as its administrator."""
    with connect(own_server.kubeconfig) as client:
        yield client


def is_alive(pid: int) -> bool:
    """Whether a process of that id is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_dead(pids: list[int]) -> None:
    """Wait until none of the processes is there; fails after 10 s."""
    deadline = time.monotonic() + 10
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, f"still alive: {[pid for pid in pids if is_alive(pid)]}"
        time.sleep(0.05)


def test_server_is_ready(client: httpx.Client) -> None:
    """A server that has started answers ok at /readyz."""
    assert client.get("/readyz").text == "ok"


def test_administrator_may_do_everything(client: httpx.Client) -> None:
    """The kubeconfig's user is a member of system:masters."""
    review = {"spec": {"resourceAttributes": {"verb": "*", "group": "*", "resource": "*"}}}

    answer = client.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", json=review)

    assert answer.json()["status"]["allowed"] is True


def test_anonymous_user_may_read_nothing(own_server: ApiServer) -> None:
    """RBAC is on: without the token the secrets are out of reach."""
    with Login(own_server.url, ssl.create_default_context(cafile=own_server.certificate)).client() as client:
        assert client.get("/api/v1/secrets").status_code == 403


def test_tls_is_verified(own_server: ApiServer) -> None:
    """A client that trusts only public authorities refuses the server's own certificate."""
    with (
        Login(own_server.url, ssl.create_default_context()).client() as client,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.get("/readyz")


def test_secrets_are_private(own_server: ApiServer) -> None:
    """Kubeconfig, token file and signing key are for their owner only, and the token is in no repr."""
    modes = {
        name: (own_server.folder / name).stat().st_mode for name in ("kubeconfig", "tokens.csv", "service-accounts.key")
    }

    assert {stat.S_IMODE(mode) for mode in modes.values()} == {0o600}
    assert own_server.token not in repr(own_server)


def test_service_account_tokens_are_signed(client: httpx.Client) -> None:
    """A token asked for a service account is accepted by the server that made it."""
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    client.post(accounts, json={"metadata": {"name": "robot"}}).raise_for_status()
    token = client.post(f"{accounts}/robot/token", json={"spec": {}}).json()["status"]["token"]

    review = client.post(
        "/apis/authentication.k8s.io/v1/selfsubjectreviews", json={}, headers={"Authorization": f"Bearer {token}"}
    )

    assert review.json()["status"]["userInfo"]["username"] == "system:serviceaccount:default:robot"


def test_objects_survive_a_kill(own_server: ApiServer, client: httpx.Client) -> None:
    """A killed server is gone at once, and after a restart has its objects at the same address."""
    client.post(CONFIG_MAPS, json={"metadata": {"name": "kept"}, "data": {"key": "value"}}).raise_for_status()

    own_server.kill()

    assert not own_server.running
    with pytest.raises(httpx.TransportError):
        client.get("/readyz")

    own_server.restart()

    assert client.get(f"{CONFIG_MAPS}/kept").json()["data"] == {"key": "value"}


def test_paused_server_answers_later(own_server: ApiServer, client: httpx.Client) -> None:
    """A frozen server keeps connections open without an answer, and goes on as if nothing had been."""
    own_server.pause()
    with pytest.raises(httpx.TimeoutException):
        client.get("/readyz", timeout=0.5)
    assert own_server.running

    own_server.resume()

    assert client.get("/readyz").text == "ok"


def test_stop_leaves_nothing_behind(binaries: Binaries) -> None:
    """After the block no process of it is left, nor its folder, even if the server was frozen."""
    with ApiServer(binaries) as server:
        folder, pids = server.folder, server.pids
        assert len(pids) == 3
        assert all(is_alive(pid) for pid in pids)
        server.pause()

    assert not any(is_alive(pid) for pid in pids)
    assert not folder.exists()


def test_failed_start_leaves_nothing_behind(binaries: Binaries, tmp_path: Path) -> None:
    """A server that cannot start says why in its own words, and everything started before it is stopped."""
    server = ApiServer(binaries, data_folder=tmp_path, extra_flags=["--no-such-flag"])

    with pytest.raises(StartError, match=r"(?s)kube-apiserver ended with exit code 1.*no-such-flag"):
        server.start()

    assert server.pids == []
    with ApiServer(binaries, data_folder=tmp_path) as second:  # waits for ever if etcd still holds the data
        assert second.running


def test_given_folder_is_kept_and_held(binaries: Binaries, tmp_path: Path) -> None:
    """A folder given by the user outlives the server, serves one at a time, and gets the audit log asked for."""
    with ApiServer(binaries, data_folder=tmp_path) as server, connect(server.kubeconfig) as client:
        client.post(CONFIG_MAPS, json={"metadata": {"name": "kept"}}).raise_for_status()
        with pytest.raises(StartError, match="in use by another server"):
            ApiServer(binaries, data_folder=tmp_path).start()
        assert client.get("/readyz").text == "ok"

    with ApiServer(binaries, data_folder=tmp_path, audit=POLICY) as server, connect(server.kubeconfig) as client:
        assert client.get(f"{CONFIG_MAPS}/kept").status_code == 200
        assert server.audit_log is not None
        assert {request.name for request in read_audit_log(server.audit_log)} == {"kept"}


PARENT = """
import sys
from runai_registrar.apiserver import ApiServer, Search, find_or_make
with ApiServer(find_or_make(Search.here())) as server:
    print(*server.pids, server.folder, flush=True)
    sys.stdin.read()
"""


def test_children_die_with_their_parent() -> None:
    """A parent killed without a chance to clean up leaves no server running."""
    command = [sys.executable, "-c", PARENT]
    parent = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603  # constant
    with parent:
        assert parent.stdout
        *pids, folder = parent.stdout.readline().split()
        assert all(is_alive(int(pid)) for pid in pids)

        parent.send_signal(signal.SIGKILL)

    wait_until_dead([int(pid) for pid in pids])
    shutil.rmtree(folder)
