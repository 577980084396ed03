"""One release of the chart on a cluster: installed, upgraded, uninstalled by the real Helm."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chart.charts import CHART, RELEASE, WAIT, Helm, HelmError, values_file
from e2e.cluster import Cluster, Object

CRDS = ("runaiclusterregistrations.runai-registrar.io", "runaicontrolplanes.runai-registrar.io")
REGISTRATIONS = "runaiclusterregistrations"
CONTROL_PLANES = "runaicontrolplanes"
OPERATOR = "app.kubernetes.io/component=controller"

QUICK = {"settle": "10s", "freshness": "3s", "requestTimeout": "5s", "listLag": "1s"}
"""Times of the create protocol that are as safe as the shipped ones and shorter."""

NAMESPACED = "all,serviceaccounts,roles,rolebindings,networkpolicies,leases"
GLOBAL = (
    "clusterroles,clusterrolebindings,customresourcedefinitions,"
    "validatingadmissionpolicies,validatingadmissionpolicybindings"
)
"""What a release may be made of."""


class Installation:
    """The chart in a namespace of a cluster: a version to begin with, and after an upgrade that of this repository.

    Args:
        cluster: Where.
        namespace: The release's namespace; it exists.
        image: What the pod is to run: `registry/name:tag` or `name@sha256:…`.
        chart: What is installed at first.
    """

    def __init__(self, cluster: Cluster, namespace: str, image: str, chart: Path) -> None:
        self.cluster, self.namespace = cluster, namespace
        self._chart = chart
        self._helm = Helm(4, cluster.kubeconfig)
        self._values: dict[str, Any] = {"image": _image(image), "operator": QUICK, "log": {"format": "text"}}

    def install(self) -> None:
        """Install, and wait until the operator is ready."""
        self._run("install", {})

    def upgrade(self, **values: Any) -> None:
        """Upgrade to the chart of this repository with further values, and wait for the new pod."""
        self._chart = CHART
        self._run("upgrade", values)

    def uninstall(self) -> None:
        """Uninstall, and wait until the pod is gone."""
        self._helm.run("uninstall", RELEASE, "--namespace", self.namespace, *WAIT)
        self.cluster.wait(f"pod -l {OPERATOR}", "delete", self.namespace)

    @property
    def installed(self) -> bool:
        """Whether Helm knows of the release."""
        try:
            self._helm.run("status", RELEASE, "--namespace", self.namespace)
        except HelmError:
            return False
        return True

    def pod(self) -> Object:
        """The operator's one pod."""
        (found,) = self.cluster.items("pods", "-n", self.namespace, "-l", OPERATOR)
        return found

    def kill(self) -> None:
        """Take the pod away at once, without a farewell to it."""
        name = self.pod()["metadata"]["name"]
        self.cluster.kubectl("delete", "pod", name, "-n", self.namespace, "--grace-period=0", "--force")

    def python(self, program: str) -> str:
        """What a program prints that runs beside the operator in its container."""
        name = self.pod()["metadata"]["name"]
        return self.cluster.kubectl("exec", name, "-n", self.namespace, "--", "python3", "-c", program)

    def left(self) -> list[str]:
        """What is still there of the release: its objects as `kind/name`."""
        label = ("-l", f"app.kubernetes.io/instance={RELEASE}")
        return self.cluster.names(NAMESPACED, "-n", self.namespace, *label) + self.cluster.names(GLOBAL, *label)

    def close(self) -> None:
        """Remove Helm's home."""
        self._helm.close()

    def _run(self, verb: str, values: Mapping[str, Any]) -> None:
        with values_file({**self._values, **values}) as path:
            arguments = (RELEASE, self._chart, "--namespace", self.namespace, "--values", path)
            self._helm.run(verb, *arguments, *WAIT)


def registration(name: str, namespace: str, **spec: Any) -> Object:
    """A registration on the `default` control plane."""
    return {
        "apiVersion": "runai-registrar.io/v1alpha1",
        "kind": "RunaiClusterRegistration",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def _image(image: str) -> dict[str, str]:
    """The chart's values for an image."""
    name, _, digest = image.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, "latest"  # as Docker and kubelet read it; the chart would add its own version
    return {"registry": "", "repository": repository, "tag": tag, "digest": digest}
