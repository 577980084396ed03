"""What a person gives a command: texts, in UTF-8 whatever the locale says, from files, standard input and variables."""

import sys
from pathlib import Path

from runai_registrar.errors import SettingsError

STANDARD_INPUT = "-"
"""What stands for standard input where a file may be named."""


def text_in(path: str, flag: str = "") -> str:
    """The text in a file, or on standard input for `-`; `flag` is the option that named it.

    Raises:
        SettingsError: It cannot be read, or it is not text.
    """
    where = f"{flag} {named(path)}".strip()
    try:
        return _bytes(path).decode()
    except OSError as error:
        raise SettingsError(f"{where}: {error.strerror}.") from None
    except ValueError:
        raise SettingsError(f"{where}: it is not text (in UTF-8).") from None


def named(path: str) -> str:
    """What people call a file, standard input included."""
    return "standard input" if path == STANDARD_INPUT else path


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


def _bytes(path: str) -> bytes:
    if path != STANDARD_INPUT:
        return Path(path).read_bytes()
    if sys.stdin is None:  # it was closed before the program began
        raise SettingsError("Standard input is closed. Name a file.")
    return sys.stdin.buffer.read()
