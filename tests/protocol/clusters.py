"""The control plane as far as its six operations go: it makes uuids, shows new clusters late, and drains."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from protocol.clock import Clock
from runai_registrar.controlplane.models import Cluster
from runai_registrar.controlplane.protocol import Deletion
from runai_registrar.core.times import utc
from runai_registrar.errors import NotFound, Refused

TENANT = 1001


@dataclass(eq=False)
class Made:
    """One cluster, and what only the observer knows: `maker` is the uid of a registration, or None for a person."""

    uuid: str
    name: str
    domain: str | None
    version: str | None
    created: float
    maker: str | None
    connected: datetime | None = None
    draining: datetime | None = None
    gone: bool = False
    adopted: bool = False  # by the registration that now counts as its maker
    released: float | None = None  # since when it is nobody's, left behind on purpose
    late: bool = False  # by a POST that took effect after any caller could wait for it (residual 14 and 15)
    excused: bool = False  # a person took away its record, or it was released: it need not have one

    @property
    def live(self) -> bool:
        """Whether it exists and nobody has asked for its deletion."""
        return not self.gone and self.draining is None

    def pass_to(self, uid: str) -> None:
        """From here on it is this registration's to account for."""
        self.maker, self.released, self.excused, self.adopted = uid, None, False, True

    def shown(self) -> Cluster:
        """The cluster as the API displays it."""
        return Cluster(
            uuid=self.uuid,
            tenant_id=TENANT,
            name=self.name,
            domain=self.domain,
            version=self.version,
            created_at=utc(self.created),
            last_liveness=self.connected,
            delete_requested_at=self.draining,
        )


class ControlPlane:
    """All clusters ever made. `lag` is for how many seconds lists and reads hide a new cluster."""

    def __init__(self, clock: Clock, *, unique: bool = False) -> None:
        self._clock, self.unique = clock, unique
        self.clusters: dict[str, Made] = {}
        self.lag = 0.0

    @property
    def seconds(self) -> float:
        """This moment, in Unix seconds."""
        return self._clock.seconds

    @property
    def date(self) -> float:
        """The Date header: the same clock, cut to whole seconds."""
        return float(int(self._clock.seconds))

    def create(self, name: str, domain: str | None, version: str | None, maker: str | None) -> Cluster:
        """POST: make a cluster, or refuse a name that is in use where names are unique."""
        self._free(name)
        uuid = f"00000000-0000-4000-8000-{len(self.clusters) + 1:012d}"
        self.clusters[uuid] = Made(uuid, name, domain, version, self._clock.seconds, maker)
        return self.clusters[uuid].shown()

    def list(self) -> tuple[Cluster, ...]:
        """GET all: those being deleted too, new ones after the lag."""
        return tuple(made.shown() for made in self.clusters.values() if self._visible(made))

    def get(self, uuid: str) -> Cluster:
        """GET one; NotFound after its end, and during the lag."""
        return self._found(uuid, self._visible).shown()

    def rename(self, uuid: str, name: str) -> None:
        """PUT the name."""
        made = self._found(uuid, _exists)
        if made.name != name:
            self._free(name)
            made.name = name

    def delete(self, uuid: str, *, force: bool) -> Deletion:
        """DELETE: begin to drain, or end at once; a new cluster is not found during the lag."""
        made = self._found(uuid, self._visible)
        if force:
            made.gone = True
            return Deletion.REMOVED
        made.draining = made.draining or utc(self._clock.seconds)
        return Deletion.DRAINING

    def _free(self, name: str) -> None:
        if self.unique and any(made.name == name and not made.gone for made in self.clusters.values()):
            raise Refused(f"The name {name} is in use.", status=409)

    def _found(self, uuid: str, seen: Callable[[Made], bool]) -> Made:
        made = self.clusters.get(uuid)
        if made is None or not seen(made):
            raise NotFound("not found", status=404)
        return made

    def _visible(self, made: Made) -> bool:
        return not made.gone and self._clock.seconds - made.created >= self.lag


def _exists(made: Made) -> bool:
    return not made.gone
