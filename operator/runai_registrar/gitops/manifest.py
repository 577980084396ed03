"""A registration in YAML for a cluster that exists: applying it changes nothing, neither under Observe nor Manage."""

import json
import sys
from dataclasses import dataclass
from typing import Any
from unicodedata import category

import yaml

from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.texts import plain
from runai_registrar.gitops.quoting import Text, YamlDumper
from runai_registrar.resources import API_VERSION, ControlPlaneRef, Mode
from runai_registrar.values import format_time

LONGEST = {"clusterName": 253, "domain": 253, "version": 50}
"""Characters that the CRD lets stand in a field."""


@dataclass(frozen=True)
class Choice:
    """How registrations are written.

    Attributes:
        control_plane: The name of the RunaiControlPlane.
        namespace: Written into the metadata; None: left to whoever applies it.
        mode: `spec.mode`.
        state: Whether a comment tells the state of the cluster, which changes from run to run.
    """

    control_plane: str = ControlPlaneRef().name
    namespace: str | None = None
    mode: Mode = Mode.OBSERVE
    state: bool = False


def manifest(cluster: Cluster, name: str, choice: Choice) -> dict[str, Any]:
    """The registration `name` that adopts a cluster and asks for what it is."""
    place = {"namespace": Text(choice.namespace)} if choice.namespace else {}
    return {
        "apiVersion": API_VERSION,
        "kind": "RunaiClusterRegistration",
        "metadata": {"name": Text(name), **place},
        "spec": {
            **_plane(choice.control_plane),
            **_name(cluster, name),
            **_field("domain", cluster.domain),
            **_field("version", cluster.version),
            "mode": choice.mode.value,
            "adopt": {"uuid": Text(cluster.uuid)},
        },
    }


def document(cluster: Cluster, name: str, choice: Choice) -> str:
    """The same as YAML, with comments; what a control plane shows stands in quotes where it could be misread."""
    comments = [f"Created {format_time(cluster.created_at)}{_state(cluster) if choice.state else ''}", *_notes(cluster)]
    written = manifest(cluster, name, choice)
    text = yaml.dump(written, Dumper=YamlDumper, sort_keys=False, allow_unicode=True, width=sys.maxsize)
    return "".join(f"# {comment}\n" for comment in comments) + text


def fits(field: str, value: str) -> bool:
    """Whether the CRD accepts a text that a control plane shows (its rules for these fields, or stricter)."""
    inner = {"Zl", "Zp"} if field == "clusterName" else {"Zs", "Zl", "Zp"}
    kinds = [category(character) for character in value]
    return (
        0 < len(value) <= LONGEST[field]
        and not any(kind in inner or kind.startswith("C") for kind in kinds)
        and not any(kind.startswith("Z") for kind in (kinds[0], kinds[-1]))
    )


def _plane(name: str) -> dict[str, Any]:
    return {} if name == ControlPlaneRef().name else {"controlPlaneRef": {"name": Text(name)}}


def _name(cluster: Cluster, name: str) -> dict[str, Any]:
    """A name that cannot stand in the spec is at least not changed."""
    if cluster.name == name:
        return {}
    return _field("clusterName", cluster.name) or {"onDrift": "Report"}


def _field(field: str, value: str | None) -> dict[str, Any]:
    return {field: Text(value)} if value and fits(field, value) else {}


def _state(cluster: Cluster) -> str:
    return f", {plain(cluster.state)}" if cluster.state else ""


def _notes(cluster: Cluster) -> list[str]:
    shown = {"clusterName": cluster.name, "domain": cluster.domain or None, "version": cluster.version or None}
    return [
        f"The control plane shows a {field} that no registration can have: {json.dumps(value[: LONGEST[field]])}"
        for field, value in shown.items()
        if value is not None and not fits(field, value)
    ]
