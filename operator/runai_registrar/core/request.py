"""The annotation `reconcile-requested-at`: a person asks for a look that begins after it was seen."""

from dataclasses import replace

from runai_registrar.core.actions import Action, ReadClusters, Stand
from runai_registrar.core.observed import Observed
from runai_registrar.core.times import Stamp

SOON = 1.0
"""Seconds after which a look that came too early for a newer request is followed by another one."""


def fresh_look(o: Observed) -> ReadClusters | None:
    """Ask the control plane anew where a person wants that, whatever else is so: once a look, then work goes on."""
    asked, waited = o.memory.requested, o.reads.clusters
    if asked is None or heard(o) or (waited is not None and _looked(o, waited)):
        return None
    return ReadClusters(asked)


def heard(o: Observed) -> bool:
    """Whether a look, well or not, has begun since the request was seen, or there is nothing that may be looked at."""
    plane = o.control_plane
    barred = not plane.exists or plane.suspended or not plane.allowed
    return barred or _looked(o, o.memory.requested)


def again(o: Observed, action: Action) -> Action:
    """Come back soon for a request that is newer than the latest look: who asks all the time holds up nothing."""
    if not isinstance(action, Stand) or o.memory.requested is None or heard(o):
        return action
    return replace(action, wake=SOON if action.wake is None else min(SOON, action.wake))


def _looked(o: Observed, since: Stamp | None) -> bool:
    trouble = o.control_plane.trouble
    looks = (o.snapshot.began if o.snapshot else None, trouble.seen if trouble else None)
    return any(look is not None and (since is None or look.after(since)) for look in looks)
