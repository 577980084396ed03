"""Objects of the two kinds for tests against the API server, and where they live."""

from typing import Any

from kube import Kube, Object
from runai_registrar.resources import API_VERSION, CONTROL_PLANES, REGISTRATIONS

UUID = "3f2b6c1e-8d94-4a57-9c0b-5e7d1f2a3b4c"
OTHER_UUID = "00000000-0000-4000-8000-000000000001"
CONTROL_PLANES_PATH = f"/apis/{API_VERSION}/{CONTROL_PLANES}"


def registrations_path(namespace: str) -> str:
    """Return the path of a namespace's registrations."""
    return f"/apis/{API_VERSION}/namespaces/{namespace}/{REGISTRATIONS}"


def registration(spec: Any, name: str = "gpu-east") -> Object:
    """Return a registration as a user writes it."""
    return {
        "apiVersion": API_VERSION,
        "kind": "RunaiClusterRegistration",
        "metadata": {"name": name},
        "spec": spec,
    }


def control_plane(spec: Any, name: str = "default") -> Object:
    """Return a control plane as an administrator writes it."""
    return {"apiVersion": API_VERSION, "kind": "RunaiControlPlane", "metadata": {"name": name}, "spec": spec}


def registered(
    kube: Kube, namespace: str, spec: Object, uuid: str | None = UUID, origin: str | None = "Created"
) -> str:
    """Create a registration whose status holds a uuid with title, shows one without (origin None), or has none.

    Returns:
        Its path.
    """
    kube.create(registrations_path(namespace), registration(spec))
    path = f"{registrations_path(namespace)}/gpu-east"
    kube.patch(f"{path}/status", {"status": {"uuid": uuid, "origin": origin} if uuid else {}})
    return path
