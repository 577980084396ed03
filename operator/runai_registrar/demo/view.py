"""How a demo is shown: what every view can do, and the words that all views share."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol, Self

from runai_registrar.demo.scene import UNSEEN, Row, Scene, There
from runai_registrar.demo.story import Step

_UUID_SHOWN = 8
_UNITS = {"d": 86_400, "h": 3600, "m": 60}


class View(Protocol):
    """Shows a demo; a context manager for the time in which it does.

    Attributes:
        reading: Seconds that a person gets to read a step before it is done.
        lingering: Seconds that its result stays before the next one begins.
    """

    reading: float
    lingering: float

    def say(self, line: str) -> None:
        """A line beside the story, such as the progress of the start."""
        ...

    def begin(self, number: int, total: int, step: Step, command: str) -> None:
        """A step begins."""
        ...

    def answer(self, text: str) -> None:
        """What the step's command would have printed."""
        ...

    def waiting(self, what: str) -> None:
        """This is expected now."""
        ...

    def met(self, what: str, seconds: float) -> None:
        """It came true after so many seconds."""
        ...

    def show(self, scene: Scene) -> None:
        """Both sides as they are now; called several times a second."""
        ...

    def end(self, lines: Sequence[str]) -> None:
        """Last words."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


def short(uuid: str) -> str:
    """The first digits of a uuid, enough to see that it stays."""
    return uuid[:_UUID_SHOWN]


def state_there(there: There | None) -> str:
    """The state in the control plane, in which a cluster under deletion is `draining`."""
    if there is None:
        return UNSEEN
    return "draining" if there.draining else there.state


def age(row: Row, now: datetime | None = None) -> str:
    """The time since a registration was created, as kubectl writes it."""
    if row.created is None:
        return ""
    seconds = max(0, int(((now or datetime.now(UTC)) - row.created).total_seconds()))
    unit = next((unit for unit, length in _UNITS.items() if seconds >= 2 * length), "s")
    return f"{seconds // _UNITS.get(unit, 1)}{unit}"


def row_line(row: Row) -> str:
    """A row as one line: Kubernetes, then the control plane."""
    there = f"{row.there.name}, {state_there(row.there)}" if row.there else "no cluster"
    if row.name is None:
        return f"(no registration)  | control plane: {there}, uuid {short(row.uuid)}"
    here = f"{row.name:<9} READY {row.ready:<5} {row.reason:<11} STATE {row.state:<20} CLUSTER {row.cluster:<11}"
    return f"{here} UUID {short(row.uuid):<8} | control plane: {there}"


def scene_lines(scene: Scene) -> dict[str, str]:
    """A scene as lines by what they are about; ages and the operator's words are left out."""
    lines = {row.key: row_line(row) for row in scene.rows}
    if scene.plane:
        seen = scene.plane
        lines["RunaiControlPlane"] = (
            f"RunaiControlPlane {seen.name}: READY {seen.ready} {seen.reason}, clusters {seen.total}, "
            f"managed {seen.managed}"
        )
    return lines


def counts_line(calls: Mapping[str, int]) -> str:
    """What the control plane was asked, by operation and answer, in one line."""
    return ", ".join(f"{count}x {call}" for call, count in sorted(calls.items()))
