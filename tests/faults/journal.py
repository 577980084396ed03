"""The joint journal of the proxies on both sides: every request of every operator, in one order."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from faults.calls import Call, Side
from reliability import InVain


class Journal:
    """The requests in the order they arrived; proxies write to it from their own threads."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._changed = threading.Condition()

    def record(self, who: str, side: Side, **fields: Any) -> Call:
        """Write a request down at its arrival; its proxy fills in what becomes of it."""
        with self._changed:
            call = Call(seq=len(self._calls) + 1, t=time.monotonic(), who=who, side=side, **fields)
            self._calls.append(call)
            self._changed.notify_all()
        return call

    def end(self, call: Call) -> None:
        """Note that nothing more will become of a request."""
        with self._changed:
            call.ended = len(self._calls) + 1
            self._changed.notify_all()

    @property
    def moment(self) -> int:
        """The number of the latest request: what comes later is greater."""
        return len(self._calls)

    def calls(self, *, since: int = 0, side: Side | None = None, **wanted: object) -> list[Call]:
        """The requests after number `since`; `wanted` are attributes of `Call` and their values."""
        return [
            call
            for call in self._calls[since:]
            if side in (None, call.side) and all(getattr(call, name) == value for name, value in wanted.items())
        ]

    def writes(self, *, since: int = 0) -> Counter[tuple[Side, str]]:
        """How often each change was asked for, on either side."""
        return Counter((call.side, call.what) for call in self._calls[since:] if call.is_write)

    def wait_for(self, holds: Callable[[Call], bool], *, since: int = 0, timeout: float = 30.0, what: str = "") -> Call:
        """The first request after `since` for which something holds; InVain if none comes."""
        with self._changed:
            found: list[Call] = []

            def came() -> bool:
                found[:] = [call for call in self._calls[since:] if holds(call)][:1]
                return bool(found)

            if not self._changed.wait_for(came, timeout):
                raise InVain(f"never asked in {timeout:g} s: {what or holds}")
            return found[0]
