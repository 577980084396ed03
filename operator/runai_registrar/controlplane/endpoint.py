"""Where a control plane is and how hard it may be asked (pure, apart from reading certificates).

An endpoint is the only thing that decides which host is contacted: scheme, host and port come from here, redirects are
off, and request paths are constants. So it is strict about what it accepts, and one parser (this one) reads the URL.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from runai_registrar.controlplane.addresses import METADATA_NAMES, is_barred
from runai_registrar.controlplane.tls import certificates_of
from runai_registrar.errors import InvalidEndpoint

if TYPE_CHECKING:
    from runai_registrar.controlplane.requests import Request

_URL = re.compile(
    r"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<prefix>(?:/[A-Za-z0-9._~-]+)*)/?",
)
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_NUMBER_LIKE = re.compile(r"(0[xX][0-9A-Fa-f]*|[0-9]+)")
_LONGEST_URL = 2048
_LONGEST_HOST = 253
_HIGHEST_PORT = 65535
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Endpoint:
    """A control plane's address, checked and in one spelling.

    Attributes:
        url: `https://host[:port][/prefix]`; http for loopback hosts, or with `allow_insecure`.
        ca_bundle: PEM certificates trusted besides the system's.
        proxy_url: `http[s]://host[:port]`; nothing in the environment is looked at.
        allow_insecure: Allows http to any host.
        origin: Scheme, host and port in lower case, the default port left out.
        prefix: The path below which the API is, without a slash at its end.

    Raises:
        InvalidEndpoint: A part cannot be used; the message names the part and never quotes the value.
    """

    url: str
    ca_bundle: str | None = field(default=None, repr=False)
    proxy_url: str | None = None
    allow_insecure: bool = False
    origin: str = field(init=False)
    prefix: str = field(init=False)

    def __post_init__(self) -> None:
        """Check every part and keep the normal spelling of each."""
        place = _place("spec.url", self.url)
        if place.scheme == "http" and not (self.allow_insecure or place.is_loopback):
            raise InvalidEndpoint(
                "spec.url must be https: http is only for loopback hosts, or with spec.allowInsecureTransport.",
            )
        self._keep(url=place.origin + place.prefix, origin=place.origin, prefix=place.prefix)
        if self.proxy_url is not None:
            self._keep(proxy_url=_proxy_origin(self.proxy_url))
        if self.ca_bundle is not None:
            self._keep(ca_bundle=certificates_of(self.ca_bundle))

    def _keep(self, **values: str) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def url_of(self, request: Request) -> str:
        """Return the full URL of a request, query encoded."""
        query = f"?{urlencode(request.query)}" if request.query else ""
        return f"{self.origin}{self.prefix}{request.path}{query}"


@dataclass(frozen=True)
class ConnectionSettings:
    """How one control plane is talked to.

    Attributes:
        request_timeout: Seconds one request may take in all, connecting and reading included.
        requests_per_second: Requests that may be started per second, evenly spaced.
        max_in_flight: Requests under way at once, and connections kept.
        patience: Seconds a call waits for its turn (limiter, Retry-After, outage) before it gives up unsent.
    """

    endpoint: Endpoint
    request_timeout: float = 30.0
    requests_per_second: float = 20.0
    max_in_flight: int = 10
    patience: float = 10.0


@dataclass(frozen=True)
class _Place:
    """A URL in its parts, each in its normal spelling."""

    scheme: str
    host: str
    port: int
    prefix: str

    @property
    def origin(self) -> str:
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"

    @property
    def is_loopback(self) -> bool:
        address = _address(self.host)
        return self.host == "localhost" or (address is not None and address.is_loopback)


def _place(name: str, url: str, *, proxy: bool = False) -> _Place:
    """Take a URL apart; `name` is what the user calls it. A proxy may be http as well as https."""
    text = url.strip()
    match = _URL.fullmatch(text)
    if match is None or len(text) > _LONGEST_URL:
        raise InvalidEndpoint(f"{name} {_flaw(text, proxy=proxy)}")
    scheme = match["scheme"].lower()
    port = int(match["port"]) if match["port"] else _DEFAULT_PORTS[scheme]
    if not 0 < port <= _HIGHEST_PORT:
        raise InvalidEndpoint(f"{name} has a port that does not exist: use 1 to {_HIGHEST_PORT}.")
    if {".", ".."} & set(match["prefix"].split("/")):
        raise InvalidEndpoint(f"{name} must not have '.' or '..' in its path.")
    return _Place(scheme, _checked_host(name, match["host"].lower()), port, match["prefix"])


def _proxy_origin(url: str) -> str:
    place = _place("spec.proxyUrl", url, proxy=True)
    if place.prefix:
        raise InvalidEndpoint("spec.proxyUrl must not have a path.")
    return place.origin


def _flaw(text: str, *, proxy: bool) -> str:
    """Name the most likely mistake in a URL that does not fit."""
    if "@" in text:
        return "must not contain a user name or password: credentials belong into a Secret."
    if "?" in text or "#" in text:
        return "must not have a query or a fragment."
    if not text.lower().startswith(("https://", "http://")):
        return "must start with http:// or https://." if proxy else "must start with https://."
    if proxy:
        return "must be http://host:port or https://host:port, in plain ASCII."
    return "must be https://host, https://host:port or https://host/prefix, in plain ASCII."


def _checked_host(name: str, host: str) -> str:
    """Return the host if it is a DNS name or an address someone may mean; odd spellings of addresses are refused."""
    labels = host.split(".")
    if host.startswith("[") or _NUMBER_LIKE.fullmatch(labels[-1]):
        return _checked_address(name, host)
    if len(host) > _LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidEndpoint(f"{name} has a host that is not a DNS name.")
    if host in METADATA_NAMES:
        raise InvalidEndpoint(f"{name} must not be where a cloud provider serves the credentials of machines.")
    return host


def _checked_address(name: str, host: str) -> str:
    """Return an IP address in its normal spelling; what nobody can mean (see `addresses`) is refused."""
    address = _address(host)
    if address is None or (address.version == 6) is not host.startswith("["):  # noqa: PLR2004  # IPv6 stands in brackets
        raise InvalidEndpoint(f"{name} has a host that is neither a DNS name nor an IP address.")
    if is_barred(address):
        raise InvalidEndpoint(f"{name} must not be a link-local, metadata, multicast or unspecified address.")
    return f"[{address}]" if host.startswith("[") else str(address)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
