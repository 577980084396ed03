"""The simulated control plane without its sockets: from a call to what is delivered."""

import heapq
import itertools
import math
import secrets
from collections.abc import Callable

from runai_registrar.simulator import token_api
from runai_registrar.simulator.answers import Answer, Call, RefusedError, error_answer
from runai_registrar.simulator.clock import Clock
from runai_registrar.simulator.delivery import Delivery
from runai_registrar.simulator.faults import Faults
from runai_registrar.simulator.journal import Entry, Journal
from runai_registrar.simulator.operations import perform
from runai_registrar.simulator.rate import Rate
from runai_registrar.simulator.settings import Settings
from runai_registrar.simulator.state import World
from runai_registrar.simulator.tokens import Credential, Tokens

DEFAULT_TENANT = 1001
_TOKEN_CALLS = {"token_v1": token_api.token_v1, "token_v2": token_api.token_v2}


class Simulator:
    """One control plane with its tenants; `simulator.world`, `.tokens`, `.faults` and `.journal` are its parts.

    Args:
        settings: The switches at the start, and after a reset.
        clock: What time it is; `Clock.frozen()` for tests that set it forward themselves.
        credentials: Who may log in at the start, and after a reset; default: one service account named
            `registrar` of tenant 1001, with a random secret.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        clock: Clock | None = None,
        credentials: tuple[Credential, ...] = (),
    ) -> None:
        self.clock = clock or Clock()
        self._first_settings = settings or Settings()
        self._first_credentials = credentials or (Credential("registrar", secrets.token_urlsafe(24), DEFAULT_TENANT),)
        self.reset()

    def reset(self) -> None:
        """Go back to the start: no clusters, tokens, faults or journal; the first settings and credentials."""
        self.world = World(self._first_settings)
        self.tokens = Tokens()
        self.faults = Faults()
        self.journal = Journal()
        self._rate = Rate()
        self._late: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = itertools.count()
        for credential in self._first_credentials:
            self.tokens.add(credential)

    @property
    def settings(self) -> Settings:
        """The switches in force."""
        return self.world.settings

    @settings.setter
    def settings(self, settings: Settings) -> None:
        """Put other switches in force."""
        self.world.settings = settings

    @property
    def credential(self) -> Credential:
        """The first credential, as given at the start."""
        return self._first_credentials[0]

    def now(self) -> float:
        """Return the present, after carrying out the late commits that are due by then."""
        now = self.clock.now()
        while self._late and self._late[0][0] <= now:
            due, _, commit = heapq.heappop(self._late)
            commit(due)
        return now

    def shown_now(self) -> float:
        """Return the present by the control plane's clock, which may be skewed."""
        return self.clock.now() + self.settings.clock_skew

    def record(self, call: Call) -> Entry:
        """Write a request into the journal at its arrival."""
        token = self.tokens.look_up(call.headers.get("authorization", ""))
        return self.journal.record(self.now(), call, token.tenant if token else None)

    def respond(self, call: Call, entry: Entry) -> Delivery:
        """Carry a request out, or let a fault strike it; the journal entry is brought up to date."""
        now = self.now()
        if wait := self._rate.wait(now, self.settings.rate_limit):
            return Delivery(error_answer(429, headers={"Retry-After": str(math.ceil(wait))}))
        rule = self.faults.strike(call)
        act = _Act(self, call, entry, now)
        if rule is None:
            return Delivery(act.commit())
        entry.fault = rule.id
        return rule.effect.play(act)

    def schedule(self, due: float, commit: Callable[[float], None]) -> None:
        """Have something carried out once the clock has reached `due`."""
        heapq.heappush(self._late, (due, next(self._order), commit))

    def authorize(self, call: Call, now: float) -> int:
        """Return the tenant a call is made in.

        Raises:
            RefusedError: 401, the token is absent, unknown or expired.
        """
        token = self.tokens.look_up(call.headers.get("authorization", ""))
        if token is None or token.expires <= now:
            message = "the bearer token is absent or unknown" if token is None else "the bearer token is expired"
            raise RefusedError(401, message, {"WWW-Authenticate": "Bearer"})
        return token.tenant


class _Act:
    """One request being carried out (`effects.Act`)."""

    def __init__(self, simulator: Simulator, call: Call, entry: Entry, now: float) -> None:
        self.call = call
        self.shown_now = simulator.shown_now()
        self._simulator = simulator
        self._entry = entry
        self._now = now

    def commit(self) -> Answer:
        try:
            return self._note(self._true_answer())
        except RefusedError as refused:
            return refused.answer

    def commit_later(self, delay: float) -> None:
        if self.call.operation is None:
            return
        try:
            is_token = self.call.operation in _TOKEN_CALLS
            tenant = None if is_token else self._simulator.authorize(self.call, self._now)
        except RefusedError:
            return
        self._simulator.schedule(self._now + delay, lambda due: self._commit_at(due, tenant))

    def _commit_at(self, due: float, tenant: int | None) -> None:
        self._now = due
        try:
            self._note(self._token_answer() if tenant is None else self._operation_answer(tenant))
        except RefusedError:
            return

    def _true_answer(self) -> Answer:
        if self.call.operation is None:
            raise self._no_such_call()
        if self.call.operation in _TOKEN_CALLS:
            return self._token_answer()
        return self._operation_answer(self._simulator.authorize(self.call, self._now))

    def _token_answer(self) -> Answer:
        endpoint = _TOKEN_CALLS[str(self.call.operation)]
        return endpoint(self.call, self._simulator.tokens, self._simulator.settings, self._now)

    def _operation_answer(self, tenant: int) -> Answer:
        return perform(self.call, self._simulator.world, tenant, self._now)

    def _no_such_call(self) -> RefusedError:
        if not self.call.allowed:
            return RefusedError(404, "no such path")
        return RefusedError(405, "the path has no such method", {"Allow": ", ".join(self.call.allowed)})

    def _note(self, answer: Answer) -> Answer:
        self._entry.committed = answer.committed
        self._entry.tenant = self._entry.tenant if answer.tenant is None else answer.tenant
        return answer
