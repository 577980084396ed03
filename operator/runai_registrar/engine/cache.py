"""What the watches have shown so far, and what this process alone knows: the memory beside each registration."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from runai_registrar.core import claims
from runai_registrar.core.finalizers import needs
from runai_registrar.core.observed import Failure, Memory, Reads, Snapshot
from runai_registrar.core.times import Stamp
from runai_registrar.engine.backoff import REFUSED_PAUSE, TAKEN_PAUSE, pause
from runai_registrar.engine.contest import Contest
from runai_registrar.errors import ControlPlaneError, Refused
from runai_registrar.resources import Registration, RegistrationStatus


@dataclass
class Entry:
    """One registration as last seen, and what this process knows of it.

    `read` is when its last live read began, `holders` when the last one of all that hold its uuid did.
    """

    registration: Registration
    memory: Memory = field(default_factory=Memory)
    read: Stamp | None = None
    holders: Stamp | None = None
    failures: int = 0
    contest: Contest = field(default_factory=Contest)
    install_failures: int = 0
    freeing: int = 0  # tries to free an install Secret that failed

    def remember(self, **facts: Any) -> None:
        """Change the memory; the facts are fields of `Memory`."""
        self.memory = replace(self.memory, **facts)

    def failed(self, error: ControlPlaneError, now: Stamp) -> None:
        """Remember a call that failed, and when to try again: a refusal rarely changes within minutes."""
        self.failures += 1
        stalled = isinstance(error, Refused)
        taken = error.status == HTTPStatus.CONFLICT
        step = self.failures + TAKEN_PAUSE if taken else REFUSED_PAUSE if stalled else self.failures
        wait = max(pause(step), error.retry_after or 0.0)
        failure = Failure(
            reason="NameTaken" if taken else error.reason,
            message=error.message,
            stalled=stalled,
            generation=self.registration.metadata.generation,
            retry_at=now.earlier(-wait),
        )
        self.remember(failure=failure)

    def unfurnished(
        self, reason: str, message: str, now: Stamp, *, stalled: bool, at_least: float | None = None
    ) -> None:
        """Remember why there is no install Secret, and when to try again; a creation or rename does not wait for it."""
        self.install_failures += 1
        wait = max(pause(REFUSED_PAUSE if stalled else self.install_failures), at_least or 0.0)
        generation = self.registration.metadata.generation
        self.remember(install_failure=Failure(reason, message, stalled, generation, now.earlier(-wait)))

    def furnished(self) -> None:
        """Forget that the install Secret could not be written before."""
        self.install_failures = 0
        self.remember(install_failure=None)

    def succeeded(self) -> None:
        """Forget earlier failures."""
        self.failures = 0
        self.remember(failure=None)

    def note_waiting(self, reason: str, now: Stamp) -> None:
        """Remember since when this reason has held."""
        self.remember(waiting={reason: self.memory.waiting.get(reason, now)})

    def settle(self, status: RegistrationStatus) -> None:
        """Once the status names the attempt of this process, what was known of its POST is not needed any more."""
        if self.memory.attempt is not None and self.memory.attempt.id == status.attempt:
            self.remember(outcome=None, answer=None, written=None, replaces=None)


def newer(one: str, other: str) -> bool:
    """Whether resource version `one` is later than `other` (they are integers that grow, KEP-5504)."""
    return int(one or 0) > int(other or 0)


def itself(plane: str) -> frozenset[str]:
    """Each control plane is reached under one name."""
    return frozenset({plane})


class Registrations:
    """All registrations by uid, and by the names and uuids over which they can get in each other's way.

    A uuid is one cluster, whatever control plane it is reached through; a name is one on a control plane, which may be
    reached under several names: `alike` says which, the one asked about included.
    """

    def __init__(self, alike: Callable[[str], frozenset[str]] = itself) -> None:
        self._alike = alike
        self.entries: dict[str, Entry] = {}
        self.listed: Stamp | None = None
        self._keys: dict[str, frozenset[str]] = {}
        self._by_key: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._by_plane: defaultdict[str, set[str]] = defaultdict(set)
        self._users: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._gone: set[str] = set()  # since the last complete list, which may have begun before they went

    def put(self, registration: Registration, read: Stamp | None = None) -> set[str]:
        """Take in what was seen (`read`: when a live read of it began); the uids that should look again.

        What is older than what is known changes nothing.
        """
        uid = registration.uid
        entry = self.entries.get(uid)
        if entry is None:
            entry = self.entries[uid] = Entry(registration, read=read)
            return {uid} | self._index(registration)
        known, seen = entry.registration.metadata.resource_version, registration.metadata.resource_version
        if newer(known, seen):
            return set()
        if read is not None:
            entry.read = read
        if known == seen:
            return set()
        entry.registration = registration
        return {uid} | self._index(registration)

    def remove(self, uid: str) -> tuple[Entry | None, set[str]]:
        """Forget a registration that is gone; what was known of it, and the uids that should look again."""
        entry = self.entries.pop(uid, None)
        if entry is None:
            return None, set()
        self._gone.add(uid)
        plane = entry.registration.spec.control_plane_ref.name
        self._by_plane[plane].discard(uid)
        self._users[plane].pop(uid, None)
        keys = self._keys.pop(uid, frozenset())
        affected = self._sharing(plane, keys)
        for key in keys:
            self._by_key[_place(plane, key)].discard(uid)
        return entry, affected - {uid}

    def replace_all(self, seen: Iterable[Registration], version: str, began: Stamp) -> tuple[set[str], list[str]]:
        """Take in a complete live list; the uids that should look again, and those that are gone.

        What is newer than the list's own resource version is not missing from it.
        """
        changed: set[str] = set()
        uids = set()
        for registration in seen:
            uids.add(registration.uid)
            changed |= set() if registration.uid in self._gone else self.put(registration, began)
        self._gone.clear()
        self.listed = began
        gone = [
            uid
            for uid, entry in self.entries.items()
            if uid not in uids and not newer(entry.registration.metadata.resource_version, version)
        ]
        return changed, gone

    def reads(self, entry: Entry, made: Reads) -> Reads:
        """The live reads made for a decision, with those that serve others, too."""
        known = [read for read in (entry.holders, self.listed) if read is not None]
        holders = max(known, key=lambda read: read.boot, default=None)
        return replace(made, registration=entry.read, registrations=self.listed, holders=holders)

    def stale(self, now: Stamp, seconds: float) -> bool:
        """Whether the last complete list is older than this."""
        return self.listed is None or self.listed.age(now) > seconds

    def of_plane(self, name: str) -> set[str]:
        """The uids of the registrations that refer to a control plane."""
        return set(self._by_plane[name])

    def users(self, plane: str) -> Collection[str]:
        """The registrations that need a control plane, as `namespace/name`."""
        return self._users[plane].values()

    def rivals(self, registration: Registration, snapshot: Snapshot | None) -> tuple[Registration, ...]:
        """The other registrations on the same control plane that share a name or a uuid with this one."""
        alike = self._alike(registration.spec.control_plane_ref.name)
        met = self._meeting(registration, snapshot)
        return tuple(other for other in met if other.spec.control_plane_ref.name in alike)

    def elsewhere(self, registration: Registration, snapshot: Snapshot | None) -> tuple[Registration, ...]:
        """The registrations on other control planes that share a uuid with this one."""
        alike = self._alike(registration.spec.control_plane_ref.name)
        met = self._meeting(registration, snapshot)
        return tuple(other for other in met if other.spec.control_plane_ref.name not in alike)

    def sharing(self, plane: str, names: Iterable[str], uuids: Iterable[str]) -> set[str]:
        """The uids of the registrations of a control plane that care for one of these names or uuids."""
        keys = {f"name:{name}" for name in names} | {f"uuid:{uuid}" for uuid in uuids}
        return self._sharing(plane, keys) & self._by_plane[plane]

    def _meeting(self, registration: Registration, snapshot: Snapshot | None) -> list[Registration]:
        plane = registration.spec.control_plane_ref.name
        uids = self._sharing(plane, claims.lookups(registration, snapshot)) - {registration.uid}
        return [self.entries[uid].registration for uid in sorted(uids)]

    def _sharing(self, plane: str, keys: Iterable[str]) -> set[str]:
        found, alike = set[str](), self._alike(plane)
        for key in keys:
            for name in alike:
                found |= self._by_key.get(_place(name, key), set())
        return found

    def _index(self, registration: Registration) -> set[str]:
        """File a registration under its keys; the others that shared or share one of them."""
        uid, plane = registration.uid, registration.spec.control_plane_ref.name
        before, after = self._keys.get(uid, frozenset()), claims.keys(registration)
        self._by_plane[plane].add(uid)
        self._users[plane].pop(uid, None)
        if needs(registration):
            self._users[plane][uid] = registration.key
        for key in before - after:
            self._by_key[_place(plane, key)].discard(uid)
        for key in after:
            self._by_key[_place(plane, key)].add(uid)
        self._keys[uid] = after
        return self._sharing(plane, before | after) - {uid}


def _place(plane: str, key: str) -> tuple[str, str]:
    """Where a key is filed: a name with its control plane, a uuid by itself."""
    return ("" if key.startswith("uuid:") else plane, key)
