"""What others do to a registration while the operator works on it: edits, labels, restores, finalizers taken away."""

import json
from collections.abc import Iterator

import pytest
from pydantic import JsonValue

from faults.arena import Arena, FaultyHouse
from faults.checkers import idle_writes
from faults.evidence import FINALIZER
from faults.vocabulary import DELETE, POST, PUT, WRITE_2, Kind, carrying
from kube import KubeError, Object
from operators import Operator, until
from stage import LONG_AFTER, Registration, conditions

pytestmark = pytest.mark.usefixtures("operator")

EDITS = 20
FORGED = "3f2b6c1e-8d94-4a57-9c0b-5e7d1f2a3b4c"
THEIRS = "example.com/theirs"
MOST = 128 * 1024
"""Bytes that a status may have."""


@pytest.fixture(scope="module")
def operator(faulty_house: FaultyHouse) -> Iterator[Operator]:
    """One operator for all tests of the module."""
    with faulty_house.operator() as operator:
        yield operator


def posts(arena: Arena, name: str) -> int:
    """How often a cluster of this name was asked for."""
    return len(arena.calls(carrying(POST, f'"{name}"')))


@pytest.fixture
def busy(arena: Arena) -> Iterator[Registration]:
    """A registration to come whose finalizers are put right after the test, whoever adds some."""
    made = arena.stage.known("gpu-busy")
    yield made
    arena.house.kube.patch(made.path, {"metadata": {"finalizers": [FINALIZER]}})


def somebody(arena: Arena) -> Object:
    """A reference to an owner that exists: to another one's end the garbage collector would bring the registration."""
    house = arena.house
    made = house.kube.create(f"/api/v1/namespaces/{house.namespace}/configmaps", {"metadata": {"name": "somebody"}})
    return {"apiVersion": "v1", "kind": "ConfigMap", "name": "somebody", "uid": made["metadata"]["uid"]}


@pytest.mark.case(
    "R-06",
    injected="labels, an owner reference and a finalizer written between the 201 and the status; then five 409s",
    outcome="the uuid is recorded after all; one POST; what others wrote stays",
)
def test_others_write_when_the_uuid_is_to_be_recorded(arena: Arena, busy: Registration) -> None:
    """Conflicts on the write of the uuid, real ones and more, cost time and neither the uuid nor a second POST."""
    owner = somebody(arena)
    changes: list[Object] = [{"labels": {"a": "b"}}, {"ownerReferences": [owner]}, {"finalizers": [FINALIZER, THEIRS]}]
    held = [arena.door.fault(Kind.HANG, WRITE_2, nth=nth) for nth in range(1, len(changes) + 1)]
    arena.door.fault(Kind.REFUSE, WRITE_2, nth=len(changes) + 1, times=5, status=409)
    arena.stage.register(busy.name)
    for fault, change in zip(held, changes, strict=True):
        fault.wait_reached()
        arena.house.kube.patch(busy.path, {"metadata": change})
        fault.lift()
    seen = busy.wait_ready()["metadata"]
    arena.wait_quiet()

    assert [call.answered for call in arena.calls(WRITE_2)] == [409] * 8 + [200]
    assert (seen["labels"], seen["ownerReferences"]) == ({"a": "b"}, [owner])
    assert sorted(seen["finalizers"]) == [THEIRS, FINALIZER]
    assert posts(arena, busy.name) == 1
    arena.judge()


@pytest.mark.case(
    "R-14",
    injected="deleted and its finalizer taken away before its POST is carried out; made anew under the same name",
    outcome="each gets a cluster of its own; an error line says that the old one's outcome is unknown",
)
def test_a_registration_made_anew_before_the_post_of_the_old_one(arena: Arena, operator: Operator) -> None:
    """A successor creates its own cluster, and never claims what the POST of the old object makes later."""
    arena.admin.settings(uniqueNames=False)
    operator.allow("gpu-phoenix")
    held = arena.outside.fault(Kind.HANG, POST)
    old = arena.stage.register("gpu-phoenix")
    held.wait_reached()
    old.delete()
    old.strip()
    new = arena.stage.register("gpu-phoenix", version="2.24.18")
    until(lambda: posts(arena, "gpu-phoenix") == 2, "the POST of the new one")
    held.lift()
    new.wait_ready()
    until(lambda: len(arena.admin.clusters()) == 2, "both clusters")
    arena.wait_quiet()

    assert (new.cluster.version, new.status["origin"]) == ("2.24.18", "Created")
    assert _says(operator, "ERROR", "gpu-phoenix is gone", "its creation of cluster gpu-phoenix")
    assert arena.calls(DELETE) == []
    arena.judge(orphans=True)


@pytest.mark.case(
    "R-14",
    injected="deleted and its finalizer taken away after its POST was carried out; made anew under the same name",
    outcome="an error line with the uuid that is left; the new object says NameTaken with it and touches nothing",
    degraded="the name stays taken until a person adopts the old cluster or deletes it",
)
def test_a_registration_made_anew_after_the_post_of_the_old_one(arena: Arena, operator: Operator) -> None:
    """The answer to the POST of an object that is gone is never taken for that of its successor."""
    operator.allow("gpu-phoenix")
    held = arena.outside.fault(Kind.LATE_ANSWER, POST)
    old = arena.stage.register("gpu-phoenix")
    held.wait_reached()
    old.delete()
    old.strip()
    held.lift()
    (left,) = arena.admin.clusters()
    until(lambda: _says(operator, "ERROR", "gpu-phoenix is gone", left.uuid), "an error line with the uuid")
    arena.wait_polls()
    new = arena.stage.register("gpu-phoenix")
    taken = new.wait_for("NameTaken")
    new.change(adopt={"byName": True})
    new.wait_for("Adopted")
    arena.wait_quiet()

    assert left.uuid in str(taken["status"]["conditions"])
    assert (posts(arena, "gpu-phoenix"), arena.calls(DELETE)) == (1, [])
    arena.judge()


@pytest.mark.case(
    "R-14",
    injected="deleted while its POST is carried out, created anew under the same name as soon as it is gone",
    outcome="the old cluster is deleted first; the new object gets a cluster of its own",
)
def test_a_registration_deleted_during_its_post_takes_its_cluster_along(arena: Arena) -> None:
    """A deletion during the POST waits for its answer, deletes the cluster, and leaves the name to the successor."""
    arena.admin.settings(drainTime=0)
    held = arena.outside.fault(Kind.LATE_ANSWER, POST)
    old = arena.stage.register("gpu-ending")
    held.wait_reached()
    old.delete()
    held.lift()
    until(lambda: bool(arena.calls(DELETE)), "the DELETE")
    arena.admin.advance(LONG_AFTER)
    old.wait_gone()
    new = arena.stage.registered("gpu-ending")

    (first,) = {call.name for call in arena.calls(DELETE)}
    assert new.status["uuid"] != first
    assert [each.uuid for each in arena.admin.clusters()] == [new.status["uuid"]]
    arena.judge()


@pytest.mark.case(
    "R-15",
    injected="the name edited twenty times while the POST is carried out, and annotations and labels with it",
    outcome="one POST, then one PUT with the last name",
)
def test_a_spec_edited_all_the_time_during_the_creation(arena: Arena) -> None:
    """However often the spec changes during the POST, it is sent once; the last name is put afterwards."""
    held = arena.outside.fault(Kind.LATE_ANSWER, POST)
    made = arena.stage.register("gpu-restless")
    held.wait_reached()
    for number in range(1, EDITS + 1):
        made.change(clusterName=f"gpu-restless-{number}")
        made.annotate({"example.com/edit": str(number)})
    held.lift()
    last = f"gpu-restless-{EDITS}"
    made.wait(lambda seen: seen["status"].get("clusterName") == last, "the last name")
    made.wait_ready()
    arena.wait_quiet()

    assert [each.name for each in arena.admin.clusters()] == [last]
    assert len(arena.calls(POST)) == 1
    assert [json.loads(call.body)["name"] for call in arena.calls(PUT)] == [last]
    arena.judge()


@pytest.mark.case(
    "R-16",
    injected="restored by a backup tool: a new object with the old annotations and finalizer, without the status",
    outcome="NameTaken with the uuid, nothing created, nothing deleted; spec.adopt takes the cluster back",
    degraded="a person names the cluster in spec.adopt: nothing else proves whose it is",
)
def test_a_registration_restored_without_its_status(arena: Arena) -> None:
    """A restored object has no title to the cluster of the old one: it says so, and is told what to adopt."""
    old = arena.stage.registered("gpu-restored", listed=True)
    uuid, backup = old.status["uuid"], old.object
    old.annotate({"runai-registrar.io/release": "orphan"})
    old.delete()
    old.wait_gone()

    kept = {name: backup["metadata"][name] for name in ("name", "namespace", "annotations", "finalizers")}
    arena.house.kube.create(arena.stage.registrations, backup | {"metadata": kept})
    new = arena.stage.known(old.name)
    seen = new.wait_for("NameTaken")
    assert uuid in next(each["message"] for each in seen["status"]["conditions"] if each["type"] == "Ready")
    assert "uuid" not in seen["status"]
    arena.wait_quiet()
    assert arena.stage.changes() == {"create_cluster": 1}

    new.change(adopt={"uuid": uuid})
    assert new.wait_for("Adopted")["status"]["uuid"] == uuid
    arena.judge()


@pytest.mark.case(
    "R-16",
    injected="a status with another's cluster, copied from its registration, or without an owner",
    outcome="no title: neither that cluster nor any other is renamed or deleted",
)
@pytest.mark.parametrize("owner", ["", FORGED], ids=["nobody's", "another's"])
def test_a_status_that_was_copied_is_no_title(arena: Arena, owner: str) -> None:
    """A uuid in the status that is not said of this very object is no reason to touch the cluster."""
    strange = arena.stranger("gpu-strange")
    made = arena.stage.register("gpu-forged", mode="Observe")
    made.wait_for("Observing")
    forged = {"uuid": strange, "origin": "Created", "ownerUID": owner, "tenantId": 1001, "clusterName": "gpu-strange"}
    arena.house.kube.patch(f"{made.path}/status", {"status": forged})
    made.change(mode="Manage", clusterName="gpu-strange")

    made.wait_for("NameTaken")
    made.delete()
    made.wait_gone()
    arena.wait_quiet()
    assert [each.name for each in arena.admin.clusters()] == ["gpu-strange"]
    assert arena.stage.changes() == {}
    arena.judge()


@pytest.mark.case(
    "R-22",
    injected="another control plane, another domain or another cluster for a registered one",
    outcome="refused by the API server with a sentence that says what to do; nothing moves",
)
def test_what_cannot_change_is_refused_in_plain_words(arena: Arena) -> None:
    """A change of what cannot change is refused with a sentence, and neither side is written to."""
    made = arena.stage.registered(domain="https://east.example.com")
    arena.wait_quiet()
    since = arena.journal.moment
    changes: dict[str, JsonValue] = {
        "controlPlaneRef": {"name": "elsewhere"},
        "domain": "https://west.example.com",
        "adopt": {"uuid": FORGED},
    }
    said = {field: _refusal(made, **{field: value}) for field, value in changes.items()}
    arena.wait_polls()

    assert "a cluster cannot move between control planes" in said["controlPlaneRef"]
    assert "Delete and create the registration" in said["domain"]
    assert "already holds another cluster" in said["adopt"]
    assert idle_writes(arena.journal.calls(since=since)) == []
    arena.judge()


def _refusal(made: Registration, **spec: JsonValue) -> str:
    with pytest.raises(KubeError) as refused:
        made.change(**spec)
    assert refused.value.code == 422
    return refused.value.message


@pytest.mark.case(
    "R-29",
    injected="the finalizer removed by hand while the cluster drains without end",
    outcome="no crash, nothing put back or asked again; the log has the uuid that was asked to go; others are served",
)
def test_a_finalizer_removed_by_hand_during_the_drain(arena: Arena, operator: Operator) -> None:
    """An object whose finalizer somebody takes away goes at once; the log says what was asked of which cluster."""
    arena.admin.settings(drainTime=None)
    made = arena.stage.registered("gpu-stripped", listed=True)
    uuid = made.status["uuid"]
    made.delete()
    made.wait_for("Deleting")
    made.strip()
    made.wait_gone()
    arena.stage.registered()
    arena.wait_quiet()

    assert [call.name for call in arena.calls(DELETE)] == [uuid]
    assert _says(operator, made.name, "asked for the deletion of cluster", uuid)
    arena.judge()


def _says(operator: Operator, *parts: str) -> bool:
    return any(all(part in line for part in parts) for line in operator.log.splitlines())


@pytest.mark.case(
    "R-44",
    injected="annotations and a finalizer as kopf leaves them, of handlers that are not done",
    outcome="its own finalizer taken away once at most; then no write on either side",
)
def test_progress_that_another_kopf_has_left_causes_no_writes(arena: Arena, busy: Registration) -> None:
    """Nothing is written about a registration in step, whatever progress kopf finds in its annotations."""
    unfinished = {"started": "2026-01-01T00:00:00", "delayed": "2026-01-01T00:01:00", "retries": 3, "purpose": "create"}
    left = {
        "kopf.zalando.org/see_registration": json.dumps(unfinished),
        "kopf.zalando.org/touch-dummy": "2026-01-01T00:00:00",  # the one that kopf takes away, by one write
        "kopf.zalando.org/last-handled-configuration": '{"spec":{"clusterName":"another"}}',
        "kopf.dev/see_registration": json.dumps(unfinished),
    }
    arena.stage.registered(busy.name, annotations=left)
    theirs = [THEIRS, "kopf.zalando.org/KopfFinalizerMarker", "runai-registrar.io/kopf-unused"]
    arena.house.kube.patch(busy.path, {"metadata": {"finalizers": [FINALIZER, *theirs]}})
    arena.wait_quiet()
    since = arena.journal.moment
    arena.wait_polls(5)

    assert idle_writes(arena.journal.calls(since=since)) == []
    assert set(theirs[:-1]) < set(busy.object["metadata"]["finalizers"])
    arena.judge()


@pytest.mark.case(
    "R-46",
    injected="a control plane that shows a thousand conditions and dependencies of 4 KiB each",
    outcome="the status stays below 128 KiB, the worst first; written once",
)
def test_a_huge_status_is_bounded(arena: Arena) -> None:
    """However much a control plane shows, the status that is written stays below 128 KiB."""
    made = arena.stage.registered(listed=True)
    since = arena.journal.moment
    arena.admin.change(made.status["uuid"], status=_huge())
    made.wait(lambda seen: bool(seen["status"].get("clusterConditions")), "conditions of the cluster")
    arena.wait_quiet()

    sizes = [len(call.body) for call in arena.journal.calls(since=since) if WRITE_2(call)]
    assert len(sizes) == 1
    assert max(sizes) < MOST
    assert conditions(made.object)["Ready"] == ("True", "Registered")
    arena.judge()


def _huge() -> dict[str, JsonValue]:
    text = "x" * 4096
    listed: list[JsonValue] = [
        {"type": f"Condition{number}", "status": "False", "reason": "Huge", "message": text} for number in range(1000)
    ]
    return {
        "state": "Connected",
        "conditions": listed,
        "operands": {f"operand-{n}": {"reasons": [text]} for n in range(500)},
    }
