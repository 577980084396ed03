"""One answer as it came off the wire, and what its headers say (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_RETRY_AFTER = 300.0
"""Seconds of a Retry-After that are honoured at most."""

_DIGITS_A_FLOAT_HOLDS = 300


@dataclass(frozen=True)
class Answer:
    """One answer as it came off the wire.

    Attributes:
        headers: By lower-case name.
        body: Decoded, complete; not shown in reprs because it may hold secrets.
        received_at: Unix time by the local wall clock.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: float


def retry_after(answer: Answer) -> float | None:
    """Return the seconds an answer asks to wait (seconds or HTTP date), at most LONGEST_RETRY_AFTER.

    None where it does not ask (every status below 400), or asks for something that cannot be read or lies in the past.
    """
    text = answer.headers.get("retry-after", "").strip()
    if answer.status < HTTPStatus.BAD_REQUEST or not text:
        return None
    is_number = text.isascii() and text.isdigit()
    seconds = float(text[:_DIGITS_A_FLOAT_HOLDS]) if is_number else _seconds_until(text, answer)
    return min(seconds, LONGEST_RETRY_AFTER) if seconds is not None and seconds >= 0 else None


def unix_time(http_date: str) -> float | None:
    """Return an HTTP date (a Date header) as Unix time, or None for anything that cannot be read as one."""
    try:
        seconds = parsedate_to_datetime(http_date).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return seconds if math.isfinite(seconds) else None


def _seconds_until(text: str, answer: Answer) -> float | None:
    """Measure an HTTP date against the clock of the one who wrote it, where that is known."""
    moment = unix_time(text)
    if moment is None:
        return None
    now = unix_time(answer.headers.get("date", ""))
    return moment - (answer.received_at if now is None else now)
