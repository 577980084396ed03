"""What a decision looks at: one frozen value that holds the whole truth about one registration at one moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.installed import SecretSeen
from runai_registrar.core.times import Stamp, Timing
from runai_registrar.resources import CreateAttempt, Registration


@dataclass(frozen=True)
class Snapshot:
    """One answer of `get_clusters` (clusters under deletion included), and when the request began.

    `began` is this machine's clock, `began_cp` the control plane's, in Unix seconds. The latter is only known within
    `spread` seconds: `began_cp` is the earliest it can have been, so that nothing counts as proven too early.
    """

    began: Stamp
    began_cp: float
    clusters: Mapping[str, Cluster]
    spread: float = 0.0

    @classmethod
    def of(cls, clusters: Iterable[Cluster], began: Stamp, began_cp: float, spread: float = 0.0) -> "Snapshot":
        """Index a list of clusters by uuid."""
        return cls(began, began_cp, {cluster.uuid: cluster for cluster in clusters}, spread)

    def clock(self, now: Stamp) -> float:
        """The latest that the control plane's clock can show now, in Unix seconds."""
        return self.began_cp + self.spread + now.boot - self.began.boot

    @cached_property
    def by_name(self) -> Mapping[str, tuple[Cluster, ...]]:
        """The clusters of each name, those under deletion included."""
        names: dict[str, list[Cluster]] = {}
        for cluster in self.clusters.values():
            names.setdefault(cluster.name, []).append(cluster)
        return {name: tuple(clusters) for name, clusters in names.items()}

    def live(self, name: str) -> tuple[Cluster, ...]:
        """Clusters of this name that nobody is deleting."""
        return tuple(cluster for cluster in self.by_name.get(name, ()) if is_live(cluster))

    def shows(self, uuid: str) -> Cluster | None:
        """The cluster of this uuid unless it is deleted; one under deletion is still shown."""
        cluster = self.clusters.get(uuid)
        return None if cluster is None or cluster.deleted_at else cluster


def differs(before: Cluster | None, after: Cluster | None) -> bool:
    """Whether a cluster is displayed otherwise than before; a liveness that only moved on makes no difference."""
    if before is None or after is None:
        return before is not after
    if before == after:
        return False
    if (before.last_liveness is None) != (after.last_liveness is None):
        return True
    times = {"last_liveness": after.last_liveness, "updated_at": after.updated_at}
    return before.model_copy(update=times) != after


def changes(before: Snapshot | None, after: Snapshot | None) -> tuple[Cluster, ...]:
    """The clusters that are displayed otherwise than before, as they were and as they are."""
    if before is after:
        return ()
    views = tuple(snapshot.clusters if snapshot else {} for snapshot in (before, after))
    odd = [uuid for uuid in set().union(*views) if differs(*(view.get(uuid) for view in views))]
    return tuple(view[uuid] for view in views for uuid in odd if uuid in view)


def is_live(cluster: Cluster) -> bool:
    """Whether a cluster exists and nobody has asked for its deletion."""
    return cluster.deleted_at is None and cluster.delete_requested_at is None


@dataclass(frozen=True)
class Trouble:
    """Why a control plane cannot be used now: a reason of `Ready` and a sentence; `passing` heals without a person.

    `seen` is when the latest look that met it began.
    """

    reason: str
    message: str
    passing: bool
    since: Stamp
    seen: Stamp | None = None


@dataclass(frozen=True)
class ControlPlaneView:
    """A control plane as one registration sees it."""

    name: str
    exists: bool = True
    url: str = ""
    tenant_id: int | None = None
    allowed: bool = True
    suspended: bool = False
    deleting: bool = False
    trouble: Trouble | None = None
    poll_interval: float = 30.0


class Outcome(StrEnum):
    """What this process knows of the POST for its own attempt."""

    ANNOUNCED = "announced"  # durable, nothing sent so far
    UNSENT = "unsent"  # given up before anything was sent
    ANSWERED = "answered"  # 201 with a valid body: the cluster is in `Memory.answer`
    REFUSED = "refused"  # a definite refusal: no cluster from this POST
    UNANSWERED = "unanswered"  # sent, and nobody knows


@dataclass(frozen=True)
class Failure:
    """The last external call that failed, kept until `retry_at` or until the spec changes."""

    reason: str
    message: str
    stalled: bool
    generation: int
    retry_at: Stamp


@dataclass(frozen=True)
class Put:
    """A name that was put and accepted: for which generation of the spec, and when."""

    name: str
    generation: int
    at: Stamp


@dataclass(frozen=True)
class Memory:
    """What this process alone knows of a registration; losing it costs time, never a cluster."""

    attempt: CreateAttempt | None = None
    written: Stamp | None = None  # before write 1 was sent
    outcome: Outcome | None = None
    answer: Cluster | None = None
    replaces: str | None = None  # the uuid that was confirmed missing when the attempt was made
    asked: Stamp | None = None  # when the newest DELETE was accepted
    drains: bool = False  # that DELETE was answered with 202
    forced: bool = False  # that DELETE carried force=true
    renamed: tuple[str, Stamp] | None = None  # the name put, and when
    puts: tuple[Put, ...] = ()  # the latest of them, oldest first: somebody else may keep undoing them
    failure: Failure | None = None
    install: Mapping[str, SecretSeen] = field(default_factory=dict)  # the last look at install Secrets, by name
    install_failure: Failure | None = None  # the last try at the install Secret that failed
    waiting: Mapping[str, Stamp] = field(default_factory=dict)  # since when a reason has held
    released: bool = False  # our finalizer was removed on purpose
    invalid: str | None = None  # why the spec cannot be read; then it is not acted on
    request: str | None = None  # an unhandled reconcile-requested-at
    requested: Stamp | None = None  # when an unhandled reconcile-requested-at was first seen


@dataclass(frozen=True)
class Reads:
    """Live reads made for this decision: when each began; what they showed is in `Observed` already."""

    clusters: Stamp | None = None  # the newest list asked for began after this moment
    registration: Stamp | None = None
    registrations: Stamp | None = None
    holders: Stamp | None = None  # of the registered uuid; a list of all registrations shows them, too
    absent: Mapping[str, Stamp] = field(default_factory=dict)  # GET by uuid answered 404
    present: Mapping[str, Stamp] = field(default_factory=dict)  # GET by uuid showed the cluster


@dataclass(frozen=True)
class Observed:
    """The whole truth about one registration.

    `rivals` are the other registrations on the same control plane, whatever it is called there, that share a name or a
    uuid with it (see `claims.keys`), `elsewhere` those on other control planes that share a uuid; `name_reserved` says
    that another worker of this process is creating a cluster of the same name. `clock` is the control plane's clock in
    Unix seconds; `fresh_id` the id that a new attempt would get.
    """

    registration: Registration
    control_plane: ControlPlaneView
    snapshot: Snapshot | None
    now: Stamp
    clock: float
    timing: Timing
    fresh_id: str
    rivals: tuple[Registration, ...] = ()
    elsewhere: tuple[Registration, ...] = ()
    name_reserved: bool = False
    memory: Memory = Memory()
    reads: Reads = Reads()
