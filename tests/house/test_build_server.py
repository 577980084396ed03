"""What a build server runs."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from house.repository import ROOT, run

SHOWS_ITS_CALL = """#!/bin/sh
echo "make $*"
pwd
cat
exit {code}
"""


def build_server(tmp_path: Path, code: int) -> subprocess.CompletedProcess[str]:
    """Run .ci/run from another folder, with a make that shows how it was called, and ends with this code."""
    (tmp_path / "make").write_text(SHOWS_ITS_CALL.format(code=code))
    (tmp_path / "make").chmod(0o755)
    return run(ROOT / ".ci" / "run", cwd=tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}", CI="true")


def test_build_server_runs_make_test(tmp_path: Path) -> None:
    """It runs `make test` at the top of the repository, with nothing to read, and nothing else."""
    ran = build_server(tmp_path, 0)

    assert ran.stdout.splitlines() == ["make test", str(ROOT)], ran.stderr


@pytest.mark.parametrize("code", [0, 2])
def test_build_server_reports_the_outcome(tmp_path: Path, code: int) -> None:
    """It ends as `make test` ended."""
    assert build_server(tmp_path, code).returncode == code


def test_build_server_may_run_it() -> None:
    """The file is executable."""
    assert (ROOT / ".ci" / "run").stat().st_mode & stat.S_IXUSR
