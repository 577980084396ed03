"""The six operations of the API file, each from a checked call to an answer. No I/O; time is an argument."""

from collections.abc import Callable, Mapping
from typing import Any

from runai_registrar.simulator import contract
from runai_registrar.simulator.answers import (
    JSON_TYPE,
    Answer,
    Call,
    RefusedError,
    error_answer,
    json_answer,
    parse_json,
)
from runai_registrar.simulator.cluster import Cluster, version_tuple
from runai_registrar.simulator.install import INSTALLABLE_SINCE, installation_info
from runai_registrar.simulator.render import displayed_json
from runai_registrar.simulator.state import NameTakenError, World

_LIMITS = {"name": 253, "domain": 253, "version": 50}
_NAME_TAKEN = "Resource with this name already exists"


def perform(call: Call, world: World, tenant: int, now: float) -> Answer:
    """Carry out one operation in a tenant.

    Raises:
        RefusedError: The call is answered with an error; nothing was changed.
    """
    if call.cluster is not None and not contract.is_uuid(call.cluster):
        raise RefusedError(400, "clusterUuid must be a UUID")
    operation = str(call.operation)
    if fault := contract.query_fault(operation, call.query):
        raise RefusedError(400, fault)
    return OPERATIONS[operation](call, world, tenant, now)


def _get_clusters(call: Call, world: World, tenant: int, now: float) -> Answer:
    flag = call.param("includeRequestedForDelete")
    clusters = world.listed(now, tenant, include_deleting=None if flag is None else flag == "true")
    full = call.param("verbosity") != "metadata"
    parts = (displayed_json(cluster, world.settings, now, full=full) for cluster in clusters)
    return _text(200, f"[{', '.join(parts)}]", tenant)


def _create_cluster(call: Call, world: World, tenant: int, now: float) -> Answer:
    body = _body(call, world)
    try:
        cluster = world.create(now, tenant, body["name"], domain=body.get("domain"), version=body.get("version"))
    except NameTakenError as error:
        raise RefusedError(world.settings.conflict_status, _NAME_TAKEN) from error
    return _text(201, displayed_json(cluster, world.settings, now, full=True), tenant, committed=True)


def _get_cluster(call: Call, world: World, tenant: int, now: float) -> Answer:
    cluster = world.find(now, tenant, str(call.cluster))
    if cluster is None:
        raise RefusedError(404, "cluster not found")
    full = call.param("verbosity") != "metadata"
    return _text(200, displayed_json(cluster, world.settings, now, full=full), tenant)


def _update_cluster(call: Call, world: World, tenant: int, now: float) -> Answer:
    body = _body(call, world)
    cluster = _there(call, world, tenant, now)
    if cluster is None:
        return _absent(world.settings.put_absent_status)
    try:
        world.rename(now, cluster, body["name"])
    except NameTakenError as error:
        raise RefusedError(world.settings.conflict_status, _NAME_TAKEN) from error
    return Answer(204, committed=True, tenant=tenant)


def _delete_cluster(call: Call, world: World, tenant: int, now: float) -> Answer:
    cluster = _there(call, world, tenant, now)
    if cluster is None:
        return _absent(world.settings.delete_absent_status)
    if world.delete(now, cluster, force=call.param("force") == "true"):
        return json_answer(202, {"code": 202, "message": "Cluster deletion started"}, committed=True, tenant=tenant)
    return Answer(204, committed=True, tenant=tenant)


def _get_install_info(call: Call, world: World, tenant: int, now: float) -> Answer:
    cluster = _there(call, world, tenant, now)
    if cluster is None:
        raise RefusedError(404, "cluster not found")
    version = str(call.param("version"))
    known = version_tuple(version)
    if known is not None and known < INSTALLABLE_SINCE:
        raise RefusedError(404, "installation information is available for version 2.15 or above")
    info = installation_info(
        cluster,
        version=version,
        remote_url=call.param("remoteClusterUrl"),
        control_plane=call.headers.get("host", ""),
        repo=world.settings.chart_repo_url,
    )
    return json_answer(200, info, tenant=tenant)


def _there(call: Call, world: World, tenant: int, now: float) -> Cluster | None:
    cluster = world.find(now, tenant, str(call.cluster))
    return cluster if cluster and cluster.gone_since is None else None


def _absent(status: int) -> Answer:
    if status == 204:  # noqa: PLR2004  # an HTTP status says more as a number
        return Answer(status)
    if status == 202:  # noqa: PLR2004  # an HTTP status says more as a number
        return json_answer(status, {"code": status, "message": "Cluster deletion started"})
    return error_answer(status, "cluster not found")


def _body(call: Call, world: World) -> Mapping[str, Any]:
    if call.media_type() != JSON_TYPE:
        raise RefusedError(415, f"the body must be {JSON_TYPE}")
    body: Any = parse_json(call.body)
    if fault := contract.body_fault(str(call.operation), body) or _limit_fault(body, world):
        raise RefusedError(400, fault)
    parsed: Mapping[str, Any] = body
    return parsed


def _limit_fault(body: Mapping[str, Any], world: World) -> str | None:
    if not world.settings.strict_limits:
        return None
    if not body["name"]:
        return "name must not be empty"
    too_long = (name for name, limit in _LIMITS.items() if len(body.get(name, "")) > limit)
    return next((f"{name} is longer than {_LIMITS[name]} characters" for name in too_long), None)


def _text(status: int, text: str, tenant: int, *, committed: bool = False) -> Answer:
    return Answer(status, text.encode(), {"Content-Type": JSON_TYPE}, committed, tenant)


OPERATIONS: Mapping[str, Callable[[Call, World, int, float], Answer]] = {
    "get_clusters": _get_clusters,
    "create_cluster": _create_cluster,
    "get_cluster_by_uuid": _get_cluster,
    "updateCluster": _update_cluster,
    "delete_cluster": _delete_cluster,
    "get_cluster_install_info_by_uuid": _get_install_info,
}
"""The operations by operationId."""
