"""The API file: which calls exist, and what their queries and bodies must look like.

`runai-clusters-2.24.openapi.json` is read once; the routes and checks below are taken from it, not repeated.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

API_FILE = "runai-clusters-2.24.openapi.json"
_TYPES: Mapping[str, type] = {"string": str, "boolean": bool}
_BOOLEANS = ("true", "false")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class Route:
    """One path of the API: its operations by HTTP method."""

    pattern: re.Pattern[str]
    operations: Mapping[str, str]


@cache
def document() -> dict[str, Any]:
    """Return the API file as parsed JSON."""
    text = files(__package__).joinpath(API_FILE).read_text(encoding="utf-8")
    parsed: dict[str, Any] = json.loads(text)
    return parsed


@cache
def routes() -> tuple[Route, ...]:
    """Return the paths of the API file and the two token endpoints beside it."""
    declared = tuple(_route(path, item) for path, item in document()["paths"].items())
    tokens = tuple(
        Route(re.compile(re.escape(f"/api/{version}/token")), {"POST": f"token_{version}"}) for version in ("v1", "v2")
    )
    return declared + tokens


def _route(path: str, item: Mapping[str, Any]) -> Route:
    pattern = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))
    return Route(pattern, {method.upper(): operation["operationId"] for method, operation in item.items()})


@cache
def operations() -> Mapping[str, Mapping[str, Any]]:
    """Return the declared operations by operationId."""
    paths = document()["paths"].values()
    return {operation["operationId"]: operation for item in paths for operation in item.values()}


def resolve(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a `$ref` into the API file; anything else is returned as it is."""
    if "$ref" not in node:
        return node
    found: Any = document()
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return resolve(found)


def find(path: str) -> tuple[Route, str | None] | None:
    """Return the route of a raw path and the cluster named in it, or None when the API has no such path."""
    for route in routes():
        if match := route.pattern.fullmatch(path):
            raw = match.groupdict().get("clusterUuid")
            return route, None if raw is None else unquote(raw)
    return None


def is_uuid(text: str) -> bool:
    """Tell whether a path segment is a UUID in its canonical, hyphenated form."""
    return _UUID.fullmatch(text) is not None


@cache
def _query_parameters(operation: str) -> tuple[Mapping[str, Any], ...]:
    declared = (resolve(parameter) for parameter in operations()[operation].get("parameters", ()))
    return tuple(parameter for parameter in declared if parameter["in"] == "query")


def query_fault(operation: str, query: Mapping[str, Sequence[str]]) -> str | None:
    """Say in a sentence what is wrong with a query, or return None when it is as declared."""
    for parameter in _query_parameters(operation):
        name, values = parameter["name"], query.get(parameter["name"], ())
        if fault := _values_fault(name, values, parameter):
            return fault
    return None


def _values_fault(name: str, values: Sequence[str], parameter: Mapping[str, Any]) -> str | None:
    if not values:
        return f"query parameter {name} is required" if parameter.get("required") else None
    if len(values) > 1:
        return f"query parameter {name} is given more than once"
    schema = parameter["schema"]
    allowed = schema.get("enum") or (_BOOLEANS if schema["type"] == "boolean" else None)
    if allowed and values[0] not in allowed:
        return f"query parameter {name} must be one of: {', '.join(allowed)}"
    return None


@cache
def _body_schema(operation: str) -> Mapping[str, Any]:
    content = operations()[operation]["requestBody"]["content"]
    return resolve(content["application/json"]["schema"])


def body_fault(operation: str, body: Any) -> str | None:
    """Say in a sentence what is wrong with a parsed body, or return None when it is as declared."""
    schema = _body_schema(operation)
    if not isinstance(body, dict):
        return "the body must be a JSON object"
    for name in schema["required"]:
        if name not in body:
            return f"{name} is required"
    for name, property_schema in schema["properties"].items():
        if name in body and not isinstance(body[name], _TYPES[property_schema["type"]]):
            return f"{name} must be a {property_schema['type']}"
    return None
