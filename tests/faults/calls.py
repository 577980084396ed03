"""One request of an operator to either side, as the journal of the fault proxies keeps it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Side(StrEnum):
    """Who was asked."""

    KUBERNETES = "kubernetes"
    CONTROL_PLANE = "control plane"


class Point(StrEnum):
    """The three moments of a request at which something can go wrong."""

    BEFORE_SEND = "before it is sent"
    AFTER_COMMIT = "after it is carried out"
    AFTER_ANSWER = "after it is answered"


_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(eq=False)
class Call:
    """One request.

    Attributes:
        seq: Its number among the requests to both sides, in the order they arrived.
        who: The operator process that sent it, as its proxy was named.
        url: Path and query, as asked.
        what: `VERB RESOURCE[/SUBRESOURCE]` on the side of Kubernetes, `METHOD /path` with `{uuid}` on the other.
        name: The name of the object, or the uuid of the cluster, if the path has one.
        ended: The number of the journal's next entry when the answer was complete; None while it is not.
        forwarded: Whether it was let through to the server.
        status: What the server answered; None where it was not asked or has not answered.
        answered: What the operator was answered; None where the connection was cut, or it is not answered yet.
        answer: The body of the server's answer (not of a watch).
        events: Of a watch: how many events were passed on.
        lines: Of a watch: what the server sent, each with the number of the latest request at that moment.
    """

    seq: int
    t: float
    who: str
    side: Side
    method: str
    url: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    what: str
    name: str = ""
    namespace: str = ""
    forwarded: bool = False
    status: int | None = None
    answered: int | None = None
    answer: bytes = field(default=b"", repr=False)
    ended: int | None = None
    events: int = 0
    lines: list[tuple[int, bytes]] = field(default_factory=list, repr=False)

    @property
    def is_watch(self) -> bool:
        """Whether it is a watch of the Kubernetes API."""
        return self.what.startswith("watch ")

    @property
    def is_write(self) -> bool:
        """Whether it asks for a change (a token is none)."""
        return self.method in _WRITES and not self.path.endswith("/token")

    @property
    def committed(self) -> bool:
        """Whether a change was carried out."""
        return self.is_write and self.status is not None and 200 <= self.status < 300  # HTTP's success


def describe(side: Side, method: str, url: str) -> dict[str, Any]:
    """The fields of a `Call` that follow from its method and URL."""
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    seen = _kubernetes(method, parts.path, query) if side is Side.KUBERNETES else _control_plane(method, parts.path)
    return {"method": method, "url": url, "path": parts.path, "query": query} | seen


def _kubernetes(method: str, path: str, query: dict[str, list[str]]) -> dict[str, str]:
    segments = path.strip("/").split("/")
    rest = segments[3:] if segments[0] == "apis" else segments[2:] if segments[0] == "api" else []
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) > 2:  # namespaces/NAME/RESOURCE…
        namespace, rest = rest[1], rest[2:]
    if not rest:
        return {"what": f"{_VERBS[method]} {path}"}
    resource, name, subresource = (*rest, "", "")[:3]
    verb = _VERBS[method]
    if verb == "get" and not name:
        verb = "watch" if query.get("watch", ["false"])[0] in ("true", "1") else "list"
    return {
        "what": f"{verb} {resource}{f'/{subresource}' if subresource else ''}",
        "name": name,
        "namespace": namespace,
    }


def _control_plane(method: str, path: str) -> dict[str, str]:
    prefix, found, rest = path.partition("/clusters/")
    if not found:
        return {"what": f"{method} {path}"}
    uuid, slash, sub = rest.partition("/")
    return {"what": f"{method} {prefix}/clusters/{{uuid}}{slash}{sub}", "name": uuid}
