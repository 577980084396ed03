"""Tokens: asked for once, ahead of expiry, and never asked for again and again where they are refused."""

import asyncio
import copy
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
from pydantic import SecretStr

from controlplane.servers import CREDENTIALS
from runai_registrar.controlplane.answers import Answer
from runai_registrar.controlplane.auth import REFUSAL_KEPT, Authenticator, Credentials
from runai_registrar.controlplane.requests import Request
from runai_registrar.errors import AuthenticationFailed, CredentialsNotFound, NotSent, Unanswered


class TokenEndpoint:
    """Answers with numbered tokens; `outcome` can be changed to a status, or to an exception.

    Attributes:
        now: The monotonic time it is.
        asked: The requests so far.
    """

    def __init__(self, expires_in: object = 3600) -> None:
        self.now = 0.0
        self.asked: list[Request] = []
        self.outcome: int | Exception = 200
        self.expires_in = expires_in

    async def ask(self, request: Request) -> Answer:
        """Answer one request after giving everybody else a turn."""
        self.asked.append(request)
        await asyncio.sleep(0)
        if isinstance(self.outcome, Exception):
            raise copy.copy(self.outcome)
        lifetime = f', "expires_in": {self.expires_in}' if self.expires_in is not None else ""
        return Answer(self.outcome, {}, f'{{"access_token": "t{len(self.asked)}"{lifetime}}}'.encode(), 0.0)

    def authenticator(self) -> Authenticator:
        """Return an authenticator that asks here."""
        return Authenticator(CREDENTIALS, self.ask, clock=lambda: self.now)


async def outcomes(ask: Callable[[], Awaitable[SecretStr]], times: int) -> list[object]:
    """Ask at once and return tokens and errors."""
    return await asyncio.gather(*(ask() for _ in range(times)), return_exceptions=True)


@pytest.mark.case("R-39", injected="lifetimes of 0, none and 1e12 seconds", outcome="clamped; replaced ahead of expiry")
@pytest.mark.parametrize(
    ("expires_in", "used_for"),
    [(3600, 3540.0), (300, 240.0), (100, 80.0), (5, 4.0), (None, 48.0), (0, 48.0), (1e12, 86_340.0)],
)
async def test_ahead_of_expiry(expires_in: object, used_for: float) -> None:
    """A token is used until shortly before it expires, and not after."""
    endpoint = TokenEndpoint(expires_in)
    authenticator = endpoint.authenticator()
    first = await authenticator.token()

    endpoint.now = used_for - 0.01
    assert await authenticator.token() == first
    endpoint.now = used_for
    assert await authenticator.token() != first


@pytest.mark.case("R-38", injected="a rejection of an older token that comes late", outcome="the newer token is kept")
async def test_only_the_rejected_one() -> None:
    """A rejection that comes late, about an older token, does not cost the newer one."""
    endpoint = TokenEndpoint()
    authenticator = endpoint.authenticator()
    old = await authenticator.token()
    authenticator.reject(old)
    new = await authenticator.token()

    authenticator.reject(old)

    assert await authenticator.token() == new
    assert len(endpoint.asked) == 2


async def test_shared_failure() -> None:
    """Those who wait for a refresh that fails share its failure; the next one asks again."""
    endpoint = TokenEndpoint()
    endpoint.outcome = Unanswered("It was asked and gave no answer.", retry_after=3.0)
    authenticator = endpoint.authenticator()

    errors = await outcomes(authenticator.token, 20)

    assert len(endpoint.asked) == 1
    assert {type(error) for error in errors} == {NotSent}
    assert {getattr(error, "retry_after", None) for error in errors} == {3.0}
    assert len({id(error) for error in errors}) == 20
    assert all(isinstance(error, NotSent) and isinstance(error.__cause__, Unanswered) for error in errors)
    endpoint.outcome = 200
    assert (await authenticator.token()).get_secret_value() == "t2"


async def test_refused_credentials() -> None:
    """Refused credentials are not tried again for a while, whoever asks."""
    endpoint = TokenEndpoint()
    endpoint.outcome = 401
    authenticator = endpoint.authenticator()

    errors = await outcomes(authenticator.token, 5) + await outcomes(authenticator.token, 5)
    assert {type(error) for error in errors} == {AuthenticationFailed}
    assert len(endpoint.asked) == 1

    endpoint.now, endpoint.outcome = REFUSAL_KEPT, 200
    assert (await authenticator.token()).get_secret_value() == "t2"


async def test_credentials_that_stay_refused() -> None:
    """The longer they are refused the seldomer they are tried, every five minutes in the end; a success forgets it."""
    endpoint = TokenEndpoint()
    endpoint.outcome = 401
    authenticator = endpoint.authenticator()
    tried: list[float] = []
    for second in range(1500):
        endpoint.now = float(second)
        asked = len(endpoint.asked)
        await outcomes(authenticator.token, 1)
        tried += [endpoint.now] if len(endpoint.asked) > asked else []

    pauses = [after - one for one, after in pairwise(tried)]
    assert pauses == [30, 60, 120, 240, 300, 300, 300]


async def test_cancelled_refresh() -> None:
    """A refresh whose caller is cancelled is taken over by one who waits."""
    endpoint = TokenEndpoint()
    authenticator = endpoint.authenticator()
    first, second = (asyncio.create_task(authenticator.token()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()

    assert (await second).get_secret_value() == "t2"
    assert first.cancelled()


@pytest.mark.parametrize("status", [204, 302, 409, 429, 500])
async def test_no_token(status: int) -> None:
    """Anything but a token or a refusal of the credentials means that the call was not sent."""
    endpoint = TokenEndpoint()
    endpoint.outcome = status

    with pytest.raises(NotSent, match="No token could be had") as caught:
        await endpoint.authenticator().token()
    assert caught.value.status == status


async def test_known_secrets() -> None:
    """The client secret, the token and the one rejected before are known as secrets."""
    authenticator = TokenEndpoint().authenticator()
    authenticator.reject(await authenticator.token())
    await authenticator.token()

    assert {one.get_secret_value() for one in authenticator.secrets} == {"canary-client-secret", "t1", "t2"}


@pytest.mark.case("R-40", injected="credentials with line breaks and blanks around them", outcome="taken without them")
def test_white_space() -> None:
    """White space around credentials, as files and editors add it, is no part of them."""
    credentials = Credentials(" id\n", SecretStr("\tsecret\r\n"))

    assert (credentials.client_id, credentials.client_secret.get_secret_value()) == ("id", "secret")


@pytest.mark.case("R-40", injected="credentials that are empty", outcome="CredentialsNotFound")
@pytest.mark.parametrize(("client_id", "client_secret"), [("", "secret"), ("id", ""), (" \n", "secret"), ("id", "\n")])
def test_empty_credentials(client_id: str, client_secret: str) -> None:
    """Empty credentials are none."""
    with pytest.raises(CredentialsNotFound):
        Credentials(client_id, SecretStr(client_secret))
