"""What must come of a step: conditions on a scene, each with the words for it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from runai_registrar.demo.scene import Scene

PATIENCE = 25.0
"""Seconds within which a busy machine gets there too; the usual time is a poll interval (1 s)."""

Holds = Callable[[Scene], bool]


@dataclass(frozen=True, slots=True)
class Expectation:
    """One condition.

    Attributes:
        what: The condition as words that fit after "expected:" and after "ok:".
        holds: Whether a scene meets it.
        seconds: How long it may take.
    """

    what: str
    holds: Holds
    seconds: float = PATIENCE


def plane_ready(scene: Scene) -> bool:
    """The control plane can be used."""
    return scene.plane is not None and scene.plane.ready == "True"


def registered(name: str, *, cluster: str, origin: str = "Created") -> Holds:
    """A registration is Ready, and both sides show its cluster under this name."""

    def holds(scene: Scene) -> bool:
        row = scene.row(name)
        if row is None or row.there is None:
            return False
        return (row.ready, row.origin, row.cluster, row.there.name) == ("True", origin, cluster, cluster)

    return holds


def in_state(name: str, state: str) -> Holds:
    """Both sides show this state of a registration's cluster."""

    def holds(scene: Scene) -> bool:
        row = scene.row(name)
        return row is not None and row.there is not None and row.state == row.there.state == state

    return holds


def deleting(name: str) -> Holds:
    """A registration is still there with the reason Deleting, and the control plane drains its cluster."""

    def holds(scene: Scene) -> bool:
        row = scene.row(name)
        return row is not None and row.reason == "Deleting" and row.there is not None and row.there.draining

    return holds


def gone(name: str, *, cluster: str) -> Holds:
    """Neither the registration nor a cluster of that name is left."""
    return lambda scene: scene.row(name) is None and scene.unregistered(cluster) is None


def left_alone(name: str, *, cluster: str) -> Holds:
    """The registration is gone, and its cluster is still in the control plane, not draining."""

    def holds(scene: Scene) -> bool:
        left = scene.unregistered(cluster)
        return scene.row(name) is None and left is not None and left.there is not None and not left.there.draining

    return holds


def every(*conditions: Holds) -> Holds:
    """All of these."""
    return lambda scene: all(holds(scene) for holds in conditions)
