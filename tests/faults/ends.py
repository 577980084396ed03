"""How a run has ended, as a value: two runs have ended alike if their values are equal.

uuids are renamed by the order in which clusters stand; moments, and ids of attempts, are left out. That a cluster was
found again (`Recovered`) is the trace of a crash, and no other end than `Created`.
"""

import base64
import difflib
import json
import pprint
from collections.abc import Mapping, Sequence

from faults.arena import Arena
from faults.evidence import CREATE_ATTEMPT
from kube import Object
from runai_registrar.simulator.admin_models import ClusterView
from stage import conditions

OWNER = "runai-registrar.io/owner-uid"
_LEFT_OUT = {"createdAt", "updatedAt", "lastLiveness", "deleteRequestedAt", "firstConnectedAt", "lastTransitionTime"}


def end_of(arena: Arena) -> Object:
    """The end state: registrations, their Secrets, their control plane, and its clusters."""
    kube = arena.house.kube
    clusters = sorted(arena.admin.clusters(), key=lambda each: (each.name, each.uuid))
    names = {cluster.uuid: f"cluster-{number}" for number, cluster in enumerate(clusters)}
    place = f"/api/v1/namespaces/{arena.house.namespace}/secrets"
    plane, credentials = kube.get(arena.control_plane.path), kube.get(f"{place}/{arena.control_plane.name}")
    return {
        "registrations": [_registration(each, names) for each in kube.items(arena.stage.registrations)],
        "secrets": [_secret(each, clusters, names) for each in kube.items(place, labelSelector=OWNER)],
        "clusters": [_cluster(each) for each in clusters],
        "plane": conditions(plane) | {key: plane["status"].get(key) for key in ("tenantId", "clusters")},
        "held": [each["metadata"].get("finalizers", []) for each in (plane, credentials)],
    }


def difference(wanted: Object, got: Object) -> str:
    """What distinguishes two ends, line by line."""
    before, after = (pprint.pformat(each, width=100).splitlines() for each in (wanted, got))
    return "\n".join(difflib.unified_diff(before, after, "the reference's end", "this end", lineterm="", n=1))


def _registration(seen: Object, names: Mapping[str, str]) -> Object:
    metadata, status = seen["metadata"], seen["status"]
    attempt = json.loads(metadata.get("annotations", {}).get(CREATE_ATTEMPT, "{}"))
    shown = {key: _timeless(value) for key, value in status.items() if key not in _LEFT_OUT | {"attempt"}}
    return shown | {
        "name": metadata["name"],
        "deleting": "deletionTimestamp" in metadata,
        "finalizers": metadata.get("finalizers", []),
        "conditions": conditions(seen),
        "uuid": names.get(status.get("uuid", ""), status.get("uuid")),
        "ownerUID": status.get("ownerUID") == metadata["uid"],
        "origin": {"Recovered": "Created"}.get(status.get("origin", ""), status.get("origin")),
        "controlPlane": "controlPlane" in status,
        "open attempt": attempt.get("id") != status.get("attempt"),
    }


def _secret(seen: Object, clusters: Sequence[ClusterView], names: Mapping[str, str]) -> Object:
    content = {key: base64.b64decode(value).decode() for key, value in seen["data"].items()}
    uuid = content.get("clusterUuid", "")
    told = next((cluster.client_secret for cluster in clusters if cluster.uuid == uuid), None)
    return {
        "name": seen["metadata"]["name"],
        "keys": sorted(content),
        "cluster": names.get(uuid, uuid),
        "right": content.get("clientSecret") == told,
        "owned": [reference["kind"] for reference in seen["metadata"].get("ownerReferences", [])],
    }


def _cluster(seen: ClusterView) -> Object:
    shown = {key: getattr(seen, key) for key in ("name", "domain", "version", "state", "tenant_id", "source")}
    return shown | {"going": seen.delete_requested_at is not None}


def _timeless(value: object) -> object:
    """The same without moments, however deep they lie."""
    if isinstance(value, dict):
        return {key: _timeless(each) for key, each in value.items() if key not in _LEFT_OUT}
    return [_timeless(each) for each in value] if isinstance(value, list) else value
