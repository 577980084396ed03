"""Operator processes, and the namespace in which a module starts them. The fixtures are in `stage`."""

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import yaml

from kube import REPOSITORY, Kube, Object
from reliability import InVain
from runai_registrar.apiserver import Request

ACCOUNT = "runai-registrar"

COMMAND = (sys.executable, "-m", "runai_registrar.cli.main", "operator")

QUICK = {"SETTLE": "5s", "FRESHNESS": "2s", "REQUEST_TIMEOUT": "2s", "LIST_LAG": "1s"}
"""Times of the create protocol that are as safe as the shipped ones and shorter."""

PATIENCE = 30.0
"""Seconds until a wait has failed; far more than anything takes, because the machine may be busy."""

_PAUSE = 0.05
_STARTED = re.compile(r"started; health on port (\d+)")


def until(holds: Callable[[], bool], what: str, timeout: float = PATIENCE) -> None:
    """Return as soon as a condition holds; InVain if it never does."""
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() >= deadline:
            raise InVain(f"never came about in {timeout:g} s: {what}")
        time.sleep(_PAUSE)


class Operator:
    """One operator process, ready when the block begins; at its end it is stopped by SIGTERM and its log is judged.

    Args:
        environ: All of its environment.
        log: Where its standard error goes.
        command: The program with its arguments.
    """

    def __init__(self, environ: dict[str, str], log: Path, command: Sequence[str] = COMMAND) -> None:
        self._log = log
        self._allowed: list[str] = []
        with log.open("w") as sink:
            self.process = subprocess.Popen(command, env=environ, stdout=sink, stderr=sink)  # noqa: S603  # our own command, no shell
        self.port = 0

    @property
    def log(self) -> str:
        """What it has written so far."""
        return self._log.read_text()

    def allow(self, part: str) -> None:
        """Let lines that contain this be errors."""
        self._allowed.append(part)

    def complaints(self) -> list[str]:
        """The error lines of its log that were not allowed."""
        bad = [line for line in self.log.splitlines() if "ERROR" in line or "Traceback" in line]
        return [line for line in bad if not any(part in line for part in self._allowed)]

    def health(self, path: str) -> httpx.Response:
        """The answer of `/healthz` or `/readyz`."""
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False)

    def wait_ready(self, timeout: float = PATIENCE) -> Self:
        """Return when `/readyz` answers 200."""
        until(self._is_ready, f"an operator that is ready; its log:\n{self.log}", timeout)
        return self

    def stop(self) -> None:
        """Ask it to end; it must do so by itself, with code 0 and without a word of complaint."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(PATIENCE)
        assert code == 0, f"the operator ended with {code}:\n{self.log}"
        assert not self.complaints(), self.log

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, f"the operator ended with {self.process.returncode}:\n{self.log}"
        found = _STARTED.search(self.log)
        self.port = int(found[1]) if found else 0
        return bool(self.port) and self.health("/readyz").status_code == httpx.codes.OK

    def __enter__(self) -> Self:
        return self.wait_ready()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None and self.process.returncode != -signal.SIGKILL:
            self.stop()
        elif self.process.poll() is None:
            self.kill()


class House:
    """A namespace with what an operator needs there: a service account with the rights of `deploy/`."""

    def __init__(self, kube: Kube, folder: Path) -> None:
        self.kube, self._folder = kube, folder
        self.namespace = f"house-{secrets.token_hex(4)}"
        self.user = f"system:serviceaccount:{self.namespace}:{ACCOUNT}"
        self.operators: list[Operator] = []
        kube.create("/api/v1/namespaces", {"metadata": {"name": self.namespace}})
        for manifest in yaml.safe_load_all((REPOSITORY / "deploy" / "rbac.yaml").read_text()):
            if manifest["kind"] != "Namespace":
                kube.apply(yaml.safe_dump(self._moved(manifest)), self.namespace)
        self.kubeconfig = kube.kubeconfig_as(self.namespace, ACCOUNT, folder)

    def operator(self, **settings: str) -> Operator:
        """Start an operator that watches this namespace only; settings as in `RUNAI_REGISTRAR_<NAME>`."""
        log = self._folder / f"operator-{len(self.operators)}.log"
        self.operators.append(Operator(self.environ(**settings), log))
        return self.operators[-1]

    def environ(self, **settings: str) -> dict[str, str]:
        """The environment of an operator of this house; settings win over those that fit a test."""
        chosen = {"NAMESPACES": self.namespace, "OPERATOR_NAMESPACE": self.namespace, "HEALTH_HOST": "127.0.0.1"}
        chosen |= {"HEALTH_PORT": "0", "LOG_LEVEL": "debug"} | QUICK | settings
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("RUNAI_REGISTRAR_")}
        environ = inherited | {"KUBECONFIG": str(self.kubeconfig), "PYTHONPATH": str(REPOSITORY / "operator")}
        return environ | {f"RUNAI_REGISTRAR_{name}": value for name, value in chosen.items()}

    @property
    def staffed(self) -> bool:
        """Whether an operator runs."""
        return any(each.process.poll() is None for each in self.operators)

    def complaints(self) -> list[str]:
        """The error lines in the logs of all its operators so far that were not allowed."""
        return [line for each in self.operators for line in each.complaints()]

    def logs(self) -> str:
        """The log of the latest operator."""
        return self.operators[-1].log if self.operators else "no operator was started"

    def requests(self, **wanted: str | bool) -> list[Request]:
        """What operators of this house have asked the API server for."""
        return self.kube.requests(user=self.user, **wanted)

    def writes(self, **wanted: str) -> Counter[tuple[str, str]]:
        """What they have written, as (verb, resource/subresource)."""
        return Counter((each.verb, each.target) for each in self.requests(is_write=True, **wanted))

    def _moved(self, manifest: Object) -> Object:
        """A manifest of `deploy/rbac.yaml` for this namespace; what belongs to no namespace gets a name of its own."""
        metadata = {"name": manifest["metadata"]["name"]}
        if "namespace" in manifest["metadata"]:
            metadata["namespace"] = self.namespace
        else:
            metadata["name"] += f"-{self.namespace}"
        moved = {**manifest, "metadata": metadata}
        if "roleRef" in manifest:
            suffix = f"-{self.namespace}" if manifest["roleRef"]["kind"] == "ClusterRole" else ""
            moved["roleRef"] = {**manifest["roleRef"], "name": manifest["roleRef"]["name"] + suffix}
            moved["subjects"] = [{**subject, "namespace": self.namespace} for subject in manifest["subjects"]]
        return moved
