"""One poller per control plane: one list per interval serves all of its registrations."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from http import HTTPStatus

from runai_registrar.controlplane.aside import aside
from runai_registrar.controlplane.client import ControlPlaneClient
from runai_registrar.controlplane.models import Cluster
from runai_registrar.core import planes
from runai_registrar.core.observed import Snapshot, Trouble, changes
from runai_registrar.core.times import Stamp, utc
from runai_registrar.engine import clock
from runai_registrar.engine.connection import Connection
from runai_registrar.engine.troubles import Troubles, words
from runai_registrar.errors import KubernetesError, RegistrarError
from runai_registrar.resources import ControlPlane, ControlPlaneStatus, VerifiedConnection

SOON = 30.0
"""Longest time, in seconds, before the next look after one that failed in a way that passes by itself."""

SPACING = 1.0
"""Seconds between the end of one list and the beginning of the next, at least."""

MANY = 500
"""Clusters that are worth a thread: comparing fewer takes a hundredth of a second."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Poll:
    """The outcome of one look: what changed since the look before.

    `renewed` says that it was made with another client than the look before: what was refused then may not be now.
    """

    before: Snapshot | None
    after: Snapshot | None
    was: Trouble | None
    trouble: Trouble | None
    renewed: bool = False

    @property
    def turned(self) -> bool:
        """Whether there is another kind of trouble, none any more, or another client: worth trying everything again."""
        return self.renewed or (self.was and self.was.reason) != (self.trouble and self.trouble.reason)

    @property
    def told_otherwise(self) -> bool:
        """Whether another trouble is told than before, be it in other words of the same kind."""
        return words(self.was) != words(self.trouble)

    @cached_property
    def changes(self) -> tuple[Cluster, ...]:
        """The clusters that are displayed otherwise than before, as they were and as they are."""
        return changes(self.before, self.after)

    async def prepare(self) -> None:
        """Compare two long lists before the changes are asked for, beside the event loop."""
        longest = max((len(seen.clusters) for seen in (self.before, self.after) if seen), default=0)
        await aside(lambda: self.changes, large=longest > MANY)


class Poller:
    """Asks one control plane for its clusters, and holds the latest answer.

    `plane` returns the RunaiControlPlane as last seen, `held` what its registrations own; `report` takes the status it
    should have, `record` tries to write it at once (KubernetesError: it may not); `changed` takes each outcome.
    """

    def __init__(
        self,
        plane: Callable[[], ControlPlane | None],
        held: Callable[[], planes.Held],
        connection: Connection,
        report: Callable[[ControlPlaneStatus], None],
        record: Callable[[ControlPlaneStatus], Awaitable[None]],
        changed: Callable[[Poll], None],
    ) -> None:
        self._plane, self._held, self._connection = plane, held, connection
        self._report, self._record, self._changed = report, record, changed
        self.snapshot: Snapshot | None = None
        self.trouble: Trouble | None = None
        self.client: ControlPlaneClient | None = None  # the one whose tenant was verified by the snapshot
        self._looking: Stamp | None = None  # when the look under way began, unless it decides nothing any more
        self._verified: VerifiedConnection | None = None  # by this process; a status may lose it again
        self._hindered = False  # by the API server, in the latest look
        self._wanted = asyncio.Event()
        self._troubles = Troubles()

    def look(self) -> None:
        """Ask for a list sooner than the interval says."""
        self._wanted.set()

    def ask(self, after: Stamp) -> None:
        """Ask for a list that began after this moment; none is needed where such a one is under way.

        Nobody waits here: the end of each look is told to `changed`, whether it was answered or has failed.
        """
        if self._looking is None or not self._looking.after(after):
            self.look()

    def forget(self) -> None:
        """Another control plane is meant from now on: what was seen of this one decides nothing any more."""
        self.snapshot = self.client = self._looking = None
        self._troubles = Troubles()
        self._connection.forget()

    def pause(self, plane: ControlPlane) -> None:
        """The control plane is suspended from now on, which is said at once; a look under way decides nothing more."""
        self._looking = None
        self._report(planes.suspended(plane, self._held(), _now()))

    async def run(self) -> None:
        """Look once per interval, or sooner when asked to, until cancelled."""
        try:
            while plane := self._plane():
                await self._look_safely(plane)
                interval = self._interval(plane)
                spacing = min(SPACING, interval)
                await asyncio.sleep(spacing)
                await self._rest(interval - spacing)
        finally:
            await self._connection.aclose()

    def _interval(self, plane: ControlPlane) -> float:
        """Seconds until the next look: a hiccup does not cost a long interval."""
        usual = plane.spec.poll_interval.total_seconds()
        passing = self._hindered or (self.trouble is not None and self.trouble.passing)
        return min(usual, SOON) if passing else usual

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wanted.wait()
        except TimeoutError:
            return

    async def _look_safely(self, plane: ControlPlane) -> None:
        """Look; whatever goes wrong in those who are told of it, there is a next look."""
        try:
            await self._look(plane)
        except Exception:
            logger.exception("control plane %s: the end of a look could not be told", plane.metadata.name)
            self._looking, self._hindered = None, True

    async def _look(self, plane: ControlPlane) -> None:
        self._wanted.clear()
        began, before, was, by = clock.now(), self.snapshot, self.trouble, self._connection.client
        self._looking, self._hindered = began, False
        try:
            if plane.spec.suspend:
                self._report(planes.suspended(plane, self._held(), _now()))
            else:
                await self._list(plane, began)
        except Exception:
            logger.exception("control plane %s: the look failed unexpectedly", plane.metadata.name)
            unexpected = "The look at the control plane failed unexpectedly; the operator's log has the details."
            self._fail(plane, self._troubles.passing("ControlPlaneNotReady", unexpected, began, self.trouble))
        renewed = by is not None and by is not self._connection.client
        poll = Poll(before, self.snapshot, was, self.trouble, renewed)
        await poll.prepare()
        self._looking = None
        self._changed(poll)

    async def _list(self, plane: ControlPlane, began: Stamp) -> None:
        try:
            client = await self._connection.open(plane)
            snapshot = await _listed(client, began)
        except RegistrarError as error:
            if self._looking is began:
                self._failed(plane, error, began)
            return
        if self._looking is not began:
            return  # another control plane is meant by now, whose list comes next, or it is suspended
        clusters, held, identity = snapshot.clusters.values(), self._held(), self._connection.identity
        known = plane if self._verified is None else planes.verified(plane, self._verified)
        problem = planes.tenant_problem(known, clusters, identity, held) if identity else None
        if problem or identity is None:
            self._fail(plane, self._troubles.person("TenantChanged", problem or "", began, self.trouble))
            return
        status = planes.reached(plane, clusters, identity, held, _now())
        if not await self._recorded(plane, status, began):
            return
        self.trouble, self.client, self._verified, self.snapshot = None, client, identity, snapshot
        self._report(status)

    async def _recorded(self, plane: ControlPlane, status: ControlPlaneStatus, began: Stamp) -> bool:
        """Whether the connection just used is on record: an attempt that was announced before could not be explained.

        It is written where it is another one than before; where that fails, the next look comes soon.
        """
        known = self._plane()
        if known is not None and known.status.verified != status.verified:
            try:
                await self._record(status)
            except KubernetesError as error:
                self._failed(plane, error, began)
                return False
            known = self._plane()
        if known is not None and known.status.verified == status.verified:
            return self._looking is began  # else another control plane is meant by now
        self.look()
        return False

    def _failed(self, plane: ControlPlane, error: RegistrarError, began: Stamp) -> None:
        """What the API server did not do is a trouble only where it takes a person: a right is to be granted."""
        if isinstance(error, KubernetesError) and error.status != HTTPStatus.FORBIDDEN:
            self._hindered = True
            logger.warning("control plane %s: %s", plane.metadata.name, error.message)
        else:
            self._fail(plane, self._troubles.failed(error, began, self.trouble))

    def _fail(self, plane: ControlPlane, trouble: Trouble) -> None:
        if words(self.trouble) != words(trouble):
            logger.warning("control plane %s: %s: %s", plane.metadata.name, trouble.reason, trouble.message)
        self.trouble = replace(trouble, seen=self._looking)
        self._report(planes.troubled(plane, trouble, self._held(), _now()))


async def _listed(client: ControlPlaneClient, began: Stamp) -> Snapshot:
    """Ask for all clusters; a long list is put in order beside the event loop too."""
    clusters = await client.list_clusters()
    earliest = began.wall + (client.clock_offset or 0.0) - client.clock_error
    snapshot = Snapshot.of(clusters, began, earliest, spread=2 * client.clock_error)
    await aside(lambda: snapshot.by_name, large=len(clusters) > MANY)
    return snapshot


def _now() -> datetime:
    return utc(int(clock.now().wall))
