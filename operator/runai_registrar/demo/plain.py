"""The demo as plain lines, for a pipe, a log or a dumb terminal: a line is written when something changes."""

import sys
import time
from collections.abc import Sequence
from typing import Self, TextIO

from runai_registrar.demo.scene import Scene
from runai_registrar.demo.story import Step
from runai_registrar.demo.view import scene_lines


class PlainView:
    """Writes lines, each of the table's with the seconds since the start.

    Args:
        pace: Seconds that a person gets to read a step.
        out: Where the lines go.
    """

    def __init__(self, pace: float = 0.0, out: TextIO | None = None) -> None:
        self.reading, self.lingering = pace, pace / 2
        self._out = out or sys.stdout
        self._start = time.monotonic()
        self._lines: dict[str, str] = {}

    def say(self, line: str) -> None:
        """Write the line."""
        self._write(line)

    def begin(self, number: int, total: int, step: Step, command: str) -> None:
        """Write the headline, the words and the command."""
        self._write(f"\n== {number}/{total} {step.title}\n{step.words}\nLook: {step.look}")
        self._write("\n".join(f"  {line}" for line in f"$ {command}".splitlines()))

    def answer(self, text: str) -> None:
        """Write it under the command."""
        self._write("\n".join(f"  {line}" for line in text.splitlines()))

    def waiting(self, what: str) -> None:
        """Nothing: what is awaited is written when it is there."""

    def met(self, what: str, seconds: float) -> None:
        """Write it."""
        self._write(f"ok: {what} ({seconds:.1f} s)")

    def show(self, scene: Scene) -> None:
        """Write the lines that differ from the last time."""
        lines = scene_lines(scene)
        for key, line in lines.items():
            if self._lines.get(key) != line:
                self._stamp(line)
        adopted = {row.uuid for row in scene.rows}
        for key in sorted(self._lines.keys() - lines.keys() - adopted):
            self._stamp(f"{key}: gone")
        self._lines = lines

    def end(self, lines: Sequence[str]) -> None:
        """Write them."""
        self._write("")
        for line in lines:
            self._write(line)

    def _stamp(self, line: str) -> None:
        self._write(f"[{time.monotonic() - self._start:5.1f} s] {line}")

    def _write(self, text: str) -> None:
        print(text, file=self._out, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is left open."""
