"""First contact with a control plane: its connection is on record before anything may rest on it."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from runai_registrar.core.observed import ControlPlaneView
from runai_registrar.core.planes import Held
from runai_registrar.core.times import Timing
from runai_registrar.engine import clock
from runai_registrar.engine.fleet import Fleet
from runai_registrar.engine.poller import Poll, Poller
from runai_registrar.errors import Conflict, KubernetesError
from runai_registrar.kube import Kube, Listed
from runai_registrar.resources import ControlPlane, ControlPlaneStatus
from runai_registrar.simulator import Admin, Server, Simulator, running_in_thread


class ApiServer:
    """One control plane and its Secret in memory; `fails` is raised by writes of the status, one after the other."""

    def __init__(self, simulator: Server) -> None:
        self.fails: list[KubernetesError] = []
        self.writes = self.lists = 0
        self.gone, self.version = False, ""
        self.reached, self.goes_on = asyncio.Event(), asyncio.Event()
        self.goes_on.set()
        self.simulator = simulator
        self.change_secret(simulator.client_id, simulator.client_secret)
        self.secret_fails: KubernetesError | None = None
        spec = {"url": simulator.url, "credentialsSecretRef": {"name": "one"}, "pollInterval": "1s"}
        metadata = {"name": "default", "uid": "uid-p", "generation": 1, "resourceVersion": "1"}
        self.plane = ControlPlane.from_dict({"metadata": metadata, "spec": spec})

    def change_secret(self, client_id: str, client_secret: str) -> None:
        """Put another credential into the Secret."""
        data = {"clientId": client_id, "clientSecret": client_secret}
        self.data = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}

    async def secret(self, namespace: str, name: str) -> dict[str, Any]:
        """Read the Secret."""
        assert (namespace, name) == ("operators", "one")
        if self.secret_fails is not None:
            raise self.secret_fails
        return {"metadata": {"name": name, "uid": "uid-s", "resourceVersion": "1"}, "data": self.data}

    async def control_planes(self) -> Listed:
        """List what there is; at its own version, unless that is another one."""
        self.lists += 1
        here = [] if self.gone else [self.plane.to_dict()]
        return Listed(here, self.version or self.plane.metadata.resource_version)

    async def write_plane_status(self, plane: ControlPlane, status: dict[str, Any]) -> ControlPlane:
        """Replace the status."""
        self.writes += 1
        self.reached.set()
        await self.goes_on.wait()
        if self.fails:
            raise self.fails.pop(0)
        if plane.metadata.resource_version != self.plane.metadata.resource_version:
            raise Conflict("Somebody else has written.", status=409)
        version = str(int(plane.metadata.resource_version or 0) + 1)
        metadata = plane.metadata.model_copy(update={"resource_version": version})
        wrote = ControlPlaneStatus.model_validate(status)
        self.plane = plane.model_copy(update={"metadata": metadata, "status": wrote})
        return self.plane


class Contact:
    """A fleet of one control plane before a real simulator; `polls` are its looks so far."""

    def __init__(self, server: ApiServer, fleet: Fleet) -> None:
        self.server, self.fleet = server, fleet
        self.polls: list[Poll] = []
        self.looked = asyncio.Event()

    @property
    def poller(self) -> Poller:
        """The poller of the control plane."""
        poller = self.fleet.poller("default")
        assert poller is not None
        return poller

    async def looks(self, count: int) -> None:
        """Let so many more looks end."""
        wanted = len(self.polls) + count
        self.poller.look()
        async with asyncio.timeout(10):
            while len(self.polls) < wanted:
                self.looked.clear()
                await self.looked.wait()


@pytest.fixture
async def contact() -> AsyncIterator[Contact]:
    """A contact that nobody has made yet."""
    with running_in_thread(Simulator()) as simulator:
        server = ApiServer(simulator)
        yield Contact(server, Fleet(cast("Kube", server), "operators", Timing()))


@asynccontextmanager
async def made(contact: Contact) -> AsyncIterator[None]:
    """Look from the beginning of the block to its end."""

    def told(_: str, poll: Poll) -> None:
        """Remember a look."""
        contact.polls.append(poll)
        contact.looked.set()

    nothing = Held.of([])
    contact.fleet.bind(held=lambda _: nothing, changed=told, seen=lambda _: None, users=lambda _: ())
    contact.fleet.see(contact.server.plane.to_dict())
    try:
        yield
    finally:
        contact.server.goes_on.set()
        await contact.fleet.aclose()


async def test_nothing_is_shown_before_the_connection_is_on_record(contact: Contact) -> None:
    """While the status is being written there is neither a list nor a client to act by; afterwards there are both."""
    contact.server.goes_on.clear()
    async with made(contact):
        async with asyncio.timeout(10):
            await contact.server.reached.wait()
        before = (contact.poller.snapshot, contact.poller.client)
        contact.server.goes_on.set()
        await contact.looks(1)

        assert before == (None, None)
        assert contact.poller.snapshot is not None
        assert contact.poller.client is not None
        assert contact.server.plane.status.verified is not None


@pytest.mark.parametrize(
    "error", [Conflict("Changed.", status=409), KubernetesError("No answer.")], ids=["409", "none"]
)
async def test_a_record_that_fails_is_tried_again(contact: Contact, error: KubernetesError) -> None:
    """Where the status cannot be written nothing is shown, nobody is alarmed, and the next look tries again."""
    contact.server.fails.append(error)
    async with made(contact):
        await contact.looks(2)

    assert [(poll.after is not None, poll.trouble) for poll in contact.polls[:2]] == [(False, None), (True, None)]


async def test_a_record_without_the_right_is_a_trouble(contact: Contact) -> None:
    """Who may not write the status is told which right is missing."""
    contact.server.fails += [KubernetesError("Forbidden.", status=403)] * 2  # the record, and the report of the trouble
    async with made(contact):
        await contact.looks(2)
    first, second = contact.polls[:2]

    assert first.trouble is not None
    assert (first.after, first.trouble.reason, first.trouble.passing) == (None, "ControlPlaneNotReady", False)
    assert "patch runaicontrolplanes/status" in first.trouble.message
    assert (second.after is not None, second.trouble) == (True, None)


async def test_later_looks_write_nothing(contact: Contact) -> None:
    """A connection that is on record is not written again, by this operator or by the next one."""
    async with made(contact):
        await contact.looks(3)
    following = Contact(contact.server, Fleet(cast("Kube", contact.server), "operators", Timing()))
    async with made(following):
        await following.looks(2)

    assert contact.server.writes == 1
    assert following.polls[0].after is not None


async def test_a_rotated_secret_is_another_connection(contact: Contact) -> None:
    """With another secret of the same client the connection is written once more, and then it rests."""
    async with made(contact):
        await contact.looks(1)
        before = contact.server.plane.status.verified
        with Admin(contact.server.simulator.admin_url) as admin:
            rotated = admin.add_credential(client_id=contact.server.simulator.client_id)
        contact.server.change_secret(rotated.client_id, rotated.client_secret)
        await contact.looks(3)

    assert contact.server.plane.status.verified != before
    assert contact.server.writes == 2
    assert [poll.renewed for poll in contact.polls].count(True) == 1


async def test_a_rotation_is_no_way_around_a_pause(contact: Contact) -> None:
    """With another secret a pause that was asked for goes on; another spec is another connection, and is tried."""
    with Admin(contact.server.simulator.admin_url) as admin:
        async with made(contact):
            await contact.looks(1)
            admin.fault("throttle", operation="get_clusters", retryAfter=60)
            await contact.looks(1)
            rotated = admin.add_credential(client_id="another")
            contact.server.change_secret(rotated.client_id, rotated.client_secret)
            asked = admin.counts().total()
            await contact.looks(2)
            waited = (admin.counts().total() - asked, contact.poller.trouble and contact.poller.trouble.reason)
            change(contact, requestsPerSecond=50)
            await contact.looks(2)

            assert contact.poller.trouble is None
    assert waited == (0, "Throttled")


def change(contact: Contact, **spec: object) -> None:
    """Change fields of the control plane's spec."""
    seen = contact.server.plane.to_dict()
    seen["spec"] |= spec
    seen["metadata"]["resourceVersion"] = str(int(seen["metadata"]["resourceVersion"]) + 1)
    contact.server.plane = ControlPlane.from_dict(seen)
    contact.fleet.see(seen)


@pytest.mark.parametrize(
    "spec",
    [
        {"suspend": True},
        {"tenantId": 2002},
        {"allowedNamespaces": {"from": "Names", "names": ["elsewhere"]}},
        {"proxyUrl": "http://127.0.0.1:9"},
    ],
    ids=["suspended", "tenant", "namespace", "proxy"],
)
async def test_a_call_that_waits_is_not_sent_after_a_change(contact: Contact, spec: dict[str, Any]) -> None:
    """What a namespace has seen of a control plane counts until its spec says otherwise, from that moment on."""
    async with made(contact):
        await contact.looks(1)
        seen, client = await view(contact), contact.poller.client
        before = contact.fleet.still(seen, "platform", client)
        change(contact, **spec)

        assert before
        assert not contact.fleet.still(seen, "platform", client)


async def test_a_control_plane_that_is_deleted_is_another(contact: Contact) -> None:
    """What was to be created is not, once the deletion of the control plane has begun or has ended."""
    async with made(contact):
        await contact.looks(1)
        seen, client = await view(contact), contact.poller.client
        going = contact.server.plane.to_dict()
        going["metadata"] |= {"resourceVersion": "99", "deletionTimestamp": "2026-01-01T00:00:00Z"}
        contact.fleet.see(going)
        assert not contact.fleet.still(seen, "platform", client)

        contact.fleet.lose("default")
        assert not contact.fleet.still(seen, "platform", client)


async def test_a_suspension_is_said_at_once(contact: Contact) -> None:
    """While a list waits in the limiter a suspension is reported, and the list is not sent any more."""
    with Admin(contact.server.simulator.admin_url) as admin:
        async with made(contact):
            await contact.looks(1)
            change(contact, requestsPerSecond=1)
            await contact.looks(1)
            asked = admin.counts().total()
            contact.poller.look()
            change(contact, suspend=True)
            contact.server.reached.clear()
            async with asyncio.timeout(5):
                await contact.server.reached.wait()
            await contact.looks(2)

            assert "Suspended" in contact.server.plane.status.conditions[0].message
            assert admin.counts().total() == asked
            change(contact, suspend=False)
            await contact.looks(2)
            assert admin.counts().total() > asked


def change_unseen(contact: Contact, **spec: object) -> None:
    """Change the spec, and lose the event."""
    before = contact.server.plane
    metadata = before.metadata.model_copy(update={"resource_version": "70"})
    contact.server.plane = before.model_copy(update={"metadata": metadata, "spec": before.spec.model_copy(update=spec)})


async def test_a_lost_event_is_met_by_a_conflict(contact: Contact) -> None:
    """What a watch has missed is listed once when the status cannot be written over it, and then it counts."""
    async with made(contact):
        await contact.looks(1)
        change_unseen(contact, tenant_id=2002)
        with Admin(contact.server.simulator.admin_url) as admin:
            rotated = admin.add_credential(client_id="another")
        contact.server.change_secret(rotated.client_id, rotated.client_secret)
        await contact.looks(2)

        assert contact.server.lists == 1
        assert (await view(contact)).tenant_id == 2002


@pytest.mark.parametrize(("version", "there"), [("1000", False), ("1", True)], ids=["older", "newer"])
async def test_a_complete_list_finds_what_is_gone(contact: Contact, version: str, *, there: bool) -> None:
    """A control plane that a list lacks is gone, unless it is newer than the list."""
    async with made(contact):
        await contact.looks(1)
        contact.server.gone, contact.server.version = True, version
        await contact.fleet.list_live(clock.now())

        assert (await view(contact)).exists is there


async def test_a_slow_list_does_not_bring_back_what_is_gone(contact: Contact) -> None:
    """A list from before a deletion that was seen does not bring the control plane back; one list serves who asked."""
    async with made(contact):
        before = clock.now()
        contact.fleet.lose("default")
        for _ in range(2):
            await contact.fleet.list_live(before)

        assert not (await view(contact)).exists
        assert contact.server.lists == 1


async def view(contact: Contact) -> ControlPlaneView:
    """The control plane as a namespace sees it."""
    return await contact.fleet.view("default", "platform")


async def test_a_secret_that_may_not_be_read(contact: Contact) -> None:
    """A missing right takes a person, who is told which one; with it the look goes on."""
    contact.server.secret_fails = KubernetesError("Forbidden.", status=403)
    async with made(contact):
        await contact.looks(1)
        trouble = contact.poller.trouble
        contact.server.secret_fails = None
        await contact.looks(2)

        assert contact.poller.trouble is None
    assert trouble is not None
    assert (trouble.reason, trouble.passing) == ("ControlPlaneNotReady", False)
    assert "the Secret one in namespace operators" in trouble.message
    assert "right to get secrets" in trouble.message
