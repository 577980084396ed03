"""Bearer tokens for one control plane: one refresh at a time, ahead of expiry, and once after a 401."""

from __future__ import annotations

import asyncio
import copy
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr

from runai_registrar.controlplane import protocol, requests
from runai_registrar.controlplane.wording import MESSAGE_LIMIT, shortened
from runai_registrar.errors import AuthenticationFailed, ControlPlaneError, CredentialsNotFound, NotSent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from runai_registrar.controlplane.answers import Answer
    from runai_registrar.controlplane.models import Token

    _TokenRequest = Callable[[str, str], requests.Request]

LONGEST_LEEWAY = 60.0
"""Seconds before its expiry at which a token counts as expired, for tokens of five minutes and more."""

LEEWAY_SHARE = 0.2
"""The part of a shorter token's lifetime that is not used."""

REFUSAL_KEPT = 30.0
"""Seconds for which refused credentials are not tried again: a thousand registrations must not lock an account."""

LONGEST_REFUSAL_KEPT = 300.0
"""Seconds for which they are not tried again at most: each refusal doubles the time."""


_HIGHEST_EXPONENT = 10


@dataclass(frozen=True)
class Credentials:
    """Client id and client secret, without the white space that files and editors add.

    Raises:
        CredentialsNotFound: One of them is empty.
    """

    client_id: str
    client_secret: SecretStr

    def __post_init__(self) -> None:
        """Strip both and check that something is left."""
        object.__setattr__(self, "client_id", self.client_id.strip())
        object.__setattr__(self, "client_secret", SecretStr(self.client_secret.get_secret_value().strip()))
        if not self.client_id or not self.client_secret:
            raise CredentialsNotFound(
                "The credentials Secret must hold a clientId and a clientSecret that are not empty."
            )


@dataclass(frozen=True)
class _Held:
    """A token and the monotonic second until which it is used."""

    token: SecretStr
    usable_until: float


class Authenticator:
    """Keeps a usable token.

    Args:
        credentials: What tokens are asked for with.
        ask: Sends one request, paced, and returns its answer; raises NotSent or Unanswered.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        credentials: Credentials,
        ask: Callable[[requests.Request], Awaitable[Answer]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credentials = credentials
        self._ask = ask
        self._clock = clock
        self._endpoints: tuple[_TokenRequest, ...] = (requests.token_v2, requests.token_v1)
        self._refreshing = asyncio.Lock()
        self._held: _Held | None = None
        self._rejected: SecretStr | None = None
        self._failure: ControlPlaneError | None = None
        self._failures = self._refusals = 0
        self._refused_until = 0.0

    @property
    def secrets(self) -> tuple[SecretStr, ...]:
        """Every value that must not appear in a message: the client secret, the token, the one rejected before."""
        known = (self._credentials.client_secret, self._held and self._held.token, self._rejected)
        return tuple(secret for secret in known if secret)

    async def token(self) -> SecretStr:
        """Return a token that is not about to expire, asking for one if need be.

        Callers that come while a refresh is under way share its outcome, good or bad.

        Raises:
            AuthenticationFailed: The credentials were refused, now or a while ago (see REFUSAL_KEPT).
            NotSent: No token could be had for another reason, which is chained.
        """
        failures_seen = self._failures
        if (held := self._usable()) is None:
            async with self._refreshing:
                if (held := self._usable()) is None:
                    self._share_failure(failures_seen)
                    held = await self._refresh()
        return held.token

    def reject(self, token: SecretStr) -> None:
        """Forget the token if it is the one that was answered 401: by now there may be a newer one."""
        if self._held is not None and self._held.token == token:
            self._rejected, self._held = token, None

    def _usable(self) -> _Held | None:
        return self._held if self._held is not None and self._clock() < self._held.usable_until else None

    def _share_failure(self, failures_seen: int) -> None:
        """Raise the last failure again if it came while the caller waited, or if it is a refusal still kept."""
        if self._failure is not None and (self._failures != failures_seen or self._clock() < self._refused_until):
            raise copy.copy(self._failure) from self._failure.__cause__

    async def _refresh(self) -> _Held:
        asked_at = self._clock()
        try:
            token = await self._ask_for_token()
        except ControlPlaneError as error:
            self._note_failure(error)
            raise
        self._failure, self._refusals = None, 0
        leeway = min(LONGEST_LEEWAY, LEEWAY_SHARE * token.expires_in)
        self._held = _Held(token.access_token, asked_at + token.expires_in - leeway)
        return self._held

    def _note_failure(self, error: ControlPlaneError) -> None:
        """Keep what those who wait are told: a copy, without the frames of the one that asked."""
        self._failures += 1
        self._failure = copy.copy(error)
        self._failure.__cause__ = error.__cause__
        if isinstance(error, AuthenticationFailed):
            self._refused_until = self._clock() + min(REFUSAL_KEPT * 2**self._refusals, LONGEST_REFUSAL_KEPT)
            self._refusals = min(self._refusals + 1, _HIGHEST_EXPONENT)

    async def _ask_for_token(self) -> Token:
        """Ask the endpoint that answered last, then the other one where that is not there (any more)."""
        for endpoint in self._endpoints:
            if (token := await self._ask_at(endpoint)) is not None:
                self._endpoints = (endpoint, *(other for other in self._endpoints if other is not endpoint))
                return token
        raise NotSent("There is no token endpoint at this address. Check spec.url.")

    async def _ask_at(self, endpoint: _TokenRequest) -> Token | None:
        secret = self._credentials.client_secret
        try:
            answer = await self._ask(endpoint(self._credentials.client_id, secret.get_secret_value()))
            return protocol.read_token(answer, self.secrets)
        except (AuthenticationFailed, NotSent):
            raise
        except ControlPlaneError as error:
            message = shortened(f"No token could be had. {error.message}", MESSAGE_LIMIT)
            raise NotSent(message, reason=error.reason, status=error.status, retry_after=error.retry_after) from error
