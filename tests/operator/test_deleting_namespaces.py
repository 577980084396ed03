"""A namespace is deleted with all that is in it, by the real namespace controller: nothing hangs without saying why."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from kube import Kube, Object
from operators import PATIENCE, House, until
from planes import API, ControlPlane, custom
from policies import NAMESPACE, PLANE, in_force, lifted, refused
from stage import LONG_AFTER, RELEASE, Stage, condition, conditions

pytestmark = pytest.mark.usefixtures("controllers")

FINALIZER = "runai-registrar.io/registration"
DRAIN = ("plain", "draining")
BLOCKED = {
    "plain": "The control plane is deleting the cluster.",
    "draining": "The control plane is deleting the cluster.",
    "observed": "Set it to Manage",
    "suspended": "Set spec.suspend to false to go on.",
    "planeless": "There is no RunaiControlPlane named",
    "keyless": "There is no Secret",
}
"""What a registration says while its namespace waits for it, by kind."""
KINDS = ("unregistered", "protected", *BLOCKED)


class Place:
    """A namespace with one registration called gpu, and the install Secret that it asks for."""

    def __init__(self, kube: Kube, kind: str) -> None:
        self.kube = kube
        self.name = f"{kind}-{secrets.token_hex(4)}"
        self.path = f"/api/v1/namespaces/{self.name}"
        self.registrations = f"{API}/namespaces/{self.name}/runaiclusterregistrations"
        self.registration, self.secret = f"{self.registrations}/gpu", f"{self.path}/secrets/install"
        kube.create("/api/v1/namespaces", {"metadata": {"name": self.name}})

    def register(self, plane: str, **spec: Any) -> None:
        """Create the registration; its cluster bears the name of the namespace."""
        wanted = {"controlPlaneRef": {"name": plane}, "clusterName": self.name, "version": "2.24.18"}
        wanted |= {"installSecret": {"name": "install"}} | spec
        self.kube.create(self.registrations, custom("RunaiClusterRegistration", "gpu", wanted))

    def change(self, **spec: Any) -> None:
        """Change fields of the registration's spec."""
        self.kube.patch(self.registration, {"spec": spec})

    def give_up(self) -> None:
        """Say that the cluster is to be left behind."""
        self.kube.patch(self.registration, {"metadata": {"annotations": dict(RELEASE)}})

    def own(self, owner: Object) -> None:
        """Let another object own the registration."""
        reference = {"apiVersion": "v1", "kind": "ConfigMap"} | {key: owner["metadata"][key] for key in ("name", "uid")}
        self.kube.patch(self.registration, {"metadata": {"ownerReferences": [reference]}})

    def delete(self) -> None:
        """Ask for the namespace's deletion."""
        self.kube.delete(self.path)

    def wait(self, reason: str) -> Object:
        """The registration once this is the reason of Ready."""
        return self.kube.wait_for(self.registration, lambda seen: said(seen)[0] == reason, PATIENCE, reason)

    def wait_said(self, kind: str, part: str) -> None:
        """Return when a condition of the namespace is True and contains this."""

        def says(seen: Object) -> bool:
            found = [c for c in seen["status"].get("conditions", []) if c["type"] == kind and c["status"] == "True"]
            return any(part in each["message"] for each in found)

        self.kube.wait_for(self.path, says, PATIENCE, f"{kind} with {part}")

    def wait_gone(self) -> None:
        """Return when the namespace is not there any more."""
        self.kube.wait_gone(self.path, PATIENCE)


def said(seen: Object) -> tuple[str | None, str]:
    """Reason and message of Ready."""
    found = condition(seen, "Ready") or {}
    return found.get("reason"), found.get("message", "")


@pytest.fixture
def places(house: House, kube: Kube) -> Iterator[dict[str, Place]]:
    """A namespace of each kind, all followed by one operator."""
    places = {kind: Place(kube, kind) for kind in KINDS}
    with house.operator(NAMESPACES=",".join(place.name for place in places.values())):
        yield places


@pytest.fixture
def others(house: House, stage: Stage) -> Iterator[tuple[ControlPlane, ControlPlane]]:
    """Two more control planes: one whose object will vanish, one whose Secret will."""
    planes = [ControlPlane(house, stage.simulator).create_secret().create() for _ in range(2)]
    yield planes[0], planes[1]
    for each in planes:
        each.remove()


@pytest.fixture
def policies(kube: Kube, others: tuple[ControlPlane, ControlPlane]) -> Iterator[None]:  # noqa: ARG001  # taken away last
    """The policies are in force for this test, and not any more when its control planes are taken away."""
    with in_force(kube):
        yield


def vanish(kube: Kube, path: str) -> None:
    """Take an object away against the will of whoever holds it."""
    kube.delete(path)
    kube.patch(path, {"metadata": {"finalizers": None}})


def all_registered(stage: Stage, places: dict[str, Place], planes: dict[str, ControlPlane]) -> None:
    """Let each have a cluster, but for one whose name is taken; one of them has connected."""
    stage.admin.create(places["unregistered"].name)
    for kind, place in places.items():
        place.register(planes.get(kind, stage.control_plane).name)
    for kind, place in places.items():
        place.wait("NameTaken" if kind == "unregistered" else "Registered")
    draining = places["draining"].registration
    stage.admin.set_state(stage.kube.get(draining)["status"]["uuid"], "Connected")
    stage.kube.wait_for(draining, lambda seen: conditions(seen)["Connected"][0] == "True", PATIENCE)
    stage.admin.advance(LONG_AFTER)


def hindered(stage: Stage, places: dict[str, Place], planeless: ControlPlane, keyless: ControlPlane) -> None:
    """Put something in the way of each deletion that is to be blocked."""
    secret = f"/api/v1/namespaces/{stage.house.namespace}/secrets/{keyless.name}"
    places["observed"].change(mode="Observe")
    places["suspended"].change(suspend=True)
    places["protected"].own(
        stage.kube.create(f"{places['protected'].path}/configmaps", {"metadata": {"name": "owner"}})
    )
    places["protected"].change(deletionProtection=True)
    with lifted(stage.kube, PLANE, planeless.path):
        vanish(stage.kube, planeless.path)
    vanish(stage.kube, secret)
    stage.admin.settings(drainTime=None)


@pytest.mark.case(
    "R-24",
    injected="namespaces are deleted with registration, install Secret and all by the real controller",
    outcome="what is blocked says so with the way out, and the way out works; every namespace is gone at the end",
)
@pytest.mark.usefixtures("policies")
def test_namespaces_that_are_deleted(
    stage: Stage, places: dict[str, Place], others: tuple[ControlPlane, ControlPlane]
) -> None:
    """A namespace goes with its cluster; where that is blocked, it and the registration say so, and how to get on.

    A protected registration refuses its namespace's deletion. Where that slips through, the namespace controller and
    the garbage collector are refused like anybody else: the object stays, its namespace says why, and no call is made.
    """
    planeless, keyless = others
    all_registered(stage, places, {"planeless": planeless, "keyless": keyless})
    hindered(stage, places, planeless, keyless)
    protected = places["protected"]
    until(lambda: refused(stage.kube, protected.path), "a namespace that is protected")
    with lifted(stage.kube, NAMESPACE, protected.path):
        for place in places.values():
            place.delete()

    protected.wait_said("NamespaceDeletionContentFailure", "Set spec.deletionProtection to false to delete it")
    stage.kube.wait_gone(f"{protected.path}/configmaps/owner", PATIENCE)
    assert "deletionTimestamp" not in stage.kube.get(protected.registration)["metadata"]
    protected.change(deletionProtection=False)
    for kind, words in BLOCKED.items():
        message = said(places[kind].wait("Deleting" if kind in DRAIN else "DeletionBlocked"))[1]
        assert words in message
        assert "runai-registrar.io/release=orphan" in message
        places[kind].wait_said("NamespaceFinalizersRemaining", FINALIZER)

    places["observed"].change(mode="Manage")
    places["suspended"].change(suspend=False)
    places["draining"].change(deletion={"force": True})
    stage.kube.wait_gone(places["draining"].registration, PATIENCE)
    stage.admin.settings(drainTime=0)
    places["planeless"].give_up()
    keyless.create_secret()
    for place in places.values():
        place.wait_gone()
    left = {cluster.name for cluster in stage.admin.clusters()}
    assert left == {places["unregistered"].name, places["planeless"].name}
