"""Building with Go, as far as it can be told without waiting eight minutes: what Go is asked, and what is kept."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runai_registrar.apiserver.binaries import Search, find_or_make
from runai_registrar.apiserver.errors import BuildError
from runai_registrar.apiserver.gobuild import MODULE
from runai_registrar.apiserver.places import KUBERNETES_VERSION, Platform

MACHINE = Platform("linux", "riscv64")

GO_THAT_WRITES = """#!/bin/sh
echo "$CGO_ENABLED $GOOS $GOARCH $*" >> "$GO_CALLS"
while [ "$1" != -o ]; do shift; done
echo program > "$2"
"""
GO_THAT_TAKES_TIME = GO_THAT_WRITES.replace("\n", "\nsleep 0.3\n", 1)
GO_THAT_FAILS = """#!/bin/sh
echo "go: cannot find module providing package" >&2
exit 1
"""


@pytest.fixture
def lines() -> list[str]:
    """What was said to the person who waits."""
    return []


def search_with(go: str, tmp_path: Path, lines: list[str], *, controller_manager: bool = False) -> Search:
    """A search where only Go is there, played by a shell script."""
    program = tmp_path / "bin" / "go"
    program.parent.mkdir()
    program.write_text(go)
    program.chmod(0o755)
    environ = {
        "PATH": f"{program.parent}:/usr/bin:/bin",
        "XDG_CACHE_HOME": str(tmp_path),
        "GO_CALLS": str(tmp_path / "calls"),
    }
    return Search(environ, None, controller_manager, MACHINE, lines.append)


def test_all_programs_are_built_once(tmp_path: Path, lines: list[str]) -> None:
    """Each program is built for the machine, statically and with its version; the next search finds them."""
    search = search_with(GO_THAT_WRITES, tmp_path, lines, controller_manager=True)

    assert find_or_make(search).source == "go build"
    assert find_or_make(search).source == "cache"

    calls = (tmp_path / "calls").read_text().splitlines()
    assert [call.split("/")[-1] for call in calls] == ["kube-apiserver", "v3", "kube-controller-manager"]
    assert all(call.startswith("0 linux riscv64 build -mod=readonly -trimpath") for call in calls)
    assert all(f"version.gitVersion=v{KUBERNETES_VERSION}" in call for call in calls)


def test_waiting_is_announced(tmp_path: Path, lines: list[str]) -> None:
    """Before a build it is said how long it takes and where the result is kept."""
    search = search_with(GO_THAT_WRITES, tmp_path, lines)

    find_or_make(search)

    said = "\n".join(lines)
    assert "building kube-apiserver, etcd of Kubernetes 1.37.2 with Go, once: up to 8 minutes" in said
    assert f"kept in {search.folder(KUBERNETES_VERSION)}" in said


def test_only_what_is_missing_is_built(tmp_path: Path, lines: list[str]) -> None:
    """Who has the servers already builds the controller manager alone."""
    search = search_with(GO_THAT_WRITES, tmp_path, lines, controller_manager=True)
    folder = search.folder(KUBERNETES_VERSION)
    folder.mkdir(parents=True)
    for name in ("kube-apiserver", "etcd"):
        (folder / name).write_text("from before")

    find_or_make(search)

    assert (tmp_path / "calls").read_text().count("\n") == 1
    assert (folder / "etcd").read_text() == "from before"


def test_failed_build_shows_what_go_said(tmp_path: Path, lines: list[str]) -> None:
    """A failed build ends with Go's own words, and keeps nothing."""
    search = search_with(GO_THAT_FAILS, tmp_path, lines)

    with pytest.raises(BuildError, match=r"(?s)kube-apiserver failed with exit code 1.*cannot find module"):
        find_or_make(search)
    assert list(search.folder(KUBERNETES_VERSION).iterdir()) == []


def test_two_searches_do_not_build_at_once(tmp_path: Path, lines: list[str]) -> None:
    """Who comes while another one builds waits for it, and uses what it has built."""
    search = search_with(GO_THAT_TAKES_TIME, tmp_path, lines)

    with ThreadPoolExecutor(2) as pool:
        sources = sorted(found.source for found in pool.map(find_or_make, [search, search]))

    assert sources == ["cache", "go build"]
    assert (tmp_path / "calls").read_text().count("\n") == 2


def test_module_names_what_is_built() -> None:
    """The Go module pins the version that the cache folder is called by, and names each program as a tool."""
    text = (MODULE / "go.mod").read_text()

    assert f"k8s.io/kubernetes v{KUBERNETES_VERSION} " in text
    assert "\tgo.etcd.io/etcd/server/v3\n" in text
    assert "\tk8s.io/kubernetes/cmd/kube-apiserver\n" in text
    assert "\tk8s.io/kubernetes/cmd/kube-controller-manager\n" in text
    assert (MODULE / "go.sum").stat().st_size > 0
