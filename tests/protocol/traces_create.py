"""Traces of `protocol-review.md`, section 1, about creating: cases 1 to 5, 11, 12 and 13.

Each plays the trace in the model, whose observer raises Violation where an invariant breaks, and says where it ends.
"""

from typing import Any

from protocol.clusters import Made
from protocol.model import Model
from runai_registrar.errors import PermissionDenied
from runai_registrar.resources import Origin

OTHERS = "2.23.0"
OURS = "2.24.18"


def person(model: Model, name: str, version: str | None) -> Made:
    """A person creates a cluster."""
    model.observer.say(f"person: creates {name} {version}")
    return model.plane.clusters[model.plane.create(name, None, version, None).uuid]


def unanswered(model: Model, name: str = "x", **spec: Any) -> str:
    """A registration whose POST was sent, never commits, and never gets an answer."""
    uid = model.user.create(name, **spec)
    model.hold("POST")
    model.settle()
    model.lose("POST")
    model.drop("POST")
    model.hold()
    return uid


def case_01(model: Model) -> None:
    """The POST comes to nothing, a person creates the same name: it is not taken for ours, nor deleted."""
    model.process()
    uid = unanswered(model, version=OURS)
    stranger = person(model, "x", OTHERS)
    model.wait(100)

    assert model.ready(uid) == ("False", "NameTaken")
    model.user.delete(uid)
    model.wait(30)
    assert uid not in model.server.objects
    assert stranger.live


def case_01_late(model: Model) -> None:
    """The same, with our domain and version, but after any POST of ours could commit: reported, not claimed."""
    model.process()
    uid = unanswered(model)
    model.wait(50)
    twin = person(model, "x", None)
    model.wait(100)

    assert model.ready(uid) == ("False", "CreateAmbiguous")
    assert twin.uuid in model.observer.reported
    assert model.registration(uid).status.uuid is None


def case_01_connected(model: Model) -> None:
    """The same, within the time, but it has connected already, as ours cannot have: reported, not claimed."""
    model.process()
    uid = unanswered(model)
    twin = person(model, "x", None)
    twin.connected = twin.shown().created_at
    model.wait(100)

    assert model.ready(uid) == ("False", "CreateAmbiguous")
    assert twin.uuid in model.observer.reported


def case_02(model: Model) -> None:
    """Two registrations want one name; the one whose attempt was never sent does not claim the other's cluster."""
    first, second = model.user.create("x", "a"), model.user.create("x", "b")
    poster, looker, crasher = model.process("P0"), model.process("P1"), model.process("P2")
    model.hold("turn")
    model.work(crasher, second)
    crasher.crash()
    model.hear(looker)
    model.hold("POST")
    model.work(poster, first)
    model.arrive("POST")
    model.work(looker, second)

    assert model.ready(second) == ("False", "CreateAmbiguous")
    model.hold()
    looker.crash()
    model.wait(100)
    assert model.ready(first) == ("True", "Registered")
    assert model.ready(second) == ("False", "NameTaken")
    assert len(model.clusters(first)) == 1


def case_03(model: Model) -> None:
    """The POST commits as late as it may, and a lagging list that was answered after settle does not prove 'none'."""
    writer = model.process()
    uid = model.user.create("x")
    model.hold("turn")
    model.settle()
    model.advance(9.5)
    model.hold("POST")
    model.settle()
    model.advance(29.5)
    model.arrive("POST")
    writer.crash()
    model.plane.lag = model.timing.list_lag
    model.user.delete(uid)
    model.process()
    model.hold()
    model.wait(9)
    model.hold("LIST")
    model.wait(4)
    model.arrive("LIST")
    model.advance(13)
    model.hold()
    model.settle()

    model.wait(30)
    model.drain()
    model.wait(60)
    assert uid not in model.server.objects
    assert not model.clusters(uid)


def case_04(model: Model) -> None:
    """POST 1 commits after settle and makes POST 2 fail: its cluster is still looked for, and reported."""
    model.process()
    uid = model.user.create("x")
    model.hold("POST")
    model.settle()
    model.lose("POST", late=True)
    model.wait(70)
    model.arrive("POST")
    model.hold()
    model.wait(100)
    model.observer.rest()

    assert model.ready(uid) == ("False", "CreateAmbiguous")
    assert {made.uuid for made in model.clusters(uid)} <= model.observer.reported


def case_05(model: Model) -> None:
    """A refusal that is recorded late closes the refused attempt, and not the one that came after it."""
    slow = model.process()
    uid = model.user.create("x")
    model.hold("POST")
    model.settle()
    model.refuse("POST", PermissionDenied("no", status=403))
    slow.frozen = slow.stale = True
    quick = model.process()
    model.wait(70)
    quick.crash()
    slow.frozen = False
    model.hold()
    model.settle()
    model.arrive("POST")

    model.wait(100)
    assert model.registration(uid).status.origin is Origin.RECOVERED
    assert len(model.clusters(uid)) == 1


def case_11(model: Model) -> None:
    """A copy carries the create-attempt of a registration that is gone: the copy does not claim its cluster."""
    model.process()
    uid = model.user.create("x", "a")
    model.wait(10)
    annotations = model.server.objects[uid]["metadata"]["annotations"]
    model.user.orphan(uid)
    model.user.delete(uid)
    model.settle()
    copy = model.user.create("x", "b", annotations=annotations)
    model.wait(100)

    assert model.ready(copy) == ("False", "NameTaken")
    model.user.delete(copy)
    model.wait(30)
    assert len(model.clusters(uid)) == 1


def case_12(model: Model) -> None:
    """Registered as x, renamed to y, status wiped: the attempt says x, and the cluster is found by its present name."""
    model.process()
    uid = model.user.create("x")
    model.settle()
    model.user.edit(uid, clusterName="y")
    model.wait(100)
    model.user.wipe_status(uid)
    model.wait(100)
    model.observer.rest()

    assert model.registration(uid).status.uuid == model.clusters(uid)[0].uuid
    assert model.ready(uid) == ("True", "Registered")


def _free_beside_an_attempt(model: Model, *, drained: bool, **spec: Any) -> tuple[str, str]:
    """One registration's answer is lost; another's cluster of the same name, made meanwhile, is left behind."""
    first, second = model.user.create("x", "a", **spec), model.user.create("x", "b")
    waiting, other = model.process("P0"), model.process("P1")
    model.hold("POST")
    model.work(waiting, first)
    model.lose("POST")
    model.drop("POST")
    model.hold()
    waiting.frozen = other.stale = True
    model.work(other, second)
    if drained:
        model.user.delete(second)
        model.hear(other)
        model.work(other, second)
    model.user.orphan(second)
    model.user.delete(second)
    model.hear(other)
    model.work(other, second)
    other.crash()
    waiting.frozen = False
    return first, second


def case_13(model: Model) -> None:
    """A free cluster of the name with another version is no candidate of an ambiguous attempt."""
    first, second = _free_beside_an_attempt(model, drained=False, version=OURS)
    model.wait(100)

    assert model.ready(first) == ("False", "NameTaken")
    model.user.delete(first)
    model.wait(30)
    assert [made.live for made in model.clusters(second)] == [True]


def case_13_draining(model: Model) -> None:
    """Nor is one that is being deleted."""
    first, second = _free_beside_an_attempt(model, drained=True)
    model.wait(100)

    assert model.ready(first) == ("True", "Registered")
    assert [made.live for made in model.clusters(first)] == [True]
    assert [made.live for made in model.clusters(second)] == [False]
