"""The field types of the control plane's models: strict where decisions rest on them, lenient elsewhere (pure)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StrictBool, StrictInt, StrictStr
from pydantic_core import core_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetCoreSchemaHandler

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NIL_UUID = "00000000-0000-0000-0000-000000000000"


def canonical_uuid(text: str) -> str:
    """Return a hyphenated UUID in lower case.

    Args:
        text: What claims to be a UUID; only the 8-4-4-4-12 form counts, so that it can stand in a path.

    Raises:
        ValueError: It is not one, or it is the nil UUID.
    """
    lowered = text.lower()
    if not _UUID.fullmatch(lowered) or lowered == _NIL_UUID:
        raise ValueError("not a UUID")
    return lowered


def _text_only(value: object) -> object:
    """Keep numbers from being read as Unix times: the API sends RFC 3339 text."""
    if isinstance(value, datetime) or (isinstance(value, str) and not value.lstrip("+-").replace(".", "").isdigit()):
        return value
    raise ValueError("not a timestamp")


def _to_utc(moment: datetime) -> datetime:
    """Read a naive timestamp as UTC and convert any other to it."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("timestamp out of range") from None


def _unset_to_none(value: object) -> object:
    """Read the empty string and Go's zero time as what they mean: not set."""
    return None if isinstance(value, str) and (value == "" or value.startswith("0001-01-01")) else value


class OrElse:
    """Annotation: on a bad value fall back to `default`, or leave the entry out of its list or map."""

    def __init__(self, default: Callable[[], Any] | None = None, *, leave_out: bool = False) -> None:
        self._default = default or (lambda: None)
        self._leave_out = leave_out

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Wrap the type's own schema; the fallback runs in pydantic's core, which matters for large lists."""
        schema = handler(source)
        if self._leave_out:
            return core_schema.with_default_schema(schema, on_error="omit")
        return core_schema.with_default_schema(schema, default_factory=self._default, on_error="default")


def _number_to_text(value: object) -> object:
    """Keep a number where text belongs (a version 2.24) as its text."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Timestamp = Annotated[datetime, BeforeValidator(_text_only), AfterValidator(_to_utc)]
"""An aware UTC datetime, from RFC 3339 text; naive text is UTC."""

Lifecycle = Annotated[Timestamp | None, BeforeValidator(_unset_to_none)]
Uuid = Annotated[StrictStr, AfterValidator(canonical_uuid)]
Text = Annotated[Annotated[StrictStr, BeforeValidator(_number_to_text)] | None, OrElse()]
Flag = Annotated[StrictBool | None, OrElse()]
Count = Annotated[StrictInt | None, OrElse()]
SKIP = OrElse(leave_out=True)
