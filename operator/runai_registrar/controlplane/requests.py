"""What is asked of the control plane: one function per operation of the API file, and two for tokens (pure).

A path holds constants and a validated UUID, nothing else; what a user wrote goes into a query value or a body.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from runai_registrar.controlplane.fields import canonical_uuid

if TYPE_CHECKING:
    from runai_registrar.controlplane.models import CreationRequest, UpdateRequest

MIB = 1024 * 1024

LIST_LIMIT = 32 * MIB
"""Bytes a list of clusters may have, decoded: 10,000 clusters with full status take some 21 MiB, and half as much again
is to spare."""

BODY_LIMIT = MIB
"""Bytes any other answer may have, decoded."""

CLUSTERS = "/api/v1/clusters"
CLUSTER = "/api/v1/clusters/{clusterUuid}"
INSTALL_INFO = "/api/v1/clusters/{clusterUuid}/cluster-install-info"
TOKEN_V1 = "/api/v1/token"  # noqa: S105  # a path, not a password
TOKEN_V2 = "/api/v2/token"  # noqa: S105  # a path, not a password


@dataclass(frozen=True)
class Request:
    """One request, before it meets a transport.

    Attributes:
        operation: The operationId of the API file (`token_v1`, `token_v2` for the token endpoints).
        route: The path as a template, for metrics and logs.
        path: The path to ask for, below the endpoint's prefix.
        query: Names and values, not encoded yet.
        content: The body; not shown in reprs because token requests hold a secret.
        body_limit: Bytes the decoded answer may have.
    """

    operation: str
    method: str
    route: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    content: bytes | None = field(default=None, repr=False)
    content_type: str = "application/json"
    body_limit: int = BODY_LIMIT


def _of_cluster(route: str, uuid: str) -> str:
    """Fill the one path parameter; a ValueError from here is a bug of the caller, not bad input."""
    return route.replace("{clusterUuid}", canonical_uuid(uuid))


def get_clusters() -> Request:
    """Every cluster of the tenant with full status, those being deleted included (operation get_clusters)."""
    query = (("verbosity", "full"), ("includeRequestedForDelete", "true"))
    return Request("get_clusters", "GET", CLUSTERS, CLUSTERS, query, body_limit=LIST_LIMIT)


def create_cluster(wanted: CreationRequest) -> Request:
    """A new cluster (operation create_cluster); what is None is not sent."""
    body = wanted.model_dump_json(by_alias=True, exclude_none=True).encode()
    return Request("create_cluster", "POST", CLUSTERS, CLUSTERS, content=body)


def get_cluster_by_uuid(uuid: str) -> Request:
    """One cluster with full status (operation get_cluster_by_uuid)."""
    query = (("verbosity", "full"),)
    return Request("get_cluster_by_uuid", "GET", CLUSTER, _of_cluster(CLUSTER, uuid), query)


def update_cluster(uuid: str, wanted: UpdateRequest) -> Request:
    """A new name (operation updateCluster, which can do nothing else)."""
    body = wanted.model_dump_json(by_alias=True).encode()
    return Request("updateCluster", "PUT", CLUSTER, _of_cluster(CLUSTER, uuid), content=body)


def delete_cluster(uuid: str, *, force: bool) -> Request:
    """The end of a cluster (operation delete_cluster); `force` is only ever mentioned when it is asked for."""
    query = (("force", "true"),) if force else ()
    return Request("delete_cluster", "DELETE", CLUSTER, _of_cluster(CLUSTER, uuid), query)


def get_cluster_install_info_by_uuid(uuid: str, version: str, remote_url: str | None) -> Request:
    """What a person needs to install the agent (operation get_cluster_install_info_by_uuid)."""
    query: tuple[tuple[str, str], ...] = (("version", version),)
    if remote_url is not None:
        query += (("remoteClusterUrl", remote_url),)
    path = _of_cluster(INSTALL_INFO, uuid)
    return Request("get_cluster_install_info_by_uuid", "GET", INSTALL_INFO, path, query)


def token_v2(client_id: str, client_secret: str) -> Request:
    """A token by OAuth2 client credentials, form-encoded (POST /api/v2/token)."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
    kind = "application/x-www-form-urlencoded"
    return Request("token_v2", "POST", TOKEN_V2, TOKEN_V2, content=urlencode(form).encode(), content_type=kind)


def token_v1(client_id: str, client_secret: str) -> Request:
    """A token from control planes that have no v2 endpoint yet, as JSON (POST /api/v1/token)."""
    body = {"grantType": "client_credentials", "clientID": client_id, "clientSecret": client_secret}
    return Request("token_v1", "POST", TOKEN_V1, TOKEN_V1, content=json.dumps(body).encode())
