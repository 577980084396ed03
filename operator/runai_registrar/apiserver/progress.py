"""Plain lines for a person who waits."""

import sys
import time
from collections.abc import Callable

Say = Callable[[str], None]
"""Takes one line of progress, without its line end."""

TICK = 10.0
"""Seconds between two lines about the same wait."""


def to_stderr(line: str) -> None:
    """Write one line of progress to standard error at once."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


class Stopwatch:
    """Says how long something has been going on, at most every `TICK` seconds.

    Args:
        what: What is being waited for, as the start of the line.
        say: Where the lines go.
        clock: Seconds that never go back.
    """

    def __init__(self, what: str, say: Say, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._say = say
        self._clock = clock
        self._start = self._last = clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._start

    def tick(self) -> None:
        """Say the elapsed seconds if the last line is `TICK` seconds old."""
        if self._clock() - self._last >= TICK:
            self._last = self._clock()
            self._say(f"  {self._what}: {self.elapsed:.0f} s")
