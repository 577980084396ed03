"""Every row of the table in `decide` calls for exactly the action that it names."""

import re

import pytest

from core import rows_attempt, rows_create, rows_delete, rows_elsewhere, rows_install, rows_keep, rows_obstacle
from core.row import Row, wordless, words
from runai_registrar.core import decide as module
from runai_registrar.core.decide import decide

PARTS = (rows_obstacle, rows_attempt, rows_delete, rows_keep, rows_create, rows_install, rows_elsewhere)
ROWS = [row for part in PARTS for row in part.ROWS]
AFTER = [row for part in PARTS for row in part.AFTER]


def table() -> dict[str, str]:
    """Return the rows of the docstring: name and action."""
    _, _, body, _ = re.split(r"^=[ =]+$", module.__doc__ or "", flags=re.MULTILINE)
    rows = (re.split(r" {2,}", line) for line in body.strip().splitlines())
    return {name: action for name, _, action in rows}


def test_every_row_is_tested() -> None:
    """The tests are the rows of the table, in its order: neither can drift from the other."""
    assert [row.name for row in ROWS] == list(table())


def test_what_comes_after_belongs_to_a_row() -> None:
    """Every further situation is told apart by its name, and belongs to a row of the table."""
    assert {row.row for row in AFTER} <= set(table())
    assert len({row.name for row in AFTER}) == len(AFTER)


@pytest.mark.parametrize("row", [*ROWS, *AFTER], ids=lambda row: row.name)
def test_row(row: Row) -> None:
    """The situation calls for its action, the whole of it, in words that say what to do."""
    action = decide(row.seen)

    assert wordless(action) == row.action
    assert [text for text in row.says if text not in words(action)] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row_says_what_the_table_says(row: Row) -> None:
    """The kind of the action is the one in the table, and so is the reason where the table names one."""
    kind, reason = re.findall(r"^(\w+)(?: ([A-Z]\w+))?", table()[row.name])[0]

    assert type(row.action).__name__ == kind
    assert reason in ("", getattr(row.action, "reason", ""))
