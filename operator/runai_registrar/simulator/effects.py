"""The faults by name: what each does to one request.

A fault decides in `play` whether and when the call is carried out and what the caller gets to see. Parameters arrive
as the `params` of a rule, in camelCase, and are checked when the rule is made.
"""

import math
from typing import Annotated, Literal, Protocol

from pydantic import Field, JsonValue, TypeAdapter, model_validator

from runai_registrar.simulator.answers import JSON_TYPE, Answer, Call, error_answer, json_answer
from runai_registrar.simulator.clock import http_date
from runai_registrar.simulator.delivery import Delivery
from runai_registrar.simulator.garbage import Kind, spoil
from runai_registrar.simulator.settings import Seconds, WireModel

Status = Annotated[int, Field(ge=200, le=599)]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$")]
HeaderValue = Annotated[str, Field(pattern=r"^[ -~]*$")]
_FAR = 1_000_000_000
_BODILESS = frozenset({204, 304})


class Act(Protocol):
    """One call as a fault sees it."""

    call: Call
    shown_now: float
    """The present by the control plane's clock."""

    def commit(self) -> Answer:
        """Carry the call out and return its true answer."""

    def commit_later(self, delay: float) -> None:
        """Carry the call out after so many seconds of the simulator's time, if its token is good now."""


class _StatusFault(WireModel):
    status: Status = 503
    body: JsonValue = None
    text: str | None = None
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)

    def _answer(self) -> Answer:
        if self.status in _BODILESS:
            return Answer(self.status, headers=self.headers)
        if self.text is not None:
            return Answer(self.status, self.text.encode(), {"Content-Type": "text/plain", **self.headers})
        if self.body is not None:
            return json_answer(self.status, self.body, headers=self.headers)
        return error_answer(self.status, headers=self.headers)


class Refuse(_StatusFault):
    """Answers a status without carrying the call out; with 202 or 204 it only pretends."""

    fault: Literal["refuse"] = "refuse"

    def play(self, _act: Act) -> Delivery:
        """Answer the status."""
        return Delivery(self._answer())


class FailAfterCommit(_StatusFault):
    """Carries the call out, then answers a status as if it had failed."""

    fault: Literal["fail-after-commit"] = "fail-after-commit"

    def play(self, act: Act) -> Delivery:
        """Commit and answer the status."""
        act.commit()
        return Delivery(self._answer())


class Cut(WireModel):
    """Closes the connection without carrying the call out; `reset`: with a TCP reset."""

    fault: Literal["cut"] = "cut"
    reset: bool = False

    def play(self, _act: Act) -> Delivery:
        """Cut."""
        return Delivery(cut="reset" if self.reset else "close")


class CutAfterCommit(WireModel):
    """Carries the call out, then closes the connection."""

    fault: Literal["cut-after-commit"] = "cut-after-commit"
    reset: bool = False

    def play(self, act: Act) -> Delivery:
        """Commit and cut."""
        act.commit()
        return Delivery(cut="reset" if self.reset else "close")


class Hang(WireModel):
    """Never answers: silent for `seconds` of real time, or until the caller leaves."""

    fault: Literal["hang"] = "hang"
    seconds: Seconds | None = None

    def play(self, _act: Act) -> Delivery:
        """Keep silent."""
        return Delivery(hang=math.inf if self.seconds is None else self.seconds)


class HangAfterCommit(WireModel):
    """Carries the call out, then never answers."""

    fault: Literal["hang-after-commit"] = "hang-after-commit"
    seconds: Seconds | None = None

    def play(self, act: Act) -> Delivery:
        """Commit and keep silent."""
        act.commit()
        return Delivery(hang=math.inf if self.seconds is None else self.seconds)


class Slow(WireModel):
    """Carries the call out and answers late: after `delay`, or byte by byte `trickle` apart (real seconds)."""

    fault: Literal["slow"] = "slow"
    delay: Seconds = 0
    trickle: Seconds = 0

    def play(self, act: Act) -> Delivery:
        """Commit and answer slowly."""
        return Delivery(act.commit(), delay=self.delay, trickle=self.trickle)


class Garbage(WireModel):
    """Answers with a spoilt body; the call is carried out unless `commit` is false."""

    fault: Literal["garbage"] = "garbage"
    kind: Kind = "text"
    status: Status | None = None
    commit: bool = True
    size: Annotated[int, Field(ge=0, le=2**34)] = 100_000_000
    depth: Annotated[int, Field(ge=1, le=10_000_000)] = 100_000
    chunked: bool = False

    def play(self, act: Act) -> Delivery:
        """Commit if asked to, and spoil the body."""
        true = act.commit() if self.commit else Answer(200, b"{}")
        body, headers = spoil(self.kind, true.body, size=self.size, depth=self.depth)
        return Delivery(
            Answer(self.status or true.status, body, headers),
            padding=self.size if self.kind == "huge" else 0,
            chunked=self.chunked,
            truncate=self.kind == "truncated",
        )


class Throttle(WireModel):
    """Answers 429 without carrying the call out.

    `retryAfter` goes into the header as it stands (a number or any text); null: no header. With `asDate` it is
    a number of seconds, sent as the HTTP date that lies so far ahead by the control plane's clock.
    """

    fault: Literal["throttle"] = "throttle"
    status: Status = 429
    retry_after: int | float | HeaderValue | None = 1
    as_date: bool = False

    @model_validator(mode="after")
    def _date_is_near(self) -> "Throttle":
        number = isinstance(self.retry_after, int | float) and abs(self.retry_after) <= _FAR
        if self.as_date and not number:
            raise ValueError(f"asDate needs a retryAfter in seconds, at most {_FAR}")
        return self

    def play(self, act: Act) -> Delivery:
        """Answer 429."""
        value = self.retry_after
        if self.as_date and isinstance(value, int | float):
            value = http_date(act.shown_now + value)
        headers = {} if value is None else {"Retry-After": str(value)}
        return Delivery(error_answer(self.status, headers=headers))


class Redirect(WireModel):
    """Answers a redirect without carrying the call out."""

    fault: Literal["redirect"] = "redirect"
    status: Literal[301, 302, 303, 307, 308] = 307
    location: HeaderValue

    def play(self, _act: Act) -> Delivery:
        """Point elsewhere."""
        return Delivery(Answer(self.status, headers={"Location": self.location}))


class CommitLate(WireModel):
    """Cuts the connection, and carries the call out `delay` seconds later by the simulator's clock."""

    fault: Literal["commit-late"] = "commit-late"
    delay: Seconds = 1
    reset: bool = False

    def play(self, act: Act) -> Delivery:
        """Schedule and cut."""
        act.commit_later(self.delay)
        return Delivery(cut="reset" if self.reset else "close")


class Echo(WireModel):
    """Answers an error whose text repeats the request's headers and body, secrets included."""

    fault: Literal["echo"] = "echo"
    status: Status = 500

    def play(self, act: Act) -> Delivery:
        """Repeat the request."""
        headers = "; ".join(f"{name}: {value}" for name, value in act.call.headers.items())
        message = f"cannot serve {headers} | {act.call.body.decode(errors='replace')}"
        return Delivery(Answer(self.status, error_answer(self.status, message).body, {"Content-Type": JSON_TYPE}))


Fault = Annotated[
    Refuse
    | FailAfterCommit
    | Cut
    | CutAfterCommit
    | Hang
    | HangAfterCommit
    | Slow
    | Garbage
    | Throttle
    | Redirect
    | CommitLate
    | Echo,
    Field(discriminator="fault"),
]
"""Any of the faults above, told apart by name."""

FAULT: TypeAdapter[Fault] = TypeAdapter(Fault)
"""Reads a fault from `{fault: name, **params}`."""
