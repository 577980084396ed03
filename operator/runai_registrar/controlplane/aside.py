"""Work on a very large answer, beside the event loop, so that no other control plane waits for it.

One such work is done at a time, in the one thread there is for it: whoever sends the largest lists there can be, from
however many control planes, has a share of one core, and of the time of others that send large lists; all the rest
goes on in the loop.

Python stops every thread while it searches for cycles of objects, and would search again and again while the many
objects of a list are made: most of the work's time, and seconds in which the loop stands still. So it does not search
meanwhile, and what was made counts as old at once: a search through all that is old is rare.
"""

from __future__ import annotations

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

LARGE = 256 * 1024
"""Bytes of an answer that are worth a thread: reading fewer takes a few hundredths of a second."""

_THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="large lists")


async def aside(work: Callable[[], T], *, large: bool) -> T:
    """Return what the work returns, or raise what it raises; only what is large is done in the thread."""
    if not large:
        return work()
    return await asyncio.get_running_loop().run_in_executor(_THREAD, _without_searches, work)


def _without_searches(work: Callable[[], T]) -> T:
    """Do the work without searches for cycles; what there is afterwards counts as old."""
    searches = gc.isenabled()
    gc.disable()
    try:
        return work()
    finally:
        gc.freeze()  # all that is known to the collector, into a generation of its own …
        gc.unfreeze()  # … and from there into the oldest one
        if searches:
            gc.enable()
