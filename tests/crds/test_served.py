"""What the API server and kubectl make of the CRDs."""

from datetime import UTC, datetime
from typing import Any

import pytest

from crds.objects import CONTROL_PLANES_PATH, OTHER_UUID, UUID, control_plane, registration, registrations_path
from crds.schemas import CRDS, EVERY_FIELD
from kube import Kube, KubeError
from runai_registrar.mirrored import MAX_ENTRIES, MAX_TEXT
from runai_registrar.resources import (
    ClusterCondition,
    ClusterCounts,
    Component,
    Condition,
    Config,
    ControlPlaneStatus,
    ControlPlaneUsed,
    CreateAttempt,
    DeletionProgress,
    Dependencies,
    Dependency,
    EarlierAttempt,
    InstallSecret,
    Operand,
    Origin,
    Platform,
    RegistrationStatus,
    SecretRef,
    VerifiedConnection,
)

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
READY = Condition(
    type="Ready",
    status="True",
    reason="Registered",
    message="The cluster is registered.",
    observed_generation=1,
    last_transition_time=NOON,
)
WORD = "¿new word?"
STATUS = RegistrationStatus(
    observed_generation=1,
    uuid=UUID,
    tenant_id=2**40,
    cluster_name="GPU East",
    state="Connected",
    domain=WORD,
    version="2.24.18",
    created_at=NOON,
    updated_at=NOON,
    last_liveness=NOON,
    delete_requested_at=NOON,
    origin=Origin.CREATED,
    attempt="a-1",
    owner_uid="u-1",
    create_attempt=CreateAttempt(
        id="a-2",
        owner="u-1",
        name="x",
        domain="d",
        version="v",
        at=NOON.replace(microsecond=250_000),
        control_plane="default",
        tenant_id=1001,
        exclude=(UUID, UUID),
        earlier=(EarlierAttempt(name="y", domain="d", version="v", first=NOON, last=NOON),),
        refused=True,
    ),
    first_connected_at=NOON,
    install_secret=InstallSecret(name="s"),
    control_plane=ControlPlaneUsed(name="default", url="https://app.run.ai"),
    platform=Platform(type=WORD, kube_version=WORD),
    config=Config(workload_ownership_protection=True, subdomain_enabled=False, ingress_class=WORD),
    operands={
        WORD: Operand(ready=False, reasons=(WORD, WORD), last_transition_time="soon", unready_threshold_crossed=True)
    },
    dependencies=Dependencies(
        required={
            WORD: Dependency(available=False, reason=WORD, components={"c": Component(available=True, reason=WORD)})
        },
        optional={"o": Dependency()},
    ),
    cluster_conditions=(
        ClusterCondition(
            type=WORD, status=WORD, reason=WORD, message=WORD, observed_generation=-3, last_transition_time="soon"
        ),
        ClusterCondition(type=WORD),
    ),
    deletion=DeletionProgress(requested_at=NOON, deadline=NOON, forced_at=NOON),
    planned_action="Rename the cluster.",
    last_handled_reconcile_at="whatever the user wrote",
    conditions=(READY,),
)


def _write(kube: Kube, path: str, status: Any) -> Any:
    change = [{"op": "replace", "path": "/status", "value": status}]
    return kube.patch(f"{path}/status", change, kind="json")["status"]


@pytest.mark.parametrize("name", [crd["metadata"]["name"] for crd in CRDS.values()])
def test_crds_are_established(kube: Kube, name: str) -> None:
    """The server serves both kinds under their names and has no complaint about their schemas."""
    crd = kube.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")
    conditions = {one["type"]: one["status"] for one in crd["status"]["conditions"]}

    assert conditions == {"NamesAccepted": "True", "Established": "True"}


def test_status_before_the_first_look(kube: Kube, namespace: str) -> None:
    """A new object says that nobody has looked yet, whatever status its manifest claims."""
    claimed = registration({}) | {"status": {"observedGeneration": 1, "uuid": UUID}}

    created = kube.create(registrations_path(namespace), claimed)

    assert created["status"] == {"observedGeneration": -1}
    assert kube.get(f"{registrations_path(namespace)}/gpu-east")["status"] == {"observedGeneration": -1}


def test_status_comes_back(kube: Kube, namespace: str) -> None:
    """A status that is taken away, or written without observedGeneration, falls back to never looked at."""
    path = f"{registrations_path(namespace)}/gpu-east"
    kube.create(registrations_path(namespace), registration({}))

    for status in ({"status": None}, {"status": {"observedGeneration": None}}):
        _write(kube, path, {"observedGeneration": 1})
        kube.patch(f"{path}/status", status)
        assert kube.get(path)["status"] == {"observedGeneration": -1}


def test_every_status_field_is_kept(kube: Kube, namespace: str) -> None:
    """A status with every field is stored whole, strange words from the control plane included."""
    path = f"{registrations_path(namespace)}/gpu-east"
    kube.create(registrations_path(namespace), registration({}))

    assert _write(kube, path, STATUS.to_dict()) == STATUS.to_dict()
    assert RegistrationStatus.model_validate(kube.get(path)["status"]) == STATUS
    assert [name for name in RegistrationStatus.model_fields if not getattr(STATUS, name)] == []


def test_every_control_plane_status_field_is_kept(kube: Kube, namespace: str) -> None:
    """The status of a control plane is stored whole."""
    path = f"{CONTROL_PLANES_PATH}/{namespace}"
    spec = {"url": "https://app.run.ai", "credentialsSecretRef": {"name": "x"}}
    created = kube.create(CONTROL_PLANES_PATH, control_plane(spec, name=namespace))
    counts = ClusterCounts(total=3, managed=1, unmanaged=2)
    status = ControlPlaneStatus(
        observed_generation=1,
        tenant_id=1001,
        verified=VerifiedConnection(url="https://app.run.ai", client="5e7d1f2a"),
        clusters=counts,
        credentials_secret=SecretRef(name="x"),
        conditions=(READY,),
    )

    written = _write(kube, path, status.to_dict())

    kube.delete(path)
    assert created["status"] == {"observedGeneration": -1}
    assert written == status.to_dict()
    assert [name for name in ControlPlaneStatus.model_fields if not getattr(status, name)] == []


@pytest.mark.case("R-46", injected="a status with every text and map at its limit", outcome="the API server takes it")
def test_limits_of_mirrored_fields(kube: Kube, namespace: str) -> None:
    """What is cut to the limits that the code knows gets through; one more of anything does not."""
    path = f"{registrations_path(namespace)}/gpu-east"
    kube.create(registrations_path(namespace), registration({}))
    most: Any = {"state": "ü" * MAX_TEXT, "operands": {str(number): {} for number in range(MAX_ENTRIES)}}

    assert _write(kube, path, most) == most | {"observedGeneration": -1}
    with pytest.raises(KubeError, match=r"status\.state: Too long"):
        _write(kube, path, {"state": "x" * (MAX_TEXT + 1)})
    with pytest.raises(KubeError, match=r"status\.operands: Too many"):
        _write(kube, path, {"operands": {str(number): {} for number in range(MAX_ENTRIES + 1)}})


@pytest.mark.parametrize(
    "selector",
    [
        f"status.uuid={UUID}",
        "status.state=Connected",
        "status.clusterName=GPU East",
        "status.controlPlane.name=default",
    ],
)
def test_field_selectors(kube: Kube, namespace: str, selector: str) -> None:
    """Registrations are found by what their status shows."""
    for name in ("gpu-east", "gpu-west"):
        kube.create(registrations_path(namespace), registration({}, name))
    _write(kube, f"{registrations_path(namespace)}/gpu-east", STATUS.to_dict())
    _write(kube, f"{registrations_path(namespace)}/gpu-west", {"uuid": OTHER_UUID, "state": "Disconnected"})

    found = kube.items(registrations_path(namespace), fieldSelector=selector)

    assert [one["metadata"]["name"] for one in found] == ["gpu-east"]


@pytest.mark.parametrize(
    ("options", "columns", "values"),
    [
        ([], "NAME READY REASON STATE CLUSTER VERSION AGE", "gpu-east True Registered Connected GPU East 2.24.18"),
        (
            ["-o", "wide"],
            "NAME READY REASON STATE CLUSTER VERSION AGE UUID CONTROL-PLANE MESSAGE",
            f"{UUID} default The cluster is registered.",
        ),
    ],
    ids=["narrow", "wide"],
)
def test_columns(kube: Kube, namespace: str, options: list[str], columns: str, values: str) -> None:
    """`kubectl get rcr` shows what is so and why; `-o wide` also which cluster, where, and what to do."""
    kube.create(registrations_path(namespace), registration({}))
    _write(kube, f"{registrations_path(namespace)}/gpu-east", STATUS.to_dict())

    head, row = kube.kubectl("get", "rcr", "--namespace", namespace, *options).stdout.splitlines()

    assert head.split() == columns.split()
    assert values in " ".join(row.split())


def test_columns_of_control_planes(kube: Kube, namespace: str) -> None:
    """`kubectl get runaicp` shows where each control plane is and how many clusters it has."""
    spec = {"url": "https://app.run.ai", "credentialsSecretRef": {"name": "x"}}
    kube.create(CONTROL_PLANES_PATH, control_plane(spec, name=namespace))
    counts = ClusterCounts(total=3, managed=1, unmanaged=2)
    status = ControlPlaneStatus(tenant_id=1001, clusters=counts, conditions=(READY,))
    _write(kube, f"{CONTROL_PLANES_PATH}/{namespace}", status.to_dict())

    head, row = kube.kubectl("get", "runaicp", namespace).stdout.splitlines()

    kube.delete(f"{CONTROL_PLANES_PATH}/{namespace}")
    assert head.split() == ["NAME", "READY", "REASON", "URL", "TENANT", "CLUSTERS", "MANAGED", "AGE"]
    assert row.split()[:-1] == [namespace, "True", "Registered", "https://app.run.ai", "1001", "3", "1"]


def test_category(kube: Kube, namespace: str) -> None:
    """`kubectl get runai` shows registrations and control planes together."""
    spec = {"url": "https://app.run.ai", "credentialsSecretRef": {"name": "x"}}
    kube.create(registrations_path(namespace), registration({}))
    kube.create(CONTROL_PLANES_PATH, control_plane(spec, name=namespace))

    shown = kube.kubectl("get", "runai", "--namespace", namespace, "--output", "name").stdout.splitlines()

    kube.delete(f"{CONTROL_PLANES_PATH}/{namespace}")
    assert "runaiclusterregistration.runai-registrar.io/gpu-east" in shown
    assert f"runaicontrolplane.runai-registrar.io/{namespace}" in shown


@pytest.mark.parametrize("field", ["", ".spec", ".spec.deletion.timeout", ".status.origin"])
def test_explain(kube: Kube, field: str) -> None:
    """`kubectl explain` shows the descriptions of the CRD, word for word."""
    shown = kube.kubectl("explain", f"rcr{field}").stdout

    assert EVERY_FIELD[f"RunaiClusterRegistration{field}"]["description"] in " ".join(shown.split())


def test_explain_control_planes(kube: Kube) -> None:
    """`kubectl explain runaicp` does so too."""
    shown = kube.kubectl("explain", "runaicp.spec.url").stdout

    assert EVERY_FIELD["RunaiControlPlane.spec.url"]["description"] in " ".join(shown.split())
