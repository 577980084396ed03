"""Server processes that are stopped by their own id, and that do not outlive this process."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

_GRACE = 5.0
_TAIL = 15


class Guard:
    """A small process that kills the children if this process dies without stopping them."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("guard.py")
        self._process = subprocess.Popen(  # noqa: S603  # our own script, no shell
            [sys.executable, "-I", "-S", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the parent, who then stops the children in order
            text=True,
        )
        self._watched: list[int] = []

    @property
    def pids(self) -> list[int]:
        """The ids of the guard itself and of the children under watch; empty after its end."""
        return [self._process.pid, *self._watched] if self._process.returncode is None else []

    def watch(self, pid: int) -> None:
        """Put a child under watch."""
        self._watched.append(pid)
        self._tell(pid)

    def forget(self, pid: int) -> None:
        """Take a child off, once it has ended: its id may soon be somebody else's."""
        if pid in self._watched:
            self._watched.remove(pid)
            self._tell(-pid)

    def close(self) -> None:
        """End the guard; what is still under watch is killed."""
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()

    def _tell(self, number: int) -> None:
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):  # a guard that was killed guards no more
                self._process.stdin.write(f"{number:+d}\n")
                self._process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Child:
    """One running server.

    Args:
        command: Program and arguments.
        folder: Its working directory; its output is appended to ``<program>.log`` there.
        guard: Who kills it if this process dies.
    """

    def __init__(self, command: Sequence[str], folder: Path, guard: Guard) -> None:
        self.name = Path(command[0]).name
        self.log = folder / f"{self.name}.log"
        self._guard = guard
        with self.log.open("ab") as output:
            self._offset = output.tell()
            self._process = subprocess.Popen(  # noqa: S603  # our own arguments, no shell
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        guard.watch(self.pid)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs, then its exit code (negative: the signal that ended it)."""
        code = self._process.poll()
        if code is not None:
            self._guard.forget(self.pid)
        return code

    def output(self) -> str:
        """What this process, not an earlier one of the same log, has written so far."""
        with self.log.open("rb") as file:
            file.seek(self._offset)
            return file.read().decode(errors="replace")

    def tail(self) -> str:
        """The last lines of its output."""
        return "\n".join(self.output().splitlines()[-_TAIL:])

    def pause(self) -> None:
        """Freeze it: connections stay open and nobody answers (SIGSTOP)."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen one go on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, without a chance to say goodbye (SIGKILL)."""
        self._signal(signal.SIGKILL)
        self._reap()

    def stop(self, grace: float = _GRACE) -> None:
        """End it with SIGTERM, and with SIGKILL after `grace` seconds; harmless if it has ended already."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)  # a frozen one would never see the SIGTERM
        try:
            self._process.wait(timeout=grace)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
        self._reap()

    def _signal(self, number: signal.Signals) -> None:
        if self.exit_code is None:
            os.kill(self.pid, number)

    def _reap(self) -> None:
        self._process.wait()
        self._guard.forget(self.pid)
