"""Files that one process at a time holds: while it makes the programs, or uses a data folder."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from runai_registrar.apiserver.errors import StartError
from runai_registrar.apiserver.progress import Say, Stopwatch

_RETRY = 0.5


@contextmanager
def exclusive(path: Path, say: Say) -> Iterator[None]:
    """Hold the lock file for the length of the block; waits as long as another process holds it.

    The kernel drops the lock with its holder, so a crash leaves nothing to clean up.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        _wait_for(file, say)
        yield


@contextmanager
def claim(path: Path) -> Iterator[None]:
    """Hold the lock file for the length of the block.

    Raises:
        StartError: another process holds it.
    """
    with path.open("w") as file:
        if not _taken(file):
            raise StartError(f"{path.parent} is in use by another server; stop it, or take another folder")
        yield


def _wait_for(file: TextIO, say: Say) -> None:
    watch = Stopwatch("waiting for another process that makes the same programs", say)
    while not _taken(file):
        watch.tick()
        time.sleep(_RETRY)


def _taken(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
