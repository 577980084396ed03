"""The operator as a release of the chart runs it, on an API server without nodes.

What is missing there is played: the Deployment controller and the kubelet, as far as one Deployment of one replica
needs them. The operator is started as the service account, with the arguments and the environment that were rendered,
and the Deployment is reported Available when its readiness probe succeeds, and not before: that is what `--wait` sees.
"""

import copy
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import httpx

from chart.charts import RELEASE, Helm
from kube import REPOSITORY, Kube, Object
from operators import QUICK, House, Operator, until

QUICKLY = {
    "operator": {
        "settle": QUICK["SETTLE"],
        "freshness": QUICK["FRESHNESS"],
        "requestTimeout": QUICK["REQUEST_TIMEOUT"],
        "listLag": QUICK["LIST_LAG"],
    },
    "log": {"format": "text"},
}
"""Values for an operator that is to be quick, and whose log is to be read."""

_COMMAND = (sys.executable, "-m", "runai_registrar.cli.main")
_LONG = 300.0  # seconds: longer than Helm itself waits, so that it is Helm that says what is missing
_OWN_PORT = ("--health-host=127.0.0.1", "--health-port=0")
"""The one thing that differs from a pod: there is no network of its own in which the port would be free."""


class Installation(House):
    """A namespace where a release of the chart is, or was, or will be.

    Args:
        kube: The API server.
        folder: Where logs and kubeconfigs go.
        namespace: The release's namespace.
        name: The Deployment's name.
    """

    def __init__(self, kube: Kube, folder: Path, namespace: str, name: str = RELEASE) -> None:  # no other roles here
        self.kube, self._folder, self.namespace = kube, folder, namespace
        self.user = f"system:serviceaccount:{namespace}:{name}"
        self.operators: list[Operator] = []
        self._deployment = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
        self._pods: Object = {}  # the template that the running operator was started from

    def seen_from(self, namespace: str) -> Self:
        """The same installation for registrations in another namespace."""
        other = copy.copy(self)
        other.namespace = namespace
        return other

    def during(self, helm: Helm, *command: object) -> str:
        """Run a command of Helm that waits for the Deployment (or for its end), and play the kubelet meanwhile."""
        with ThreadPoolExecutor(1) as pool:
            doing = pool.submit(helm.run, *command)
            try:
                until(lambda: self._look() or doing.done(), "the end of a command that waits for the operator", _LONG)
            except BaseException:
                helm.interrupt()  # what it waits for does not come any more
                raise
        self._look()
        return doing.result()

    def close(self) -> None:
        """Stop what still runs."""
        for each in self.operators:
            if each.process.poll() is None:
                each.kill()

    def _look(self) -> bool:
        """Bring the operator into line with the Deployment; always False: there is more to come."""
        deployment = self.kube.find(self._deployment)
        if deployment and "deletionTimestamp" in deployment["metadata"]:
            deployment = None
        template = deployment["spec"]["template"] if deployment else {}
        if template != self._pods:
            self._stop()  # first: the strategy is Recreate
            self._pods = template
            if deployment:
                self._start(template["spec"])
        if deployment and deployment.get("status", {}).get("observedGeneration") != _generation(deployment):
            self._report(deployment)
        return False

    def _start(self, pod: Object) -> None:
        (container,) = pod["containers"]
        kubeconfig = self.kube.kubeconfig_as(self.namespace, pod["serviceAccountName"], self._folder)
        environ = {name: value for name, value in os.environ.items() if not name.startswith("RUNAI_REGISTRAR_")}
        environ |= {"KUBECONFIG": str(kubeconfig), "PYTHONPATH": str(REPOSITORY / "operator")}
        environ |= {each["name"]: self._value(each) for each in container["env"]}
        log = self._folder / f"operator-{len(self.operators)}.log"
        self.operators.append(Operator(environ, log, [*_COMMAND, *container["args"], *_OWN_PORT]))
        self.operators[-1].allow("storage is (re)initializing")  # a watch, where an upgrade has just changed its CRD
        running = self.operators[-1].wait_ready()
        for probe in ("readinessProbe", "livenessProbe"):
            path = container[probe]["httpGet"]["path"]
            assert running.health(path).status_code == httpx.codes.OK, f"{path} fails"

    def _value(self, variable: Object) -> str:
        if "value" in variable:
            return str(variable["value"])
        assert variable["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.namespace"
        return self.namespace

    def _stop(self) -> None:
        if self._pods:
            self.operators[-1].stop()

    def _report(self, deployment: Object) -> None:
        """What a Deployment says, and for Helm 3 its ReplicaSet, when its one pod is ready."""
        counts = {
            "observedGeneration": _generation(deployment),
            "replicas": 1,
            "readyReplicas": 1,
            "availableReplicas": 1,
        }
        self._report_replica_set(deployment)
        conditions = [
            {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
        ]
        status = counts | {"updatedReplicas": 1, "conditions": conditions}
        self.kube.patch(f"{self._deployment}/status", {"status": status})

    def _report_replica_set(self, deployment: Object) -> None:
        metadata, spec = deployment["metadata"], deployment["spec"]
        owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": metadata["name"], "uid": metadata["uid"]}
        name = f"{metadata['name']}-{_generation(deployment)}"
        sets = f"/apis/apps/v1/namespaces/{self.namespace}/replicasets"
        if self.kube.find(f"{sets}/{name}") is None:
            head = {"name": name, "labels": spec["template"]["metadata"]["labels"]}
            head |= {"ownerReferences": [owner | {"controller": True}]}
            body = {"replicas": 1, "selector": spec["selector"], "template": spec["template"]}
            self.kube.create(sets, {"metadata": head, "spec": body})
        counts = {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "observedGeneration": 1}
        self.kube.patch(f"{sets}/{name}/status", {"status": counts})


def _generation(deployment: Object) -> int:
    return int(deployment["metadata"]["generation"])
