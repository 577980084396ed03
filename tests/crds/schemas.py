"""The two CRDs as they stand in the repository, and ways through their schemas."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
Schema = Mapping[str, Any]


def _crd(plural: str) -> Schema:
    crd: Schema = yaml.safe_load((ROOT / "crds" / f"runai-registrar.io_{plural}.yaml").read_text())
    return crd


CRDS = {"RunaiClusterRegistration": _crd("runaiclusterregistrations"), "RunaiControlPlane": _crd("runaicontrolplanes")}


def root(kind: str) -> Schema:
    """Return the schema of a kind's only version."""
    (version,) = CRDS[kind]["spec"]["versions"]
    schema: Schema = version["schema"]["openAPIV3Schema"]
    return schema


def part(kind: str, *names: str) -> Schema:
    """Return the schema of a field, named by its keys: `part(kind, "status", "operands")`."""
    schema = root(kind)
    for name in names:
        schema = schema["properties"][name]
    return schema


def nodes(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """Yield every node below a schema with its path; `[]` is an item of a list, `{}` a value of a map."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")
    if "additionalProperties" in schema:
        yield from nodes(schema["additionalProperties"], f"{path}{{}}")


EVERY_NODE = {path: node for kind in CRDS for path, node in nodes(root(kind), kind)}
# The API server describes metadata itself and refuses a description of it.
EVERY_FIELD = {path: node for path, node in EVERY_NODE.items() if not path.endswith(("[]", "{}", ".metadata"))}


def rules(schema: Schema) -> list[Schema]:
    """Return the CEL rules that stand at one node."""
    return list(schema.get("x-kubernetes-validations", []))
