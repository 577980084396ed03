"""Writes docs/reliability.md from the catalogue and the markers of the tests: `python tests/faults/report.py`.

The markers are read from the source, without running or collecting anything.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs as a script, as the tests run it

from faults.catalogue import CASES, GROUPS, INVARIANTS, NOT_TESTED, RESIDUAL
from reliability import CASE, Proof

TESTS = Path(__file__).resolve().parents[1]
PAGE = TESTS.parent / "docs" / "reliability.md"
HEAD = """# Reliability

What may go wrong, what must be so all the same, and which test shows it. Made from the tests by `python
tests/faults/report.py`: a row is there because a test carries its case. `make test-faults` runs them, and ends with a
table of verdicts: **Resilient** (as required), **Degraded** (as required, but it takes a person, or longer than a
minute; the row says why) or **Failed**, with the time from the end of the fault until all was well.
"""


class MarkerError(Exception):
    """A marker that cannot be read from the source, or that pytest would not see; the text says where."""


@dataclass(frozen=True)
class Marked:
    """A marker and the file that carries it, relative to `tests/`."""

    proof: Proof
    file: str


def every_marker() -> list[Marked]:
    """Return the markers of all tests, in the order of files and lines."""
    return [marked for path in sorted(TESTS.rglob("*.py")) for marked in markers(path)]


def markers(path: Path) -> Iterator[Marked]:
    """Yield the markers of one file, on test functions and in `pytest.param`.

    Raises:
        MarkerError: Arguments are not written out, or are not those of a case, or it marks no test.
    """
    tree = ast.parse(path.read_text())
    seen = [call for test in _tests(tree) for call in _calls(test)]
    for call in _calls(tree):
        where = f"{path.name}:{call.lineno}"
        if call not in seen:
            raise MarkerError(f"{where}: the marker `case` is on no test")
        yield Marked(_proof(call, where), _relative(path))


def _tests(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what carries markers that pytest sees: decorators of tests, and parameters."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            yield from node.decorator_list
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.param":
            yield node


def _calls(tree: ast.AST) -> list[ast.Call]:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    found = [call for call in calls if ast.unparse(call.func) == f"pytest.mark.{CASE}"]
    return sorted(found, key=lambda call: call.lineno)


def _proof(call: ast.Call, where: str) -> Proof:
    try:
        texts = [ast.literal_eval(text) for text in call.args]
        named = {str(text.arg): ast.literal_eval(text.value) for text in call.keywords}
        return Proof(*texts, **named)
    except (TypeError, ValueError) as error:
        raise MarkerError(f"{where}: the marker `case` is wrong: {error}") from error


def _relative(path: Path) -> str:
    return str(path.relative_to(TESTS)) if path.is_relative_to(TESTS) else path.name


def render(marked: list[Marked]) -> str:
    """Return the whole page."""
    groups = (line for name in GROUPS for line in _group(name, marked))
    return "\n".join([HEAD, *_invariants(), *_counts(marked), *groups, *_residual(), ""])


def _invariants() -> Iterator[str]:
    yield "## What holds\n\nAt every moment (I), and in the end (L), whatever of the below happens:\n"
    yield from (f"- **{name}** {sentence}" for name, sentence in INVARIANTS.items())


def _counts(marked: list[Marked]) -> Iterator[str]:
    tested = len({each.proof.case for each in marked})
    degraded = len({each.proof.case for each in marked if each.proof.degraded})
    yield "\n## What may go wrong\n"
    yield f"Of {len(CASES)} cases {tested} are tests ({degraded} Degraded); {len(NOT_TESTED)} are not, and say why."
    yield "Where a case has several rows, each is a way of its own in which it is brought about."


def _group(name: str, marked: list[Marked]) -> Iterator[str]:
    yield f"\n### {name}\n"
    yield "| case | how it is brought about | outcome | tests |\n|---|---|---|---|"
    for case in GROUPS[name]:
        yield from _case(case, GROUPS[name][case], [each for each in marked if each.proof.case == case])


def _case(case: str, said: tuple[str, str], marked: list[Marked]) -> Iterator[str]:
    """Yield the rows of a case: its own words stand in the first one."""
    title = f"**{case}** {said[0]}. *Must:* {said[1]}."
    files: dict[Proof, list[str]] = {}
    for each in marked:
        files.setdefault(each.proof, []).append(each.file)
    for proof, where in files.items():
        degraded = f" **Degraded:** {proof.degraded}" if proof.degraded else ""
        yield _row(title, proof.injected, proof.outcome + degraded, ", ".join(map(_link, dict.fromkeys(where))))
        title = ""
    if case in NOT_TESTED:
        yield _row(title, f"Not a test: {NOT_TESTED[case].why}.", f"Instead: {NOT_TESTED[case].instead}.", "")


def _residual() -> Iterator[str]:
    yield "\n## What stays possible\n\nNo test can show otherwise; this much is left to know:\n"
    yield from (f"- {sentence}" for sentence in RESIDUAL)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _link(file: str) -> str:
    return f"[{file}](../tests/{file})"


if __name__ == "__main__":
    PAGE.write_text(render(every_marker()))
