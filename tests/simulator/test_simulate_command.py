"""`runai-registrar simulate` as a process of its own."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import runai_registrar
from runai_registrar.simulator import Admin
from simulator.calls import Api

SOURCES = str(Path(runai_registrar.__path__[0]).parent)
PROGRAM = "import sys; from runai_registrar.cli.main import main; sys.exit(main())"
FREE = ("--port", "0", "--admin-port", "0")


def command(*arguments: str) -> list[str]:
    """Return the command line of `runai-registrar simulate`."""
    return [sys.executable, "-c", PROGRAM, "simulate", *arguments]


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start the command; it is ended by its id if the test did not."""
    # A source tree need not be installed, and sys.path is the parent's: the child gets it told.
    child = subprocess.Popen(  # noqa: S603  # the program and its arguments are ours
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": SOURCES, "PYTHONWARNINGS": "error"},
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def refused(*arguments: str) -> str:
    """Run a command that must end with exit code 2 and no traceback; return what it says."""
    with started(*arguments) as child:
        out, error = child.communicate(timeout=30)
        assert child.returncode == 2, (out, error)
    assert "Traceback" not in error
    assert out == ""
    return error


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_until_it_is_told_to_stop(number: signal.Signals) -> None:
    """One JSON line tells that it is ready and how to log in; SIGTERM and SIGINT end it with exit code 0."""
    with started(*FREE, "--output", "json", "--client-id", "me", "--tenant-id", "7") as child:
        assert child.stdout is not None
        ready = json.loads(child.stdout.readline())
        assert set(ready) == {"url", "adminUrl", "clientId", "clientSecret", "tenantId"}
        assert (ready["clientId"], ready["tenantId"]) == ("me", 7)
        with Api(ready["url"]) as api, Admin(ready["adminUrl"]) as admin:
            assert api.log_in(ready["clientId"], ready["clientSecret"]).create("gpu-east").json()["tenantId"] == 7
            assert admin.healthy()
        child.send_signal(number)
        out, error = child.communicate(timeout=30)

    assert (child.returncode, out, error) == (0, "", "")


def test_text_for_people() -> None:
    """By default it prints its addresses and the credentials to use."""
    with started(*FREE, "--client-secret", "chosen-secret") as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(6)]

    text = "".join(lines)
    assert text.count("http://127.0.0.1:") == 2
    assert "registrar" in text
    assert "chosen-secret" in text


def test_options_become_settings() -> None:
    """Each option is the setting of its name; times have units."""
    options = ["--connect-after", "never", "--drain-time", "2m", "--list-lag", "1.5s", "--latency", "1ms"]
    options += ["--token-lifetime", "1h", "--rate-limit", "50", "--allow-duplicate-names", "--no-v2-token"]
    with started(*FREE, "--output", "json", *options) as child:
        assert child.stdout is not None
        with Admin(json.loads(child.stdout.readline())["adminUrl"]) as admin:
            settings = admin.settings()

    expected = {"connectAfter": None, "drainTime": 120, "listLag": 1.5, "latency": 0.001, "tokenLifetime": 3600}
    expected |= {"rateLimit": 50, "uniqueNames": False, "v2Token": False}
    assert {name: settings[name] for name in expected} == expected


def test_port_in_use() -> None:
    """A port that is taken is named, with exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        assert port in refused("--port", port, "--admin-port", "0")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--port", "99999"), "99999"),
        (("--port", "web"), "web"),
        (("--connect-after", "soon"), "soon"),
        (("--drain-time", "-5s"), "--drain-time"),
        (("--connect-after", "9999999999s"), "connect_after"),
        (("--rate-limit", "nan"), "rate_limit"),
        (("--rate-limit", "0"), "rate_limit"),
        (("--client-secret", ""), "client_secret"),
        (("--tenant-id", "0"), "tenant_id"),
        (("--tls-key", "key.pem"), "go together"),
        (("--tls-key", "no-key.pem", "--tls-certificate", "no-certificate.pem"), "no-certificate.pem"),
        (("--host", "no-such-host.invalid"), "no-such-host.invalid"),
        (("--colour", "red"), "--colour"),
    ],
)
def test_wrong_options(arguments: tuple[str, ...], word: str) -> None:
    """A wrong option ends with exit code 2 and a message that names it."""
    assert word in refused(*FREE, *arguments)
