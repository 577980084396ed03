"""Writes docs/reference.md from the CRDs: `python tests/crds/reference.py`."""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs as a script, as the tests run it

from crds.schemas import CRDS, ROOT, Schema, nodes, part, root, rules

PAGE = ROOT / "docs" / "reference.md"
HEAD = """# API reference

Made from the descriptions in `crds/` by `python tests/crds/reference.py`; change them there. The same text is shown by
`kubectl explain`. All fields are optional unless marked required. `[]` stands for each entry of a list, `{}` for each
value of a map.
"""


def render() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *(line for kind in CRDS for line in _kind(kind))])


def _kind(kind: str) -> Iterator[str]:
    names = CRDS[kind]["spec"]["names"]
    (version,) = CRDS[kind]["spec"]["versions"]
    yield f"## {kind}\n"
    yield f"`{CRDS[kind]['spec']['group']}/{version['name']}`, {CRDS[kind]['spec']['scope'].lower()}."
    yield f"Short name `{names['shortNames'][0]}`, category `{names['categories'][0]}`.\n"
    yield f"{_joined(root(kind)['description'])}"
    yield from _rules(kind)
    yield from _columns(version["additionalPrinterColumns"])
    for section in ("spec", "status"):
        yield from _section(kind, section)


def _rules(kind: str) -> Iterator[str]:
    every = [rule["message"] for _, node in nodes(root(kind), "") for rule in rules(node)]
    yield "\nThe API server refuses what breaks these rules, with these words:\n"
    yield from (f"- {message}" for message in dict.fromkeys(every))


def _columns(columns: list[Schema]) -> Iterator[str]:
    yield "\n| column of `kubectl get` | what it shows |\n|---|---|"
    for column in columns:
        wide = " (with `-o wide`)" if column.get("priority") else ""
        yield f"| {column['name'].upper()}{wide} | {column['description']} |"


def _section(kind: str, section: str) -> Iterator[str]:
    schema = part(kind, section)
    yield f"\n### {kind} {section}\n\n{_joined(schema['description'])}\n"
    yield "| field | type | meaning |\n|---|---|---|"
    needed = {f"{path}.{name}" for path, node in nodes(schema, "") for name in node.get("required", [])}
    for path, node in nodes(schema, ""):
        if path and "description" in node:
            mark = ", required" if path in needed else ""
            yield f"| `{path[1:]}` | {_type(node)}{mark} | {_meaning(node)} |"
    yield ""


def _type(node: Schema) -> str:
    if "items" in node:
        return f"list of {node['items']['type']}"
    if "additionalProperties" in node:
        return f"map of {node['additionalProperties']['type']}"
    return str(node["type"])


def _meaning(node: Schema) -> str:
    words = f" One of {', '.join(f'`{word}`' for word in node['enum'])}." if "enum" in node else ""
    return _joined(node["description"]).replace("|", "\\|") + words


def _joined(description: str) -> str:
    return " ".join(description.split())


if __name__ == "__main__":
    PAGE.write_text(render())
