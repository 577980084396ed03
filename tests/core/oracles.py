"""What the tests know by themselves of proofs and deadlines, to hold `decide` against."""

from datetime import timedelta

from hypothesis import settings

from runai_registrar.core.claims import holders, rank
from runai_registrar.core.observed import Observed
from runai_registrar.resources import RELEASE, DeletionPolicy, OnTimeout, Origin

often = settings(max_examples=600, deadline=None, derandomize=True, database=None)
"""The same examples in each run, and enough of them."""


def absent_for_good(o: Observed, uuid: str) -> bool:
    """Whether the latest list lacks a cluster and began at least `settle` after its creation."""
    created = o.registration.status.created_at
    listed = o.snapshot is not None and o.snapshot.shows(uuid) is None
    return (
        listed
        and o.snapshot is not None
        and (created is None or o.snapshot.began_cp >= created.timestamp() + o.timing.settle)
    )


def confirmed_missing(o: Observed, uuid: str) -> bool:
    """Whether a cluster is absent for good and answered 404 to a GET made after that list."""
    asked = o.reads.absent.get(uuid)
    return absent_for_good(o, uuid) and asked is not None and o.snapshot is not None and asked.after(o.snapshot.began)


def overdue(o: Observed) -> OnTimeout | None:
    """What is to be done about a deletion that has passed its deadline, computed anew."""
    status, spec = o.registration.status, o.registration.spec.deletion
    shown = o.snapshot.shows(status.uuid) if o.snapshot and status.uuid else None
    states = {status.state, shown.state if shown else None} - {None, "WaitingToConnect", "Unknown"}
    connected = status.first_connected_at or status.last_liveness or (shown and shown.last_liveness) or states
    if status.deletion is not None:
        requested = status.deletion.requested_at.timestamp()
    elif o.memory.asked is not None:
        requested = o.clock - o.memory.asked.age(o.now)
    else:
        return None
    lasts = spec.timeout or timedelta(hours=1) if connected else spec.timeout or timedelta(minutes=5)
    default = OnTimeout.WAIT if connected else OnTimeout.FORCE
    return spec.on_timeout or default if o.clock >= requested + lasts.total_seconds() - 1.0 else None


def owned(o: Observed, uuid: str) -> bool:
    """Whether no other registration goes before this one as holder of a cluster."""
    return all(rank(other) > rank(o.registration) for other in holders(o, uuid))


def orphaned(o: Observed, origin: Origin | None) -> bool:
    """Whether the cluster is to be left: by the annotation, the policy, or the default of one that was adopted."""
    default = DeletionPolicy.ORPHAN if origin is Origin.ADOPTED else DeletionPolicy.DELETE
    told = o.registration.metadata.annotations.get(RELEASE) == "orphan"
    return told or (o.registration.spec.deletion.policy or default) is DeletionPolicy.ORPHAN
