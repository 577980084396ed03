"""The chart as it stands in the repository, and the two Helms that are tried on it."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from programs.helm import find_or_make

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "runai-registrar"
DEPLOY = ROOT / "deploy"
RELEASE = "runai-registrar"
"""The release, and its namespace, that install.yaml is rendered for."""

WAIT = ("--wait", "--timeout=4m")
"""Options for a command that waits: far longer than anything takes, because the machine may be busy."""

Object = dict[str, Any]


class _Once(yaml.CSafeLoader):  # in C: it reads the whole chart dozens of times
    """A loader that takes no key twice, as Kustomize does not."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  # PyYAML's own signature
        keys = [key.value for key, _ in node.value]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        assert not twice, f"twice in one map: {twice}"
        return super().construct_mapping(node, deep)


class HelmError(Exception):
    """Helm refused; the message is what it says."""


class Helm:
    """One Helm with a home of its own; with a kubeconfig it talks to that cluster, otherwise to none."""

    def __init__(self, major: int, kubeconfig: Path | None = None) -> None:
        self.major = major
        self._program = find_or_make(major)
        self._home = tempfile.TemporaryDirectory(prefix="helm-home-")
        self._kubeconfig = kubeconfig or Path(os.devnull)
        self._rendered: dict[str, str] = {}
        self._running: list[subprocess.Popen[str]] = []

    def run(self, *arguments: object) -> str:
        """What a command prints; HelmError where it fails."""
        command = [str(self._program), *map(str, arguments)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, env=self._environ, stdout=pipe, stderr=pipe, text=True) as process:  # noqa: S603  # the test's own arguments, no shell
            self._running.append(process)
            said, complaint = process.communicate()
            self._running.remove(process)
        if process.returncode:
            raise HelmError(complaint)
        return said

    def interrupt(self) -> None:
        """End the commands that still run in other threads; there they are HelmErrors."""
        for process in list(self._running):
            process.kill()

    def render(
        self, *arguments: str, chart: Path = CHART, name: str = RELEASE, namespace: str = RELEASE, **values: Any
    ) -> str:
        """What the chart makes of values, as YAML; `helm template`, once for the same question."""
        asked = json.dumps([arguments, str(chart), name, namespace, values])
        if asked not in self._rendered:
            with values_file(values) as path:
                command = ["template", name, chart, "--namespace", namespace, "--values", path, *arguments]
                self._rendered[asked] = self.run(*command)
        return self._rendered[asked]

    def objects(self, *arguments: str, **options: Any) -> list[Object]:
        """The same as objects."""
        text = self.render(*arguments, **options)
        return [each for each in yaml.load_all(text, Loader=_Once) if each is not None]

    @property
    def _environ(self) -> dict[str, str]:
        outer = {name: value for name, value in os.environ.items() if not name.startswith("HELM_")}
        places = {f"HELM_{kind}_HOME": f"{self._home.name}/{kind}" for kind in ("CACHE", "CONFIG", "DATA")}
        return outer | places | {"KUBECONFIG": str(self._kubeconfig)}

    def close(self) -> None:
        """Remove its home."""
        self._home.cleanup()


@contextmanager
def values_file(values: Mapping[str, Any]) -> Iterator[Path]:
    """A file with values, for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="values-") as folder:
        path = Path(folder) / "values.yaml"
        path.write_text(yaml.safe_dump(dict(values)))
        yield path


def one(objects: list[Object], kind: str, name: str = "") -> Object:
    """The object of a kind, of a name where there are several."""
    (found,) = (each for each in objects if each["kind"] == kind and name in ("", each["metadata"]["name"]))
    return found


def names(objects: list[Object], kind: str) -> list[str]:
    """The names of all objects of a kind, those of a namespace as `namespace/name`."""
    found = (each["metadata"] for each in objects if each["kind"] == kind)
    return sorted("/".join(filter(None, (each.get("namespace"), each["name"]))) for each in found)


def container(objects: list[Object]) -> Object:
    """The operator's container."""
    (found,) = one(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    return dict(found)


def copied(folder: Path, version: str) -> Path:
    """A copy of the chart that says to be another version."""
    target = folder / RELEASE
    shutil.copytree(CHART, target)
    head = yaml.safe_load((target / "Chart.yaml").read_text())
    (target / "Chart.yaml").write_text(yaml.safe_dump(head | {"version": version, "appVersion": version}))
    return target


def previous(folder: Path) -> Path:
    """The chart as the version before, whose CRD of registrations did not have its last column yet."""
    chart = copied(folder, "0.0.9")
    path = chart / "files" / "crds" / "runai-registrar.io_runaiclusterregistrations.yaml"
    crd = yaml.safe_load(path.read_text())
    del crd["spec"]["versions"][0]["additionalPrinterColumns"][-1]
    path.write_text(yaml.safe_dump(crd))
    return chart
