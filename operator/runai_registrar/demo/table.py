"""The live table: two lines for each registration, Kubernetes above and the control plane (`↳`) below it."""

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from runai_registrar.demo.scene import UNSEEN, Plane, Row, Scene
from runai_registrar.demo.view import age, short, state_there

COLUMNS = {"NAME": 8, "READY": 5, "REASON": 11, "STATE": 20, "CLUSTER": 10, "UUID": 8, "AGE": 4}
"""The columns and the least width of each, so that the table does not jump when a word changes; it fits 80 columns."""

_COLOURS = {
    "True": "green",
    "False": "red",
    "Connected": "green",
    "WaitingToConnect": "yellow",
    "Registered": "green",
    "Reachable": "green",
    "Deleting": "magenta",
    "draining": "magenta",
    "Disconnected": "red",
    "MissingPrerequisites": "red",
    "ServiceIssues": "red",
}
_SHRINKING = frozenset({"NAME", "REASON", "CLUSTER"})
_DIFFERS = "bold black on yellow"


def headline(plane: Plane | None) -> Text:
    """The control plane in one line."""
    if plane is None:
        return Text("no RunaiControlPlane yet", "dim")
    ready = (f"{plane.ready} {plane.reason}", _COLOURS.get(plane.ready, ""))
    numbers = (f"  clusters {plane.total}, managed {plane.managed}", "dim")
    return Text.assemble(("RunaiControlPlane ", "dim"), (plane.name, "bold"), "  ", ready, numbers)


def table(scene: Scene) -> Table:
    """A scene as a table."""
    drawn = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for name, width in COLUMNS.items():
        shrinks = name in _SHRINKING
        drawn.add_column(name, min_width=width, no_wrap=not shrinks, overflow="ellipsis", header_style="bold")
    for row in scene.rows:
        drawn.add_row(*_here(row))
        drawn.add_row(*_there(row))
    return drawn


def _here(row: Row) -> tuple[Text, ...]:
    if row.name is None:
        return (Text("no owner", "dim"),)
    return (
        Text(row.name, "bold"),
        _coloured(row.ready),
        _coloured(row.reason),
        _coloured(row.state),
        Text(row.cluster),
        Text(short(row.uuid)),
        Text(age(row), "dim"),
    )


def _there(row: Row) -> tuple[Text, ...]:
    if row.there is None:
        return (Text("↳ -" if row.uuid == UNSEEN else "↳ gone", "dim"),)
    state = state_there(row.there)
    stale = row.name is not None
    return (
        Text("↳ Run:ai", "dim"),
        Text(),
        Text(),
        Text(state, _DIFFERS if stale and row.state != row.there.state else _COLOURS.get(state, "")),
        Text(row.there.name, _DIFFERS if stale and row.cluster != row.there.name else ""),
        Text(short(row.there.uuid), "dim"),
    )


def _coloured(word: str) -> Text:
    return Text(word, _COLOURS.get(word, "dim" if word == UNSEEN else "yellow"))
