"""Beyond the review: traces of the random runs, or that a person walks into by doing as a message says."""

import pytest

from protocol.model import Model
from protocol.traces_create import OTHERS, person, unanswered
from protocol.traces_keep import made_by, registered


@pytest.mark.case(
    "R-17",
    injected="the only list before a lost POST is slow, which says little about the control plane's clock",
    outcome="its cluster is found all the same",
)
def test_recovered_after_a_slow_list() -> None:
    """A slow list says little about the control plane's clock; what was created by it is found again all the same."""
    model = Model()
    process = model.process()
    uid = model.user.create("x")
    model.hold("LIST")
    model.settle()
    model.advance(20)
    model.arrive("LIST")
    model.hold("POST")
    model.settle()
    model.arrive("POST")
    process.crash()
    model.hold()
    model.process()
    model.wait(100)

    assert model.registration(uid).status.uuid == made_by(model, uid).uuid
    assert len(model.clusters(uid)) == 1


@pytest.mark.case(
    "R-28", injected="deleted; its POST unclear, adopt another cluster", outcome="found, deleted, released"
)
def test_deleted_while_adopt_names_another() -> None:
    """`adopt.uuid` decides what to take over, not that an unanswered creation made nothing: that is deleted too."""
    model = Model()
    model.process()
    uid = model.user.create("x")
    model.hold("POST")
    model.settle()
    model.arrive("POST")
    model.lose("POST")
    model.user.edit(uid, adopt={"uuid": "00000000-0000-4000-8000-000000000099"})
    model.hold()
    model.wait(5)
    model.user.delete(uid)
    model.wait(100)
    model.drain()
    model.wait(60)

    assert uid not in model.server.objects
    assert not model.clusters(uid)


@pytest.mark.case(
    "R-13",
    injected="a stranger's cluster is adopted while a POST is unclear, which made one after all",
    outcome="the surplus one is named; nothing is touched",
)
def test_adopted_before_a_creation_is_clear() -> None:
    """A cluster that shows up after another was adopted is reported, and not touched."""
    model = Model()
    model.process()
    uid = model.user.create("x")
    stranger = person(model, "old", OTHERS)
    model.hold("POST")
    model.settle()
    model.lose("POST")
    model.hold()
    model.user.edit(uid, adopt={"uuid": stranger.uuid})
    model.wait(5)
    model.arrive("POST")
    model.wait(100)
    model.observer.rest()

    assert model.registration(uid).status.uuid == stranger.uuid
    assert model.ready(uid) == ("False", "CreateAmbiguous")


@pytest.mark.case(
    "R-10",
    injected="a cluster is named in adopt that another registration's POST has just made",
    outcome="not adopted, under another name either",
)
def test_adopted_while_another_creates_it() -> None:
    """A cluster that another registration's POST has just made is not adopted under another name either."""
    model = Model()
    poster = model.process()
    first = model.user.create("x")
    model.until("POST")
    model.arrive("POST")
    poster.frozen = True
    model.advance(11)
    second = model.user.create("y", adopt={"uuid": made_by(model, first).uuid})
    model.hold()
    reader = model.process()
    model.hear(reader)
    model.work(reader, second)

    assert model.ready(second) == ("False", "OwnershipConflict")
    poster.frozen = False
    model.wait(10, poster)
    assert model.ready(first) == ("True", "Registered")


def _both_unclear(model: Model) -> tuple[str, str]:
    """Two registrations of one name, one cluster, and no answer to either."""
    first, second = model.user.create("x", "a"), model.user.create("x", "b")
    poster, crasher = model.process("P0"), model.process("P1")
    model.hear(poster, crasher)
    model.hold("turn")
    model.work(crasher, second)
    crasher.crash()
    model.hold("POST")
    model.work(poster, first)
    model.arrive("POST")
    poster.crash()
    model.hold()
    model.process("P2")
    model.wait(100)
    assert model.ready(first) == model.ready(second) == ("False", "CreateAmbiguous")
    return first, second


@pytest.mark.case(
    "R-10",
    injected="two registrations wait for each other after lost answers; adopt decides",
    outcome="it ends for both",
)
def test_a_person_decides_between_two() -> None:
    """`adopt.uuid` on one of two registrations that wait for each other ends it for both."""
    model = Model()
    first, second = _both_unclear(model)
    model.user.edit(first, adopt={"uuid": made_by(model, first).uuid})
    model.wait(200)

    assert model.ready(first) == ("True", "Adopted")
    assert model.ready(second) == ("False", "NameTaken")


@pytest.mark.case(
    "R-10",
    injected="two registrations wait for each other after lost answers; one is given up",
    outcome="it ends for both",
)
def test_a_person_gives_one_of_two_up() -> None:
    """So does the deletion of the one that never made anything, by the annotation that its message names."""
    model = Model()
    first, second = _both_unclear(model)
    model.user.orphan(second)
    model.user.delete(second)
    model.wait(200)

    assert second not in model.server.objects
    assert model.ready(first) == ("True", "Registered")
    assert made_by(model, first).live


@pytest.mark.case(
    "R-13",
    injected="a cluster of the name is adopted that a registration, renamed since, cannot have made",
    outcome="adopted",
)
def test_adopted_beside_an_attempt_that_made_nothing() -> None:
    """A registration that gave up its name does not keep another from adopting a cluster that it cannot have made."""
    model = Model()
    model.process()
    unanswered(model, version="2.24.18")
    stranger = person(model, "x", OTHERS)
    model.wait(100)
    second = model.user.create("x", "b", adopt={"byName": True})
    model.wait(100)

    assert model.ready(second) == ("True", "Adopted")
    assert model.registration(second).status.uuid == stranger.uuid


@pytest.mark.case("R-16", injected="the status is wiped during the drain", outcome="held until the cluster is gone")
def test_status_wiped_while_draining() -> None:
    """The finalizer stays until the cluster is gone, although nothing but the attempt speaks of it any more."""
    model = Model()
    model.process()
    uid = registered(model)
    model.user.delete(uid)
    model.wait(90)
    model.server.edit(uid, lambda body: body.update(status={"observedGeneration": -1}))
    model.wait(90)

    assert uid in model.server.objects
    model.drain()
    model.wait(60)
    assert uid not in model.server.objects


@pytest.mark.case(
    "R-08",
    injected="a person deletes the cluster that a late POST made too many",
    outcome="the registration is well again",
)
def test_surplus_cluster_is_removed() -> None:
    """Once a person has deleted the cluster that was one too many, the registration is well again."""
    model = Model()
    slow = model.process()
    uid = model.user.create("x")
    model.hold("status")
    model.settle()
    model.lose("status")
    model.drop("status")
    model.hold()
    slow.frozen = True
    quick = model.process()
    model.wait(70)
    made_by(model, uid).gone = True
    model.wait(100)
    quick.crash()
    slow.frozen = False
    model.wait(600)

    assert model.registration(uid).status.uuid == made_by(model, uid).uuid
    assert model.ready(uid) == ("True", "Registered")


@pytest.mark.case(
    "R-28",
    injected="a POST is carried out late, and shown before the finalizer of the deleted registration goes",
    outcome="the cluster is named before it goes",
)
def test_late_cluster_of_a_deleted_registration() -> None:
    """What a POST made late, and a list shows before the finalizer goes, is named before it goes."""
    model = Model()
    model.process()
    uid = model.user.create("x")
    model.hold("POST")
    model.settle()
    model.lose("POST", late=True)
    model.hold()
    model.wait(300)
    model.user.delete(uid)
    model.settle()
    model.arrive("POST")
    model.drain()
    model.wait(60)

    assert uid in model.server.objects
    assert model.clusters(uid)[0].uuid in model.observer.reported


def test_late_cluster_beside_an_attempt_that_was_never_sent() -> None:
    """What an earlier POST made late is named before the finalizer goes, though the newest attempt was not sent."""
    model = Model()
    process = model.process()
    uid = model.user.create("x")
    model.hold("POST")
    model.settle()
    model.lose("POST", late=True)
    model.hold("turn")
    model.wait(75)
    model.arrive("POST")
    process.next_poll = model.clock.seconds
    model.wait(5)
    model.user.delete(uid)
    model.wait(31)
    model.hold()
    model.wait(60)

    assert uid in model.server.objects
    assert model.clusters(uid)[0].uuid in model.observer.reported


def test_an_attempt_in_the_mirror_is_a_rival() -> None:
    """Where `kubectl replace` has wiped the annotation, the mirror in the status keeps others from the cluster."""
    model = Model()
    first, second = _both_unclear(model)
    model.user.replace(first)
    model.hold("announce")
    model.wait(3)
    model.hold()
    model.wait(200)

    assert model.registration(second).status.uuid is None
    assert made_by(model, first).live


def test_adopted_by_a_list_that_is_older_than_the_cluster() -> None:
    """Whose the cluster is that a person names is not read from a list of registrations made before it was there."""
    model = Model()
    maker, other = model.process(), model.process()
    model.wait(20)
    other.stale = True
    other.list_live()
    first = model.user.create("x", "a")
    model.hear(maker)
    model.hold("status")
    model.advance(1)
    model.work(maker, first)
    second = model.user.create("y", "b", adopt={"uuid": made_by(model, first).uuid})
    other.world.see(model.server.objects[second])
    model.hold()
    maker.frozen = True
    model.look(other)
    model.work(other, second)
    maker.frozen = False
    model.settle(maker)

    assert model.registration(second).status.uuid is None
    assert model.registration(first).status.uuid == made_by(model, first).uuid
