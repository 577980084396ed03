"""Values that are taken away (`null`, or a key with nothing behind it), and names that YAML could take for others."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from chart.charts import Helm, HelmError, container, names, one
from chart.everything import EVERYTHING, nested
from chart.generate import MAY_GO, SCHEMA, VALUES, leaves
from kube import Object

DEFAULTS = yaml.safe_load(VALUES.read_text())
LEAVES = {path for path, _ in leaves(json.loads(SCHEMA.read_text()))}


def paths(values: Object, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every value and every map of values, with its default."""
    for name, value in values.items():
        path = above + name
        yield path, value
        if path not in LEAVES:
            yield from paths(value, f"{path}.")


EMPTY = [path for path, value in paths(DEFAULTS) if value in ("", [], {})]
NEEDED = [path for path, _ in paths(DEFAULTS) if path not in {*EMPTY, *MAY_GO}]


def without(some: list[str]) -> dict[str, Any]:
    """Values that take these away."""
    taken: dict[str, Any] = {}
    for path in some:
        here = taken
        *above, last = path.split(".")
        for name in above:
            here = here.setdefault(name, {})
        here[last] = None
    return taken


def test_what_is_empty_can_be_taken_away(each_helm: Helm) -> None:
    """A key with nothing behind it is the same as an empty default; nothing is made of it, nor of all of them."""
    assert len(EMPTY) > 20
    assert each_helm.objects(**without(EMPTY)) == each_helm.objects()


def test_what_kubernetes_knows_better_can_be_taken_away(each_helm: Helm) -> None:
    """Security contexts and resources can be left to the cluster."""
    objects = each_helm.objects(**without(sorted(MAY_GO)))

    assert not {"securityContext", "resources"} & container(objects).keys()
    assert "securityContext" not in one(objects, "Deployment")["spec"]["template"]["spec"]


@pytest.mark.parametrize("path", NEEDED)
def test_what_is_needed_is_asked_for(helm: Helm, path: str) -> None:
    """Whatever cannot be done without is named when it is taken away, instead of an error of the templates."""
    with pytest.raises(HelmError, match=rf"(?s)values don't meet the specifications.*'{path.rpartition('.')[2]}'"):
        helm.render(**nested(path, None))


def test_helm_3_asks_for_it_too(each_helm: Helm) -> None:
    """Either Helm says what is missing."""
    with pytest.raises(HelmError, match=r"(?s)values don't meet the specifications.*livenessProbe"):
        each_helm.render(livenessProbe=None)


def test_names_are_texts(helm: Helm) -> None:
    """Names and namespaces of digits, and such as YAML takes for a truth value, stay what they are."""
    given = EVERYTHING | {"fullnameOverride": "on", "namespaceOverride": "123", "watchNamespaces": ["456"]}
    objects = helm.objects(**given | {"serviceAccount": {"name": "789"}, "priorityClassName": "yes"})
    pod = one(objects, "Deployment")["spec"]["template"]["spec"]

    assert names(objects, "Deployment") == ["123/on"]
    assert names(objects, "RoleBinding") == ["123/on-credentials", "456/on", "default/on-install-secrets"]
    assert (pod["serviceAccountName"], pod["priorityClassName"]) == ("789", "yes")
    assert {each["namespace"] for role in objects for each in role.get("subjects", [])} == {"123"}
