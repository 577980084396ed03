"""The command line as a test runs it: in this process, or as a program of its own with bytes in and out."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import runai_registrar

SOURCES = str(Path(runai_registrar.__path__[0]).parent)
_PROGRAM = "import sys; from runai_registrar.cli.main import main; sys.exit(main())"

Run = Callable[..., tuple[int, str, str]]
"""Runs the command line; returns exit code, output and what it said beside it."""


def command(*words: str | bytes) -> list[str | bytes]:
    """How the command line is started as a program."""
    return [sys.executable, "-c", _PROGRAM, *words]


def piped(*words: str | bytes, variables: Mapping[str, str | bytes], given: bytes = b"") -> tuple[int, bytes, str]:
    """Run it as a program with these variables alone; exit code, output and what it said beside it."""
    environment = {"PYTHONPATH": SOURCES, "PYTHONWARNINGS": "error"} | dict(variables)
    done = subprocess.run(command(*words), input=given, env=environment, capture_output=True, check=False)  # noqa: S603  # ours
    return done.returncode, done.stdout, done.stderr.decode()
