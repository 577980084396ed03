"""What is printed works with the real Helm 3 and 4: the values are those of the control plane's own command."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from chart.runai_chart import KEY, VERSION, chart_in, served
from kube import REPOSITORY
from programs.helm import find_or_make
from runai_registrar.controlplane.models import InstallInfo
from runai_registrar.core.installed import Purpose, contents
from runai_registrar.gitops.helm import Install
from runai_registrar.simulator.cluster import Cluster
from runai_registrar.simulator.install import installation_info

PAGE = (REPOSITORY / "docs" / "install-secret.md").read_text()

STAND_IN = """#!/bin/sh
[ "$1" = upgrade ] || exit 0
shift 4
for word in "$@"; do
  shift
  case "$word" in --repo=*) ;; *) set -- "$@" "$word" ;; esac
done
exec {helm} template runai-cluster {chart} "$@"
"""
"""Helm, as far as it needs no cluster: `upgrade` shows what it would apply, of a chart that is here."""


@dataclass
class Machine:
    """A machine with one major version of Helm and, if need be, other programs."""

    major: int
    folder: Path

    def __post_init__(self) -> None:
        """Find or make Helm."""
        self.helm = find_or_make(self.major)

    def put(self, name: str, script: str) -> None:
        """Put a program on its PATH."""
        (self.folder / name).write_text(script)
        (self.folder / name).chmod(0o755)

    def shell(self, command: str, given: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a person types it."""
        path = {"PATH": f"{self.folder}:{self.helm.parent}:/usr/bin:/bin", "HOME": str(self.folder)}
        words = ["/bin/sh", "-c", command]
        return subprocess.run(words, input=given, env=path | variables, capture_output=True, text=True, check=False)  # noqa: S603  # what is tested


@pytest.fixture(params=[3, 4], ids=["helm 3", "helm 4"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    """A machine with either Helm in its turn."""
    (tmp_path / "bin").mkdir()
    return Machine(request.param, tmp_path / "bin")


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """The chart's stand-in."""
    return chart_in(tmp_path)


@pytest.mark.parametrize("domain", ["https://gpu-east.example.com", "gpu-east.example.com", None])
def test_values_render_as_the_control_planes_own_command(machine: Machine, chart: Path, domain: str | None) -> None:
    """A chart makes the same of values.yaml as of the options in the command that the control plane shows to people."""
    control_plane = "app.run.ai"
    cluster = Cluster(1001, "gpu-east", domain, VERSION, 0.0, 0.0)
    info = installation_info(
        cluster, version=VERSION, remote_url=None, control_plane=control_plane, repo="https://charts.example.com"
    )
    purpose = Purpose(cluster.uuid, VERSION, domain, f"https://{control_plane}/")
    values = contents(InstallInfo.model_validate(info), purpose)["values.yaml"].get_secret_value()
    machine.put("helm", STAND_IN.format(helm=machine.helm, chart=chart))
    machine.put("kubectl", f"#!/bin/sh\ncat <<'END'\n{values}END\n")
    install = Install("platform", "gpu-east-install", info["chartRepoURL"], VERSION)
    theirs, *ours = (machine.shell(each) for each in (info["installationStr"], install.hidden(), install.shown(values)))

    assert theirs.returncode == 0, theirs.stderr
    assert yaml.safe_load(theirs.stdout)["data"]["uid"] == cluster.uuid
    assert [(each.returncode, each.stdout) for each in ours] == [(0, theirs.stdout)] * 2


def test_the_option_of_the_page_is_known_to_helm_4_alone(machine: Machine) -> None:
    """`--server-side=false` is an option of Helm 4; Helm 3 refuses it, so that it is printed only when asked for."""
    done = machine.shell(Install("a", "b", "https://x", "1", more=("--server-side=false", "--help")).shown("a: b"))

    assert "-- --server-side=false" in PAGE
    assert (done.returncode == 0) is (machine.major == 4)
    assert machine.major == 4 or "unknown flag: --server-side" in done.stderr


def test_a_repository_that_asks_for_a_login(machine: Machine, chart: Path, tmp_path: Path) -> None:
    """As the page says it: Helm is told the key once, from a file, and the printed command works without it."""
    charts = tmp_path / "charts"
    packed = machine.shell(f"helm package {chart} -d {charts}")
    (tmp_path / "key.txt").write_text(KEY)
    (add,) = re.findall(r"^\$ (helm repo add .*)$", PAGE, re.MULTILINE)
    command = Install("a", "b", "https://x", VERSION, chart="runai/runai-cluster").shown("cluster: {uid: it}")
    words = command.replace("helm upgrade --install", "helm template")
    with served(charts) as address:
        indexed = machine.shell(f"helm repo index {charts} --url {address}")
        stranger = machine.shell(f"helm repo add runai {address}")
        known = machine.shell(add.replace("ngc-key.txt", str(tmp_path / "key.txt")), REPO=address)
        done = machine.shell(words)

    assert [each.returncode for each in (packed, indexed, known)] == [0, 0, 0], known.stderr
    assert stranger.returncode != 0
    assert (done.returncode, yaml.safe_load(done.stdout)["data"]["uid"]) == (0, "it")
    assert KEY not in command
