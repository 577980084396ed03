"""The CRDs keep to what the API server, GitOps tools and readers of `kubectl explain` need."""

import pytest

from crds.schemas import CRDS, EVERY_FIELD, EVERY_NODE, Schema, nodes, part, root, rules
from runai_registrar import resources
from runai_registrar.mirrored import MAX_ENTRIES, MAX_TEXT

LISTS = {path: node for path, node in EVERY_NODE.items() if node["type"] == "array"}
MAPS = {path: node for path, node in EVERY_NODE.items() if "additionalProperties" in node}
STRINGS = {path: node for path, node in EVERY_NODE.items() if node["type"] == "string"}
RULES = {f"{path}-{number}": rule for path, node in EVERY_NODE.items() for number, rule in enumerate(rules(node))}
MIRRORED = [
    "clusterName",
    "clusterConditions",
    "config",
    "dependencies",
    "domain",
    "operands",
    "platform",
    "state",
    "version",
]
MIRRORED_NODES = {
    path: node for name in MIRRORED for path, node in nodes(part("RunaiClusterRegistration", "status", name), name)
}


@pytest.mark.parametrize(("path", "node"), EVERY_FIELD.items(), ids=list(EVERY_FIELD))
def test_described(path: str, node: Schema) -> None:
    """Every field is described in full sentences, of at least six words."""
    description = node["description"]

    assert description.endswith("."), path
    assert description[0].isupper()
    assert len(description.split()) >= 6


@pytest.mark.case("S-14", injected="every text of the CRDs", outcome="has a maxLength")
@pytest.mark.parametrize("node", STRINGS.values(), ids=list(STRINGS))
def test_strings_are_bounded(node: Schema) -> None:
    """Every text has a maxLength, which bounds the cost of rules and the size of objects."""
    assert node["maxLength"] > 0


@pytest.mark.case("S-14", injected="every list of the CRDs", outcome="has a maxItems")
@pytest.mark.parametrize("node", LISTS.values(), ids=list(LISTS))
def test_lists_are_bounded_and_typed(node: Schema) -> None:
    """Every list has a maxItems and says how server-side apply merges it."""
    assert node["maxItems"] > 0
    assert node["x-kubernetes-list-type"] in {"atomic", "map", "set"}


@pytest.mark.case("S-14", injected="every map of the CRDs", outcome="has a maxProperties")
@pytest.mark.parametrize("node", MAPS.values(), ids=list(MAPS))
def test_maps_are_bounded(node: Schema) -> None:
    """Every map has a maxProperties."""
    assert node["maxProperties"] > 0


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_rules_speak(rule: Schema) -> None:
    """Every rule has a message in sentences of its own."""
    assert rule["message"].endswith(".")
    assert rule["message"] != rule["rule"]


@pytest.mark.parametrize(
    "rule",
    [rule for path, node in EVERY_NODE.items() if node["type"] == "object" for rule in rules(node)],
    ids=lambda rule: rule["message"][:40],
)
def test_rules_point_at_their_field(rule: Schema) -> None:
    """A rule over several fields names the one to change, unless that is the name or the choice between fields."""
    whole = {"metadata.name must", "adopt must have ex"}

    assert ("fieldPath" in rule) == (rule["message"][:18] not in whole)


@pytest.mark.parametrize("kind", CRDS)
def test_spec_is_never_defaulted(kind: str) -> None:
    """Nothing in spec has a default, so that a GitOps diff stays empty."""
    assert [path for path, node in nodes(part(kind, "spec"), "spec") if "default" in node] == []


@pytest.mark.parametrize("kind", CRDS)
def test_status_before_the_first_look(kind: str) -> None:
    """Status starts as observedGeneration -1, so that waiters never pass before the operator has looked."""
    assert part(kind, "status")["default"] == {}
    assert part(kind, "status", "observedGeneration")["default"] == -1
    assert root(kind)["required"] == ["spec"]


@pytest.mark.parametrize("node", MIRRORED_NODES.values(), ids=list(MIRRORED_NODES))
def test_mirrored_fields_expect_nothing(node: Schema) -> None:
    """What the control plane displays gets through, whatever it says: only sizes are held to."""
    assert {"enum", "pattern", "format", "minLength", "required"} & set(node) == set()
    assert node.get("maxLength", MAX_TEXT) == MAX_TEXT
    assert node.get("maxItems", MAX_ENTRIES) == node.get("maxProperties", MAX_ENTRIES) == MAX_ENTRIES


@pytest.mark.parametrize("crd", CRDS.values(), ids=list(CRDS))
def test_manifests_are_free_of_drift(crd: Schema) -> None:
    """The manifests hold nothing that the API server takes out or changes."""
    assert "status" not in crd
    assert "creationTimestamp" not in crd["metadata"]
    assert "preserveUnknownFields" not in crd["spec"]


def test_names() -> None:
    """The CRDs carry the names that the code uses."""
    registrations, control_planes = (crd["spec"] for crd in CRDS.values())

    assert (registrations["names"]["plural"], registrations["scope"]) == (resources.REGISTRATIONS, "Namespaced")
    assert (control_planes["names"]["plural"], control_planes["scope"]) == (resources.CONTROL_PLANES, "Cluster")
    assert {crd["group"] for crd in (registrations, control_planes)} == {resources.GROUP}
    assert f"{resources.GROUP}/{registrations['versions'][0]['name']}" == resources.API_VERSION
    assert registrations["names"]["shortNames"] == ["rcr"]
    assert control_planes["names"]["shortNames"] == ["runaicp"]
    assert [crd["names"]["categories"] for crd in (registrations, control_planes)] == [["runai"], ["runai"]]
