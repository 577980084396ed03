"""Carry out one action of a decision: one external call, one write, or one look; and remember what was learned."""

import logging
from dataclasses import replace
from typing import assert_never

from runai_registrar.controlplane.models import Cluster
from runai_registrar.controlplane.protocol import Deletion
from runai_registrar.core.actions import (
    Action,
    Announce,
    Create,
    Delete,
    FreeInstallSecret,
    Hold,
    Leave,
    ReadCluster,
    ReadClusters,
    ReadHolders,
    ReadInstallSecret,
    ReadRegistration,
    ReadRegistrations,
    Release,
    RemoveInstallSecret,
    Rename,
    Stand,
    WriteInstallSecret,
)
from runai_registrar.core.observed import Observed, Outcome, Put, Reads
from runai_registrar.core.rename import MOST_PUTS
from runai_registrar.core.times import Timing
from runai_registrar.engine import clock
from runai_registrar.engine.cache import Entry
from runai_registrar.engine.grounds import Grounds
from runai_registrar.engine.install import Installing
from runai_registrar.engine.world import World
from runai_registrar.errors import (
    Absent,
    Conflict,
    ControlPlaneError,
    KubernetesError,
    NotFound,
    NotSent,
    Refused,
    Stale,
)
from runai_registrar.resources import Registration

logger = logging.getLogger(__name__)


class Apply:
    """Applies actions; each is safe to lose at any instruction, because the next look starts from what is durable."""

    def __init__(self, world: World, timing: Timing) -> None:
        self._world, self._timing = world, timing
        self._names: dict[tuple[str, str], str] = {}
        self._installing = Installing(world.kube)

    def reserved(self, plane: str, registration: Registration) -> bool:
        """Whether another registration's attempt for the same name is being announced at this moment."""
        places = [(name, registration.cluster_name) for name in self._world.fleet.alike(plane)]
        return any(self._names.get(place, registration.uid) != registration.uid for place in places)

    async def apply(self, entry: Entry, o: Observed, action: Action) -> Reads:
        """Carry out one action and return the live reads made so far.

        Raises:
            Conflict: The view was stale; look again.
            Absent: The registration is gone.
            KubernetesError: The API server did not do it; try again later.
        """
        match action:
            case ReadCluster() | ReadRegistration() | ReadRegistrations() | ReadHolders():
                return await self._read(entry, o, action)
            case Announce():
                await self._announce(entry, o, action)
            case Hold():
                await self._hold(entry, o, action)
            case Create():
                await self._create(entry, o, action)
            case Rename():
                await self._rename(entry, o, action)
            case Delete():
                await self._delete(entry, o, action)
            case Release():
                await self._release(entry, o, action)
            case ReadInstallSecret() | WriteInstallSecret() | RemoveInstallSecret() | FreeInstallSecret():
                await self._installing.apply(entry, o, action, lambda: self._grounds(entry, o))
            case Stand() | Leave() | ReadClusters():
                raise AssertionError("standing, leaving and waiting for a list are not applied")
            case _:
                assert_never(action)
        return o.reads

    async def _read(
        self, entry: Entry, o: Observed, action: ReadCluster | ReadRegistration | ReadRegistrations | ReadHolders
    ) -> Reads:
        match action:
            case ReadCluster(uuid):
                return await self._get_cluster(entry, o, uuid)
            case ReadRegistration():
                await self.read_again(entry)
            case ReadRegistrations(after):
                await self._world.list_live(after)
            case ReadHolders():
                await self._read_holders(entry, action)
        return o.reads

    async def _read_holders(self, entry: Entry, action: ReadHolders) -> None:
        """Who holds a uuid, and this registration itself, live; Absent where that is gone."""
        if self._world.lists_quickly:
            await self._world.list_live(action.after)
            return
        began = clock.now()
        if entry.registration.uid not in await self._world.read_holders(action.uuid, began):
            await self.read_again(entry)
        entry.holders = began

    async def read_again(self, entry: Entry) -> None:
        """Read a registration live; Absent where it is gone."""
        began = clock.now()
        self._world.take_in(await self._world.kube.read(entry.registration), began=began, own=True)

    def _grounds(self, entry: Entry, o: Observed) -> Grounds:
        return Grounds.of(self._world, self._timing, entry, o)

    async def _get_cluster(self, entry: Entry, o: Observed, uuid: str) -> Reads:
        began, grounds = clock.now(), self._grounds(entry, o)
        try:
            cluster = await grounds.client.get_cluster(uuid, still_fresh=grounds.hold)
        except Stale:
            return o.reads
        except NotFound:
            return replace(o.reads, absent={**o.reads.absent, uuid: began})
        if cluster.deleted_at is not None:
            return replace(o.reads, absent={**o.reads.absent, uuid: began})
        return replace(o.reads, present={**o.reads.present, uuid: began})

    async def _hold(self, entry: Entry, o: Observed, action: Hold) -> None:
        """Put the finalizer back, and the attempt with it; of a refused one only what earlier ones sent is open."""
        self._world.take_in(await self._world.kube.announce(o.registration, action.attempt), own=True)
        if action.attempt is not None and action.attempt.refused:
            entry.remember(attempt=action.attempt, outcome=None)

    async def _announce(self, entry: Entry, o: Observed, action: Announce) -> None:
        """Write 1. Whatever becomes of it, only a write that is known to have landed may be sent.

        It counts as old from the moment of the decision: the attempt's own time, which settle is counted from, is then.
        """
        place = (o.control_plane.name, action.attempt.name)
        self._names[place] = o.registration.uid
        try:
            written = await self._world.kube.announce(o.registration, action.attempt)
        except Conflict:
            raise
        except KubernetesError:
            entry.remember(attempt=action.attempt, outcome=Outcome.UNSENT)
            raise
        else:
            entry.remember(
                attempt=action.attempt, written=o.now, outcome=Outcome.ANNOUNCED, answer=None, replaces=action.replaces
            )
            self._world.take_in(written, own=True)
        finally:
            del self._names[place]

    async def _create(self, entry: Entry, o: Observed, action: Create) -> None:
        """POST once. The outcome is 'unanswered' until something better is known."""
        attempt = action.attempt
        entry.remember(outcome=Outcome.UNANSWERED)
        try:
            grounds = self._grounds(entry, o)
            cluster = await grounds.client.create_cluster(
                attempt.name, attempt.domain, attempt.version, still_fresh=grounds.since(entry.memory.written)
            )
        except NotSent as error:
            entry.remember(outcome=Outcome.UNSENT)
            if not isinstance(error, Stale):
                entry.failed(error, clock.now())
        except Refused as error:
            entry.remember(outcome=Outcome.REFUSED)
            entry.failed(error, clock.now())
        except ControlPlaneError as error:
            logger.warning("%s: the creation of %s had no clear answer: %s", o.registration.key, attempt.name, error)
        else:
            if _ours(o, cluster):
                entry.remember(outcome=Outcome.ANSWERED, answer=cluster)
                entry.succeeded()
                logger.info("%s: created cluster %s (%s)", o.registration.key, cluster.name, cluster.uuid)
                self._world.name_if_lost(entry)

    async def _rename(self, entry: Entry, o: Observed, action: Rename) -> None:
        """PUT the name; it may be repeated, and rests on a live read of the registration."""
        try:
            grounds = self._grounds(entry, o)
            await grounds.client.rename_cluster(
                action.uuid, action.name, still_fresh=grounds.since(o.reads.registration)
            )
        except Stale:
            return
        except ControlPlaneError as error:
            entry.failed(error, clock.now())
            return
        put = Put(action.name, o.registration.metadata.generation, clock.now())
        entry.remember(renamed=(put.name, put.at), puts=(*entry.memory.puts, put)[-MOST_PUTS:])
        entry.succeeded()
        logger.info("%s: renamed cluster %s to %s", o.registration.key, action.uuid, action.name)

    async def _delete(self, entry: Entry, o: Observed, action: Delete) -> None:
        """DELETE; it may be repeated. A 404 is an answer too, and is confirmed by a list like any other."""
        drains = False
        try:
            grounds = self._grounds(entry, o)
            answer = await grounds.client.delete_cluster(
                action.uuid, force=action.force, still_fresh=grounds.since(o.reads.holders)
            )
            drains = answer is Deletion.DRAINING
        except Stale:
            return
        except NotFound:
            pass
        except ControlPlaneError as error:
            entry.failed(error, clock.now())
            return
        entry.remember(asked=clock.now(), drains=drains, forced=action.force or entry.memory.forced)
        entry.succeeded()
        how = " (forced)" if action.force else ""
        logger.info("%s: asked for the deletion of cluster %s%s", o.registration.key, action.uuid, how)

    async def _release(self, entry: Entry, o: Observed, action: Release) -> None:
        """Remove the finalizer. It is remembered first: the DELETED event may come before the answer."""
        before = entry.memory
        entry.remember(released=True, outcome=before.outcome if action.unclear else None)
        try:
            released = await self._world.kube.release(o.registration)
        except Absent:
            raise
        except KubernetesError:
            entry.remember(released=False, outcome=before.outcome)
            raise
        left = f"; cluster {action.leaves} is left in the control plane" if action.leaves else ""
        logger.info("%s: released: %s%s", o.registration.key, action.why, left)
        self._world.take_in(released, own=True)


def _ours(o: Observed, cluster: Cluster) -> bool:
    """Whether the cluster in a 201 can be the one just made: new, and of the tenant that was verified."""
    known = o.snapshot is not None and cluster.uuid in o.snapshot.clusters
    foreign = o.control_plane.tenant_id not in (None, cluster.tenant_id)
    if known or foreign:
        why = "a cluster that existed before" if known else f"tenant {cluster.tenant_id}"
        logger.warning("%s: the creation was answered with %s; looking for what was made", o.registration.key, why)
    return not known and not foreign
