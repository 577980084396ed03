"""Reads of the Kubernetes API that fail, or that show the past: waited for, tried again, and never acted on."""

import time

import pytest

from faults.arena import Arena
from faults.proxy import Proxy
from faults.vocabulary import DELETE, LIST, POST, PUT, WATCH_REGISTRATIONS, Fault, Kind, Match, changes, on
from operators import until
from runai_registrar.engine.world import QUICK
from stage import LONG_AFTER

READ = on("get runaiclusterregistrations")
SECRET = on("get secrets")
PLANES = on("list runaicontrolplanes")


def each_harm(door: Proxy, match: Match, nth: int = 1) -> list[Fault]:
    """Harm so many requests in a row, each in another way: 429, 500, 503, and a cut connection."""
    refused = [(429, {"Retry-After": "0"}), (500, {}), (503, {})]
    faults = [
        door.fault(Kind.REFUSE, match, nth=nth + number, status=status, headers=headers)
        for number, (status, headers) in enumerate(refused)
    ]
    return [*faults, door.fault(Kind.CUT, match, nth=nth + len(refused))]


@pytest.mark.case(
    "R-42",
    injected="429, 500, 503 and a cut connection, one after the other, to every list, watch, read and Secret",
    outcome="tried again; each registration is created, renamed and deleted once",
)
def test_a_read_that_fails_is_tried_again(arena: Arena) -> None:
    """However a read fails, what rests on it waits, and happens once."""
    arena.admin.settings(uniqueNames=False, drainTime=0)
    made = [arena.stage.register() for _ in range(4)]
    operator = arena.operator()
    operator.allow("kopf._cogs.clients")  # it tries again by itself
    faults = [
        arena.door.fault(Kind.CUT, PLANES),
        arena.door.fault(Kind.REFUSE, LIST, status=500),
        *each_harm(arena.door, LIST, nth=3),  # those of the watch; the first look was the second list
        *each_harm(arena.door, WATCH_REGISTRATIONS),
        *each_harm(arena.door, SECRET),
    ]
    with operator:
        for each in made:
            each.wait_ready()
        faults += each_harm(arena.door, READ)
        for each in made:
            each.change(clusterName=f"{each.name}-new")
        for each in made:
            each.wait(lambda seen: seen["status"]["clusterName"].endswith("-new"), "the new name")
        arena.wait_quiet()
        faults += each_harm(arena.door, LIST)
        arena.admin.advance(LONG_AFTER)
        arena.house.kube.delete(arena.stage.registrations)
        until(lambda: not arena.registrations(), "none left")
        arena.wait_quiet()

    assert [fault.hits for fault in faults] == [1] * len(faults)
    assert [len(arena.calls(match)) for match in (POST, PUT, DELETE)] == [len(made)] * 3
    arena.judge()


@pytest.mark.case(
    "R-42",
    injected="a relist that shows registrations as they were before they were registered, renamed, deleted",
    outcome="what is older than what is known changes nothing",
)
@pytest.mark.case(
    "R-42",
    injected="an operator that starts with such a list, and a watch that is silent",
    outcome="no POST, no PUT, no DELETE; each write conflicts, and then the truth is known",
)
def test_a_list_from_the_past(arena: Arena) -> None:
    """An old list shows no uuid, an old name and no deletion: neither a running operator nor a new one acts by it."""
    arena.admin.settings(uniqueNames=False, drainTime=None)
    names = ("gpu-plain", "gpu-renamed", "gpu-going", "gpu-gone")
    made = {name: arena.stage.register(name) for name in names}  # the first list shows them as they are now
    first = arena.operator()
    with first:
        for each in made.values():
            each.wait_ready()
        made["gpu-renamed"].change(clusterName="gpu-new-name")
        made["gpu-renamed"].wait(lambda seen: seen["status"]["clusterName"] == "gpu-new-name", "the new name")
        made["gpu-going"].delete()
        made["gpu-going"].wait_for("Deleting")
        made["gpu-gone"].annotate({"runai-registrar.io/release": "orphan"})
        made["gpu-gone"].delete()
        made["gpu-gone"].wait_gone()
        arena.wait_quiet()
        since, old = arena.journal.moment, arena.door
        stale = old.fault(Kind.STALE_LIST, LIST)
        old.fault(Kind.GONE_WATCH, WATCH_REGISTRATIONS)
        stale.wait_reached()
        arena.wait_polls(3)
        assert [call.what for call in arena.journal.calls(since=since) if call.committed] == []

    second = arena.operator()
    arena.door.recall(old)
    arena.door.fault(Kind.SILENT_WATCH, WATCH_REGISTRATIONS, times=None)
    lists = arena.door.fault(Kind.STALE_LIST, LIST, times=2)
    with second:
        arena.wait_polls(3)
        arena.wait_quiet()
        assert lists.hits == 2
        assert [call.what for call in arena.journal.calls(since=since) if changes(call)] == []
        arena.door.clear()
        arena.stage.registered()

    assert {call.status for call in arena.journal.calls(since=since) if call.who == arena.door.who} >= {404, 409}
    assert made["gpu-renamed"].cluster.name == "gpu-new-name"
    arena.judge(orphans=True)


@pytest.mark.case(
    "R-32",
    injected="a list of all registrations that takes longer than it serves",
    outcome="each deletion reads live who holds its cluster, and goes on",
)
def test_a_slow_list_holds_up_no_deletion(arena: Arena) -> None:
    """Where a list of everything is old before its end, a DELETE rests on one of those that hold the uuid."""
    arena.admin.settings(drainTime=0)
    made = [arena.stage.register() for _ in range(3)]
    operator = arena.operator()
    slow = arena.door.fault(Kind.LATE_ANSWER, LIST)
    slow.wait_reached()
    time.sleep(2 * QUICK)
    slow.lift()
    with operator:
        for each in made:
            each.wait_ready()
        arena.admin.advance(LONG_AFTER)
        since = arena.journal.moment
        arena.house.kube.delete(arena.stage.registrations)
        until(lambda: not arena.registrations(), "none left")

    lists = [call for call in arena.journal.calls(since=since) if LIST(call)]
    selected = {text for call in lists for text in call.query.get("fieldSelector", ())}
    assert selected == {f"status.uuid={call.name}" for call in arena.calls(DELETE)}
    assert all("fieldSelector" in call.query for call in lists)
    arena.judge()
