"""A control plane in memory, as far as it is called: it asks for freshness as the real client does."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from core.situations import cluster, plane
from runai_registrar.controlplane.models import Cluster
from runai_registrar.controlplane.protocol import Deletion
from runai_registrar.core.observed import ControlPlaneView, Snapshot
from runai_registrar.core.times import Stamp
from runai_registrar.engine import clock
from runai_registrar.errors import ControlPlaneError, NotFound, Stale


@dataclass
class ControlPlane:
    """Answers calls with what it was given, or fails as it was told.

    `shows` is what lists and GETs show, `called` the calls that were sent; `meanwhile` is called during each.
    """

    made: Cluster = field(default_factory=lambda: cluster(age=0.0))
    fails: ControlPlaneError | None = None
    deletion: Deletion = Deletion.DRAINING
    shows: dict[str, Cluster] = field(default_factory=dict)
    meanwhile: Callable[[], None] | None = None
    called: list[tuple[Any, ...]] = field(default_factory=list)

    async def create_cluster(
        self, name: str, domain: str | None, version: str | None, *, still_fresh: Callable[[], bool]
    ) -> Cluster:
        """Create."""
        self._send(still_fresh, "create", name, domain, version)
        self.shows[self.made.uuid] = self.made
        return self.made

    async def rename_cluster(self, uuid: str, name: str, *, still_fresh: Callable[[], bool]) -> None:
        """Rename."""
        self._send(still_fresh, "rename", uuid, name)

    async def delete_cluster(self, uuid: str, *, force: bool, still_fresh: Callable[[], bool]) -> Deletion:
        """Delete."""
        self._send(still_fresh, "delete", uuid, force)
        self.shows.pop(uuid, None)
        return self.deletion

    async def get_cluster(self, uuid: str, *, still_fresh: Callable[[], bool]) -> Cluster:
        """Return one cluster."""
        _guard(still_fresh)
        if uuid not in self.shows:
            raise NotFound("There is none.", status=404)
        return self.shows[uuid]

    def _send(self, still_fresh: Callable[[], bool], *call: Any) -> None:
        _guard(still_fresh)
        self.called.append(call)
        if self.meanwhile is not None:
            self.meanwhile()
        if self.fails is not None:
            raise self.fails


def _guard(still_fresh: Callable[[], bool]) -> None:
    if not still_fresh():
        raise Stale("Too old.")


@dataclass
class Fleet:
    """The control planes: one for every name, or none. It lists when it is told to.

    `asked` says that a list is due, `changed` that a control plane is not any more what it was when it was seen.
    """

    client: ControlPlane | None
    snapshot: Snapshot | None = None
    asked: Stamp | None = None
    lists: int = 0
    changed: bool = False

    def bind(self, **_: Any) -> None:
        """Take no notice of the registrations."""

    def used(self, name: str) -> None:
        """Hold nothing."""

    def poller(self, _: str) -> "Fleet | None":
        """Return what has a client and a snapshot."""
        return self if self.client else None

    async def view(self, name: str, _: str) -> ControlPlaneView:
        """Return a control plane that answers."""
        return replace(plane(), name=name)

    def alike(self, name: str) -> frozenset[str]:
        """Each is one of its own."""
        return frozenset({name})

    def still(self, seen: ControlPlaneView, namespace: str, client: object) -> bool:
        """Whether it is what it was."""
        del seen, namespace
        return not self.changed and client is self.client

    def ask(self, after: Stamp) -> None:
        """Remember that a list is asked for that begins after this moment."""
        self.asked = after

    def list(self) -> None:
        """Make a list."""
        now = clock.now()
        shown = self.client.shows.values() if self.client else ()
        self.snapshot, self.asked = Snapshot.of(shown, now, now.wall), None
        self.lists += 1
