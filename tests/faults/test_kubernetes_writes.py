"""Every kind of write to Kubernetes, refused or cut in every way, before and after it is carried out.

One operator registers and deletes one registration for each pair; each test looks at one of them. What is written
besides (the status of a deletion) is struck by nothing, so that each fault is seen by itself.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from faults.arena import Arena, FaultyHouse
from faults.calls import Call
from faults.evidence import FINALIZER
from faults.vocabulary import DELETE, POST, PUT, WRITE_1, WRITE_2, Fault, Kind, Match, carrying
from operators import until
from reliability import Recovery
from stage import CREATE_ATTEMPT, LONG_AFTER, Registration

Harm = tuple[Kind, dict[str, Any]]


def releases(call: Call) -> bool:
    """Whether a write takes our finalizer away."""
    return WRITE_1(call) and FINALIZER.encode() not in call.body


WRITES: dict[str, Match] = {"announce": carrying(WRITE_1, CREATE_ATTEMPT), "record": WRITE_2, "release": releases}
"""The attempt with the finalizer, the status with the uuid, the end of the finalizer."""

HARMS: dict[str, Harm] = {
    "conflict": (Kind.REFUSE, {"status": 409, "times": 5}),
    "throttled": (Kind.REFUSE, {"status": 429, "headers": {"Retry-After": "1"}, "times": 2}),
    "broken": (Kind.REFUSE, {"status": 500, "times": 2}),
    "away": (Kind.REFUSE, {"status": 503, "times": 2}),
    "too-large": (Kind.REFUSE, {"status": 413, "times": 2}),
    "cut": (Kind.CUT, {"times": 2}),
    "cut-after": (Kind.CUT_AFTER_COMMIT, {}),
    "broken-after": (Kind.FAIL_AFTER_COMMIT, {"status": 500}),
}
"""By name: what is done to the first such writes of a registration."""

CELLS = [(write, harm) for write in WRITES for harm in HARMS]


@dataclass
class Field:
    """All registrations, registered and deleted by one operator."""

    arena: Arena
    made: dict[str, Registration]
    faults: dict[str, Fault]
    uuids: dict[str, str]
    origins: set[str]
    registered: int
    seconds: float

    def calls(self, match: Match, name: str) -> list[Call]:
        """The requests of one kind for one registration."""
        return [call for call in self.arena.journal.calls() if match(call) and _about(call, name, self.uuids[name])]


def _about(call: Call, name: str, uuid: str) -> bool:
    return json.loads(call.body)["name"] == name if POST(call) else call.name in (name, uuid)


def _struck(write: str, name: str) -> Match:
    return lambda call: WRITES[write](call) and call.name == name


@pytest.fixture(scope="module")
def field(faulty_house: FaultyHouse) -> Iterator[Field]:
    """Registrations that were registered, left in peace, and deleted, each with its fault."""
    arena = Arena(faulty_house)
    arena.admin.settings(uniqueNames=False, drainTime=0)
    with arena.operator():
        faults = {
            f"{write}-{harm}": arena.door.fault(HARMS[harm][0], _struck(write, f"{write}-{harm}"), **HARMS[harm][1])
            for write, harm in CELLS
        }
        began = time.monotonic()
        made = {name: arena.stage.register(name) for name in faults}
        states = {name: each.wait_ready()["status"] for name, each in made.items()}
        seconds = time.monotonic() - began
        uuids = {name: str(status["uuid"]) for name, status in states.items()}
        arena.wait_quiet()
        registered = arena.journal.moment
        arena.admin.advance(LONG_AFTER)  # what is absent counts as gone from now on
        arena.house.kube.delete(arena.stage.registrations)
        until(lambda: not arena.registrations(), "none left")
        arena.wait_quiet()
        yield Field(arena, made, faults, uuids, {str(each["origin"]) for each in states.values()}, registered, seconds)
    arena.close()


@pytest.mark.case(
    "R-06",
    injected="every write answered 409 five times",
    outcome="one POST, one cluster, its uuid recorded; one deletion",
)
@pytest.mark.case(
    "R-07",
    injected="every write refused, or cut, before and after it was carried out",
    outcome="one POST, one cluster, its uuid recorded; one deletion",
)
@pytest.mark.case(
    "R-46",
    injected="every write answered 413, or 500 as a full etcd does, twice",
    outcome="it goes on afterwards: one POST, one cluster, one deletion",
)
@pytest.mark.parametrize(("write", "harm"), CELLS)
def test_a_write_that_fails_doubles_and_loses_nothing(field: Field, recovery: Recovery, write: str, harm: str) -> None:
    """Whatever becomes of a write, there is one POST, its uuid is recorded, and its cluster is deleted once."""
    name = f"{write}-{harm}"
    recovery.took(field.seconds)

    assert field.faults[name].hits == HARMS[harm][1].get("times", 1)
    (post,) = field.calls(POST, name)
    assert json.loads(post.answer)["uuid"] == field.uuids[name]
    assert [call.status for call in field.calls(DELETE, name)] == [202]
    assert field.arena.admin.cluster(field.uuids[name]) is None
    field.arena.judge()


def test_no_uuid_has_to_be_looked_for(field: Field) -> None:
    """The uuid of a POST that was answered stays in hand until it is written: none is found again by a list."""
    assert field.origins == {"Created"}
    field.arena.judge()


def test_what_is_registered_is_left_in_peace(field: Field) -> None:
    """After the last fault the operator comes to rest; the deletion announces, creates and renames nothing."""
    later = field.arena.journal.calls(since=field.registered)

    assert [call.what for call in later if WRITES["announce"](call) or POST(call) or PUT(call)] == []
    assert sum(DELETE(call) for call in later) == len(CELLS)
    field.arena.judge()
