"""The admission policies of `deploy/policies.yaml` on the API server of a test session.

They hold for the whole server, so a module puts them in force for itself alone.
"""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import yaml

from kube import REPOSITORY, Kube, KubeError, Object
from operators import until
from planes import API, CONTROL_PLANES, custom

POLICIES = REPOSITORY / "deploy" / "policies.yaml"
MANIFESTS: list[Object] = list(yaml.safe_load_all(POLICIES.read_text()))
NAMES = [each["metadata"]["name"] for each in MANIFESTS if each["kind"] == "ValidatingAdmissionPolicy"]
REGISTRATION, NAMESPACE, PLANE = NAMES

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
BINDINGS = f"{ADMISSION}/validatingadmissionpolicybindings"

_FORBIDDEN = 403


@contextmanager
def in_force(kube: Kube) -> Iterator[None]:
    """Apply the policies as a user does; they are refusing within the block, and are gone and forgotten after it."""
    with ExitStack() as ends:
        probes = _probes(kube, ends)
        ends.callback(until, lambda: not any(refused(kube, path) for path in probes), "policies that are forgotten")
        ends.callback(kube.kubectl, "delete", "--filename", str(POLICIES))
        applied = kube.kubectl("apply", "--filename", str(POLICIES))
        assert (applied.returncode, applied.stderr) == (0, "")
        until(lambda: all(refused(kube, path) for path in probes), "policies in force")
        yield


@contextmanager
def lifted(kube: Kube, name: str, path: str) -> Iterator[None]:
    """Take one binding away: nobody refuses the deletion of the object at `path` within the block."""
    (binding,) = (one for one in MANIFESTS if one["kind"].endswith("Binding") and one["metadata"]["name"] == name)
    kube.delete(f"{BINDINGS}/{name}")
    until(lambda: not refused(kube, path), "a binding that is forgotten")
    yield
    kube.create(BINDINGS, binding)


def refused(kube: Kube, path: str) -> bool:
    """Whether the API server would refuse to delete an object."""
    try:
        kube.delete(path, dryRun="All")
    except KubeError as error:
        if error.code == _FORBIDDEN:
            return True
        raise
    return False


def _probes(kube: Kube, ends: ExitStack) -> list[str]:
    """Make one object for each policy to refuse; they are taken away at the very end."""
    name = f"probe-{secrets.token_hex(4)}"
    home, plane = f"/api/v1/namespaces/{name}", f"{CONTROL_PLANES}/{name}"
    made = f"{API}/namespaces/{name}/runaiclusterregistrations/{name}"
    spec = {"url": "https://runai.example.com", "credentialsSecretRef": {"name": name}, "suspend": True}
    kube.create("/api/v1/namespaces", {"metadata": {"name": name}})
    ends.callback(kube.delete, home)
    kube.create(made.rpartition("/")[0], custom("RunaiClusterRegistration", name, {"deletionProtection": True}))
    ends.callback(kube.delete, made)
    kube.create(CONTROL_PLANES, custom("RunaiControlPlane", name, spec))
    kube.patch(f"{plane}/status", {"status": {"clusters": {"total": 1, "managed": 1, "unmanaged": 0}}})
    ends.callback(kube.delete, plane)
    return [made, home, plane]
