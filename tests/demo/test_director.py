"""How a story is played: what is awaited, and what is said when it does not come."""

import io
from collections.abc import Iterator

import pytest

from demo.scenes import row, scene, there
from runai_registrar.demo.director import await_, watch
from runai_registrar.demo.errors import DemoFailedError
from runai_registrar.demo.expectations import Expectation, in_state
from runai_registrar.demo.plain import PlainView
from runai_registrar.demo.scene import Scene

WAITING = scene(row(state="WaitingToConnect", seen=there(state="WaitingToConnect")))
CONNECTED = scene(row(state="Connected", seen=there(state="Connected")))


class Reel:
    """Scenes one after the other; the last one stays."""

    def __init__(self, *scenes: Scene) -> None:
        self._next: Iterator[Scene] = iter(scenes)
        self._last = scenes[-1]
        self.looks = 0

    def look(self) -> Scene:
        """The next scene."""
        self.looks += 1
        return next(self._next, self._last)

    def last_lines(self) -> str:
        """A log."""
        return "  default/gpu-east: WaitingToConnect"


def test_waits_until_it_is_there() -> None:
    """An expectation is met by the first scene for which it holds; what changes meanwhile is shown."""
    reel, out = Reel(WAITING, WAITING, CONNECTED), io.StringIO()

    await_(Expectation("gpu-east is Connected", in_state("gpu-east", "Connected")), reel, PlainView(out=out))

    assert reel.looks == 3
    assert [part in out.getvalue() for part in ("WaitingToConnect", "ok: gpu-east is Connected")] == [True, True]


def test_gives_up_with_all_that_is_known() -> None:
    """What does not come in time is told: what was expected, what was seen instead, and the operator's last lines."""
    expectation = Expectation("gpu-east is Connected", in_state("gpu-east", "Connected"), seconds=0)

    with pytest.raises(DemoFailedError) as caught:
        await_(expectation, Reel(WAITING), PlainView(out=io.StringIO()))

    told = str(caught.value).splitlines()
    assert told[0] == "Expected within 0 s: gpu-east is Connected."
    assert told[1] == "Seen instead:"
    assert "STATE WaitingToConnect" in told[2]
    assert told[-2:] == ["The operator's last lines:", "  default/gpu-east: WaitingToConnect"]


def test_watching_shows_at_least_one_scene() -> None:
    """Without any time to linger the present is shown all the same."""
    reel, out = Reel(CONNECTED), io.StringIO()

    watch(reel, PlainView(out=out), 0)

    assert reel.looks == 1
    assert "gpu-east" in out.getvalue()
