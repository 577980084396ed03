"""The pydantic models, the CRDs and the control plane's API file describe the same fields."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from crds.schemas import ROOT, Schema, part
from runai_registrar.resources import ControlPlaneSpec, ControlPlaneStatus, RegistrationSpec, RegistrationStatus

API = json.loads(
    (ROOT / "operator/runai_registrar/simulator/runai-clusters-2.24.openapi.json").read_text(),
)["components"]["schemas"]

PAIRS: dict[tuple[str, str], type[BaseModel]] = {
    ("RunaiClusterRegistration", "spec"): RegistrationSpec,
    ("RunaiClusterRegistration", "status"): RegistrationStatus,
    ("RunaiControlPlane", "spec"): ControlPlaneSpec,
    ("RunaiControlPlane", "status"): ControlPlaneStatus,
}

# Kubernetes types whose words the models take as plain texts, because they only ever carry them along.
PLAIN_IN_THE_MODEL = {"status.conditions[].status", "spec.allowedNamespaces.selector.matchExpressions[].operator"}


class Shape(NamedTuple):
    """What both sides must agree on for one field."""

    type: str
    enum: frozenset[str]
    required: frozenset[str]


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """Follow `$ref` and drop the null that stands for an absent value."""
    if "anyOf" in schema:
        (schema,) = (choice for choice in schema["anyOf"] if choice.get("type") != "null")
    return definitions[schema["$ref"].removeprefix("#/$defs/")] if "$ref" in schema else schema


def _shapes(schema: Schema, path: str, definitions: Schema) -> Iterator[tuple[str, Shape]]:
    schema = _resolved(schema, definitions)
    enum = frozenset() if path in PLAIN_IN_THE_MODEL else frozenset(schema.get("enum", []))
    yield path, Shape(schema["type"], enum, frozenset(schema.get("required", [])))
    for name, child in schema.get("properties", {}).items():
        yield from _shapes(child, f"{path}.{name}", definitions)
    if "items" in schema:
        yield from _shapes(schema["items"], f"{path}[]", definitions)
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield from _shapes(schema["additionalProperties"], f"{path}{{}}", definitions)


def _pairs() -> Iterator[Any]:
    for (kind, section), model in PAIRS.items():
        written = model.model_json_schema()
        ours = dict(_shapes(written, section, written.get("$defs", {})))
        theirs = dict(_shapes(part(kind, section), section, {}))
        for path in sorted({*ours, *theirs}):
            yield pytest.param(ours.get(path), theirs.get(path), id=f"{kind}.{path}")


@pytest.mark.parametrize(("model", "crd"), list(_pairs()))
def test_models_agree_with_crds(model: Shape | None, crd: Shape | None) -> None:
    """A field is in both, with the same type, words and required parts."""
    assert model == crd


def _api(name: str) -> Schema:
    """Return the properties of an API schema, those of its `allOf` parts included."""
    schema = API[name]
    found: dict[str, Any] = dict(schema.get("properties", {}))
    for one in schema.get("allOf", []):
        found |= _api(one["$ref"].rsplit("/", 1)[-1]) if "$ref" in one else one["properties"]
    return found


def _status(*names: str) -> Schema:
    properties: Schema = part("RunaiClusterRegistration", "status", *names)["properties"]
    return properties


def test_every_displayed_field_is_in_status() -> None:
    """Status shows every field of DisplayedCluster and its status; a cluster with deletedAt is gone and not shown."""
    shown = {"name": "clusterName", "conditions": "clusterConditions"}
    displayed = (_api("DisplayedCluster").keys() - {"status", "deletedAt"}) | _api("ClusterDisplayedStatus").keys()

    assert {shown.get(name, name) for name in displayed} - _status().keys() == set()


DEPENDENCY = _status("dependencies")["required"]["additionalProperties"]["properties"]
MIRRORS: dict[str, tuple[Schema, Schema]] = {
    "platform": (_api("ClusterReportedStatusPlatform"), _status("platform")),
    "config": (_api("ClusterReportedConfig"), _status("config")),
    "dependencies": (_api("ClusterDependenciesStatus"), _status("dependencies")),
    "dependency": (_api("ClusterDependencyStatus"), DEPENDENCY),
    "operand": (
        _api("ClusterReportedStatus")["operands"]["additionalProperties"]["properties"],
        _status()["operands"]["additionalProperties"]["properties"],
    ),
    "condition": (
        _api("ClusterReportedStatus")["conditions"]["items"]["properties"],
        _status()["clusterConditions"]["items"]["properties"],
    ),
}


@pytest.mark.parametrize(("api", "status"), MIRRORS.values(), ids=list(MIRRORS))
def test_mirrored_parts_have_the_fields_of_the_api(api: Schema, status: Schema) -> None:
    """A mirrored part has exactly the fields and types that the API file names."""
    assert {name: one["type"] for name, one in api.items()} == {name: one["type"] for name, one in status.items()}


def test_dependencies_are_two_levels_deep() -> None:
    """The components of a dependency have everything but components of their own."""
    component = DEPENDENCY["components"]["additionalProperties"]["properties"]

    assert DEPENDENCY.keys() - component.keys() == {"components"}
    assert (
        _status("dependencies")["required"]["additionalProperties"]
        == _status("dependencies")["optional"]["additionalProperties"]
    )
