"""What a person gives a command: names, and texts, which are UTF-8 whatever the locale says."""

import argparse
import re
import sys
from pathlib import Path

from runai_registrar.errors import SettingsError

STANDARD_INPUT = "-"
"""What stands for standard input where a file may be named."""

_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_LONGEST_NAMESPACE, _LONGEST_NAME = 63, 253


def namespace(text: str) -> str:
    """A name that a namespace may have (RFC 1123 label); the type of an option."""
    if not re.fullmatch(_LABEL, text) or len(text) > _LONGEST_NAMESPACE:
        raise argparse.ArgumentTypeError(f"{text!r} is not the name of a namespace")
    return text


def object_name(text: str) -> str:
    """A name that a resource may have (RFC 1123 subdomain), and be referred to by; the type of an option."""
    if not re.fullmatch(rf"{_LABEL}(\.{_LABEL})*", text) or len(text) > _LONGEST_NAME:
        message = f"{text!r} is not a name in Kubernetes: lower-case letters, digits, '-' and '.'"
        raise argparse.ArgumentTypeError(message)
    return text


def path(text: str) -> str:
    """A path that is not empty: an empty one would be the current folder; the type of an option."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty; name a file or a folder")
    return text


def text_in(file: str, flag: str = "") -> str:
    """The text in a file, or on standard input for `-`; `flag` is the option that named it.

    Raises:
        SettingsError: It cannot be read, or it is not text.
    """
    where = f"{flag} {named(file)}".strip()
    try:
        return _bytes(file).decode()
    except OSError as error:
        raise SettingsError(f"{where}: {error.strerror}.") from None
    except ValueError:
        raise SettingsError(f"{where}: it is not text (in UTF-8).") from None


def named(file: str) -> str:
    """What people call a file, standard input included."""
    return "standard input" if file == STANDARD_INPUT else file


def readable(text: str, what: str) -> str:
    """A text out of an argument or a variable, where bytes that are no text arrive as surrogates.

    Raises:
        SettingsError: It is not text; `what` names it.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise SettingsError(f"{what} is not text (in UTF-8). Correct it.") from None
    return text


def _bytes(file: str) -> bytes:
    if file != STANDARD_INPUT:
        return Path(file).read_bytes()
    if sys.stdin is None:  # it was closed before the program began
        raise SettingsError("Standard input is closed. Name a file.")
    return sys.stdin.buffer.read()
