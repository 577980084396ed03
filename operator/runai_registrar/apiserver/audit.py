"""Reads kube-apiserver's audit log: which requests were made, by whom, on what, and how they were answered."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
"""The verbs that change something."""


@dataclass(frozen=True)
class Request:
    """One request, as the server saw it (``audit.k8s.io/v1`` Event).

    Attributes:
        verb: ``get``, ``list``, ``watch``, ``create``, ``update``, ``patch``, ``delete``, ``deletecollection``; for a
            path that is no resource the lower-case HTTP method.
        resource: The plural, such as ``secrets``; empty for a path that is no resource.
        subresource: Such as ``status``; empty if none.
        namespace: Empty if none.
        name: Empty if none (list, watch, a create that was refused before its body was read).
        user: The user's name, such as ``system:serviceaccount:runai:registrar``.
        user_agent: What the client calls itself.
        code: The HTTP status of the answer; 0 as long as there is none.
        path: The request's URI.
        at: When it came, as the server wrote it (RFC 3339).
    """

    verb: str
    resource: str
    subresource: str
    namespace: str
    name: str
    user: str
    user_agent: str
    code: int
    path: str
    at: str

    @property
    def is_write(self) -> bool:
        """Whether its verb changes something."""
        return self.verb in WRITES

    @property
    def target(self) -> str:
        """The resource with its subresource, as RBAC writes it: ``secrets``, ``runaiclusterregistrations/status``."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def read_audit_log(path: Path) -> list[Request]:
    """The requests of an audit log in the order in which they began; one that is still being written is left out.

    A long request (a watch) has several events in the log and is one request here, with its latest code.
    """
    events: dict[str, Mapping[str, Any]] = {}
    for line in path.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            event = json.loads(line)
            events[event["auditID"]] = event
    return sorted((_request(event) for event in events.values()), key=lambda request: request.at)


def count_by_verb(requests: Iterable[Request]) -> Counter[tuple[str, str]]:
    """How often each (verb, target) occurs, such as ``("patch", "runaiclusterregistrations/status")``."""
    return Counter((request.verb, request.target) for request in requests)


def _request(event: Mapping[str, Any]) -> Request:
    target = event.get("objectRef", {})
    return Request(
        verb=event["verb"],
        resource=target.get("resource", ""),
        subresource=target.get("subresource", ""),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        user=event.get("user", {}).get("username", ""),
        user_agent=event.get("userAgent", ""),
        code=event.get("responseStatus", {}).get("code", 0),
        path=event["requestURI"],
        at=event["requestReceivedTimestamp"],
    )
