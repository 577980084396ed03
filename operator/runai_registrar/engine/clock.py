"""The clocks of this machine, read in one place."""

import time

from runai_registrar.core.times import Stamp

_BOOT = getattr(
    time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC
)  # macOS has no CLOCK_BOOTTIME; its monotonic clock runs on


def now() -> Stamp:
    """Return this moment."""
    return Stamp(boot=time.clock_gettime(_BOOT), wall=time.time())
