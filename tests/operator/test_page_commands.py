"""What the pages type into a shell is typed: with the real kubectl, against the API server."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from kube import REPOSITORY, Kube, Object, kubectl_program
from planes import API
from stage import RECONCILE

PAGES = ("drift.md", "install-secret.md", "export.md")
UUID = "3f2b6c1e-8d94-4a57-9c0b-5e7d1f2a3b4c"
VALUES = "controlPlane: {clientSecret: canary}\n"
HELM = '#!/bin/sh\necho "$@"\nfor word in "$@"; do file="$word"; done\ncat "$file"\n'


def typed(page: str) -> list[str]:
    """The command lines of a page that begin with kubectl, those that go on in a next line too."""
    text = (REPOSITORY / "docs" / page).read_text()
    return [line.strip() for line in re.findall(r"^ *\$ (kubectl (?:.*&&\n)*.*)$", text, re.MULTILINE)]


LINES = [(page, line) for page in PAGES for line in typed(page)]


@dataclass
class Desk:
    """Where a person types: a namespace, a folder, a kubeconfig that leads there."""

    kube: Kube
    namespace: str
    folder: Path

    @property
    def path(self) -> str:
        """The registration that the pages speak of."""
        return f"{API}/namespaces/{self.namespace}/runaiclusterregistrations/gpu-east"

    def type(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a line in a shell, with Helm's arguments and its file shown in the place of Helm."""
        environ = {"PATH": f"{self.folder / 'bin'}:/usr/bin:/bin", "KUBECONFIG": str(self.folder / "kubeconfig")}
        words = ["/bin/sh", "-c", line.replace("-n platform", f"-n {self.namespace}")]
        known = environ | {"HOME": str(self.folder), "REPO": "https://charts.example.com"}
        return subprocess.run(words, cwd=self.folder, env=known, capture_output=True, text=True, check=False)  # noqa: S603  # what is tested


@pytest.fixture
def desk(kube: Kube, namespace: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk at which the registration of the pages is Ready and observed, and its install Secret written; cleared."""
    config = yaml.safe_load(kube.server.kubeconfig.read_text())
    for context in config["contexts"]:
        context["context"]["namespace"] = namespace
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))
    (tmp_path / "kubeconfig").chmod(0o600)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "kubectl").symlink_to(kubectl_program())
    (tmp_path / "bin" / "helm").write_text(HELM)
    (tmp_path / "bin" / "helm").chmod(0o755)
    desk = Desk(kube, namespace, tmp_path)
    (tmp_path / "clusters").mkdir()
    (tmp_path / "clusters" / "gpu-east.yaml").write_text(exported().replace('"platform"', namespace))
    assert desk.type("kubectl apply -f clusters/").returncode == 0
    kube.patch(f"{desk.path}/status", {"status": status(kube.get(desk.path))})
    secret = {"metadata": {"name": "gpu-east-install"}, "stringData": {"values.yaml": VALUES}}
    kube.create(f"/api/v1/namespaces/{namespace}/secrets", secret)
    yield desk
    kube.delete(desk.path)


def exported() -> str:
    """The file that `docs/export.md` shows."""
    return dedent((REPOSITORY / "docs" / "export.md").read_text().partition("```yaml\n")[2].partition("```")[0])


def status(seen: Object) -> Object:
    """What an operator says of it."""
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Observed",
        "message": "It is observed.",
        "observedGeneration": seen["metadata"]["generation"],
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    return {
        "plannedAction": f"Manage would adopt the cluster {UUID}.",
        "observedGeneration": seen["metadata"]["generation"],
        "conditions": [condition],
    }


@pytest.mark.parametrize(("page", "line"), LINES)
def test_every_kubectl_line_works(desk: Desk, page: str, line: str) -> None:
    """Each line that begins with kubectl ends well as it stands, where there is what the page speaks of."""
    done = desk.type(line)

    assert (done.returncode, done.stderr) == (0, ""), page


def test_a_look_is_asked_for(desk: Desk) -> None:
    """Both pages ask for a look in the same words, and the annotation that the operator knows is set by them."""
    lines = [line for _, line in LINES if line.startswith("kubectl annotate")]
    desk.type(lines[0])
    annotations = desk.kube.get(desk.path)["metadata"]["annotations"]

    assert lines == [lines[0]] * 2
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*", annotations[RECONCILE])


def test_plans_are_listed_as_shown(desk: Desk) -> None:
    """The columns that the page asks for have the heads and the plan that it shows."""
    (line,) = [line for _, line in LINES if "custom-columns" in line]
    shown = (REPOSITORY / "docs" / "export.md").read_text().partition(line)[2].split("```")[0]

    assert [row.split() for row in desk.type(line).stdout.splitlines()] == [
        row.split() for row in shown.strip().splitlines()
    ]


def test_values_by_hand(desk: Desk) -> None:
    """By hand Helm reads the values out of a file as they stand in the Secret; without the Secret it is not run."""
    (line,) = [line for _, line in LINES if "go-template" in line]
    done = desk.type(line)
    desk.kube.delete(f"/api/v1/namespaces/{desk.namespace}/secrets/gpu-east-install")
    failed = desk.type(line)

    arguments, content = done.stdout.split("\n", 1)
    assert arguments.startswith("upgrade -i runai-cluster runai-cluster --repo https://charts.example.com --version ")
    assert content == VALUES
    assert failed.returncode != 0
    assert (failed.stdout, "not found" in failed.stderr) == ("", True)
