"""Both sides at one moment: each registration beside what the control plane shows of its cluster. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from runai_registrar.resources import ControlPlane, Registration
from runai_registrar.simulator.admin_models import ClusterView

UNSEEN = "-"
"""What stands for a value that is not there (yet)."""


@dataclass(frozen=True, slots=True)
class There:
    """A cluster as the control plane shows it."""

    uuid: str
    name: str
    state: str
    draining: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One registration as the API server shows it, and its cluster; `name` is None for a cluster that is nobody's."""

    name: str | None = None
    ready: str = UNSEEN
    reason: str = UNSEEN
    state: str = UNSEEN
    cluster: str = UNSEEN
    uuid: str = UNSEEN
    origin: str = UNSEEN
    created: datetime | None = None
    there: There | None = None

    @property
    def key(self) -> str:
        """What tells rows apart from one moment to the next."""
        return self.name or self.uuid

    @property
    def in_step(self) -> bool:
        """Whether both sides show the same name and state."""
        return self.there is not None and (self.cluster, self.state) == (self.there.name, self.there.state)


@dataclass(frozen=True, slots=True)
class Plane:
    """The RunaiControlPlane of the demo as the API server shows it; the numbers are of clusters."""

    name: str
    ready: str
    reason: str
    url: str
    total: int
    managed: int


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything there is to see at one moment; `said` is the operator's last log line."""

    rows: tuple[Row, ...] = ()
    plane: Plane | None = None
    said: str = ""

    def row(self, name: str) -> Row | None:
        """The row of a registration, None if there is no such registration."""
        return next((row for row in self.rows if row.name == name), None)

    def unregistered(self, cluster: str) -> Row | None:
        """The row of a cluster of this name that no registration holds."""
        return next((row for row in self.rows if row.name is None and row.there and row.there.name == cluster), None)


def pair(registrations: Iterable[Registration], clusters: Iterable[ClusterView]) -> tuple[Row, ...]:
    """Put each registration beside its cluster (by uuid), in the order of creation; clusters that are nobody's last."""
    there = {cluster.uuid: _there(cluster) for cluster in clusters}
    rows = [_row(each, there.get(each.status.uuid or "")) for each in sorted(registrations, key=_age)]
    held = {row.uuid for row in rows}
    return (*rows, *(Row(uuid=uuid, there=seen) for uuid, seen in there.items() if uuid not in held))


def plane(control_plane: ControlPlane) -> Plane:
    """What is shown of a RunaiControlPlane."""
    ready = next((each for each in control_plane.status.conditions if each.type == "Ready"), None)
    counts = control_plane.status.clusters
    return Plane(
        name=control_plane.metadata.name,
        ready=ready.status if ready else UNSEEN,
        reason=ready.reason if ready else UNSEEN,
        url=control_plane.spec.url,
        total=counts.total if counts else 0,
        managed=counts.managed if counts else 0,
    )


def _there(cluster: ClusterView) -> There:
    return There(cluster.uuid, cluster.name, cluster.state or UNSEEN, cluster.delete_requested_at is not None)


def _row(registration: Registration, there: There | None) -> Row:
    status, metadata = registration.status, registration.metadata
    ready = next((each for each in status.conditions if each.type == "Ready"), None)
    return Row(
        name=metadata.name if metadata.namespace == "default" else registration.key,
        ready=ready.status if ready else UNSEEN,
        reason=ready.reason if ready else UNSEEN,
        state=status.state or UNSEEN,
        cluster=status.cluster_name or UNSEEN,
        uuid=status.uuid or UNSEEN,
        origin=status.origin or UNSEEN,
        created=metadata.creation_timestamp,
        there=there,
    )


def _age(registration: Registration) -> tuple[str, str]:
    created = registration.metadata.creation_timestamp
    return (created.isoformat() if created else "", registration.key)
