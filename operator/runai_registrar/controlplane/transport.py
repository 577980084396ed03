"""Carries one request to the endpoint and one answer back: the only module that knows httpx.

Redirects, cookies, environment proxies, netrc and retries are off. What it raises tells whether anything was sent:
httpcore reports each step of a request (its `trace` extension), and the step before the first byte is the border.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import httpx

from runai_registrar import __version__
from runai_registrar.controlplane.answers import Answer, unix_time
from runai_registrar.controlplane.bodies import UnreadableBody, read_body
from runai_registrar.controlplane.failures import why
from runai_registrar.controlplane.tls import verified_context
from runai_registrar.controlplane.wording import sentence
from runai_registrar.errors import ControlPlaneError, NotSent, Unanswered

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Callable

    from pydantic import SecretStr

    from runai_registrar.controlplane.endpoint import ConnectionSettings, Endpoint
    from runai_registrar.controlplane.requests import Request

QUIET_LOGGERS = {"httpx": logging.WARNING, "httpcore": logging.WARNING}
"""Logger levels to set at start: below them these libraries log each URL, and headers that may hold tokens."""

_CONNECT_TIMEOUT = 10.0
_CLOCK_GOOD = 60.0
"""Seconds for which a quick answer tells the time better than a slow one after it."""

_KEEPALIVE = 60.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Exchange:
    """One request that was tried, for metrics and logs.

    Attributes:
        operation: The operationId of the API file, or `token_v1`, `token_v2`.
        status: What was answered; None where nothing was.
        seconds: How long it took in all, without waiting for a turn.
    """

    operation: str
    method: str
    route: str
    status: int | None
    seconds: float


class _Bearer(httpx.Auth):
    """Writes the token into the request at the last moment, so that no other frame or repr holds it in clear."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        yield request


class _Journey:
    """How far one request got; httpcore calls it at each step.

    Attributes:
        sent_at: Unix time directly before the first byte of the request; None before that.
        reused: Whether it went over a connection kept from before.
    """

    def __init__(self, before_send: Callable[[], None] | None) -> None:
        self._before_send = before_send
        self.sent_at: float | None = None
        self.reused = True

    async def __call__(self, step: str, info: dict[str, Any]) -> None:
        """Note the step; an exception from `before_send` ends the journey before anything is sent."""
        if step == "connection.connect_tcp.started":
            self.reused = False
        elif step == "http11.send_request_headers.started" and info["request"].method != b"CONNECT":
            if self._before_send is not None:
                self._before_send()
            self.sent_at = time.time()


class Transport:
    """The connections to one control plane.

    Attributes:
        clock_offset: Seconds by which the control plane's clock is ahead of the local wall clock, by the quickest
            answer of late with a Date header (which is cut to whole seconds: hence half a second is added).
        clock_error: Seconds by which that may be wrong either way: half a second, and half of the time it took.
    """

    def __init__(self, settings: ConnectionSettings, observe: Callable[[Exchange], None]) -> None:
        self._endpoint = settings.endpoint
        self._timeout = settings.request_timeout
        self._observe = observe
        self._http = _http_client(settings)
        self.clock_offset: float | None = None
        self.clock_error = 0.0
        self._clock_read = 0.0

    async def aclose(self) -> None:
        """Close all connections; requests under way fail."""
        await self._http.aclose()

    async def exchange(
        self,
        request: Request,
        token: SecretStr | None = None,
        before_send: Callable[[], None] | None = None,
    ) -> Answer:
        """Send one request and read its whole answer, whatever its status.

        Args:
            request: What to ask for.
            token: The bearer token; None for token requests.
            before_send: Called directly before the first byte leaves, over a connection that stands; what it raises
                is raised from here, and then nothing was sent.

        Raises:
            NotSent: Nothing left this process.
            Unanswered: Something did, and no readable answer came back in time.
        """
        began = time.monotonic()
        answer: Answer | None = None
        try:
            answer = await self._within_time(request, token, before_send)
        finally:
            seconds = time.monotonic() - began
            status = None if answer is None else answer.status
            self._observe(Exchange(request.operation, request.method, request.route, status, seconds))
            _log.debug("%s %s: %s in %.3f s", request.method, request.route, status or "no answer", seconds)
        return answer

    async def _within_time(
        self,
        request: Request,
        token: SecretStr | None,
        before_send: Callable[[], None] | None,
    ) -> Answer:
        journey = _Journey(before_send)
        try:
            async with asyncio.timeout(self._timeout):
                return await self._answer(request, token, journey)
        except UnreadableBody as error:
            failure = _failed(journey, f"its answer cannot be read: {error}")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, RuntimeError) as error:
            failure = _failed(journey, why(error))
        # Raised out here: the frames of the library's exceptions hold headers and bodies in clear.
        raise failure

    async def _answer(self, request: Request, token: SecretStr | None, journey: _Journey) -> Answer:
        """Try once; a read that met a kept connection the other side had just closed is tried a second time."""
        try:
            return await self._once(request, token, journey)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            if request.method != "GET" or not journey.reused:
                raise
        return await self._once(request, token, journey)

    async def _once(self, request: Request, token: SecretStr | None, journey: _Journey) -> Answer:
        async with self._http.stream(
            request.method,
            self._endpoint.url_of(request),
            content=request.content,
            headers={"Content-Type": request.content_type} if request.content is not None else None,
            auth=_Bearer(token) if token is not None else None,
            extensions={"trace": journey},
        ) as response:
            received_at = time.time()
            self._note_clock(response.headers.get("date", ""), journey.sent_at, received_at)
            encoding = response.headers.get("content-encoding", "")
            body = await read_body(response.aiter_raw(), encoding, request.body_limit)
            return Answer(response.status_code, dict(response.headers), body, received_at)

    def _note_clock(self, date: str, sent_at: float | None, received_at: float) -> None:
        theirs = unix_time(date)
        if theirs is not None and sent_at is not None:
            offset, error = theirs + 0.5 - (sent_at + received_at) / 2, 0.5 + (received_at - sent_at) / 2
            if error <= self.clock_error or self._outdated(offset, error, received_at):
                self.clock_offset, self.clock_error, self._clock_read = offset, error, received_at

    def _outdated(self, offset: float, error: float, at: float) -> bool:
        """Whether what was read before counts no more: there is none, it is old, or one of the clocks was set."""
        if self.clock_offset is None or at - self._clock_read > _CLOCK_GOOD:
            return True
        return abs(offset - self.clock_offset) > error + self.clock_error


def _http_client(settings: ConnectionSettings) -> httpx.AsyncClient:
    endpoint = settings.endpoint
    tls = verified_context(endpoint.ca_bundle)
    return httpx.AsyncClient(
        verify=tls,
        proxy=_proxy(endpoint, tls),
        trust_env=False,
        follow_redirects=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={
            "User-Agent": f"runai-registrar/{__version__}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        },
        timeout=httpx.Timeout(settings.request_timeout, connect=min(_CONNECT_TIMEOUT, settings.request_timeout)),
        limits=httpx.Limits(
            max_connections=settings.max_in_flight,
            max_keepalive_connections=settings.max_in_flight,
            keepalive_expiry=_KEEPALIVE,
        ),
    )


def _proxy(endpoint: Endpoint, tls: ssl.SSLContext) -> httpx.Proxy | None:
    """Return the configured proxy, itself verified where it is an https one."""
    if endpoint.proxy_url is None:
        return None
    return httpx.Proxy(endpoint.proxy_url, ssl_context=tls if endpoint.proxy_url.startswith("https:") else None)


def _failed(journey: _Journey, reason: str) -> ControlPlaneError:
    """Build the error for a journey that ended without an answer, by whether its request was on the way."""
    if journey.sent_at is None:
        return NotSent(sentence("The control plane could not be reached", reason))
    return Unanswered(sentence("The control plane was asked and gave no usable answer", reason))
