"""Two operators at once, without leader election: both see everything, and either may be frozen at any moment.

The simulated control plane takes two clusters of one name here, so that a second POST would show.
"""

import json
import signal
import time

import pytest

from faults.arena import Arena, FaultyHouse
from faults.calls import Call
from faults.proxy import Proxy
from faults.vocabulary import DELETE, POST, PUT, TOKEN, WRITE_1, Kind, Match, carrying
from operators import Operator, until
from reliability import Recovery
from stage import CREATE_ATTEMPT, LONG_AFTER, Registration, condition

MANY = 25
FRESH = 2.0
"""Seconds for which an announced creation may be sent (`operators.QUICK`)."""


def named(match: Match, name: str) -> Match:
    """Requests of a kind about an object of this name, or that ask for a cluster of it."""
    return lambda call: match(call) and (call.name == name or (POST(call) and json.loads(call.body)["name"] == name))


def conflicts(arena: Arena) -> int:
    """How many writes came too late."""
    return len(arena.calls(lambda call: call.is_write and call.status == 409))


@pytest.mark.case(
    "R-11",
    injected="two operators that do not know of each other, on the same registrations, from creation to deletion",
    outcome="one POST and one cluster each; compare-and-swap decides who acts; no finalizer goes too early",
)
def test_two_operators_make_each_cluster_once(arena: Arena, recovery: Recovery) -> None:
    """Two operators that are alive at once register, rename and delete each registration as one would."""
    arena.admin.settings(uniqueNames=False, drainTime=0)
    with arena.operator(), arena.operator():
        made = [arena.stage.register() for _ in range(MANY)]
        recovery.begins()  # nothing is wrong but that there are two: this is how long they get in each other's way
        for each in made:
            each.wait_ready()
        recovery.ends()
        renamed = made[: MANY // 3]
        for each in renamed:
            each.change(clusterName=f"{each.name}-new")
        for each in renamed:
            each.wait(lambda seen: seen["status"]["clusterName"].endswith("-new"), "the new name")
        arena.wait_quiet()
        assert sorted(arena.admin.counts(committed=True)) == ["create_cluster", "token_v2", "updateCluster"]
        assert len(arena.calls(POST)) == len(arena.admin.clusters()) == MANY
        assert {call.name for call in arena.calls(PUT)} == {each.status["uuid"] for each in renamed}
        arena.admin.advance(LONG_AFTER)
        arena.house.kube.delete(arena.stage.registrations)
        until(lambda: not arena.registrations(), "none left")
        arena.wait_quiet()

    assert arena.admin.clusters() == []
    assert len({call.name for call in arena.calls(DELETE)}) == MANY
    assert conflicts(arena) > 0
    arena.judge()


def freeze(operator: Operator) -> None:
    """Stop a process where it is."""
    operator.process.send_signal(signal.SIGSTOP)


def go_on(operator: Operator) -> None:
    """Let a frozen process run again."""
    operator.process.send_signal(signal.SIGCONT)


def sent_by(door: Proxy, calls: list[Call]) -> list[Call]:
    """The requests that one operator sent to the API server."""
    return [call for call in calls if call.who == door.who]


@pytest.mark.case(
    "R-12",
    injected="frozen between the write of the attempt and its POST until it is not fresh any more; another takes over",
    outcome="the frozen one sends no POST when it goes on; one cluster",
)
@pytest.mark.case(
    "R-12",
    injected="frozen while its POST is under way, and when it was carried out; another takes over",
    outcome="the second one finds the cluster; the first one sends nothing; one cluster",
)
def test_an_operator_that_was_frozen_sends_nothing_old(arena: Arena, recovery: Recovery) -> None:
    """An operator that goes on after another took over neither sends what it announced nor doubts what is recorded."""
    arena.admin.settings(uniqueNames=False)
    first = arena.operator().wait_ready()
    arena.wait_polls()
    door = arena.door
    points = (
        door.fault(Kind.LATE_ANSWER, named(WRITE_1, "gpu-announced")),
        arena.outside.fault(Kind.LATE_ANSWER, named(POST, "gpu-sent")),
        arena.outside.fault(Kind.HANG, named(POST, "gpu-sending")),
    )
    made = [arena.stage.register(name) for name in ("gpu-announced", "gpu-sent", "gpu-sending")]
    for point in points:
        point.wait_reached()
    freeze(first)
    frozen = arena.journal.moment
    for point in points:
        point.lift()
    time.sleep(FRESH)  # what was announced is not fresh any more
    recovery.begins()
    with arena.operator():
        for each in made:
            each.wait_ready()
        recovery.ends()
        since = arena.journal.moment
        go_on(first)
        until(lambda: bool(sent_by(door, arena.journal.calls(since=since))), "a sign of life")
        arena.wait_polls(3)
        arena.wait_quiet()
        first.stop()

    assert [call for call in arena.journal.calls(since=since) if POST(call)] == []
    assert len(arena.calls(POST)) == len(arena.admin.clusters()) == len(made)
    assert [call.seq > frozen for call in arena.calls(named(POST, "gpu-announced"))] == [True]
    assert made[0].status["origin"] == "Created"
    assert [each.status["origin"] for each in made[1:]] == ["Recovered", "Recovered"]
    arena.judge()


@pytest.mark.case(
    "R-12",
    injected="frozen while it waits for a new token, its own revoked when the attempt was written; another takes over",
    outcome="the POST is not sent again, however good the new token; one cluster",
)
def test_an_operator_that_was_frozen_before_its_token_came(arena: Arena, recovery: Recovery) -> None:
    """A POST whose token comes late is given up when the attempt is not fresh any more."""
    arena.admin.settings(uniqueNames=False)
    first = arena.operator().wait_ready()
    arena.wait_polls()
    point = arena.door.fault(Kind.LATE_ANSWER, carrying(WRITE_1, CREATE_ATTEMPT))
    token = arena.outside.fault(Kind.HANG, TOKEN)
    made = arena.stage.register()
    point.wait_reached()
    arena.admin.revoke_tokens()
    point.lift()
    token.wait_reached()
    freeze(first)
    token.lift()
    time.sleep(FRESH)
    recovery.begins()
    with arena.operator():
        made.wait_ready()
        recovery.ends()
        since = arena.journal.moment
        go_on(first)
        arena.wait_polls(3)
        arena.wait_quiet()
        first.stop()

    assert [call for call in arena.journal.calls(since=since) if POST(call)] == []
    assert [call.status for call in arena.calls(POST) if call.status == 201] == [201]
    assert len(arena.admin.clusters()) == 1
    arena.judge()


def pair(arena: Arena, other: str) -> tuple[Registration, Registration]:
    """Two registrations of one cluster name, the second in another namespace."""
    here = arena.stage.known("gpu-here")
    there = Registration(arena.stage, "gpu-there")
    there.path = there.path.replace(arena.house.namespace, other)
    for each, namespace in ((here, arena.house.namespace), (there, other)):
        manifest = arena.stage.manifest(each.name, clusterName="gpu-wanted")
        manifest["metadata"]["namespace"] = namespace
        arena.house.kube.create(each.path.rpartition("/")[0], manifest)
    return here, there


def decided(each: Registration) -> str:
    """The reason of Ready, once it is Registered or NameTaken."""
    reason = str((condition(each.object, "Ready") or {}).get("reason"))
    return reason if reason in ("Registered", "NameTaken") else ""


@pytest.mark.case(
    "R-10",
    injected="two registrations of one name in two namespaces at once, with two operators",
    outcome="one is Registered, the other says NameTaken; deleting that one sends nothing; then the name is free",
)
@pytest.mark.parametrize("unique", [True, False], ids=["unique names", "names that need not be"])
def test_one_name_in_two_namespaces(arena: Arena, namespace: str, faulty_house: FaultyHouse, *, unique: bool) -> None:
    """Of two registrations that want one name one gets it, and the other can be deleted without harm."""
    arena.admin.settings(uniqueNames=unique)
    both = f"{faulty_house.namespace},{namespace}"
    with arena.operator(NAMESPACES=both), arena.operator(NAMESPACES=both):
        made = pair(arena, namespace)
        until(lambda: all(decided(each) for each in made), "one Registered, one NameTaken")
        arena.wait_quiet()
        winner, loser = sorted(made, key=decided, reverse=True)
        assert (decided(winner), decided(loser)) == ("Registered", "NameTaken")
        uuid = winner.status["uuid"]
        loser.delete()
        loser.wait_gone()
        arena.wait_quiet()
        assert arena.calls(DELETE) == []
        assert [each.uuid for each in arena.admin.clusters()] == [uuid]
        arena.judge()
        winner.annotate({"runai-registrar.io/release": "orphan"})
        winner.delete()
        winner.wait_gone()


@pytest.mark.case(
    "R-10",
    injected="two registrations of one name in one namespace at once, with one operator",
    outcome="one POST; the loser registers by itself when the winner and its cluster are gone",
)
def test_one_name_in_one_namespace(arena: Arena) -> None:
    """One operator sends one POST for a name that two want; the second one gets it once it is free."""
    arena.admin.settings(uniqueNames=False, drainTime=0)
    with arena.operator():
        made = [arena.stage.register(f"gpu-{side}", clusterName="gpu-wanted") for side in ("left", "right")]
        until(lambda: all(decided(each) for each in made), "one Registered, one NameTaken")
        arena.wait_quiet()
        assert len(arena.calls(POST)) == 1
        winner, loser = sorted(made, key=decided, reverse=True)
        arena.admin.advance(LONG_AFTER)
        winner.delete()
        winner.wait_gone()
        loser.wait_ready()

    assert [call.name for call in arena.calls(DELETE)] != [loser.status["uuid"]]
    assert [each.uuid for each in arena.admin.clusters()] == [loser.status["uuid"]]
    arena.judge()
