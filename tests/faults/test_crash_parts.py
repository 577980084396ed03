"""What the crash sweep is made of: boundaries of a run, and ends that are compared."""

import json
from typing import Any

import pytest

from faults.boundaries import boundaries, distinct, until_rest
from faults.calls import Call, Point, Side, describe
from faults.ends import difference
from faults.flows import Flow
from faults.sweep import Missed, Outcome
from faults.trials import Run
from reliability import Recovery

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


def test_a_difference_names_both_ends() -> None:
    """Two ends that are not alike are shown line by line."""
    said = difference({"clusters": [], "plane": "Reachable"}, {"clusters": ["gpu"], "plane": "Reachable"})

    assert "-{'clusters': []" in said
    assert "+{'clusters': ['gpu']" in said


def test_a_sweep_that_leaves_much_out_is_wrong() -> None:
    """Boundaries that no run has passed are counted apart, and one that leaves out a tenth of them proves little."""
    chosen, flow = boundaries([listed(1, "[]")]) * 4, Flow("look", act=lambda _: None, settled=lambda _: True)
    recovery, run = Recovery([]), Run((), {}, 2.0)

    Outcome.of(chosen, [run] * 11 + [Missed("here")]).require(flow, recovery)
    with pytest.raises(AssertionError, match="2 of 12 boundaries were never reached"):
        Outcome.of(chosen, [run] * 10 + [Missed("here")] * 2).require(flow, recovery)
    with pytest.raises(AssertionError, match="1 of 12 runs\nwrong"):
        Outcome.of(chosen, [run] * 11 + ["wrong"]).require(flow, recovery)
