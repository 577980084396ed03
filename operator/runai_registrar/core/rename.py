"""The name of a cluster that is held: put, seen to be put, and given up where somebody else keeps changing it.

Design 4.3; decision 14. A list may lag behind a PUT: until `list_lag` has passed, the name that was put counts.
"""

from dataclasses import replace
from itertools import pairwise

from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.actions import Action, ReadClusters, ReadRegistration, Rename, Stand, Title
from runai_registrar.core.create import name_taken
from runai_registrar.core.drift import drift
from runai_registrar.core.observed import Observed, Snapshot
from runai_registrar.core.verdicts import held_back, stalled
from runai_registrar.resources import RECONCILE_REQUESTED_AT

MOST_PUTS = 3
"""How often a name is put, and changed again by somebody else, before correcting stops."""

PAUSE = 3600.0
"""Seconds after which a name that was given up is put once more; within twice that, one PUT follows another."""


def as_put(o: Observed, snapshot: Snapshot, listed: Cluster) -> Cluster:
    """The cluster with the name that was put, unless a list shows another one that began late enough to know."""
    if o.memory.renamed is None or not _may_lag(o, snapshot):
        return listed
    return listed.model_copy(update={"name": o.memory.renamed[0]})


def unconfirmed(o: Observed, snapshot: Snapshot, listed: Cluster) -> float | ReadClusters | None:
    """Seconds until a list must have shown the name that was put; one is asked for if none came by itself.

    None where the name is not in doubt. Nothing else would bring it up: a list that shows what was shown before the PUT
    is no change.
    """
    put = o.memory.renamed
    if put is None or listed.name == put[0] or not _may_lag(o, snapshot):
        return None
    reliable = put[1].earlier(-o.timing.list_lag)
    left = reliable.boot + o.control_plane.poll_interval - o.now.boot
    return left if left > 0 else ReadClusters(reliable)


def rename(o: Observed, held: Title, snapshot: Snapshot, cluster: Cluster | None) -> Action:
    """Put the name in the spec, on a live read of the registration, unless that failed, cannot be or is in vain."""
    name = o.registration.cluster_name
    if failed := held_back(o):
        return shown(o, failed, cluster)
    if taken := name_taken(o, snapshot, name):
        return shown(o, stalled(o, "NameTaken", taken), cluster)
    if undone := _undone(o, cluster):
        return shown(o, undone, cluster)
    if o.reads.registration is None or o.reads.registration.age(o.now) > o.timing.freshness:
        return ReadRegistration()
    return Rename(held.uuid, name)


def shown(o: Observed, verdict: Stand, cluster: Cluster | None) -> Stand:
    """The verdict with the cluster displayed, and how it differs from the spec."""
    return replace(verdict, shown=cluster, drift=drift(o, cluster) if cluster else ())


def _may_lag(o: Observed, snapshot: Snapshot) -> bool:
    """Whether this list may not know of the last PUT."""
    put = o.memory.renamed
    return put is not None and not snapshot.began.after(put[1].earlier(-o.timing.list_lag))


def _undone(o: Observed, cluster: Cluster | None) -> Stand | None:
    """Somebody else changes the name as often as it is put: stop, and try once an hour whether that has ended."""
    name, generation = o.registration.cluster_name, o.registration.metadata.generation
    times = [put.at for put in o.memory.puts if (put.name, put.generation) == (name, generation)][-MOST_PUTS:]
    together = all(one.age(after) <= 2 * PAUSE for one, after in pairwise(times))
    if len(times) < MOST_PUTS or not together or times[-1].age(o.now) >= PAUSE:
        return None
    now = cluster.name if cluster else o.registration.status.cluster_name
    message = (
        f"The name {name} was put {MOST_PUTS} times and is {now} now: somebody else keeps renaming the cluster, or the "
        "control plane does not keep the name as it is written. Find out who it is (a person, a script, an operator "
        "elsewhere) and stop it there; or take that name into spec.clusterName, or set spec.onDrift to Report. It is "
        f"tried again once an hour, and at once when the spec or the annotation {RECONCILE_REQUESTED_AT} changes."
    )
    return replace(stalled(o, "OwnershipConflict", message), wake=PAUSE - times[-1].age(o.now))
