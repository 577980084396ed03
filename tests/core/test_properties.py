"""What `decide` never asks of the control plane, whatever is observed."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import event, given, settings

from core import situations as the
from core.anything import anywhere, near
from core.effects import EXTERNAL
from core.oracles import confirmed_missing, often, orphaned, overdue, owned
from core.situations import because
from runai_registrar.core.actions import Announce, Create, Delete, Rename, Stand
from runai_registrar.core.attempt import open_attempt, own_attempt, unresolved
from runai_registrar.core.claims import written_title
from runai_registrar.core.decide import decide
from runai_registrar.core.observed import Observed, Outcome
from runai_registrar.core.report import report
from runai_registrar.resources import OnTimeout


@often
@given(anywhere)
def test_it_always_decides(o: Observed) -> None:
    """There is an action for every situation, and a status for every verdict."""
    action = decide(o)
    event(type(action).__name__)

    assert repr(action)
    assert not isinstance(action, Stand) or report(o, action).conditions


BARRED: dict[str, Callable[[Observed], Observed]] = {
    "suspended": lambda o: because(o, spec=o.registration.spec.to_dict() | {"suspend": True}),
    "control-plane-suspended": lambda o: replace(o, control_plane=the.plane(suspended=True)),
    "observe": lambda o: because(o, spec=o.registration.spec.to_dict() | {"mode": "Observe"}),
    "trouble": lambda o: replace(o, control_plane=the.plane(trouble=the.trouble("Throttled", passing=True))),
    "control-plane-absent": lambda o: replace(o, control_plane=the.plane(exists=False)),
    "namespace-not-allowed": lambda o: replace(o, control_plane=the.plane(allowed=False)),
    "invalid": lambda o: replace(o, memory=replace(o.memory, invalid="It cannot be read.")),
    "never-listed": lambda o: replace(o, snapshot=None),
    "released": lambda o: replace(
        because(o, metadata=o.registration.metadata.model_copy(update={"deletion_timestamp": the.at(-1)})),
        memory=replace(o.memory, released=True),
    ),
}


@pytest.mark.parametrize("bar", BARRED)
@settings(often, max_examples=300)
@given(o=near(*EXTERNAL))
def test_no_call_where_one_is_barred(bar: str, o: Observed) -> None:
    """Nothing is created, renamed or deleted where that is barred, whatever else is so."""
    assert not isinstance(decide(BARRED[bar](o)), EXTERNAL)


@often
@given(near(Create))
def test_creation_is_announced(o: Observed) -> None:
    """A POST is for our own attempt: durable, held by our finalizer, announced by this process and fresh."""
    action = decide(o)
    if not isinstance(action, Create):
        return
    spec, memory = o.registration.spec, o.memory
    event("creates")

    assert own_attempt(o.registration) == action.attempt
    assert o.registration.held
    assert not o.registration.deleting
    assert memory.attempt is not None
    assert memory.attempt.id == action.attempt.id
    assert memory.outcome is Outcome.ANNOUNCED
    assert memory.written is not None
    assert memory.written.age(o.now) <= o.timing.freshness
    sent = (action.attempt.name, action.attempt.domain, action.attempt.version)
    assert sent == (o.registration.cluster_name, spec.domain, spec.version)
    held = written_title(o.registration)
    assert held is None or held.uuid == memory.replaces


@often
@given(near(Announce))
def test_announcement_forgets_nothing(o: Observed) -> None:
    """A new attempt keeps what the open one may have made, and names no live cluster's name."""
    action = decide(o)
    if not isinstance(action, Announce):
        return
    new, open_one = action.attempt, open_attempt(o)
    event("announces beside an open one" if open_one else "announces")
    kept = {(part.name, part.domain, part.version): part for part in new.earlier}
    old = open_one.earlier if open_one else ()
    known = o.memory.outcome if o.memory.attempt and open_one and o.memory.attempt.id == open_one.id else None
    if open_one and known not in (Outcome.UNSENT, Outcome.ANNOUNCED):
        old = unresolved(open_one)

    for part in old:
        merged = kept[part.name, part.domain, part.version]
        assert merged.first <= part.first
        assert merged.last >= part.last
    assert (new.id, new.owner) == (o.fresh_id, o.registration.uid)
    assert not o.registration.deleting
    assert o.snapshot is not None
    assert o.snapshot.live(new.name) == ()


@often
@given(near(Announce))
def test_only_a_missing_cluster_is_replaced(o: Observed) -> None:
    """A new attempt beside a uuid replaces one that is confirmed missing, and never where the spec names it."""
    action, held = decide(o), written_title(o.registration)
    if not isinstance(action, Announce) or held is None:
        return
    event("replaces")

    assert action.replaces == held.uuid
    assert confirmed_missing(o, held.uuid)
    assert not (o.registration.spec.adopt and o.registration.spec.adopt.uuid)


@often
@given(near(Delete))
def test_deletion_needs_a_title(o: Observed) -> None:
    """A DELETE is for the cluster that a deleting registration owns, by a fresh live read, never a protected one."""
    action = decide(o)
    if not isinstance(action, Delete):
        return
    held = written_title(o.registration)
    event("deletes")

    assert o.registration.deleting
    assert held is not None
    assert held.uuid == action.uuid
    assert not o.registration.spec.deletion_protection
    assert not orphaned(o, held.origin)
    assert owned(o, action.uuid)
    assert o.reads.holders is not None
    assert o.reads.holders.age(o.now) <= o.timing.freshness


@often
@given(near(Delete))
def test_force_is_asked_for(o: Observed) -> None:
    """A forced DELETE is what the spec says, or what it says about a deletion that takes too long."""
    action = decide(o)
    if isinstance(action, Delete) and action.force:
        event("forces")
        assert o.registration.spec.deletion.force or overdue(o) is OnTimeout.FORCE


@often
@given(near(Rename))
def test_renaming_needs_a_title(o: Observed) -> None:
    """A PUT is for the cluster that a registration owns, gives it the name of the spec, and rests on a live read."""
    action = decide(o)
    if not isinstance(action, Rename):
        return
    held = written_title(o.registration)
    event("renames")

    assert held is not None
    assert held.uuid == action.uuid
    assert action.name == o.registration.cluster_name
    assert not o.registration.deleting
    assert owned(o, action.uuid)
    assert o.reads.registration is not None
    assert o.reads.registration.age(o.now) <= o.timing.freshness
