"""The simulator's own time: what tokens, lives of clusters, rates and late commits run on.

Nothing in the simulator waits for this clock: what is due is worked out when somebody looks. Setting it forward is
therefore enough to let an hour pass, and a test needs no sleeping.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate

FROZEN_AT = 1_767_225_600.0
"""Where a frozen clock starts unless told otherwise: 2026-01-01T00:00:00Z, in seconds since the epoch."""


class Clock:
    """Time in seconds since the epoch, which can be set forward while the simulator runs."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._offset = 0.0

    @classmethod
    def frozen(cls, at: float = FROZEN_AT) -> "Clock":
        """Return a clock that moves only by `advance`."""
        return cls(lambda: at)

    def now(self) -> float:
        """Return the present, in seconds since the epoch."""
        return self._source() + self._offset

    def advance(self, seconds: float) -> None:
        """Let that many seconds pass at once."""
        self._offset += seconds


def rfc3339(seconds: float) -> str:
    """Return a time as the API file's `date-time`, for example `2026-01-01T00:00:00.000Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def http_date(seconds: float) -> str:
    """Return a time as HTTP's `Date` and `Retry-After` headers want it."""
    return formatdate(seconds, usegmt=True)
