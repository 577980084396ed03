"""Bodies: read whole, unpacked, and never beyond their limit."""

import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest

from controlplane.servers import LIST, UUID, Reply, cluster, served_client
from runai_registrar.controlplane.bodies import UnreadableBody, read_body
from runai_registrar.errors import Unanswered


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    """Yield a body as it may come off the wire."""
    for part in parts:
        yield part


def split(data: bytes, size: int) -> list[bytes]:
    """Cut data into pieces."""
    return [data[start : start + size] for start in range(0, len(data), size)]


@pytest.mark.parametrize("encoding", ["", "identity"])
async def test_plain(encoding: str) -> None:
    """A plain body is its pieces put together."""
    assert await read_body(pieces(b"ab", b"", b"c"), encoding, 3) == b"abc"


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_gzip(size: int) -> None:
    """A packed body is unpacked, however it was cut."""
    content = b"0123456789" * 1000

    assert await read_body(pieces(*split(gzip.compress(content), size)), "GZip", len(content)) == content


async def test_too_large() -> None:
    """One byte over the limit is too large."""
    with pytest.raises(UnreadableBody, match="larger than 3 bytes"):
        await read_body(pieces(b"ab", b"cd"), "", 3)


async def test_endless_rest() -> None:
    """Bytes after the end of a packed body count as well."""
    with pytest.raises(UnreadableBody, match="larger"):
        await read_body(pieces(gzip.compress(b"a"), *[b"x" * 50] * 10), "gzip", 400)


async def test_bomb() -> None:
    """A gzip bomb is left when the limit is reached, not unpacked first."""
    bomb = gzip.compress(bytes(200 * 2**20))
    tracemalloc.start()

    with pytest.raises(UnreadableBody, match="larger"):
        await read_body(pieces(bomb), "gzip", 2**20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 2**20


@pytest.mark.case(
    "R-35",
    injected="a small packed body that unpacks to 16 MiB",
    outcome="left when the limit is reached",
)
async def test_bomb_over_the_wire() -> None:
    """The client asks for gzip and survives what that may bring."""
    async with served_client() as (served, client):
        served.on(f"GET /api/v1/clusters/{UUID}", Reply(200, gzip.compress(bytes(2**24)), {"Content-Encoding": "gzip"}))
        served.on(LIST, Reply(200, gzip.compress(b"[{}]"), {"Content-Encoding": "gzip"}))

        with pytest.raises(Unanswered, match="larger than"):
            await client.get_cluster(UUID)
        with pytest.raises(Unanswered, match=r"0\.uuid: Field required"):
            await client.list_clusters()
        assert served.called(LIST)[0].headers["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("body", "flaw"),
    [(gzip.compress(b"abc" * 99)[:-4], "cut off"), (b"plain", "broken"), (zlib.compress(b"abc"), "broken")],
    ids=["cut-off", "plain", "zlib"],
)
async def test_broken_gzip(body: bytes, flaw: str) -> None:
    """A packed body that is cut off or broken is unreadable."""
    with pytest.raises(UnreadableBody, match=flaw):
        await read_body(pieces(body), "gzip", 2**20)


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "x"])
async def test_other_encodings(encoding: str) -> None:
    """A packing that was not asked for is not tried."""
    with pytest.raises(UnreadableBody, match="not asked for"):
        await read_body(pieces(b"abc"), encoding, 2**20)


@pytest.mark.parametrize("encoding", ["", "gzip"])
async def test_empty(encoding: str) -> None:
    """No body is an empty body, whatever it would have been packed with."""
    assert await read_body(pieces(), encoding, 0) == b""


async def test_list_limit() -> None:
    """A list may be far larger than other answers."""
    async with served_client() as (served, client):
        served.on(LIST, Reply(content=[cluster(padding="x" * 2**21)]))

        assert len(await client.list_clusters()) == 1
