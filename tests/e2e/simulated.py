"""A simulated control plane as a pod of the image that is tried, and a RunaiControlPlane that points at it."""

import json
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from e2e.cluster import Cluster, Object
from runai_registrar.simulator import Admin

NAME = "simulator"
API_PORT, ADMIN_PORT = 8600, 8601
CLIENT_ID = "registrar"

_CONTAINER = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


class Simulated:
    """The running simulator: its address inside the cluster, its credential, and its admin port.

    Attributes:
        url: What a RunaiControlPlane is to point at.
        client_secret: The secret of `CLIENT_ID`, a new one in every run.
        admin: Looks into it and changes it.
    """

    def __init__(self, namespace: str, client_secret: str, admin: Admin) -> None:
        self.url = f"http://{NAME}.{namespace}.svc"
        self.client_secret, self.admin = client_secret, admin

    def control_plane(self, namespace: str, **spec: Any) -> list[Object]:
        """The `default` RunaiControlPlane and its Secret, which goes into the operator's namespace."""
        data = {"clientId": CLIENT_ID, "clientSecret": self.client_secret}
        head = {"name": "runai-credentials", "namespace": namespace}
        wanted = {"url": self.url, "allowInsecureTransport": True, "credentialsSecretRef": {"name": head["name"]}}
        wanted |= {"pollInterval": "1s"} | spec
        return [
            {"apiVersion": "v1", "kind": "Secret", "metadata": head, "stringData": data},
            {
                "apiVersion": "runai-registrar.io/v1alpha1",
                "kind": "RunaiControlPlane",
                "metadata": {"name": "default"},
                "spec": wanted,
            },
        ]

    def created(self) -> Counter[str]:
        """How often a cluster of each name was created."""
        requests = self.admin.journal(operation="create_cluster")
        return Counter(_name(entry.body) for entry in requests if entry.committed)

    def changes(self) -> Counter[str]:
        """How often each operation has changed something, logins aside."""
        committed = self.admin.counts(committed=True)
        return Counter({name: count for name, count in committed.items() if not name.startswith("token")})

    def named(self, name: str) -> list[str]:
        """The uuids of the clusters of a name."""
        return [each.uuid for each in self.admin.clusters(name=name)]


@contextmanager
def simulating(cluster: Cluster, namespace: str, image: str) -> Iterator[Simulated]:
    """Run the simulator in a namespace, reachable for pods by its Service and from here by its admin port."""
    secret = secrets.token_urlsafe(16)
    cluster.apply(_pod(namespace, image, secret), _service(namespace))
    cluster.wait(f"pod/{NAME}", "condition=Ready", namespace)
    with cluster.forward(NAME, ADMIN_PORT, namespace) as address, Admin(address) as admin:
        admin.settings(connectAfter=1, drainTime=1)
        yield Simulated(namespace, secret, admin)


def _pod(namespace: str, image: str, secret: str) -> Object:
    # The admin port stays on the pod's loopback interface, as it tells secrets and asks for none.
    arguments = ["simulate", "--host=0.0.0.0", f"--port={API_PORT}", f"--admin-port={ADMIN_PORT}"]
    container = {
        "name": NAME,
        "image": image,
        "args": [*arguments, f"--client-id={CLIENT_ID}", f"--client-secret={secret}"],
        "ports": [{"name": "api", "containerPort": API_PORT}],
        "readinessProbe": {"tcpSocket": {"port": "api"}, "periodSeconds": 1},
        "securityContext": _CONTAINER,
    }
    metadata = {"name": NAME, "namespace": namespace, "labels": {"app": NAME}}
    spec = {"containers": [container], "restartPolicy": "Never", "automountServiceAccountToken": False}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _service(namespace: str) -> Object:
    metadata = {"name": NAME, "namespace": namespace}
    spec = {"selector": {"app": NAME}, "ports": [{"port": 80, "targetPort": "api"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def _name(body: str) -> str:
    return str(json.loads(body)["name"])
