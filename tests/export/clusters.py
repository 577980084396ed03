"""Clusters as a control plane may show them, tame and wild."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import yaml
from hypothesis import strategies as st

from runai_registrar.controlplane.models import Cluster
from runai_registrar.resources import Registration

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

ODD = [
    *(
        "",
        " ",
        "yes",
        "NO",
        "null",
        "~",
        "true",
        "1e3",
        "1e+3",
        "0o17",
        "0x1F",
        "1_000",
        "12:30:45",
        "2024-01-01",
        "=",
        "<<",
    ),
    *(
        "a: b",
        "a #b",
        "- a",
        "---",
        "...",
        "{}",
        "[a",
        "*a",
        "&a",
        "!a",
        "|",
        ">",
        "%",
        "@",
        "`",
        "'",
        '"',
        "\\",
        "\\n",
    ),
    *(
        "a\nb: c",
        "a\tb",
        "\x00",
        "\x7f",
        "\x85",
        "\u2028",
        "\ufeff",
        "\u202eevil",
        "\ud800",
        " lead",
        "trail ",
        "a" * 300,
    ),
    *("GPU West", "ünï", "日本語", "🚀", "#", "${HOME}", "$(id)", "{{ .Values.x }}", "-rf", "..", "../up", "a/b"),
]
"""Texts that readers of YAML, shells, terminals or file systems have been known to take for something else."""

TEXTS = st.one_of(st.sampled_from(ODD), st.text(max_size=80), st.from_regex(r"[0-9a-zA-Z.+:_-]{1,12}", fullmatch=True))


def cluster(name: str, number: int = 0, **fields: Any) -> Cluster:
    """A live cluster; a higher number is a younger one."""
    made: dict[str, Any] = {
        "uuid": uuid(number),
        "tenant_id": 1001,
        "name": name,
        "created_at": BEGIN + timedelta(hours=number),
    }
    return Cluster.model_construct(**made | fields)


def uuid(number: int) -> str:
    """The uuid of the cluster of this number."""
    return str(UUID(int=(number + 1) << 96 | number))


def deleting(name: str, number: int = 0) -> Cluster:
    """A cluster that somebody has asked to delete."""
    return cluster(name, number, delete_requested_at=BEGIN)


def registration(name: str, namespace: str = "", **spec: Any) -> Registration:
    """A registration as it stands in a file."""
    return Registration.from_dict({"metadata": {"name": name, "uid": "", "namespace": namespace}, "spec": spec})


def owner(name: str, number: int, namespace: str = "platform", **spec: Any) -> Registration:
    """A live registration that owns the cluster of this number."""
    metadata = {"name": name, "uid": f"uid-{name}", "namespace": namespace}
    status = {"uuid": uuid(number), "origin": "Adopted", "ownerUID": f"uid-{name}"}
    return Registration.from_dict({"metadata": metadata, "spec": spec, "status": status})


def read(text: str) -> list[dict[str, Any]]:
    """The documents of a YAML stream."""
    return list(yaml.safe_load_all(text))
