"""The API file as data: its operations, its schemas, and random instances of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

import runai_registrar.simulator

Schema = dict[str, Any]

PATH = Path(runai_registrar.simulator.__path__[0]) / "runai-clusters-2.24.openapi.json"
API: Schema = json.loads(PATH.read_text(encoding="utf-8"))
DEEPEST = 3
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)


def resolved(node: Schema) -> Schema:
    """Follow a reference, if there is one."""
    while "$ref" in node:
        target: Schema = API
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def schema(name: str) -> Schema:
    """Return a schema of the components by name."""
    found: Schema = API["components"]["schemas"][name]
    return found


def properties(node: Schema) -> dict[str, Schema]:
    """Return the properties of an object schema, its allOf parts taken together."""
    node = resolved(node)
    merged: dict[str, Schema] = dict(node.get("properties", {}))
    for part in node.get("allOf", []):
        merged |= properties(part)
    return merged


def required(node: Schema) -> set[str]:
    """Return the names of the properties that must be there."""
    node = resolved(node)
    return set(node.get("required", [])).union(*(required(part) for part in node.get("allOf", [])))


def as_json_schema(node: Any) -> Any:
    """Return a schema as plain JSON Schema: references resolved, nullable spelt out (components two levels deep)."""
    return _plain(node, 0)


def _plain(node: Any, depth: int) -> Any:
    if isinstance(node, list):
        return [_plain(part, depth) for part in node]
    if not isinstance(node, dict):
        return node
    if depth > 12:
        return {}
    plain = {key: _plain(value, depth + 1) for key, value in resolved(node).items()}
    return {"anyOf": [plain, {"type": "null"}]} if plain.pop("nullable", False) is True else plain


@dataclass(frozen=True)
class Operation:
    """One operation of the API file."""

    id: str
    method: str
    path: str
    query: dict[str, Schema]
    required_query: set[str]
    body: Schema | None
    responses: dict[int, Schema | None]


def _operation(path: str, method: str, node: Schema) -> Operation:
    parameters = [resolved(parameter) for parameter in node.get("parameters", [])]
    query = {parameter["name"]: parameter for parameter in parameters if parameter["in"] == "query"}
    content = node.get("requestBody", {}).get("content", {})
    return Operation(
        id=node["operationId"],
        method=method.upper(),
        path=path,
        query={name: parameter["schema"] for name, parameter in query.items()},
        required_query={name for name, parameter in query.items() if parameter["required"]},
        body=content["application/json"]["schema"] if content else None,
        responses={int(status): _json_schema_of(response) for status, response in node["responses"].items()},
    )


def _json_schema_of(response: Schema) -> Schema | None:
    content = resolved(response).get("content", {})
    return content["application/json"]["schema"] if content else None


OPERATIONS = {
    node["operationId"]: _operation(path, method, node)
    for path, methods in API["paths"].items()
    for method, node in methods.items()
}


def instances(node: Schema, depth: int = 0) -> st.SearchStrategy[Any]:
    """Return a strategy for values that fit a schema; properties that need not be there sometimes are not."""
    node = resolved(node)
    whole = _instances(node, depth)
    return st.none() | whole if node.get("nullable") else whole


def _instances(node: Schema, depth: int) -> st.SearchStrategy[Any]:
    if "enum" in node:
        return st.sampled_from(node["enum"])
    match node.get("type"):
        case "string":
            return _strings(node)
        case "integer":
            bits = 31 if node.get("format") == "int32" else 63
            return st.integers(node.get("minimum", -(2**bits)), node.get("maximum", 2**bits - 1))
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(instances(node["items"], depth + 1), max_size=3)
        case _:
            return _objects(node, depth)


def _strings(node: Schema) -> st.SearchStrategy[str]:
    if node.get("format") == "uuid":
        return st.uuids(allow_nil=False).map(str)
    if node.get("format") == "date-time":
        return st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
    pattern: str | None = node.get("pattern")
    return TEXT if pattern is None else st.from_regex(pattern, fullmatch=True)


def _objects(node: Schema, depth: int) -> st.SearchStrategy[Any]:
    if "additionalProperties" in node:
        return st.dictionaries(TEXT, instances(node["additionalProperties"], depth + 1), max_size=3)
    known = properties(node)
    needed = required(node)
    fields = {name: instances(part, depth + 1) for name, part in known.items() if depth < 2 * DEEPEST or name in needed}
    return st.fixed_dictionaries(
        {name: strategy for name, strategy in fields.items() if name in needed},
        optional={name: strategy for name, strategy in fields.items() if name not in needed},
    )
