"""The demo on a terminal (rich): the story scrolls by, and below it stays the table, which is always up to date."""

from collections.abc import Sequence
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.rule import Rule
from rich.spinner import Spinner
from rich.text import Text

from runai_registrar.demo.scene import Scene
from runai_registrar.demo.story import Step
from runai_registrar.demo.table import headline, table

_REFRESHES = 8  # a second


class LiveView:
    """Draws on a terminal.

    Args:
        pace: Seconds that a person gets to read a step before it is done.
        console: The terminal.
    """

    def __init__(self, pace: float, console: Console | None = None) -> None:
        self.reading, self.lingering = pace, pace / 2
        self._console = console or Console(highlight=False)
        self._scene: Scene | None = None
        self._spinner: Spinner | None = Spinner("dots", Text("getting ready"), style="cyan")
        self._live = Live(
            console=self._console, get_renderable=self._render, refresh_per_second=_REFRESHES, vertical_overflow="crop"
        )

    def say(self, line: str) -> None:
        """Print the line above the table."""
        self._print(Text(line, "dim"))

    def begin(self, number: int, total: int, step: Step, command: str) -> None:
        """Print the headline, the words and the command above the table."""
        self._print(Rule(Text(f"{number}/{total}  {step.title}", "bold"), align="left", style="cyan"))
        self._print(Text(step.words))
        self._print(Text.assemble(("Look: ", "bold"), step.look))
        self._print_whole(f"$ {command}", "cyan", indent="  ")
        self._spin("a moment to read")

    def answer(self, text: str) -> None:
        """Print it under the command."""
        self._print(Padding(Text(text, "dim"), (0, 0, 0, 2)))

    def waiting(self, what: str) -> None:
        """Say it beside a spinner below the table."""
        self._spin(f"waiting: {what}")

    def met(self, what: str, seconds: float) -> None:
        """Tick it off."""
        self._print(Text.assemble(("✓ ", "bold green"), what, (f"  {seconds:.1f} s", "dim")))
        self._spin("a moment to look")

    def show(self, scene: Scene) -> None:
        """Draw the table anew."""
        self._scene = scene

    def end(self, lines: Sequence[str]) -> None:
        """Print the last words, indented lines as they are; the table stays below them without a spinner."""
        self._spinner = None
        self._print(Rule(style="cyan"))
        for line in lines:
            self._print_whole(line) if line.startswith(" ") else self._print(Text(line))

    def _spin(self, words: str) -> None:
        self._spinner = Spinner("dots", Text(words, "dim"), style="cyan")

    def _print(self, what: RenderableType) -> None:
        self._console.print(what)

    def _print_whole(self, text: str, style: str = "", indent: str = "") -> None:
        """Print lines that can be copied: the terminal may wrap them, but no line end is put into them."""
        for line in text.splitlines() or [""]:
            self._console.print(Text(f"{indent}{line}", style), soft_wrap=True)

    def _render(self) -> RenderableType:
        parts: list[RenderableType] = []
        if self._scene:
            parts += [Rule(style="dim"), headline(self._scene.plane), table(self._scene)]
        if self._scene and self._scene.said:
            parts.append(Text(f"operator: {self._scene.said}", "dim", no_wrap=True, overflow="ellipsis"))
        if self._spinner:
            parts.append(self._spinner)
        return Group(*parts)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the last table on the terminal."""
        self._spinner = None
        self._live.stop()
