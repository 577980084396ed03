"""How long to wait after failures: 1 s to 5 min, doubling, jittered so that many do not come back at once."""

import random

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 300.0

REFUSED_PAUSE = 9
"""A refusal waits like the ninth failure in a row: the longest pause."""

TAKEN_PAUSE = 3
"""A taken name waits like this many failures more: 8 s, 16 s, and so on, for it may be a cluster that drains."""


def pause(failures: int) -> float:
    """Seconds to wait after this many failures in a row (1 or more), jittered by a quarter."""
    longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(failures - 1, 16))
    return longest * random.uniform(0.75, 1.0)  # noqa: S311  # jitter, not a secret
