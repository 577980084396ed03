"""What a registration says by itself, read by the observer independently of the core that is under test."""

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache

from protocol.clusters import TENANT, Made
from protocol.objects import Json
from runai_registrar.core.times import utc
from runai_registrar.resources import (
    RELEASE,
    CreateAttempt,
    DeletionPolicy,
    EarlierAttempt,
    Mode,
    Origin,
    Registration,
)

SKEW = timedelta(seconds=5)


def parsed(body: Json) -> Registration:
    """Return a form of an object as a value."""
    return _parsed(_Form(body))


class _Form:
    """An object that is equal to itself only: forms are never changed, so each is read once."""

    def __init__(self, body: Json) -> None:
        self.body = body

    def __hash__(self) -> int:
        return id(self.body)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Form) and self.body is other.body


@lru_cache(maxsize=512)
def _parsed(form: _Form) -> Registration:
    return Registration.from_dict(form.body)


def held(registration: Registration) -> str | None:
    """The uuid that it holds with title, or None."""
    status = registration.status
    titled = status.owner_uid == registration.uid and status.origin is not None
    return status.uuid if titled and status.tenant_id == TENANT else None


def strength(registration: Registration) -> tuple[int, object, str]:
    """The order of several holders of one uuid."""
    order = [Origin.CREATED, Origin.RECOVERED, Origin.ADOPTED]
    origin = registration.status.origin
    return (order.index(origin) if origin else 3, registration.metadata.creation_timestamp, registration.uid)


def may_act(registration: Registration) -> bool:
    """Whether its spec lets the operator change anything in the control plane."""
    return not registration.spec.suspend and registration.spec.mode is Mode.MANAGE


def lets_go(registration: Registration) -> bool:
    """Whether the cluster is to be left behind: annotation, policy, the default of an adopted one, or the timeout."""
    spec = registration.spec.deletion
    if registration.metadata.annotations.get(RELEASE) == "orphan" or spec.policy is DeletionPolicy.ORPHAN:
        return True
    adopted = registration.status.origin is Origin.ADOPTED
    return (adopted and spec.policy is None) or spec.on_timeout == "Orphan"


def annotated(registration: Registration) -> CreateAttempt | None:
    """Its own attempt, whether open or not."""
    attempt = registration.attempt
    return attempt if attempt and attempt.owner == registration.uid else None


def is_open(attempt: CreateAttempt, registration: Registration) -> bool:
    """Whether the status does not name it yet."""
    return attempt.id != registration.status.attempt and not (attempt.refused and not attempt.earlier)


def looks_on(attempt: CreateAttempt, registration: Registration) -> bool:
    """Whether the attempt, closed or not, is still held against every list, to report what it made late."""
    return held(registration) is not None and (
        bool(attempt.earlier) or registration.status.origin is not Origin.CREATED
    )


def open_names(attempt: CreateAttempt) -> set[str]:
    """The names that may have been sent and are unresolved."""
    return {part.name for part in _sent(attempt)}


def finds(attempt: CreateAttempt, registration: Registration, made: Made) -> bool:
    """Whether recovery by this attempt can come upon this cluster, to claim or to report it."""
    return made.uuid not in attempt.exclude and any(_fits(part, registration, made) for part in _sent(attempt))


def _sent(attempt: CreateAttempt) -> Iterable[EarlierAttempt]:
    yield from attempt.earlier
    if not attempt.refused:
        yield EarlierAttempt(
            name=attempt.name,
            domain=attempt.domain,
            version=attempt.version,
            first=attempt.at - timedelta(seconds=attempt.spread),
            last=attempt.at,
        )


def _fits(part: EarlierAttempt, registration: Registration, made: Made) -> bool:
    same = (part.domain, part.version) == (made.domain, made.version)
    return same and made.name in (part.name, registration.cluster_name) and utc(made.created) >= part.first - SKEW


def left_behind(registration: Registration) -> bool:
    """Whether this form does not want its cluster deleted."""
    policy = registration.spec.deletion.policy
    adopted = registration.status.origin is Origin.ADOPTED
    orphaned = policy is DeletionPolicy.ORPHAN or (adopted and policy is None)
    return orphaned or registration.metadata.annotations.get("runai-registrar.io/release") == "orphan"
