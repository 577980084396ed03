"""Foreign text made fit for a person's eyes: short, printable, without secrets (pure)."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pydantic import SecretStr

MESSAGE_LIMIT = 300
"""Characters a message about the control plane has at most."""

_REDACTED = "[redacted]"
_SHORTEST_SECRET = 4
_SHORTEST_BROKEN = 8
"""Characters of a secret that is looked for across white space too: shorter ones are found in plain words."""

_SECRET_LOOKING = re.compile(
    r"""
    \bbearer\s+\S+                                              # an Authorization header that was echoed
    | \bbasic\s+[a-z0-9+/=]{8,}
    | \beyJ[\w-]{8,}[\w.-]*                                     # a JWT, wherever it stands
    | (?<![\w-])[\w-]*(?:secret|token|password|authorization)["']?\s*[=:]\s*["']?
      (?:(?:bearer|basic)\s+)?[^\s"'&]+
    """,
    re.IGNORECASE | re.VERBOSE,
)


def _forms(secret: str) -> Iterator[str]:
    """Yield the secret as it may be echoed: as it is, in JSON, URL-encoded, in base64."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield quote(secret, safe="")
    yield quote_plus(secret)
    packed = base64.b64encode(secret.encode()).decode()
    yield packed
    yield packed.rstrip("=")


def redacted(text: str, secrets: Collection[SecretStr] = ()) -> str:
    """Return the text without the secrets given, broken by white space or not, and without what looks like one.

    Args:
        text: Any text, of any origin.
        secrets: Values known to be secret; those under four characters are not worth the damage to the text.
    """
    known = (secret.get_secret_value() for secret in secrets if len(secret) >= _SHORTEST_SECRET)
    forms = {form for secret in known for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, _REDACTED)
    return _SECRET_LOOKING.sub(_REDACTED, _without_broken(text, {"".join(form.split()) for form in forms}))


def _without_broken(text: str, forms: Collection[str]) -> str:
    """Return the text without these forms where white space stands within them: base64 in lines, a wrapped page."""
    solid = "".join(text.split())
    worth = [form for form in forms if len(form) >= _SHORTEST_BROKEN]
    spans = sorted((at, at + len(form)) for form in worth for at in _places(solid, form))
    if not spans:
        return text
    places = [at for at, char in enumerate(text) if not char.isspace()]
    kept, end = [], 0
    for begin, beyond in spans:
        if places[begin] >= end:
            kept.append(text[end : places[begin]])
        end = max(end, places[beyond - 1] + 1)
    return _REDACTED.join([*kept, text[end:]])


def _places(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + len(part))


def printable(text: str) -> str:
    """Return the text on one line, control and formatting characters turned to single spaces."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def shortened(text: str, limit: int) -> str:
    """Return at most `limit` characters, the last one an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def sentence(what_is_so: str, quoted: str = "", what_to_do: str = "", secrets: Collection[SecretStr] = ()) -> str:
    """Return `what_is_so: quoted. what_to_do`, the quoted text made safe and cut so that all fits MESSAGE_LIMIT.

    Args:
        what_is_so: Our own words, without a full stop.
        quoted: Foreign text, possibly empty.
        what_to_do: Our own sentence, possibly empty.
        secrets: Values to take out of the foreign text.
    """
    end = f" {what_to_do}" if what_to_do else ""
    room = MESSAGE_LIMIT - len(what_is_so) - len(end) - len(": .")
    foreign = shortened(redacted(printable(quoted), secrets).rstrip("."), room)
    return f"{what_is_so}: {foreign}.{end}" if foreign else f"{what_is_so}.{end}"
