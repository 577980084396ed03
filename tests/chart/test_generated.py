"""What is made of other files is what they make: the chart's copies, its table of values, the plain manifests."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.charts import CHART, DEPLOY, ROOT, Helm, container
from chart.generate import SCHEMA, VALUES, default, leaves, parts, rendered
from kube import Kube
from runai_registrar.cli.main import parser
from runai_registrar.settings import Settings

HEAD = yaml.safe_load((CHART / "Chart.yaml").read_text())
MADE = sorted(parts())
SETTINGS = {"operator.requestTimeout": "request_timeout", "operator.listLag": "list_lag", "healthPort": "health_port"}
SETTINGS |= {f"operator.{name}": name for name in ("workers", "settle", "freshness")} | {"log.level": "log_level"}


@pytest.mark.parametrize("path", MADE, ids=[str(path.relative_to(DEPLOY)) for path in MADE])
def test_the_chart_is_up_to_date(path: Path) -> None:
    """Each file of the chart that is made is what the generator makes (`python tests/chart/generate.py`)."""
    assert path.read_text() == parts()[path]


def test_no_copy_is_left_over() -> None:
    """The chart has no CRD that is not there any more."""
    assert set((CHART / "files" / "crds").iterdir()) == {path for path in MADE if path.parent.name == "crds"}


def test_the_plain_manifests_are_up_to_date(helm: Helm) -> None:
    """install.yaml, the Kustomize base and rbac.yaml are what the chart makes (`python tests/chart/generate.py`)."""
    for path, text in rendered(helm).items():
        assert path.read_text() == text, f"{path.name} is old"


def test_kustomize_base_is_the_installation(kube: Kube) -> None:
    """`kubectl kustomize` of the base gives every object of install.yaml, as it is there."""
    done = kube.kubectl("kustomize", str(DEPLOY / "kustomize"))

    assert done.returncode == 0, done.stderr
    assert sorted(map(_text, yaml.safe_load_all(done.stdout))) == sorted(map(_text, _installed()))


def test_plain_manifests_say_nothing_of_helm() -> None:
    """Whoever applies install.yaml does not use Helm, and its labels must not say so."""
    assert [each["kind"] for each in _installed() if "helm" in _text(each["metadata"]).lower()] == []


def test_crds_are_rendered_as_they_are(each_helm: Helm) -> None:
    """Rendered CRDs and policies are those of the repository, but for their labels and annotations."""
    sources = [*sorted((ROOT / "crds").glob("*.yaml")), DEPLOY / "policies.yaml"]
    wanted = [each for path in sources for each in yaml.safe_load_all(path.read_text())]
    made = {(each["kind"], each["metadata"]["name"]): each for each in each_helm.objects()}

    assert len(wanted) > 2
    assert [made[each["kind"], each["metadata"]["name"]]["spec"] for each in wanted] == [
        each["spec"] for each in wanted
    ]


def test_every_value_is_described_and_has_a_default() -> None:
    """The schema knows what values.yaml has, and says something about each; values.yaml has a default for the rest."""
    defaults, schema = yaml.safe_load(VALUES.read_text()), json.loads(SCHEMA.read_text())
    described = {path: node["description"] for path, node in leaves(schema) if path != "enabled"}

    assert set(_paths(defaults, described)) == described.keys()
    assert [path for path, text in described.items() if not text.endswith(".")] == []


def test_defaults_are_the_operators() -> None:
    """What the chart passes on by default is what the operator takes by default."""
    defaults = yaml.safe_load(VALUES.read_text())
    given = Settings(operator_namespace="x", **{name: default(path, defaults) for path, name in SETTINGS.items()})

    assert given == Settings(operator_namespace="x")


def test_the_operator_takes_every_argument(helm: Helm) -> None:
    """The rendered arguments are those of the command."""
    _, *arguments = container(helm.objects(watchNamespaces=["a", "b"]))["args"]
    taken = parser("operator").parse_args(["operator", *arguments])

    assert taken.namespaces == ["a", "b"]
    assert (taken.settle, taken.log_format) == ("60s", "json")


def test_versions_agree() -> None:
    """Chart and project have one version."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    assert (HEAD["version"], HEAD["appVersion"]) == (version, version)


def test_artifact_hub_is_told_the_truth(helm: Helm) -> None:
    """The image, the CRDs and their kinds in the annotations are those that are installed."""
    said = {name.partition("/")[2]: text for name, text in HEAD["annotations"].items()}
    crds = [each for each in helm.objects() if each["kind"] == "CustomResourceDefinition"]
    (image,) = yaml.safe_load(said["images"])

    assert image["image"] == container(helm.objects())["image"]
    assert [(each["name"], each["kind"]) for each in yaml.safe_load(said["crds"])] == [
        (each["metadata"]["name"], each["spec"]["names"]["kind"]) for each in crds
    ]


def test_artifact_hubs_examples_apply(kube: Kube, namespace: str) -> None:
    """What Artifact Hub shows as examples is accepted by the API server."""
    examples = yaml.safe_load(HEAD["annotations"]["artifacthub.io/crdsExamples"])
    text = yaml.safe_dump_all(examples).replace("namespace: default", f"namespace: {namespace}")

    done = kube.kubectl("create", "--dry-run=server", "--filename=-", stdin=text)

    assert done.returncode == 0, done.stderr


def _installed() -> list[Any]:
    return list(yaml.safe_load_all((DEPLOY / "install.yaml").read_text()))


def _text(one: Any) -> str:
    return json.dumps(one, sort_keys=True)


def _paths(values: Any, described: dict[str, str], path: str = "") -> Iterator[str]:
    """The paths of all values, down to those that are described as a whole."""
    if path in described or not isinstance(values, dict):
        yield path
        return
    for name, child in values.items():
        yield from _paths(child, described, f"{path}.{name}" if path else name)
