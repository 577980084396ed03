"""What stands in the way before the control plane may be asked for anything."""

from runai_registrar.core.actions import Action, Phase, ReadClusters, Stand
from runai_registrar.core.attempt import open_attempt, unreadable
from runai_registrar.core.claims import written_title
from runai_registrar.core.drift import drift
from runai_registrar.core.observed import Observed, Trouble
from runai_registrar.core.verdicts import WAY_OUT, closing, late, own_title, resuming, stalled, suspended, waiting
from runai_registrar.resources import CREATE_ATTEMPT

SILENCE = 5
"""Poll intervals without an answer after which a registered cluster's connection is unknown."""

LOOK_SOON = 30.0
"""Longest time, in seconds, until a registration is looked at again that waits for a trouble to pass."""

LATE = frozenset({"ControlPlaneNotFound", "CredentialsNotFound"})


def obstacle(o: Observed) -> Action | None:
    """The first obstacle, as a verdict; `ReadClusters` where nothing was ever listed; None where the way is free."""
    found = (
        _invalid(o)
        or _unreadable(o)
        or _absent(o)
        or _not_allowed(o)
        or _closing(o)
        or _elsewhere(o)
        or _suspended(o)
        or _other_tenant(o)
        or _in_trouble(o)
    )
    if found is not None:
        return _deleting(o, found) if o.registration.deleting else found
    return ReadClusters(o.now) if o.snapshot is None else None


def _invalid(o: Observed) -> Stand | None:
    if o.memory.invalid is None:
        return None
    return stalled(o, "InvalidSpec", f"The spec cannot be read: {o.memory.invalid} Correct it.")


def _unreadable(o: Observed) -> Stand | None:
    known = own_title(o) is not None and o.registration.status.attempt is not None
    if known or not unreadable(o.registration):
        return None
    message = (
        f"The annotation {CREATE_ATTEMPT} cannot be read, so nobody can say what was created. "
        "Restore it, or remove it if no cluster was made."
    )
    return stalled(o, "CreateAmbiguous", message)


def _absent(o: Observed) -> Stand | None:
    plane = o.control_plane
    if plane.exists:
        return None
    todo = "Create it again." if o.registration.deleting else "Create it, or name another in a new registration."
    return late(o, "ControlPlaneNotFound", f"There is no RunaiControlPlane named {plane.name}. {todo}")


def _not_allowed(o: Observed) -> Stand | None:
    plane, namespace = o.control_plane, o.registration.metadata.namespace
    if plane.allowed:
        return None
    message = (
        f"The RunaiControlPlane {plane.name} does not allow namespace {namespace}. "
        "An administrator can add it to spec.allowedNamespaces."
    )
    return stalled(o, "NamespaceNotAllowed", message)


def _closing(o: Observed) -> Stand | None:
    """What holds nothing gets nothing of a control plane that is being deleted."""
    return closing(o) if written_title(o.registration) is None and open_attempt(o) is None else None


def _elsewhere(o: Observed) -> Stand | None:
    """A title on another control plane is none here, and is not thrown away either."""
    used = o.registration.status.control_plane
    if used is None or used.name == o.control_plane.name or written_title(o.registration) is None:
        return None
    message = (
        f"The status holds a cluster of the control plane {used.name}, but the spec names {o.control_plane.name}. "
        "Create the registration anew, with spec.adopt if the cluster exists there."
    )
    return stalled(o, "OwnershipConflict", message)


def _suspended(o: Observed) -> Stand | None:
    why = suspended(o)
    if why is None:
        return None
    message = f"Suspended: {why}, so nothing is changed in the control plane."
    held = own_title(o)
    if o.registration.deleting:
        return stalled(o, "Suspended", f"{message} {resuming(o)}")
    if held is None:
        return stalled(o, "Suspended", f"{message} Nothing was registered so far.")
    shown = o.snapshot.shows(held.uuid) if o.snapshot and not o.control_plane.trouble else None
    return Stand(Phase.KEEP, "Suspended", message, title=held, shown=shown, drift=drift(o, shown) if shown else ())


def _other_tenant(o: Observed) -> Stand | None:
    status, plane, attempt = o.registration.status, o.control_plane, open_attempt(o)
    ours = status.uuid is not None and status.owner_uid == o.registration.uid
    tenants = {status.tenant_id if ours else None, attempt.tenant_id if attempt else None}
    other = next(iter(tenants - {None, plane.tenant_id}), None)
    if other is None or plane.tenant_id is None:
        return None
    message = (
        f"The cluster was registered in tenant {other}, but {plane.name} now speaks for tenant {plane.tenant_id}. "
        f"Restore the credentials of tenant {other}."
    )
    return stalled(o, "TenantChanged", message)


def _in_trouble(o: Observed) -> Stand | None:
    trouble = o.control_plane.trouble
    if trouble is None:
        return None
    if trouble.passing:
        return _passing(o, trouble)
    return (late if trouble.reason in LATE else stalled)(o, trouble.reason, trouble.message)


def _passing(o: Observed, trouble: Trouble) -> Stand:
    """A registered, applied registration stays Ready while the control plane is away for a while."""
    held = own_title(o)
    interval = o.control_plane.poll_interval
    if held is None or o.registration.deleting or not _applied(o):
        return waiting(o, trouble.reason, trouble.message, min(interval, LOOK_SOON))
    left = SILENCE * interval - trouble.since.age(o.now)
    if left > 0:
        return Stand(Phase.KEEP, trouble.reason, "", title=held, wake=left)
    return Stand(Phase.SILENT, trouble.reason, trouble.message, title=held, wake=interval)


def _applied(o: Observed) -> bool:
    status = o.registration.status
    ready = any(condition.type == "Ready" and condition.status == "True" for condition in status.conditions)
    return ready and status.observed_generation == o.registration.metadata.generation


def _deleting(o: Observed, found: Stand) -> Stand:
    """During deletion the obstacle is named with the way out."""
    message = f"{found.message} {WAY_OUT}"
    if found.phase is Phase.RECONCILING and found.reason not in LATE:
        return waiting(o, "Deleting", message, found.wake)
    return stalled(o, "DeletionBlocked", message)
