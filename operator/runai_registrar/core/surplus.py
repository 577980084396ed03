"""Clusters beside the one that is owned: an attempt whose answer was lost may have made them late (design 4.1)."""

from runai_registrar.core.actions import Title
from runai_registrar.core.attempt import own_attempt, surplus
from runai_registrar.core.claims import holders
from runai_registrar.core.observed import Observed, Snapshot
from runai_registrar.resources import Origin


def beside(o: Observed, held: Title, snapshot: Snapshot) -> tuple[str, ...]:
    """The uuids of live clusters that nobody holds and an unanswered attempt of ours may have made: never touched."""
    attempt = own_attempt(o.registration)
    if attempt is None or not (attempt.earlier or held.origin is not Origin.CREATED):
        return ()
    found = surplus(snapshot, attempt, o.registration.cluster_name, o.timing)
    return tuple(sorted(uuid for uuid in found if uuid != held.uuid and not holders(o, uuid)))
