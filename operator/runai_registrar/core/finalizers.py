"""Which control planes and credential Secrets must not vanish yet, and what their statuses say of it: pure.

Both are held by a finalizer of their own while a registration needs them (`docs/decisions/0011`). A Secret is held only
after a status names it, so that it can be released whatever happens in between.
"""

from collections.abc import Callable, Collection, Iterable

from runai_registrar.core.attempt import open_attempts
from runai_registrar.core.claims import written_title
from runai_registrar.core.conditions import MESSAGE_LENGTH
from runai_registrar.resources import (
    CREDENTIALS_FINALIZER,
    RELEASE,
    Condition,
    ControlPlane,
    ControlPlaneStatus,
    Metadata,
    Registration,
)

NAMED = 8
"""How many of the registrations in the way of a deletion are named at most, if their names are not too long."""

ROOM = 400
"""Characters for these names: a condition has to hold other sentences, too."""


def needs(registration: Registration) -> bool:
    """Whether a registration needs its control plane: it holds a cluster, or may have made one.

    One that is being deleted and has lost our finalizer is nothing of ours any more.
    """
    if registration.deleting and not registration.held:
        return False
    return bool(open_attempts(registration)) or written_title(registration) is not None


def finalizers(metadata: Metadata, ours: str, *, wanted: bool) -> tuple[str, ...] | None:
    """The finalizers that an object should have, foreign ones carried along; None where nothing is to be written.

    An object that is being deleted takes no new finalizer (the API server refuses it).
    """
    leaving = metadata.deletion_timestamp is not None
    if (ours in metadata.finalizers) == wanted or (wanted and leaving):
        return None
    foreign = tuple(name for name in metadata.finalizers if name != ours)
    return (*foreign, ours) if wanted else foreign


def former_secret(plane: ControlPlane) -> str | None:
    """The Secret that was used before `spec.credentialsSecretRef` changed, and may still be held; or None."""
    known = plane.status.credentials_secret
    return known.name if known and known != plane.spec.credentials_secret_ref else None


def needing(
    secret: str, known: Iterable[ControlPlane], users: Callable[[str], Collection[str]]
) -> tuple[ControlPlane, ...]:
    """The control planes that use this Secret and have registrations that need them."""
    return tuple(one for one in known if one.spec.credentials_secret_ref.name == secret and users(one.name))


def recorded(plane: ControlPlane) -> bool:
    """Whether the status names the Secret of the spec."""
    return plane.status.credentials_secret == plane.spec.credentials_secret_ref


def noted(
    plane: ControlPlane,
    status: ControlPlaneStatus,
    users: Collection[str],
    secret: Metadata | None,
    released: str | None = None,
) -> ControlPlaneStatus:
    """A status with what is to be said of finalizers.

    Args:
        plane: As last seen.
        status: What a look has found.
        users: The registrations that need it, as `namespace/name`.
        secret: The Secret of its credential, as last seen.
        released: The former Secret that is not held any more.
    """
    former = former_secret(plane)
    kept = plane.status.credentials_secret if former and former != released else plane.spec.credentials_secret_ref
    said = " ".join(part for part in (_leaving(plane, users), _secret_leaving(secret, users)) if part)
    conditions = tuple(_adding(one, said) if one.type == "Ready" and said else one for one in status.conditions)
    return status.model_copy(update={"credentials_secret": kept, "conditions": conditions})


def _leaving(plane: ControlPlane, users: Collection[str]) -> str:
    if not (plane.deleting and users):
        return ""
    named = _named(users)
    rest = len(users) - len(named)
    names = ", ".join(named) + (f" and {rest} more" if rest > 0 else "")
    use, them = (
        ("1 registration still uses", "it") if len(users) == 1 else (f"{len(users)} registrations still use", "them")
    )
    return (
        f"It is being deleted; {use} it: {names}. Delete {them}; with the annotation {RELEASE}=orphan a registration "
        "leaves its cluster behind."
    )


def _named(users: Collection[str]) -> tuple[str, ...]:
    """The first of them by name: at least one, and no more than there is room for."""
    named: tuple[str, ...] = ()
    for user in sorted(users)[:NAMED]:
        if named and len(", ".join((*named, user))) > ROOM:
            break
        named = (*named, user)
    return named


def _secret_leaving(secret: Metadata | None, users: Collection[str]) -> str:
    if secret is None or secret.deletion_timestamp is None or CREDENTIALS_FINALIZER not in secret.finalizers:
        return ""
    return (
        f"The Secret {secret.name} is being deleted; it is kept while registrations need it. Name another one in "
        "spec.credentialsSecretRef, or delete the registrations."
        if users
        else ""
    )


def _adding(known: Condition, said: str) -> Condition:
    """A condition with further sentences, which are kept whole."""
    return known.model_copy(update={"message": f"{known.message[: MESSAGE_LENGTH - len(said) - 1]} {said}"})
