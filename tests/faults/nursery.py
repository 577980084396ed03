"""Operator processes by the dozen: one process has imported everything, and forks a real operator on request.

An operator that is started as usual spends a second of CPU on its imports; a forked one begins at once. It is a process
of its own all the same, with its own environment and log: SIGKILL is a crash. `python -m faults.nursery` is the
process that forks; `Nursery` is what a test talks to.
"""

import gc
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from kube import REPOSITORY
from operators import until

_KUBECONFIG = "kubeconfig"
_ROOTS = os.pathsep.join(str(REPOSITORY / root) for root in ("operator", "tests"))


@dataclass(frozen=True)
class Child:
    """One operator process.

    Attributes:
        pid: Its process.
        folder: Where it works, and where its log is.
    """

    pid: int
    folder: Path

    @property
    def log(self) -> str:
        """What it has written so far."""
        return (self.folder / "log").read_text()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def kill(self) -> None:
        """End it as a crash would, without waiting for the end."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait_ended(self) -> None:
        """Return when it is gone."""
        until(lambda: not self.alive, f"the end of process {self.pid}")


class Nursery:
    """Starts operators; at the end of the block none of them is left."""

    def __init__(self) -> None:
        # The Kubernetes client reads KUBECONFIG on import: a relative one, looked up in each child's own folder.
        environ = os.environ | {"KUBECONFIG": _KUBECONFIG, "PYTHONPATH": _ROOTS}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "faults.nursery"],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # its children stay in its process group, and end with it
        )
        self._turn = threading.Lock()

    def start(self, environ: Mapping[str, str], folder: Path) -> Child:
        """Start an operator with this environment and no other, in a new folder."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        folder.mkdir()
        (folder / "log").touch()
        (folder / _KUBECONFIG).symlink_to(environ["KUBECONFIG"])
        with self._turn:
            self._process.stdin.write(json.dumps({"environ": dict(environ), "folder": str(folder)}) + "\n")
            self._process.stdin.flush()
            return Child(int(self._process.stdout.readline()), folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()


def serve() -> None:
    """Fork an operator for each line of standard input and answer its process id; at the end of input, end them all."""
    from runai_registrar.cli import operator as _  # noqa: F401, PLC0415  # imported here: this process alone needs it

    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a child: the system forgets it at once
    for line in sys.stdin:
        wanted = json.loads(line)
        if not (pid := os.fork()):
            _become_operator(wanted["environ"], wanted["folder"])
        print(pid, flush=True)  # noqa: T201  # the answer
    os.killpg(0, signal.SIGKILL)


def _become_operator(environ: Mapping[str, str], folder: str) -> None:
    from runai_registrar.cli.main import main  # noqa: PLC0415  # the same

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    nothing, sink = os.open(os.devnull, os.O_RDONLY), os.open("log", os.O_WRONLY | os.O_APPEND)
    for source, target in ((nothing, 0), (sink, 1), (sink, 2)):
        os.dup2(source, target)
    code = 1
    try:
        code = main(["operator"])
    finally:
        os._exit(code)  # never back into the loop of the nursery


if __name__ == "__main__":
    serve()
