"""Reconcile one registration: observe, decide, apply, and again, until the decision is to stand; then report."""

import logging
import uuid
from dataclasses import replace

from runai_registrar.core.actions import Leave, ReadClusters, Stand
from runai_registrar.core.conditions import said
from runai_registrar.core.decide import decide
from runai_registrar.core.observed import Observed, Reads
from runai_registrar.core.report import report, same
from runai_registrar.core.times import Timing
from runai_registrar.engine import clock
from runai_registrar.engine.apply import Apply
from runai_registrar.engine.cache import Entry
from runai_registrar.engine.world import World
from runai_registrar.errors import Absent, Conflict, KubernetesError

STEPS = 40
"""Most steps in one go; more means that something else keeps changing the object."""

logger = logging.getLogger(__name__)


class Reconciler:
    """Works on one registration at a time, as often as the queue says."""

    def __init__(self, world: World, timing: Timing) -> None:
        self._world, self._timing = world, timing
        self._apply = Apply(world, timing)

    async def reconcile(self, uid: str) -> bool:
        """Bring one registration a step or several further; errors go to the queue, which tries again later.

        Returns:
            Whether this look came to its end. False: it goes on after the next list of clusters, which wakes the
            registration; nobody waits meanwhile, so a slow list holds up only those that need it.
        """
        reads = self._world.resume(uid)
        for _ in range(STEPS):
            entry = self._world.registrations.entries.get(uid)
            if entry is None:
                return True
            observed = await self._observe(entry, reads)
            action = decide(observed)
            if isinstance(action, ReadClusters) and self._awaits(observed, action):
                return False
            try:
                match action:
                    case Leave():
                        return True
                    case ReadClusters(after):
                        reads = replace(reads, clusters=after)
                    case Stand():
                        if await self._stand(entry, observed, action):
                            return True
                    case _:
                        reads = await self._apply.apply(entry, observed, action)
            except Conflict:
                await self._apply.read_again(entry)
            except Absent:
                self._world.lose(uid)
                return True
        raise KubernetesError("The registration keeps changing while it is worked on.")

    def _awaits(self, o: Observed, action: ReadClusters) -> bool:
        """Park the registration until the next list has come, unless the latest one began after the moment asked for.

        A decision that asks a second time means a newer one than it has.
        """
        poller = self._world.fleet.poller(o.control_plane.name)
        newer = o.snapshot is not None and o.snapshot.began.after(action.after)
        if poller is None or (newer and o.reads.clusters is None):
            return False
        poller.ask(action.after)
        self._world.park(o.registration.uid, replace(o.reads, clusters=o.reads.clusters or action.after))
        return True

    async def _observe(self, entry: Entry, reads: Reads) -> Observed:
        registration = entry.registration
        name = registration.spec.control_plane_ref.name
        view = await self._world.fleet.view(name, registration.metadata.namespace)
        poller = self._world.fleet.poller(name)
        snapshot = poller.snapshot if poller else None
        now = clock.now()
        return Observed(
            registration=entry.registration,
            control_plane=view,
            snapshot=snapshot,
            now=now,
            clock=snapshot.clock(now) if snapshot else now.wall,
            timing=self._timing,
            fresh_id=uuid.uuid4().hex,
            rivals=self._world.registrations.rivals(entry.registration, snapshot),
            elsewhere=self._world.registrations.elsewhere(entry.registration, snapshot),
            name_reserved=self._apply.reserved(name, entry.registration),
            memory=entry.memory,
            reads=self._world.registrations.reads(entry, reads),
        )

    async def _stand(self, entry: Entry, observed: Observed, verdict: Stand) -> bool:
        """Write the status where it changed; whether there is nothing more to do now."""
        entry.note_waiting(verdict.reason, observed.now)
        status = report(observed, verdict)
        wrote = not same(observed.registration.status, status)
        if wrote and (wait := entry.contest.pause(observed.registration.status, status, observed.now)):
            self._world.look_after(observed.registration.uid, wait)
            return True
        if wrote:
            written = await self._world.kube.write_status(observed.registration, status.to_dict())
            self._world.take_in(written, own=True)
            _log(observed, verdict)
        entry.settle(status)
        if verdict.wake is not None and self._world.queue is not None:
            if verdict.wake <= 0:
                return False
            self._world.look_after(observed.registration.uid, verdict.wake)
        return True


def _log(observed: Observed, verdict: Stand) -> None:
    before, message = observed.registration.status.conditions, said(verdict.message)
    if any(c.type == "Ready" and c.reason == verdict.reason and c.message == message for c in before):
        return
    logger.info("%s: %s: %s", observed.registration.key, verdict.reason, message)
