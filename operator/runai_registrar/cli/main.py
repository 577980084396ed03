"""`runai-registrar`, which is also a kubectl plugin. Exit codes: 0 well, 1 found a problem, 2 wrong usage."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Any

from runai_registrar import __version__
from runai_registrar.errors import RegistrarError

COMMANDS = {
    "operator": "run the operator: watch registrations and keep the control planes in step",
    "simulate": "run a simulated Run:ai control plane on this machine",
    "demo": "see everything at work on this machine: API server, control plane, operator",
    "export": "write registrations for the clusters that a control plane has already",
    "diff": "compare registrations, in files or in Kubernetes, with a control plane",
    "install-command": "print the Helm command that installs Run:ai on a registered cluster",
}

EXTRAS = {"simulate": "simulator", "demo": "demo"}
"""What must be installed beside the operator for a command."""

PASSING_ON = {"install-command"}
"""Commands that hand the words behind `--` on to another program, as `passed_on`."""


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """Return the parser; only the chosen command's own flags are built, because its modules may be absent."""
    top = argparse.ArgumentParser(prog="runai-registrar", description=__doc__)
    top.add_argument("--version", action="version", version=f"runai-registrar {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == command:
            _module(name).add_arguments(sub)
    return top


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Read a command line; `passed_on` are the words that are meant for another program."""
    command = _command(words)
    end = words.index("--") if command in PASSING_ON and "--" in words else len(words)
    return parser(command).parse_args(words[:end], argparse.Namespace(passed_on=tuple(words[end + 1 :])))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; what goes wrong is one message, never a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        chosen = parse(words)
        code: int = _module(chosen.command).run(chosen)
    except ModuleNotFoundError as error:
        command = _command(words)
        extra = EXTRAS.get(command or "")
        if extra is None or (error.name or "").startswith("runai_registrar"):
            raise
        print(f"{command} needs more than the operator: pip install 'runai-registrar[{extra}]'", file=sys.stderr)
        return 2
    except RegistrarError as error:
        print(f"runai-registrar: {error.message}", file=sys.stderr)
        return 2
    except UnicodeError:
        print("runai-registrar: Something that was given, or is to be printed, is not text in UTF-8.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code


def _command(words: Sequence[str]) -> str | None:
    return next((word for word in words if word in COMMANDS), None)


def _module(command: str) -> Any:
    return importlib.import_module(f"runai_registrar.cli.{command.replace('-', '_')}")


if __name__ == "__main__":
    sys.exit(main())
