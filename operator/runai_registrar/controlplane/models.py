"""What the control plane says, as frozen values (schemas of the API file; no I/O here).

Two rules, because decisions rest on some fields and only displays on others:

* A cluster's identity and lifecycle (`uuid`, `tenantId`, `name`, `createdAt`, and when present `deletedAt`,
  `deleteRequestedAt`, `lastLiveness`) are read strictly: what cannot be read is an error, never a guess.
* Everything else is read leniently: unknown fields are ignored, unknown enum values kept as text, and an odd or
  wrong-typed part becomes None (or is left out of its list or map) without hiding the rest.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StrictInt,
    StrictStr,
)
from pydantic.alias_generators import to_camel

from runai_registrar.controlplane.fields import SKIP, Count, Flag, Lifecycle, OrElse, Text, Timestamp, Uuid

_BEARER = re.compile(r"[\x21-\x7e]{1,16384}")

UNKNOWN_LIFETIME = 60.0
"""Seconds a token is taken to live when the answer gives no usable lifetime."""

LONGEST_LIFETIME = 86_400.0
"""Seconds a token is kept at most, whatever the answer promises."""


class ClusterState(StrEnum):
    """The states the API file names; `ClusterStatus.state` stays a plain str so that newer ones are kept."""

    WAITING_TO_CONNECT = "WaitingToConnect"
    CONNECTED = "Connected"
    DISCONNECTED = "Disconnected"
    MISSING_PREREQUISITES = "MissingPrerequisites"
    SERVICE_ISSUES = "ServiceIssues"
    UNKNOWN = "Unknown"


NEVER_CONNECTED = frozenset({None, ClusterState.WAITING_TO_CONNECT, ClusterState.UNKNOWN})
"""The states that do not say that a cluster has connected; one that the API file does not name says that it has."""


def has_connected(state: str | None, last_liveness: datetime | None) -> bool:
    """Whether a cluster has ever connected. A null lastLiveness does not deny it: it may be null at any time.

    Only what never connected is replaced or deleted by force unasked, so a doubtful state counts as connected.
    """
    return last_liveness is not None or state not in NEVER_CONNECTED


class _Model(BaseModel):
    """Shared settings: frozen, camelCase on the wire, unknown fields ignored, no input in error texts."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        hide_input_in_errors=True,
    )


class ClusterCondition(_Model):
    """One condition the cluster reports (ClusterReportedStatus.conditions); times stay text."""

    type: Text = None
    status: Text = None
    reason: Text = None
    message: Text = None
    last_transition_time: Text = None
    observed_generation: Count = None


class OperandStatus(_Model):
    """Readiness of one part of the agent (ClusterReportedStatus.operands); `ready` None: not said."""

    ready: Flag = None
    reasons: Annotated[tuple[Annotated[StrictStr, SKIP], ...], OrElse(tuple)] = ()
    last_transition_time: Text = None
    unready_threshold_crossed: Flag = None


class DependencyStatus(_Model):
    """One dependency and, nested, its components (ClusterDependencyStatus)."""

    available: Flag = None
    reason: Text = None
    components: Annotated[dict[str, Annotated[DependencyStatus, SKIP]], OrElse(dict)] = Field(default_factory=dict)


class Dependencies(_Model):
    """What the cluster needs and what it could use, by name (ClusterDependenciesStatus)."""

    required: Annotated[dict[str, Annotated[DependencyStatus, SKIP]], OrElse(dict)] = Field(default_factory=dict)
    optional: Annotated[dict[str, Annotated[DependencyStatus, SKIP]], OrElse(dict)] = Field(default_factory=dict)


class Platform(_Model):
    """Kind and version of the Kubernetes cluster (ClusterReportedStatusPlatform); `type` may be a newer value."""

    type: Text = None
    kube_version: Text = None


class ClusterConfig(_Model):
    """Configuration the cluster reports (ClusterReportedConfig)."""

    workload_ownership_protection: Flag = None
    subdomain_enabled: Flag = None
    ingress_class: Text = None


class ClusterStatus(_Model):
    """The displayed status (ClusterDisplayedStatus). `state` is text: see ClusterState for the known ones."""

    state: Text = None
    conditions: Annotated[tuple[Annotated[ClusterCondition, SKIP], ...], OrElse(tuple)] = ()
    operands: Annotated[dict[str, Annotated[OperandStatus, SKIP]], OrElse(dict)] = Field(default_factory=dict)
    platform: Annotated[Platform | None, OrElse()] = None
    config: Annotated[ClusterConfig | None, OrElse()] = None
    dependencies: Annotated[Dependencies | None, OrElse()] = None


class Cluster(_Model):
    """A cluster as the control plane shows it (DisplayedCluster).

    Attributes:
        uuid: Lower-case, hyphenated; made by the control plane.
        tenant_id: The tenant of the credentials that made it.
        deleted_at: Set: the cluster is gone. None covers null, empty text and Go's zero time.
        last_liveness: None: the control plane tells none; `has_connected` says more.
        delete_requested_at: Set: a graceful deletion is under way.
        status: None: the control plane shows none (also where it was not an object).
    """

    uuid: Uuid
    tenant_id: StrictInt
    name: StrictStr
    created_at: Timestamp
    domain: Text = None
    version: Text = None
    status: Annotated[ClusterStatus | None, OrElse()] = None
    updated_at: Annotated[Lifecycle, OrElse()] = None
    deleted_at: Lifecycle = None
    last_liveness: Lifecycle = None
    delete_requested_at: Lifecycle = None

    @property
    def state(self) -> str | None:
        """The displayed state, or None where the control plane shows none."""
        return self.status.state if self.status else None

    @property
    def has_connected(self) -> bool:
        """Whether it has ever connected, as far as it is displayed."""
        return has_connected(self.state, self.last_liveness)


class InstallInfo(_Model):
    """How to install the agent (ClusterInstallationInfoResponse). The secret stands in `installation_str` too."""

    installation_str: SecretStr
    repository_name: StrictStr
    chart_repo_url: StrictStr = Field(alias="chartRepoURL")
    client_secret: SecretStr


class CreationRequest(_Model):
    """The body of create_cluster (ClusterCreationRequest); what is None is not sent."""

    name: str
    domain: str | None = None
    version: str | None = None


class UpdateRequest(_Model):
    """The body of updateCluster (ClusterUpdateRequest): a rename is all it can do."""

    name: str


def _printable(token: SecretStr) -> SecretStr:
    """Refuse a token that could not stand in a header, before any library quotes it in an error."""
    if not _BEARER.fullmatch(token.get_secret_value()):
        raise ValueError("not a bearer token")
    return token


def _lifetime(value: object) -> float:
    """Clamp whatever stands for a lifetime to something to live by."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return UNKNOWN_LIFETIME
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return UNKNOWN_LIFETIME
    return min(seconds, LONGEST_LIFETIME) if math.isfinite(seconds) and seconds > 0 else UNKNOWN_LIFETIME


class Token(_Model):
    """A bearer token, from either token endpoint (`access_token` of v2, `accessToken` of v1).

    Attributes:
        expires_in: Seconds it may be used, clamped to (0, LONGEST_LIFETIME].
    """

    access_token: Annotated[SecretStr, AfterValidator(_printable)] = Field(
        validation_alias=AliasChoices("access_token", "accessToken"),
    )
    expires_in: Annotated[float, BeforeValidator(_lifetime)] = Field(
        default=UNKNOWN_LIFETIME,
        validation_alias=AliasChoices("expires_in", "expiresIn"),
    )
