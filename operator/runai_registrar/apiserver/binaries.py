"""Finds the servers' programs, or makes them.

===  ======================================================  ====================================================
no.  source                                                  when it is passed over
===  ======================================================  ====================================================
1    ``KUBEBUILDER_ASSETS``                                  unset, or only the controller manager is missing there
2    the cache folder of this project                        something wanted is missing there
3    the official envtest archive, into the cache            no archive for the machine, no internet, another
                                                             checksum, or a controller manager is wanted
4    ``go build``, into the cache                            there is no Go
===  ======================================================  ====================================================

(A whole cluster given by ``RUNAI_REGISTRAR_TEST_KUBECONFIG`` comes before all of these: see `given`.)
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runai_registrar.apiserver import gobuild
from runai_registrar.apiserver.envtest import ENVTEST_VERSION, Archive, archive_for, fetch
from runai_registrar.apiserver.errors import BinariesUnavailableError, DownloadRefusedError
from runai_registrar.apiserver.lock import exclusive
from runai_registrar.apiserver.places import (
    APISERVER,
    CONTROLLER_MANAGER,
    ETCD,
    KUBERNETES_VERSION,
    Platform,
    cache_folder,
    cache_root,
    wanted_programs,
)
from runai_registrar.apiserver.progress import Say, to_stderr

ASSETS_VARIABLE = "KUBEBUILDER_ASSETS"
"""The environment variable that names a folder with the programs, as in controller-runtime."""


@dataclass(frozen=True)
class Binaries:
    """A folder that has the programs wanted, and one word on where it comes from."""

    folder: Path
    source: str

    @property
    def apiserver(self) -> Path:
        """The program kube-apiserver."""
        return self.folder / APISERVER

    @property
    def etcd(self) -> Path:
        """The program etcd."""
        return self.folder / ETCD

    @property
    def controller_manager(self) -> Path:
        """The program kube-controller-manager; there only if it was asked for."""
        return self.folder / CONTROLLER_MANAGER


@dataclass(frozen=True)
class Search:
    """What a search depends on.

    Args:
        environ: The environment: the variables above, ``XDG_CACHE_HOME``, ``HOME``, ``PATH``.
        archive: What source 3 downloads; None: there is none for this machine.
        controller_manager: Whether kube-controller-manager is wanted too.
        machine: What the programs must run on.
        say: Where the progress goes.
    """

    environ: Mapping[str, str]
    archive: Archive | None
    controller_manager: bool = False
    machine: Platform = field(default_factory=Platform.current)
    say: Say = to_stderr

    @classmethod
    def here(cls, *, controller_manager: bool = False, say: Say = to_stderr) -> "Search":
        """The search on this machine, in this process' environment."""
        machine = Platform.current()
        return cls(os.environ, archive_for(machine), controller_manager, machine, say)

    @property
    def programs(self) -> tuple[str, ...]:
        """The names of the programs wanted."""
        return wanted_programs(controller_manager=self.controller_manager)

    def folder(self, version: str) -> Path:
        """The cache folder of one Kubernetes version."""
        return cache_folder(self.environ, version, self.machine)

    def missing_in(self, folder: Path) -> list[str]:
        """The programs wanted that are not in a folder."""
        return [name for name in self.programs if not (folder / name).is_file()]


def find_or_make(search: Search) -> Binaries:
    """The programs from the first source that has them, made or downloaded if need be (minutes, once).

    Raises:
        BinariesUnavailableError: no source has them, or ``KUBEBUILDER_ASSETS`` names a folder without them.
        BuildError: Go failed.
    """
    if found := _from_assets(search) or _from_cache(search):
        return found
    with exclusive(cache_root(search.environ) / ".lock", search.say):
        return _from_cache(search) or _make(search)


def _from_assets(search: Search) -> Binaries | None:
    configured = search.environ.get(ASSETS_VARIABLE)
    if not configured:
        return None
    missing = search.missing_in(Path(configured))
    if missing == [CONTROLLER_MANAGER]:  # an envtest folder never has one
        search.say(f"{ASSETS_VARIABLE} has no {CONTROLLER_MANAGER}; looking elsewhere for all three")
        return None
    if missing:
        raise BinariesUnavailableError(
            f"{ASSETS_VARIABLE} is {configured}, but there is no {' and no '.join(missing)} in it. "
            f"Put it there, or unset {ASSETS_VARIABLE}."
        )
    return Binaries(Path(configured), ASSETS_VARIABLE)


def _from_cache(search: Search) -> Binaries | None:
    for version in (KUBERNETES_VERSION, ENVTEST_VERSION):
        folder = search.folder(version)
        if not search.missing_in(folder):
            return Binaries(folder, "cache")
    return None


def _make(search: Search) -> Binaries:
    reasons: list[str] = []
    try:
        return _from_archive(search)
    except DownloadRefusedError as error:
        reasons.append(str(error))
        search.say(f"  {error}")
    if shutil.which("go", path=search.environ.get("PATH", "")):
        return _from_go(search)
    reasons.append("go is not on the PATH, so they cannot be built here")
    raise BinariesUnavailableError(_ways_out(search, reasons))


def _from_archive(search: Search) -> Binaries:
    if search.controller_manager:
        raise DownloadRefusedError(f"the official envtest archive has no {CONTROLLER_MANAGER}")
    if search.archive is None:
        raise DownloadRefusedError(f"there is no official envtest archive for {search.machine}")
    folder = search.folder(ENVTEST_VERSION)
    fetch(search.archive, folder, search.say)
    return Binaries(folder, "archive")


def _from_go(search: Search) -> Binaries:
    folder = search.folder(KUBERNETES_VERSION)
    gobuild.build(search.missing_in(folder), folder, search.machine, search.environ, search.say)
    return Binaries(folder, "go build")


def _ways_out(search: Search, reasons: list[str]) -> str:
    tried = "\n".join(f"  - {reason}" for reason in reasons)
    return (
        f"The test API server needs {', '.join(search.programs)}, and they are nowhere to be had:\n{tried}\n"
        "Do one of these:\n"
        "  - install Go (https://go.dev/dl), then repeat: they are built once, in about 8 minutes;\n"
        f"  - put the programs in a folder and set {ASSETS_VARIABLE} to it;\n"
        f"  - put the programs in {search.folder(KUBERNETES_VERSION)};\n"
        "  - set RUNAI_REGISTRAR_TEST_KUBECONFIG to the kubeconfig of a cluster for tests, such as one of kind."
    )
