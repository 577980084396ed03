"""Where the cluster is displayed otherwise than the spec asks for."""

from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.attempt import plain_domain
from runai_registrar.core.observed import Observed


def drift(o: Observed, cluster: Cluster) -> tuple[str, ...]:
    """Which of name, domain and version differ from the spec, as short sentences without a full stop."""
    spec = o.registration.spec
    asked = {
        "name": (o.registration.cluster_name, cluster.name, o.registration.cluster_name == cluster.name),
        "domain": (spec.domain, cluster.domain, plain_domain(spec.domain) == plain_domain(cluster.domain)),
        "version": (spec.version, cluster.version, spec.version == cluster.version),
    }
    return tuple(
        f"{field} is {shown}, the spec says {wanted}"
        for field, (wanted, shown, same) in asked.items()
        if wanted and shown and not same
    )
