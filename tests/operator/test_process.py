"""The operator as a process: its log, its health, its exit code, and what must never come out of it."""

import base64
import json
import socket
import subprocess
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import yaml
from pydantic import JsonValue

from operators import COMMAND, House, Operator
from planes import CONTROL_PLANES
from stage import Stage


@pytest.fixture(scope="module")
def operator(house: House) -> Iterator[Operator]:
    """An operator that tells all it can, as JSON."""
    with house.operator(LOG_FORMAT="json", LOG_LEVEL="debug") as operator:
        yield operator


def run(environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run an operator that is expected to end by itself."""
    return subprocess.run(COMMAND, env=environ, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603  # our own command, no shell


def test_the_log_is_one_json_object_a_line(stage: Stage, operator: Operator) -> None:
    """With LOG_FORMAT=json every line, of libraries too, is an object with time, severity, logger and message."""
    stage.registered()

    lines = [json.loads(line) for line in operator.log.splitlines()]

    assert all({"timestamp", "severity", "logger", "message"} <= line.keys() for line in lines)
    assert any(line["message"].startswith("started; health on port") for line in lines)


@pytest.mark.case(
    "S-13",
    injected="`/healthz` and `/readyz` are asked by anybody",
    outcome="each check and whether it holds, nothing else; this version has no metrics port",
)
def test_health(operator: Operator) -> None:
    """`/healthz` and `/readyz` answer 200 and tell check by check what holds."""
    live, ready = operator.health("/healthz"), operator.health("/readyz")

    assert (live.status_code, live.json()) == (200, {"watches": True})
    assert (ready.status_code, ready.json()) == (200, {"listed": True, "watches": True})


@pytest.mark.case(
    "S-07",
    injected="errors that repeat the client secret and the tokens, with debug logs",
    outcome="found in no log line, status, annotation or event, in no form",
)
def test_no_secret_comes_out(house: House, stage: Stage, operator: Operator) -> None:
    """Client secret and tokens are in no log line, status, annotation or event, even if errors repeat them."""
    canaries = tokens(stage) | {stage.simulator.client_secret}
    echo: JsonValue = {"code": 400, "message": f"who is {' and '.join(canaries)}?"}
    for operation, status in (("create_cluster", 400), ("get_clusters", 500), ("token_v2", 500)):
        stage.admin.fault("refuse", operation=operation, status=status, body=echo)
    made = stage.register()
    made.wait_for("RejectedByControlPlane")
    stage.admin.revoke_tokens()
    stage.wait_polls()
    made.change(version="2.24.18")
    made.wait_ready()

    assert [rule["struck"] for rule in stage.admin.faults()] == [1, 1, 1]
    canaries |= tokens(stage)
    assert len(canaries) == 3
    told = operator.log + yaml.safe_dump(
        [
            stage.kube.items(stage.registrations),
            stage.kube.items(CONTROL_PLANES),
            stage.kube.items(f"/api/v1/namespaces/{house.namespace}/events"),
        ],
        width=10_000,
    )
    assert "who is [redacted] and [redacted]?" in told
    assert [form for canary in canaries for form in forms(canary) if form in told] == []


def tokens(stage: Stage) -> set[str]:
    """Every bearer token that the control plane was shown."""
    headers = {call.headers.get("authorization", "") for call in stage.admin.journal()}
    return {header.removeprefix("Bearer ") for header in headers if header}


def forms(secret: str) -> set[str]:
    """A secret as it is, in base64, and URL-encoded."""
    return {secret, base64.b64encode(secret.encode()).decode().rstrip("="), quote(secret, safe="")}


@pytest.mark.case(
    "R-38",
    injected="every token is revoked while the operator polls",
    outcome="one token call; nothing of it in a status",
)
def test_a_rejected_token_is_replaced(stage: Stage, operator: Operator) -> None:
    """A token that stops working is replaced by one token call, and nothing is said about it in the status."""
    made = stage.registered(listed=True)
    before = made.writes()
    asked = len(stage.calls("token_v2"))

    stage.admin.revoke_tokens()
    stage.wait_polls(3)

    assert len(stage.calls("token_v2")) == asked + 1
    assert made.writes() == before
    assert operator.process.poll() is None


def test_times_that_are_not_safe(house: House) -> None:
    """A settle time too short to prove anything ends the operator with code 2 and one sentence that says why."""
    ended = run(house.environ(SETTLE="4s"))

    assert (ended.returncode, ended.stdout) == (2, "")
    (said,) = ended.stderr.splitlines()
    assert "settle (4 s) must be at least freshness + request timeout + list lag (5 s)" in said
    assert "otherwise a cluster could be created twice" in said


def test_settings_that_cannot_be_read(house: House) -> None:
    """Every setting that cannot be used is named by its variable, one a line, and the exit code is 2."""
    wrong = {"WORKERS": "0", "LOG_LEVEL": "loud", "FRESHNESS": "soon"}
    ended = run(house.environ(**wrong))

    assert (ended.returncode, ended.stdout) == (2, "")
    assert len(ended.stderr.splitlines()) == len(wrong)
    assert all(f"RUNAI_REGISTRAR_{name}: " in ended.stderr for name in wrong)


def test_a_kubeconfig_that_is_not_there(house: House) -> None:
    """A KUBECONFIG that names no file ends the operator with code 2 and one line that says so."""
    ended = run(house.environ() | {"KUBECONFIG": "/nowhere/kubeconfig"})

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "/nowhere/kubeconfig" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_port_that_is_taken(house: House) -> None:
    """A health port that somebody else has ends the operator with code 2 and one line that says so."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run(house.environ(HEALTH_PORT=port, LOG_LEVEL="info"))

    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"cannot listen on port {port}" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
