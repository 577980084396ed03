"""What can be done to a request on its way: the words of the simulator's faults, and those of a watch, for both sides.

A fault strikes the requests that it matches, from the `nth` on (1 is the first), `times` times (None: until it is
lifted). `refuse`, `cut` and `hang` keep a request from the server; their counterparts `…_after_commit` let the server
carry it out and withhold the answer. `hang` lets a request go on when the fault is lifted.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from faults.calls import Call, Point
from reliability import InVain

Match = Callable[[Call], bool]
EventMatch = Callable[[Mapping[str, Any]], bool]


class Kind(StrEnum):
    """What happens to a request that is struck."""

    REFUSE = "refuse"
    CUT = "cut"
    HANG = "hang"
    FAIL_AFTER_COMMIT = "fail-after-commit"
    CUT_AFTER_COMMIT = "cut-after-commit"
    HANG_AFTER_COMMIT = "hang-after-commit"
    LATE_ANSWER = "late-answer"  # carried out; the server's own answer comes when the fault is lifted
    STALE_LIST = "stale-list"  # the list is answered as it was first answered to anybody
    SILENT_WATCH = "silent-watch"  # open, and nothing comes, until lifted: then all that was held back
    LOSE_EVENT = "lose-event"  # one event never comes
    GONE_WATCH = "gone-watch"  # an ERROR event with code 410, then the end
    STRIKE = "strike"  # `act` is called at `point`, and the request goes no further


BEFORE = frozenset({Kind.REFUSE, Kind.CUT, Kind.HANG, Kind.STALE_LIST})
AFTER = frozenset({Kind.FAIL_AFTER_COMMIT, Kind.CUT_AFTER_COMMIT, Kind.HANG_AFTER_COMMIT, Kind.LATE_ANSWER})
WATCH = frozenset({Kind.SILENT_WATCH, Kind.LOSE_EVENT, Kind.GONE_WATCH})


@dataclass(eq=False)
class Fault:
    """One fault; see the module for what strikes when.

    Attributes:
        status: What is answered by `refuse` and `fail-after-commit`.
        event: Which events `lose-event` takes away.
        point: Where `strike` acts, and `act` what it does (it must not wait for the request).
        hits: How many requests (of `lose-event`: events) were struck.
        reached: Set when the first one was.
        lifted: Set by `lift`; nothing is struck any more, and what hangs goes on.
    """

    kind: Kind
    match: Match
    nth: int = 1
    times: int | None = 1
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    event: EventMatch = lambda _: True
    point: Point = Point.BEFORE_SEND
    act: Callable[[], None] = lambda: None
    hits: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    lifted: threading.Event = field(default_factory=threading.Event)
    _seen: int = 0

    def lift(self) -> None:
        """End the fault."""
        self.lifted.set()

    def wait_reached(self, timeout: float = 30.0) -> None:
        """Return when it has struck; InVain if it never does."""
        if not self.reached.wait(timeout):
            raise InVain(f"{self.kind} never struck in {timeout:g} s")

    def chooses(self, call: Call) -> bool:
        """Whether it strikes this request; each request is asked about once."""
        if self.lifted.is_set() or not self.match(call):
            return False
        self._seen += 1
        return self._seen >= self.nth and (self.times is None or self._seen < self.nth + self.times)

    def strike(self) -> None:
        """Note that it has struck."""
        self.hits += 1
        self.reached.set()

    @property
    def body(self) -> bytes:
        """What `refuse` and `fail-after-commit` answer: a Kubernetes Status, which is an error of the other API too."""
        reason = {409: "Conflict", 410: "Expired", 429: "TooManyRequests", 403: "Forbidden"}.get(self.status, "")
        said = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "a fault"}
        return json.dumps(said | {"reason": reason, "code": self.status}).encode()


async def until_lifted(fault: Fault) -> None:
    """Wait, in a proxy's loop, until a test has lifted the fault in its own thread."""
    while not fault.lifted.is_set():  # noqa: ASYNC110  # lifted from another thread, which knows no loop
        await asyncio.sleep(0.02)


def on(what: str, **wanted: object) -> Match:
    """Match requests by `Call.what` and attributes of `Call`."""
    return lambda call: call.what == what and all(getattr(call, name) == value for name, value in wanted.items())


def carrying(match: Match, text: str) -> Match:
    """Match requests whose body holds a text as well."""
    return lambda call: match(call) and text.encode() in call.body


JOURNAL = "x-journal"
"""The header by which the control plane's own journal tells the number of a request in the joint one."""

WRITE_1 = on("patch runaiclusterregistrations")
"""Finalizer and create-attempt; also the release of the finalizer."""
WRITE_2 = on("patch runaiclusterregistrations/status")
LIST = on("list runaiclusterregistrations")
WATCH_REGISTRATIONS = on("watch runaiclusterregistrations")
WATCH_PLANES = on("watch runaicontrolplanes")
TOKEN = on("POST /api/v2/token")
POST = on("POST /api/v1/clusters")
CLUSTERS = on("GET /api/v1/clusters")
PUT = on("PUT /api/v1/clusters/{uuid}")
DELETE = on("DELETE /api/v1/clusters/{uuid}")


def changes(call: Call) -> bool:
    """Match requests that create, rename or delete a cluster."""
    return POST(call) or PUT(call) or DELETE(call)
