"""The install Secret over failures and crashes: nothing is lost, nothing foreign is touched, nothing is done twice."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import SecretStr

from core.situations import UID, UUID, cluster, registered, registration
from engine.api_server import ApiServer, world_of
from engine.control_plane import ControlPlane, Fleet
from runai_registrar.controlplane.models import InstallInfo
from runai_registrar.core.conditions import find
from runai_registrar.core.installed import KEYS, OWNER
from runai_registrar.core.times import Timing
from runai_registrar.engine.reconcile import Reconciler
from runai_registrar.errors import (
    Absent,
    Conflict,
    ControlPlaneError,
    KubernetesError,
    NotFound,
    PermissionDenied,
    Stale,
    Terminating,
    Throttled,
    Unanswered,
)
from runai_registrar.resources import InstallSecret, Registration, RegistrationSpec

Json = dict[str, Any]
ASKED = {"version": "2.24.18", "installSecret": {"name": "install"}}
INFO = {"installationStr": "run", "repositoryName": "runai", "chartRepoURL": "https://charts", "clientSecret": "canary"}
UNANSWERED = KubernetesError("No answer.")


class Vault(ApiServer):
    """An API server that holds Secrets, too: by name, with uid and resource version, as they are stored.

    `refuses` answers every request for a Secret; those in `hidden` are made just after the next look. `breaks` counts
    down to the write that gets no answer, and `lands` says whether that one takes effect.
    """

    def __init__(self, *registrations: Registration) -> None:
        super().__init__(*registrations)
        self.secrets: dict[str, Json] = {}
        self.refuses: KubernetesError | None = None
        self.breaks: int | None = None
        self.hidden: set[str] = set()
        self._made = 0

    async def write_status(self, registration: Registration, status: Mapping[str, Any]) -> Registration:
        """Replace the status of a registration."""
        self._begin()
        written = await super().write_status(registration, status)
        self._end()
        return written

    async def secret(self, _: str, name: str) -> Json:
        """Read a Secret."""
        if name in self.hidden:
            self.hidden.discard(name)
            raise Absent("There is none so far.", status=404)
        return self._found(name)

    async def create_secret(self, _: str, metadata: Json, content: Mapping[str, SecretStr]) -> Json:
        """Create a Secret; never replace one."""
        self._check()
        self._begin()
        if metadata["name"] in self.secrets:
            raise Conflict("It is there.", status=409)
        return self._store(metadata, content, f"secret-{self._made}")

    async def patch_secret(self, _: str, name: str, metadata: Json, content: Mapping[str, SecretStr]) -> Json:
        """Change a Secret that is as it was seen."""
        known = self._same(name, metadata["uid"], metadata["resourceVersion"])
        self._begin()
        changes = {**metadata, "name": name}
        changes["ownerReferences"] = [each for each in metadata["ownerReferences"] if "$patch" not in each]
        return self._store({**known["metadata"], **changes}, content, metadata["uid"])

    async def delete_secret(self, _: str, name: str, uid: str, resource_version: str) -> None:
        """Delete a Secret that is as it was seen."""
        if name in self.secrets:
            self._same(name, uid, resource_version)
            self._begin()
            del self.secrets[name]
            self.writes.append("removed")
            self._end()

    def foreign(self, name: str) -> Json:
        """Put somebody else's Secret there."""
        self.secrets[name] = {"metadata": {"name": name, "uid": "theirs", "resourceVersion": "1"}, "data": {}}
        return self.secrets[name]

    def _found(self, name: str) -> Json:
        self._check()
        if name not in self.secrets:
            raise Absent("There is none.", status=404)
        return self.secrets[name]

    def _same(self, name: str, uid: str, version: str) -> Json:
        found = self._found(name)
        if (found["metadata"]["uid"], found["metadata"]["resourceVersion"]) != (uid, version):
            raise Conflict("Somebody else wrote in between.", status=409)
        return found

    def _store(self, metadata: Json, content: Mapping[str, SecretStr], uid: str) -> Json:
        self._made += 1
        data = {key: base64.b64encode(text.get_secret_value().encode()).decode() for key, text in content.items()}
        made = {"metadata": {**metadata, "uid": uid, "resourceVersion": str(self._made)}, "data": data}
        self.secrets[metadata["name"]] = made
        self.writes.append("secret")
        self._end()
        return made

    def _check(self) -> None:
        if self.refuses is not None:
            raise self.refuses

    def _begin(self) -> None:
        if self.breaks == 0 and not self.lands:
            self.breaks = None
            raise UNANSWERED

    def _end(self) -> None:
        if self.breaks == 0:
            self.breaks = None
            raise UNANSWERED
        self.breaks = None if self.breaks is None else self.breaks - 1


class Informed(ControlPlane):
    """A control plane that gives install information, or fails to."""

    lacks: ControlPlaneError | None = None

    async def install_info(
        self, uuid: str, version: str, remote_url: str | None = None, *, still_fresh: Callable[[], bool]
    ) -> InstallInfo:
        """Give it."""
        if not still_fresh():
            raise Stale("Too old.")
        self.called.append(("info", uuid, version, remote_url))
        if self.lacks is not None:
            raise self.lacks
        return InstallInfo.model_validate(INFO)


class Shop:
    """An operator process beside an API server and a control plane, with one registration that asks for a Secret."""

    def __init__(self, seen: Registration) -> None:
        self.server, self.plane = Vault(seen), Informed()
        for uuid in {seen.status.uuid} - {None}:
            self.plane.shows[str(uuid)] = cluster(str(uuid))
        self.start()

    def start(self) -> None:
        """A new process knows only what is stored."""
        self.fleet = Fleet(self.plane)
        self.fleet.list()
        self.world = world_of(self.server, self.fleet)
        self.reconciler = Reconciler(self.world, Timing())

    async def reconcile(self) -> Registration:
        """Work on the registration until there is nothing to do."""
        while not await self.reconciler.reconcile(UID):
            self.fleet.list()
        return self.server.stored[UID]

    def change(self, generation: int, **spec: Any) -> None:
        """Change the spec."""
        stored = self.server.stored[UID]
        version = str(int(stored.metadata.resource_version) + 1)
        metadata = stored.metadata.model_copy(update={"generation": generation, "resource_version": version})
        wanted = RegistrationSpec.model_validate(spec)
        self.server.stored[UID] = stored.model_copy(update={"metadata": metadata, "spec": wanted})
        self.world.take_in(self.server.stored[UID])

    @property
    def asked(self) -> int:
        """How often install information was asked for."""
        return sum(call[0] == "info" for call in self.plane.called)


def held(**status: Any) -> Registration:
    """Return a registration that holds its cluster and asks for an install Secret."""
    return registration(status=registered(**status), spec=ASKED, resource_version="1")


def ready(seen: Registration) -> tuple[str, str, str]:
    """Return status, reason and message of Ready."""
    found = find(seen.status.conditions, "Ready")
    assert found is not None
    return found.status, found.reason, found.message


async def test_from_nothing_to_ready() -> None:
    """The uuid is recorded before the Secret is written; Ready follows; a further look does nothing."""
    shop = Shop(registration(spec=ASKED, held=False, resource_version="1"))
    recorded = await shop.reconcile()
    seen = await shop.reconcile()
    again = await shop.reconcile()

    assert shop.server.writes == ["metadata", "status", "secret", "status"]
    assert (recorded.status.uuid, ready(recorded)[:2]) == (UUID, ("False", "Registering"))
    assert ready(seen)[0] == "True"
    assert seen.status.install_secret == InstallSecret(name="install")
    assert again == seen
    assert shop.asked == 1


async def test_a_missing_version_asks_nobody() -> None:
    """Where no version is known, neither side is asked for anything."""
    shop = Shop(registration(status=registered(), spec={"installSecret": {"name": "install"}}, resource_version="1"))
    seen = await shop.reconcile()

    assert ready(seen)[:2] == ("False", "InvalidSpec")
    assert (shop.asked, shop.server.secrets) == (0, {})


@pytest.mark.parametrize("another", [False, True], ids=["the-same-process", "another-process"])
@pytest.mark.parametrize("lands", [False, True], ids=["lost", "landed"])
@pytest.mark.parametrize(("flow", "number"), [("write", 0), ("write", 1), ("move", 0), ("move", 1), ("move", 2)])
async def test_a_break_at_each_write_loses_nothing(flow: str, number: int, *, lands: bool, another: bool) -> None:
    """Whichever write has no answer, whether it landed, and whoever goes on: one Secret, as asked for, and Ready."""
    shop = Shop(held())
    if flow == "move":
        await shop.reconcile()
        shop.change(2, **ASKED | {"installSecret": {"name": "moved"}})
    shop.server.breaks, shop.server.lands = number, lands
    with pytest.raises(KubernetesError):
        await shop.reconcile()
    if another:
        shop.start()
    seen = await shop.reconcile()
    name = "moved" if flow == "move" else "install"

    assert ready(seen)[0] == "True"
    assert seen.status.install_secret == InstallSecret(name=name)
    assert list(shop.server.secrets) == [name]
    assert shop.server.secrets[name]["data"].keys() == KEYS
    assert shop.server.secrets[name]["metadata"]["labels"][OWNER] == UID


@pytest.mark.case(
    "S-06",
    injected="a Secret of the name appears between the look and the write",
    outcome="nothing is overwritten; InstallSecretConflict",
)
async def test_what_appears_meanwhile_is_not_overwritten() -> None:
    """Between the look and the write somebody else took the name: it is a conflict, and theirs stays as it is."""
    shop = Shop(held())
    await shop.reconcile()
    shop.change(2, **ASKED | {"installSecret": {"name": "taken"}})
    theirs = shop.server.foreign("taken")
    shop.server.hidden = {"taken"}
    seen = await shop.reconcile()

    assert ready(seen)[:2] == ("False", "InstallSecretConflict")
    assert shop.server.secrets["taken"] == theirs
    assert "install" in shop.server.secrets


FAILURES: list[tuple[ControlPlaneError, str, str]] = [
    (NotFound("The control plane answered 404.", status=404), "Reconciling", "Registering"),
    (Unanswered("The control plane answered 503.", status=503), "Reconciling", "ControlPlaneUnreachable"),
    (Throttled("The control plane answered 429.", status=429), "Reconciling", "Throttled"),
    (PermissionDenied("The control plane answered 403.", status=403), "Stalled", "PermissionDenied"),
]


@pytest.mark.parametrize(("error", "kind", "reason"), FAILURES, ids=[reason for *_, reason in FAILURES])
async def test_missing_install_information_is_reported(error: ControlPlaneError, kind: str, reason: str) -> None:
    """Why there is no install information is said; it is not asked for again until its time has come."""
    shop = Shop(held())
    shop.plane.lacks = error
    seen = await shop.reconcile()
    again = await shop.reconcile()
    found = find(seen.status.conditions, kind)

    assert found is not None
    assert (found.status, found.reason) == ("True", reason)
    assert error.message in ready(seen)[2]
    assert seen.status.uuid == UUID
    assert again == seen
    assert shop.asked == 1


async def test_a_changed_spec_is_tried_at_once() -> None:
    """A person who has changed something does not wait for the pause after the last failure."""
    shop = Shop(held())
    shop.plane.lacks = PermissionDenied("No.", status=403)
    await shop.reconcile()
    shop.plane.lacks = None
    shop.change(2, **ASKED)

    assert ready(await shop.reconcile())[0] == "True"


async def test_a_failing_install_secret_does_not_hold_up_a_rename() -> None:
    """The name of the cluster is corrected while install information is missing."""
    shop = Shop(held())
    shop.plane.lacks = NotFound("Not yet.", status=404)
    await shop.reconcile()
    shop.change(1, **ASKED | {"clusterName": "gpu-west"})
    await shop.reconcile()

    assert ("rename", UUID, "gpu-west") in shop.plane.called


REFUSALS: list[tuple[KubernetesError, str, str]] = [
    (Terminating("The namespace is being deleted.", status=403), "Reconciling", "Registering"),
    (KubernetesError("No.", status=403), "Stalled", "PermissionDenied"),
    (KubernetesError("No.", status=422), "Stalled", "InstallSecretConflict"),
]


@pytest.mark.parametrize(("error", "kind", "reason"), REFUSALS, ids=[reason for *_, reason in REFUSALS])
async def test_a_refusal_of_the_api_server_is_reported(error: KubernetesError, kind: str, reason: str) -> None:
    """What the API server refuses is said in the status, not only in a log."""
    shop = Shop(held())
    shop.server.refuses = error
    seen = await shop.reconcile()
    found = find(seen.status.conditions, kind)

    assert found is not None
    assert (found.status, found.reason) == ("True", reason)


@pytest.mark.parametrize("status", [None, 401, 429, 500, 503])
async def test_an_api_server_in_trouble_is_tried_again(status: int | None) -> None:
    """What passes by itself is left to the queue, and nothing is said against anybody."""
    shop = Shop(held())
    shop.server.refuses = KubernetesError("Later.", status=status)
    with pytest.raises(KubernetesError):
        await shop.reconcile()
    shop.server.refuses = None

    assert ready(await shop.reconcile())[0] == "True"


async def test_nothing_secret_is_remembered() -> None:
    """Neither what the process remembers of a Secret nor what it has stored elsewhere holds a secret."""
    shop = Shop(held())
    seen = await shop.reconcile()
    entry = shop.world.registrations.entries[UID]
    encoded = base64.b64encode(b"canary").decode()

    assert shop.server.secrets["install"]["data"]["clientSecret"] == encoded
    assert [text for text in ("canary", encoded) if text in f"{entry} {entry!r} {seen.to_dict()}"] == []
