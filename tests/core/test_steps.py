"""Actions are safe to repeat: after each one, the next decision builds on it and never asks for the same call again."""

from dataclasses import replace
from itertools import pairwise

import pytest

from core.effects import EXTERNAL, effect, later
from core.row import Row
from core.situations import (
    FRESH_ID,
    NAME,
    NOW,
    TENANT,
    UUID,
    at,
    attempt,
    because,
    cluster,
    failure,
    knows,
    observed,
    registered,
    registration,
)
from core.test_decide import AFTER, ROWS
from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.actions import Action, Announce, Create, Delete, Leave, ReadClusters, Stand
from runai_registrar.core.decide import decide
from runai_registrar.core.observed import Observed, Outcome, Snapshot
from runai_registrar.core.report import report, same
from runai_registrar.core.times import utc
from runai_registrar.engine.reconcile import STEPS
from runai_registrar.resources import Origin

EVERY = [*ROWS, *AFTER]
ACTING = [row for row in EVERY if not isinstance(row.action, Stand | Leave)]
# A 201 in hand is recorded before anything is looked at; what else is to be said comes with the next look.
STANDING = [row for row in EVERY if isinstance(row.action, Stand) and row.row != "answer-in-hand"]
ANNOUNCED = observed(registration(attempt=attempt()), memory=knows(Outcome.ANNOUNCED))


def walk(o: Observed) -> tuple[list[Action], Observed]:
    """Return the actions taken from a situation on, until there is nothing to do at once, and what is seen then."""
    taken: list[Action] = []
    while len(taken) < STEPS:
        action = decide(o)
        taken.append(action)
        o = effect(o, action)
        if isinstance(action, Leave) or (isinstance(action, Stand) and action.wake != 0.0):
            break
    return taken, o


def kinds(o: Observed) -> list[str]:
    """Return the kinds of these actions."""
    return [type(action).__name__ for action in walk(o)[0]]


@pytest.mark.parametrize("row", ACTING, ids=lambda row: row.name)
def test_an_action_makes_a_difference(row: Row) -> None:
    """Once an action is carried out, it is not asked for again: there is a next step."""
    action = decide(row.seen)

    assert decide(effect(row.seen, action)) != action


@pytest.mark.parametrize("row", EVERY, ids=lambda row: row.name)
def test_every_way_ends(row: Row) -> None:
    """From every situation on, a few steps lead to a rest, and no call changes the control plane twice."""
    taken, _ = walk(row.seen)
    calls = [action for action in taken if isinstance(action, EXTERNAL)]

    assert isinstance(taken[-1], Stand | Leave)
    assert len(taken) < STEPS
    assert len(calls) == len(set(map(repr, calls)))
    assert sum(isinstance(call, Create) for call in calls) <= 1


@pytest.mark.parametrize("row", STANDING, ids=lambda row: row.name)
def test_a_status_is_written_once(row: Row) -> None:
    """A verdict that is written and looked at again brings no second write, unless it goes on at once."""
    verdict = decide(row.seen)
    assert isinstance(verdict, Stand)
    written = effect(row.seen, verdict)
    again = decide(written)

    if verdict.wake == 0.0:
        assert again != verdict
    else:
        assert isinstance(again, Stand | Leave)
        assert isinstance(again, Leave) or same(written.registration.status, report(written, again))


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.ANNOUNCED])
def test_one_announcement_is_one_post(outcome: Outcome) -> None:
    """Whatever becomes of a POST, the same attempt is not sent again."""
    creation = decide(ANNOUNCED)
    then = decide(effect(ANNOUNCED, creation, outcome))

    assert isinstance(creation, Create)
    assert not isinstance(then, Create)


def test_a_post_that_was_not_sent_is_announced_anew() -> None:
    """What was never sent leaves nothing behind: the next attempt does not look for it."""
    then = decide(effect(ANNOUNCED, decide(ANNOUNCED), Outcome.UNSENT))

    assert isinstance(then, Announce)
    assert then.attempt.earlier == ()


def test_an_answer_is_recorded_first() -> None:
    """After a 201 the uuid is written before anything else, and closes the attempt."""
    then = decide(effect(ANNOUNCED, decide(ANNOUNCED), Outcome.ANSWERED))

    assert isinstance(then, Stand)
    assert then.title is not None
    assert then.closes == "attempt-1"


def test_a_lost_answer_is_looked_for_in_a_newer_list() -> None:
    """After a POST without an answer, the list from before it says nothing."""
    fresh = observed(
        registration(attempt=attempt(age=0.5)), memory=knows(Outcome.ANNOUNCED, attempt(age=0.5), written=0.5)
    )

    assert decide(effect(fresh, decide(fresh))) == ReadClusters(fresh.snapshot.began if fresh.snapshot else fresh.now)


def test_a_deletion_drains_to_its_end() -> None:
    """A deletion is asked for once, waited for while it drains, and ends when the cluster is seen to be gone."""
    start = observed(registration(status=registered(), deleting=True), cluster())
    _, drains = walk(start)
    gone = replace(later(drains, 5.0), snapshot=Snapshot.of([], later(drains, 4.0).now, drains.clock + 4.0))

    assert kinds(start) == ["ReadHolders", "Delete", "ReadClusters", "Stand"]
    assert kinds(later(drains, 5.0)) == ["ReadClusters", "Stand"]
    assert kinds(gone) == ["Release", "Leave"]


def test_an_ignored_deletion_is_asked_for_less_and_less() -> None:
    """A control plane that never shows the deletion as asked for is asked soon again at first, then every 5 minutes."""
    slow = {"deletion": {"timeout": "2h"}}
    o = observed(registration(status=registered(), spec=slow, deleting=True), cluster())
    asked: list[float] = []
    while o.now.boot < NOW.boot + 3600.0:
        action = decide(o)
        asked += [o.now.boot] if isinstance(action, Delete) else []
        o = later(effect(o, action), (action.wake or 0.0) if isinstance(action, Stand) else 0.0)
        o = replace(o, snapshot=Snapshot.of([cluster()], o.now, o.clock))
    pauses = [then - before for before, then in pairwise(asked)]

    assert [5.0 * round(pause / 5.0) for pause in pauses[:4]] == [5.0, 10.0, 20.0, 40.0]
    assert 290.0 < max(pauses) < 310.0
    assert len(asked) < 20


def test_a_wiped_status_does_not_end_a_deletion_under_way() -> None:
    """What drains without a title is waited for, without a call, and the finalizer goes when it is seen to be gone."""
    wiped = observed(
        registration(attempt=attempt(age=120.0), deleting=True), cluster(age=110.0, delete_requested_at=at(-5))
    )
    gone = replace(later(wiped, 5.0), snapshot=Snapshot.of([], later(wiped, 4.0).now, wiped.clock + 4.0))

    assert kinds(wiped) == ["Stand"]
    assert kinds(walk(wiped)[1]) == ["Stand"]
    assert kinds(gone) == ["Release", "Leave"]


def test_a_registration_comes_to_life() -> None:
    """A new registration takes one announcement and one POST; a lost answer leads to a list and to waiting."""
    assert kinds(observed(registration(held=False))) == ["Announce", "Create", "ReadClusters", "Stand"]


def test_a_lost_answer_is_found_in_the_next_list() -> None:
    """What a POST without an answer has made is claimed as recovered, by a live list of registrations."""
    _, lost = walk(observed(registration(held=False)))
    made = Cluster(uuid=UUID, tenant_id=TENANT, name=NAME, created_at=utc(lost.clock - 1.0))
    seen = replace(later(lost, 5.0), snapshot=Snapshot.of([made], later(lost, 4.9).now, lost.clock + 4.9))
    taken, end = walk(seen)

    assert [type(action).__name__ for action in taken] == ["ReadRegistrations", "Stand", "Stand"]
    assert end.registration.status.uuid == UUID
    assert end.registration.status.origin is Origin.RECOVERED
    assert end.registration.status.attempt == FRESH_ID


def test_a_failed_call_is_left_alone_for_a_while() -> None:
    """While a failure is remembered nothing is called; with another spec it is forgotten."""
    failed = observed(registration(attempt=attempt()), memory=knows(Outcome.UNSENT, failure=failure()))
    metadata = failed.registration.metadata.model_copy(update={"generation": 2})

    assert kinds(failed) == ["Stand"]
    assert isinstance(decide(because(failed, metadata=metadata)), Announce)
