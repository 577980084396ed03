"""What a call rests on, asked once more when its turn has come: meanwhile somebody may have suspended, or changed it.

A call waits for the limiter, for a token and for a connection, together for longer than it takes to apply a manifest.
"""

from collections.abc import Callable
from dataclasses import dataclass

from runai_registrar.controlplane.client import ControlPlaneClient
from runai_registrar.core.meant import still_meant
from runai_registrar.core.observed import Observed
from runai_registrar.core.times import Stamp, Timing
from runai_registrar.engine import clock
from runai_registrar.engine.cache import Entry
from runai_registrar.engine.world import World
from runai_registrar.errors import NotSent


@dataclass(frozen=True)
class Grounds:
    """What one call for one registration rests on: what was observed of it, and the client that it is made with."""

    world: World
    timing: Timing
    entry: Entry
    seen: Observed
    client: ControlPlaneClient

    @classmethod
    def of(cls, world: World, timing: Timing, entry: Entry, seen: Observed) -> "Grounds":
        """Take the client that made the list decided on: its tenant is the one that was verified; NotSent without."""
        poller = world.fleet.poller(seen.control_plane.name)
        if poller is None or poller.client is None:
            raise NotSent(f"The control plane {seen.control_plane.name} went away.")
        return cls(world, timing, entry, seen, poller.client)

    def hold(self) -> bool:
        """Whether nothing has changed, as far as it is known: the registration, its control plane, the client."""
        then, now = self.seen.registration, self.entry.registration
        known = self.world.registrations.entries.get(then.uid) is self.entry
        meant = still_meant(then, now) and self.entry.memory.invalid == self.seen.memory.invalid
        return known and meant and self.world.fleet.still(self.seen.control_plane, then.metadata.namespace, self.client)

    def since(self, read: Stamp | None) -> Callable[[], bool]:
        """Whether they hold, and rest on a read or write that began at most `freshness` ago; to be asked later."""
        return lambda: self.hold() and read is not None and read.age(clock.now()) <= self.timing.freshness
