"""Kubernetes that cannot be used: the message says what is in the way, and no traceback does."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from runai_registrar.cli.main import main


class _WithoutCrds(BaseHTTPRequestHandler):
    """Answers as an API server does for a group that it does not know."""

    def do_GET(self) -> None:
        """Know nothing."""
        body = b"404 page not found\n"
        self.send_response(404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def bare() -> Iterator[str]:
    """The address of an API server without our CRDs."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _WithoutCrds) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def kubeconfig(folder: Path, server: str, **cluster: str) -> str:
    """A kubeconfig for a server."""
    content = {
        "clusters": [{"name": "it", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "me", "user": {"token": "secret-token"}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "me"}}],
        "current-context": "it",
    }
    (folder / "kubeconfig").write_text(json.dumps(content))
    return str(folder / "kubeconfig")


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command says that must end with 2 and print nothing."""
    assert main(words) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert "secret-token" not in errors
    return errors


@pytest.mark.parametrize("command", ["export", "diff"])
def test_without_crds(capsys: pytest.CaptureFixture[str], tmp_path: Path, bare: str, command: str) -> None:
    """Another Kubernetes cluster than the one with the registrations is named as such."""
    path = kubeconfig(tmp_path, bare)

    assert "The CRDs of runai-registrar are not installed" in said(capsys, command, "--kubeconfig", path)


def test_unreachable(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """An API server that does not answer is called so."""
    path = kubeconfig(tmp_path, "https://127.0.0.1:1")

    assert "The API server cannot be reached" in said(capsys, "export", "--kubeconfig", path)


def test_bad_certificate(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A certificate authority that is none makes the kubeconfig unusable."""
    (tmp_path / "ca.pem").write_text("nothing")
    path = kubeconfig(tmp_path, "https://127.0.0.1:1", **{"certificate-authority": str(tmp_path / "ca.pem")})

    assert "kubeconfig" in said(capsys, "export", "--kubeconfig", path)


@pytest.mark.parametrize("content", ["", "a: [", "[]", "text", "contexts: []", "current-context: it", "\x00"])
def test_unreadable(capsys: pytest.CaptureFixture[str], tmp_path: Path, content: str) -> None:
    """A kubeconfig that is none is named, whatever stands in it."""
    (tmp_path / "broken").write_text(content)
    errors = said(capsys, "install-command", "gpu", "--kubeconfig", str(tmp_path / "broken"))

    assert "kubeconfig" in errors
    assert errors.count("\n") == 1


def test_absent(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A kubeconfig that is not there is named."""
    path = str(tmp_path / "absent")

    assert f"There is no kubeconfig {path}" in said(capsys, "export", "--kubeconfig", path)
