"""What the status says: a pure function from what was observed and decided to the whole new status."""

from datetime import datetime
from typing import Any

from runai_registrar.core.actions import Stand
from runai_registrar.core.attempt import open_attempt
from runai_registrar.core.claims import written_title
from runai_registrar.core.conditions import conditions, said
from runai_registrar.core.mirror import displayed
from runai_registrar.core.observed import Observed
from runai_registrar.core.request import heard
from runai_registrar.core.times import utc
from runai_registrar.resources import (
    RECONCILE_REQUESTED_AT,
    ControlPlaneUsed,
    CreateAttempt,
    InstallSecret,
    RegistrationStatus,
)

TIMES = frozenset({"lastLiveness", "lastTransitionTime", "updatedAt"})
"""Keys that never cause a write by themselves; they ride along when something else changes."""


REQUEST_LENGTH = 1024
"""Characters of reconcile-requested-at that are repeated in the status."""


def report(o: Observed, verdict: Stand) -> RegistrationStatus:
    """Return the status that this verdict calls for; every field of the old one that still holds is carried along."""
    before = _same_cluster(_own(o), verdict)
    after = _titled(o, verdict, _shown(verdict, before))
    at = utc(int(o.now.wall))
    return after.model_copy(
        update={
            "observed_generation": o.registration.metadata.generation,
            "attempt": verdict.closes or before.attempt,
            "create_attempt": verdict.attempt or _mirrored(o, verdict),
            "control_plane": _plane(o, before.control_plane),
            "deletion": verdict.deletion or (before.deletion if o.registration.deleting else None),
            "first_connected_at": before.first_connected_at or _connected_at(o, verdict),
            "install_secret": _install_secret(verdict, before),
            "planned_action": said(verdict.planned) if verdict.planned else None,
            "last_handled_reconcile_at": _handled(o),
            "conditions": conditions(o, verdict, after.state, at),
        }
    )


def same(before: RegistrationStatus, after: RegistrationStatus) -> bool:
    """Whether nothing but timestamps differ: then no write is owed."""
    return bool(timeless(before.to_dict()) == timeless(after.to_dict()))


def timeless(value: Any) -> Any:
    """Return a JSON value without the keys that never cause a write."""
    if isinstance(value, dict):
        return {key: timeless(item) for key, item in value.items() if key not in TIMES}
    return [timeless(item) for item in value] if isinstance(value, list) else value


def _own(o: Observed) -> RegistrationStatus:
    """The status so far, unless it was copied from another registration."""
    status = o.registration.status
    if status.owner_uid in (None, o.registration.uid):
        return status
    return RegistrationStatus(conditions=status.conditions)


def _same_cluster(before: RegistrationStatus, verdict: Stand) -> RegistrationStatus:
    """What was known of a cluster says nothing about another one."""
    now = verdict.shown.uuid if verdict.shown else verdict.title.uuid if verdict.title else before.uuid
    if before.uuid in (None, now):
        return before
    kept = ("conditions", "attempt", "control_plane", "create_attempt", "last_handled_reconcile_at", "install_secret")
    return RegistrationStatus(**{name: getattr(before, name) for name in kept})


def _mirrored(o: Observed, verdict: Stand) -> CreateAttempt | None:
    """The mirror of an attempt that is still open stays until it is closed."""
    mirror, attempt = o.registration.status.create_attempt, open_attempt(o)
    same = mirror is not None and attempt is not None and mirror.id == attempt.id
    return mirror if same and verdict.closes is None else None


def _shown(verdict: Stand, before: RegistrationStatus) -> RegistrationStatus:
    """The displayed part: of the cluster shown; else what was displayed before, as long as it is the same cluster."""
    if verdict.shown is not None:
        return before.model_copy(update=displayed(verdict.shown))
    if verdict.title is not None and verdict.title.uuid == before.uuid:
        return before
    return RegistrationStatus(conditions=before.conditions)


def _titled(o: Observed, verdict: Stand, shown: RegistrationStatus) -> RegistrationStatus:
    """With a title, the status says whose it is and how it came; without one it says neither."""
    if verdict.title is None:
        return shown.model_copy(update={"origin": None, "owner_uid": None})
    owner = {"uuid": verdict.title.uuid, "origin": verdict.title.origin, "owner_uid": o.registration.uid}
    return shown.model_copy(update=owner)


def _plane(o: Observed, before: ControlPlaneUsed | None) -> ControlPlaneUsed | None:
    """The control plane spoken of: one that holds a cluster stays written, though the spec names another."""
    elsewhere = before is not None and before.name != o.control_plane.name and written_title(o.registration) is not None
    if elsewhere or not o.control_plane.exists:
        return before
    return ControlPlaneUsed(name=o.control_plane.name, url=o.control_plane.url)


def _install_secret(verdict: Stand, before: RegistrationStatus) -> InstallSecret | None:
    """The Secret that is ours: it stays recorded until it is known to be gone or replaced."""
    if verdict.install is None:
        return before.install_secret
    return InstallSecret(name=verdict.install.name) if verdict.install.name else None


def _connected_at(o: Observed, verdict: Stand) -> datetime | None:
    shown = verdict.shown
    if shown is None or verdict.title is None or not shown.has_connected:
        return None
    return shown.last_liveness or utc(round(o.clock))


def _handled(o: Observed) -> str | None:
    """The request that this look has honoured: the control plane was asked after it was seen, if it may be."""
    asked = o.registration.metadata.annotations.get(RECONCILE_REQUESTED_AT)
    if asked is None or not heard(o):
        return o.registration.status.last_handled_reconcile_at
    return asked[:REQUEST_LENGTH]
