"""How hard one control plane is asked: evenly, a few at once, and gently when it is unwell.

Every call, token calls included, takes a turn:

* at most `max_in_flight` at once, started evenly `requests_per_second` apart (no bursts after a pause);
* `Retry-After` is a floor for all of them;
* after DOWN_AFTER outages in a row one call at a time goes out as a probe, with growing, jittered pauses between;
  the others are refused at once.

Nobody waits longer than `patience`: a turn that will not come by then is refused (Barred), so that one unwell control
plane does not hold the workers that serve the others. Times are the event loop's: a loop with its own clock tests it.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from aiolimiter import AsyncLimiter

from runai_registrar.errors import Barred

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from typing import Self

    from runai_registrar.controlplane.endpoint import ConnectionSettings

DOWN_AFTER = 3
"""Outages in a row after which the control plane counts as down."""

FIRST_PAUSE = 1.0
"""Seconds before the first probe; doubled for each one that fails."""

LONGEST_PAUSE = 30.0
"""Seconds between probes at most: a recovery is noticed within this."""

_HIGHEST_EXPONENT = 10


class Pacing:
    """The turns of one control plane.

    Args:
        requests_per_second: How many are started in a second.
        max_in_flight: How many are under way at once.
        patience: Seconds that a turn is waited for at most.
        jitter: A number from 0 to 1, for pauses.
        slots: Those of the same control plane until now, which was asked otherwise: what is under way counts on.

    Attributes:
        slots: What bounds how many are under way at once.
        down: True while only probes go out.
    """

    def __init__(
        self,
        *,
        requests_per_second: float,
        max_in_flight: int,
        patience: float,
        jitter: Callable[[], float] = random.random,
        slots: asyncio.Semaphore | None = None,
    ) -> None:
        self._limiter = AsyncLimiter(1, 1 / requests_per_second)
        self.slots = slots or asyncio.Semaphore(max_in_flight)
        self._patience = patience
        self._jitter = jitter
        self._not_before = 0.0
        self._floor_reason = Barred.default_reason
        self._outages = 0
        self._step = 0
        self._probing = False

    @classmethod
    def of(cls, settings: ConnectionSettings, slots: asyncio.Semaphore | None = None) -> Self:
        """The turns that a control plane's settings ask for."""
        return cls(
            requests_per_second=settings.requests_per_second,
            max_in_flight=settings.max_in_flight,
            patience=settings.patience,
            slots=slots,
        )

    @property
    def down(self) -> bool:
        """Whether the last DOWN_AFTER calls or more spoke of an outage."""
        return self._outages >= DOWN_AFTER

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it for as long as the block runs.

        Raises:
            Barred: The turn will not come within `patience`; `retry_after` says when it may.
        """
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self._patience):
                    await self._enter(held)
            except TimeoutError:
                raise self._barred() from None
            yield

    def answered(self) -> None:
        """Note an answer that is neither an outage nor a throttle."""
        self._outages = self._step = 0

    def failed(self, retry_after: float | None = None) -> None:
        """Note an outage: no answer, or a 5xx."""
        self._outages += 1
        pause = self._next_pause() if self.down else 0.0
        self._raise_floor(max(pause, retry_after or 0.0), "ControlPlaneUnreachable")

    def throttled(self, retry_after: float | None = None) -> None:
        """Note a 429; without a Retry-After the pauses grow by themselves."""
        self._outages = 0
        self._raise_floor(retry_after or self._next_pause(), "Throttled")

    async def _enter(self, held: AsyncExitStack) -> None:
        self._refuse_beside_probe()
        await held.enter_async_context(self.slots)
        probes = self._begin_probe(held)
        await self._limiter.acquire()
        while (wait := self._wait()) > 0:
            if wait > self._patience:
                raise self._barred()
            await asyncio.sleep(wait)
            await self._limiter.acquire()
        if not probes:
            self._begin_probe(held)  # it may have gone down meanwhile: not all that waited go out then

    def _begin_probe(self, held: AsyncExitStack) -> bool:
        """Be the probe while the control plane is down, or be refused; False while it is not."""
        if not self.down:
            return False
        self._refuse_beside_probe()
        self._probing = True
        held.callback(self._end_probe)
        return True

    def _refuse_beside_probe(self) -> None:
        """While the control plane is down, one call goes out and the others need not wait for it."""
        if self.down and self._probing:
            raise self._barred()

    def _end_probe(self) -> None:
        self._probing = False

    def _wait(self) -> float:
        return self._not_before - asyncio.get_running_loop().time()

    def _next_pause(self) -> float:
        """Return the next pause: between half and all of what is due, so that many processes do not meet.

        Nothing is added while one runs: calls that were under way together fail together, and count as one.
        """
        if self._wait() > 0:
            return 0.0
        due = min(FIRST_PAUSE * 2.0 ** min(self._step, _HIGHEST_EXPONENT), LONGEST_PAUSE)
        self._step += 1
        return due * (0.5 + 0.5 * self._jitter())

    def _raise_floor(self, pause: float, reason: str) -> None:
        floor = asyncio.get_running_loop().time() + pause
        if floor > self._not_before:
            self._not_before, self._floor_reason = floor, reason

    def _barred(self) -> Barred:
        wait = max(self._wait(), 0.0)
        if wait and self._floor_reason == "Throttled":
            what, reason = "asked for a pause", "Throttled"
        else:
            what, reason = "is down or slow to answer", "ControlPlaneUnreachable"
        return Barred(
            f"Not sent: the control plane {what}. It is asked again later.",
            reason=reason,
            retry_after=wait or FIRST_PAUSE,
        )
