"""The verdicts that several steps share, and the sentences that say how to get out."""

from runai_registrar.controlplane.models import has_connected
from runai_registrar.core.actions import Phase, Stand, Title
from runai_registrar.core.claims import title, written_title
from runai_registrar.core.observed import Observed, Snapshot
from runai_registrar.core.times import seconds
from runai_registrar.resources import RELEASE, Mode, Origin

LOOK_AGAIN = 60.0
"""Seconds after which a stalled registration is looked at again, even if nothing woke it."""

LOOK_EVERY = 5.0
"""Seconds between lists while something is under way: a lost answer, a deletion that drains."""

GRACE = 120.0
"""Seconds for which a control plane or Secret may be late before a person is asked to act (kustomize, Helm --wait)."""

WAY_OUT = f"To give the cluster up instead, annotate the registration with {RELEASE}=orphan."


def own_title(o: Observed) -> Title | None:
    """The cluster this registration owns on its control plane."""
    return title(o.registration, o.control_plane)


def registered_reason(held: Title) -> str:
    """The reason of Ready=True."""
    return "Adopted" if held.origin is Origin.ADOPTED else "Registered"


def stalled(o: Observed, reason: str, message: str) -> Stand:
    """A person must act; the title is kept as it is written."""
    return Stand(Phase.STALLED, reason, message, title=written_title(o.registration), wake=LOOK_AGAIN)


def waiting(o: Observed, reason: str, message: str, wake: float | None) -> Stand:
    """It will be tried again; the title is kept as it is written."""
    return Stand(Phase.RECONCILING, reason, message, title=written_title(o.registration), wake=wake)


def late(o: Observed, reason: str, message: str) -> Stand:
    """Something another object should bring: waited for during the grace period, then a person must act."""
    since = o.memory.waiting.get(reason, o.now)
    left = GRACE - since.age(o.now)
    said = any(
        c.type == "Stalled" and c.status == "True" and c.reason == reason for c in o.registration.status.conditions
    )
    return stalled(o, reason, message) if said or left <= 0 else waiting(o, reason, message, left)


def closing(o: Observed) -> Stand | None:
    """A control plane that is being deleted gets no new clusters; it only serves those that it has."""
    plane = o.control_plane
    if not plane.deleting:
        return None
    message = (
        f"The RunaiControlPlane {plane.name} is being deleted, so nothing new is registered with it. Wait until there "
        "is a new one of that name, or name another in a new registration."
    )
    return stalled(o, "ControlPlaneNotReady", message)


def held_back(o: Observed) -> Stand | None:
    """After a failed call: what failed, until it is time to try again or the spec has changed."""
    failure = o.memory.failure
    if failure is None or failure.generation != o.registration.metadata.generation:
        return None
    left = failure.retry_at.boot - o.now.boot
    if left <= 0:
        return None
    phase = Phase.STALLED if failure.stalled else Phase.RECONCILING
    return Stand(phase, failure.reason, failure.message, title=written_title(o.registration), wake=left)


def never_connected(o: Observed) -> bool:
    """Whether the cluster never connected, as far as the status and the latest list tell."""
    status = o.registration.status
    shown = o.snapshot.shows(status.uuid) if o.snapshot and status.uuid else None
    known = status.first_connected_at or has_connected(status.state, status.last_liveness)
    return not (known or (shown and shown.has_connected))


def suspended(o: Observed) -> str | None:
    """What is suspended, or None."""
    if o.registration.spec.suspend:
        return "spec.suspend is true"
    if o.control_plane.suspended:
        return f"the RunaiControlPlane {o.control_plane.name} is suspended"
    return None


def resuming(o: Observed) -> str:
    """What to do about what is suspended."""
    where = "" if o.registration.spec.suspend else f" in the RunaiControlPlane {o.control_plane.name}"
    return f"Set spec.suspend to false{where} to go on."


def observes(o: Observed) -> bool:
    """Whether nothing may be changed in the control plane because of `spec.mode`."""
    return o.registration.spec.mode is Mode.OBSERVE


def settled(o: Observed) -> float:
    """Seconds until absence of the registered cluster from a list begins to count; 0 or less when it does."""
    created = o.registration.status.created_at
    if created is None or o.snapshot is None:
        return 0.0
    return created.timestamp() + o.timing.settle - o.snapshot.began_cp


def deletion_timeout(o: Observed, *, drains: bool | None = None) -> float:
    """Seconds a deletion may take: an hour, or five minutes where there is nothing to drain (`drains`: as known)."""
    connected = not never_connected(o) if drains is None else drains
    return seconds(o.registration.spec.deletion.timeout, 3600.0 if connected else 300.0)


def recent(o: Observed, snapshot: Snapshot) -> bool:
    """Whether a list is recent enough to create or claim by: at most 5 s old, or the newest this look could get."""
    if snapshot.began.age(o.now) <= o.timing.snapshot_age:
        return True
    return o.reads.clusters is not None and snapshot.began.after(o.reads.clusters)
