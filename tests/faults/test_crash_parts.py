"""What the crash sweep is made of: boundaries of a run, ends that are compared, releases that come too early."""

import json
from typing import Any

from faults.boundaries import boundaries, distinct, until_rest
from faults.calls import Call, Point, Side, describe
from faults.checkers import FINALIZER, Evidence
from faults.ends import difference
from faults.releases import hasty

OBJECT = "/apis/runai-registrar.io/v1alpha1/namespaces/team/runaiclusterregistrations/gpu"
LIST = "/api/v1/clusters?verbosity=full"
UUID = "0f0e0d0c-0000-4000-8000-000000000001"


def asked(seq: int, side: Side, method: str, url: str, **fields: Any) -> Call:
    """A request that was answered at once."""
    known: dict[str, Any] = {"headers": {}, "body": b"", "status": 200, "answered": 200, "ended": seq + 1}
    return Call(seq=seq, t=seq, who="operator", side=side, **describe(side, method, url), **(known | fields))


def listed(seq: int, answer: str) -> Call:
    """A list of clusters."""
    return asked(seq, Side.CONTROL_PLANE, "GET", LIST, answer=answer.encode())


def titled(seq: int) -> Call:
    """A status that holds the cluster."""
    status = {"uuid": UUID, "origin": "Created", "ownerUID": "own"}
    body = json.dumps([{"op": "replace", "path": "/status", "value": status}]).encode()
    return asked(seq, Side.KUBERNETES, "PATCH", f"{OBJECT}/status", body=body)


def finalized(seq: int, *finalizers: str) -> Call:
    """A change of the finalizers."""
    body = json.dumps({"metadata": {"resourceVersion": "1", "finalizers": finalizers}}).encode()
    return asked(seq, Side.KUBERNETES, "PATCH", OBJECT, body=body)


def breaches(*calls: Call) -> list[str]:
    """What is said of these requests."""
    return list(hasty(Evidence(calls=calls, entries=(), clusters=(), registrations=())))


def test_every_request_has_three_boundaries() -> None:
    """Requests of one kind are told apart by their number, and each can be interrupted at three points."""
    found = boundaries([listed(1, "[]"), titled(2), listed(3, "[]")])

    assert [(each.what, each.nth) for each in found[::3]] == [
        ("GET /api/v1/clusters", 1),
        ("patch runaiclusterregistrations/status", 1),
        ("GET /api/v1/clusters", 2),
    ]
    assert [each.point for each in found] == [*Point] * 3


def test_reads_are_distinct_once() -> None:
    """What is durable is the same before, in and after a read, and differs at the points of a write."""
    found = distinct([listed(1, "[]"), titled(2)])

    assert [each.point for each in found] == [Point.BEFORE_SEND, *Point]


def test_rest_begins_with_the_last_write() -> None:
    """What an operator reads after its last write is no part of what it does for a user."""
    calls = [listed(1, "[]"), titled(2), listed(3, "[]")]

    assert until_rest(calls) == calls[:2]
    assert until_rest(calls[:1]) == []


def test_letting_go_of_what_is_shown_is_a_breach() -> None:
    """An object must not be let go while the latest list still shows its cluster, or before any list."""
    shown, release = listed(2, json.dumps([{"uuid": UUID}])), finalized(3)

    assert breaches(titled(1), shown, release) == [
        f"I5: team/gpu was let go before its cluster {UUID} was seen to be gone"
    ]
    assert len(breaches(titled(1), release)) == 1


def test_letting_go_of_what_is_gone_is_right() -> None:
    """An object may be let go after a list without its cluster; one that never held any, at any time."""
    shown, gone, release = listed(2, json.dumps([{"uuid": UUID}])), listed(3, "[]"), finalized(4)

    assert breaches(titled(1), shown, gone, release) == []
    assert breaches(release) == []
    assert breaches(titled(1), finalized(2, FINALIZER)) == []


def test_a_difference_names_both_ends() -> None:
    """Two ends that are not alike are shown line by line."""
    said = difference({"clusters": [], "plane": "Reachable"}, {"clusters": ["gpu"], "plane": "Reachable"})

    assert "-{'clusters': []" in said
    assert "+{'clusters': ['gpu']" in said
