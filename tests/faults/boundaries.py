"""The moments at which an operator can be killed: each request of a run, at three points."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faults.calls import Call, Point, Side

_CHANGES = frozenset({"create", "update", "patch", "delete", "POST", "PUT", "DELETE"})


@dataclass(frozen=True)
class Boundary:
    """One moment: the `nth` request of a kind to one side, before it is sent, carried out or answered."""

    side: Side
    what: str
    nth: int
    point: Point

    def __str__(self) -> str:
        return f"{self.what} #{self.nth} {self.point}"

    @property
    def certain(self) -> bool:
        """Whether each run must pass it. Looks, and the counts of a control plane, are more or fewer as time falls."""
        return self.what.split()[0] in _CHANGES and not self.what.startswith("patch runaicontrolplanes")


def boundaries(calls: Iterable[Call]) -> list[Boundary]:
    """Every boundary of a run, in the order in which the run passed them."""
    return [boundary for call, nth in _counted(calls) for boundary in _of(call, nth, tuple(Point))]


def distinct(calls: Iterable[Call]) -> list[Boundary]:
    """Those that differ in what is durable: a read changes nothing, so that of its three points one is enough."""
    before = (Point.BEFORE_SEND,)
    return [
        boundary
        for call, nth in _counted(calls)
        for boundary in _of(call, nth, tuple(Point) if call.is_write else before)
    ]


def until_rest(calls: Sequence[Call]) -> list[Call]:
    """The requests up to the last change: what comes later are the periodic looks of an operator at rest."""
    last = max((number for number, call in enumerate(calls) if call.is_write), default=-1)
    return list(calls[: last + 1])


def _counted(calls: Iterable[Call]) -> list[tuple[Call, int]]:
    seen: Counter[tuple[Side, str]] = Counter()
    found = []
    for call in calls:
        seen[call.side, call.what] += 1
        found.append((call, seen[call.side, call.what]))
    return found


def _of(call: Call, nth: int, points: Sequence[Point]) -> list[Boundary]:
    return [Boundary(call.side, call.what, nth, point) for point in points]
