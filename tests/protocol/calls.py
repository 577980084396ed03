"""Requests on their way, and the coroutines that wait for them: what can be stopped, lost or delayed at any point."""

from collections.abc import Callable, Coroutine, Generator
from typing import Any

from runai_registrar.errors import RegistrarError

TIMEOUT = 30.0
"""Seconds a request may take; after that its caller has given up, and only a late POST may still take effect."""


class Call:
    """One request: it takes effect at the server once or never, and its answer reaches the caller once or never.

    `kind` is the verb (`POST`, `PUT`, `DELETE`, `GET`, `LIST` to the control plane; `announce`, `release`, `status`,
    `read`, `registrations` to the API server; `turn` is the wait for limiter and token, `pause` that between two lists:
    both come before anything is sent). It is answered at `due` at the earliest.
    """

    def __init__(self, kind: str, owner: str, effect: Callable[[], Any], lost: RegistrarError, sent: float) -> None:
        self.kind, self.owner, self.sent = kind, owner, sent
        self._effect, self._lost = effect, lost
        self._result: Any = None
        self._error: RegistrarError | None = None
        self.arrived = False
        self.late = False
        self.due = sent

    def __await__(self) -> Generator["Call", Any, Any]:
        return (yield self)

    def __str__(self) -> str:
        return f"{self.kind} for {self.owner}"

    @property
    def inner(self) -> bool:
        """Whether nothing leaves the process by it."""
        return self.kind in ("turn", "pause")

    def arrive(self) -> None:
        """Take effect at the server."""
        self.arrived = True
        try:
            self._result = self._effect()
        except RegistrarError as error:
            self._error = error

    def refuse(self, error: RegistrarError) -> None:
        """Be refused by the server, without effect."""
        self.arrived, self._error = True, error

    def garble(self, result: Any, error: RegistrarError | None = None) -> None:
        """Have its answer say something else than what it did."""
        self._result, self._error = result, error

    @property
    def answer(self) -> tuple[Any, RegistrarError | None]:
        """What the server said."""
        return self._result, self._error

    @property
    def nothing(self) -> tuple[None, RegistrarError]:
        """What the caller makes of silence."""
        return None, self._lost


class Task:
    """One run of a coroutine of the operator, from request to request."""

    def __init__(self, key: str, coroutine: Coroutine[Call, Any, Any]) -> None:
        self.key = key
        self._coroutine = coroutine
        self.call: Call | None = None
        self.error: RegistrarError | None = None

    @property
    def ended(self) -> bool:
        """Whether it has run to its end."""
        return self.call is None

    def resume(self, answer: tuple[Any, RegistrarError | None] = (None, None)) -> None:
        """Run on, to the next request or to the end."""
        result, error = answer
        self.call = None
        try:
            self.call = self._coroutine.send(result) if error is None else self._coroutine.throw(error)
        except StopIteration:
            return
        except RegistrarError as failure:
            self.error = failure

    def kill(self) -> None:
        """End in the middle, as a crash does."""
        self._coroutine.close()
