"""When a server just started can be used."""

import ssl
import time
from collections.abc import Callable

import httpx

from runai_registrar.apiserver.children import Child
from runai_registrar.apiserver.errors import PortTakenError, StartError
from runai_registrar.apiserver.progress import Say, Stopwatch

TIMEOUT = 180.0
"""Seconds; measured 2 to 6 on two idle cores, many more on a machine that compiles at the same time."""

_PAUSE = 0.1
_HTTP_OK = 200


def wait_until(ready: Callable[[], bool], child: Child, say: Say, timeout: float = TIMEOUT) -> None:
    """Wait until a child is ready.

    Args:
        ready: The probe; may raise what an unfinished server makes a client raise.
        child: The server, which must not end meanwhile.
        say: Where a line goes every ten seconds.
        timeout: Seconds.

    Raises:
        PortTakenError: it ended because its port was taken.
        StartError: it ended otherwise, or was not ready in time.
    """
    watch = Stopwatch(f"waiting for {child.name}", say)
    while not _holds(ready):
        _check_alive(child)
        if watch.elapsed > timeout:
            raise StartError(f"{child.name} was not ready after {timeout:.0f} s. Its last lines:\n{child.tail()}")
        watch.tick()
        time.sleep(_PAUSE)


def answers_ready(client: httpx.Client) -> bool:
    """Whether kube-apiserver is ready and has the namespace ``default``, which comes a moment after ``/readyz``."""
    return all(client.get(path).status_code == _HTTP_OK for path in ("/readyz", "/api/v1/namespaces/default"))


def has_service_account(client: httpx.Client) -> bool:
    """Whether the controllers have begun to work: they make a service account in each namespace."""
    return client.get("/api/v1/namespaces/default/serviceaccounts/default").status_code == _HTTP_OK


def _holds(ready: Callable[[], bool]) -> bool:
    try:
        return ready()
    except (httpx.HTTPError, ssl.SSLError, OSError):  # not listening yet, or its certificate is not written yet
        return False


def _check_alive(child: Child) -> None:
    if child.exit_code is None:
        return
    kind = PortTakenError if "address already in use" in child.output() else StartError
    raise kind(f"{child.name} ended with exit code {child.exit_code}. Its last lines:\n{child.tail()}")
