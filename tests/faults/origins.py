"""I6 and I10: what is asked is asked of the address that the RunaiControlPlane names, with its own credentials only."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from faults.calls import Call, Side
from faults.canaries import places_of
from faults.evidence import Evidence
from faults.vocabulary import TOKEN


def misdirected(seen: Evidence) -> Iterator[str]:
    """Each request to another address, with another's bearer token, or with a secret where none belongs."""
    place = urlsplit(seen.origin).netloc
    for call in seen.calls:
        if call.side is Side.CONTROL_PLANE:
            yield from _of_control_plane(seen, call, place)
    spoken = {call: _beside(call) for call in seen.calls}
    everything = b"\n".join(spoken.values())
    for secret in seen.secrets | seen.tokens:
        if places_of(secret, everything):
            guilty = {f"{call.side}: {call.what}" for call, text in spoken.items() if places_of(secret, text)}
            yield f"I6: a secret was sent in the URL or in headers of {', '.join(sorted(guilty))}"


def _of_control_plane(seen: Evidence, call: Call, place: str) -> Iterator[str]:
    headers = _headers(call)
    if place and headers.get("host", place) != place:
        yield f"I10: {call.what} was asked of {headers['host']}, and the control plane is {place}"
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if TOKEN(call) and scheme:
        yield f"I6: a token was asked for with {scheme} credentials of somebody else"
    if not TOKEN(call) and scheme and (scheme != "Bearer" or token not in seen.tokens):
        yield f"I6: {call.what} carried credentials that the control plane has not issued"


def _beside(call: Call) -> bytes:
    """Where a request of either side must carry none of the control plane's secrets."""
    mine = "authorization" if call.side is Side.CONTROL_PLANE else ""
    return "\n".join([call.url, *(value for name, value in _headers(call).items() if name != mine)]).encode()


def _headers(call: Call) -> dict[str, str]:
    return {name.lower(): value for name, value in call.headers.items()}
