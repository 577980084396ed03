"""A registration that is being deleted: ask once, wait until the cluster is seen to be gone, let go (design 4.4)."""

from dataclasses import replace
from datetime import timedelta

from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.actions import (
    Action,
    Delete,
    Phase,
    ReadClusters,
    ReadHolders,
    ReadRegistrations,
    Release,
    Stand,
    Title,
)
from runai_registrar.core.attempt import open_attempt, unreadable
from runai_registrar.core.claims import stronger_holder, written_title
from runai_registrar.core.missing import Doubt, unproven
from runai_registrar.core.observed import Observed, Snapshot
from runai_registrar.core.surplus import beside
from runai_registrar.core.times import Stamp, utc
from runai_registrar.core.verdicts import (
    LOOK_EVERY,
    WAY_OUT,
    deletion_timeout,
    held_back,
    never_connected,
    observes,
    own_title,
    settled,
    stalled,
)
from runai_registrar.resources import RELEASE, DeletionPolicy, DeletionProgress, OnTimeout, Origin, Registration

ASK_AGAIN = 300.0
"""Longest pause in seconds before a deletion that the control plane seems to ignore is asked for again."""

IGNORED = (
    "The control plane shows the cluster as if nobody had asked it to delete it. It is asked again, after longer and "
    "longer pauses of 5 minutes at most."
)


def let_go(o: Observed) -> Release | None:
    """What may end at once, without any control plane: orphaned on purpose, or nothing was ever made."""
    registration = o.registration
    if not registration.deleting:
        return None
    held, unclear = written_title(registration), open_attempt(o) is not None
    uuid = held.uuid if held else None
    if registration.metadata.annotations.get(RELEASE) == "orphan":
        return Release(f"the annotation {RELEASE} says orphan", uuid, unclear)
    if held is None and not unclear and not unreadable(registration):
        return Release("nothing was registered")
    if o.memory.invalid is None and registration.spec.deletion.policy is DeletionPolicy.ORPHAN:
        return Release("deletion.policy is Orphan", uuid, unclear)
    if o.memory.invalid is None and not unclear and policy(o, held) is DeletionPolicy.ORPHAN:
        return Release("deletion.policy of an adopted cluster is Orphan unless it is written otherwise", uuid)
    return None


def policy(o: Observed, held: Title | None) -> DeletionPolicy:
    """What the spec says; by default a created cluster is deleted and an adopted one is left."""
    said = o.registration.spec.deletion.policy
    if said is not None:
        return said
    return DeletionPolicy.ORPHAN if held and held.origin is Origin.ADOPTED else DeletionPolicy.DELETE


def delete(o: Observed) -> Action:
    """The next step of a deletion whose control plane can be asked."""
    held = own_title(o)
    if held is None:
        return Release("no cluster of the creation is there")
    if owner := stronger_holder(o, held.uuid):
        return _owned_elsewhere(o, held, owner)
    if policy(o, held) is DeletionPolicy.ORPHAN:
        return Release(
            "an adopted cluster is left, unless deletion.policy says otherwise: Orphan is its default", held.uuid
        )
    return _absent(o, held) or _barred(o, held) or _ask_or_wait(o, held)


def _absent(o: Observed, held: Title) -> Action | None:
    """What was asked for and is not shown any more: that ends a deletion which has been forbidden since, too."""
    snapshot = o.snapshot
    if snapshot is None or not asked(o, snapshot) or snapshot.shows(held.uuid):
        return None
    return _gone(o, held, snapshot) if settled(o) <= 0 else _settling(o, held)


def _barred(o: Observed, held: Title) -> Stand | None:
    if refusal := _forbidden(o, held):
        return replace(stalled(o, "DeletionBlocked", f"{refusal} {WAY_OUT}"), planned=_plan(o, held))
    return None


def _forbidden(o: Observed, held: Title) -> str | None:
    observing = "spec.mode is Observe, so the cluster is not deleted. Set it to Manage to delete the cluster."
    return _protected(o) or (observing if observes(o) else _unconfirmed(o, held))


def _plan(o: Observed, held: Title) -> str | None:
    """What Manage would do about the deletion (Observe only)."""
    if not observes(o):
        return None
    if barred := _protected(o) or _unconfirmed(o, held):
        return f"Manage would do nothing: {barred}"
    force = ", by force" if o.registration.spec.deletion.force else ""
    return f"Manage would delete the cluster {held.uuid}{force}."


def _protected(o: Observed) -> str | None:
    if not o.registration.spec.deletion_protection:
        return None
    return "The cluster is protected from deletion. Set spec.deletionProtection to false to delete it."


def _unconfirmed(o: Observed, held: Title) -> str | None:
    spec = o.registration.spec
    if held.origin is Origin.RECOVERED and not never_connected(o) and spec.deletion.policy is None:
        return (
            "The cluster was found again after a lost answer and has connected since. Set spec.deletion.policy to "
            "Delete to confirm that it is to be deleted."
        )
    return None


def asked(o: Observed, snapshot: Snapshot) -> bool:
    """Whether this list began after the deletion was asked for."""
    if o.memory.asked is not None:
        return snapshot.began.after(o.memory.asked)
    progress = o.registration.status.deletion
    return progress is not None and snapshot.began_cp > progress.requested_at.timestamp()


def _ask_or_wait(o: Observed, held: Title) -> Action:
    snapshot = o.snapshot
    if snapshot is None or (asked(o, snapshot) is False and o.memory.asked):
        return ReadClusters(o.memory.asked or o.now)
    shown = snapshot.shows(held.uuid)
    late, ignored = _overdue(o), asked(o, snapshot) and shown is not None and shown.delete_requested_at is None
    if late is OnTimeout.ORPHAN:
        return Release("the deletion took longer than deletion.timeout, and deletion.onTimeout is Orphan", held.uuid)
    force = o.registration.spec.deletion.force or late is OnTimeout.FORCE
    if not _was_asked(o) or (ignored and _rested(o)) or (force and not _was_forced(o)):
        return _ask(o, held, snapshot, force=force)
    if snapshot.began.age(o.now) > _interval(o):
        return ReadClusters(o.now.earlier(_interval(o)))
    return _draining(o, held, shown, ignored=ignored)


def _gone(o: Observed, held: Title, snapshot: Snapshot) -> Action:
    """Let go, unless another cluster of ours may have appeared meanwhile: without us nobody would name it."""
    extra = beside(o, held, snapshot)
    if not extra:
        return Release("the cluster is gone from the control plane")
    message = (
        f"The cluster {held.uuid} is gone, but an attempt whose answer was lost may have made {', '.join(extra)}. "
        f"Nothing is touched; delete what is not needed in the control plane. {WAY_OUT}"
    )
    return replace(stalled(o, "DeletionBlocked", message), deletion=progress(o))


def _was_asked(o: Observed) -> bool:
    return o.memory.asked is not None or o.registration.status.deletion is not None


def _was_forced(o: Observed) -> bool:
    progress = o.registration.status.deletion
    return o.memory.forced or (progress is not None and progress.forced_at is not None)


def _rested(o: Observed) -> bool:
    """Whether to ask again: after as long as it had been asked for at the last time, so that the pauses double."""
    if o.memory.asked is None:
        return True
    far, pause = progress(o), o.memory.asked.age(o.now)
    asked_for = o.clock - pause - (far.forced_at or far.requested_at).timestamp()
    return pause >= min(ASK_AGAIN, max(_interval(o), asked_for))


def _interval(o: Observed) -> float:
    return min(LOOK_EVERY, o.control_plane.poll_interval)


def _ask(o: Observed, held: Title, snapshot: Snapshot, *, force: bool) -> Action:
    """DELETE rests on a live read of all registrations that hold the uuid, which shows this one as well."""
    if failed := held_back(o):
        doubt = unproven(o, held.uuid)
        if not isinstance(doubt, Doubt):
            return doubt or _gone(o, held, snapshot)
        return _going(failed.message, held, failed.wake, stuck=failed.phase is Phase.STALLED or bool(_stuck(o)))
    if not _live(o, o.reads.holders):
        return ReadHolders(held.uuid, o.now.earlier(o.timing.freshness / 2))
    return Delete(held.uuid, force)


def _owned_elsewhere(o: Observed, held: Title, owner: Registration) -> Action:
    """A live list shows whether the owner is still there: a cluster must not be left without one."""
    if not _live(o, o.reads.registrations):
        return ReadRegistrations(o.now.earlier(o.timing.freshness / 2))
    return Release(f"the registration {owner.key} owns the cluster", held.uuid)


def _live(o: Observed, read: Stamp | None) -> bool:
    """Whether a live read was made just now."""
    return read is not None and read.age(o.now) <= o.timing.freshness


def progress(o: Observed) -> DeletionProgress:
    """How far the deletion is, in the control plane's clock; what was recorded before is kept."""
    known = o.registration.status.deletion
    since = o.clock - o.memory.asked.age(o.now) if o.memory.asked else o.clock
    requested = known.requested_at if known else utc(round(since))
    forced = known.forced_at if known and known.forced_at else utc(round(since)) if o.memory.forced else None
    return DeletionProgress(
        requested_at=requested, deadline=requested + timedelta(seconds=deletion_timeout(o)), forced_at=forced
    )


def _overdue(o: Observed) -> OnTimeout | None:
    """What to do about a deletion that takes too long, or None while it may go on."""
    deadline = progress(o).deadline
    if deadline is None or not _was_asked(o) or o.clock < deadline.timestamp():
        return None
    return o.registration.spec.deletion.on_timeout or (OnTimeout.FORCE if never_connected(o) else OnTimeout.WAIT)


def _settling(o: Observed, held: Title) -> Stand:
    message = "The control plane does not show the cluster any more. That counts once lists are reliable for it."
    return Stand(Phase.RECONCILING, "Deleting", message, held, deletion=progress(o), wake=settled(o))


def _draining(o: Observed, held: Title, shown: Cluster | None, *, ignored: bool) -> Stand:
    stuck = _stuck(o)
    message = stuck or (IGNORED if ignored else "The control plane is deleting the cluster.")
    return replace(_going(message, held, _interval(o), stuck=bool(stuck)), shown=shown, deletion=progress(o))


def _going(message: str, held: Title, wake: float | None, *, stuck: bool) -> Stand:
    phase, reason = (Phase.STALLED, "DeletionBlocked") if stuck else (Phase.RECONCILING, "Deleting")
    return Stand(phase, reason, f"{message} {WAY_OUT}", held, wake=wake)


def _stuck(o: Observed) -> str | None:
    """Why a person must look at a deletion under way, or None: a forced one has deletion.timeout from then on."""
    forced = progress(o).forced_at if _was_asked(o) else None
    if forced is not None:
        late = o.clock >= forced.timestamp() + deletion_timeout(o)
        return "The control plane has not finished the forced deletion within deletion.timeout." if late else None
    if _overdue(o) is OnTimeout.WAIT:
        return (
            "The control plane has not finished deleting the cluster within deletion.timeout. Set deletion.force to "
            "true to delete it at once."
        )
    return None
