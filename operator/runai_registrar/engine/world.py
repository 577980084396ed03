"""What has been seen of both kinds of objects, the pollers of the control planes, and who must look again."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from runai_registrar.core.observed import Reads
from runai_registrar.core.planes import Held
from runai_registrar.core.report import REQUEST_LENGTH
from runai_registrar.core.times import Stamp
from runai_registrar.engine import clock
from runai_registrar.engine.cache import Entry, Registrations
from runai_registrar.engine.fleet import Fleet
from runai_registrar.engine.orphans import Orphans, name_created
from runai_registrar.engine.poller import Poll
from runai_registrar.engine.queue import Queue
from runai_registrar.kube import Kube
from runai_registrar.resources import RECONCILE_REQUESTED_AT, Registration, RegistrationSpec

QUICK = 1.0
"""Seconds up to which a list of all registrations serves each deletion; a longer one would be old before its end."""

logger = logging.getLogger(__name__)


class World:
    """Fed by the watches and by live lists; tells the queue which registrations to look at."""

    def __init__(self, kube: Kube, fleet: Fleet) -> None:
        self.kube, self.fleet = kube, fleet
        self.registrations = Registrations(fleet.alike)
        self.queue: Queue | None = None
        self.lists_quickly = True
        self._listing = asyncio.Lock()
        self._parked: dict[str, Reads] = {}
        self._orphans = Orphans()
        fleet.bind(held=self.held, changed=self.polled, seen=self.plane_seen, users=self.registrations.users)

    def start(self, queue: Queue) -> None:
        """From now on, changes are worked on; all that is known is looked at once."""
        self.queue = queue
        self.wake(self.registrations.entries)

    def see(self, body: Mapping[str, Any]) -> None:
        """Take in one registration from a watch."""
        seen = read(body)
        if seen is not None:
            self.take_in(*seen)

    def take_in(
        self,
        registration: Registration,
        invalid: str | None = None,
        *,
        began: Stamp | None = None,
        own: bool = False,
    ) -> None:
        """Take in a registration as it is now.

        Args:
            registration: As seen.
            invalid: Why its spec cannot be read, if so.
            began: When a live read of it began; None where it came from a watch or is the answer to a write.
            own: It is worked on at this moment, so it need not be woken itself.
        """
        if own and registration.uid not in self.registrations.entries:
            return  # its end was seen before the answer to our own call came
        if registration.deleting and not registration.metadata.finalizers:
            self.lose(registration.uid)  # the API server has removed it with this very write: no event may follow
            return
        self.wake(self.registrations.put(registration, began) - ({registration.uid} if own else set()))
        entry = self.registrations.entries.get(registration.uid)
        if entry is not None and entry.registration is registration:
            entry.remember(invalid=invalid)
            _notice_request(entry)
            self.fleet.used(registration.spec.control_plane_ref.name)

    def lose(self, uid: str) -> None:
        """A registration is not there any more."""
        entry, affected = self.registrations.remove(uid)
        self._parked.pop(uid, None)
        self.wake(affected)
        if self.queue is not None:
            self.queue.forget(uid)
        if entry is not None:
            self._orphans.lost(entry, clock.now())
            self.fleet.used(entry.registration.spec.control_plane_ref.name)

    async def list_live(self, after: Stamp) -> None:
        """List all registrations live, unless a list that began after this moment was made; one list serves many."""
        async with self._listing:
            if self.registrations.listed is not None and self.registrations.listed.after(after):
                return
            began = clock.now()
            listed = await self.kube.registrations()
            self.lists_quickly = began.age(clock.now()) <= QUICK
            seen = [found for item in listed.items if (found := read(item))]
            changed, gone = self.registrations.replace_all((r for r, _ in seen), listed.resource_version, began)
            for registration, invalid in seen:
                entry = self.registrations.entries.get(registration.uid)
                if entry is not None and entry.registration is registration:
                    entry.remember(invalid=invalid)
                    _notice_request(entry)
        self.wake(changed)
        for uid in gone:
            self.lose(uid)

    async def read_holders(self, uuid: str, began: Stamp) -> set[str]:
        """Read live which registrations hold a uuid; their uids. One that cannot be read hides no other."""
        seen = [found for item in await self.kube.holders(uuid) if (found := read(item))]
        for registration, invalid in seen:
            self.take_in(registration, invalid, began=began)
        return {registration.uid for registration, _ in seen}

    def name_if_lost(self, entry: Entry) -> None:
        """Say which cluster was just created for a registration that went away meanwhile."""
        if self.registrations.entries.get(entry.registration.uid) is not entry:
            name_created(entry)

    def held(self, plane: str) -> Held:
        """What the registrations of a control plane own."""
        return Held.of(self.registrations.entries[uid].registration for uid in self.registrations.of_plane(plane))

    def plane_seen(self, name: str) -> None:
        """A control plane appeared, changed or went away."""
        self.wake(self.registrations.of_plane(name))

    def park(self, uid: str, reads: Reads) -> None:
        """Let a registration wait for the next list of its control plane, with the reads made so far."""
        self._parked[uid] = reads

    def resume(self, uid: str) -> Reads:
        """The reads with which a registration goes on; it is not parked any more."""
        return self._parked.pop(uid, Reads())

    def polled(self, name: str, poll: Poll) -> None:
        """Wake the registrations for which something has changed, and those that wait for a list."""
        self.wake(self._parked.keys() & self.registrations.of_plane(name))
        if poll.after is not None and self._orphans.concerns(name):
            everywhere = Held.of(entry.registration for entry in self.registrations.entries.values())
            self._orphans.listed(name, poll.after, everywhere.uuids)
        if poll.turned:
            for uid in self.registrations.of_plane(name):
                self.registrations.entries[uid].succeeded()
                self.registrations.entries[uid].furnished()
        if poll.turned or poll.told_otherwise:
            self.wake(self.registrations.of_plane(name))
            return
        changed = poll.changes
        self.wake(self.registrations.sharing(name, {c.name for c in changed}, {c.uuid for c in changed}))

    def wake(self, uids: Iterable[str]) -> None:
        """Look at these registrations again."""
        for uid in uids:
            if self.queue is not None:
                self.queue.add(uid)

    def look_after(self, uid: str, seconds: float) -> None:
        """Look at a registration again after so many seconds."""
        if self.queue is not None:
            self.queue.add(uid, after=seconds)

    def lane_of(self, uid: str) -> str:
        """The control plane of a registration: registrations of others are not held up by it."""
        entry = self.registrations.entries.get(uid)
        return entry.registration.spec.control_plane_ref.name if entry else ""

    def group_of(self, uid: str) -> str:
        """The namespace of a registration: namespaces take turns, however many registrations each has."""
        entry = self.registrations.entries.get(uid)
        return entry.registration.metadata.namespace if entry else ""


def read(body: Mapping[str, Any]) -> tuple[Registration, str | None] | None:
    """Read a registration; one whose spec cannot be read comes with the reason why, so that it can be said there."""
    try:
        return Registration.from_dict(body), None
    except ValueError as error:
        reason = str(error)
    try:
        bare = Registration.from_dict({**body, "spec": RegistrationSpec().to_dict()})
    except ValueError:
        logger.exception("a registration cannot be read and is left alone: %s", reason)
        return None
    return bare, reason


def _notice_request(entry: Entry) -> None:
    """Remember when a new reconcile-requested-at was first seen: the look that honours it begins later."""
    registration = entry.registration
    asked = registration.metadata.annotations.get(RECONCILE_REQUESTED_AT)
    handled = asked is None or asked[:REQUEST_LENGTH] == registration.status.last_handled_reconcile_at
    if handled:
        entry.remember(requested=None, request=None)
    elif entry.memory.request != asked:
        entry.remember(requested=clock.now(), request=asked, failure=None, install_failure=None, puts=())
