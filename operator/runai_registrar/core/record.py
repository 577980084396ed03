"""A 201 in hand comes before everything else: never lose a uuid (design 4.1, point 4)."""

from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.actions import Phase, ReadCluster, Stand, Title
from runai_registrar.core.claims import written_title
from runai_registrar.core.missing import Doubt, unproven
from runai_registrar.core.observed import Observed, Outcome
from runai_registrar.core.obstacles import obstacle
from runai_registrar.core.verdicts import LOOK_AGAIN
from runai_registrar.resources import Origin


def record(o: Observed) -> Stand | ReadCluster | None:
    """Write 2: the uuid that the POST returned, which never replaces another one that is not confirmed missing."""
    memory = o.memory
    if memory.outcome is not Outcome.ANSWERED or memory.answer is None or memory.attempt is None:
        return None
    cluster, held = memory.answer, written_title(o.registration)
    if held and held.uuid not in (cluster.uuid, memory.replaces):
        return None if o.registration.deleting else _beside(o, held, cluster)
    if held and held.uuid == cluster.uuid and o.registration.status.attempt == memory.attempt.id:
        return None
    deleting, applied = o.registration.deleting, cluster.name == o.registration.cluster_name
    reason = "Deleting" if deleting else "Registered" if applied else "Registering"
    return Stand(
        Phase.READY if reason == "Registered" else Phase.RECONCILING,
        reason,
        f"Cluster {cluster.name} is registered.",
        Title(cluster.uuid, Origin.CREATED),
        shown=cluster,
        closes=memory.attempt.id,
        wake=o.timing.settle if reason == "Registered" else 0.0,
    )


def _beside(o: Observed, held: Title, other: Cluster) -> Stand | ReadCluster | None:
    """Two clusters are named until the other one is proven gone; it is not forgotten, but proven anew at each look."""
    doubt = Doubt.YOUNG if obstacle(o) or _young(o, other) else unproven(o, other.uuid)
    return _two(held, other.uuid) if isinstance(doubt, Doubt) else doubt


def _young(o: Observed, cluster: Cluster) -> bool:
    return o.snapshot is None or o.snapshot.began_cp < cluster.created_at.timestamp() + o.timing.settle


def _two(held: Title, other: str) -> Stand:
    message = (
        f"This registration holds cluster {held.uuid}, and a creation made {other} as well. Nothing is touched; "
        "delete the one that is not needed in the control plane. This goes on once it is seen to be gone."
    )
    return Stand(Phase.STALLED, "CreateAmbiguous", message, held, wake=LOOK_AGAIN)
