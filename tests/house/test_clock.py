"""What decides does not look at the clock by itself."""

import ast
from pathlib import Path

import pytest

from house.repository import ROOT

PACKAGE = ROOT / "operator" / "runai_registrar"
PURE = [
    *sorted((PACKAGE / "core").rglob("*.py")),
    *sorted((PACKAGE / "gitops").rglob("*.py")),
    *(PACKAGE / f"{name}.py" for name in ("errors", "meta", "mirrored", "resources", "values")),
    *(PACKAGE / "controlplane" / f"{name}.py" for name in ("models", "protocol")),
]


CLOCKS = {"now", "today", "utcnow"}
"""The methods of datetime and date that ask for the present time; import-linter cannot see them."""


def looks_at_the_clock(text: str) -> list[str]:
    """The calls that ask for the present time."""
    calls = [node.func for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    return [ast.unparse(call) for call in calls if isinstance(call, ast.Attribute) and call.attr in CLOCKS]


def test_a_look_is_found() -> None:
    """The search below finds what it is for."""
    assert looks_at_the_clock("at = datetime.now(UTC)\nthen = at + delta\n") == ["datetime.now"]


@pytest.mark.parametrize("path", PURE, ids=[str(path.relative_to(PACKAGE)) for path in PURE])
def test_time_is_an_argument(path: Path) -> None:
    """The pure modules are told what time it is."""
    assert looks_at_the_clock(path.read_text()) == []
