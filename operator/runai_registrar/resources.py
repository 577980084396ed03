"""The two custom resources as frozen values: dictionaries stop here, attributes begin.

What each field means to a user is said once, in the descriptions of `crds/*.yaml` (`kubectl explain rcr.spec`); the
tests hold both sides equal. How keys, times and durations are written is in `values.py`.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self

from pydantic import Field, ValidationError

from runai_registrar.meta import Condition, LabelExpression, LabelSelector, Metadata
from runai_registrar.mirrored import ClusterCondition, Component, Config, Dependencies, Dependency, Operand, Platform
from runai_registrar.values import Duration, Timestamp, Value, format_duration, parse_duration, sentence

# Several names a line, for one each would be a page of its own.
# fmt: off
__all__ = [
    "API_VERSION", "CONTROL_PLANES", "CONTROL_PLANE_FINALIZER", "CREATE_ATTEMPT", "CREDENTIALS_FINALIZER", "FINALIZER",
    "GROUP", "RECONCILE_REQUESTED_AT", "REGISTRATIONS", "RELEASE", "VERSION", "Adopt", "AllowedNamespaces",
    "ClusterCondition", "ClusterCounts", "Component", "Condition", "Config", "ControlPlane", "ControlPlaneRef",
    "ControlPlaneSpec", "ControlPlaneStatus", "ControlPlaneUsed", "CreateAttempt", "Deletion", "DeletionPolicy",
    "DeletionProgress", "Dependencies", "Dependency", "EarlierAttempt", "InstallSecret", "LabelExpression",
    "LabelSelector", "Metadata", "Mode", "NamespacesFrom", "OnDrift", "OnMissing", "OnTimeout", "Operand", "Origin",
    "Platform", "Registration", "RegistrationSpec", "RegistrationStatus", "SecretRef", "VerifiedConnection",
    "format_duration", "parse_duration",
]
# fmt: on

GROUP = "runai-registrar.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
REGISTRATIONS = "runaiclusterregistrations"
CONTROL_PLANES = "runaicontrolplanes"

FINALIZER = f"{GROUP}/registration"
CONTROL_PLANE_FINALIZER = f"{GROUP}/control-plane"
CREDENTIALS_FINALIZER = f"{GROUP}/credentials"
CREATE_ATTEMPT = f"{GROUP}/create-attempt"
RECONCILE_REQUESTED_AT = f"{GROUP}/reconcile-requested-at"
RELEASE = f"{GROUP}/release"


class Mode(StrEnum):
    """`spec.mode`: act, or only report what would be done."""

    MANAGE = "Manage"
    OBSERVE = "Observe"


class OnDrift(StrEnum):
    """`spec.onDrift`: what happens when the cluster's name differs from the spec."""

    CORRECT = "Correct"
    REPORT = "Report"


class OnMissing(StrEnum):
    """`spec.onMissing`: what happens when the cluster is gone from the control plane."""

    RECREATE = "Recreate"
    REPORT = "Report"


class DeletionPolicy(StrEnum):
    """`spec.deletion.policy`: whether the cluster goes with the registration."""

    DELETE = "Delete"
    ORPHAN = "Orphan"


class OnTimeout(StrEnum):
    """`spec.deletion.onTimeout`: what happens when a graceful deletion takes too long."""

    WAIT = "Wait"
    FORCE = "Force"
    ORPHAN = "Orphan"


class Origin(StrEnum):
    """`status.origin`: how the registration came to hold its cluster; its absence means no title."""

    CREATED = "Created"
    RECOVERED = "Recovered"
    ADOPTED = "Adopted"


class NamespacesFrom(StrEnum):
    """`spec.allowedNamespaces.from`: how the namespaces that may use a control plane are chosen."""

    ALL = "All"
    NAMES = "Names"
    SELECTOR = "Selector"


class ControlPlaneRef(Value):
    """Names the RunaiControlPlane."""

    name: str = "default"


class Adopt(Value):
    """Which existing cluster may be taken over: exactly one of the two (held by the CRD)."""

    uuid: str | None = None
    by_name: bool | None = None


class Deletion(Value):
    """How the cluster is deleted; None where the default depends on the cluster's history."""

    policy: DeletionPolicy | None = None
    force: bool = False
    timeout: Duration | None = None
    on_timeout: OnTimeout | None = None


class InstallSecret(Value):
    """Names the Secret with the install information."""

    name: str


class RegistrationSpec(Value):
    """What the user asks for, with the defaults that do not depend on anything else."""

    control_plane_ref: ControlPlaneRef = ControlPlaneRef()
    cluster_name: str | None = None
    domain: str | None = None
    version: str | None = None
    mode: Mode = Mode.MANAGE
    suspend: bool = False
    adopt: Adopt | None = None
    on_drift: OnDrift = OnDrift.CORRECT
    on_missing: OnMissing | None = None
    deletion: Deletion = Deletion()
    deletion_protection: bool = False
    install_secret: InstallSecret | None = None


class EarlierAttempt(Value):
    """Attempts under one name that ended without an answer: when the first and the last of them were made."""

    name: str
    domain: str | None = None
    version: str | None = None
    first: Timestamp
    last: Timestamp


class CreateAttempt(Value):
    """The announcement of one POST, durable before it is sent.

    `at` is in the control plane's clock, the latest it can have been; it may be `spread` seconds earlier.
    """

    id: str
    owner: str
    name: str
    domain: str | None = None
    version: str | None = None
    at: Timestamp
    spread: float = 0.0
    control_plane: str
    tenant_id: int | None = None
    exclude: tuple[str, ...] = ()
    earlier: tuple[EarlierAttempt, ...] = ()
    refused: bool = False

    def to_json(self) -> str:
        """Return the annotation's text: compact, keys in a fixed order, nothing that equals its default."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True)

    @classmethod
    @lru_cache(maxsize=4096)  # the same annotations are read at every look, also those of rivals
    def from_json(cls, text: str) -> Self:
        """Read the annotation's text; ValueError with one sentence if it is not an attempt."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ValueError(sentence(f"the annotation {CREATE_ATTEMPT}", error)) from None


class DeletionProgress(Value):
    """How far a deletion is: when it was asked for, until when it may take, since when it is forced."""

    requested_at: Timestamp
    deadline: Timestamp | None = None
    forced_at: Timestamp | None = None


class ControlPlaneUsed(Value):
    """The control plane that the status speaks of."""

    name: str
    url: str


class RegistrationStatus(Value):
    """What the operator says; `observed_generation` is -1 before the first look."""

    observed_generation: int = -1
    uuid: str | None = None
    tenant_id: int | None = None
    cluster_name: str | None = None
    state: str | None = None
    domain: str | None = None
    version: str | None = None
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None
    last_liveness: Timestamp | None = None
    delete_requested_at: Timestamp | None = None
    origin: Origin | None = None
    attempt: str | None = None
    owner_uid: str | None = Field(default=None, alias="ownerUID")
    create_attempt: CreateAttempt | None = None
    first_connected_at: Timestamp | None = None
    install_secret: InstallSecret | None = None
    control_plane: ControlPlaneUsed | None = None
    platform: Platform | None = None
    config: Config | None = None
    operands: Mapping[str, Operand] = Field(default_factory=dict)
    dependencies: Dependencies | None = None
    cluster_conditions: tuple[ClusterCondition, ...] = ()
    deletion: DeletionProgress | None = None
    planned_action: str | None = None
    last_handled_reconcile_at: str | None = None
    conditions: tuple[Condition, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form without nulls and without empty lists and maps."""
        text = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {**text, "observedGeneration": self.observed_generation}


class Registration(Value):
    """One RunaiClusterRegistration, as it was last seen."""

    metadata: Metadata
    spec: RegistrationSpec
    status: RegistrationStatus = RegistrationStatus()

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Self:
        """Read an object of the Kubernetes API; ValueError with one sentence if a field cannot be read."""
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            raise ValueError(sentence("the registration", error)) from None

    @property
    def uid(self) -> str:
        """`metadata.uid`: what distinguishes it from an earlier object of the same name."""
        return self.metadata.uid

    @property
    def key(self) -> str:
        """`namespace/name`, for people."""
        return f"{self.metadata.namespace}/{self.metadata.name}"

    @property
    def name(self) -> str:
        """`metadata.name`."""
        return self.metadata.name

    @property
    def cluster_name(self) -> str:
        """The name that the cluster should have."""
        return self.spec.cluster_name or self.metadata.name

    @property
    def deleting(self) -> bool:
        """Whether a deletion was asked for in Kubernetes."""
        return self.metadata.deletion_timestamp is not None

    @property
    def held(self) -> bool:
        """Whether our finalizer is there."""
        return FINALIZER in self.metadata.finalizers

    @property
    def attempt(self) -> CreateAttempt | None:
        """The attempt in the annotation, whoever owns it; None without one, ValueError if it cannot be read."""
        text = self.metadata.annotations.get(CREATE_ATTEMPT)
        return None if text is None else CreateAttempt.from_json(text)


class SecretRef(Value):
    """Names a Secret in the operator's own namespace."""

    name: str


class AllowedNamespaces(Value):
    """Which namespaces may refer to a control plane; `names` and `selector` only with the `from` that uses them."""

    from_: NamespacesFrom = Field(default=NamespacesFrom.ALL, alias="from")
    names: tuple[str, ...] = ()
    selector: LabelSelector | None = None


class ControlPlaneSpec(Value):
    """How a control plane is reached, and by whom."""

    url: str
    allow_insecure_transport: bool = False
    credentials_secret_ref: SecretRef
    ca_bundle: str | None = None
    proxy_url: str | None = None
    tenant_id: int | None = None
    allowed_namespaces: AllowedNamespaces = AllowedNamespaces()
    poll_interval: Duration = timedelta(seconds=30)
    requests_per_second: int = 20
    suspend: bool = False


class ClusterCounts(Value):
    """How many clusters the control plane shows, and how many of them registrations hold."""

    total: int = 0
    managed: int = 0
    unmanaged: int = 0


class VerifiedConnection(Value):
    """The connection under which the tenant was seen.

    `client` is a slow, salted and short digest of client id and client secret: it changes when either does, and shows
    neither (`core.planes.connection`).
    """

    url: str
    client: str


class ControlPlaneStatus(Value):
    """What the operator says of a control plane; `observed_generation` is -1 before the first look."""

    observed_generation: int = -1
    tenant_id: int | None = None
    verified: VerifiedConnection | None = None
    clusters: ClusterCounts | None = None
    credentials_secret: SecretRef | None = None
    conditions: tuple[Condition, ...] = ()


class ControlPlane(Value):
    """One RunaiControlPlane, as it was last seen."""

    metadata: Metadata
    spec: ControlPlaneSpec
    status: ControlPlaneStatus = ControlPlaneStatus()

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> Self:
        """Read an object of the Kubernetes API; ValueError with one sentence if a field cannot be read."""
        try:
            return cls.model_validate(body)
        except ValidationError as error:
            raise ValueError(sentence("the control plane", error)) from None

    @property
    def name(self) -> str:
        """`metadata.name`."""
        return self.metadata.name

    @property
    def deleting(self) -> bool:
        """Whether a deletion was asked for in Kubernetes."""
        return self.metadata.deletion_timestamp is not None
