"""Writes what is put into `argocd-cm` from the Lua files: `python tests/gitops/snippets.py`."""

import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs as a script, as the tests run it

from gitops.argo import KINDS, SCRIPTS, folder, health_script

FOLDER = SCRIPTS.parent
HEAD = "# Made by `python tests/gitops/snippets.py` from the files in resource_customizations/; change them there.\n"
LENIENT = "# Lenient: a registered cluster that has lost its connection, or lacks something, stays Healthy.\n"


class Block(str):
    """A text that is written as a literal block."""

    __slots__ = ()


class Dumper(yaml.SafeDumper):
    """YAML as people write it."""


def _literal(dumper: yaml.SafeDumper, text: Block) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")


Dumper.add_representer(Block, _literal)


def keys(*, lenient: bool = False) -> dict[str, Block]:
    """Return the entries of `argocd-cm` for both kinds."""
    found = {}
    for kind in KINDS:
        name = f"runai-registrar.io_{kind}"
        found[f"resource.customizations.health.{name}"] = Block(health_script(kind, lenient=lenient))
        found[f"resource.customizations.actions.{name}"] = Block(_dump(_actions(kind)))
    return found


def files() -> dict[Path, str]:
    """Return the text of each file that is made: a ConfigMap and values of the chart argo-cd, each in two forms."""
    made = {}
    for name, head, lenient in (("", HEAD, False), ("-lenient", HEAD + LENIENT, True)):
        entries = keys(lenient=lenient)
        metadata = {"name": "argocd-cm", "namespace": "argocd"}
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": entries}
        made[FOLDER / f"argocd-cm{name}.yaml"] = head + _dump(config)
        made[FOLDER / f"helm-values{name}.yaml"] = head + _dump({"configs": {"cm": entries}})
    return made


def _actions(kind: str) -> dict[str, object]:
    actions = folder(kind) / "actions"
    scripts = {path.parent.name: Block(path.read_text()) for path in sorted(actions.glob("*/action.lua"))}
    definitions = [{"name": name, "action.lua": script} for name, script in scripts.items()]
    return {"discovery.lua": Block((actions / "discovery.lua").read_text()), "definitions": definitions}


def _dump(value: object) -> str:
    return yaml.dump(value, Dumper=Dumper, sort_keys=False, width=1000)


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text)
