"""Reads and writes kubeconfig files, and opens HTTP clients that log in by them."""

import base64
import binascii
import contextlib
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml

from runai_registrar.apiserver.errors import KubeconfigError
from runai_registrar.apiserver.keys import write_private

_TIMEOUT = 30.0  # seconds; a loaded machine may be slow
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Login:
    """The current context of a kubeconfig: the server's address, its TLS settings, and the token if one is used."""

    url: str
    tls: ssl.SSLContext
    token: str | None = None

    def __repr__(self) -> str:
        return f"Login(url={self.url!r})"

    def client(self) -> httpx.Client:
        """A new HTTP client for the server; the caller closes it. Proxies are not used for a loopback server."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        proxied = urlsplit(self.url).hostname not in _LOOPBACK
        return httpx.Client(base_url=self.url, verify=self.tls, headers=headers, timeout=_TIMEOUT, trust_env=proxied)


def connect(kubeconfig: Path) -> httpx.Client:
    """An HTTP client for the server of a kubeconfig's current context; the caller closes it.

    Raises:
        KubeconfigError: the file cannot be read, or logs in by a plugin.
    """
    return read_kubeconfig(kubeconfig).client()


def write_kubeconfig(path: Path, *, url: str, certificate: Path, token: str, user: str) -> None:
    """Write a kubeconfig (0600) with one context: a bearer token, and a server verified by `certificate` (PEM)."""
    authority = base64.b64encode(certificate.read_bytes()).decode()
    _write(path, {"server": url, "certificate-authority-data": authority}, token, user)


def _write(path: Path, cluster: Mapping[str, Any], token: str, user: str) -> None:
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
        "current-context": "test",
    }
    write_private(path, yaml.safe_dump(content, sort_keys=False))


def write_kubeconfig_as(path: Path, *, like: Path, token: str, user: str) -> None:
    """Write a kubeconfig (0600) for the same server as another one's current context, with a bearer token.

    Raises:
        KubeconfigError: the other one cannot be read.
    """
    with _readable(like):
        content = yaml.safe_load(like.read_text())
        context = _named(content, "context", content["current-context"])
        cluster = dict(_named(content, "cluster", context["cluster"]))
    if "certificate-authority" in cluster:
        cluster["certificate-authority"] = str(Path(like.parent, cluster["certificate-authority"]).absolute())
    _write(path, cluster, token, user)


def read_kubeconfig(path: Path) -> Login:
    """The login of a kubeconfig's current context: by token, token file or client certificate.

    Raises:
        KubeconfigError: the file cannot be read, has no such context, or logs in by a plugin.
    """
    with _readable(path):
        return _login(yaml.safe_load(path.read_text()), path.parent)


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, yaml.YAMLError, binascii.Error) as error:  # of which ssl.SSLError is an OSError
        raise KubeconfigError(f"{path} cannot be used as a kubeconfig: {type(error).__name__}") from error
    except (KeyError, TypeError, StopIteration) as error:
        raise KubeconfigError(f"{path} has no complete current context") from error


def _login(content: Any, folder: Path) -> Login:
    context = _named(content, "context", content["current-context"])
    cluster = _named(content, "cluster", context["cluster"])
    user = _named(content, "user", context["user"])
    if "exec" in user or "auth-provider" in user:
        raise KubeconfigError("a login by plugin (exec, auth-provider) is not supported; use a token or a certificate")
    tls = _tls(cluster, folder)
    _add_client_certificate(tls, user, folder)
    return Login(str(cluster["server"]).rstrip("/"), tls, _token(user, folder))


def _named(content: Any, kind: str, name: str) -> Any:
    return next(entry[kind] for entry in content[f"{kind}s"] if entry["name"] == name)


def _token(user: Mapping[str, Any], folder: Path) -> str | None:
    if path := user.get("tokenFile"):
        return Path(folder, path).read_text().strip()
    return str(user["token"]) if user.get("token") else None


def _tls(cluster: Mapping[str, Any], folder: Path) -> ssl.SSLContext:
    authority = _data(cluster, "certificate-authority", folder)
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):  # the user's own word about a cluster given to the tests
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _add_client_certificate(tls: ssl.SSLContext, user: Mapping[str, Any], folder: Path) -> None:
    certificate, key = (_data(user, name, folder) for name in ("client-certificate", "client-key"))
    if certificate and key:
        with _private_file(certificate + b"\n" + key) as path:
            tls.load_cert_chain(path)


@contextlib.contextmanager
def _private_file(content: bytes) -> Iterator[str]:
    with tempfile.NamedTemporaryFile() as file:  # 0600; the ssl module reads keys from files only
        file.write(content)
        file.flush()
        yield file.name


def _data(section: Mapping[str, Any], name: str, folder: Path) -> bytes | None:
    if inline := section.get(f"{name}-data"):
        return base64.b64decode(inline)
    return Path(folder, section[name]).read_bytes() if name in section else None
