"""Builds the servers with Go from the module in ``gomodule/``: the way that works wherever Go modules can be had."""

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runai_registrar.apiserver.errors import BuildError
from runai_registrar.apiserver.places import APISERVER, CONTROLLER_MANAGER, ETCD, KUBERNETES_VERSION, Platform
from runai_registrar.apiserver.progress import Say, Stopwatch

MODULE = Path(__file__).parent / "gomodule"
"""The Go module that pins every dependency: ``go.mod`` names the programs as tools, ``go.sum`` has the checksums."""

_PACKAGES = {
    APISERVER: "k8s.io/kubernetes/cmd/kube-apiserver",
    ETCD: "go.etcd.io/etcd/server/v3",
    CONTROLLER_MANAGER: "k8s.io/kubernetes/cmd/kube-controller-manager",
}
_TAIL = 20


@dataclass(frozen=True)
class Program:
    """What Go builds: the program's name, its package, the folder of the module that pins it, and linker flags."""

    name: str
    package: str
    module: Path
    linker_flags: str = "-s -w"


def build(names: Sequence[str], folder: Path, machine: Platform, environ: Mapping[str, str], say: Say) -> None:
    """Build the named programs into a folder, each put there only when it is complete.

    Args:
        names: Some of ``kube-apiserver``, ``etcd``, ``kube-controller-manager``.
        folder: Where they go; made if need be.
        machine: What they are built for.
        environ: The environment Go runs with; ``PATH`` must have ``go``.
        say: Where the progress goes.

    Raises:
        BuildError: Go failed; the message ends with the tail of its output.
    """
    say(f"building {', '.join(names)} of Kubernetes {KUBERNETES_VERSION} with Go, once: up to 8 minutes on two cores.")
    say(f"  They are kept in {folder}")
    programs = [Program(name, _PACKAGES[name], MODULE, _linker_flags()) for name in names]
    build_programs(programs, folder, machine, environ, say)


def build_programs(
    programs: Sequence[Program], folder: Path, machine: Platform, environ: Mapping[str, str], say: Say
) -> None:
    """Build programs of any pinned module, as `build` does.

    Raises:
        BuildError: Go failed; the message ends with the tail of its output.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as scratch:
        for program in programs:
            _build_one(program, Path(scratch), _environment(environ, machine), say)
            (Path(scratch) / program.name).replace(folder / program.name)


def _build_one(program: Program, scratch: Path, environ: Mapping[str, str], say: Say) -> None:
    log = scratch / f"{program.name}.log"
    watch = Stopwatch(f"building {program.name}", say)
    with log.open("wb") as output:
        code = _run(_command(program, scratch), program.module, environ, output.fileno(), watch)
    if code != 0:
        raise BuildError(f"go build of {program.name} failed with exit code {code}:\n{_tail(log)}")
    say(f"  {program.name}: built in {watch.elapsed:.0f} s")


def _run(command: Sequence[str], module: Path, environ: Mapping[str, str], output: int, watch: Stopwatch) -> int:
    with subprocess.Popen(  # noqa: S603  # our own arguments, no shell
        command, cwd=module, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
    ) as go:
        try:
            while True:
                try:
                    return go.wait(timeout=1)
                except subprocess.TimeoutExpired:
                    watch.tick()
        finally:
            if go.poll() is None:  # interrupted: the compiler must not go on alone
                go.terminate()


def _command(program: Program, scratch: Path) -> list[str]:
    flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", program.linker_flags]
    return ["go", "build", *flags, "-o", str(scratch / program.name), program.package]


def _linker_flags() -> str:
    major, minor, _ = KUBERNETES_VERSION.split(".")
    values = {"gitVersion": f"v{KUBERNETES_VERSION}", "gitMajor": major, "gitMinor": minor}
    stamps = [f"-X k8s.io/component-base/version.{key}={value}" for key, value in values.items()]
    return " ".join(["-s", "-w", *stamps])


def _environment(environ: Mapping[str, str], machine: Platform) -> dict[str, str]:
    return {**environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOOS": machine.os, "GOARCH": machine.arch}


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL:])
