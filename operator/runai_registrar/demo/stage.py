"""The stage: an API server, a simulated control plane and the operator, started in this order, stopped in reverse."""

import base64
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from runai_registrar.apiserver import ApiServer, Search, find_or_make, install_crds
from runai_registrar.apiserver.children import Guard
from runai_registrar.demo.errors import DemoFailedError
from runai_registrar.demo.kubernetes import Kubernetes
from runai_registrar.demo.operator_process import OPERATOR_NAMESPACE, OperatorProcess
from runai_registrar.demo.scene import Scene, pair, plane
from runai_registrar.simulator import Admin, Server, Settings, Simulator, running_in_thread

DRAIN_TIME = 4.0
"""Seconds that a graceful deletion takes in the simulated control plane."""

CREDENTIALS = "runai-credentials"
"""The Secret with the credential of the control plane."""

_TAIL = 12


class Stage:
    """What a story is played on.

    Attributes:
        kubernetes: The demo's hand in Kubernetes.
        admin: Its hand in the control plane, behind the operator's back.
        url: The control plane's API.
        admin_url: Its admin port.
        kubeconfig: The administrator's kubeconfig.
        operator: The operator's process.
    """

    def __init__(
        self, server: ApiServer, simulator: Server, kubernetes: Kubernetes, admin: Admin, operator: OperatorProcess
    ) -> None:
        self.kubernetes, self.admin, self.operator = kubernetes, admin, operator
        self.url, self.admin_url = simulator.url, simulator.admin_url
        self.kubeconfig = server.kubeconfig
        self._server = server

    def look(self) -> Scene:
        """See both sides as they are now.

        Raises:
            DemoFailedError: A part has ended by itself.
        """
        self._require_life()
        control_plane = self.kubernetes.control_plane()
        return Scene(
            rows=pair(self.kubernetes.registrations(), self.admin.clusters()),
            plane=plane(control_plane) if control_plane else None,
            said=self.operator.said(),
        )

    def uuid_of(self, registration: str) -> str:
        """The uuid that a registration holds now."""
        row = self.look().row(registration)
        if row is None:
            raise DemoFailedError(f"There is no registration {registration}.")
        return row.uuid

    def calls(self) -> Counter[str]:
        """What the control plane was asked so far, as `operation status`."""
        return Counter(f"{entry.operation} {entry.status}" for entry in self.admin.journal())

    def last_lines(self) -> str:
        """The operator's last log lines, for a person who has to find out what went wrong."""
        return "\n".join(f"  {line}" for line in self.operator.tail(_TAIL))

    def _require_life(self) -> None:
        if self.operator.exit_code is not None:
            raise DemoFailedError(
                f"The operator has ended by itself, with exit code {self.operator.exit_code}. "
                f"Its last lines:\n{self.last_lines()}"
            )
        if not self._server.running:
            raise DemoFailedError("The API server has ended by itself.")


@contextmanager
def open_stage(say: Callable[[str], None]) -> Iterator[Stage]:
    """Start every part; at the end of the block nothing is left, neither a process nor a file.

    The server is always one of the demo's own: no cluster that a kubeconfig names is ever touched.

    Args:
        say: Where lines of progress go; a first run makes programs for minutes.

    Raises:
        ApiServerError: The API server cannot be had; the message says what to do.
        OSError: No port or no folder can be had.
    """
    binaries = find_or_make(Search.here(say=say))
    say("starting kube-apiserver and etcd")
    with (
        ApiServer(binaries, say=say) as server,
        running_in_thread(_simulator()) as simulator,
        Kubernetes(server.kubeconfig) as kubernetes,
        Admin(simulator.admin_url) as admin,
    ):
        say(f"a simulated Run:ai control plane is at {simulator.url}")
        _furnish(server.kubeconfig, simulator, kubernetes)
        say("starting the operator")
        with _operator(server.kubeconfig) as operator:
            try:
                yield Stage(server, simulator, kubernetes, admin, operator)
            finally:
                say("stopping the operator, the control plane and the API server")


@contextmanager
def _operator(kubeconfig: Path) -> Iterator[OperatorProcess]:
    with (
        tempfile.TemporaryDirectory(prefix="runai-registrar-demo-") as folder,
        Guard() as guard,
        OperatorProcess(kubeconfig, Path(folder) / "operator.log", guard) as operator,
    ):
        yield operator


def _simulator() -> Simulator:
    return Simulator(Settings(connect_after=None, drain_time=DRAIN_TIME))


def _furnish(kubeconfig: Path, simulator: Server, kubernetes: Kubernetes) -> None:
    install_crds(kubeconfig, _crds())
    kubernetes.apply(_credentials(simulator))
    with Admin(simulator.admin_url) as admin:
        admin.create("legacy", version="2.24.18", state="Connected")


def _credentials(simulator: Server) -> str:
    """The operator's namespace and the credential in it, as JSON documents (which are YAML)."""
    place = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OPERATOR_NAMESPACE}}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": CREDENTIALS, "namespace": OPERATOR_NAMESPACE},
        "data": {
            "clientId": base64.b64encode(simulator.client_id.encode()).decode(),
            "clientSecret": base64.b64encode(simulator.client_secret.encode()).decode(),
        },
    }
    return f"{json.dumps(place)}\n---\n{json.dumps(secret)}\n"


def _crds() -> Path:
    """The folder of the CRDs: inside an installed package, at the top of a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "crds"
    return installed if installed.is_dir() else package.parents[1] / "crds"
