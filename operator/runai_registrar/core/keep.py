"""A registration that owns a cluster: keep the name, and an eye on the cluster (design 4.2, 4.3)."""

from datetime import datetime

from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.actions import Action, Phase, ReadClusters, Stand, Title
from runai_registrar.core.attempt import open_attempt
from runai_registrar.core.claims import stronger_holder
from runai_registrar.core.create import create, name_taken
from runai_registrar.core.drift import drift
from runai_registrar.core.missing import Doubt, unproven
from runai_registrar.core.observed import Observed, Snapshot
from runai_registrar.core.rename import as_put, rename, shown, unconfirmed
from runai_registrar.core.surplus import beside
from runai_registrar.core.verdicts import (
    LOOK_AGAIN,
    never_connected,
    observes,
    registered_reason,
    settled,
    stalled,
    waiting,
)
from runai_registrar.resources import OnDrift, OnMissing


def keep(o: Observed, held: Title) -> Action:
    """The next step for a cluster that this registration owns and nobody wants deleted."""
    if owner := stronger_holder(o, held.uuid):
        message = (
            f"The registration {owner.key} owns the cluster {held.uuid} as well, and goes before this one. "
            "Delete one of the two; this one touches nothing."
        )
        return stalled(o, "OwnershipConflict", message)
    snapshot = o.snapshot
    if snapshot is None:
        return ReadClusters(o.now)
    listed = snapshot.shows(held.uuid)
    return _absent(o, held, snapshot) if listed is None else _present(o, held, snapshot, listed)


def _absent(o: Observed, held: Title, snapshot: Snapshot) -> Action:
    doubt = unproven(o, held.uuid)
    if isinstance(doubt, Doubt):
        wake = settled(o) if doubt is Doubt.YOUNG else o.control_plane.poll_interval
        return _unlisted(o, held, snapshot, wake)
    if doubt is not None:
        return doubt
    if observes(o):
        return _planned(o, held, None, _plan_missing(o, held, snapshot))
    if _recreates(o):
        return create(o, snapshot, replaces=held.uuid)
    return stalled(o, "ClusterMissing", _missing(o, held))


def _missing(o: Observed, held: Title) -> str:
    gone = f"The cluster {held.uuid} does not exist in the control plane any more."
    if _adopts_this_one(o):
        return (
            f"{gone} spec.adopt.uuid names this very one, so no other takes its place. Delete the registration, or "
            "remove spec.adopt and set spec.onMissing to Recreate to register a new one."
        )
    return f"{gone} Set spec.onMissing to Recreate to register a new one, or delete the registration."


def _plan_missing(o: Observed, held: Title, snapshot: Snapshot) -> str:
    if not _recreates(o):
        return f"Manage would do nothing: {_missing(o, held)}"
    name = o.registration.cluster_name
    if taken := name_taken(o, snapshot, name):
        return f"Manage would do nothing: {taken}"
    return f"Manage would create a cluster named {name} in the place of {held.uuid}, which is missing."


def _unlisted(o: Observed, held: Title, snapshot: Snapshot, wake: float) -> Action:
    """There, but not in this list: the name it had when it was last displayed or renamed counts."""
    spec, name = o.registration.spec, o.memory.renamed[0] if o.memory.renamed else o.registration.status.cluster_name
    if name in (None, o.registration.cluster_name) or observes(o) or spec.on_drift is OnDrift.REPORT:
        return _registered(o, held, None, wake)
    return rename(o, held, snapshot, None)


def _recreates(o: Observed) -> bool:
    """Default: only a cluster that never connected; never where `adopt.uuid` names the one that was meant."""
    spec = o.registration.spec
    if _adopts_this_one(o):
        return False
    return never_connected(o) if spec.on_missing is None else spec.on_missing is OnMissing.RECREATE


def _adopts_this_one(o: Observed) -> bool:
    adopt = o.registration.spec.adopt
    return adopt is not None and adopt.uuid is not None


def _present(o: Observed, held: Title, snapshot: Snapshot, listed: Cluster) -> Action:
    cluster = as_put(o, snapshot, listed)
    if extra := _surplus(o, held, snapshot):
        return shown(o, extra, cluster)
    if cluster.delete_requested_at is not None:
        return shown(o, waiting(o, "ClusterMissing", _going(cluster.delete_requested_at), LOOK_AGAIN), cluster)
    if cluster.name == o.registration.cluster_name or o.registration.spec.on_drift is OnDrift.REPORT:
        due = unconfirmed(o, snapshot, listed)
        return due if isinstance(due, ReadClusters) else _registered(o, held, cluster, due)
    if observes(o):
        return _planned(o, held, cluster, _plan_rename(o, snapshot))
    return rename(o, held, snapshot, cluster)


def _plan_rename(o: Observed, snapshot: Snapshot) -> str:
    name = o.registration.cluster_name
    taken = name_taken(o, snapshot, name)
    return f"Manage would do nothing: {taken}" if taken else f"Manage would rename the cluster to {name}."


def _going(since: datetime) -> str:
    return (
        f"Somebody asked the control plane to delete this cluster at {since:%Y-%m-%d %H:%M:%S} UTC. "
        "When it is gone, spec.onMissing decides."
    )


def _surplus(o: Observed, held: Title, snapshot: Snapshot) -> Stand | None:
    extra = beside(o, held, snapshot)
    if not extra:
        return None
    message = (
        f"Besides {held.uuid}, these clusters may have been made by an attempt whose answer was lost: "
        f"{', '.join(extra)}. Nothing is touched; delete those that are not needed in the control plane."
    )
    return stalled(o, "CreateAmbiguous", message)


def _planned(o: Observed, held: Title, cluster: Cluster | None, planned: str) -> Stand:
    verdict = _registered(o, held, cluster)
    return Stand(
        Phase.READY,
        "Observing",
        "Observing: nothing is changed in the control plane.",
        held,
        shown=cluster,
        drift=verdict.drift,
        planned=planned,
        wake=LOOK_AGAIN,
    )


def _registered(o: Observed, held: Title, cluster: Cluster | None, wake: float | None = None) -> Stand:
    """All is as asked for. An attempt that is still open beside a shown cluster is proven to have made nothing."""
    attempt = open_attempt(o)
    name = cluster.name if cluster else o.registration.status.cluster_name or o.registration.cluster_name
    reason = "Observing" if observes(o) else registered_reason(held)
    return Stand(
        Phase.READY,
        reason,
        f"Cluster {name} is registered.",
        held,
        shown=cluster,
        closes=attempt.id if attempt and cluster else None,
        drift=drift(o, cluster) if cluster else (),
        planned="Manage would change nothing." if observes(o) else None,
        wake=wake,
    )
