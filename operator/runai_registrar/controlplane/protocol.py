"""What the control plane's answers mean: the one place that reads status codes and bodies (pure).

| answered | a read, PUT, DELETE | POST (create_cluster) |
|---|---|---|
| the declared success, readable | its model | its model |
| the declared success, unreadable | `Unanswered` | `Unanswered` |
| 400 405 409 413 422 | `Refused` | `Refused` |
| 401 (after one token refresh) | `AuthenticationFailed` | `AuthenticationFailed` |
| 403 | `PermissionDenied` | `PermissionDenied` |
| 404 with the API's error body | `NotFound` | `NotFound` |
| 404 without (a gateway's page) | `Unanswered` | `NotFound` |
| 429 | `Throttled` | `Throttled` |
| 408 425, 3xx, 5xx, other 2xx | `Unanswered` | `Unanswered` |
| any other 4xx | `Refused` | `Unanswered` |

A 404 counts as evidence that a cluster is gone, so a gateway that lost its route must not be able to say it. For a
POST it only has to mean that nothing was made. No message quotes a body that is not the API's own error object.
"""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import FailFast, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from runai_registrar.controlplane.answers import Answer, retry_after
from runai_registrar.controlplane.models import Cluster, InstallInfo, Token
from runai_registrar.controlplane.wording import sentence
from runai_registrar.errors import (
    AuthenticationFailed,
    ControlPlaneError,
    NotFound,
    PermissionDenied,
    Refused,
    Throttled,
    Unanswered,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pydantic import SecretStr

T = TypeVar("T")

MOST_CLUSTERS = 20_000
"""Clusters a list may have: twice as many as the operator is made for."""

_DEFINITE_FOR_POST = frozenset({400, 401, 403, 404, 405, 409, 413, 422})
_PERHAPS_DONE = frozenset({408, 425})
_CREDENTIALS_REFUSED = frozenset({400, 401, 403, 422})
_NO_SUCH_ENDPOINT = frozenset({404, 405})

_CLUSTER = TypeAdapter(Cluster)
_CLUSTERS = TypeAdapter(Annotated[tuple[Cluster, ...], FailFast(), Field(max_length=MOST_CLUSTERS)])
_INSTALL_INFO = TypeAdapter(InstallInfo)
_TOKEN = TypeAdapter(Token)

_ADVICE: Mapping[type[ControlPlaneError], str] = {
    AuthenticationFailed: "Check clientId and clientSecret in the credentials Secret.",
    PermissionDenied: "Give the service account the right to do this with clusters.",
    Throttled: "It is asked again later.",
}


class Deletion(Enum):
    """What a DELETE that was accepted means; neither proves that the cluster is gone."""

    DRAINING = "Draining"
    REMOVED = "Removed"


def read_clusters(answer: Answer, secrets: Collection[SecretStr] = ()) -> tuple[Cluster, ...]:
    """Read get_clusters. One unreadable entry, or one too many, makes all unreadable: absence from it has meaning."""
    _expect(answer, 200, secrets)
    return _parsed(_CLUSTERS, answer)


def read_cluster(answer: Answer, uuid: str, secrets: Collection[SecretStr] = ()) -> Cluster:
    """Read get_cluster_by_uuid; an answer about another cluster is none."""
    _expect(answer, 200, secrets, missing="ClusterMissing")
    cluster = _parsed(_CLUSTER, answer)
    if cluster.uuid != uuid.lower():
        raise Unanswered("The control plane answered with another cluster than the one asked for.", status=200)
    return cluster


def read_created(answer: Answer, name: str, secrets: Collection[SecretStr] = ()) -> Cluster:
    """Read create_cluster; a cluster of another name is not taken for the one asked for."""
    if answer.status not in _DEFINITE_FOR_POST | {201, 429}:
        raise _unanswered(answer, secrets)
    _expect(answer, 201, secrets, conflict="NameTaken", any_404=True)
    cluster = _parsed(_CLUSTER, answer)
    if cluster.name != name:
        raise Unanswered("The control plane answered with a cluster of another name than the one sent.", status=201)
    return cluster


def read_renamed(answer: Answer, secrets: Collection[SecretStr] = ()) -> None:
    """Read updateCluster: 204, and nothing to read."""
    _expect(answer, 204, secrets, missing="ClusterMissing", conflict="NameTaken")


def read_deleted(answer: Answer, secrets: Collection[SecretStr] = ()) -> Deletion:
    """Read delete_cluster: 202 for a graceful deletion that began, 204 for an instant one."""
    if answer.status == HTTPStatus.ACCEPTED:
        return Deletion.DRAINING
    _expect(answer, 204, secrets, missing="ClusterMissing")
    return Deletion.REMOVED


def read_install_info(answer: Answer, secrets: Collection[SecretStr] = ()) -> InstallInfo:
    """Read get_cluster_install_info_by_uuid."""
    _expect(answer, 200, secrets, missing="ClusterMissing")
    return _parsed(_INSTALL_INFO, answer)


def read_token(answer: Answer, secrets: Collection[SecretStr] = ()) -> Token | None:
    """Read either token endpoint; None where there is no such endpoint (404, 405)."""
    if answer.status in _NO_SUCH_ENDPOINT:
        return None
    if answer.status in _CREDENTIALS_REFUSED:
        raise _error(AuthenticationFailed, answer, secrets)
    _expect(answer, 200, secrets)
    return _parsed(_TOKEN, answer)


def wants_new_token(status: int) -> bool:
    """Tell whether a token that is newer may help."""
    return status == HTTPStatus.UNAUTHORIZED


def is_throttle(status: int) -> bool:
    """Tell whether a status asks to be slower."""
    return status == HTTPStatus.TOO_MANY_REQUESTS


def shows_outage(status: int) -> bool:
    """Tell whether a status speaks of the control plane's health rather than of the request."""
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _expect(
    answer: Answer,
    success: int,
    secrets: Collection[SecretStr],
    *,
    missing: str | None = None,
    conflict: str | None = None,
    any_404: bool = False,
) -> None:
    """Raise what any other status than `success` means; `missing` and `conflict` are the reasons of 404 and 409."""
    status = answer.status
    if status == success:
        return
    if status == HTTPStatus.UNAUTHORIZED:
        raise _error(AuthenticationFailed, answer, secrets)
    if status == HTTPStatus.FORBIDDEN:
        raise _error(PermissionDenied, answer, secrets)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise _error(Throttled, answer, secrets)
    if status == HTTPStatus.NOT_FOUND and (any_404 or _api_message(answer.body) is not None):
        raise _error(NotFound, answer, secrets, missing)
    if status == HTTPStatus.CONFLICT:
        raise _error(Refused, answer, secrets, conflict)
    if _is_refusal(status):
        raise _error(Refused, answer, secrets)
    raise _unanswered(answer, secrets)


def _is_refusal(status: int) -> bool:
    return 400 <= status < 500 and status != HTTPStatus.NOT_FOUND and status not in _PERHAPS_DONE  # noqa: PLR2004  # the class of client errors


def _error(
    kind: type[ControlPlaneError],
    answer: Answer,
    secrets: Collection[SecretStr],
    reason: str | None = None,
    advice: str | None = None,
) -> ControlPlaneError:
    """Build an error that says the status, the API's own words about it, and what to do."""
    said = _api_message(answer.body) or ""
    to_do = _ADVICE.get(kind, "") if advice is None else advice
    message = sentence(f"The control plane answered {_status_line(answer.status)}", said, to_do, secrets)
    return kind(message, reason=reason, status=answer.status, retry_after=retry_after(answer))


def _unanswered(answer: Answer, secrets: Collection[SecretStr]) -> ControlPlaneError:
    """Build the error for a status that says nothing about the outcome."""
    advice = ""
    if 300 <= answer.status < 400:  # noqa: PLR2004  # the class of redirects
        advice = "Redirects are not followed: spec.url must be the control plane's own address."
    elif answer.status == HTTPStatus.NOT_FOUND:
        advice = "That page is not the API's: check spec.url, and whether the control plane is being updated."
    return _error(Unanswered, answer, secrets, advice=advice)


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _api_message(body: bytes) -> str | None:
    """Return message and details of the API's Error schema, or None where the body is something else."""
    try:
        error: Any = from_json(body)
    except ValueError:
        return None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return None
    details = error.get("details")
    return f"{error['message']} ({details})" if isinstance(details, str) and details else str(error["message"])


def _parsed(adapter: TypeAdapter[T], answer: Answer) -> T:
    """Read a success; what cannot be read was still sent, so its outcome is unknown."""
    try:
        return adapter.validate_json(answer.body)
    except ValidationError as error:
        flaw = _first_flaw(error)
    # Raised out here so that no exception in the chain holds a part of the body.
    raise Unanswered(
        sentence(f"The control plane answered {_status_line(answer.status)}, but not as the API says", flaw),
        status=answer.status,
    )


def _first_flaw(error: ValidationError) -> str:
    """Say where and what, never the value."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "too_long":
        return f"it lists more than {MOST_CLUSTERS} clusters, which are more than can be kept in step"
    place = ".".join(str(step) for step in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
