"""A request and its answer as values, between the socket and the rules."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes:
        path: As sent, still percent-encoded.
        query: All values of each parameter, decoded.
        headers: By lower-case name; several of a name are joined by a comma.
        operation: The operationId of the API file, `token_v1` or `token_v2`; None when there is no such call.
        cluster: The uuid in the path, if any.
    """

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    operation: str | None = None
    cluster: str | None = None
    allowed: tuple[str, ...] = ()

    def media_type(self) -> str:
        """Return the content type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def param(self, name: str) -> str | None:
        """Return the first value of a query parameter, or None."""
        values = self.query.get(name)
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `committed` tells whether the call changed anything, `tenant` in whose name it was carried out."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    committed: bool = False
    tenant: int | None = None


class RefusedError(Exception):
    """A call that is answered with an error.

    Attributes:
        answer: What the caller gets.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.answer = error_answer(status, message, headers)


def json_answer(
    status: int,
    value: Any,
    *,
    committed: bool = False,
    tenant: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Return an answer with a JSON body."""
    body = json.dumps(value).encode()
    return Answer(status, body, {"Content-Type": JSON_TYPE, **(headers or {})}, committed, tenant)


def error_answer(status: int, message: str | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer with the API file's Error body; without a message, HTTP's own phrase stands in."""
    return json_answer(status, {"code": status, "message": message or phrase(status)}, headers=headers)


def phrase(status: int) -> str:
    """Return HTTP's phrase for a status, for example `Not Found`."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def parse_json(body: bytes) -> Any:
    """Return the parsed body.

    Raises:
        RefusedError: 400, the body is not JSON.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "the body is not valid JSON") from error
