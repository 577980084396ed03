"""The page `docs/installation.md`: its values, its overlay and its commands are such as the tools take."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from chart.charts import DEPLOY, ROOT, Helm
from kube import Kube, Object

PAGE = (ROOT / "docs" / "installation.md").read_text()
BLOCKS = re.findall(r"^```yaml\n# (\S+)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
VALUES = [text for name, text in BLOCKS if name == "values.yaml"]
COMMANDS = [shlex.split(line)[1:] for line in PAGE.splitlines() if line.startswith("$ ")]


def overlay(folder: Path) -> None:
    """The page's kustomization.yaml, beside the base that it names."""
    (text,) = (text for name, text in BLOCKS if name == "kustomization.yaml")
    (folder / "kustomization.yaml").write_text(text)
    base = folder / "deploy" / "kustomize"
    base.mkdir(parents=True)
    for path in (DEPLOY / "kustomize").iterdir():
        (base / path.name).write_text(path.read_text())


@pytest.mark.parametrize("text", VALUES, ids=[text.partition(":")[0] for text in VALUES])
def test_values_are_values(each_helm: Helm, text: str) -> None:
    """The chart takes each example of values, and makes something else of it than without."""
    assert each_helm.objects(**yaml.safe_load(text)) != each_helm.objects()


def test_every_block_is_one_of_these() -> None:
    """No block of YAML escapes these tests."""
    assert {name for name, _ in BLOCKS} == {"values.yaml", "kustomization.yaml"}
    assert len(BLOCKS) == PAGE.count("```yaml")


def test_overlay_changes_what_it_says(kube: Kube, tmp_path: Path) -> None:
    """The overlay builds, with the image and the argument of one's own."""
    overlay(tmp_path)

    done = kube.kubectl("kustomize", str(tmp_path))

    assert done.returncode == 0, done.stderr
    (deployment,) = (each for each in yaml.safe_load_all(done.stdout) if each["kind"] == "Deployment")
    operator: Object = deployment["spec"]["template"]["spec"]["containers"][0]
    assert operator["image"].startswith("registry.example.com/mirror/runai-registrar:")
    assert operator["args"][-1] == "--log-level=debug"


@pytest.mark.parametrize("words", [words for words in COMMANDS if words[0] == "helm"], ids=" ".join)
def test_helm_takes_the_command(each_helm: Helm, words: list[str]) -> None:
    """Helm knows the command and its flags, and files that it names are there."""
    assert "Usage:" in each_helm.run(*words[1:], "--help")
    assert [each for each in words if each.startswith("deploy/") and not (ROOT / each).exists()] == []


@pytest.mark.parametrize("words", [words for words in COMMANDS if words[0] == "kubectl"], ids=" ".join)
def test_kubectl_takes_the_command(kube: Kube, words: list[str]) -> None:
    """Kubectl knows the command and its flags, and files that it names are there."""
    done = kube.kubectl(*words[1:], "--help")

    assert (done.returncode, "Usage:" in done.stdout) == (0, True), done.stderr
    assert [each for each in words if each.startswith("deploy/") and not (ROOT / each).exists()] == []
