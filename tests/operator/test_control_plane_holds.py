"""A control plane and its Secret do not vanish while registrations need them, and are let go afterwards."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kube import Kube, Object
from operators import ACCOUNT, PATIENCE, House
from planes import API, ControlPlane, Simulated, custom
from stage import LONG_AFTER, RELEASE, Registration, Stage, condition

PLANE_HELD = "runai-registrar.io/control-plane"
SECRET_HELD = "runai-registrar.io/credentials"
FOREIGN = "example.com/foreign"


def secret_of(plane: ControlPlane, house: House) -> str:
    """Where the Secret is that a test has made for a control plane."""
    return f"/api/v1/namespaces/{house.namespace}/secrets/{plane.name}"


@pytest.fixture
def secret(stage: Stage) -> Iterator[str]:
    """Where the Secret of the stage's control plane is."""
    path = secret_of(stage.control_plane, stage.house)
    yield path
    if stage.kube.find(path) is not None:
        stage.kube.patch(path, {"metadata": {"finalizers": None}})


def finalizers(seen: Object) -> list[str]:
    """The finalizers of an object."""
    return list(seen["metadata"].get("finalizers", []))


def deleting(seen: Object) -> bool:
    """Whether an object is being deleted."""
    return "deletionTimestamp" in seen["metadata"]


def wait_held(kube: Kube, path: str, finalizer: str) -> Object:
    """The object once the finalizer is on it."""
    return kube.wait_for(path, lambda seen: finalizer in finalizers(seen), PATIENCE, f"held by {finalizer}")


def wait_free(kube: Kube, path: str, finalizer: str) -> Object:
    """The object once the finalizer is not on it."""
    return kube.wait_for(path, lambda seen: finalizer not in finalizers(seen), PATIENCE, f"free of {finalizer}")


def wait_said(stage: Stage, part: str) -> Object:
    """Ready of the control plane once its message contains this."""
    seen = stage.kube.wait_for(
        stage.control_plane.path, lambda seen: part in str(condition(seen, "Ready")), PATIENCE, f"saying {part}"
    )
    return condition(seen, "Ready") or {}


def held(stage: Stage, **spec: Any) -> Registration:
    """A registration whose control plane and Secret are held."""
    made = stage.registered(**spec)
    wait_held(stage.kube, stage.control_plane.path, PLANE_HELD)
    wait_held(stage.kube, secret_of(stage.control_plane, stage.house), SECRET_HELD)
    return made


@pytest.mark.usefixtures("operator")
def test_nothing_is_held_without_need(stage: Stage, secret: str) -> None:
    """A registration that holds nothing holds nobody: its control plane is gone as soon as that is asked for."""
    stage.stranger("taken")
    stage.register(clusterName="taken").wait_for("NameTaken")

    assert finalizers(stage.kube.get(stage.control_plane.path)) == finalizers(stage.kube.get(secret)) == []
    stage.kube.delete(stage.control_plane.path)
    stage.kube.wait_gone(stage.control_plane.path)


@pytest.mark.usefixtures("operator")
def test_a_secret_that_is_deleted_too_early(stage: Stage, secret: str) -> None:
    """A Secret deleted first stays, works and is named, until the last registration was deleted properly."""
    made = held(stage, version="2.19.4")
    stage.admin.advance(LONG_AFTER)

    stage.kube.delete(secret)
    assert wait_said(stage, "is being deleted; it is kept")["status"] == "True"
    stage.admin.revoke_tokens()
    made.change(clusterName=f"{made.name}-new")
    made.wait(lambda seen: seen["status"]["clusterName"] == f"{made.name}-new", "renamed")
    assert deleting(stage.kube.get(secret))

    made.delete()
    made.wait_gone()
    stage.kube.wait_gone(secret)
    wait_free(stage.kube, stage.control_plane.path, PLANE_HELD)
    assert stage.admin.clusters() == []


@pytest.mark.usefixtures("operator")
def test_a_control_plane_that_is_deleted_too_early(stage: Stage, secret: str) -> None:
    """A control plane deleted first serves on and names who needs it; new ones get nothing; the last one frees it."""
    made = sorted([held(stage, version="2.19.4"), *(stage.registered() for _ in range(2))], key=lambda one: one.name)
    namespace = stage.house.namespace
    stage.admin.advance(LONG_AFTER)

    stage.kube.delete(stage.control_plane.path)
    names = ", ".join(f"{namespace}/{each.name}" for each in made)
    said = wait_said(stage, f"It is being deleted; 3 registrations still use it: {names}.")
    assert (said["status"], said["reason"]) == ("True", "Reachable")

    late = stage.register()
    assert "is being deleted" in str(condition(late.wait_for("ControlPlaneNotReady"), "Ready"))
    assert stage.changes() == {"create_cluster": 3}

    for each in made:
        each.annotate(dict(RELEASE)) if each is made[2] else None
        each.delete()
    stage.kube.wait_gone(stage.control_plane.path, PATIENCE)
    assert len(stage.admin.clusters()) == 1
    assert finalizers(stage.kube.get(secret)) == []
    late.wait_for("ControlPlaneNotFound")


@pytest.mark.usefixtures("operator")
def test_the_last_registration_frees_both_at_once(stage: Stage, secret: str) -> None:
    """A deleted control plane goes with its last registration, not an hour later with the next list; a Secret too."""
    made = held(stage)
    stage.control_plane.change(pollInterval="1h")
    for path in (stage.control_plane.path, secret):
        stage.kube.delete(path)
    wait_said(stage, "1 registration still uses it")

    made.annotate(dict(RELEASE))
    made.delete()

    stage.kube.wait_gone(stage.control_plane.path, PATIENCE)
    stage.kube.wait_gone(secret, PATIENCE)


@pytest.mark.usefixtures("operator")
def test_finalizers_that_were_wiped(stage: Stage, secret: str) -> None:
    """What kubectl replace takes away is put back, and foreign finalizers are left alone."""
    held(stage)
    for path in (stage.control_plane.path, secret):
        manifest = stage.kube.get(path)
        kept = {key: manifest["metadata"].get(key) for key in ("name", "namespace")}
        manifest["metadata"] = kept | {"finalizers": [FOREIGN]}
        done = stage.kube.kubectl("replace", "--filename", "-", stdin=yaml.safe_dump(manifest))
        assert done.returncode == 0, done.stderr

    assert finalizers(wait_held(stage.kube, stage.control_plane.path, PLANE_HELD)) == [FOREIGN, PLANE_HELD]
    assert finalizers(wait_held(stage.kube, secret, SECRET_HELD)) == [FOREIGN, SECRET_HELD]


@pytest.mark.usefixtures("operator")
def test_a_changed_reference(stage: Stage, secret: str) -> None:
    """The former Secret is let go, the new one is held, and the status names the one that is used."""
    held(stage)
    other = f"{stage.control_plane.name}-new"
    content = {"clientId": stage.simulator.client_id, "clientSecret": stage.simulator.client_secret}
    folder = secret.rpartition("/")[0]
    stage.kube.create(folder, {"metadata": {"name": other}, "stringData": content})

    stage.control_plane.change(credentialsSecretRef={"name": other})

    wait_held(stage.kube, f"{folder}/{other}", SECRET_HELD)
    assert finalizers(stage.kube.get(secret)) == []
    assert stage.kube.get(stage.control_plane.path)["status"]["credentialsSecret"] == {"name": other}


@pytest.mark.usefixtures("operator")
def test_a_shared_secret(stage: Stage, secret: str) -> None:
    """A Secret that two control planes use is held until neither needs it; gone by force, one needs it no more."""
    other = ControlPlane(stage.house, stage.simulator)
    other.create(credentialsSecretRef={"name": stage.control_plane.name})
    mine, theirs = held(stage), stage.registered(controlPlaneRef={"name": other.name})
    wait_held(stage.kube, other.path, PLANE_HELD)

    mine.annotate(dict(RELEASE))
    mine.delete()
    wait_free(stage.kube, stage.control_plane.path, PLANE_HELD)
    assert SECRET_HELD in finalizers(stage.kube.get(secret))

    other.remove()
    wait_free(stage.kube, secret, SECRET_HELD)
    theirs.annotate(dict(RELEASE))


@pytest.mark.usefixtures("operator")
def test_holding_costs_nothing_while_nothing_changes(stage: Stage, secret: str) -> None:
    """Once both are held nothing is written, and the Secret is read once per list and no more."""
    held(stage, listed=True)
    stage.wait_polls(3)
    requests, polled = stage.house.requests, stage.moment()
    written, before = len(requests(is_write=True)), len(requests(verb="get", name=stage.control_plane.name))

    stage.wait_polls(3)

    read = len(requests(verb="get", name=stage.control_plane.name)) - before
    lists = len(stage.calls("get_clusters", since=polled))  # the audit log takes its time to be read
    assert len(requests(is_write=True)) == written
    assert 0 < read <= lists + 1
    assert SECRET_HELD in finalizers(stage.kube.get(secret))


def test_a_restart_lets_nothing_go(house: House, stage: Stage) -> None:
    """An operator that starts knows who needs what before it touches a finalizer; one that was deleted is freed."""
    with house.operator():
        made = held(stage)
    before = len(house.requests(is_write=True))
    with house.operator():
        stage.wait_polls(3)
        assert not [each for each in house.requests(is_write=True)[before:] if not each.target.endswith("/status")]
        made.annotate(dict(RELEASE))
    stage.kube.delete(stage.control_plane.path)
    assert deleting(stage.kube.get(stage.control_plane.path))
    with house.operator():
        made.delete()
        stage.kube.wait_gone(stage.control_plane.path)


@pytest.mark.usefixtures("controllers")
def test_the_namespace_of_the_operator_is_deleted(
    kube: Kube, namespace: str, simulator: Simulated, tmp_path: Path
) -> None:
    """An operator that ends because its namespace is deleted lets go of the Secrets there, or nobody ever would.

    A pod stands for the operator's own: namespaces are emptied of pods first.
    """
    house = House(kube, tmp_path)
    plane = ControlPlane(house, simulator).create_secret().create()
    home, path = f"/api/v1/namespaces/{house.namespace}", secret_of(plane, house)
    pod = {"name": "operator", "finalizers": [FOREIGN]}
    container = {"name": "operator", "image": "example.com/operator"}
    spec = {"serviceAccountName": ACCOUNT, "automountServiceAccountToken": False, "containers": [container]}
    kube.create(f"{home}/pods", {"metadata": pod, "spec": spec})
    registration = custom("RunaiClusterRegistration", "gpu", {"controlPlaneRef": {"name": plane.name}})
    kube.create(f"{API}/namespaces/{namespace}/runaiclusterregistrations", registration)

    with house.operator(NAMESPACES=namespace):
        wait_held(kube, path, SECRET_HELD)
        kube.delete(home)
        kube.wait_for(home, lambda seen: seen["status"]["phase"] == "Terminating")
    assert finalizers(kube.get(path)) == []

    kube.patch(f"{home}/pods/operator", {"metadata": {"finalizers": None}})
    kube.wait_gone(home, PATIENCE)
    plane.remove()
    made = f"{API}/namespaces/{namespace}/runaiclusterregistrations/gpu"
    kube.patch(made, {"metadata": {"finalizers": None}})
