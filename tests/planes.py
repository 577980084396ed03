"""A simulated control plane on a real socket, and the RunaiControlPlane that points at it."""

import secrets
import socket
import ssl
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from kube import KubeError, Object
from operators import House
from runai_registrar.simulator import Admin, Server, Simulator, running_in_thread
from runai_registrar.simulator.server import Tls

API = "/apis/runai-registrar.io/v1alpha1"
CONTROL_PLANES = f"{API}/runaicontrolplanes"


@dataclass(frozen=True)
class Reloaded(Tls):
    """A certificate that is exchanged while the server runs: new connections meet the new one."""

    live: ssl.SSLContext = field(default_factory=lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))

    def context(self) -> ssl.SSLContext:
        """What the server uses for as long as it runs."""
        self.exchange(self)
        return self.live

    def exchange(self, other: Tls) -> None:
        """Use another certificate from now on."""
        self.live.load_cert_chain(other.certificate, other.key)


class Simulated:
    """A simulated control plane that keeps its address and its state while it goes down and comes up again.

    Attributes:
        tls: Its certificate and key; None: plain http. A change counts from `up` on.
    """

    def __init__(self, tls: Tls | None = None) -> None:
        self.tls = tls
        self._simulator = Simulator()
        self._up = ExitStack()
        self._place: socket.socket | None = None
        self._server = self._serve(0, 0)
        self.url = self._server.url
        self.admin = Admin(self._server.admin_url)
        self.client_id, self.client_secret = self._server.client_id, self._server.client_secret

    def down(self) -> None:
        """Listen no more; nobody else gets the port."""
        self._up.close()
        self._place = socket.socket()
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._place.bind(("127.0.0.1", _port(self.url)))

    def up(self) -> None:
        """Listen again."""
        if self._place is not None:
            self._place.close()
            self._place = None
            self._server = self._serve(_port(self.url), _port(self._server.admin_url))

    def close(self) -> None:
        """Stop for good."""
        self.up()
        self.admin.close()
        self._up.close()

    def _serve(self, port: int, admin_port: int) -> Server:
        return self._up.enter_context(
            running_in_thread(self._simulator, port=port, admin_port=admin_port, tls=self.tls)
        )


class ControlPlane:
    """A RunaiControlPlane of a unique name that points at a simulator, and its Secret; each may be absent."""

    def __init__(self, house: House, simulator: Simulated, name: str | None = None) -> None:
        self.name = name or f"plane-{secrets.token_hex(4)}"
        self.path = f"{CONTROL_PLANES}/{self.name}"
        self._house, self._simulator = house, simulator

    def create(self, **spec: Any) -> Self:
        """Create the object; fields of the spec win over those that fit a test."""
        wanted = {"url": self._simulator.url, "credentialsSecretRef": {"name": self.name}, "pollInterval": "1s"}
        wanted |= {"requestsPerSecond": 500} | spec
        self._house.kube.create(CONTROL_PLANES, custom("RunaiControlPlane", self.name, wanted))
        return self

    def create_secret(self, client_secret: str | None = None) -> Self:
        """Create the Secret, with the simulator's credential unless another secret is given."""
        data = {"clientId": self._simulator.client_id, "clientSecret": client_secret or self._simulator.client_secret}
        secret = {"metadata": {"name": self.name}, "stringData": data}
        self._house.kube.create(f"/api/v1/namespaces/{self._house.namespace}/secrets", secret)
        return self

    def change_secret(self, client_id: str, client_secret: str) -> None:
        """Put another credential into the Secret."""
        data = {"clientId": client_id, "clientSecret": client_secret}
        path = f"/api/v1/namespaces/{self._house.namespace}/secrets/{self.name}"
        self._house.kube.patch(path, {"stringData": data})

    def change(self, **spec: Any) -> None:
        """Change fields of the spec."""
        self._house.kube.patch(self.path, {"spec": spec})

    def remove(self) -> None:
        """Take the object away, if it is there: by force, whoever holds it."""
        with suppress(KubeError):  # it may be gone at any of these moments
            self._house.kube.delete(self.path)
            self._house.kube.patch(self.path, {"metadata": {"finalizers": None}})


def custom(kind: str, name: str, spec: Object) -> Object:
    """An object of our own group, by its name and spec."""
    return {"apiVersion": "runai-registrar.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port
