"""Runs the demo as a user does, in a process of its own, and finds what it leaves behind."""

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

COMMAND = (sys.executable, "-m", "runai_registrar.cli.main", "demo")
PATIENCE = 300
"""Seconds after which a demo that hangs fails its test."""

_MARK = "DEMO_TEST_MARK"
_USERS_OWN = "a kubeconfig of the user's own, which the demo must neither read nor write"


class Demo:
    """One run of the demo, with a temporary folder, a kubeconfig and a mark of its own.

    Every process that it starts inherits the mark, and is found by it.
    """

    def __init__(self, folder: Path) -> None:
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.kubeconfig = folder / "kubeconfig"
        self.kubeconfig.write_text(_USERS_OWN)
        self._mark = secrets.token_hex(16)

    def start(
        self, *arguments: str, output: int = subprocess.PIPE, environ: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start it; its standard output goes to a pipe or a file descriptor, and `environ` adds to the environment."""
        own = {"KUBECONFIG": str(self.kubeconfig), "TMPDIR": str(self.temporary), _MARK: self._mark}
        whole = {**os.environ, **own, **(environ or {})}
        return subprocess.Popen([*COMMAND, *arguments], env=whole, stdout=output, stderr=subprocess.PIPE)  # noqa: S603  # our own

    def run(self, *arguments: str, **environ: str) -> tuple[int, str, str]:
        """Run it to its end: exit code, standard output, standard error."""
        with self.start(*arguments, environ=environ) as process:
            out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out.decode(), err.decode()

    def processes(self) -> set[int]:
        """The processes of this run that are alive."""
        mark = f"{_MARK}={self._mark}".encode()
        return {int(place.name) for place in Path("/proc").glob("[0-9]*") if mark in _environ(place)}

    def traces(self) -> list[str]:
        """What is left of it: processes, temporary files, a changed kubeconfig."""
        traces = [f"process {pid}" for pid in sorted(self.processes())]
        traces += [str(path) for path in self.temporary.iterdir()]
        return traces if self.kubeconfig.read_text() == _USERS_OWN else [*traces, "the user's kubeconfig is changed"]


def _environ(place: Path) -> bytes:
    with suppress(OSError):  # it has ended meanwhile, or is not ours
        return (place / "environ").read_bytes()
    return b""
