"""A token bucket: so many calls per second, as many at once."""


class Rate:
    """How many calls are still allowed; it fills up with time."""

    def __init__(self) -> None:
        self._limit: float | None = None
        self._left = 0.0
        self._at = 0.0

    def wait(self, now: float, limit: float | None) -> float:
        """Take one call; return 0 when it is allowed, else the seconds until the next one is."""
        if limit is None:
            return 0
        burst = max(1.0, limit)
        if limit != self._limit:
            self._limit, self._left, self._at = limit, burst, now
        self._left = min(burst, self._left + max(0.0, now - self._at) * limit)
        self._at = now
        if self._left < 1:
            return (1 - self._left) / limit
        self._left -= 1
        return 0
