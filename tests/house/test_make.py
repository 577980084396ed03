"""What the Makefile promises."""

import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from house.repository import ROOT, run

PROMISED = {
    *("help", "setup", "test", "lint", "types", "layers", "docs-coverage", "unit", "contract", "test-api"),
    *(
        "test-faults",
        "test-faults-long",
        "e2e",
        "e2e-kind",
        "demo",
        "apiserver",
        "simulate",
        "format",
        "lock",
        "image",
        "clean",
    ),
}
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
AS_PYTHON_3_9 = """#!/bin/sh
exec {python} -c 'import sys; sys.version_info = (3, 9, 2); exec(sys.argv[1])' "$2"
"""


def targets() -> set[str]:
    """The targets that the Makefile has a rule for."""
    return set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def commands_in(page: Path) -> set[str]:
    """The targets of the make commands in a page's code: in its blocks, or between backticks."""
    text = page.read_text()
    blocks = re.findall(r"^\s*```.*?^\s*```", text, re.MULTILINE | re.DOTALL)
    code = [*"\n".join(blocks).splitlines(), *re.findall(r"`([^`\n]+)`", text)]
    found = (re.match(r"\s*(?:\$ )?make((?: +\S+=\S*)*) +([a-z][a-z0-9-]*)", line) for line in code)
    return {match[2] for match in found if match}


def last_line(*arguments: str) -> str:
    """The last thing make would do."""
    return run("make", "--dry-run", *arguments).stdout.splitlines()[-1]


def test_help_is_the_default() -> None:
    """Plain `make` says what there is to make, and makes nothing."""
    assert run("make").stdout == run("make", "help").stdout


def test_help_names_every_target() -> None:
    """Each promised target has a rule and one line in `make help`, and help lists nothing else."""
    listed = re.findall(r"^  ([a-z0-9-]+) +\S", run("make", "help").stdout, re.MULTILINE)

    assert sorted(listed) == sorted(PROMISED) == sorted(targets())


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_pages_name_targets_that_exist(page: Path) -> None:
    """Whoever copies a make command from a page finds its target."""
    assert commands_in(page) - targets() == set()


def test_the_first_page_shows_the_two_commands() -> None:
    """The README has the two commands that everything else hangs on."""
    assert {"demo", "test"} <= commands_in(ROOT / "README.md")


def test_every_test_file_runs_once() -> None:
    """`make test` leaves out only what needs a cluster with nodes."""
    ran = re.findall(r"tests/\S+\.py", last_line("test"))
    there = [str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py") if path.parent.name != "e2e"]

    assert sorted(ran) == sorted(there)


def test_what_takes_longest_begins_first() -> None:
    """The crash sweeps stand apart from each other among the first files, and the order is kept."""
    line = last_line("test")
    sweeps = [place for place, name in enumerate(re.findall(r"tests/\S+\.py", line)) if "/test_crash_" in name]

    assert "--no-loadscope-reorder" in line
    assert sweeps[-1] < 12
    assert min(later - sooner for sooner, later in pairwise(sweeps[:4])) >= 2


def test_parts_make_the_whole() -> None:
    """`make unit`, `make contract` and `make test-api` together run what `make test` runs."""
    parts = [
        name for part in ("unit", "contract", "test-api") for name in re.findall(r"tests/\S+\.py", last_line(part))
    ]

    assert sorted(parts) == sorted(re.findall(r"tests/\S+\.py", last_line("test")))


def test_the_shell_does_not_leak_in(tmp_path: Path) -> None:
    """A user's cluster, settings and Python switches do not reach what make runs; the test cluster does."""
    probe = tmp_path / "probe.mk"
    probe.write_text(f"include {ROOT}/Makefile\nprobe:\n\t@env\n")
    leaks = dict.fromkeys(("KUBECONFIG", "RUNAI_REGISTRAR_SETTLE", "PYTHONPATH", "PYTEST_ADDOPTS"), "leaked")

    seen = run("make", "-f", probe, "probe", RUNAI_REGISTRAR_TEST_KUBECONFIG="kept", **leaks).stdout.splitlines()

    assert [line for line in seen if line.endswith("=leaked")] == []
    assert "RUNAI_REGISTRAR_TEST_KUBECONFIG=kept" in seen


def test_an_old_python_is_refused(tmp_path: Path) -> None:
    """Setup with a Python before 3.11 makes nothing, and says which version it found and what to do."""
    old = tmp_path / "python3.9"
    old.write_text(AS_PYTHON_3_9.format(python=sys.executable))
    old.chmod(0o755)

    refused = run("make", "setup", f"PYTHON={old}", f"VENV={tmp_path / 'venv'}")

    assert refused.returncode != 0
    assert "Python 3.11 or newer is needed, and this is 3.9; choose one: make PYTHON=" in refused.stderr
    assert not (tmp_path / "venv").exists()


def test_a_missing_python_is_named(tmp_path: Path) -> None:
    """Setup with a Python that is not there says so, in one line and without a shell's riddle."""
    refused = run("make", "setup", "PYTHON=python-of-nowhere", f"VENV={tmp_path / 'venv'}")

    assert refused.returncode != 0
    assert "there is no python-of-nowhere" in refused.stderr
