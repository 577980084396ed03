"""What never becomes of a title, an attempt or a status, whatever is observed."""

from hypothesis import event, given

from core.anything import near
from core.effects import effect
from core.oracles import absent_for_good, confirmed_missing, often, orphaned, overdue, owned
from runai_registrar.core.actions import Leave, Release, Stand
from runai_registrar.core.attempt import open_attempt
from runai_registrar.core.claims import holders, written_title
from runai_registrar.core.decide import decide
from runai_registrar.core.observed import Observed, Outcome
from runai_registrar.core.report import report, same
from runai_registrar.resources import OnTimeout, Origin


@often
@given(near(Release))
def test_a_title_is_given_up_for_a_reason(o: Observed) -> None:
    """A registration that owns a cluster lets go when told to, for a stronger owner, or when the cluster is gone."""
    action, held = decide(o), written_title(o.registration)
    if not isinstance(action, Release) or held is None:
        return
    event(f"releases {held.origin}")
    status, memory = o.registration.status, o.memory
    asked_here = memory.asked is not None and o.snapshot is not None and o.snapshot.began.after(memory.asked)
    asked_before = (
        memory.asked is None
        and status.deletion is not None
        and o.snapshot is not None
        and o.snapshot.began_cp > status.deletion.requested_at.timestamp()
    )
    refused = memory.failure is not None and confirmed_missing(o, held.uuid)
    gone = ((asked_here or asked_before) and absent_for_good(o, held.uuid)) or refused

    assert o.registration.deleting
    stays = orphaned(o, held.origin) or not owned(o, held.uuid) or overdue(o) is OnTimeout.ORPHAN
    assert stays or gone


@often
@given(near(Release))
def test_a_lost_answer_is_not_given_up(o: Observed) -> None:
    """A registration with an open attempt lets go when told to, or when a settled list shows that nothing was made."""
    action, attempt = decide(o), open_attempt(o)
    if not isinstance(action, Release) or attempt is None or written_title(o.registration):
        return
    known = o.memory.outcome if o.memory.attempt and o.memory.attempt.id == attempt.id else None
    never_sent = known in (Outcome.UNSENT, Outcome.ANNOUNCED, Outcome.REFUSED)
    settled = o.snapshot is not None and o.snapshot.began_cp >= attempt.at.timestamp() + o.timing.settle
    event("lets go of an attempt")

    assert orphaned(o, None) or never_sent or settled


@often
@given(near(Stand))
def test_a_uuid_is_never_lost(o: Observed) -> None:
    """A status keeps the cluster that a registration owns; another one follows only one that is missing."""
    action, held = decide(o), written_title(o.registration)
    if not isinstance(action, Stand) or held is None:
        return
    status = report(o, action)
    event("keeps" if status.uuid == held.uuid else "replaces")

    assert status.origin is not None
    assert status.owner_uid == o.registration.uid
    assert held.uuid in (status.uuid, o.memory.replaces) or confirmed_missing(o, held.uuid)


@often
@given(near(Stand))
def test_a_title_comes_from_somewhere(o: Observed) -> None:
    """A status gains a cluster by a 201, by a claim after a live list of registrations, or by adoption in the spec."""
    action = decide(o)
    if not isinstance(action, Stand) or action.title in (None, written_title(o.registration)):
        return
    gained = action.title
    assert gained is not None
    event(f"gains {gained.origin}")
    if gained.origin is Origin.CREATED:
        assert o.memory.answer is not None
        assert o.memory.answer.uuid == gained.uuid
        return
    assert action.shown is not None
    assert action.shown.uuid == gained.uuid
    assert o.snapshot is not None
    assert o.snapshot.clusters[gained.uuid] == action.shown
    assert (action.shown.deleted_at, action.shown.delete_requested_at) == (None, None)
    assert holders(o, gained.uuid) == ()
    assert o.reads.registrations is not None
    if gained.origin is Origin.RECOVERED:
        assert o.reads.registrations.after(o.snapshot.began)
    else:
        assert o.registration.spec.adopt is not None


@often
@given(near(Stand))
def test_a_status_comes_to_rest(o: Observed) -> None:
    """As long as nothing changes, a status is not written again and again."""
    for _ in range(4):
        action = decide(o)
        if not isinstance(action, Stand):
            return
        seen, o = o, effect(o, action)
        if same(seen.registration.status, o.registration.status):
            return
    verdict = decide(o)
    assert isinstance(verdict, Stand | Leave)
    assert isinstance(verdict, Leave) or same(o.registration.status, report(o, verdict))
