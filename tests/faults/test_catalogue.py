"""The fault catalogue, the markers of the tests, and docs/reliability.md say the same."""

import json
import sys
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from faults import flows, test_crash_change, test_crash_create, test_crash_delete
from faults.catalogue import CASES, NOT_TESTED
from faults.report import PAGE, MarkerError, every_marker, markers, render
from house.repository import ROOT, run
from reliability import CASE

MARKED = every_marker()

EXAMPLE = """
import pytest


@pytest.mark.case("R-01", injected="a", outcome="b")
@pytest.mark.case("R-10", injected="a", outcome="b", degraded="a person decides")
def test_recovers(recovery):
    recovery.begins()
    recovery.ends()


@pytest.mark.parametrize("good", [pytest.param(True, marks=pytest.mark.case("R-02", injected="a", outcome="b")), False])
def test_good(good):
    assert good


@pytest.mark.case("R-11", injected="a", outcome="b")
def test_recovers_late(recovery):
    recovery.took(61)


@pytest.mark.case("R-01", injected="a", outcome="b")
@pytest.mark.case("S-01", injected="a", outcome="b")
def test_fails():
    assert False


@pytest.fixture
def broken():
    yield
    raise OSError


@pytest.mark.case("S-02", injected="a", outcome="b")
def test_ends_badly(broken):
    pass
"""


def test_page_is_up_to_date() -> None:
    """docs/reliability.md is what the generator makes of the tests (`python tests/faults/report.py`)."""
    assert PAGE.read_text() == render(MARKED)


def test_every_case_is_a_test_or_says_why_not() -> None:
    """A case has a test, or a line that says why it has none, and never both."""
    tested = {marked.proof.case for marked in MARKED}

    assert sorted(set(CASES) - tested - set(NOT_TESTED)) == []
    assert sorted(tested & set(NOT_TESTED)) == []


def test_every_sweep_counts() -> None:
    """Each flow that crashes are swept through is judged by a test of a case: `-m case` leaves none out."""
    tests = [
        test for module in (test_crash_change, test_crash_create, test_crash_delete) for test in vars(module).values()
    ]
    counted = [test for test in tests if any(mark.name == CASE for mark in getattr(test, "pytestmark", ()))]
    judged = {name for test in counted for name in test.__code__.co_names}

    assert {name for name, value in vars(flows).items() if isinstance(value, flows.Flow)} - judged == set()


def test_every_marker_names_a_case() -> None:
    """No marker and no excuse is for a case that the catalogue does not know."""
    named = {marked.proof.case: marked.file for marked in MARKED} | dict.fromkeys(NOT_TESTED, "catalogue")

    assert {case: where for case, where in named.items() if case not in CASES} == {}


def test_the_catalogue_is_complete() -> None:
    """The catalogue has R-01 to R-46 and S-01 to S-15, each once and in order."""
    assert [f"R-{n:02}" for n in range(1, 47)] + [f"S-{n:02}" for n in range(1, 16)] == CASES


@pytest.mark.parametrize(
    ("source", "flaw"),
    [
        (
            "x = 1\n@pytest.mark.case('R-01', injected='a', outcome='b')\ndef helper(): ...\n",
            "some.py:2: .* on no test",
        ),
        ("@pytest.mark.case('R-01', outcome='b')\ndef test_a(): ...\n", "some.py:1: .*missing .* 'injected'"),
        ("@pytest.mark.case('R-01', injected=WORDS, outcome='b')\ndef test_a(): ...\n", "some.py:1: .* is wrong"),
    ],
    ids=["no test", "argument missing", "not written out"],
)
def test_a_marker_that_would_be_lost_is_named(tmp_path: Path, source: str, flaw: str) -> None:
    """A marker where pytest would not see it, or that cannot be read without running it, is an error with its line."""
    path = tmp_path / "some.py"
    path.write_text(source)

    with pytest.raises(MarkerError, match=flaw):
        list(markers(path))


def pytest_in(folder: Path, *options: str) -> CompletedProcess[str]:
    """Run the tests of a folder with nothing but the plugin."""
    command = (sys.executable, "-m", "pytest", "-q", "-p", "reliability", *options)
    return run(*command, cwd=folder, PYTHONPATH=str(ROOT / "tests"))


def test_verdicts_of_a_run(tmp_path: Path) -> None:
    """A run ends with a table and a file: of a case's tests the worst counts, teardown included, in every worker."""
    (tmp_path / "test_example.py").write_text(EXAMPLE)

    ended = pytest_in(tmp_path, "-n", "2", "--cases", "--cases-json", "cases.json")

    assert ended.returncode == 1, ended.stderr
    verdicts = json.loads((tmp_path / "cases.json").read_text())
    assert {case: verdict["verdict"] for case, verdict in verdicts.items()} == {
        "R-01": "Failed",
        "R-02": "Resilient",
        "R-10": "Degraded",
        "R-11": "Degraded",
        "S-01": "Failed",
        "S-02": "Failed",
    }
    assert verdicts["R-01"]["recoverySeconds"] >= 0
    assert verdicts["R-02"]["recoverySeconds"] is None
    assert "R-10 is degraded: a person decides" in ended.stdout
    assert "R-11 is degraded: its recovery took longer than 60 s" in ended.stdout
    assert "S-02 failed in test_example.py::test_ends_badly" in ended.stdout
    assert "1 Resilient, 2 Degraded, 3 Failed" in ended.stdout


def test_nothing_is_shown_unasked(tmp_path: Path) -> None:
    """Without `--cases` a run ends as it always did."""
    (tmp_path / "test_example.py").write_text(EXAMPLE)

    ended = pytest_in(tmp_path)

    assert ended.stdout.rstrip().splitlines()[-1].startswith("2 failed, 4 passed, 1 error")
    assert "Resilient" not in ended.stdout


def test_a_wrong_marker_stops_the_run(tmp_path: Path) -> None:
    """A marker with other arguments ends the collection with the name of its test."""
    (tmp_path / "test_example.py").write_text(EXAMPLE.replace('"S-01", injected="a"', '"S-01"'))

    ended = pytest_in(tmp_path)

    assert ended.returncode != 0
    assert "test_fails: the marker `case` is wrong" in ended.stdout + ended.stderr
