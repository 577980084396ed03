"""Why no answer came, in words, whatever the libraries wrapped the reason in."""

import socket
import ssl

import httpcore
import httpx
import pytest

from runai_registrar.controlplane.failures import why


def wrapped(reason: Exception) -> httpx.ConnectError:
    """Return what httpx raises for a reason: the chain is cut on the way, the reason left as an argument."""
    inner = httpcore.ConnectError(reason)
    outer = httpx.ConnectError("canary")
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "its host name could not be resolved"),
        (ConnectionRefusedError(111, "canary"), "the connection was refused"),
        (ExceptionGroup("canary", [ConnectionRefusedError()]), "the connection was refused"),
        (ConnectionResetError(), "the connection was reset"),
        (ssl.SSLError(1, "canary"), "TLS could not be agreed on"),
        (TimeoutError(), "no answer in time"),
        (OSError(99, "canary"), "it failed"),
    ],
)
def test_reason(reason: Exception, words: str) -> None:
    """The reason is found below what it is wrapped in."""
    assert why(wrapped(reason)) == words
    assert why(reason) == words


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (httpx.PoolTimeout, "no free connection in time"),
        (httpx.ConnectTimeout, "no connection in time"),
        (httpx.ReadTimeout, "no answer in time"),
        (httpx.WriteTimeout, "the request was not taken in time"),
        (httpx.ProxyError, "the proxy did not let it through"),
        (httpx.ReadError, "the connection broke"),
        (httpx.WriteError, "the connection broke"),
        (httpx.RemoteProtocolError, "the connection was closed, or what came was not HTTP"),
        (httpx.InvalidURL, "the request's URL would be too long"),
        (RuntimeError, "it failed"),
    ],
)
def test_kind(kind: type[Exception], words: str) -> None:
    """Without a reason below, the kind of the exception says it; its text is never quoted."""
    assert why(kind("canary")) == words


def test_own_cause() -> None:
    """An exception that is its own cause is no trap."""
    first, second = RuntimeError(), RuntimeError()
    first.__cause__, second.__cause__ = second, first

    assert why(first) == "it failed"
