"""Turns: evenly spaced, few at once, held back by Retry-After, and one at a time during an outage."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from controlplane.virtual_time import in_virtual_time, now
from runai_registrar.controlplane.pacing import DOWN_AFTER, FIRST_PAUSE, LONGEST_PAUSE, Pacing
from runai_registrar.errors import NotSent


def pacing(jitter: Callable[[], float] = lambda: 1.0, **changes: Any) -> Pacing:
    """Return a pacing with the whole of each pause, unless told otherwise."""
    values: dict[str, Any] = {"requests_per_second": 10.0, "max_in_flight": 4, "patience": 10.0}
    return Pacing(**values | changes, jitter=jitter)


async def started(paced: Pacing, seconds: float = 0.0) -> float:
    """Take a turn for some time and return when it began."""
    async with paced.turn():
        began = now()
        await asyncio.sleep(seconds)
    return began


async def refused(paced: Pacing) -> NotSent:
    """Return the refusal of a turn, which must come at once."""
    asked = now()
    with pytest.raises(NotSent) as caught:
        await started(paced)
    assert now() == pytest.approx(asked)
    return caught.value


async def pauses(paced: Pacing, meet: Callable[[], None], times: int) -> list[int]:
    """Let some calls one after another meet something, and return the seconds each one waited."""
    waited = []
    for _ in range(times):
        asked = now()
        async with paced.turn():
            waited.append(round(now() - asked))
            meet()
    return waited


async def down(**changes: Any) -> Pacing:
    """Return the pacing of a control plane that has just gone down."""
    paced = pacing(**changes)
    await pauses(paced, paced.failed, DOWN_AFTER)
    return paced


def even(begins: list[float]) -> bool:
    """Tell whether turns began a tenth of a second apart at least."""
    return all(later - earlier >= 0.1 - 1e-4 for earlier, later in pairwise(sorted(begins)))


@in_virtual_time
async def test_even() -> None:
    """Turns begin evenly apart, without a burst at the start or after a rest."""
    paced = pacing(patience=60.0)

    for _ in range(2):
        begins = await asyncio.gather(*(started(paced) for _ in range(30)))
        assert even(begins)
        assert max(begins) - min(begins) == pytest.approx(2.9, abs=1e-3)
        await asyncio.sleep(100)


@in_virtual_time
async def test_in_flight() -> None:
    """No more than the agreed number of calls are under way at once."""
    paced = pacing(requests_per_second=1000.0, patience=60.0)

    begins = sorted(await asyncio.gather(*(started(paced, 1.0) for _ in range(20))))

    assert all(begins[index + 4] - begins[index] >= 1.0 for index in range(16))
    assert begins[-1] - begins[0] == pytest.approx(4.0, abs=0.1)


@in_virtual_time
async def test_in_flight_under_other_settings() -> None:
    """What is under way counts on where a control plane is asked otherwise from now on."""
    before = pacing(requests_per_second=1000.0, patience=60.0)
    after = pacing(requests_per_second=500.0, patience=60.0, slots=before.slots)

    old = [asyncio.create_task(started(before, 1.0)) for _ in range(4)]
    await asyncio.sleep(0.1)
    new = await started(after)

    assert new >= 1.0 + min([await each for each in old])


@in_virtual_time
async def test_down_while_others_wait() -> None:
    """Calls that waited for their turn when the control plane went down are not all sent as probes: one is."""
    paced = pacing(requests_per_second=1.0, max_in_flight=10)
    waiting = [asyncio.create_task(started(paced, 30.0)) for _ in range(8)]
    await asyncio.sleep(0.5)
    for _ in range(DOWN_AFTER):
        paced.failed()
    ended = await asyncio.gather(*waiting, return_exceptions=True)

    assert [isinstance(each, float) for each in ended].count(True) == 2  # the one on the wire, and the probe
    assert [isinstance(each, NotSent) for each in ended].count(True) == 6


@in_virtual_time
async def test_patience() -> None:
    """Nobody waits longer than the patience for a slot, and those who gave up took none."""
    paced = pacing(max_in_flight=1, patience=5.0)
    slow = asyncio.create_task(started(paced, 20))
    await asyncio.sleep(0)
    asked = now()

    with pytest.raises(NotSent) as caught:
        await started(paced)
    assert now() - asked == pytest.approx(5.0, abs=1e-3)
    assert caught.value.reason == "ControlPlaneUnreachable"
    await slow
    await started(paced)


@in_virtual_time
async def test_floor() -> None:
    """Retry-After holds back every call, also those that were waiting already."""
    paced = pacing(max_in_flight=2)
    await started(paced)
    waiting = asyncio.create_task(started(paced))
    await asyncio.sleep(0)
    paced.throttled(7.0)
    floor = now() + 7.0

    assert await started(paced) >= floor
    assert await waiting >= floor


@in_virtual_time
async def test_even_after_floor() -> None:
    """When the floor is over, calls come evenly, not all at once."""
    paced = pacing()
    paced.throttled(3.0)
    floor = now() + 3.0

    begins = await asyncio.gather(*(started(paced) for _ in range(4)))

    assert min(begins) >= floor
    assert even(begins)


@in_virtual_time
async def test_long_floor() -> None:
    """A floor beyond the patience refuses at once and says when to come back."""
    paced = pacing()
    paced.throttled(300.0)
    await asyncio.sleep(100)

    error = await refused(paced)

    assert error.reason == "Throttled"
    assert error.retry_after == pytest.approx(200.0, abs=1e-3)


@in_virtual_time
async def test_shorter_floor() -> None:
    """A shorter Retry-After does not lower a floor that stands."""
    paced = pacing()
    paced.throttled(9.0)
    floor = now() + 9.0
    paced.throttled(1.0)

    assert await started(paced) >= floor - 1e-4


@pytest.mark.case("R-33", injected="429 again and again without Retry-After", outcome="pauses that grow to a limit")
@pytest.mark.parametrize("said", [None, 0.0])
@in_virtual_time
async def test_throttled_without_time(said: float | None) -> None:
    """Throttled without being told for how long, the pauses grow until an answer comes."""
    paced = pacing(patience=60.0)
    assert await pauses(paced, lambda: paced.throttled(said), 7) == [0, 1, 2, 4, 8, 16, LONGEST_PAUSE]

    paced.answered()
    await started(paced)
    assert await pauses(paced, lambda: paced.throttled(said), 3) == [0, 1, 2]


@in_virtual_time
async def test_outage() -> None:
    """A few outages in a row do nothing; from DOWN_AFTER on pauses grow up to LONGEST_PAUSE."""
    paced = pacing(patience=60.0)

    waited = await pauses(paced, paced.failed, DOWN_AFTER + 7)

    assert waited == [0] * DOWN_AFTER + [1, 2, 4, 8, 16, LONGEST_PAUSE, LONGEST_PAUSE]


@pytest.mark.parametrize(("jitter", "pause"), [(0.0, FIRST_PAUSE / 2), (1.0, FIRST_PAUSE)])
@in_virtual_time
async def test_jitter(jitter: float, pause: float) -> None:
    """A pause is between half and all of what is due, so that many processes do not meet."""
    paced = await down(jitter=lambda: jitter)
    asked = now()

    assert await started(paced) - asked == pytest.approx(pause, abs=0.15)


@in_virtual_time
async def test_failing_together() -> None:
    """Calls that were under way together and fail together count as one failed probe."""
    paced = pacing(max_in_flight=10)
    for _ in range(10):
        paced.failed()
    asked = now()

    assert await started(paced) - asked <= FIRST_PAUSE + 0.1


@pytest.mark.parametrize("max_in_flight", [1, 4])
@in_virtual_time
async def test_one_probe(max_in_flight: int) -> None:
    """While the control plane is down one call waits and probes; the others are refused at once."""
    paced = await down(max_in_flight=max_in_flight)
    assert paced.down
    probe = asyncio.create_task(started(paced, 5))
    await asyncio.sleep(0)

    for seconds in (0, 3):
        await asyncio.sleep(seconds)
        error = await refused(paced)
        assert error.reason == "ControlPlaneUnreachable"
        assert error.retry_after == pytest.approx(FIRST_PAUSE, abs=1e-3)
    await probe


@pytest.mark.case(
    "R-34",
    injected="the outage ends with ten callers waiting",
    outcome="they begin one after another, at the agreed rate",
)
@in_virtual_time
async def test_recovery() -> None:
    """A probe that is answered lets everybody in again, evenly."""
    paced = await down()
    async with paced.turn():
        paced.answered()

    assert not paced.down
    assert even(await asyncio.gather(*(started(paced) for _ in range(10))))


@in_virtual_time
async def test_throttling_is_no_outage() -> None:
    """A 429 is an answer: the control plane is not down."""
    paced = await down()
    async with paced.turn():
        paced.throttled(1.0)

    assert not paced.down


@in_virtual_time
async def test_outage_with_retry_after() -> None:
    """A 503 that says how long it will take is believed, also the first one."""
    paced = pacing()

    assert await pauses(paced, lambda: paced.failed(6.0), 2) == [0, 6]


@pytest.mark.parametrize("stage", [0.0, FIRST_PAUSE / 2, FIRST_PAUSE + 0.5])
@in_virtual_time
async def test_cancelled(stage: float) -> None:
    """A cancelled call gives back its slot and its place as the probe."""
    paced = await down(max_in_flight=1)
    probe = asyncio.create_task(started(paced, 100))
    await asyncio.sleep(stage)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)

    await started(paced)


class Outage:
    """A control plane that is down until a certain time, and those who want something from it."""

    def __init__(self, paced: Pacing, seconds: float) -> None:
        self.paced, self.ends = paced, now() + seconds
        self.asked_in_vain = 0
        self.last_success = 0.0

    async def caller(self, delay: float) -> None:
        """Call until it works, and rest between as long as one is told, ten seconds at least."""
        await asyncio.sleep(delay)
        while True:
            try:
                async with self.paced.turn():
                    if now() >= self.ends:
                        break
                    self.asked_in_vain += 1
                    self.paced.failed()
            except NotSent as error:
                await asyncio.sleep(max(error.retry_after or 0.0, 10.0))
        self.paced.answered()
        self.last_success = now()


@pytest.mark.case(
    "R-34",
    injected="five minutes of outage with a thousand callers",
    outcome="at most 25 calls in vain; afterwards all get through within three minutes",
)
@in_virtual_time
async def test_five_minutes_down() -> None:
    """Five minutes of outage with a thousand callers mean a few probes, and all get through soon after."""
    outage = Outage(pacing(requests_per_second=20.0), 300.0)

    await asyncio.gather(*(outage.caller(number / 100) for number in range(1000)))

    assert outage.asked_in_vain <= 25
    assert outage.last_success - outage.ends <= 180
