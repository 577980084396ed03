"""The repository as the tests about it see it: its files, its commands, its locks."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
"""The top of the repository."""

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
"""pyproject.toml, read."""

PATIENCE = 120.0
"""Seconds until a command counts as hung."""


def run(*command: str | Path, cwd: str | Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, without input; an outer make leaves no trace in its environment."""
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(  # noqa: S603  # the commands are written out in the tests
        command,
        cwd=cwd,
        env=outer | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def python(program: str, *, cwd: str | Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a Python of its own."""
    return run(sys.executable, "-c", program, cwd=cwd, **environment)


def versioned_files() -> list[Path]:
    """Every file that is under version control, or would be after `git add`."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed.returncode:
        raise AssertionError(f"git cannot list the files: {listed.stderr}")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def sources() -> list[Path]:
    """Every Python file of the project."""
    return sorted(path for top in ("operator", "tests") for path in (ROOT / top).rglob("*.py"))


def logical_lines(path: Path) -> list[str]:
    """The lines of a file, comments and blank ones left out, those ending in a backslash joined with the next."""
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return re.sub(r"\s*\\\n\s*", " ", "\n".join(lines)).splitlines()


def locked(name: str) -> Mapping[str, Requirement]:
    """What requirements/<name>.txt pins, by canonical distribution name."""
    pins = [Requirement(line.partition(" --hash")[0]) for line in logical_lines(ROOT / "requirements" / f"{name}.txt")]
    return {canonicalize_name(pin.name): pin for pin in pins}
