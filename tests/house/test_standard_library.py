"""The folder `operator` must not shadow the standard library's module of that name."""

import sysconfig
from pathlib import Path

import pytest

from house.repository import ROOT, python


@pytest.mark.parametrize("at", [ROOT, ROOT / "tests"], ids=["root", "tests"])
def test_operator_is_the_standard_library(at: Path) -> None:
    """With this folder first on the path and as the current one, `import operator` finds the standard library's."""
    found = python("import operator; print(operator.__file__)", cwd=at, PYTHONPATH=str(at))

    assert Path(found.stdout.strip()) == Path(sysconfig.get_path("stdlib"), "operator.py"), found.stderr


def test_source_root_is_no_package() -> None:
    """There is no `operator/__init__.py`: it would make the folder a package."""
    assert [path.name for path in (ROOT / "operator").glob("*.py")] == []
