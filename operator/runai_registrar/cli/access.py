"""How commands reach Kubernetes as the person at the keyboard, and how they talk to that person."""

import argparse
import io
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from runai_registrar.errors import SettingsError
from runai_registrar.kube import Kube
from runai_registrar.login import Person, load_person


def add_kubernetes(parser: argparse.ArgumentParser) -> None:
    """Declare how Kubernetes is reached."""
    group = parser.add_argument_group("Kubernetes")
    group.add_argument("--kubeconfig", metavar="FILE", help="kubeconfig (default: KUBECONFIG, or ~/.kube/config)")
    group.add_argument("--context", metavar="NAME", help="context of the kubeconfig (default: its current one)")


def add_examples(parser: argparse.ArgumentParser, *lines: str) -> None:
    """Show examples at the end of a command's help."""
    parser.epilog = "\n".join(("examples:", *(f"  {line}" for line in lines)))
    parser.formatter_class = argparse.RawDescriptionHelpFormatter


@asynccontextmanager
async def kubernetes(args: argparse.Namespace) -> AsyncIterator[tuple[Kube, Person]]:
    """A connection to Kubernetes, closed at the end.

    Raises:
        SettingsError: The kubeconfig cannot be used.
    """
    person = await load_person(args.kubeconfig, args.context)
    try:
        kube = await Kube.connect(configuration=person.configuration)
    except (OSError, ValueError) as error:  # certificates and keys are read here
        raise SettingsError(f"The kubeconfig cannot be used: {error}.") from None
    try:
        yield kube, person
    finally:
        await kube.aclose()


def say(text: str) -> None:
    """Tell the person something that is no part of the output."""
    print(text, file=sys.stderr)


def printed(write: Callable[[], int], *, exact: bool = False) -> int:
    """The exit code of what prints; 1 where nobody reads the output any more (`| head`), and 2 where a file fails.

    Args:
        write: Prints, and says what the exit code is.
        exact: The output goes into files and shells, and is UTF-8 whatever the locale says. Otherwise people read it,
            and what their terminal has no letters for is escaped.
    """
    if sys.stdout is None:  # it was closed before the program began
        say("runai-registrar: The output is closed.")
        return 2
    if isinstance(sys.stdout, io.TextIOWrapper) and exact:
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = write()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains again when it flushes
        return 1
    except OSError as error:
        say(f"runai-registrar: {error.filename or 'the output'}: {error.strerror}.")
        return 2
    return code
