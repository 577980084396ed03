"""Calls to a simulated control plane, as a test wants to write them."""

import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from runai_registrar.simulator import Server

CLUSTERS = "/api/v1/clusters"


class Api(httpx.Client):
    """A client of the API port; each method is one call."""

    def __init__(self, url: str, *, trust: ssl.SSLContext | None = None) -> None:
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # for plain HTTP: spares loading certificates
        super().__init__(base_url=url, trust_env=False, timeout=10, verify=trust or bare)

    def log_in(self, client_id: str, client_secret: str) -> Self:
        """Fetch a token and use it from now on."""
        answer = self.token_v2(client_id, client_secret)
        assert answer.status_code == 200, answer.text
        self.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return self

    def token_v2(self, client_id: str, client_secret: str, grant_type: str = "client_credentials") -> httpx.Response:
        """Ask for a token, form-encoded."""
        form = {"grant_type": grant_type, "client_id": client_id, "client_secret": client_secret}
        return self.post("/api/v2/token", data=form)

    def token_v1(self, client_id: str, client_secret: str) -> httpx.Response:
        """Ask for a token in JSON."""
        body = {"grantType": "client_credentials", "clientID": client_id, "clientSecret": client_secret}
        return self.post("/api/v1/token", json=body)

    def create(self, name: str, **fields: str) -> httpx.Response:
        """Create a cluster."""
        return self.post(CLUSTERS, json={"name": name, **fields})

    def new(self, name: str, **fields: str) -> str:
        """Create a cluster and return its uuid."""
        answer = self.create(name, **fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["uuid"])

    def listed(self, **query: str) -> list[dict[str, Any]]:
        """List clusters."""
        answer = self.get(CLUSTERS, params=query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    def names(self, **query: str) -> list[str]:
        """List the names of clusters."""
        return [cluster["name"] for cluster in self.listed(**query)]

    def cluster(self, uuid: str, **query: str) -> httpx.Response:
        """Get a cluster."""
        return self.get(f"{CLUSTERS}/{uuid}", params=query)

    def state(self, uuid: str) -> Any:
        """Get the state a cluster shows."""
        return self.cluster(uuid).json()["status"]["state"]

    def rename(self, uuid: str, name: str) -> httpx.Response:
        """Rename a cluster."""
        return self.put(f"{CLUSTERS}/{uuid}", json={"name": name})

    def remove(self, uuid: str, **query: str) -> httpx.Response:
        """Delete a cluster."""
        return self.delete(f"{CLUSTERS}/{uuid}", params=query)

    def install_info(self, uuid: str, **query: str) -> httpx.Response:
        """Get the installation information of a cluster."""
        return self.get(f"{CLUSTERS}/{uuid}/cluster-install-info", params=query)


def eventually(condition: Callable[[], object]) -> bool:
    """Wait until a condition holds; return False if it does not within ten seconds."""
    deadline = time.monotonic() + 10
    while not (holds := bool(condition())) and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds


def exchange(server: Server, token: str, request: str = "GET /api/v1/clusters") -> bytes:
    """Send one request on a socket of its own and return every byte that comes back before the end.

    Raises:
        ConnectionResetError: The end was a TCP reset.
    """
    address = urlsplit(server.url)
    lines = (f"{request} HTTP/1.1", f"Host: {address.netloc}", f"Authorization: {token}", "Connection: close", "", "")
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall("\r\n".join(lines).encode())
        return b"".join(iter(lambda: connection.recv(65_536), b""))
