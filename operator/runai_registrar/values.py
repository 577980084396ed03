"""Frozen values with camelCase keys, and how times and durations are written in a resource.

Attributes are snake_case, JSON keys camelCase; either may be given when a value is built. Unknown keys and nulls are
ignored on reading, so that an object stored by a newer version can still be read. Times are RFC 3339 in UTC (`Z`, whole
seconds or microseconds; a time without a zone counts as UTC), durations are texts such as `90s`, `10m` or `1h30m`.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

_DURATION = re.compile(r"(?:[0-9]{1,6}[smh]){1,12}")
_SECONDS = {"h": 3600, "m": 60, "s": 1}


def parse_duration(text: str) -> timedelta:
    """Read `90s`, `10m` or `1h30m`: the form the CRDs accept. Anything else is a ValueError."""
    if not _DURATION.fullmatch(text):
        raise ValueError("must be a duration such as 90s, 10m or 1h30m")
    parts = re.findall(r"([0-9]+)([smh])", text)
    return timedelta(seconds=sum(int(number) * _SECONDS[unit] for number, unit in parts))


def format_duration(value: timedelta) -> str:
    """Write a duration the way `parse_duration` reads it; ValueError unless it is whole seconds, 0 to 999999h."""
    if value < timedelta() or value.microseconds or value > timedelta(hours=999_999):
        raise ValueError("a duration is a whole number of seconds, from 0s to 999999h")
    rest = value.days * 86_400 + value.seconds
    text = ""
    for unit, seconds in _SECONDS.items():
        number, rest = divmod(rest, seconds)
        text += f"{number}{unit}" if number else ""
    return text or "0s"


def format_time(value: datetime) -> str:
    """Write a time as RFC 3339 in UTC, with microseconds only where there are some."""
    return _in_utc(value).isoformat().replace("+00:00", "Z")


def sentence(what: str, error: ValidationError) -> str:
    """Say in one sentence where `what` cannot be read; what it holds is not repeated."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    reason = first["msg"].removeprefix("Value error, ")
    return f"{what} cannot be read: {f'{place}: ' if place else ''}{reason}."


def _in_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _read_duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Timestamp = Annotated[datetime, AfterValidator(_in_utc), PlainSerializer(format_time, when_used="json")]
Duration = Annotated[timedelta, BeforeValidator(_read_duration), PlainSerializer(format_duration, when_used="json")]


class Value(BaseModel):
    """The base of all parts of a resource: compared by value, never changed, copied with `model_copy`."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        return {key: value for key, value in data.items() if value is not None} if isinstance(data, Mapping) else data

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form without nulls; reading it back gives an equal value."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
