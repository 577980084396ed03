"""Every exception to a rule says why, where it is made."""

import io
import re
import tokenize
from pathlib import Path

import pytest

from house.repository import PROJECT, ROOT, sources

UNEXPLAINED = re.compile(
    r"(?:\bnoqa(?::\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)?|\btype:\s*ignore(?:\[[\w, -]*\])?|\bpragma:\s*no\s+\w+)\W*$"
)
"""A comment that ends with what switches a check off: no word follows that could be a reason."""


def unexplained(text: str) -> list[int]:
    """The numbers of the lines that switch a check off without a reason."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [token.start[0] for token in tokens if token.type == tokenize.COMMENT and UNEXPLAINED.search(token.string)]


@pytest.mark.parametrize(
    "bare", ["# noqa", "# noqa: S101, S603 -", "# type: ignore[misc, call-arg]", "# pragma: no cover"]
)
def test_bare_exception_is_found(bare: str) -> None:
    """A comment that only switches a check off is told from one with a reason, and from a text that mentions it."""
    text = f"one = 1  {bare}\ntwo = 2  {bare}  # as two is small\ntwo = 2  {bare} - the same\nthree = '{bare}'\n"

    assert unexplained(text) == [1]


def test_exceptions_carry_their_reason() -> None:
    """No `noqa`, `type: ignore` or the like stands without its reason on the same line."""
    found = {path: unexplained(path.read_text()) for path in sources()}

    assert {str(path.relative_to(ROOT)): lines for path, lines in found.items() if lines} == {}


def test_ignored_rules_carry_their_reason() -> None:
    """Each rule that ruff ignores everywhere, or in some files, stands on a line with a reason."""
    ruff = PROJECT["tool"]["ruff"]["lint"]
    ignored = {*ruff["ignore"], *(rule for rules in ruff["per-file-ignores"].values() for rule in rules)}
    lines = Path(ROOT / "pyproject.toml").read_text().splitlines()

    assert [rule for rule in sorted(ignored) if not any(f'"{rule}"' in line and "  # " in line for line in lines)] == []
