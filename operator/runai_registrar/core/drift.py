"""Where the cluster is displayed otherwise than the spec asks for."""

from collections.abc import Iterator
from typing import NamedTuple

from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.attempt import plain_domain
from runai_registrar.core.observed import Observed
from runai_registrar.resources import Registration


class Drift(NamedTuple):
    """One field of the spec (`clusterName`, `domain` or `version`), what it asks for, and what is displayed."""

    field: str
    wanted: str
    shown: str


def drift(o: Observed, cluster: Cluster) -> tuple[str, ...]:
    """Which of name, domain and version differ from the spec, as short sentences without a full stop."""
    names = {"clusterName": "name"}
    return tuple(
        f"{names.get(field, field)} is {shown}, the spec says {wanted}"
        for field, wanted, shown in drifted(o.registration, cluster)
    )


def drifted(registration: Registration, cluster: Cluster) -> Iterator[Drift]:
    """The fields that differ; what is not asked for, or not displayed, does not. A domain's scheme says nothing."""
    spec = registration.spec
    asked = {
        "clusterName": (registration.cluster_name, cluster.name, registration.cluster_name == cluster.name),
        "domain": (spec.domain, cluster.domain, plain_domain(spec.domain) == plain_domain(cluster.domain)),
        "version": (spec.version, cluster.version, spec.version == cluster.version),
    }
    for field, (wanted, shown, same) in asked.items():
        if wanted and shown and not same:
            yield Drift(field, wanted, shown)
