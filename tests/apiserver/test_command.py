"""The command: a server for playing, from its start to Ctrl-C."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runai_registrar.apiserver import Binaries
from runai_registrar.apiserver.__main__ import main
from runai_registrar.apiserver.kubeconfig import connect

COMMAND = [sys.executable, "-m", "runai_registrar.apiserver"]
CONFIG_MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: greeting}}"


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [*COMMAND, *arguments]
    whole = os.environ | environ
    return subprocess.run(command, env=whole, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603  # our own


def test_build_prints_the_folder(binaries: Binaries) -> None:
    """`build` prints where the programs are, and nothing else on standard output."""
    result = run("build")

    assert (result.returncode, result.stdout) == (0, f"{binaries.folder}\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_server_until_ctrl_c(number: signal.Signals, tmp_path: Path) -> None:
    """`up` applies the manifests, prints the kubeconfig, refuses a second server on it, and cleans up at the end."""
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    (manifests / "greeting.yaml").write_text(CONFIG_MAP)
    kubeconfig = tmp_path / "kubeconfig"
    up = [*COMMAND, "up", "--crds", str(manifests), "--kubeconfig", str(kubeconfig)]
    with subprocess.Popen(up, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:  # noqa: S603  # our own
        assert server.stdout
        assert server.stdout.readline() == f"{kubeconfig}\n"
        with connect(kubeconfig) as client:
            assert client.get("/api/v1/namespaces/default/configmaps/greeting").status_code == 200
        assert run("kubectl-env", "--kubeconfig", str(kubeconfig)).stdout == f"export KUBECONFIG={kubeconfig}\n"
        second = run("up", "--kubeconfig", str(kubeconfig))
        assert (second.returncode, "belongs to a server that is up" in second.stderr) == (2, True)

        server.send_signal(number)
        _, said = server.communicate(timeout=60)

    assert server.returncode == 0
    assert said.endswith("stopped\n")
    assert not kubeconfig.exists()


def test_no_server_to_point_kubectl_at(tmp_path: Path) -> None:
    """`kubectl-env` without a server says how to start one."""
    result = run("kubectl-env", "--kubeconfig", str(tmp_path / "nothing"))

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "error: no server is up; start one with: python -m runai_registrar.apiserver up\n"


def test_missing_programs_are_a_message(tmp_path: Path) -> None:
    """Without the programs the command ends with 2 and a message, and no traceback."""
    result = run("build", KUBEBUILDER_ASSETS=str(tmp_path))

    assert result.returncode == 2
    assert result.stderr.startswith(f"error: KUBEBUILDER_ASSETS is {tmp_path}, but there is no kube-apiserver")
    assert "Traceback" not in result.stderr


def test_wrong_use_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown command ends with 2 and the usage."""
    with pytest.raises(SystemExit) as caught:
        main(["down"])

    assert caught.value.code == 2
    assert "invalid choice: 'down'" in capsys.readouterr().err
