"""Time as values: moments of this machine, and the four times that the create protocol rests on."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self


@dataclass(frozen=True)
class Stamp:
    """A moment on this machine, in seconds of CLOCK_BOOTTIME (runs on in a suspended machine) and of the wall clock."""

    boot: float
    wall: float

    def age(self, now: Self) -> float:
        """Seconds from this moment to `now`; where the two clocks differ, the older verdict wins."""
        return max(now.boot - self.boot, now.wall - self.wall)

    def after(self, other: Self) -> bool:
        """Whether this moment is later than `other`, by the clock that nobody sets."""
        return self.boot > other.boot

    def earlier(self, seconds: float) -> "Stamp":
        """Return the moment `seconds` before this one."""
        return Stamp(self.boot - seconds, self.wall - seconds)


@dataclass(frozen=True)
class Timing:
    """The four times of the create protocol, in seconds, and the tolerance between clocks.

    An attempt may be sent until it is `freshness` old, its POST ends within `request_timeout`, a list shows what it
    made `list_lag` later at most; only a list that began `settle` after the attempt proves that nothing was made.
    """

    settle: float = 60.0
    freshness: float = 10.0
    request_timeout: float = 30.0
    list_lag: float = 15.0
    skew: float = 5.0
    snapshot_age: float = 5.0

    def problem(self) -> str | None:
        """Say why these times are unsafe together, or None: settle must cover the other three."""
        needed = self.freshness + self.request_timeout + self.list_lag
        if min(self.settle, self.freshness, self.request_timeout) <= 0 or self.list_lag < 0:
            return "settle, freshness and request timeout must be more than 0 s, and list lag at least 0 s."
        if needed > self.settle:
            return (
                f"settle ({self.settle:g} s) must be at least freshness + request timeout + list lag ({needed:g} s): "
                "otherwise a cluster could be created twice. Raise settle or lower one of the others."
            )
        return None

    @property
    def window(self) -> float:
        """Seconds after an attempt within which what it made was made."""
        return self.freshness + self.request_timeout


def utc(seconds: float) -> datetime:
    """Return a moment given in Unix seconds as an aware datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def seconds(value: timedelta | None, default: float) -> float:
    """Return a duration in seconds, or the default where none was given."""
    return default if value is None else value.total_seconds()
