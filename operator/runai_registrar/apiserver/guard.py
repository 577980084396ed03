"""Kills the servers of a parent that died; a script of its own, started by `children.Guard`.

Its standard input is a pipe that only the parent holds. ``+PID`` puts a process under watch, ``-PID`` takes it off. The
pipe's end means that the parent is gone, by whatever death: then what is under watch is killed. Unlike the parent-death
signal of Linux, this works on every Unix and does not depend on the life of the thread that started a child.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterable


def survivors(lines: Iterable[str]) -> set[int]:
    """The process ids still under watch when the input ends."""
    watched: set[int] = set()
    for line in lines:
        pid = int(line)
        if pid > 0:
            watched.add(pid)
        else:
            watched.discard(-pid)
    return watched


def kill_survivors(lines: Iterable[str]) -> None:
    """Wait for the end of the input, then kill what is still under watch."""
    for pid in survivors(lines):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    kill_survivors(sys.stdin)
