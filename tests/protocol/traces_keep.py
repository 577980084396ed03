"""Traces of `protocol-review.md`, section 1, about what is registered: cases 6 to 10, and the residual 14 to 17."""

from typing import Any

from protocol.clusters import Made
from protocol.model import Model
from protocol.processes import Process
from runai_registrar.resources import Origin


def registered(model: Model, name: str = "x", namespace: str = "a", **spec: Any) -> str:
    """A registration that has just got its cluster."""
    uid = model.user.create(name, namespace, **spec)
    model.settle()
    return uid


def made_by(model: Model, uid: str) -> Made:
    """The newest cluster of a registration."""
    return model.clusters(uid)[-1]


def case_06(model: Model) -> None:
    """A list and a GET that lag in the first seconds do not make a cluster missing."""
    process = model.process()
    uid = registered(model)
    process.next_poll = model.clock.seconds
    model.wait(3)
    model.plane.lag = model.timing.list_lag
    process.next_poll = model.clock.seconds
    model.wait(30)

    assert model.ready(uid) == ("True", "Registered")
    assert [made.uuid for made in model.clusters(uid)] == [model.registration(uid).status.uuid]


def _recreated_and_crashed(model: Model) -> str:
    """The cluster was removed, a new one was created, and its answer went with the process."""
    process = model.process()
    uid = registered(model)
    model.wait(70)
    made_by(model, uid).gone = True
    model.until("POST")
    model.arrive("POST")
    process.crash()
    model.hold()
    return uid


def case_07(model: Model) -> None:
    """A second cluster whose answer was lost is found although the status still holds the first."""
    uid = _recreated_and_crashed(model)
    model.plane.lag = model.timing.list_lag
    model.process()
    model.wait(100)

    assert model.registration(uid).status.uuid == made_by(model, uid).uuid
    assert model.registration(uid).status.origin is Origin.RECOVERED
    assert len(model.clusters(uid)) == 1


def case_07_deleted(model: Model) -> None:
    """The same, and the registration is deleted meanwhile: the second cluster goes too."""
    uid = _recreated_and_crashed(model)
    model.user.delete(uid)
    model.process()
    model.wait(100)
    model.drain()
    model.wait(30)

    assert uid not in model.server.objects
    assert not model.clusters(uid)


def case_08(model: Model) -> None:
    """A uuid kept in memory by a frozen process does not replace the one that another process has written since."""
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
    model.wait(10)

    assert model.registration(uid).status.uuid == made_by(model, uid).uuid
    assert model.registration(uid).status.origin is Origin.CREATED


def case_09(model: Model) -> None:
    """A DELETE that met a lagging 404 and a list that lags do not mean 'gone': it is asked for again."""
    model.process()
    uid = registered(model)
    model.plane.lag = model.timing.list_lag
    model.user.delete(uid)
    model.wait(10)

    assert model.ready(uid) == ("False", "Deleting")
    model.wait(60)
    assert not made_by(model, uid).live
    model.drain()
    model.wait(60)
    assert uid not in model.server.objects


def _left_to_another(model: Model, uid: str, process: Process) -> tuple[Made, str]:
    """A person lets the cluster go, and another registration adopts it."""
    cluster = made_by(model, uid)
    model.user.orphan(uid)
    model.user.delete(uid)
    model.hold()
    model.hear(process)
    model.work(process, uid)
    heir = model.user.create("heir", "b", clusterName="x", adopt={"uuid": cluster.uuid})
    model.hear(process)
    model.work(process, heir)
    model.advance(11)
    return cluster, heir


def case_10(model: Model) -> None:
    """A DELETE that was decided on before the cluster was let go is not sent after it."""
    slow = model.process()
    uid = registered(model)
    quick = model.process()
    model.user.delete(uid)
    model.hold("turn")
    model.hear(slow)
    model.work(slow, uid)
    cluster, heir = _left_to_another(model, uid, quick)
    model.wait(30, slow)

    assert cluster.live
    assert model.ready(heir) == ("True", "Adopted")


def case_10_stale(model: Model) -> None:
    """Nor is one decided on from a cache that has not heard of it."""
    slow = model.process()
    uid = registered(model)
    quick = model.process()
    model.user.delete(uid)
    model.hear(slow)
    slow.stale = True
    cluster, heir = _left_to_another(model, uid, quick)
    model.work(slow, uid)

    assert cluster.live
    assert model.ready(heir) == ("True", "Adopted")


def case_10_renamed(model: Model) -> None:
    """Nor is a PUT."""
    slow = model.process()
    uid = registered(model)
    quick = model.process()
    model.user.edit(uid, clusterName="y")
    model.hold("turn")
    model.hear(slow)
    model.work(slow, uid)
    cluster, _ = _left_to_another(model, uid, quick)
    model.wait(30, slow)

    assert cluster.name == "x"


def case_17_frozen(model: Model) -> None:
    """Frozen between the attempt and its POST for longer than settle: what it would send is another's by then."""
    slow = model.process()
    uid = model.user.create("x")
    model.hold("turn")
    model.settle()
    slow.frozen = slow.stale = True
    model.hold()
    model.process()
    model.wait(100)
    slow.frozen = False
    model.settle()
    model.wait(60)

    assert len(model.clusters(uid)) == 1


def _late(model: Model) -> str:
    """A POST that may commit at any time, although its caller has given up."""
    model.process()
    uid = model.user.create("x")
    model.hold("POST")
    model.settle()
    model.lose("POST", late=True)
    model.hold()
    return uid


def case_14(model: Model) -> None:
    """A POST that commits after settle beside a second one makes two clusters: both are named, none is touched."""
    model.observer.tolerated = {"I1"}
    uid = _late(model)
    model.wait(100)
    model.arrive("POST")
    model.wait(60)

    assert "I1" in model.observer.found
    assert model.ready(uid) == ("False", "CreateAmbiguous")
    assert {made.uuid for made in model.clusters(uid)} <= model.observer.reported
    assert all(made.live for made in model.clusters(uid))


def case_15(model: Model) -> None:
    """A POST that commits after settle for a registration that is gone leaves a cluster that nobody knows of."""
    model.observer.tolerated = {"I2"}
    uid = _late(model)
    model.user.delete(uid)
    model.wait(100)
    assert uid not in model.server.objects
    model.arrive("POST")
    model.wait(100)

    assert "I2" in model.observer.found
    assert [made.live for made in model.clusters(uid)] == [True]


def case_16(model: Model) -> None:
    """A cluster that a person renames while its creation is unclear cannot be found: a second one is made."""
    model.observer.tolerated = {"I1", "I2"}
    model.process()
    uid = model.user.create("x")
    model.hold("POST")
    model.settle()
    model.arrive("POST")
    model.lose("POST")
    model.hold()
    first = made_by(model, uid)
    first.name = "z"
    model.wait(100)

    assert {"I1", "I2"} == set(model.observer.found)
    assert model.ready(uid) == ("True", "Registered")
    assert first.live
    assert model.registration(uid).status.uuid != first.uuid


def case_17(model: Model) -> None:
    """Times that do not fit together make a second cluster; the settings refuse them."""
    model.observer.tolerated = {"I1"}
    writer = model.process()
    uid = model.user.create("x")
    model.plane.lag = model.timing.list_lag
    model.hold("POST")
    model.settle()
    model.advance(29)
    model.arrive("POST")
    writer.crash()
    model.process()
    model.hold()
    model.wait(60)

    assert "I1" in model.observer.found
    assert len(model.clusters(uid)) == 2
    assert "Raise settle" in model.timing.problem()
