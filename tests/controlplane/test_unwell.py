"""A control plane that is throttled or down is left alone by all calls of its client."""

import pytest

from controlplane.servers import (
    LIST,
    ONE,
    UUID,
    Reply,
    cluster,
    served_client,
)
from runai_registrar.errors import (
    NotSent,
    Stale,
    Throttled,
    Unanswered,
)


@pytest.mark.case("R-33", injected="one call is throttled", outcome="all other calls wait too, before anything is sent")
async def test_throttled_for_all() -> None:
    """Retry-After of one call holds back every other call, before anything is sent."""
    async with served_client(patience=0.1) as (served, client):
        served.on(LIST, Reply(429, headers={"Retry-After": "100"}))
        with pytest.raises(Throttled):
            await client.list_clusters()

        with pytest.raises(NotSent) as caught:
            await client.get_cluster(UUID)
        assert caught.value.reason == "Throttled"
        assert 90 < (caught.value.retry_after or 0) <= 100
        assert served.called(ONE) == []


@pytest.mark.parametrize(
    "outage",
    [Reply(500), Reply(503), Reply(200, b" " * (2**20 + 1)), Reply(200, b"x", {"Content-Encoding": "br"})],
    ids=["500", "503", "too large", "unreadable"],
)
async def test_down(outage: Reply) -> None:
    """After three outages in a row calls are refused unsent, for a while."""
    async with served_client(patience=0.1) as (served, client):
        served.on(ONE, outage)
        for _ in range(3):
            with pytest.raises(Unanswered):
                await client.get_cluster(UUID)

        with pytest.raises(NotSent) as caught:
            await client.list_clusters()
        assert caught.value.reason == "ControlPlaneUnreachable"
        assert served.called(LIST) == []


async def test_interrupted_outage() -> None:
    """An answer, whatever it says, ends the count of outages."""
    async with served_client(patience=0.1) as (served, client):
        served.on(ONE, Reply(503), Reply(503), Reply(404), Reply(503), Reply(503), Reply(content=cluster()))

        for _ in range(5):
            with pytest.raises(Unanswered):
                await client.get_cluster(UUID)
        assert (await client.get_cluster(UUID)).uuid == UUID


async def test_stale_is_no_outage() -> None:
    """A call that has gone stale says nothing about the control plane."""
    async with served_client(patience=0.1) as (served, client):
        served.on(LIST, Reply(content=[]))
        for _ in range(5):
            with pytest.raises(Stale):
                await client.rename_cluster(UUID, "gpu-west", still_fresh=lambda: False)

        assert await client.list_clusters() == ()
