"""`runai-registrar demo`: everything at work on this machine, told as a story."""

import argparse
import io
import os
import sys

import httpx

from runai_registrar.apiserver.errors import ApiServerError, BinariesUnavailableError
from runai_registrar.apiserver.given import KUBECONFIG_VARIABLE
from runai_registrar.demo.errors import DemoFailedError, RefusedError
from runai_registrar.demo.performance import perform
from runai_registrar.demo.plain import PlainView
from runai_registrar.demo.stopping import Stopped, stopped_by_signals
from runai_registrar.demo.view import View
from runai_registrar.simulator import AdminError

PACE = 2.0
"""Seconds that a person gets to read a step on a terminal."""

_WELL, _PROBLEM, _WRONG = 0, 1, 2
_LONGEST_PACE = 3600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("--keep", action="store_true", help="leave everything running after the story, until Ctrl-C")
    parser.add_argument("--plain", action="store_true", help="plain lines, as without a terminal")
    parser.add_argument(
        "--pace",
        type=_pace,
        metavar="SECONDS",
        help=f"time to read each step before it is done (default: {PACE:g} on a terminal, else 0)",
    )


def run(args: argparse.Namespace) -> int:
    """Play the story; 0 when it went as told, 1 when it did not, 2 when it could not begin, 128 + n after signal n."""
    try:
        with stopped_by_signals():
            with _view(args) as view:
                perform(view, keep=args.keep)
            print("Everything is stopped, and nothing is left behind.")
    except Stopped as stopped:
        return _end("Stopped before the end of the story; nothing is left behind.", stopped.exit_code)
    except (DemoFailedError, RefusedError, AdminError) as error:
        return _end(f"The demo did not go as told. {error}", _PROBLEM)
    except httpx.TransportError as error:
        return _end(f"The demo did not go as told: a part does not answer ({type(error).__name__}).", _PROBLEM)
    except (ApiServerError, OSError) as error:
        return _end(*_obstacle(error))
    return _WELL


def _obstacle(error: Exception) -> tuple[str, int]:
    """What to say of something outside the demo that is in its way, and the exit code."""
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains again when it flushes
        return ("The demo stopped, because nobody reads its output any more.", _PROBLEM)
    note = ""
    if isinstance(error, BinariesUnavailableError) and KUBECONFIG_VARIABLE in str(error):
        note = "\n(The last one is for the tests only: the demo never uses a cluster of yours.)"
    return (f"The demo cannot begin: {error}{note}", _WRONG)


def _view(args: argparse.Namespace) -> View:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    if args.plain or not _drawable():
        return PlainView(args.pace or 0.0)
    from runai_registrar.demo.live import LiveView  # noqa: PLC0415  # plain lines need no rich

    return LiveView(PACE if args.pace is None else args.pace)


def _drawable() -> bool:
    """Whether standard output is a terminal on which a table can be redrawn."""
    utf = (sys.stdout.encoding or "").lower().startswith("utf")
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb" and utf


def _end(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code


def _pace(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST_PACE:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: a number of seconds from 0 to {_LONGEST_PACE}")
    return seconds
