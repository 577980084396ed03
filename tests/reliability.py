"""What a run shows of the fault catalogue: the marker `case`, the fixture `recovery`, and the table of cases.

A test that puts a case of `faults/catalogue.py` to the proof carries a marker for it, or several:

    @pytest.mark.case("R-01", injected="the operator is killed …", outcome="one cluster, found again")

Its arguments are written out (`faults/report.py` reads them from the source, for docs/reliability.md). A `degraded`
says why it takes a person, or longer than a fault-free run; the verdict is Degraded then, instead of Resilient.
"""

import json
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

LONGEST = 60.0
"""Seconds of recovery beyond which a case is Degraded: a word of the table, which fails no test."""

CASE, RECOVERY = "case", "recovery"
"""The names of the properties that a test's report carries, from an xdist worker too."""


class InVain(AssertionError):  # noqa: N818  # what a test has found, like every AssertionError
    """What a test waited for has not come about: of all failures the one that a busy machine excuses (Makefile)."""


@dataclass(frozen=True)
class Proof:
    """What one marker says: the case, how its fault is brought about, and what is so in the end."""

    case: str
    injected: str
    outcome: str
    degraded: str = ""


class Recovery:
    """Seconds from the moment that a fault is lifted until all is as it should be; shown, never judged."""

    def __init__(self, properties: list[tuple[str, object]]) -> None:
        self._properties = properties
        self._began: float | None = None

    def begins(self) -> None:
        """The fault is lifted now."""
        self._began = time.monotonic()

    def ends(self) -> None:
        """All is as it should be now; a test may measure several times, and the longest counts.

        Raises:
            RuntimeError: Nothing has begun.
        """
        if self._began is None:
            raise RuntimeError("recovery.ends() needs a recovery.begins() before it")
        self.took(time.monotonic() - self._began)
        self._began = None

    def took(self, seconds: float) -> None:
        """Note a recovery that was measured elsewhere."""
        self._properties.append((RECOVERY, seconds))


@dataclass
class Verdict:
    """What the tests of one case have shown."""

    tests: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    degraded: set[str] = field(default_factory=set)
    recovery: float | None = None

    @property
    def word(self) -> str:
        """Failed if any of its tests did not pass, Degraded if any says so of itself or took long, else Resilient."""
        return "Failed" if self.failed else "Degraded" if self.reasons else "Resilient"

    @property
    def reasons(self) -> list[str]:
        """Why it is Degraded, if it is."""
        slow = {f"its recovery took longer than {LONGEST:g} s"} if (self.recovery or 0.0) > LONGEST else set()
        return sorted(self.degraded | slow)

    @property
    def seconds(self) -> str:
        """The longest recovery, to be read; a dash where none was measured."""
        return "-" if self.recovery is None else f"{self.recovery:.1f} s"

    def add(self, report: pytest.TestReport, degraded: str, recovery: float | None) -> None:
        """Count a part of a test: its setup, its call or its teardown."""
        self.tests.add(report.nodeid)
        self.failed |= set() if report.passed else {report.nodeid}
        self.degraded |= {degraded} - {""}
        self.recovery = max((known for known in (self.recovery, recovery) if known is not None), default=None)


class Cases:
    """Collects what the reports say of cases; with xdist it does so in the process that shows them."""

    def __init__(self) -> None:
        self.verdicts: dict[str, Verdict] = defaultdict(Verdict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Read the properties of a report; of a test that gets one more try the last one counts."""
        if not report.passed and not report.failed and not report.skipped:
            return
        properties: list[tuple[str, Any]] = list(report.user_properties)
        recovery = max((value for name, value in properties if name == RECOVERY), default=None)
        for case, degraded in (value for name, value in properties if name == CASE):
            self.verdicts[case].add(report, degraded, recovery)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
        """Show the table where it was asked for, and write it where a file was named."""
        if self.verdicts and config.option.cases:
            terminalreporter.section("cases")
            terminalreporter.write_line("\n".join(table(self.verdicts)))
        if config.option.cases_json:
            Path(config.option.cases_json).write_text(as_json(self.verdicts))


def table(verdicts: dict[str, Verdict]) -> Iterable[str]:
    """Yield the lines of the table of cases, in the catalogue's order, then why a case is not Resilient."""
    yield f"{'case':6}{'verdict':11}{'recovery':>9}{'tests':>7}"
    for case, verdict in sorted(verdicts.items()):
        yield f"{case:6}{verdict.word:11}{verdict.seconds:>9}{len(verdict.tests):7}"
    words = [verdict.word for verdict in verdicts.values()]
    yield ", ".join(f"{words.count(word)} {word}" for word in ("Resilient", "Degraded", "Failed"))
    for case, verdict in sorted(verdicts.items()):
        yield from (f"{case} is degraded: {why}" for why in verdict.reasons)
        yield from (f"{case} failed in {test}" for test in sorted(verdict.failed))


def as_json(verdicts: dict[str, Verdict]) -> str:
    """Return the verdicts for programs: by case, with seconds, tests, reasons."""
    rows = {
        case: {
            "verdict": verdict.word,
            "recoverySeconds": verdict.recovery,
            "tests": sorted(verdict.tests),
            "failed": sorted(verdict.failed),
            "degraded": verdict.reasons,
        }
        for case, verdict in sorted(verdicts.items())
    }
    return json.dumps(rows, indent=2) + "\n"


@pytest.fixture
def recovery(request: pytest.FixtureRequest) -> Recovery:
    """Measure how long it takes from the end of a fault until all is as it should be."""
    return Recovery(request.node.user_properties)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run be asked for the table of cases."""
    group = parser.getgroup("cases", "the fault catalogue")
    group.addoption("--cases", action="store_true", help="end with a table of the cases that were put to the proof")
    group.addoption("--cases-json", metavar="FILE", help="write that table into a file, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and collect where the summary is shown."""
    config.addinivalue_line("markers", "case(id, *, injected, outcome, degraded=''): a case of the fault catalogue")
    config.pluginmanager.register(Cases(), "cases")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let a test's reports carry its cases."""
    for proof in proofs(item):
        item.user_properties.append((CASE, (proof.case, proof.degraded)))


def proofs(item: pytest.Item) -> list[Proof]:
    """Return what the markers of a test say.

    Raises:
        pytest.UsageError: A marker has other arguments than those of `Proof`.
    """
    try:
        return [Proof(*mark.args, **mark.kwargs) for mark in item.iter_markers(CASE)]
    except TypeError as error:
        raise pytest.UsageError(f"{item.nodeid}: the marker `case` is wrong: {error}") from error
