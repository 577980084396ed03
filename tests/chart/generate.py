"""Makes what is made of other files, in deploy/: `python tests/chart/generate.py` writes them, a test compares.

======================================  ==============================================================================
file                                    made of
======================================  ==============================================================================
the chart's files/                      crds/ and deploy/policies.yaml, byte by byte: they are data to the templates
the chart's values.schema.json          itself; what a control plane's spec may be comes from the CRD, and what must not
                                        be taken away (`null`) from values.yaml
the chart's values.yaml                 itself; the comments come from values.schema.json
the chart's README.md                   itself; the table of values comes from values.schema.json and values.yaml
install.yaml, rbac.yaml, kustomize/     the chart, by Helm 4, without Helm's own marks
======================================  ==============================================================================
"""

import json
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs as a script

from chart.charts import CHART, DEPLOY, RELEASE, ROOT, Helm
from crds.schemas import part

VALUES, SCHEMA, README = CHART / "values.yaml", CHART / "values.schema.json", CHART / "README.md"

MAY_GO = {"podSecurityContext", "securityContext", "resources"}
"""Values that may be taken away (`null`) although they have defaults: Kubernetes has defaults of its own for them."""

_TABLE = re.compile(r"(<!-- values: .*? -->\n).*?(<!-- end of values -->)", re.DOTALL)
_HELMS_OWN = re.compile(r"^\s*(# Source: .*|helm\.sh/chart: .*|app\.kubernetes\.io/managed-by: Helm)?\n", re.MULTILINE)
_KEY = re.compile(r"( *)(\w+):")
_NOTHING: tuple[Any, ...] = ("", [], {}, None)
_OF_OPENAPI = ("x-kubernetes-", "default", "format")
_NAMESPACE = f"""\
apiVersion: v1
kind: Namespace
metadata:
  name: {RELEASE}
  labels:
    app.kubernetes.io/name: {RELEASE}
    pod-security.kubernetes.io/enforce: restricted
"""
_INSTALL = f"""\
# Everything, for `kubectl apply --server-side -f`: CRDs, policies, rights, the operator. Made from the Helm chart by
# `python tests/chart/generate.py`; docs/installation.md says how to change it (Kustomize) and how to use the chart.
{_NAMESPACE}"""
_RBAC = f"""\
# What the operator may do in a Kubernetes cluster, and nothing else. It may be installed before the operator; the
# credential Secrets of control planes live in the namespace made here. Made from the Helm chart, as install.yaml is.
{_NAMESPACE}"""


def parts() -> dict[Path, str]:
    """What the files of the chart must be that are made."""
    return {
        **{CHART / "files" / "crds" / path.name: path.read_text() for path in sorted((ROOT / "crds").glob("*.yaml"))},
        CHART / "files" / "policies.yaml": (DEPLOY / "policies.yaml").read_text(),
        SCHEMA: schema(),
        VALUES: "".join(_commented()),
        README: _TABLE.sub(lambda found: found[1] + "\n".join(_table()) + "\n" + found[2], README.read_text()),
    }


def rendered(helm: Helm) -> dict[Path, str]:
    """What the files must be that are made of the chart."""
    install = _INSTALL + _plain(helm.render(crds={"keep": False}))
    shown = (f"--show-only=templates/{name}.yaml" for name in ("serviceaccount", "rbac"))
    return {
        DEPLOY / "install.yaml": install,
        DEPLOY / "kustomize" / "install.yaml": install,
        DEPLOY / "rbac.yaml": _RBAC + _plain(helm.render(*shown)),
    }


def schema() -> str:
    """values.schema.json, with the spec of a control plane as the CRD has it, and what is required."""
    content = _requiring(json.loads(SCHEMA.read_text()), yaml.safe_load(VALUES.read_text()))
    content["definitions"]["controlPlaneSpec"] = _closed(part("RunaiControlPlane", "spec"))
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _requiring(node: Any, defaults: Any) -> Any:
    """A schema that requires what has a default that says something: without it nothing sensible can be rendered."""
    if "properties" not in node:
        return node
    made = {name: _requiring(child, defaults.get(name, {})) for name, child in node["properties"].items()}
    needed = [name for name in made if defaults.get(name) not in _NOTHING and name not in MAY_GO]
    return node | {"properties": made} | ({"required": needed} if needed else {})


def _commented() -> Iterator[str]:
    """values.yaml, line by line, with what the schema says above each value; its head stays."""
    head, blank, body = VALUES.read_text().partition("\n\n")
    yield head + blank
    described = dict(_described(json.loads(SCHEMA.read_text())))
    path: list[str] = []
    for line in body.splitlines(keepends=True):
        if line.lstrip().startswith("# "):
            continue
        if found := _KEY.match(line):
            depth = len(found[1]) // 2
            path[depth:] = [found[2]]
            words = described.get(".".join(path), "")
            yield from (f"{found[1]}# {each}\n" for each in textwrap.wrap(words, 118 - 2 * depth))
        yield line


def _described(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """What the schema says of every value and of every map of values."""
    for name, child in node.get("properties", {}).items():
        below = f"{path}.{name}" if path else name
        yield below, _words(child)
        yield from _described(child, below)


def _closed(node: Any) -> Any:
    """A structural schema as JSON schema: it takes no unknown field, and lacks what only Kubernetes reads."""
    if not isinstance(node, dict):
        return node
    kept = {name: child for name, child in node.items() if not name.startswith(_OF_OPENAPI)}
    if "items" in kept:
        kept["items"] = _closed(kept["items"])
    if "properties" in kept:
        kept["properties"] = {name: _closed(child) for name, child in kept["properties"].items()}
        kept["additionalProperties"] = False
    return kept


def _plain(rendered: str) -> str:
    return _HELMS_OWN.sub("", rendered)


def _table() -> Iterator[str]:
    yield "| value | default | what it is |\n|---|---|---|"
    defaults = yaml.safe_load(VALUES.read_text())
    for path, node in leaves(json.loads(SCHEMA.read_text())):
        yield f"| `{path}` | {_shown(path, defaults)} | {_words(node)} |"


def leaves(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every value that has a meaning of its own, in the order of the schema."""
    for name, child in node.get("properties", {}).items():
        below = f"{path}.{name}" if path else name
        if "properties" in child:
            yield from leaves(child, below)
        else:
            yield below, child


def default(path: str, defaults: Any) -> Any:
    """What values.yaml has at a path; KeyError if nothing."""
    for name in path.split("."):
        defaults = defaults[name]
    return defaults


def _shown(path: str, defaults: Any) -> str:
    if path == "enabled":
        return ""
    return f"`{json.dumps(default(path, defaults), ensure_ascii=False)}`"


def _words(node: Mapping[str, Any]) -> str:
    words = [each for each in node.get("enum", []) if each != ""]
    choice = f" One of {', '.join(f'`{each}`' for each in words)}." if words else ""
    return str(node["description"]) + choice


if __name__ == "__main__":
    for make in (parts, lambda: rendered(Helm(4))):  # the latter reads what the former has written
        for target, text in make().items():
            target.write_text(text)
