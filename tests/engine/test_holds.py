"""The finalizers of control planes and Secrets, against an API server that compares and swaps, refuses, or is gone."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from core.situations import URL, at, registered, registration
from engine.api_server import ApiServer, world_of
from engine.control_plane import Fleet as QuietFleet
from runai_registrar.core.times import Timing
from runai_registrar.engine import holds
from runai_registrar.engine.fleet import Fleet
from runai_registrar.engine.holds import Holds
from runai_registrar.errors import Absent, Conflict, KubernetesError
from runai_registrar.kube import Kube
from runai_registrar.resources import (
    CONTROL_PLANE_FINALIZER,
    CREDENTIALS_FINALIZER,
    ControlPlane,
    ControlPlaneSpec,
    ControlPlaneStatus,
    Metadata,
    SecretRef,
)

FOREIGN = "example.com/foreign"
LATER = {"resource_version": "2"}
HOME = "operators"


class Server:
    """Secrets and control planes in memory; `fails` is raised by the next write, `meanwhile` is called before it."""

    def __init__(self, *secrets: str) -> None:
        self.secrets = {name: Metadata(name=name, uid=name, resource_version="1") for name in secrets}
        self.planes: dict[str, ControlPlane] = {}
        self.home = Metadata(name=HOME, uid="uid-n")
        self.fails: KubernetesError | None = None
        self.meanwhile: Callable[[], None] | None = None
        self.tries = 0
        self.written: list[tuple[str, tuple[str, ...]]] = []
        self.read: list[str] = []

    async def secret(self, namespace: str, name: str) -> dict[str, Any]:
        """Read one Secret."""
        assert namespace == HOME
        self.read.append(name)
        if name not in self.secrets:
            raise Absent("There is none.", status=404)
        return {"metadata": self.secrets[name].to_dict(), "data": {}}

    async def hold_secret(self, namespace: str, seen: Metadata, finalizers: tuple[str, ...]) -> dict[str, Any]:
        """Replace the finalizers of a Secret."""
        assert namespace == HOME
        self._may_fail()
        self.secrets[seen.name] = self._swapped(self.secrets.get(seen.name), seen, finalizers)
        return {"metadata": self.secrets[seen.name].to_dict()}

    async def hold_plane(self, plane: ControlPlane, finalizers: tuple[str, ...]) -> ControlPlane:
        """Replace the finalizers of a control plane."""
        self._may_fail()
        metadata = self._swapped(self.planes[plane.name].metadata, plane.metadata, finalizers)
        self.planes[plane.name] = plane.model_copy(update={"metadata": metadata})
        return self.planes[plane.name]

    async def namespace(self, name: str) -> Metadata:
        """Read the namespace of the operator."""
        assert name == HOME
        if self.fails:
            raise self.fails
        return self.home

    def change(self, name: str, **facts: Any) -> None:
        """Change a Secret as somebody else does."""
        version = str(int(self.secrets[name].resource_version) + 1)
        self.secrets[name] = self.secrets[name].model_copy(update={"resource_version": version, **facts})

    def _may_fail(self) -> None:
        self.tries += 1
        if self.meanwhile is not None:
            self.meanwhile()
        failure, self.fails = self.fails, None
        if failure is not None:
            raise failure

    def _swapped(self, known: Metadata | None, seen: Metadata, finalizers: tuple[str, ...]) -> Metadata:
        if known is None:
            raise Absent("It is gone.", status=404)
        if known.resource_version != seen.resource_version:
            raise Conflict("It was changed.", status=409)
        self.written.append((known.name, tuple(finalizers)))
        version = str(int(known.resource_version) + 1)
        return known.model_copy(update={"finalizers": tuple(finalizers), "resource_version": version})


class Yard:
    """Control planes whose registrations are `users`, and what holds them."""

    def __init__(self, *secrets: str) -> None:
        self.server = Server(*secrets)
        self.users: dict[str, tuple[str, ...]] = {}
        self.holds = Holds(
            cast("Kube", self.server),
            HOME,
            lambda: self.server.planes,
            lambda name: self.users.get(name, ()),
            self._take,
        )

    def plane(self, name: str = "default", *, uses: str = "one", used: str | None = "one", **spec: Any) -> ControlPlane:
        """Put up a control plane whose spec names a Secret, and whose status names the one on record."""
        known = self.server.planes.get(name)
        self.server.planes[name] = ControlPlane(
            metadata=known.metadata if known else Metadata(name=name, uid=f"uid-{name}", resource_version="1"),
            spec=ControlPlaneSpec(url=URL, credentials_secret_ref=SecretRef(name=uses), **spec),
            status=ControlPlaneStatus(credentials_secret=SecretRef(name=used) if used else None),
        )
        return self.server.planes[name]

    def _take(self, plane: ControlPlane) -> None:
        self.server.planes[plane.name] = plane

    async def settled(self, *planes: str, polled: bool = True) -> None:
        """Let the holds look at control planes, whose Secrets were polled before."""
        for name in planes or self.server.planes:
            if polled:
                secret = self.server.planes[name].spec.credentials_secret_ref.name
                await self.holds.secret(HOME, secret)
            self.holds.look(name)
        await self.idle()

    async def idle(self) -> None:
        """Return when nothing is under way any more."""
        async with asyncio.timeout(5):
            while tasks := set(self.holds._queue._tasks):
                await asyncio.wait(tasks)

    def held(self) -> list[str]:
        """What bears our finalizers, by name."""
        secrets = [name for name, one in self.server.secrets.items() if CREDENTIALS_FINALIZER in one.finalizers]
        planes = self.server.planes.values()
        return secrets + [one.name for one in planes if CONTROL_PLANE_FINALIZER in one.metadata.finalizers]


@dataclass
class Told(QuietFleet):
    """Remembers which control planes it was told of."""

    told: list[str] = field(default_factory=list)

    def used(self, name: str) -> None:
        """Remember."""
        self.told.append(name)


async def test_both_are_held_while_they_are_needed() -> None:
    """The finalizers come with the first registration and go with the last, and nothing is written in between."""
    yard = Yard("one")
    yard.plane()
    await yard.settled()
    assert yard.held() == []

    yard.users["default"] = ("platform/gpu",)
    for _ in range(3):
        await yard.settled()
    assert yard.held() == ["one", "default"]
    assert len(yard.server.written) == 2

    yard.users.clear()
    await yard.settled()
    assert [name for name, _ in yard.server.written[2:]] == ["one", "default"]  # the Secret first
    assert yard.held() == []


async def test_a_secret_is_held_only_when_it_is_on_record() -> None:
    """What the status does not name yet could not be let go after a crash."""
    yard = Yard("one")
    yard.plane(used=None)
    yard.users["default"] = ("platform/gpu",)

    await yard.settled()

    assert yard.held() == ["default"]


async def test_somebody_else_has_written() -> None:
    """After a conflict the Secret is read once more, and what else was put on is carried along."""
    yard = Yard("one")
    yard.plane()
    yard.users["default"] = ("platform/gpu",)
    await yard.holds.secret(HOME, "one")
    yard.server.change("one", finalizers=(FOREIGN,))

    await yard.settled(polled=False)

    assert yard.server.secrets["one"].finalizers == (FOREIGN, CREDENTIALS_FINALIZER)


async def test_a_secret_that_goes_away_meanwhile() -> None:
    """A Secret that is gone needs no finalizer; the control plane is held all the same."""
    yard = Yard("one")
    yard.plane()
    yard.users["default"] = ("platform/gpu",)
    await yard.holds.secret(HOME, "one")
    del yard.server.secrets["one"]

    await yard.settled(polled=False)

    assert yard.held() == ["default"]


async def test_the_former_secret_is_let_go_once() -> None:
    """After a change of the reference the former Secret is read and let go once, also if it changes back and forth."""
    yard = Yard("one", "two")
    yard.plane()
    yard.users["default"] = ("platform/gpu",)
    await yard.settled()
    yard.plane(uses="two")
    await yard.settled()
    await yard.settled()
    assert yard.held() == ["default"]
    assert yard.server.read.count("one") == 1
    assert yard.holds.noted(yard.server.planes["default"], ControlPlaneStatus()).credentials_secret == SecretRef(
        name="two"
    )

    yard.plane()
    await yard.settled()
    assert yard.held() == ["one", "default"]
    yard.plane(uses="two")
    await yard.settled()
    assert yard.held() == ["default"]


async def test_a_shared_secret_is_let_go_with_the_last_that_needs_it() -> None:
    """One control plane that is not used any more, or is gone, does not let go for another one."""
    yard = Yard("one")
    mine, theirs = yard.plane("mine"), yard.plane("theirs")
    yard.users = {"mine": ("platform/gpu",), "theirs": ("platform/cpu",)}
    await yard.settled()
    del yard.users["mine"]
    await yard.settled()
    assert yard.held() == ["one", "theirs"]

    for gone in (mine, theirs):
        del yard.server.planes[gone.name]
        yard.holds.lose(gone)
        await yard.idle()
        assert ("one" in yard.held()) is (gone is mine)


async def test_a_control_plane_deleted_while_nobody_looked() -> None:
    """Where no poll has read the Secret, because the control plane goes or is suspended, it is read for this."""
    for suspend in (True, False):
        yard = Yard("one")
        plane = yard.plane(suspend=suspend)
        yard.server.change("one", finalizers=(CREDENTIALS_FINALIZER,))
        if not suspend:
            metadata = plane.metadata.model_copy(update={"deletion_timestamp": at(0)})
            yard.server.planes["default"] = plane.model_copy(update={"metadata": metadata})
        await yard.settled(polled=False)
        assert yard.held() == []


async def test_a_missing_right_is_not_asked_for_at_every_event() -> None:
    """Without the right to patch, a poll tries again, and registrations that come and go do not."""
    yard = Yard("one")
    plane = yard.plane()
    yard.users["default"] = ("platform/gpu",)
    yard.server.fails = KubernetesError("forbidden", status=403)
    yard.holds.used(plane)
    await yard.idle()
    for _ in range(5):
        yard.holds.used(plane)
    await yard.idle()
    assert yard.server.tries == 1

    await yard.settled()
    assert yard.held() == ["one", "default"]

    yard.users.clear()
    yard.holds.used(yard.server.planes["default"])
    await yard.idle()
    assert yard.held() == []


@pytest.mark.parametrize("status", [500, 409, None])
async def test_a_secret_that_could_not_be_let_go_is_tried_again(status: int | None) -> None:
    """Whatever fails once, the Secret is let go at the next try, and the control plane not before."""
    yard = Yard("one")
    yard.plane()
    yard.users["default"] = ("platform/gpu",)
    await yard.settled()
    yard.users.clear()
    kind = Conflict if status == 409 else KubernetesError
    yard.server.fails = kind("Not now.", status=status)
    if status == 409:
        yard.server.meanwhile = lambda: setattr(yard.server, "fails", kind("Not now.", status=409))
    yard.holds.look("default")
    await yard.idle()
    assert yard.held() == ["one", "default"]

    yard.server.meanwhile = yard.server.fails = None
    await yard.settled(polled=False)
    assert yard.held() == []


async def test_a_secret_is_let_go_with_its_control_plane() -> None:
    """A control plane that is gone lets go of its Secret, also where that was not seen since the last failure."""
    yard = Yard("one")
    plane = yard.plane()
    yard.server.change("one", finalizers=(FOREIGN, CREDENTIALS_FINALIZER))
    del yard.server.planes["default"]
    yard.holds.lose(plane)
    await yard.idle()

    assert yard.server.secrets["one"].finalizers == (FOREIGN,)


async def test_only_the_first_and_the_last_registration_matter() -> None:
    """A registration more or less costs nothing."""
    yard = Yard("one")
    yard.plane()
    yard.users["default"] = ("platform/gpu",)
    await yard.settled()

    yard.holds.used(yard.server.planes["default"])

    assert yard.holds._queue.depth == 0


async def test_secrets_are_let_go_with_their_namespace() -> None:
    """An operator that is stopped lets go of Secrets only if its namespace is being deleted."""
    for leaving in (False, True):
        yard = Yard("one")
        yard.plane()
        yard.users["default"] = ("platform/gpu",)
        await yard.settled()
        yard.server.home = yard.server.home.model_copy(update={"deletion_timestamp": at(0) if leaving else None})
        await yard.holds.aclose()
        assert yard.held() == (["default"] if leaving else ["one", "default"])


async def test_an_end_without_an_api_server() -> None:
    """Where the namespace cannot be read, the operator ends all the same."""
    yard = Yard("one")
    yard.plane()
    yard.users["default"] = ("platform/gpu",)
    await yard.settled()
    yard.server.fails = KubernetesError("No answer.")

    await yard.holds.aclose()

    assert yard.held() == ["one", "default"]
    assert holds.PARTING < 10


async def test_what_is_older_than_what_is_known_changes_nothing() -> None:
    """A watch that lags behind an own write does not bring the object of before back."""
    fleet = Fleet(cast("Kube", Server("one")), HOME, Timing())
    newer = {"metadata": {"name": "default", "uid": "uid-p", "resourceVersion": "12"}}
    spec = {"url": URL, "credentialsSecretRef": {"name": "one"}}
    older = {"metadata": newer["metadata"] | {"resourceVersion": "9", "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    try:
        fleet.see(newer | {"spec": spec})
        fleet.see(older | {"spec": spec})
        assert not (await fleet.view("default", "platform")).deleting
        fleet.see({"metadata": older["metadata"] | {"resourceVersion": "13"}, "spec": spec})
        assert (await fleet.view("default", "platform")).deleting
    finally:
        await fleet.aclose()


async def test_registrations_are_counted_as_they_come_and_go() -> None:
    """Who needs a control plane is known after each event, and the control plane is told of it."""
    new, made, left = (registration(uid=uid, name=uid) for uid in ("new", "made", "left"))
    fleet = Told(None)
    world = world_of(ApiServer(new, made, left), fleet)
    assert (list(world.registrations.users("default")), fleet.told) == ([], ["default"] * 3)

    for one in (made, left):
        status = registered(owner_uid=one.uid)
        world.take_in(one.model_copy(update={"status": status, "metadata": one.metadata.model_copy(update=LATER)}))
    assert list(world.registrations.users("default")) == ["platform/made", "platform/left"]

    world.lose("made")
    released = left.metadata.model_copy(update={"resource_version": "3", "deletion_timestamp": at(0), "finalizers": ()})
    world.take_in(left.model_copy(update={"status": registered(owner_uid="left"), "metadata": released}))
    assert list(world.registrations.users("default")) == []
    assert fleet.told == ["default"] * 7
