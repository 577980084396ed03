"""The order in which the programs are looked for, and what is said when there are none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from runai_registrar.apiserver.binaries import Search, find_or_make
from runai_registrar.apiserver.envtest import ENVTEST_VERSION, Archive
from runai_registrar.apiserver.errors import BinariesUnavailableError
from runai_registrar.apiserver.places import KUBERNETES_VERSION, Platform, cache_folder

Programs = Callable[..., Path]

MACHINE = Platform("linux", "riscv64")
ALL = ("kube-apiserver", "etcd", "kube-controller-manager")


@pytest.fixture
def lines() -> list[str]:
    """What was said to the person who waits."""
    return []


@pytest.fixture
def search(tmp_path: Path, lines: list[str]) -> Callable[..., Search]:
    """Builds a search in an environment with an empty cache, no Go, and no archive."""

    def build(*, controller_manager: bool = False, archive: Archive | None = None, **environ: str) -> Search:
        environ = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": "", **environ}
        return Search(environ, archive, controller_manager, MACHINE, lines.append)

    return build


def cache_of(search: Search, version: str = KUBERNETES_VERSION) -> Path:
    """The cache folder the search looks into."""
    return cache_folder(search.environ, version, MACHINE)


def test_assets_win_over_the_cache(tmp_path: Path, programs: Programs, search: Callable[..., Search]) -> None:
    """KUBEBUILDER_ASSETS is used although the cache has the programs too."""
    assets = programs(tmp_path / "assets", "kube-apiserver", "etcd")
    looking = search(KUBEBUILDER_ASSETS=str(assets))
    programs(cache_of(looking), *ALL)

    found = find_or_make(looking)

    assert (found.folder, found.source) == (assets, "KUBEBUILDER_ASSETS")


def test_assets_without_a_program_are_an_error(
    tmp_path: Path, programs: Programs, search: Callable[..., Search]
) -> None:
    """A KUBEBUILDER_ASSETS that lacks a server is named, never passed over."""
    assets = programs(tmp_path / "assets", "kube-apiserver")

    with pytest.raises(BinariesUnavailableError, match=r"no etcd in it.*unset KUBEBUILDER_ASSETS"):
        find_or_make(search(KUBEBUILDER_ASSETS=str(assets)))


def test_assets_without_controllers_are_passed_over_aloud(
    tmp_path: Path, programs: Programs, search: Callable[..., Search], lines: list[str]
) -> None:
    """An envtest folder has no controller manager: where one is wanted, all three come from the next source."""
    assets = programs(tmp_path / "assets", "kube-apiserver", "etcd")
    looking = search(KUBEBUILDER_ASSETS=str(assets), controller_manager=True)
    programs(cache_of(looking), *ALL)

    assert find_or_make(looking).source == "cache"
    assert lines == ["KUBEBUILDER_ASSETS has no kube-controller-manager; looking elsewhere for all three"]


@pytest.mark.parametrize("version", [KUBERNETES_VERSION, ENVTEST_VERSION])
def test_cache_is_used(version: str, programs: Programs, search: Callable[..., Search]) -> None:
    """Both what was built and what was downloaded earlier is used without asking anybody."""
    looking = search()
    folder = programs(cache_of(looking, version), "kube-apiserver", "etcd")

    assert find_or_make(looking).folder == folder


def test_newer_version_in_the_cache_wins(programs: Programs, search: Callable[..., Search]) -> None:
    """Of two versions in the cache the one that this project builds is used."""
    looking = search()
    programs(cache_of(looking, ENVTEST_VERSION), "kube-apiserver", "etcd")
    built = programs(cache_of(looking), "kube-apiserver", "etcd")

    assert find_or_make(looking).folder == built


def test_cache_without_a_wanted_program_is_not_enough(programs: Programs, search: Callable[..., Search]) -> None:
    """A cache without the controller manager does not serve those who want one."""
    looking = search(controller_manager=True)
    programs(cache_of(looking), "kube-apiserver", "etcd")

    with pytest.raises(BinariesUnavailableError, match="has no kube-controller-manager"):
        find_or_make(looking)


def test_nothing_available_says_what_to_do(search: Callable[..., Search]) -> None:
    """Without any source the error lists what was tried and each way out."""
    looking = search()

    with pytest.raises(BinariesUnavailableError) as caught:
        find_or_make(looking)

    message = str(caught.value)
    assert "no official envtest archive for linux-riscv64" in message
    assert "go is not on the PATH" in message
    assert str(cache_of(looking)) in message
    assert all(way in message for way in ("install Go", "KUBEBUILDER_ASSETS", "RUNAI_REGISTRAR_TEST_KUBECONFIG"))


def test_unreachable_archive_is_named_among_the_reasons(search: Callable[..., Search], lines: list[str]) -> None:
    """A machine without internet goes on to the next source, and says why."""
    archive = Archive("http://127.0.0.1:1/envtest.tar.gz", "0" * 128)

    with pytest.raises(BinariesUnavailableError, match=r"envtest\.tar\.gz cannot be downloaded: ConnectError"):
        find_or_make(search(archive=archive))
    assert lines[0] == "downloading http://127.0.0.1:1/envtest.tar.gz"
