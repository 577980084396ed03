"""What gets one more try in `make test`: a wait in vain, and nothing that may be a broken invariant."""

import re
import shlex
import sys
from pathlib import Path

from house.repository import ROOT, run

EXAMPLE = """
import pytest
from reliability import InVain

seen = set()


def second(name):
    again = name in seen
    seen.add(name)
    return again


def test_waits_in_vain():
    if not second("waits"):
        raise InVain("never came about in 30 s: all Ready")


def test_kubectl_waits_in_vain():
    assert second("kubectl"), "error: timed out waiting for the condition"


@pytest.fixture
def judged():
    yield
    assert second("judged"), "I1: two clusters"


def test_waits_in_vain_for_what_was_doubled(judged):
    if not second("doubled"):
        raise InVain("never came about in 30 s: all Ready")


def test_counts():
    assert second("counts"), "28 == 25"


def test_says_what_waited():
    assert second("says"), "3 of 40 runs: I2: a leak; another one never came about in 30 s, or timed out"
"""


def ended(folder: Path) -> dict[str, str]:
    """What becomes of each test of the example with the options for reruns of `make test`."""
    (folder / "test_example.py").write_text(EXAMPLE)
    line = shlex.split(run("make", "--dry-run", "test").stdout.splitlines()[-1])
    options = line[line.index("--reruns") : line.index("--cases")]
    said = run(sys.executable, "-m", "pytest", "-q", "-rRfE", *options, cwd=folder, PYTHONPATH=str(ROOT / "tests"))
    return {
        test: word for word, test in re.findall(r"^(RERUN|FAILED|ERROR) \S+::test_(\w+)", said.stdout, re.MULTILINE)
    }


def test_only_waits_in_vain_get_one_more_try(tmp_path: Path) -> None:
    """A wait is tried again; a count, a breach in words, and a wait whose history shows a breach are not."""
    assert ended(tmp_path) == {
        "waits_in_vain": "RERUN",
        "kubectl_waits_in_vain": "RERUN",
        "waits_in_vain_for_what_was_doubled": "ERROR",
        "counts": "FAILED",
        "says_what_waited": "FAILED",
    }
