"""Work beside the event loop: only what is large, one such work at a time, and its outcome is the caller's."""

import gc
import threading

import pytest

from controlplane.servers import LIST, Reply, cluster, served_client
from runai_registrar.controlplane.aside import LARGE, aside
from runai_registrar.controlplane.protocol import MOST_CLUSTERS
from runai_registrar.errors import Unanswered


def uuid(number: int) -> str:
    """A uuid for each number."""
    return f"3f0e8f6c-4f55-4b1c-9d7e-{number:012x}"


async def test_small_work_stays_in_the_loop() -> None:
    """What is small is done at once, in the thread of the caller; what is large is done in another one."""
    here = threading.get_ident()

    assert await aside(threading.get_ident, large=False) == here
    assert await aside(threading.get_ident, large=True) != here


async def test_large_work_is_done_in_one_thread() -> None:
    """However many large answers there are, they share one thread."""
    assert len({await aside(threading.get_ident, large=True) for _ in range(8)}) == 1


async def test_a_large_list_is_read() -> None:
    """A list that is read beside the loop shows what a small one would, in the same order."""
    async with served_client(request_timeout=30.0) as (served, client):
        entries = [cluster(uuid=uuid(number + 1), domain="d" * 1000) for number in range(LARGE // 1000)]
        served.on(LIST, Reply(content=entries))

        assert [one.uuid for one in await client.list_clusters()] == [entry["uuid"] for entry in entries]


async def test_a_large_list_with_a_flaw() -> None:
    """One entry that cannot be read makes a large list unreadable too, and says where it is."""
    async with served_client(request_timeout=30.0) as (served, client):
        entries = [cluster(uuid=uuid(number + 1), domain="d" * 1000) for number in range(LARGE // 1000)]
        served.on(LIST, Reply(content=[*entries, cluster(uuid="not-a-uuid")]))

        with pytest.raises(Unanswered, match=rf"{len(entries)}\.uuid: Value error, not a UUID"):
            await client.list_clusters()


async def test_too_many_clusters() -> None:
    """A list of more clusters than the operator is made for is an error that says so; as many as that are read."""
    async with served_client(request_timeout=30.0) as (served, client):
        entries = [cluster(uuid=uuid(number + 1)) for number in range(MOST_CLUSTERS + 1)]
        served.on(LIST, Reply(content=entries), Reply(content=entries[1:]))

        with pytest.raises(Unanswered, match=f"it lists more than {MOST_CLUSTERS} clusters"):
            await client.list_clusters()
        assert len(await client.list_clusters()) == MOST_CLUSTERS


async def test_large_work_is_not_searched_for_cycles() -> None:
    """While large work is done nobody searches for cycles, and afterwards what it made counts as old; then all is well.

    Such a search stops all threads, and would begin again and again while millions of objects are made.
    """

    def work() -> tuple[bool, list[list[int]]]:
        """Make many objects; whether somebody would search for cycles meanwhile."""
        return gc.isenabled(), [[number] for number in range(10_000)]

    searches, made = await aside(work, large=True)

    young = {id(each) for generation in (0, 1) for each in gc.get_objects(generation)}
    assert not searches
    assert gc.isenabled()
    assert not any(id(each) in young for each in made)
    with pytest.raises(ZeroDivisionError):
        await aside(lambda: 1 // 0, large=True)
    assert gc.isenabled()
