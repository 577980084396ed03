"""Who owns which cluster among all registrations (design: one uuid has one owner).

A title is a uuid in `status` with `ownerUID` of the registration itself and an `origin`; a copied or restored status,
or one that names another tenant or control plane, is none to act by. A uuid that is written down so is held against all
others all the same, through whatever RunaiControlPlane it was registered (`docs/decisions/0016`).
"""

from dataclasses import replace
from datetime import UTC, datetime

from runai_registrar.core.actions import Title
from runai_registrar.core.attempt import open_attempts, sent_names, shown_attempts
from runai_registrar.core.observed import ControlPlaneView, Observed, Snapshot
from runai_registrar.resources import Origin, Registration

_RANK = {Origin.CREATED: 0, Origin.RECOVERED: 1, Origin.ADOPTED: 2}
_NEVER = datetime.max.replace(tzinfo=UTC)


def written_title(registration: Registration) -> Title | None:
    """The title that the status claims by itself, whatever tenant and control plane it names."""
    status = registration.status
    if status.uuid is None or status.origin is None or status.owner_uid != registration.uid:
        return None
    return Title(status.uuid, status.origin)


def title(registration: Registration, plane: ControlPlaneView) -> Title | None:
    """The cluster that a registration owns on this control plane, or None."""
    status = registration.status
    if status.control_plane is not None and status.control_plane.name != plane.name:
        return None
    if plane.tenant_id is not None and status.tenant_id not in (None, plane.tenant_id):
        return None
    return written_title(registration)


def rank(registration: Registration) -> tuple[int, datetime, str]:
    """Order of several holders of one uuid: Created, Recovered, Adopted; then the oldest; then the lowest uid."""
    origin = registration.status.origin
    age = registration.metadata.creation_timestamp or _NEVER
    return (3 if origin is None else _RANK[origin], age, registration.uid)


def holders(o: Observed, uuid: str) -> tuple[Registration, ...]:
    """The other registrations that hold this uuid, on whatever control plane: a uuid is one cluster."""
    others = (*o.rivals, *o.elsewhere)
    return tuple(other for other in others if (held := written_title(other)) and held.uuid == uuid)


def stronger_holder(o: Observed, uuid: str) -> Registration | None:
    """The rival whose title to this uuid goes before ours, or None where we own it."""
    ahead = [rival for rival in holders(o, uuid) if rank(rival) < rank(o.registration)]
    return min(ahead, key=rank, default=None)


def creating(o: Observed, name: str) -> Registration | None:
    """A rival with an open attempt for this name, or None."""
    for rival in o.rivals:
        if any(name in sent_names(attempt) for attempt in open_attempts(rival)):
            return rival
    return None


def name_holder(o: Observed, name: str) -> Registration | None:
    """A rival with a title to a cluster that has, or is to have, this name; or None."""
    for rival in o.rivals:
        if _title_there(rival, o.control_plane) and name in (rival.cluster_name, rival.status.cluster_name):
            return rival
    return None


def _title_there(rival: Registration, plane: ControlPlaneView) -> Title | None:
    """The cluster that a rival owns on this control plane, which may have another name for it."""
    return title(rival, replace(plane, name=rival.spec.control_plane_ref.name))


def keys(registration: Registration) -> frozenset[str]:
    """The names and uuids by which two registrations can get in each other's way (`name:…`, `uuid:…`)."""
    status, adopt = registration.status, registration.spec.adopt
    sent = (name for attempt in shown_attempts(registration) for name in sent_names(attempt))
    names = {registration.cluster_name, status.cluster_name, *sent}
    uuids = {status.uuid, adopt.uuid if adopt else None}
    return frozenset({f"name:{name}" for name in names if name} | {f"uuid:{uuid}" for uuid in uuids if uuid})


def lookups(registration: Registration, snapshot: Snapshot | None) -> frozenset[str]:
    """The keys under which rivals are looked up: our own, and the uuids of the clusters that bear our names.

    A cluster to adopt is also looked up by its name: somebody may be creating it.
    """
    own = keys(registration)
    if snapshot is None:
        return own
    adopt = registration.spec.adopt
    meant = snapshot.clusters.get(adopt.uuid) if adopt and adopt.uuid else None
    named = [key.removeprefix("name:") for key in own if key.startswith("name:")]
    found = {f"uuid:{cluster.uuid}" for name in named for cluster in snapshot.by_name.get(name, ())}
    return own | found | ({f"name:{meant.name}"} if meant else set())
