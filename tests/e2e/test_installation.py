"""A whole installation on a cluster with nodes, from `helm install` to the last trace of it, in this order."""

import base64
import json
from collections import Counter

from e2e.cluster import Cluster, KubectlError, Object, condition
from e2e.installation import CONTROL_PLANES, CRDS, REGISTRATIONS, Installation, registration
from e2e.simulated import Simulated
from operators import until

MANY = [f"gpu-{number:02}" for number in range(30)]

CONFINED = """
import json, os, errno
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
def refused(path):
    try:
        open(path, "w")
    except OSError as error:
        return errno.errorcode[error.errno]
places = {place: refused(f"{place}/probe") for place in ("/opt/runai-registrar", "/tmp", "/")}
print(json.dumps({"uid": os.getuid(), "capabilities": int(status["CapBnd"], 16), "places": places}))
"""
"""Says who the container runs as, which capabilities it can ever have, and why it cannot write."""


def ready(cluster: Cluster, namespace: str, *names: str) -> dict[str, Object]:
    """Wait until registrations are Ready; return them by name."""
    cluster.wait(f"{REGISTRATIONS} {' '.join(names)}", "condition=Ready", namespace)
    found = cluster.items(REGISTRATIONS, "-n", namespace)
    return {each["metadata"]["name"]: each for each in found if each["metadata"]["name"] in names}


def more_lists(simulated: Simulated, count: int = 2) -> None:
    """Wait until the operator has had so many further answers about all clusters."""
    known = simulated.admin.counts()["get_clusters"]
    until(lambda: simulated.admin.counts()["get_clusters"] >= known + count, f"{count} more lists")


def versions(cluster: Cluster) -> dict[str, str]:
    """What changes with every write to an object of ours: its resourceVersion, by uid."""
    found = cluster.items(f"{REGISTRATIONS},{CONTROL_PLANES}")
    return {each["metadata"]["uid"]: each["metadata"]["resourceVersion"] for each in found}


def columns_shown(cluster: Cluster) -> list[str]:
    """The columns that `kubectl get rcr` shows, as the CRD in the cluster names them."""
    (version,) = cluster.get("customresourcedefinition", CRDS[0])["spec"]["versions"]
    return [each["name"] for each in version["additionalPrinterColumns"]]


def test_operator_is_confined(installation: Installation) -> None:
    """The pod is let in where `restricted` is enforced: no root, no capability, nothing it could write to."""
    confined = json.loads(installation.python(CONFINED))

    assert confined["uid"] == 65532
    assert confined["capabilities"] == 0
    assert set(confined["places"].values()) == {"EROFS"}
    assert installation.pod()["status"]["containerStatuses"][0]["restartCount"] == 0


def test_registration_makes_a_cluster_and_its_secret(
    cluster: Cluster, installation: Installation, simulated: Simulated, team: str
) -> None:
    """An empty spec registers a cluster; with `installSecret` what is needed to install Run:ai there is in a Secret."""
    cluster.apply(registration("plain", team), registration("east", team, installSecret={"name": "east-install"}))
    made = ready(cluster, team, "plain", "east")

    assert simulated.named("plain") == [made["plain"]["status"]["uuid"]]
    secret = cluster.get("secret", "east-install", team)["data"]
    assert base64.b64decode(secret["clusterUuid"]).decode() == made["east"]["status"]["uuid"]
    assert simulated.url.partition("://")[2] in base64.b64decode(secret["values.yaml"]).decode()
    cluster.wait(f"{REGISTRATIONS}/plain", "condition=Connected", team)
    assert installation.installed


def test_change_of_name_renames_the_cluster(
    cluster: Cluster, installation: Installation, simulated: Simulated, team: str
) -> None:
    """A new `clusterName` is the cluster's new name, under the same uuid."""
    cluster.apply(registration("renamed", team))
    uuid = ready(cluster, team, "renamed")["renamed"]["status"]["uuid"]

    cluster.kubectl(
        "patch", REGISTRATIONS, "renamed", "-n", team, "--type=merge", "-p", '{"spec":{"clusterName":"new"}}'
    )
    cluster.wait(f"{REGISTRATIONS}/renamed", "jsonpath={.status.clusterName}=new", team)

    assert (simulated.named("renamed"), simulated.named("new")) == ([], [uuid])
    assert installation.installed


def test_deletion_waits_for_the_cluster(
    cluster: Cluster, installation: Installation, simulated: Simulated, team: str
) -> None:
    """`kubectl delete` returns when the cluster is gone; a protected registration is refused by the API server."""
    cluster.apply(registration("done", team), registration("precious", team, deletionProtection=True))
    ready(cluster, team, "done", "precious")

    cluster.kubectl("delete", REGISTRATIONS, "done", "-n", team, "--timeout=60s")
    refusal = refused(cluster, "delete", REGISTRATIONS, "precious", "-n", team)

    assert simulated.named("done") == []
    assert "is protected from deletion" in refusal
    assert len(simulated.named("precious")) == 1
    assert installation.installed


def test_namespace_ends_with_its_clusters(
    cluster: Cluster, installation: Installation, simulated: Simulated, other: str
) -> None:
    """A namespace that is deleted takes its registrations, their clusters and Secrets along, and does not hang."""
    names = ["ending-a", "ending-b", "ending-c"]
    cluster.apply(*(registration(name, other, installSecret={"name": f"{name}-install"}) for name in names))
    ready(cluster, other, *names)

    cluster.kubectl("delete", "namespace", other, "--timeout=60s")

    assert [simulated.named(name) for name in names] == [[], [], []]
    assert installation.installed


def test_every_cluster_is_made_once_though_the_operator_dies(
    cluster: Cluster, installation: Installation, simulated: Simulated, team: str
) -> None:
    """The pod is killed while thirty clusters are being made; the next pod makes the rest, and none twice."""
    simulated.admin.settings(latency=0.4)
    cluster.apply(*(registration(name, team) for name in MANY))
    until(lambda: len(simulated.created() & Counter(MANY)) >= 3, "the first clusters")
    installation.kill()
    then = set(simulated.created()) & set(MANY)
    simulated.admin.settings(latency=0)

    made = ready(cluster, team, *MANY)
    more_lists(simulated)

    assert 0 < len(then) < len(MANY), "the pod was not killed in the middle of it"
    assert {name: simulated.created()[name] for name in MANY} == dict.fromkeys(MANY, 1)
    assert {name: simulated.named(name) for name in MANY} == {name: [made[name]["status"]["uuid"]] for name in MANY}


def test_upgrade_changes_nothing_that_is_registered(
    cluster: Cluster, installation: Installation, simulated: Simulated
) -> None:
    """An upgrade from the version before brings new CRDs and a pod of an arbitrary user; nothing else is written."""
    more_lists(simulated)
    columns = columns_shown(cluster)
    before, changes, pod = versions(cluster), simulated.changes(), installation.pod()["metadata"]["name"]

    user = {"runAsNonRoot": True, "runAsUser": 1_000_650_000, "seccompProfile": {"type": "RuntimeDefault"}}
    installation.upgrade(log={"level": "debug", "format": "json"}, podSecurityContext=user)
    more_lists(simulated, 3)

    assert columns_shown(cluster)[:-1] == columns
    assert installation.pod()["metadata"]["name"] != pod
    assert json.loads(installation.python(CONFINED))["uid"] == user["runAsUser"]
    assert simulated.changes() == changes
    assert versions(cluster) == before


def test_a_new_release_takes_over_what_an_uninstalled_one_left(
    cluster: Cluster, installation: Installation, simulated: Simulated, team: str
) -> None:
    """An uninstall leaves CRDs, registrations and clusters; a new release carries out what was asked for meanwhile."""
    before, changes = versions(cluster), simulated.changes()
    installation.uninstall()

    assert installation.left() == [f"CustomResourceDefinition/{name}" for name in sorted(CRDS)]
    assert versions(cluster) == before
    cluster.kubectl(
        "patch", REGISTRATIONS, "plain", "-n", team, "--type=merge", "-p", '{"spec":{"clusterName":"later"}}'
    )
    cluster.apply(registration("meanwhile", team))

    installation.install()
    ready(cluster, team, "meanwhile")
    cluster.wait(f"{REGISTRATIONS}/plain", "jsonpath={.status.clusterName}=later", team)
    more_lists(simulated)
    assert simulated.changes() - changes == Counter(create_cluster=1, updateCluster=1)
    assert all(condition(each, "Ready")[0] == "True" for each in cluster.items(REGISTRATIONS))


def test_nothing_is_left_when_everything_is_deleted(
    cluster: Cluster, installation: Installation, simulated: Simulated, team: str
) -> None:
    """Registrations, control planes, release, CRDs, in this order: the cluster and the control plane are as before."""
    unprotected = '{"spec": {"deletionProtection": false}}'
    cluster.kubectl("patch", REGISTRATIONS, "precious", "-n", team, "--type=merge", "-p", unprotected)
    cluster.kubectl("delete", REGISTRATIONS, "--all", "-n", team, "--timeout=90s")
    assert simulated.admin.clusters() == []
    cluster.wait("secret/east-install", "delete", team)  # by its owner reference; the owner's CRD must still be there

    cluster.kubectl("delete", CONTROL_PLANES, "--all", "--timeout=60s")
    installation.uninstall()
    cluster.kubectl("delete", "customresourcedefinition", *CRDS, "--timeout=60s")

    assert installation.left() == []
    assert cluster.names("secrets", "-n", team) == []


def refused(cluster: Cluster, *arguments: str) -> str:
    """What kubectl says when the API server refuses; AssertionError if it does not."""
    try:
        cluster.kubectl(*arguments)
    except KubectlError as error:
        return str(error)
    raise AssertionError(f"kubectl {' '.join(arguments)} was not refused")
