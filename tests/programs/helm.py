"""Finds Helm 3 and Helm 4, or makes them: `python tests/programs/helm.py` does it ahead of time.

===  ============================================  ==============================================================
no.  source                                        when it is passed over
===  ============================================  ==============================================================
1    `helm`, `helm3` or `helm4` on the PATH        another major version, or older than these tests need
2    the cache folder of this project              not there yet
3    `go build`, into the cache                    there is no Go
===  ============================================  ==============================================================
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from runai_registrar.apiserver import gobuild
from runai_registrar.apiserver.errors import ApiServerError, BinariesUnavailableError
from runai_registrar.apiserver.lock import exclusive
from runai_registrar.apiserver.places import Platform, cache_root
from runai_registrar.apiserver.progress import Say, to_stderr

MODULE = Path(__file__).parent / "gomodule"
"""The Go module that pins both and all their dependencies."""

_KUBERNETES = "v3/pkg/{place}.k8sVersion{part}={value}"


@dataclass(frozen=True)
class Release:
    """One release of Helm, and the oldest of its major version that these tests can do with."""

    version: str
    oldest: tuple[int, int]

    @property
    def major(self) -> int:
        """3 or 4."""
        return int(self.version.partition(".")[0])

    @property
    def program(self) -> gobuild.Program:
        """What Go builds."""
        package = f"helm.sh/helm/v{self.major}"
        stamps = [f"-X {package}/internal/version.version=v{self.version}", *_kubernetes_stamps(self.major)]
        return gobuild.Program("helm", f"{package}/cmd/helm", MODULE, " ".join(["-s", "-w", *stamps]))


RELEASES = {3: Release("3.22.0", oldest=(3, 18)), 4: Release("4.3.1", oldest=(4, 0))}
"""What `gomodule/go.mod` pins, by major version; 3.18 is the first with today's checks of values."""


def find_or_make(major: int, environ: Mapping[str, str] = os.environ, say: Say = to_stderr) -> Path:
    """Helm of a major version, built if need be (minutes, once).

    Raises:
        BinariesUnavailableError: it is not to be had.
        BuildError: Go failed.
    """
    release, machine = RELEASES[major], Platform.current()
    folder = cache_root(environ) / f"helm-{release.version}-{machine}"
    if found := _on_path(release, environ) or _in(folder):
        return found
    with exclusive(cache_root(environ) / ".lock", say):
        return _in(folder) or _build(release, folder, machine, environ, say)


def _on_path(release: Release, environ: Mapping[str, str]) -> Path | None:
    for name in ("helm", f"helm{release.major}"):
        program = shutil.which(name, path=environ.get("PATH", ""))
        if program and _fits(release, _version(program)):
            return Path(program)
    return None


def _in(folder: Path) -> Path | None:
    return folder / "helm" if (folder / "helm").is_file() else None


def _build(release: Release, folder: Path, machine: Platform, environ: Mapping[str, str], say: Say) -> Path:
    if not shutil.which("go", path=environ.get("PATH", "")):
        raise BinariesUnavailableError(
            f"The chart's tests need Helm {release.major}, and it is neither on the PATH nor in {folder}; "
            "it cannot be built either, because there is no go. Install it (https://helm.sh), or Go (https://go.dev/dl)."
        )
    say(f"building Helm {release.version} with Go, once: up to 5 minutes on two cores. It is kept in {folder}")
    gobuild.build_programs([release.program], folder, machine, environ, say)
    return folder / "helm"


def _fits(release: Release, version: tuple[int, int]) -> bool:
    return version[0] == release.major and version >= release.oldest


def _version(program: str) -> tuple[int, int]:
    asked = subprocess.run([program, "version", "--short"], capture_output=True, text=True, check=False)  # noqa: S603  # a program of the user's own PATH
    found = re.match(r"v(\d+)\.(\d+)\.", asked.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _kubernetes_stamps(major: int) -> Iterator[str]:
    """Helm 3 believes itself to be for Kubernetes 1.20 unless told (its Makefile does); Helm 4 knows by itself."""
    if major == 3:
        found = re.search(r"k8s\.io/client-go v0\.(\d+)\.", (MODULE / "go.mod").read_text())
        minor = found[1] if found else "0"
        for place in ("chartutil", "lint/rules"):
            yield f"-X helm.sh/helm/{_KUBERNETES.format(place=place, part='Major', value=1)}"
            yield f"-X helm.sh/helm/{_KUBERNETES.format(place=place, part='Minor', value=minor)}"


def main() -> int:
    """Find or make both, and print where they are; 2 where one is not to be had."""
    try:
        print(*(find_or_make(major) for major in RELEASES), sep="\n")  # noqa: T201  # a command prints
    except ApiServerError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
