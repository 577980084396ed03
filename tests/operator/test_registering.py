"""From an applied manifest to a registered cluster, as a user and as the control plane see it."""

import json
from datetime import datetime
from typing import Any

import pytest

from kube import Object
from operators import House
from planes import ControlPlane, Simulated
from stage import Registration, Stage, conditions

pytestmark = pytest.mark.usefixtures("operator")

TABLE = ["NAME", "READY", "REASON", "STATE", "CLUSTER", "VERSION", "AGE"]
WIDE = [*TABLE, "UUID", "CONTROL-PLANE", "MESSAGE"]


def test_an_empty_spec_is_enough(house: House, simulator: Simulated) -> None:
    """`spec: {}` registers a cluster under the resource's name with the control plane called default."""
    default = ControlPlane(house, simulator, "default").create_secret().create()
    stage = Stage(house, simulator, default)
    seen = stage.known("gpu-east")

    applied = house.kube.kubectl("apply", "-n", house.namespace, "-f", "-", stdin=json.dumps(bare("gpu-east")))
    waited = house.kube.kubectl("wait", "--for=condition=Ready", "rcr/gpu-east", "-n", house.namespace, "--timeout=30s")

    assert (applied.returncode, waited.returncode) == (0, 0), applied.stderr + waited.stderr
    assert [cluster.name for cluster in simulator.admin.clusters()] == ["gpu-east"]
    assert seen.status["uuid"] == simulator.admin.clusters()[0].uuid
    stage.clear()
    default.remove()


def test_nothing_is_written_into_the_spec(stage: Stage) -> None:
    """The spec stays as it was written, so that a GitOps diff stays empty."""
    seen = stage.register(clusterName="GPU East", onDrift="Report").wait_ready()

    wanted = {"controlPlaneRef": {"name": stage.control_plane.name}, "clusterName": "GPU East", "onDrift": "Report"}
    assert seen["spec"] == wanted
    assert seen["metadata"]["generation"] == 1


def test_what_was_asked_for_is_sent(stage: Stage) -> None:
    """clusterName, domain and version go into the one POST, and nothing else does."""
    made = stage.register(clusterName="GPU East", domain="https://gpu-east.example.com", version="2.24.18")
    made.wait_ready()

    (post,) = stage.calls("create_cluster")
    assert json.loads(post.body) == {
        "name": "GPU East",
        "domain": "https://gpu-east.example.com",
        "version": "2.24.18",
    }
    assert (made.cluster.name, made.cluster.version) == ("GPU East", "2.24.18")


def test_fields_left_out_are_not_sent(stage: Stage) -> None:
    """Without domain and version the POST names the cluster only."""
    made = stage.register()
    made.wait_ready()

    (post,) = stage.calls("create_cluster")
    assert json.loads(post.body) == {"name": made.name}


def test_ready_does_not_wait_for_the_connection(stage: Stage) -> None:
    """A registered cluster that has not connected yet is Ready and not Connected."""
    seen = stage.register().wait_ready()

    assert conditions(seen) == {"Ready": ("True", "Registered"), "Connected": ("False", "WaitingToConnect")}
    assert seen["status"]["origin"] == "Created"
    assert seen["status"]["ownerUID"] == seen["metadata"]["uid"]


def test_connecting_can_be_waited_for(stage: Stage) -> None:
    """`kubectl wait --for=condition=Connected` returns when the cluster has connected."""
    made = stage.register()
    stage.admin.set_state(made.wait_ready()["status"]["uuid"], "Connected")

    waited = stage.kube.kubectl(
        "wait", "--for=condition=Connected", f"rcr/{made.name}", "-n", stage.house.namespace, "--timeout=30s"
    )

    assert waited.returncode == 0, waited.stderr
    assert conditions(made.object)["Connected"] == ("True", "Connected")
    assert "firstConnectedAt" in made.status


def test_columns(stage: Stage) -> None:
    """`kubectl get rcr` shows what matters, and `-o wide` the uuid, the control plane and the message as well."""
    made = stage.register(clusterName="GPU-East", version="2.24.18")
    uuid = made.wait_ready()["status"]["uuid"]

    assert rows(stage, made)[0] == TABLE
    assert rows(stage, made)[1][:-1] == [made.name, "True", "Registered", "WaitingToConnect", "GPU-East", "2.24.18"]
    assert rows(stage, made, "-o", "wide")[0] == WIDE
    wide = rows(stage, made, "-o", "wide")[1]
    assert wide[:6] + wide[7:9] == [*rows(stage, made)[1][:-1], uuid, stage.control_plane.name]
    assert " ".join(wide[9:]) == "Cluster GPU-East is registered."


@pytest.mark.parametrize("state", ["Connected", "MissingPrerequisites", "ServiceIssues"])
def test_status_carries_what_the_api_displays(stage: Stage, state: str) -> None:
    """Every field that the control plane displays of a cluster is in the status, as it is displayed."""
    made = stage.register(clusterName="GPU East", domain="https://gpu-east.example.com", version="2.24.18")
    uuid = made.wait_ready()["status"]["uuid"]
    stage.admin.set_state(uuid, state)
    made.wait_for(state, "Connected")

    shown, status = displayed(stage, uuid), made.status
    assert {key for key, value in shown.items() if value is not None} == {*PLAIN, "uuid", "status"}
    assert {name: status[PLAIN[name]] for name in TEXTS} == {name: shown[name] for name in TEXTS}
    assert {name: moment(status[name]) for name in TIMES} == {name: moment(shown[name]) for name in TIMES}
    told = shown["status"]
    assert status["state"] == told["state"] == state
    assert status["platform"] == told["platform"]
    assert status["config"] == told["config"]
    assert status["clusterConditions"] == told["conditions"]
    assert status["operands"] == bare_of_empty(told["operands"])
    assert status["dependencies"] == bare_of_empty(told["dependencies"])


@pytest.mark.case("R-20", injected="`status: null`", outcome="Ready; the connection is unknown")
def test_a_cluster_that_has_shown_no_status_is_ready(stage: Stage) -> None:
    """`status: null`, which the API allows, is a cluster whose connection is unknown."""
    stage.admin.settings(waitingStatusNull=True)

    seen = stage.register().wait_ready()

    assert conditions(seen) == {"Ready": ("True", "Registered"), "Connected": ("Unknown", "NeverSeen")}
    assert "state" not in seen["status"]


@pytest.mark.case(
    "R-20",
    injected="a state that the API file does not know",
    outcome="shown as it is, and not Connected",
)
def test_a_state_nobody_knows_is_shown_as_it_is(stage: Stage) -> None:
    """A state that a newer control plane may have is mirrored, and is not Connected."""
    made = stage.register()
    stage.admin.set_state(made.wait_ready()["status"]["uuid"], "Hibernating")

    seen = made.wait_for("Hibernating", "Connected")

    assert seen["status"]["state"] == "Hibernating"
    assert conditions(seen)["Ready"] == ("True", "Registered")


def test_the_control_plane_says_how_many_clusters_it_has(stage: Stage) -> None:
    """`kubectl get runaicp` counts all clusters, those of registrations, and says whether it can be used."""
    stage.admin.create("somebody-elses")
    stage.register().wait_ready()

    counted = {"total": 2, "managed": 1, "unmanaged": 1}
    seen = stage.kube.wait_for(stage.control_plane.path, lambda plane: plane["status"].get("clusters") == counted, 30)

    assert seen["status"]["tenantId"] == 1001
    assert conditions(seen) == {"Ready": ("True", "Reachable")}


TEXTS = ("tenantId", "name", "domain", "version")
TIMES = ("createdAt", "updatedAt", "lastLiveness")
PLAIN = {name: "clusterName" if name == "name" else name for name in (*TEXTS, *TIMES)}


def displayed(stage: Stage, uuid: str) -> Object:
    """The cluster as the API shows it, told by the admin port without what only that port shows."""
    found = stage.admin.cluster(uuid)
    assert found is not None
    own = {"source", "client_secret", "state"}
    return dict(found.model_dump(mode="json", by_alias=True, exclude=own))


def bare_of_empty(value: Any) -> Any:
    """A JSON value without nulls and without empty lists and maps, which a status does not spell out."""
    if isinstance(value, dict):
        kept = {key: bare_of_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, [], {})}
    return value


def moment(text: str) -> datetime:
    """A time, however its fractions are written."""
    return datetime.fromisoformat(text)


def bare(name: str) -> Object:
    """The shortest manifest there is."""
    return {
        "apiVersion": "runai-registrar.io/v1alpha1",
        "kind": "RunaiClusterRegistration",
        "metadata": {"name": name},
        "spec": {},
    }


def rows(stage: Stage, made: Registration, *options: str) -> list[list[str]]:
    """What `kubectl get rcr` prints, by words."""
    printed = stage.kube.kubectl("get", "rcr", made.name, "-n", stage.house.namespace, *options).stdout
    return [line.split() for line in printed.splitlines()]
