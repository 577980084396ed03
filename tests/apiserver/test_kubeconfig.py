"""Kubeconfig files: what is written can be read again, and what cannot be used is refused in words."""

import stat
from pathlib import Path

import pytest
import yaml

from runai_registrar.apiserver.errors import KubeconfigError
from runai_registrar.apiserver.given import GivenServer, given_kubeconfig
from runai_registrar.apiserver.kubeconfig import connect, read_kubeconfig, write_kubeconfig_as

CANARY = "canary-token-3f9a"


def kubeconfig(path: Path, **user: object) -> Path:
    """Write a kubeconfig for a server without TLS trouble, with one user."""
    content = {
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443/"}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(yaml.safe_dump(content))
    return path


def test_token_is_used_and_never_shown(tmp_path: Path) -> None:
    """A token goes into the requests, and into no repr."""
    path = kubeconfig(tmp_path / "config", token=CANARY)
    login = read_kubeconfig(path)

    with login.client() as client:
        assert client.headers["Authorization"] == f"Bearer {CANARY}"
    assert login.url == "https://127.0.0.1:6443"
    assert CANARY not in f"{login!r} {GivenServer(path)!r}"


def test_token_file_is_read_beside_the_kubeconfig(tmp_path: Path) -> None:
    """A relative path in a kubeconfig starts at its folder."""
    (tmp_path / "token").write_text(f"{CANARY}\n")

    assert read_kubeconfig(kubeconfig(tmp_path / "config", tokenFile="token")).token == CANARY


def test_login_by_plugin_is_refused(tmp_path: Path) -> None:
    """A kubeconfig that needs a program to log in is refused with the ways that work."""
    path = kubeconfig(tmp_path / "config", exec={"command": "get-token"})

    with pytest.raises(KubeconfigError, match="use a token or a certificate"):
        connect(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be used as a kubeconfig: ParserError"),
        ("{}", "has no complete current context"),
        ("current-context: x\ncontexts: []", "has no complete current context"),
        ("- 1", "has no complete current context"),
    ],
)
def test_what_is_no_kubeconfig_is_refused(tmp_path: Path, text: str, message: str) -> None:
    """A broken file is named, with what is wrong with it."""
    path = tmp_path / "config"
    path.write_text(text)

    with pytest.raises(KubeconfigError, match=message):
        read_kubeconfig(path)


def test_broken_certificate_is_refused(tmp_path: Path) -> None:
    """A client certificate that is none is refused without showing it."""
    path = kubeconfig(tmp_path / "config", **{"client-certificate-data": "Zm9v", "client-key-data": "YmFy"})

    with pytest.raises(KubeconfigError, match="cannot be used as a kubeconfig: SSLError"):
        read_kubeconfig(path)


def test_other_login_for_the_same_server(tmp_path: Path) -> None:
    """A kubeconfig made after another has its server, another token, and is private."""
    target = tmp_path / "other"

    write_kubeconfig_as(target, like=kubeconfig(tmp_path / "config", token="admin"), token=CANARY, user="someone")

    login = read_kubeconfig(target)
    assert (login.url, login.token) == ("https://127.0.0.1:6443", CANARY)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_environment_names_a_cluster(tmp_path: Path) -> None:
    """RUNAI_REGISTRAR_TEST_KUBECONFIG is the cluster that tests use; unset there is none."""
    path = kubeconfig(tmp_path / "config", token=CANARY)

    assert given_kubeconfig({"RUNAI_REGISTRAR_TEST_KUBECONFIG": str(path)}) == path
    assert given_kubeconfig({}) is None


def test_environment_that_names_no_file_is_an_error(tmp_path: Path) -> None:
    """A mistyped path is never silently replaced by another server."""
    with pytest.raises(KubeconfigError, match="there is no such file"):
        given_kubeconfig({"RUNAI_REGISTRAR_TEST_KUBECONFIG": str(tmp_path / "nothing")})
