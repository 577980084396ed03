"""Secrets in disguise: the forms in which a secret could slip into a text."""

import base64
import json
from functools import lru_cache
from urllib.parse import quote, quote_plus

_TELLING = 6
"""Bytes that a form must have to be told from chance."""


@lru_cache(maxsize=1024)
def forms(secret: str) -> dict[str, bytes]:
    """The secret plain and as encodings leave it; base64 at each of the three offsets, without the ragged ends."""
    raw = secret.encode()
    found = {
        "plain": raw,
        "in a URL": quote(secret, safe="").encode(),
        "in a form": quote_plus(secret).encode(),
        "in JSON": json.dumps(secret)[1:-1].encode(),
        "in hex": raw.hex().encode(),
        "backwards": raw[::-1],
    }
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw)
        cut = encoded[4 if offset else 0 : len(encoded) - 4]
        found[f"in base64 at {offset}"] = cut
        found[f"in URL-safe base64 at {offset}"] = cut.translate(bytes.maketrans(b"+/", b"-_"))
    return {name: form for name, form in found.items() if len(form) >= _TELLING}


def places_of(secret: str, text: bytes) -> list[str]:
    """In which forms a text holds a secret; empty where it does not."""
    return [name for name, form in forms(secret).items() if form in text]
