"""A registration without a cluster: observe, adopt, or announce a creation (design 4.1, points 1 and 2; 4.2)."""

from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.actions import (
    Action,
    Announce,
    Hold,
    Phase,
    ReadClusters,
    ReadRegistrations,
    Stand,
    Title,
)
from runai_registrar.core.attempt import (
    MAX_EARLIER,
    candidates,
    filled_in,
    new_attempt,
    open_attempt,
    open_attempts,
    unresolved,
)
from runai_registrar.core.claims import creating, holders, name_holder
from runai_registrar.core.drift import drift
from runai_registrar.core.observed import Observed, Outcome, Snapshot, is_live
from runai_registrar.core.verdicts import (
    LOOK_AGAIN,
    LOOK_EVERY,
    closing,
    held_back,
    observes,
    own_title,
    recent,
    stalled,
    waiting,
)
from runai_registrar.resources import CreateAttempt, OnDrift, Origin, Registration


def begin(o: Observed) -> Action:
    """The first step of a registration that owns nothing and has nothing unresolved."""
    snapshot = o.snapshot
    if snapshot is None:
        return ReadClusters(o.now)
    if observes(o):
        return _observe(o, snapshot)
    if o.registration.spec.adopt is not None:
        return _adopt(o, snapshot)
    return create(o, snapshot)


def create(o: Observed, snapshot: Snapshot, replaces: str | None = None) -> Action:
    """Announce a creation, unless the name is taken; `replaces` is a uuid that is confirmed missing."""
    if hindered := closing(o) or held_back(o):
        return hindered
    if taken := name_taken(o, snapshot, o.registration.cluster_name):
        return stalled(o, "NameTaken", taken)
    if not recent(o, snapshot):
        return ReadClusters(o.now.earlier(o.timing.snapshot_age))
    previous = _previous(o)
    if previous and len(unresolved(previous)) > MAX_EARLIER:
        message = (
            "Too many creations ended without an answer. Look in the control plane for clusters that belong here, "
            "and set spec.adopt.uuid."
        )
        return stalled(o, "CreateAmbiguous", message)
    return Announce(new_attempt(o, snapshot, previous), replaces)


def name_taken(o: Observed, snapshot: Snapshot, name: str) -> str | None:
    """Why this name cannot be used now, or None. Only live clusters count: a draining one is listed in `exclude`."""
    held = own_title(o)
    live = [cluster for cluster in snapshot.live(name) if held is None or cluster.uuid != held.uuid]
    if live:
        first = min(live, key=lambda cluster: (cluster.created_at, cluster.uuid))
        return (
            f"A cluster named {name} exists already in the control plane ({first.uuid}). Choose another "
            "spec.clusterName, or set spec.adopt if it is the one meant."
        )
    rival = creating(o, name) or name_holder(o, name)
    if rival:
        return f"The registration {rival.key} holds or creates a cluster named {name}. Choose another spec.clusterName."
    if o.name_reserved:
        return f"Another registration is creating a cluster named {name} just now. Choose another spec.clusterName."
    return None


def _previous(o: Observed) -> CreateAttempt | None:
    """The open attempt whose unresolved parts the next one keeps; one never sent keeps only its earlier ones."""
    attempt = open_attempt(o)
    known = o.memory.outcome if attempt and o.memory.attempt and o.memory.attempt.id == attempt.id else None
    if attempt and known in (Outcome.UNSENT, Outcome.ANNOUNCED):
        return attempt.model_copy(update={"refused": True})
    return attempt


def _observe(o: Observed, snapshot: Snapshot) -> Stand:
    """Observe holds nothing: it shows the cluster meant, and what Manage would do."""
    found = _meant(o, snapshot)
    planned = _plan(o, snapshot, found)
    message = (
        "Observing: nothing is changed in the control plane. status.plannedAction says what spec.mode Manage would do."
    )
    differs = drift(o, found) if found and o.registration.spec.adopt else ()
    closes = _made_nothing(o)
    return Stand(
        Phase.READY,
        "Observing",
        message,
        shown=found,
        closes=closes,
        drift=differs,
        planned=planned,
        wake=LOOK_AGAIN,
    )


def _made_nothing(o: Observed) -> str | None:
    """The open attempt of which a settled list has shown no result: kept open, it would bar its name for good."""
    attempt = open_attempt(o)
    if attempt is None or _by_uuid(o):
        return None
    own = o.memory.attempt is not None and o.memory.attempt.id == attempt.id
    unsent = own and o.memory.outcome in (Outcome.UNSENT, Outcome.ANNOUNCED)
    return None if unsent and attempt.earlier else attempt.id


def _plan(o: Observed, snapshot: Snapshot, found: Cluster | None) -> str:
    name, adopt = o.registration.cluster_name, o.registration.spec.adopt
    if found and adopt:
        return _plan_adoption(o, snapshot, found)
    if adopt and (_by_uuid(o) or snapshot.live(name)):
        return f"Manage would do nothing: {_not_found(o)}"
    taken = name_taken(o, snapshot, name)
    return f"Manage would do nothing: {taken}" if taken else f"Manage would create a cluster named {name}."


def _plan_adoption(o: Observed, snapshot: Snapshot, found: Cluster) -> str:
    if barred := _claimed_elsewhere(o, snapshot, found):
        return f"Manage would do nothing: {barred.message}"
    name, adopts = o.registration.cluster_name, f"Manage would adopt the cluster {found.uuid}"
    if found.name == name or o.registration.spec.on_drift is OnDrift.REPORT:
        return f"{adopts}."
    taken = name_taken(o, snapshot, name)
    return f"{adopts} and leave its name: {taken}" if taken else f"{adopts} and rename it from {found.name} to {name}."


def _meant(o: Observed, snapshot: Snapshot) -> Cluster | None:
    """The live cluster that `adopt` names, or the only one of the name."""
    adopt = o.registration.spec.adopt
    if adopt and adopt.uuid:
        cluster = snapshot.shows(adopt.uuid)
        return cluster if cluster and is_live(cluster) else None
    live = snapshot.live(o.registration.cluster_name)
    return live[0] if len(live) == 1 else None


def _by_uuid(o: Observed) -> bool:
    adopt = o.registration.spec.adopt
    return adopt is not None and adopt.uuid is not None


def _not_found(o: Observed) -> str:
    adopt = o.registration.spec.adopt
    if adopt and adopt.uuid:
        return f"There is no live cluster {adopt.uuid} in the control plane. Correct spec.adopt.uuid."
    name = o.registration.cluster_name
    return (
        f"There is not exactly one live cluster named {name} in the control plane, but several. Set spec.adopt.uuid to "
        "the one that is meant."
    )


def _adopt(o: Observed, snapshot: Snapshot) -> Action:
    """Claim an existing cluster: by a live list of registrations, with the finalizer in place first."""
    cluster = _meant(o, snapshot)
    if cluster is None and not recent(o, snapshot):
        return ReadClusters(o.now.earlier(o.timing.snapshot_age))
    if cluster is None and not _by_uuid(o) and not snapshot.live(o.registration.cluster_name):
        return create(o, snapshot)
    if cluster is None:
        return stalled(o, "AdoptionTargetNotFound", _not_found(o))
    listed, since = o.reads.registrations, o.now.earlier(o.timing.freshness / 2)
    if listed is None or listed.age(o.now) > o.timing.freshness or not listed.after(snapshot.began):
        # Whoever made what the snapshot shows had announced it before: a list that began later shows that.
        return ReadRegistrations(snapshot.began if snapshot.began.after(since) else since)
    return _claimed_elsewhere(o, snapshot, cluster) or (_adopted(o, cluster) if o.registration.held else Hold())


def _claimed_elsewhere(o: Observed, snapshot: Snapshot, cluster: Cluster) -> Stand | None:
    if owner := next(iter(holders(o, cluster.uuid)), None):
        message = (
            f"The cluster {cluster.uuid} is held by the registration {owner.key}. Release it there first: "
            "set deletion.policy to Orphan and delete that registration."
        )
        return stalled(o, "OwnershipConflict", message)
    if rival := _maker(o, snapshot, cluster):
        return _unclear_maker(o, rival)
    return None


def _unclear_maker(o: Observed, rival: Registration) -> Stand:
    """A rival finds out within settle what its attempt made; after that only a person can tell."""
    latest = max((attempt.at.timestamp() for attempt in open_attempts(rival)), default=0.0)
    if o.clock <= latest + 2 * o.timing.settle:
        message = f"The registration {rival.key} may have created this cluster; waiting until that is clear."
        return waiting(o, "OwnershipConflict", message, LOOK_EVERY)
    message = (
        f"The registration {rival.key} may have created this cluster, and cannot find out by itself. Set "
        "spec.adopt.uuid there to the cluster that it made, or delete that registration."
    )
    return stalled(o, "OwnershipConflict", message)


def _maker(o: Observed, snapshot: Snapshot, cluster: Cluster) -> Registration | None:
    """A rival whose open attempt may have made the cluster, unless a person has just decided between it and ours."""
    own = open_attempt(o)
    if own and _by_uuid(o) and cluster.uuid in _perhaps_made(o, snapshot, own, o.registration):
        return None
    for rival in o.rivals:
        if any(cluster.uuid in _perhaps_made(o, snapshot, attempt, rival) for attempt in open_attempts(rival)):
            return rival
    return None


def _perhaps_made(o: Observed, snapshot: Snapshot, attempt: CreateAttempt, maker: Registration) -> set[str]:
    seen = (snapshot, attempt, maker.cluster_name, o.timing)
    return {*candidates(*seen), *filled_in(*seen)}


def _adopted(o: Observed, cluster: Cluster) -> Stand:
    attempt = open_attempt(o)
    return Stand(
        Phase.READY,
        "Adopted",
        f"Cluster {cluster.name} was adopted.",
        Title(cluster.uuid, Origin.ADOPTED),
        shown=cluster,
        closes=attempt.id if attempt else None,
        wake=0.0,
    )
