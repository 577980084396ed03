"""The API file and this client agree, in both directions."""

import inspect
import json
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from controlplane.api_file import (
    API,
    OPERATIONS,
    Operation,
    Schema,
    as_json_schema,
    instances,
    properties,
    required,
    schema,
)
from controlplane.servers import UUID, cluster
from runai_registrar.controlplane import models, protocol, requests
from runai_registrar.controlplane.answers import Answer
from runai_registrar.errors import (
    AuthenticationFailed,
    NotFound,
    PermissionDenied,
    Refused,
    Unanswered,
)

REQUESTS = {
    "get_clusters": [requests.get_clusters()],
    "create_cluster": [
        requests.create_cluster(models.CreationRequest(name="a")),
        requests.create_cluster(models.CreationRequest(name="a", domain="b", version="c")),
    ],
    "get_cluster_by_uuid": [requests.get_cluster_by_uuid(UUID)],
    "updateCluster": [requests.update_cluster(UUID, models.UpdateRequest(name="b"))],
    "delete_cluster": [requests.delete_cluster(UUID, force=False), requests.delete_cluster(UUID, force=True)],
    "get_cluster_install_info_by_uuid": [
        requests.get_cluster_install_info_by_uuid(UUID, "2.24", None),
        requests.get_cluster_install_info_by_uuid(UUID, "2.24", "https://a"),
    ],
}
EVERY_REQUEST = [(name, request) for name, examples in REQUESTS.items() for request in examples]

INSTALL_INFO = {"installationStr": "i", "repositoryName": "r", "chartRepoURL": "u", "clientSecret": "s"}
READERS: dict[str, Any] = {
    "get_clusters": (protocol.read_clusters, [cluster()]),
    "create_cluster": (lambda answer: protocol.read_created(answer, "gpu-east"), cluster()),
    "get_cluster_by_uuid": (lambda answer: protocol.read_cluster(answer, UUID), cluster()),
    "updateCluster": (protocol.read_renamed, None),
    "delete_cluster": (protocol.read_deleted, {"code": 202, "message": "accepted"}),
    "get_cluster_install_info_by_uuid": (protocol.read_install_info, INSTALL_INFO),
}
MEANINGS: dict[int, type[Exception]] = {
    400: Refused,
    401: AuthenticationFailed,
    403: PermissionDenied,
    404: NotFound,
    500: Unanswered,
    503: Unanswered,
}
DECLARED = [(operation, status) for operation in OPERATIONS.values() for status in operation.responses]

MODELS: dict[type[BaseModel], Schema] = {
    models.Cluster: schema("DisplayedCluster"),
    models.ClusterStatus: schema("ClusterDisplayedStatus"),
    models.ClusterCondition: schema("ClusterReportedStatus")["properties"]["conditions"]["items"],
    models.OperandStatus: schema("ClusterReportedStatus")["properties"]["operands"]["additionalProperties"],
    models.Platform: schema("ClusterReportedStatusPlatform"),
    models.ClusterConfig: schema("ClusterReportedConfig"),
    models.Dependencies: schema("ClusterDependenciesStatus"),
    models.DependencyStatus: schema("ClusterDependencyStatus"),
    models.InstallInfo: schema("ClusterInstallationInfoResponse"),
    models.CreationRequest: schema("ClusterCreationRequest"),
    models.UpdateRequest: schema("ClusterUpdateRequest"),
}
STRICT = [models.Cluster, models.InstallInfo, models.CreationRequest, models.UpdateRequest]


def body_of(request: requests.Request) -> Any:
    """Return the JSON body of a request."""
    return json.loads(request.content or b"null")


def test_operations() -> None:
    """Each operation of the file is used, and no other."""
    assert set(REQUESTS) == set(OPERATIONS)


def test_every_request_is_listed() -> None:
    """Whatever the client can ask for is one of the file's operations, or a token."""
    builders = {
        name
        for name, thing in inspect.getmembers(requests, inspect.isfunction)
        if inspect.signature(thing).return_annotation == "Request"
    }

    assert builders == set(REQUESTS) - {"updateCluster"} | {"update_cluster", "token_v1", "token_v2"}


@pytest.mark.parametrize(("name", "request_"), EVERY_REQUEST)
def test_request(name: str, request_: requests.Request) -> None:
    """Method, path, query and body are those of the operation."""
    operation = OPERATIONS[name]

    assert (request_.operation, request_.method, request_.route) == (name, operation.method, operation.path)
    assert request_.path == operation.path.replace("{clusterUuid}", UUID)
    assert operation.required_query <= {key for key, _ in request_.query} <= set(operation.query)
    assert (request_.content is None) == (operation.body is None)


@pytest.mark.parametrize(("name", "request_"), EVERY_REQUEST)
def test_request_values(name: str, request_: requests.Request) -> None:
    """Query values and bodies fit their schemas."""
    operation = OPERATIONS[name]

    for key, value in request_.query:
        wanted = operation.query[key]
        jsonschema.validate(json.loads(value) if wanted["type"] == "boolean" else value, wanted)
    if operation.body is not None:
        jsonschema.validate(body_of(request_), {**as_json_schema(operation.body), "additionalProperties": False})


def test_every_query_is_used() -> None:
    """Each query parameter of the file is used by some request."""
    used = {(name, key) for name, request in EVERY_REQUEST for key, _ in request.query}

    assert used == {(operation.id, key) for operation in OPERATIONS.values() for key in operation.query}


@pytest.mark.parametrize(("operation", "status"), DECLARED, ids=lambda value: getattr(value, "id", value))
def test_response(operation: Operation, status: int) -> None:
    """Each declared status of each operation has its meaning."""
    read, success = READERS[operation.id]
    error = {"code": status, "message": "because"}
    body = success if status < 300 else error
    if (declared := operation.responses[status]) is not None:
        jsonschema.validate(body, as_json_schema(declared))
    answer = Answer(status, {}, json.dumps(body).encode() if declared else b"", 0.0)

    if status < 300:
        assert read(answer) is not None or operation.id == "updateCluster"
    else:
        with pytest.raises(MEANINGS[status], match=f"{status} .*: because") as caught:
            read(answer)
        assert caught.type is MEANINGS[status]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_fields(model: type[BaseModel]) -> None:
    """A model has the fields of its schema, no more and no fewer."""
    assert {field.alias for field in model.model_fields.values()} == set(properties(MODELS[model]))


@pytest.mark.parametrize("model", STRICT, ids=lambda model: model.__name__)
def test_required_fields(model: type[BaseModel]) -> None:
    """What the file requires of a cluster, of install information and of requests, the models require, and no more."""
    needed = {field.alias for field in model.model_fields.values() if field.is_required()}

    assert needed == required(MODELS[model])


def test_every_schema_is_read() -> None:
    """Each object schema of the file has a model, apart from the two that carry only a message."""
    named = {id(node) for node in MODELS.values()}
    objects = {
        name
        for name, node in API["components"]["schemas"].items()
        if id(node) not in named and (node.get("type") == "object" or "properties" in node)
    }

    assert objects == {"Error", "HttpResponse", "ClusterReportedStatus"}


def test_states() -> None:
    """The known states are those of the file."""
    assert [state.value for state in models.ClusterState] == schema("ClusterState")["enum"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(instances(schema("DisplayedCluster")))
def test_any_cluster(instance: dict[str, Any]) -> None:
    """Any cluster that fits the file is read, and no part of its status is lost."""
    read = models.Cluster.model_validate_json(json.dumps(instance))

    assert (read.uuid, read.tenant_id, read.name) == (instance["uuid"], instance["tenantId"], instance["name"])
    status = read.status.model_dump(mode="json", by_alias=True, exclude_unset=True) if read.status else None
    assert status == instance.get("status")
    assert (read.domain, read.version) == (instance.get("domain"), instance.get("version"))
    for alias, value in (("deletedAt", read.deleted_at), ("lastLiveness", read.last_liveness)):
        said = instance.get(alias)
        assert (value is None) == (said is None or said.startswith("0001-01-01"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
PARTS = ["state", "conditions", "operands", "platform", "config", "dependencies"]


@settings(max_examples=150, deadline=None)
@given(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(PARTS, JSON)))
def test_any_status(status: object) -> None:
    """Whatever stands in a status, the cluster stays readable."""
    read = models.Cluster.model_validate_json(json.dumps(cluster(status=status)))

    assert read.uuid == UUID


@settings(max_examples=100, deadline=None)
@given(instances(schema("ClusterInstallationInfoResponse")))
def test_any_install_info(instance: dict[str, Any]) -> None:
    """Any install information that fits the file is read."""
    read = models.InstallInfo.model_validate_json(json.dumps(instance))

    assert read.installation_str.get_secret_value() == instance["installationStr"]
    assert read.chart_repo_url == instance["chartRepoURL"]
