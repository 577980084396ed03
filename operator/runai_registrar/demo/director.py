"""Plays a story on a stage: says what comes, does it, and watches both sides until what must come of it is there."""

import time
from collections.abc import Sequence
from typing import Protocol

from runai_registrar.demo.errors import DemoFailedError
from runai_registrar.demo.expectations import Expectation
from runai_registrar.demo.scene import Scene
from runai_registrar.demo.stage import Stage
from runai_registrar.demo.story import Step
from runai_registrar.demo.view import View, scene_lines

PAUSE = 0.15
"""Seconds between two looks."""


class Watchable(Protocol):
    """What can be looked at; a `Stage` is."""

    def look(self) -> Scene:
        """See both sides as they are now."""
        ...

    def last_lines(self) -> str:
        """The operator's last log lines."""
        ...


def play(story: Sequence[Step], stage: Stage, view: View) -> None:
    """Play a story to its end.

    Raises:
        DemoFailedError: It did not go as told.
    """
    for number, step in enumerate(story, 1):
        view.begin(number, len(story), step, step.act.command(stage))
        watch(stage, view, view.reading)
        view.answer(step.act.perform(stage))
        for expectation in step.expects:
            await_(expectation, stage, view)
        watch(stage, view, view.lingering)


def watch(stage: Watchable, view: View, seconds: float) -> None:
    """Show both sides for a while, at least once."""
    end = time.monotonic() + seconds
    view.show(stage.look())
    while time.monotonic() < end:
        time.sleep(PAUSE)
        view.show(stage.look())


def await_(expectation: Expectation, stage: Watchable, view: View) -> None:
    """Show both sides until an expectation is met.

    Raises:
        DemoFailedError: It was not met in time: what was expected, what was seen, the operator's last lines.
    """
    view.waiting(expectation.what)
    start = time.monotonic()
    while True:
        scene = stage.look()
        view.show(scene)
        elapsed = time.monotonic() - start
        if expectation.holds(scene):
            view.met(expectation.what, elapsed)
            return
        if elapsed > expectation.seconds:
            raise DemoFailedError(_disappointment(expectation, scene, stage.last_lines()))
        time.sleep(PAUSE)


def _disappointment(expectation: Expectation, scene: Scene, log: str) -> str:
    seen = "\n".join(f"  {line}" for line in scene_lines(scene).values()) or "  nothing"
    return (
        f"Expected within {expectation.seconds:g} s: {expectation.what}.\n"
        f"Seen instead:\n{seen}\nThe operator's last lines:\n{log}"
    )
