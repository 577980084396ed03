"""Where Helm comes from, with shell scripts in the place of Helm and Go."""

import re
from pathlib import Path

import pytest

from programs.helm import MODULE, RELEASES, find_or_make
from runai_registrar.apiserver.errors import BinariesUnavailableError

GO = """#!/bin/sh
echo "$PWD $*" >> "$GO_CALLS"
while [ "$1" != -o ]; do shift; done
echo program > "$2"
"""


class Machine:
    """A machine with a cache and a PATH of its own."""

    def __init__(self, folder: Path) -> None:
        self._programs = folder / "bin"
        self._programs.mkdir()
        self.calls = folder / "calls"
        self.cache = folder / "runai-registrar"
        self.said: list[str] = []
        self.environ = {"PATH": str(self._programs), "XDG_CACHE_HOME": str(folder), "GO_CALLS": str(self.calls)}

    def put(self, name: str, script: str) -> Path:
        """Put a program on the PATH."""
        program = self._programs / name
        program.write_text(script)
        program.chmod(0o755)
        return program

    def helm(self, name: str, version: str) -> Path:
        """Put a Helm on the PATH that says to be of a version."""
        return self.put(name, f"#!/bin/sh\necho {version}\n")

    def find(self, major: int) -> Path:
        """Look for Helm there."""
        return find_or_make(major, self.environ, self.said.append)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine without Helm and without Go."""
    return Machine(tmp_path)


def test_the_users_own_helm_is_taken(machine: Machine) -> None:
    """A Helm on the PATH that is of the right major version is used, under either name."""
    three, four = machine.helm("helm3", "v3.19.0+g1234567"), machine.helm("helm", "v4.1.0")

    assert (machine.find(3), machine.find(4)) == (three, four)


@pytest.mark.parametrize("version", ["v4.3.1", "v3.17.4", "nonsense"])
def test_another_helm_is_passed_over(machine: Machine, version: str) -> None:
    """One of another major version, or too old, is not used; Helm is built instead."""
    machine.helm("helm", version)
    machine.put("go", GO)

    assert machine.find(3).is_relative_to(machine.cache)


def test_it_is_built_once(machine: Machine) -> None:
    """Go builds it in the pinned module, and says so; the next one finds it in the cache, without Go."""
    go = machine.put("go", GO)
    built = machine.find(4)
    go.unlink()

    assert machine.find(4) == built
    (call,) = machine.calls.read_text().splitlines()
    assert call.startswith(f"{MODULE} build -mod=readonly -trimpath")
    assert call.endswith("helm.sh/helm/v4/cmd/helm")
    assert f"-X helm.sh/helm/v4/internal/version.version=v{RELEASES[4].version}" in call
    assert f"building Helm {RELEASES[4].version} with Go, once" in machine.said[0]


def test_helm_3_is_told_its_kubernetes(machine: Machine) -> None:
    """Helm 3 is built for the Kubernetes of its client libraries, as its own releases are."""
    machine.put("go", GO)
    machine.find(3)
    found = re.search(r"client-go v0\.(\d+)", (MODULE / "go.mod").read_text())

    assert found
    assert f"chartutil.k8sVersionMinor={found[1]}" in machine.calls.read_text()


def test_without_go_the_ways_out_are_named(machine: Machine) -> None:
    """Where it is not to be had one learns what to install."""
    with pytest.raises(BinariesUnavailableError, match=r"need Helm 3.*there is no go.*Install it"):
        machine.find(3)


def test_module_names_what_is_built() -> None:
    """The Go module pins the versions that the cache folders are called by."""
    text = (MODULE / "go.mod").read_text()

    for major, release in RELEASES.items():
        assert f"helm.sh/helm/v{major} v{release.version} " in text
        assert f"helm.sh/helm/v{major}/cmd/helm\n" in text
