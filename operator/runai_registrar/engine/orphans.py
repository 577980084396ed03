"""Clusters that may be without a registration: named in the log where that is known, because nobody else will do it.

A registration goes in order when its finalizer is removed by the operator, which is not always this process: another
one may have deleted the cluster properly, or a person may have taken the finalizer away. A list tells which.
"""

import logging
from dataclasses import dataclass

from runai_registrar.core.claims import written_title
from runai_registrar.core.observed import Outcome, Snapshot, is_live
from runai_registrar.core.times import Stamp
from runai_registrar.engine.cache import Entry
from runai_registrar.resources import RELEASE, DeletionPolicy, Origin, Registration

LAG = 15.0
"""Seconds after which lists show what became of a cluster before."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Suspect:
    plane: str
    key: str
    since: Stamp


class Orphans:
    """What was registered for registrations that are gone, until a list shows what became of it."""

    def __init__(self) -> None:
        self._suspects: dict[str, _Suspect] = {}

    def lost(self, entry: Entry, now: Stamp) -> None:
        """Take note that a registration is gone; what only this process knows of it is said at once."""
        memory, title, key = entry.memory, written_title(entry.registration), entry.registration.key
        name_created(entry)
        if memory.outcome is Outcome.UNANSWERED and memory.attempt:
            logger.error(
                "registration %s is gone, and this operator never learned whether its creation of cluster %s succeeded",
                key,
                memory.attempt.name,
            )
        if title is None or memory.released or _left_on_purpose(entry.registration):
            return
        logger.info("registration %s is gone; later lists show whether its cluster %s is as well", key, title.uuid)
        plane = entry.registration.spec.control_plane_ref.name
        self._suspects[title.uuid] = _Suspect(plane, key, now)

    def concerns(self, plane: str) -> bool:
        """Whether lists of this control plane are waited for."""
        return any(suspect.plane == plane for suspect in self._suspects.values())

    def listed(self, plane: str, snapshot: Snapshot, held: frozenset[str]) -> None:
        """Say which clusters are still there although their registrations are gone, and nobody holds them."""
        for uuid, suspect in list(self._suspects.items()):
            if suspect.plane != plane or not snapshot.began.after(suspect.since.earlier(-LAG)):
                continue
            del self._suspects[uuid]
            shown = snapshot.shows(uuid)
            if shown and uuid not in held:
                how = "still there" if is_live(shown) else "still being deleted"
                logger.error(
                    "registration %s is gone, but its cluster %s is %s: it is without a registration now",
                    suspect.key,
                    uuid,
                    how,
                    extra={"cluster_uuid": uuid},
                )


def name_created(entry: Entry) -> None:
    """Name the cluster that this process has created for a registration that is gone, and could not record."""
    memory = entry.memory
    if memory.outcome is Outcome.ANSWERED and memory.answer:
        logger.error(
            "registration %s is gone, and cluster %s was created for it: look whether it is without a registration now",
            entry.registration.key,
            memory.answer.uuid,
            extra={"cluster_uuid": memory.answer.uuid},
        )


def _left_on_purpose(registration: Registration) -> bool:
    """Whether whoever released this registration was to leave the cluster."""
    policy, adopted = registration.spec.deletion.policy, registration.status.origin is Origin.ADOPTED
    said = registration.metadata.annotations.get(RELEASE) == "orphan"
    orphan = policy is DeletionPolicy.ORPHAN or (policy is None and adopted)
    return registration.deleting and (said or orphan)
