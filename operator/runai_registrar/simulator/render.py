"""Clusters as the API shows them (schema DisplayedCluster of the API file)."""

import json
from functools import lru_cache
from typing import Any

from runai_registrar.simulator.clock import rfc3339
from runai_registrar.simulator.cluster import WAITING, Cluster
from runai_registrar.simulator.settings import Settings

_PLATFORM = {"type": "vanilla", "kubeVersion": "v1.34.2"}
_CONFIG = {"workloadOwnershipProtection": False, "subdomainEnabled": True, "ingressClass": "nginx"}
_OPERANDS = ("ClusterApi", "ClusterSync", "MetricsExporter", "NodeExporter", "Scheduler", "WorkloadController")
_REQUIRED = ("GPU Operator", "Ingress controller", "Kubernetes", "Prometheus")
_OPTIONAL = ("Distributed training", "Knative")
_SINCE = "@since@"


def displayed_json(cluster: Cluster, settings: Settings, now: float, *, full: bool) -> str:
    """Return one cluster as JSON text; without `full` (verbosity=metadata) its status is left out."""
    text = json.dumps(_metadata(cluster, settings, now))
    return f'{text[:-1]}, "status": {_status_json(cluster, settings)}}}' if full else text


def displayed(cluster: Cluster, settings: Settings, now: float) -> dict[str, Any]:
    """Return one cluster in full as a JSON object."""
    parsed: dict[str, Any] = json.loads(displayed_json(cluster, settings, now, full=True))
    return parsed


def _metadata(cluster: Cluster, settings: Settings, now: float) -> dict[str, Any]:
    heard = cluster.liveness_at(now, settings.clock_skew, settings.liveness_interval)
    return {
        "uuid": cluster.uuid,
        "tenantId": cluster.tenant,
        "name": cluster.name,
        "createdAt": rfc3339(cluster.created_at),
        "domain": cluster.domain,
        "version": cluster.version,
        "updatedAt": rfc3339(cluster.updated_at),
        "deletedAt": _optional_time(cluster.deleted_at),
        "lastLiveness": _optional_time(heard if settings.liveness_shown else None),
        "deleteRequestedAt": _optional_time(cluster.delete_requested_at),
        **cluster.extra,
    }


def _optional_time(seconds: float | None) -> str | None:
    return None if seconds is None else rfc3339(seconds)


def _status_json(cluster: Cluster, settings: Settings) -> str:
    if cluster.status_override is not None:
        return cluster.status_override
    if cluster.state is None or (cluster.state == WAITING and settings.waiting_status_null):
        return "null"
    return _status_template(cluster.state, cluster.reported).replace(_SINCE, rfc3339(cluster.state_at))


@lru_cache(maxsize=64)
def _status_template(state: str, reported: bool) -> str:  # noqa: FBT001  # a cached function is called by position
    """Return the status as JSON text in which only the times are still open: thousands of clusters share it."""
    return json.dumps({"state": state, **(_reported(state) if reported else _unreported())})


def _unreported() -> dict[str, Any]:
    return {
        "conditions": [],
        "operands": {},
        "platform": {"type": None, "kubeVersion": None},
        "config": {"workloadOwnershipProtection": None, "subdomainEnabled": None, "ingressClass": None},
        "dependencies": {"required": {}, "optional": {}},
    }


def _reported(state: str) -> dict[str, Any]:
    return {
        "conditions": _conditions(state),
        "operands": _operands(state),
        "platform": _PLATFORM,
        "config": _CONFIG,
        "dependencies": _dependencies(state),
    }


def _conditions(state: str) -> list[dict[str, Any]]:
    return [
        _condition("Available", "ServicesNotReady" if state == "ServiceIssues" else None),
        _condition("DependenciesFulfilled", "DependencyMissing" if state == "MissingPrerequisites" else None),
    ]


def _condition(kind: str, obstacle: str | None) -> dict[str, Any]:
    return {
        "type": kind,
        "status": "False" if obstacle else "True",
        "reason": obstacle or kind,
        "message": f"{kind} does not hold." if obstacle else "",
        "observedGeneration": 1,
        "lastTransitionTime": _SINCE,
    }


def _operands(state: str) -> dict[str, Any]:
    operands: dict[str, Any] = {
        name: {"ready": True, "reasons": [], "unreadyThresholdCrossed": False, "lastTransitionTime": _SINCE}
        for name in _OPERANDS
    }
    if state == "ServiceIssues":
        operands["Scheduler"] |= {
            "ready": False,
            "reasons": ["Deployment runai-scheduler: 0 of 1 pods are ready"],
            "unreadyThresholdCrossed": True,
        }
    return operands


def _dependencies(state: str) -> dict[str, Any]:
    required: dict[str, Any] = {name: {"available": True} for name in _REQUIRED}
    if state == "MissingPrerequisites":
        required["GPU Operator"] = {
            "available": False,
            "reason": "The NVIDIA GPU Operator is not installed",
            "components": {"ClusterPolicy": {"available": False, "reason": "ClusterPolicy not found"}},
        }
    return {"required": required, "optional": {name: {"available": True} for name in _OPTIONAL}}
