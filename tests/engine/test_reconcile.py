"""Reconciling from the first look to rest: how many writes, how many calls, and what survives a failure on the way."""

import asyncio
from typing import Any

import pytest

from core.situations import OTHER, UID, UUID, cluster, registered, registration
from engine.api_server import ApiServer, world_of
from engine.control_plane import ControlPlane, Fleet
from runai_registrar.core.conditions import find
from runai_registrar.core.observed import Snapshot
from runai_registrar.core.times import Timing
from runai_registrar.engine import clock
from runai_registrar.engine.poller import Poll
from runai_registrar.engine.queue import Queue
from runai_registrar.engine.reconcile import STEPS, Reconciler
from runai_registrar.errors import KubernetesError, PermissionDenied, Unanswered
from runai_registrar.resources import Origin, Registration, RegistrationStatus


class Shop:
    """A whole operator without watches and servers, with one registration."""

    def __init__(self, seen: Registration, plane: ControlPlane | None = None) -> None:
        self.server, self.plane = ApiServer(seen), plane or ControlPlane()
        self.fleet = Fleet(self.plane)
        self.world = world_of(self.server, self.fleet)
        self.reconciler = Reconciler(self.world, Timing())

    async def reconcile(self) -> RegistrationStatus:
        """Work on the registration, with the lists that it waits for; return the status that is stored then."""
        while not await self.reconciler.reconcile(UID):
            self.fleet.list()
        return self.stored.status

    @property
    def stored(self) -> Registration:
        """The registration as the API server holds it."""
        return self.server.stored[UID]

    @property
    def posts(self) -> int:
        """How many POSTs were sent."""
        return sum(call[0] == "create" for call in self.plane.called)

    def touch(self) -> None:
        """Change something that does not matter, as another client may at any time."""
        metadata = self.stored.metadata
        version = str(int(metadata.resource_version) + 1)
        labels = {"touched": version}
        changed = metadata.model_copy(update={"labels": labels, "resource_version": version})
        self.server.stored[UID] = self.stored.model_copy(update={"metadata": changed})


def new(**more: Any) -> Registration:
    """Return a registration that was just created."""
    return registration(held=False, resource_version="1", **more)


async def idle(queue: Queue) -> None:
    """Let a queue work until nothing is left to do."""
    for _ in range(5000):
        if queue.depth == 0:
            return
        await asyncio.sleep(0)
    raise AssertionError("the queue never came to rest")


def ready(status: RegistrationStatus) -> tuple[str, str]:
    """Return status and reason of Ready."""
    found = find(status.conditions, "Ready")
    assert found is not None
    return found.status, found.reason


async def test_registering_takes_two_writes_and_one_post() -> None:
    """Write 1 holds the attempt, write 2 the uuid; a second look changes nothing."""
    shop = Shop(new())
    status = await shop.reconcile()
    again = await shop.reconcile()

    assert shop.server.writes == ["metadata", "status"]
    assert shop.posts == 1
    assert (status.uuid, status.origin, ready(status)) == (UUID, Origin.CREATED, ("True", "Registered"))
    assert again == status


async def test_a_conflict_before_the_post_means_looking_again() -> None:
    """Somebody else's write in between is no failure, and no reason for a second POST."""
    shop = Shop(new())
    shop.touch()
    status = await shop.reconcile()

    assert (status.uuid, shop.posts) == (UUID, 1)
    assert shop.stored.metadata.labels == {"touched": "2"}


@pytest.mark.case(
    "R-07",
    injected="the write of the uuid has no answer",
    outcome="the uuid is kept and written later; one POST",
)
@pytest.mark.parametrize("lands", [False, True], ids=["lost", "answer-lost"])
async def test_a_uuid_in_hand_is_written_in_the_end(*, lands: bool) -> None:
    """Where write 2 has no answer the uuid stays in memory, and is written later; nothing is posted again."""
    shop = Shop(new())
    shop.plane.meanwhile = lambda: setattr(shop.server, "fails", KubernetesError("No answer."))
    shop.server.lands = lands
    with pytest.raises(KubernetesError):
        await shop.reconcile()
    status = await shop.reconcile()

    assert (status.uuid, status.origin, shop.posts) == (UUID, Origin.CREATED, 1)


@pytest.mark.case(
    "R-06",
    injected="somebody writes the object during the POST",
    outcome="read again, and the same uuid written; one POST",
)
async def test_a_conflict_after_the_post_keeps_the_uuid() -> None:
    """A foreign write during the POST makes write 2 stale: it is read again, and the same uuid written."""
    shop = Shop(new())
    shop.plane.meanwhile = shop.touch
    status = await shop.reconcile()

    assert (status.uuid, status.origin, shop.posts) == (UUID, Origin.CREATED, 1)


async def test_a_lost_answer_waits_for_proof() -> None:
    """After a POST without an answer nothing is posted, and the status says what is being done."""
    shop = Shop(new(), ControlPlane(fails=Unanswered("Reset.")))
    status = await shop.reconcile()
    again = await shop.reconcile()

    assert shop.posts == 1
    assert ready(status) == ("False", "Registering")
    assert status.create_attempt == shop.stored.attempt
    assert again == status


async def test_a_lost_answer_is_found_again() -> None:
    """What the POST has made is in the next list, and is claimed as recovered."""
    shop = Shop(new(), ControlPlane(fails=Unanswered("Reset.")))
    await shop.reconcile()
    announced = shop.stored.attempt
    assert announced is not None
    shop.plane.shows[OTHER] = cluster(OTHER).model_copy(update={"created_at": announced.at})
    shop.fleet.list()
    status = await shop.reconcile()

    assert (status.uuid, status.origin, shop.posts) == (OTHER, Origin.RECOVERED, 1)
    assert status.create_attempt is None


async def test_a_refusal_is_reported_and_left_alone() -> None:
    """After a definite no the attempt is closed, and the next look does not ask again."""
    shop = Shop(new(), ControlPlane(fails=PermissionDenied("No.", status=403)))
    status = await shop.reconcile()
    again = await shop.reconcile()

    assert shop.posts == 1
    assert ready(status) == ("False", "PermissionDenied")
    assert shop.stored.attempt is not None
    assert status.attempt == shop.stored.attempt.id
    assert again == status


@pytest.mark.case(
    "R-29",
    injected="the finalizer is removed and the object gone during the POST",
    outcome="an error line with the uuid",
)
async def test_an_answer_for_a_registration_that_is_gone_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """A registration whose finalizer a person removed during the POST leaves an error with the uuid."""
    shop = Shop(new())
    shop.plane.meanwhile = lambda: shop.world.lose(UID)
    await shop.reconcile()

    assert "ERROR" in [record.levelname for record in caplog.records if UUID in record.getMessage()]


async def test_a_deletion_takes_one_call_and_one_write() -> None:
    """The cluster is asked to go, seen to be gone, and the finalizer removed; foreign finalizers stay."""
    seen = registration(status=registered(), deleting=True, resource_version="1")
    shop = Shop(seen, ControlPlane(shows={UUID: cluster()}))
    await shop.reconcile()

    assert shop.plane.called == [("delete", UUID, False)]
    assert shop.server.writes == ["metadata"]
    assert shop.stored.metadata.finalizers == ("example.com/foreign",)
    assert shop.server.lists == 1


async def test_what_needs_a_list_does_not_wait_for_it() -> None:
    """After its DELETE a registration is left until a list has come: reconciling ends, and nothing is written."""
    seen = registration(status=registered(), deleting=True, resource_version="1")
    shop = Shop(seen, ControlPlane(shows={UUID: cluster()}))
    shop.fleet.list()
    done = [await shop.reconciler.reconcile(UID) for _ in range(3)]
    asked = shop.fleet.asked

    assert done == [False, False, False]
    assert shop.plane.called == [("delete", UUID, False)]
    assert shop.server.writes == []
    assert asked == shop.world.registrations.entries[UID].memory.asked


async def test_a_list_that_took_long_is_recent_enough() -> None:
    """A creation rests on a list that began at most 5 s before it was asked for, however long its answer took."""
    shop = Shop(new())
    shop.fleet.snapshot = Snapshot.of([], clock.now().earlier(60.0), 0.0)
    waits = not await shop.reconciler.reconcile(UID)
    asked = shop.fleet.asked or clock.now()
    just_after = asked.earlier(-1e-6)
    shop.fleet.snapshot = Snapshot.of([], just_after, just_after.wall)
    done = await shop.reconciler.reconcile(UID)

    assert waits
    assert done
    assert shop.posts == 1


def leaving(number: int) -> Registration:
    """Return one of many registrations that are being deleted, each with a cluster."""
    uid, uuid = f"uid-{number}", f"00000000-0000-4000-8000-0000000001{number:02}"
    status = registered(uuid=uuid, owner_uid=uid, cluster_name=uid)
    return registration(uid=uid, name=uid, deleting=True, resource_version="1", status=status)


async def test_one_worker_is_enough_for_many_who_wait_for_a_list() -> None:
    """While twenty wait for a list after their DELETE, the only worker registers another one; one list frees them."""
    crowd = [leaving(number) for number in range(20)]
    plane = ControlPlane(shows={str(one.status.uuid): cluster(str(one.status.uuid), name=one.name) for one in crowd})
    server, fleet = ApiServer(*crowd, new(uid="new")), Fleet(plane)
    world = world_of(server, fleet)
    queue = Queue(Reconciler(world, Timing()).reconcile, world.lane_of, workers=1)
    fleet.list()
    world.start(queue)
    await idle(queue)
    asked, made, lists = len(plane.called), server.stored["new"].status.uuid, fleet.lists
    holding = [one.uid for one in server.stored.values() if one.held]
    fleet.list()
    world.polled("default", Poll(None, fleet.snapshot, None, None))
    await idle(queue)

    assert (asked, made, lists) == (20 + 1, UUID, 1)
    assert len(holding) == 20 + 1
    assert [one.uid for one in server.stored.values() if one.held] == ["new"]
    assert len(plane.called) == 20 + 1
    assert sorted(server.writes) == ["metadata"] * 21 + ["status"]


async def test_what_keeps_changing_is_left_for_later() -> None:
    """A registration that somebody writes all the time does not keep a worker for ever."""
    shop = Shop(new())
    shop.server.meanwhile = shop.touch
    with pytest.raises(KubernetesError, match="keeps changing"):
        await shop.reconcile()

    assert shop.posts == 0
    assert int(shop.stored.metadata.resource_version) > STEPS / 2


async def test_an_unknown_registration_is_no_work() -> None:
    """What is gone by the time its turn comes needs nothing."""
    shop = Shop(new())
    shop.world.lose(UID)
    await shop.reconcile()

    assert shop.server.writes == []
    assert shop.plane.called == []
