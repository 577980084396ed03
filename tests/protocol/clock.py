"""The clocks of the modelled machine: what `engine/clock.py` is replaced with in the copy under test."""

from runai_registrar.core.times import Stamp

EPOCH = 1_700_000_000.0
"""Unix seconds at which every model begins."""

TICK = 0.001
"""Seconds that a look at the clock takes, so that what comes later is later."""


class Clock:
    """Seconds that only the test moves, but for the ticks."""

    def __init__(self) -> None:
        self.seconds = EPOCH

    def read(self) -> float:
        """Return Unix seconds."""
        self.seconds += TICK
        return self.seconds


machine = Clock()


def now() -> Stamp:
    """Return this moment on both clocks of the machine."""
    wall = machine.read()
    return Stamp(boot=wall - EPOCH, wall=wall)
