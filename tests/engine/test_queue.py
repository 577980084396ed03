"""Keys are worked on one at a time each, in lanes that do not hold each other up, and tried again after failures."""

import asyncio

import pytest

from runai_registrar.engine.queue import LONGEST_WITHOUT_KUBERNETES, Queue
from runai_registrar.errors import ControlPlaneError, KubernetesError


class Work:
    """Work that goes on until it is let go, and remembers what was begun and what was done."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done: list[str] = []
        self.at_once: dict[str, int] = {}
        self.most_at_once = 0
        self.errors: dict[str, Exception] = {}
        self.undone: set[str] = set()
        self.finished: asyncio.Queue[str] = asyncio.Queue()
        self.open = asyncio.Event()

    async def __call__(self, key: str) -> bool:
        """Work on a key: until let go, and with the error that was asked for; False for what is not done."""
        self.begun.append(key)
        self.at_once[key] = self.at_once.get(key, 0) + 1
        self.most_at_once = max(self.most_at_once, *self.at_once.values())
        try:
            await self.open.wait()
            if key in self.errors:
                raise self.errors[key]
            self.done.append(key)
            self.finished.put_nowait(key)
            return key not in self.undone
        finally:
            self.at_once[key] -= 1


def lane_of(key: str) -> str:
    """Return the lane of a key: what stands before the slash."""
    return key.partition("/")[0]


def group_of(key: str) -> str:
    """Return the group of a key: what stands between the slash and the colon."""
    return key.partition("/")[2].partition(":")[0]


async def turns() -> None:
    """Let everything run that can run without waiting."""
    for _ in range(20):
        await asyncio.sleep(0)


async def all_done(queue: Queue) -> None:
    """Return when nothing waits and nothing is worked on; TimeoutError if that never comes."""
    async with asyncio.timeout(5):
        while queue.depth:
            await turns()


def due(queue: Queue, key: str) -> float:
    """Return in how many seconds a key is worked on again."""
    return queue._timers[key].when() - asyncio.get_running_loop().time()


@pytest.fixture
async def work() -> Work:
    """Work that is held up at first."""
    return Work()


async def test_a_key_is_worked_on_by_one_task(work: Work) -> None:
    """A key added again and again while it is worked on is worked on once more, afterwards."""
    queue = Queue(work, lane_of)
    for _ in range(5):
        queue.add("a/1")
        await turns()
    work.open.set()
    await turns()

    assert work.done == ["a/1", "a/1"]
    assert work.most_at_once == 1


async def test_a_key_waits_only_once(work: Work) -> None:
    """A key that waits for its turn is not put in twice."""
    queue = Queue(work, lane_of, workers=1)
    for key in ("a/1", "a/2", "a/2", "a/3", "a/2"):
        queue.add(key)
    await turns()
    depth = queue.depth
    work.open.set()
    await turns()

    assert depth == 3
    assert work.done == ["a/1", "a/2", "a/3"]
    assert queue.depth == 0


async def test_a_lane_has_so_many_workers(work: Work) -> None:
    """No more keys of a lane are worked on at once than it has workers, and none is forgotten."""
    queue = Queue(work, lane_of, workers=2)
    for number in range(5):
        queue.add(f"a/{number}")
    await turns()
    begun = list(work.begun)
    work.open.set()
    await turns()

    assert begun == ["a/0", "a/1"]
    assert work.done == [f"a/{number}" for number in range(5)]


@pytest.mark.case(
    "S-09",
    injected="a thousand registrations of one namespace wait before one of another",
    outcome="it has its turn as soon as a worker is free",
)
@pytest.mark.parametrize("workers", [1, 16])
async def test_a_crowd_waits_for_itself_alone(work: Work, workers: int) -> None:
    """A key of another group is among the next ones begun, however many of one group wait already."""
    queue = Queue(work, lane_of, group_of=group_of, workers=workers)
    for number in range(1000):
        queue.add(f"a/crowd:{number}")
    queue.add("a/few:0")
    await turns()
    work.open.set()
    await all_done(queue)

    assert work.begun.index("a/few:0") <= workers + 1
    assert [key for key in work.begun if key != "a/few:0"] == [f"a/crowd:{number}" for number in range(1000)]


async def test_groups_take_turns(work: Work) -> None:
    """Each group that waits has one turn in a round; within it, what came first is first."""
    queue = Queue(work, lane_of, group_of=group_of, workers=1)
    for key in ("a/x:1", "a/x:2", "a/x:3", "a/x:4", "a/y:1", "a/y:2", "a/z:1"):
        queue.add(key)
    await turns()
    work.open.set()
    await turns()

    assert [key.removeprefix("a/") for key in work.done] == ["x:1", "x:2", "y:1", "z:1", "x:3", "y:2", "x:4"]


async def test_a_group_that_comes_back_waits_for_the_others(work: Work) -> None:
    """A group that has waited for nothing meanwhile gains no turn by it."""
    queue = Queue(work, lane_of, group_of=group_of, workers=1)
    for key in ("a/x:1", "a/y:1", "a/y:2", "a/z:1"):
        queue.add(key)
    await turns()
    queue.add("a/x:1")
    work.open.set()
    await turns()

    assert [key.removeprefix("a/") for key in work.done] == ["x:1", "y:1", "z:1", "x:1", "y:2"]


async def test_a_key_that_is_added_all_the_time_goes_to_the_back(work: Work) -> None:
    """What changes again whenever it is worked on has one turn a round of its group, and one task at a time."""

    async def edited(key: str) -> bool:
        """Add a key again while it is worked on, until the others are done."""
        if key == "a/x:edited" and len(set(work.begun)) < 11:
            queue.add(key)
        return await work(key)

    queue = Queue(edited, lane_of, group_of=group_of, workers=2)
    work.open.set()
    for key in ("a/x:edited", *(f"a/x:{number}" for number in range(10))):
        queue.add(key)
    await all_done(queue)

    assert work.begun.count("a/x:edited") == 2
    assert work.begun[-1] == "a/x:edited"
    assert work.most_at_once == 1


@pytest.mark.case("R-36", injected="the work of one control plane hangs", outcome="that of others goes on")
async def test_lanes_do_not_hold_each_other_up(work: Work) -> None:
    """A lane whose work hangs leaves the others alone."""
    queue = Queue(work, lane_of, workers=1)
    for key in ("hangs/1", "hangs/2", "works/1", "works-too/1"):
        queue.add(key)
    await turns()

    assert work.begun == ["hangs/1", "works/1", "works-too/1"]
    await queue.stop(0.0)


async def test_a_key_that_changes_its_lane_is_still_worked_on_by_one_task(work: Work) -> None:
    """The lane counts at the moment a key is started; while it is worked on, it waits for itself."""
    lanes = {"k": "a"}
    queue = Queue(work, lambda key: lanes[key], workers=1)
    queue.add("k")
    await turns()
    lanes["k"] = "b"
    queue.add("k")
    await turns()
    begun = list(work.begun)
    work.open.set()
    await turns()

    assert begun == ["k"]
    assert work.done == ["k", "k"]


async def test_the_earliest_timer_counts(work: Work) -> None:
    """Of several wake-up times the earliest is kept, in whatever order they come."""
    queue = Queue(work, lane_of)
    for key, first, then in (("a/1", 30.0, 10.0), ("a/2", 10.0, 30.0)):
        queue.add(key, after=first)
        queue.add(key, after=then)

    assert [round(due(queue, key)) for key in ("a/1", "a/2")] == [10, 10]
    assert work.begun == []
    await queue.stop(0.0)


async def test_a_timer_rings(work: Work) -> None:
    """When its time has come, a key is worked on, once."""
    work.open.set()
    queue = Queue(work, lane_of)
    queue.add("a/1", after=0.01)
    queue.add("a/2", after=0.02)
    async with asyncio.timeout(5):
        finished = [await work.finished.get(), await work.finished.get()]
    await turns()

    assert finished == ["a/1", "a/2"]
    assert queue.depth == 0


async def test_now_takes_the_place_of_later(work: Work) -> None:
    """A key that is worked on now needs no wake-up time from before."""
    queue = Queue(work, lane_of)
    queue.add("a/1", after=30.0)
    queue.add("a/1")
    await turns()

    assert work.begun == ["a/1"]
    assert queue._timers == {}
    await queue.stop(0.0)


@pytest.mark.parametrize("error", [ControlPlaneError("No."), ValueError("unexpected")], ids=["known", "unexpected"])
async def test_failures_back_off(work: Work, error: Exception) -> None:
    """After each failure in a row the pause doubles, up to five minutes; a success ends the row."""
    work.open.set()
    work.errors["a/1"] = error
    queue = Queue(work, lane_of)
    pauses = []
    for _ in range(11):
        queue.add("a/1")
        await turns()
        pauses.append(due(queue, "a/1"))
    work.errors.clear()
    queue.add("a/1")
    await turns()
    work.errors["a/1"] = error
    queue.add("a/1")
    await turns()

    longest = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0, 300.0]
    assert all(0.74 * most < pause <= most for pause, most in zip(pauses, longest, strict=True))
    assert due(queue, "a/1") <= 1.0
    await queue.stop(0.0)


@pytest.mark.case(
    "R-07",
    injected="the API server gives no answer again and again",
    outcome="pauses stay short, so that the uuid is written soon",
)
async def test_a_silent_api_server_is_asked_again_soon(work: Work) -> None:
    """A uuid in hand must be written soon after the API server is back: the pause stays short."""
    work.open.set()
    work.errors["a/1"] = KubernetesError("No answer.")
    queue = Queue(work, lane_of)
    for _ in range(12):
        queue.add("a/1")
        await turns()

    assert 0.74 * LONGEST_WITHOUT_KUBERNETES < due(queue, "a/1") <= LONGEST_WITHOUT_KUBERNETES
    await queue.stop(0.0)


async def test_what_is_not_done_is_no_success(work: Work) -> None:
    """A key that goes on later, when something else adds it, is not tried again by itself; its failures still count."""
    work.open.set()
    work.errors["a/1"] = KubernetesError("No answer.")
    queue = Queue(work, lane_of)
    for _ in range(3):
        queue.add("a/1")
        await turns()
    failure = work.errors.pop("a/1")
    work.undone.add("a/1")
    queue.add("a/1")
    await turns()
    timers, depth = dict(queue._timers), queue.depth
    work.errors["a/1"] = failure
    queue.add("a/1")
    await turns()

    assert (timers, depth) == ({}, 0)
    assert 0.74 * 8.0 < due(queue, "a/1") <= 8.0
    await queue.stop(0.0)


async def test_a_failure_harms_nobody_else(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected error is logged, and the next key of the lane has its turn."""
    work.open.set()
    work.errors["a/1"] = ValueError("unexpected")
    queue = Queue(work, lane_of, workers=1)
    queue.add("a/1")
    queue.add("a/2")
    await turns()

    assert work.done == ["a/2"]
    assert "reconciling a/1 failed unexpectedly" in caplog.text
    await queue.stop(0.0)


async def test_changed_while_it_failed_is_tried_at_once(work: Work) -> None:
    """What has changed during work that failed is looked at without waiting for the pause."""
    work.errors["a/1"] = ControlPlaneError("No.")
    queue = Queue(work, lane_of)
    queue.add("a/1")
    await turns()
    queue.add("a/1")
    work.open.set()
    await turns()

    assert work.begun == ["a/1", "a/1"]
    await queue.stop(0.0)


async def test_forgotten_keys_do_not_wake_up(work: Work) -> None:
    """What is gone for good has no timer and no row of failures any more."""
    work.open.set()
    work.errors["a/1"] = ControlPlaneError("No.")
    queue = Queue(work, lane_of)
    queue.add("a/1")
    await turns()
    queue.forget("a/1")

    assert (queue._timers, queue._failures) == ({}, {})


async def test_stopping_waits_for_what_is_under_way(work: Work) -> None:
    """What is under way ends by itself; what waits is not begun any more."""
    queue = Queue(work, lane_of, workers=1)
    queue.add("a/1")
    queue.add("a/2")
    queue.add("a/3", after=0.01)
    await turns()
    stopping = asyncio.create_task(queue.stop(30.0))
    await turns()
    queue.add("a/4")
    work.open.set()
    await stopping

    assert work.begun == work.done == ["a/1"]


async def test_stopping_cancels_what_takes_too_long(work: Work) -> None:
    """After the grace period, what is still under way is cancelled, and has ended when stop returns."""
    queue = Queue(work, lane_of)
    queue.add("a/1")
    await turns()
    queue.add("a/1")
    await queue.stop(0.01)

    assert work.begun == ["a/1"]
    assert work.done == []
    assert work.at_once == {"a/1": 0}


async def test_stopping_an_idle_queue_is_quick(work: Work) -> None:
    """With nothing under way there is nothing to wait for, not even for timers."""
    queue = Queue(work, lane_of)
    queue.add("a/1", after=0.01)
    await queue.stop(30.0)
    await asyncio.sleep(0.02)

    assert work.begun == []
