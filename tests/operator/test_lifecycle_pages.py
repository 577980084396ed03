"""The user pages `docs/adoption.md` and `docs/drift.md`: what they show applies, and what they quote is said."""

import ast
import re
import shlex
from textwrap import dedent

import pytest
import yaml

from kube import REPOSITORY, Kube

PAGES = ("adoption.md", "drift.md")
CORE = REPOSITORY / "operator" / "runai_registrar" / "core"
PLACEHOLDER = re.compile(r"\b(?:NAME|UUID)\b|…")


def text(page: str) -> str:
    """What stands in a page."""
    return (REPOSITORY / "docs" / page).read_text()


def blocks(page: str, kind: str) -> list[str]:
    """The blocks of a kind in a page, those in lists too."""
    found = re.findall(rf"^( *)```{kind}\n(.*?)^\1```", text(page), flags=re.DOTALL | re.MULTILINE)
    return [dedent(block) for _, block in found]


@pytest.mark.parametrize("page", PAGES)
def test_every_manifest_applies(kube: Kube, namespace: str, page: str) -> None:
    """Each YAML block is accepted by the API server as it stands, and means what it says."""
    written = [manifest for block in blocks(page, "yaml") for manifest in yaml.safe_load_all(block)]
    applied = [made for block in blocks(page, "yaml") for made in kube.apply(block, namespace)]

    assert written
    assert [made.get("spec") for made in applied] == [each.get("spec") for each in written]


def test_the_commands_of_a_hand_over_work(kube: Kube, namespace: str) -> None:
    """The patch and the deletion of the page let a registration go."""
    kube.apply("\n---\n".join(blocks("drift.md", "yaml")[:1]), namespace)
    (block,) = blocks("adoption.md", "console")
    for command in re.findall(r"^\$ kubectl (.*)$", block, re.MULTILINE):
        done = kube.kubectl(*shlex.split(command), "-n", namespace)
        assert done.returncode == 0, done.stderr

    assert kube.items(f"/apis/runai-registrar.io/v1alpha1/namespaces/{namespace}/runaiclusterregistrations") == []


def test_plans_are_quoted_as_they_are_said() -> None:
    """Each sentence about what Manage would do is one that the sources make."""
    said = "\n".join(sentences())
    quoted = re.findall(r"`(Manage would .*?|and rename it .*?)`", text("drift.md"))
    parts = [part.strip(" .") for each in quoted for part in PLACEHOLDER.split(each)]

    assert len(quoted) == 8
    assert [part for part in parts if part not in said] == []


def sentences() -> list[str]:
    """The texts in the core."""
    nodes = [node for path in sorted(CORE.glob("*.py")) for node in ast.walk(ast.parse(path.read_text()))]
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
