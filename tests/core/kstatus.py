"""What kstatus (Helm 4, Flux, `kubectl wait` users) computes from an object: a copy of its rules, for the tests."""

from collections.abc import Mapping
from typing import Any


def kstatus(obj: Mapping[str, Any]) -> str:
    """Return Terminating, InProgress, Failed or Current for an object of the Kubernetes API."""
    metadata, status = obj.get("metadata", {}), obj.get("status") or {}
    if metadata.get("deletionTimestamp"):
        return "Terminating"
    observed = status.get("observedGeneration")
    if observed is not None and observed != metadata.get("generation", observed):
        return "InProgress"
    conditions = status.get("conditions") or []
    for condition in conditions:  # the order of the list decides
        if condition["status"] == "True" and condition["type"] in ("Reconciling", "Stalled"):
            return "InProgress" if condition["type"] == "Reconciling" else "Failed"
    ready = next((condition["status"] for condition in conditions if condition["type"] == "Ready"), "True")
    return "Current" if ready == "True" else "InProgress"
