"""Why no answer came, in a person's words (knows the shapes of the library's exceptions, not the library)."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "its host name could not be resolved"),
    (ConnectionRefusedError, "the connection was refused"),
    (ConnectionResetError, "the connection was reset"),
    (BrokenPipeError, "the connection was closed"),
    (ssl.SSLError, "TLS could not be agreed on"),
    (TimeoutError, "no answer in time"),
)
_WORDS_BY_NAME = {
    "PoolTimeout": "no free connection in time",
    "ConnectTimeout": "no connection in time",
    "ReadTimeout": "no answer in time",
    "WriteTimeout": "the request was not taken in time",
    "ProxyError": "the proxy did not let it through",
    "ReadError": "the connection broke",
    "WriteError": "the connection broke",
    "RemoteProtocolError": "the connection was closed, or what came was not HTTP",
    "InvalidURL": "the request's URL would be too long",
}
_DEEPEST = 20


def why(error: BaseException) -> str:
    """Return the reason behind an exception of the transport, in words that hold nothing of the request.

    A certificate that was not accepted is the one case where OpenSSL's own words are quoted: people act on them.
    """
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"its TLS certificate was not accepted ({cause.verify_message}); a private CA goes into spec.caBundle"
            )
    for cause in causes:
        for kind, words in _WORDS:
            if isinstance(cause, kind):
                return words
    return next(
        (_WORDS_BY_NAME[name] for cause in causes if (name := type(cause).__name__) in _WORDS_BY_NAME), "it failed"
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the exception and what it wraps, nearest first: by chain, by group, or as an argument."""
    waiting, seen = [error], 0
    while waiting and seen < _DEEPEST:
        current = waiting.pop(0)
        seen += 1
        yield current
        wrapped = (current.__cause__, current.__context__, *getattr(current, "exceptions", ()), *current.args)
        waiting.extend(inner for inner in wrapped if isinstance(inner, BaseException))
