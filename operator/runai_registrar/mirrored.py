"""What the control plane displays of a cluster, as it stands in `status` of a registration.

Nothing is expected of these values: no list of known words, no form of a time, because the control plane may show
something new at any time and the rest of the status must still get through. Source: ClusterDisplayedStatus in the API.
"""

from collections.abc import Mapping

from pydantic import Field

from runai_registrar.values import Value

# What the CRD admits of them; whoever fills them in cuts to these, or the API server refuses the whole status.
MAX_TEXT = 1024  # characters of a text
MAX_KEY = 253  # characters of a map key: a CRD cannot check these
MAX_ENTRIES = 128  # entries of a map or list


class Platform(Value):
    """Mirrors ClusterReportedStatusPlatform."""

    type: str | None = None
    kube_version: str | None = None


class Config(Value):
    """Mirrors ClusterReportedConfig."""

    workload_ownership_protection: bool | None = None
    subdomain_enabled: bool | None = None
    ingress_class: str | None = None


class Operand(Value):
    """Mirrors one entry of ClusterReportedStatus.operands."""

    ready: bool | None = None
    reasons: tuple[str, ...] = ()
    last_transition_time: str | None = None
    unready_threshold_crossed: bool | None = None


class Component(Value):
    """Mirrors the lower level of ClusterDependencyStatus; what lies deeper is cut."""

    available: bool | None = None
    reason: str | None = None


class Dependency(Component):
    """Mirrors ClusterDependencyStatus with its components."""

    components: Mapping[str, Component] = Field(default_factory=dict)


class Dependencies(Value):
    """Mirrors ClusterDependenciesStatus."""

    required: Mapping[str, Dependency] = Field(default_factory=dict)
    optional: Mapping[str, Dependency] = Field(default_factory=dict)


class ClusterCondition(Value):
    """Mirrors one entry of ClusterReportedStatus.conditions, as texts that nothing is expected of."""

    type: str | None = None
    status: str | None = None
    reason: str | None = None
    message: str | None = None
    observed_generation: int | None = None
    last_transition_time: str | None = None
