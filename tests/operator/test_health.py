"""Where `/healthz` and `/readyz` can be asked, on real sockets; the kubelet asks under the pod's address."""

import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from runai_registrar.settings import Settings
from runai_registrar.telemetry.health import Health

LOOPBACKS = {"IPv4": "127.0.0.1", "IPv6": "::1"}
Serve = Callable[..., Coroutine[Any, Any, Health]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts health servers; they are stopped afterwards."""
    async with AsyncExitStack() as ending:

        async def start(host: str, port: int = 0) -> Health:
            """One that lives and is not ready, on a port that is free unless one is given."""
            health = await Health(lambda: {"loop": True}, lambda: {"lists": False}).start(host, port)
            ending.push_async_callback(health.stop)
            return health

        yield start


async def ask(address: str, port: int, path: str) -> tuple[int, Any]:
    """Code and body of an answer; httpx.ConnectError where nobody listens."""
    host = f"[{address}]" if ":" in address else address
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://{host}:{port}{path}")
    return answer.status_code, answer.json()


def needs_ipv6() -> None:
    """Fail, and say so, on a machine where these tests could show nothing."""
    assert socket.has_dualstack_ipv6(), "This machine has no IPv6, so that nothing can be shown about it here."


@pytest.mark.parametrize("address", LOOPBACKS.values(), ids=LOOPBACKS)
async def test_both_families_are_answered(serve: Serve, address: str) -> None:
    """As it is by default, the operator answers probes by IPv4 and by IPv6, on the same port."""
    needs_ipv6()
    health = await serve(Settings(operator_namespace="x").health_host)

    assert await ask(address, health.port, "/healthz") == (200, {"loop": True})
    assert await ask(address, health.port, "/readyz") == (503, {"lists": False})


@pytest.mark.parametrize(("one", "other"), [("IPv4", "IPv6"), ("IPv6", "IPv4")], ids=LOOPBACKS)
async def test_one_address_is_only_that(serve: Serve, one: str, other: str) -> None:
    """With `--health-host` it listens there and nowhere else."""
    needs_ipv6()
    health = await serve(LOOPBACKS[one])

    assert await ask(LOOPBACKS[one], health.port, "/healthz") == (200, {"loop": True})
    with pytest.raises(httpx.ConnectError):
        await ask(LOOPBACKS[other], health.port, "/healthz")


async def test_a_port_that_is_taken_is_an_error(serve: Serve) -> None:
    """Two operators cannot have one port: the second one learns of it, instead of answering half of the probes."""
    first = await serve("")

    with pytest.raises(OSError, match="already in use"):
        await serve("", first.port)
