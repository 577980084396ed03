"""The script behind `make e2e-kind`, with docker, kind and make played by programs that write down their calls."""

import os
import subprocess
from pathlib import Path

import pytest

from house.repository import ROOT, run

WRITES_ITS_CALL = """#!/bin/sh
echo "$(basename "$0") $*"
case "$*" in *"{failing}"*) exit 3 ;; esac
"""


def played(
    tmp_path: Path, failing: str = "nothing at all", programs: tuple[str, ...] = ("docker", "kind", "make")
) -> subprocess.CompletedProcess[str]:
    """Run the script with programs of which one fails where its arguments contain a text."""
    for name in programs:
        (tmp_path / name).write_text(WRITES_ITS_CALL.format(failing=failing))
        (tmp_path / name).chmod(0o755)
    path = os.pathsep.join([str(tmp_path), "/usr/bin", "/bin"])
    return run(
        ROOT / "tests" / "e2e" / "kind.sh", cwd=tmp_path, PATH=path, TMPDIR=str(tmp_path), KIND_ARGS="--image node:1"
    )


def test_image_cluster_tests_and_away(tmp_path: Path) -> None:
    """The image is built, the cluster made and given the image, the tests run on it, and the cluster is deleted."""
    ran = played(tmp_path)
    folder = next(word for word in ran.stdout.split() if word.startswith("KUBECONFIG=")).partition("=")[2]

    assert ran.stdout.splitlines() == [
        "make image IMAGE=runai-registrar:e2e IMAGE_ARGS=",
        f"kind create cluster --name runai-registrar-e2e --kubeconfig {folder} --wait 2m --image node:1",
        "kind load docker-image runai-registrar:e2e --name runai-registrar-e2e",
        f"make e2e KUBECONFIG={folder} IMAGE=runai-registrar:e2e",
        "kind delete cluster --name runai-registrar-e2e",
    ], ran.stderr
    assert ran.returncode == 0
    assert not Path(folder).parent.exists()


@pytest.mark.parametrize("failing", ["make e2e", "create cluster", "load docker-image"])
def test_a_failure_deletes_the_cluster_too(tmp_path: Path, failing: str) -> None:
    """Whatever fails, the cluster is deleted, and the script ends as the failure did."""
    ran = played(tmp_path, failing.removeprefix("make "))

    assert ran.returncode == 3
    assert ran.stdout.splitlines()[-1] == "kind delete cluster --name runai-registrar-e2e"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """Without kind nothing is built, and the message says what is missing."""
    ran = played(tmp_path, programs=("docker", "make"))

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "make e2e-kind: there is no kind\n"
