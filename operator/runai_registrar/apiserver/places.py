"""Which programs, for which machine, in which folder."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

KUBERNETES_VERSION = "1.37.2"
"""What ``gomodule/go.mod`` builds."""

APISERVER = "kube-apiserver"
ETCD = "etcd"
CONTROLLER_MANAGER = "kube-controller-manager"

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Platform:
    """An operating system and architecture, in the words of Go (``linux``, ``arm64``)."""

    os: str
    arch: str

    @classmethod
    def current(cls) -> "Platform":
        """The machine this runs on; an architecture unknown here keeps its own name."""
        machine = platform.machine().lower()
        return cls(platform.system().lower(), _ARCHITECTURES.get(machine, machine))

    def __str__(self) -> str:
        return f"{self.os}-{self.arch}"


def wanted_programs(*, controller_manager: bool) -> tuple[str, ...]:
    """The names of the programs needed, in the order in which they are built."""
    return (APISERVER, ETCD, CONTROLLER_MANAGER) if controller_manager else (APISERVER, ETCD)


def cache_root(environ: Mapping[str, str]) -> Path:
    """This project's folder in the user's cache directory (XDG Base Directory Specification)."""
    if configured := environ.get("XDG_CACHE_HOME"):
        return Path(configured) / "runai-registrar"
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    return home / ".cache" / "runai-registrar"


def cache_folder(environ: Mapping[str, str], version: str, machine: Platform) -> Path:
    """Where the programs of one Kubernetes version for one machine are kept."""
    return cache_root(environ) / f"kubernetes-{version}-{machine}"
