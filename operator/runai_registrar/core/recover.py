"""An open attempt comes first: send it, or find out what became of it (design 4.1, points 3 to 7)."""

from dataclasses import replace

from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.actions import (
    Action,
    Create,
    Hold,
    Phase,
    ReadCluster,
    ReadClusters,
    ReadRegistrations,
    Stand,
    Title,
)
from runai_registrar.core.attempt import candidates, filled_in, going, open_attempt, sent_names, surplus
from runai_registrar.core.claims import creating, holders
from runai_registrar.core.missing import unproven
from runai_registrar.core.observed import Observed, Outcome, Snapshot
from runai_registrar.core.verdicts import (
    LOOK_EVERY,
    WAY_OUT,
    deletion_timeout,
    held_back,
    observes,
    own_title,
    recent,
    stalled,
    waiting,
)
from runai_registrar.resources import CreateAttempt, Origin


def recover(o: Observed) -> Action | None:
    """Deal with the open attempt; None where there is none, or where it is proven that it made nothing."""
    attempt = open_attempt(o)
    if attempt is None:
        return None
    known = o.memory.outcome if o.memory.attempt and o.memory.attempt.id == attempt.id else None
    if known is Outcome.ANNOUNCED and _sendable(o, attempt):
        return Create(attempt)
    if known in (Outcome.ANNOUNCED, Outcome.UNSENT):
        return _earlier(o, attempt)
    if known is Outcome.REFUSED:
        return _refused(o, attempt)
    return _look(o, attempt)


def _sendable(o: Observed, attempt: CreateAttempt) -> bool:
    """Whether the attempt still says what the spec says, and is fresh."""
    spec, written = o.registration.spec, o.memory.written
    same = (attempt.name, attempt.domain, attempt.version) == (o.registration.cluster_name, spec.domain, spec.version)
    fresh = written is not None and written.age(o.now) <= o.timing.freshness
    held = own_title(o)
    free = held is None or held.uuid == o.memory.replaces
    leaving = o.registration.deleting or o.control_plane.deleting
    wanted = not leaving and not observes(o) and not _person_decided(o)
    return same and fresh and free and wanted


def _refused(o: Observed, attempt: CreateAttempt) -> Action | None:
    """A definite refusal closes this attempt, by compare-and-swap; what earlier ones sent stays open."""
    if attempt.earlier:
        return Hold(attempt.model_copy(update={"refused": True}))
    if o.registration.deleting:
        return None
    failed = held_back(o) or waiting(o, "Registering", "The creation was refused and is tried again.", 1.0)
    return Stand(failed.phase, failed.reason, failed.message, failed.title, closes=attempt.id, wake=failed.wake)


def _earlier(o: Observed, attempt: CreateAttempt) -> Action | None:
    """One that was never sent made nothing; before a release, what earlier ones may have made late is looked for."""
    if not (o.registration.deleting and attempt.earlier):
        return None
    return _look(o, attempt.model_copy(update={"refused": True}))


def _look(o: Observed, attempt: CreateAttempt) -> Action | None:
    """Look in a list that began after the attempt."""
    snapshot = o.snapshot
    if snapshot is None or not recent(o, snapshot):
        return ReadClusters(o.now.earlier(o.timing.snapshot_age))
    if snapshot.began_cp <= attempt.at.timestamp():
        return ReadClusters(snapshot.began)
    return None if _person_decided(o) else _judge(o, attempt, snapshot)


def _judge(o: Observed, attempt: CreateAttempt, snapshot: Snapshot) -> Action | None:
    """Claim what can only be ours, name what may be, wait for what is going; a guess is never touched."""
    held, desired = own_title(o), o.registration.cluster_name
    mine = {held.uuid} if held else set()
    found = _free(o, candidates(snapshot, attempt, desired, o.timing), mine)
    extra = _free(o, surplus(snapshot, attempt, desired, o.timing), mine)
    vague = _free(o, filled_in(snapshot, attempt, desired, o.timing), mine)
    have = held is not None and snapshot.shows(held.uuid) is not None
    if vague and not (found or extra):
        return _unlike(o, attempt, vague)
    if vague or len(found) > 1 or (extra and (have or not found)):
        return _ambiguous(o, attempt, {**vague, **extra, **found})
    if o.registration.deleting and (ending := _free(o, going(snapshot, attempt, desired, o.timing), mine)):
        return _ending(o, attempt, ending)
    if found:
        return _claim(o, attempt, snapshot, next(iter(found.values())))
    return _nothing_yet(o, attempt, snapshot)


def _person_decided(o: Observed) -> bool:
    """`adopt.uuid` names the cluster: nothing is left to find out."""
    adopt = o.registration.spec.adopt
    asked = adopt is not None and adopt.uuid is not None and not o.registration.deleting
    return asked and own_title(o) is None


def _free(o: Observed, clusters: dict[str, Cluster], mine: set[str]) -> dict[str, Cluster]:
    return {uuid: cluster for uuid, cluster in clusters.items() if uuid not in mine and not holders(o, uuid)}


def _claim(o: Observed, attempt: CreateAttempt, snapshot: Snapshot, cluster: Cluster) -> Action:
    """One candidate: ours, unless a live list of registrations shows another open attempt for the name."""
    if o.reads.registrations is None or not o.reads.registrations.after(snapshot.began):
        return ReadRegistrations(snapshot.began)
    for name in sorted(sent_names(attempt) | {cluster.name}):
        if rival := creating(o, name):
            return _shared(o, attempt, cluster, rival.key)
    held = own_title(o)
    if held and (doubt := unproven(o, held.uuid)):
        return (
            doubt
            if isinstance(doubt, ReadCluster)
            else _ambiguous(o, attempt, {held.uuid: cluster, cluster.uuid: cluster})
        )
    message = f"Cluster {cluster.name} was created by an attempt whose answer was lost; it was found again."
    phase, reason = (Phase.RECONCILING, "Deleting") if o.registration.deleting else (Phase.READY, "Registered")
    return Stand(
        phase, reason, message, Title(cluster.uuid, Origin.RECOVERED), shown=cluster, closes=attempt.id, wake=0.0
    )


def _shared(o: Observed, attempt: CreateAttempt, cluster: Cluster, rival: str) -> Stand:
    message = (
        f"Cluster {cluster.uuid} may have been created for this registration or for {rival}, which creates the same "
        "name. Look in the control plane whose it is and set spec.adopt.uuid in that registration."
    )
    return _unclear(o, attempt, message)


def _ambiguous(o: Observed, attempt: CreateAttempt, clusters: dict[str, Cluster]) -> Stand:
    message = (
        f"The answer to a creation was lost, and these clusters may be its result: {', '.join(sorted(clusters))}. "
        "Nothing is touched. Set spec.adopt.uuid to the one that belongs here, and delete the others in the control "
        "plane."
    )
    return _unclear(o, attempt, message)


def _unlike(o: Observed, attempt: CreateAttempt, clusters: dict[str, Cluster]) -> Stand:
    """Only a person can tell what the control plane filled in from what somebody else asked for."""
    todo = (
        "Delete what belongs here in the control plane."
        if o.registration.deleting
        else "Set spec.adopt.uuid to the one that belongs here; if none does, create the registration anew under "
        "another name."
    )
    message = (
        f"The answer to a creation was lost. It may have made {', '.join(sorted(clusters))}, which has a domain or "
        f"version although none was sent. Nothing is touched. {todo}"
    )
    return _unclear(o, attempt, message)


def _ending(o: Observed, attempt: CreateAttempt, clusters: dict[str, Cluster]) -> Stand:
    """Without a title nothing is called: the deletion that is under way is waited for until its end is seen."""
    asked = max(cluster.delete_requested_at or cluster.created_at for cluster in clusters.values())
    drains = any(cluster.has_connected for cluster in clusters.values())
    late = o.clock >= asked.timestamp() + deletion_timeout(o, drains=drains)
    message = (
        f"The control plane is deleting {', '.join(sorted(clusters))}, which a creation of this registration may have "
        f"made. {'It takes longer than deletion.timeout.' if late else 'Waiting for the end of it.'} {WAY_OUT}"
    )
    verdict = stalled(o, "DeletionBlocked", message) if late else waiting(o, "Deleting", message, None)
    return replace(verdict, attempt=attempt, wake=min(LOOK_EVERY, o.control_plane.poll_interval))


def _unclear(o: Observed, attempt: CreateAttempt, message: str) -> Stand:
    verdict = stalled(o, "CreateAmbiguous", f"{message} {WAY_OUT}" if o.registration.deleting else message)
    return replace(verdict, attempt=attempt, wake=o.control_plane.poll_interval)


def _nothing_yet(o: Observed, attempt: CreateAttempt, snapshot: Snapshot) -> Action | None:
    """No candidate: only a list that began after `at + settle` proves that nothing was made."""
    left = attempt.at.timestamp() + o.timing.settle - snapshot.began_cp
    if left <= 0:
        return None
    message = (
        "The answer to the creation was lost. Looking in the control plane whether the cluster was made, before "
        "anything is tried again."
    )
    reason = "Deleting" if o.registration.deleting else "Registering"
    return replace(waiting(o, reason, message, min(LOOK_EVERY, left)), attempt=attempt)
