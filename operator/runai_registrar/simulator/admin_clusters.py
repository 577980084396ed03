"""What the admin port does to clusters: make, change and show them, without asking for a token."""

import json
from typing import Any

from runai_registrar.simulator.admin_models import ClusterChange, ClusterCreate
from runai_registrar.simulator.cluster import Cluster
from runai_registrar.simulator.render import displayed
from runai_registrar.simulator.simulator import Simulator


def create(simulator: Simulator, wanted: ClusterCreate) -> Cluster:
    """Create a cluster as a stranger.

    Raises:
        NameTakenError: Names are unique and this one is taken.
    """
    now = simulator.now()
    cluster = simulator.world.create(
        now,
        wanted.tenant_id or simulator.credential.tenant,
        wanted.name,
        domain=wanted.domain,
        version=wanted.version,
        source="stranger",
    )
    _apply(simulator, now, cluster, wanted, wanted.model_fields_set - {"name", "domain", "version"})
    return cluster


def change(simulator: Simulator, cluster: Cluster, wanted: ClusterChange) -> None:
    """Change the fields that are given.

    Raises:
        NameTakenError: Names are unique and the new one is taken.
    """
    now, given = simulator.now(), wanted.model_fields_set
    if "name" in given:
        simulator.world.rename(now, cluster, wanted.name)
    if "domain" in given:
        cluster.domain = wanted.domain
    _apply(simulator, now, cluster, wanted, given)
    if "version" in given:
        cluster.version = wanted.version


def _apply(
    simulator: Simulator, now: float, cluster: Cluster, wanted: ClusterCreate | ClusterChange, given: set[str]
) -> None:
    if "state" in given or ("status" in given and wanted.status is None):
        simulator.world.enter(now, cluster, wanted.state)
    if "status" in given and wanted.status is not None:
        cluster.status_override = json.dumps(wanted.status)
    if "extra" in given:
        cluster.extra = wanted.extra
    if wanted.created_at is not None:
        cluster.created_at = wanted.created_at
    if wanted.deleting:
        simulator.world.drain(now, cluster)
    elif wanted.deleting is False:
        cluster.drain_since = cluster.delete_requested_at = None


def view(simulator: Simulator, now: float, cluster: Cluster) -> dict[str, Any]:
    """Return a cluster with what the API shows and what it does not."""
    return displayed(cluster, simulator.settings, now) | {
        "source": cluster.source,
        "clientSecret": cluster.client_secret,
        "state": cluster.state,
    }
