"""The record of all requests, secrets included: tests ask it which secrets went where. Memory only."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from runai_registrar.simulator.answers import Call

KEPT = 200_000
"""How many requests are kept; counts go on beyond."""
BODY_CAP = 16_384
"""How many bytes of a request's body are kept."""


@dataclass(slots=True)
class Entry:
    """One request.

    Attributes:
        seq: 1 for the first request.
        t: When it arrived, in seconds since the epoch by the simulator's clock.
        query: The raw query string's parameters, all values of each.
        body: Its first 16 KiB.
        committed: Whether it changed anything; may become true later (`commit-late`).
        status: What was answered; None: nothing (yet).
        tenant: In whose name it came, if its token or credentials are known.
        operation: The operationId of the API file, `token_v1`, `token_v2`, or None.
        fault: The id of the rule that struck it.
    """

    seq: int
    t: float
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str] = field(repr=False)
    body: str = field(repr=False)
    operation: str | None
    committed: bool = False
    status: int | None = None
    tenant: int | None = None
    fault: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the entry for the admin API."""
        return {name: getattr(self, name) for name in self.__slots__}


class Journal:
    """The requests in the order they arrived."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._seq = 0
        self._requests: Counter[str] = Counter()

    def record(self, now: float, call: Call, tenant: int | None) -> Entry:
        """Write a request down at its arrival; what becomes of it is filled in later."""
        self._seq += 1
        self._requests[call.operation or "unknown"] += 1
        entry = Entry(
            self._seq,
            now,
            call.method,
            call.path,
            dict(call.query),
            dict(call.headers),
            call.body[:BODY_CAP].decode(errors="replace"),
            call.operation,
            tenant=tenant,
        )
        self._entries.append(entry)
        return entry

    def since(self, seq: int) -> Iterator[Entry]:
        """Yield the kept entries whose number is greater than `seq`."""
        first = self._entries[0].seq if self._entries else 0
        return islice(self._entries, max(0, seq + 1 - first), None)

    def counts(self) -> dict[str, dict[str, int]]:
        """Return requests, commits and answers by operation (`unknown` for a call the API does not have)."""
        committed = Counter(entry.operation or "unknown" for entry in self._entries if entry.committed)
        answered = Counter(f"{entry.operation or 'unknown'} {entry.status}" for entry in self._entries)
        return {"requests": dict(self._requests), "committed": dict(committed), "answered": dict(answered)}

    def clear(self) -> None:
        """Forget all requests and counts; numbers go on."""
        self._entries.clear()
        self._requests.clear()
