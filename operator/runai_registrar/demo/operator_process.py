"""The operator as a process of its own, as it runs in a pod: only its settings are those of a demo."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from runai_registrar.apiserver.children import Guard

OPERATOR_NAMESPACE = "runai-registrar"
"""Where the credential Secret is."""

SETTINGS = {
    "NAMESPACES": "",
    "SELECTOR": "",
    "OPERATOR_NAMESPACE": OPERATOR_NAMESPACE,
    # The four times of the create protocol, short because everything is on this machine.
    "SETTLE": "8s",
    "FRESHNESS": "3s",
    "REQUEST_TIMEOUT": "3s",
    "LIST_LAG": "1s",
    "HEALTH_HOST": "127.0.0.1",
    "HEALTH_PORT": "0",
    "METRICS_PORT": "0",
    "LEADER_ELECTION": "false",
    "LOG_FORMAT": "text",
}
"""What the story relies on; the user's other `RUNAI_REGISTRAR_*` settings (LOG_LEVEL, WORKERS) reach the operator."""

_PREFIX = "RUNAI_REGISTRAR_"
_IN_CLUSTER = frozenset({"kubernetes_service_host", "kubernetes_service_port"})
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy"})
_GRACE = 10.0
_LOG_HEAD = re.compile(r"^[-\d]+ [:,\d]+ [A-Z]+ +[\w.]+: ")


def environment(environ: Mapping[str, str], kubeconfig: Path) -> dict[str, str]:
    """The operator's environment: the user's, with the demo's settings and kubeconfig.

    In a pod the operator would talk to the cluster around it, and a proxy would be asked for this machine: the
    variables that lead there are left out.
    """
    left_out = _IN_CLUSTER | _PROXIES
    kept = {name: value for name, value in environ.items() if name.lower() not in left_out}
    return kept | {f"{_PREFIX}{name}": value for name, value in SETTINGS.items()} | {"KUBECONFIG": str(kubeconfig)}


class OperatorProcess:
    """The operator, as a context manager; it is stopped at the end of the block.

    Args:
        kubeconfig: The API server it works for.
        log: Where its output goes.
        guard: Who kills it if this process dies without stopping it.
    """

    def __init__(self, kubeconfig: Path, log: Path, guard: Guard) -> None:
        self.log = log
        self._guard = guard
        self._offset = 0
        self._said = ""
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "runai_registrar.cli.main", "operator"],
                env=environment(os.environ, kubeconfig),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the demo, which then stops its parts in order
            )
        guard.watch(self._process.pid)

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def tail(self, lines: int) -> list[str]:
        """The last lines of its output."""
        return self.log.read_text(errors="replace").splitlines()[-lines:]

    def said(self) -> str:
        """What its last log line says, without time and logger."""
        with self.log.open("rb") as file:
            file.seek(self._offset)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            self._said = _LOG_HEAD.sub("", line)
        return self._said

    def stop(self) -> None:
        """End it with SIGTERM, and with SIGKILL if that takes too long; harmless if it has ended already."""
        if self.exit_code is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._guard.forget(self._process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
