"""What a decision can be: a look at something, one write, one external call, or standing still with a verdict.

`reconcile` applies one action and decides again, until the action is `Stand`.
"""

from dataclasses import dataclass
from enum import StrEnum

from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.installed import Purpose, SecretSeen
from runai_registrar.core.times import Stamp
from runai_registrar.resources import CreateAttempt, DeletionProgress, Origin


@dataclass(frozen=True)
class ReadClusters:
    """Wait for a list of clusters that began after this moment."""

    after: Stamp


@dataclass(frozen=True)
class ReadCluster:
    """Ask for one cluster by uuid: does it answer 404?"""

    uuid: str


@dataclass(frozen=True)
class ReadRegistration:
    """Read this registration from the API server, not from the cache."""


@dataclass(frozen=True)
class ReadRegistrations:
    """List all registrations from the API server, beginning after this moment."""

    after: Stamp


@dataclass(frozen=True)
class ReadHolders:
    """Read live which registrations hold this uuid, this one among them, beginning after this moment."""

    uuid: str
    after: Stamp


@dataclass(frozen=True)
class Announce:
    """Write 1: finalizer and create-attempt in one compare-and-swap; a conflict means look again."""

    attempt: CreateAttempt
    replaces: str | None = None


@dataclass(frozen=True)
class Hold:
    """Put the finalizer back, and the create-attempt with it (None leaves the annotation as it is)."""

    attempt: CreateAttempt | None = None


@dataclass(frozen=True)
class Create:
    """POST the announced attempt, once."""

    attempt: CreateAttempt


@dataclass(frozen=True)
class Rename:
    """PUT the name."""

    uuid: str
    name: str


@dataclass(frozen=True)
class Delete:
    """DELETE the cluster."""

    uuid: str
    force: bool


@dataclass(frozen=True)
class Release:
    """Remove our finalizer.

    `leaves` is the uuid of a cluster that stays behind on purpose; `unclear` says that a creation without an answer is
    not looked for any more: nobody will know what it made.
    """

    why: str
    leaves: str | None = None
    unclear: bool = False


@dataclass(frozen=True)
class ReadInstallSecret:
    """Look whether there is a Secret of this name, and whose it is."""

    name: str


@dataclass(frozen=True)
class WriteInstallSecret:
    """Ask for install information and write it: into a new Secret, or into our own one that is `known`."""

    name: str
    purpose: Purpose
    owned: bool
    known: SecretSeen | None = None


@dataclass(frozen=True)
class RemoveInstallSecret:
    """Delete our own Secret, which is not asked for any more, as it was seen."""

    known: SecretSeen


@dataclass(frozen=True)
class FreeInstallSecret:
    """Take our owner reference from our own Secret, as it was seen: it stays with a cluster that is left behind."""

    known: SecretSeen


@dataclass(frozen=True)
class Leave:
    """Nothing to do and nothing to say: the object is on its way out and is not ours to hold."""


class Phase(StrEnum):
    """How a verdict shows in the conditions Ready, Reconciling and Stalled (kstatus rules)."""

    READY = "Ready"  # Ready=True
    SILENT = "Silent"  # Ready=True and Reconciling: registered, but the control plane does not answer
    RECONCILING = "Reconciling"  # Ready=False, working or will retry
    STALLED = "Stalled"  # Ready=False, a person must act
    KEEP = "Keep"  # the last Ready, with a sentence added


@dataclass(frozen=True)
class Title:
    """The cluster this registration owns, and how it came to own it."""

    uuid: str
    origin: Origin


@dataclass(frozen=True)
class InstallStatus:
    """What is said of the install Secret: the condition, and the name of the one that is recorded as ours."""

    ready: bool
    reason: str
    message: str
    name: str | None


@dataclass(frozen=True)
class Stand:
    """Nothing more to do now: report this, and look again after `wake` seconds at the latest (None: when woken).

    `title` is None where no cluster is owned; `shown` is the cluster displayed (None: what the status shows already).
    `closes` is the id of the attempt that is closed by this report; `attempt` an open one to mirror in the status.
    `install` is None where the install Secret was not looked at: what is said of it stays.
    """

    phase: Phase
    reason: str
    message: str
    title: Title | None = None
    shown: Cluster | None = None
    closes: str | None = None
    attempt: CreateAttempt | None = None
    deletion: DeletionProgress | None = None
    drift: tuple[str, ...] = ()
    planned: str | None = None
    install: InstallStatus | None = None
    wake: float | None = None


Action = (
    ReadClusters
    | ReadCluster
    | ReadRegistration
    | ReadRegistrations
    | ReadHolders
    | Announce
    | Hold
    | Create
    | Rename
    | Delete
    | Release
    | ReadInstallSecret
    | WriteInstallSecret
    | RemoveInstallSecret
    | FreeInstallSecret
    | Leave
    | Stand
)
