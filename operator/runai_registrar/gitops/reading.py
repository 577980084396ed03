"""Registrations out of YAML or JSON texts, as they stand in Git."""

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.reader import ReaderError

from runai_registrar.errors import SettingsError
from runai_registrar.resources import GROUP, Registration

_ODD = (ValueError, LookupError, AttributeError)
"""What PyYAML lets out where a scalar is not of the kind that its tag or its look says."""


def read(text: str, where: str) -> list[Registration]:
    """The registrations in a text; other kinds of objects are left out, lists are opened.

    Args:
        text: YAML documents, or JSON.
        where: Names the text to people.

    Raises:
        SettingsError: It is no YAML, or a registration in it cannot be read.
    """
    try:
        documents = list(yaml.safe_load_all(text))
    except (yaml.YAMLError, RecursionError, *_ODD) as error:
        raise SettingsError(f"{where} is not YAML: {_flaw(error)}. Templates must be rendered first.") from None
    return [_registration(each, where) for document in documents for each in _objects(document) if _ours(each)]


def _objects(document: Any) -> Iterator[Any]:
    if isinstance(document, dict) and document.get("kind") == "List" and isinstance(document.get("items"), list):
        yield from document["items"]
    else:
        yield document


def _ours(found: Any) -> bool:
    if not isinstance(found, dict) or found.get("kind") != "RunaiClusterRegistration":
        return False
    return str(found.get("apiVersion", "")).partition("/")[0] == GROUP


def _registration(found: dict[str, Any], where: str) -> Registration:
    """A registration in Git has no uid, and no status that counts."""
    metadata = found.get("metadata")
    written = {**metadata, "uid": ""} if isinstance(metadata, dict) else metadata
    try:
        return Registration.from_dict({"metadata": written, "spec": found.get("spec")})
    except ValueError as error:
        raise SettingsError(f"{where}: {error}") from None


def _flaw(error: Exception) -> str:
    """What is wrong with a text, in words, and where that is known."""
    if isinstance(error, ReaderError):
        return f"it holds a character that YAML does not allow (character {error.position + 1})"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem is None:
        return "a value in it is not what it looks like, such as a date that there is not"
    return f"{error.problem} (line {error.problem_mark.line + 1})" if error.problem_mark else error.problem
