"""When an attempt is open, and which clusters it may have made."""

from dataclasses import replace
from typing import Any

import pytest

from core.situations import (
    NAME,
    NOW,
    OTHER,
    RIVAL,
    UUID,
    at,
    attempt,
    cluster,
    draining,
    earlier,
    knows,
    new_attempt,
    observed,
    registered,
    registration,
)
from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.attempt import (
    MAX_EARLIER,
    candidates,
    filled_in,
    going,
    is_open,
    open_attempt,
    own_attempt,
    plain_domain,
    sent_names,
    surplus,
    unreadable,
    unresolved,
)
from runai_registrar.core.attempt import new_attempt as announce
from runai_registrar.core.decide import decide
from runai_registrar.core.observed import Memory, Outcome, Snapshot
from runai_registrar.core.times import Timing
from runai_registrar.resources import CREATE_ATTEMPT, CreateAttempt, RegistrationStatus

TIMING = Timing()


def found(*clusters: Cluster, of: CreateAttempt | None = None, desired: str = NAME) -> set[str]:
    """Return the uuids of these clusters that an attempt may have made."""
    return set(candidates(Snapshot.of(clusters, NOW, NOW.wall), of or attempt(), desired, TIMING))


def late(*clusters: Cluster, of: CreateAttempt | None = None, desired: str = NAME) -> set[str]:
    """Return the uuids of these clusters that an attempt may have made at any time."""
    return set(surplus(Snapshot.of(clusters, NOW, NOW.wall), of or attempt(), desired, TIMING))


def test_an_attempt_is_open_until_the_status_names_it() -> None:
    """What closes an attempt is its id in the status, and only that."""
    assert is_open(attempt(), registration())
    assert is_open(attempt(), registration(status=RegistrationStatus(attempt="attempt-2")))
    assert is_open(attempt(), registration(status=registered()))
    assert not is_open(attempt(), registration(status=RegistrationStatus(attempt="attempt-1")))


def test_a_refused_attempt_is_open_only_for_what_came_before() -> None:
    """A refusal closes an attempt, unless earlier ones are unresolved."""
    assert not is_open(attempt(refused=True), registration())
    assert is_open(attempt(refused=True, earlier=(earlier(),)), registration())


def test_an_attempt_of_another_owner_is_none() -> None:
    """A copied resource carries the attempt of the original, which is not its own."""
    copied = registration(attempt=attempt(owner=RIVAL))

    assert own_attempt(copied) is None
    assert open_attempt(observed(copied)) is None


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "{}", '{"id": "x"}', "7"])
def test_an_annotation_that_is_no_attempt(text: str) -> None:
    """What cannot be read is not taken for 'nothing was tried'."""
    garbled = registration(annotations={CREATE_ATTEMPT: text})

    assert unreadable(garbled)
    assert own_attempt(garbled) is None


def test_an_attempt_survives_its_annotation() -> None:
    """Written to the annotation and read again, an attempt is the same, to the microsecond."""
    whole = attempt(age=20.123456, domain="https://a", version="2", exclude=(UUID,), earlier=(earlier(),), refused=True)

    assert own_attempt(registration(attempt=whole)) == whole
    assert not unreadable(registration(attempt=whole))


def test_memory_stands_in_for_a_wiped_annotation() -> None:
    """Where `kubectl replace` took the annotation away, the attempt in memory is the open one."""
    assert open_attempt(observed(registration(), memory=knows(Outcome.UNANSWERED))) == attempt()


def test_an_older_attempt_in_memory_does_not_open_again() -> None:
    """What another process has closed by a newer attempt stays closed: the status would change for ever."""
    kept = registration(status=registered(attempt="attempt-2"), attempt=attempt(2, age=30.0))
    o = observed(kept, cluster(), memory=knows(Outcome.UNANSWERED, attempt(age=300.0)))

    assert open_attempt(o) is None


def test_a_newer_attempt_in_memory_is_not_hidden_by_an_older_annotation() -> None:
    """An old manifest that is applied again brings its old annotation back; the newest attempt counts all the same."""
    applied = registration(status=RegistrationStatus(attempt="attempt-1"), attempt=attempt(age=4000.0))
    o = observed(applied, memory=knows(Outcome.UNANSWERED, attempt(2)))

    assert open_attempt(o) == attempt(2)


def test_an_announcement_that_never_landed_hides_none_that_did() -> None:
    """What this process failed to write does not take the place of what another one wrote at about that time."""
    o = observed(registration(attempt=attempt(2)), memory=Memory(attempt=attempt(age=19.5), outcome=Outcome.UNSENT))

    assert open_attempt(o) == attempt(2)


def test_what_was_not_sent_keeps_what_came_before_it() -> None:
    """Given up unsent, then wiped by `kubectl replace`: an attempt still knows of an earlier one without an answer."""
    action = decide(observed(registration(), memory=knows(Outcome.UNSENT, attempt(earlier=(earlier(),)))))
    known = getattr(action, "attempt", None)

    assert known is not None
    assert known.earlier == (earlier(),)


def test_the_mirror_in_the_status_stands_in_after_a_restart() -> None:
    """A replaced object and a new process: `status.createAttempt` is all that is left of a lost answer."""
    left = observed(registration(status=RegistrationStatus(create_attempt=attempt())))

    assert open_attempt(left) == attempt()
    assert open_attempt(observed(registration(status=RegistrationStatus(create_attempt=attempt(owner=RIVAL))))) is None


@pytest.mark.parametrize(
    ("age", "candidate"),
    [(25.0, True), (26.0, False), (20.0, True), (1.0, True)],
    ids=["skew-before", "before-that", "at-once", "just-now"],
)
def test_a_candidate_is_not_older_than_the_attempt(age: float, *, candidate: bool) -> None:
    """From the attempt on, less the tolerance between clocks, a cluster may be what it made."""
    assert (found(cluster(age=age)) == {UUID}) is candidate
    assert (late(cluster(age=age)) == {UUID}) is candidate


@pytest.mark.case(
    "R-17",
    injected="a cluster of the name, made at a time when the POST cannot have been under way, by either clock",
    outcome="not claimed; named as a surplus one",
)
@pytest.mark.parametrize(("age", "candidate"), [(955.0, True), (954.0, False)], ids=["last-moment", "too-late"])
def test_a_candidate_was_made_while_the_post_could_be_under_way(age: float, *, candidate: bool) -> None:
    """The window ends with freshness, POST timeout and tolerance after the attempt; what is later is surplus."""
    one, tried = cluster(age=age), attempt(age=1000.0)

    assert (found(one, of=tried) == {UUID}) is candidate
    assert late(one, of=tried) == {UUID}


@pytest.mark.parametrize(
    "other",
    [
        draining(age=15.0),
        cluster(age=15.0, deleted_at=attempt().at),
        cluster(age=15.0, name="gpu-west"),
        cluster(age=15.0, domain="https://other.example.com"),
        cluster(age=15.0, version="2.24.18"),
    ],
    ids=["draining", "deleted", "other-name", "other-domain", "other-version"],
)
def test_what_is_no_candidate(other: Cluster) -> None:
    """A cluster that is going, or differs in what was sent, is not ours, and no surplus either."""
    assert found(other) == set()
    assert late(other) == set()


@pytest.mark.parametrize(
    "shown",
    [{"last_liveness": attempt().at}, *({"state": state} for state in ("Connected", "Disconnected", "SomethingNew"))],
    ids=["alive", "connected", "disconnected", "some-new-state"],
)
def test_a_connected_cluster_is_no_candidate(shown: dict[str, Any]) -> None:
    """Nobody could have installed what nobody knew of; it is surplus, for a person to look at."""
    connected = cluster(age=15.0, **shown)

    assert found(connected) == set()
    assert late(connected) == {UUID}


def unlike(*clusters: Cluster, of: CreateAttempt | None = None) -> set[str]:
    """Return the uuids of these clusters that an attempt made, if the control plane has filled something in."""
    return set(filled_in(Snapshot.of(clusters, NOW, NOW.wall), of or attempt(), NAME, TIMING))


def ending(*clusters: Cluster, of: CreateAttempt | None = None) -> set[str]:
    """Return the uuids of these clusters under deletion that an attempt may have made."""
    return set(going(Snapshot.of(clusters, NOW, NOW.wall), of or attempt(), NAME, TIMING))


@pytest.mark.parametrize(
    ("shown", "sent", "perhaps"),
    [
        ({"version": "2.24.18"}, {}, True),
        ({"domain": "https://gpu.example.com"}, {}, True),
        ({"domain": "https://gpu.example.com", "version": "2.24.18"}, {"version": "2.24.18"}, True),
        ({"version": "2.24.18"}, {"domain": "https://gpu.example.com"}, False),
        ({"version": "2.24.18"}, {"version": "2.23"}, False),
        ({}, {"version": "2.24.18"}, False),
        ({}, {}, False),
        ({"version": "2.24.18", "age": 26.0}, {}, False),
        ({"version": "2.24.18", "name": "gpu-west"}, {}, False),
        ({"version": "2.24.18"}, {"exclude": (UUID,)}, False),
        ({"version": "2.24.18", "delete_requested_at": at(-2)}, {}, False),
    ],
)
def test_what_a_control_plane_may_have_filled_in(shown: Any, sent: Any, *, perhaps: bool) -> None:
    """A value where none was sent may be the control plane's; another one than what was sent is somebody else's."""
    assert (unlike(cluster(**{"age": 15.0} | shown), of=attempt(**sent)) == {UUID}) is perhaps


def test_what_is_like_one_part_is_not_doubted_for_another() -> None:
    """A cluster with exactly what one part of a chain sent is that one's, though another part sent less."""
    tried = attempt(version="2.24.18", earlier=(earlier(first=30.0, last=20.0),))

    assert found(cluster(age=15.0, version="2.24.18"), of=tried) == {UUID}
    assert unlike(cluster(age=15.0, version="2.24.18"), of=tried) == set()


def test_what_is_going_may_be_of_the_attempt() -> None:
    """A cluster of the right name and time under deletion is known again, connected or not, until it is deleted."""
    assert ending(draining(age=15.0)) == {UUID}
    assert ending(draining(age=15.0, version="2.24.18", last_liveness=at(-1))) == {UUID}
    assert ending(draining(age=26.0)) == set()
    assert ending(draining(age=15.0, deleted_at=at(-1))) == set()
    assert ending(cluster(age=15.0)) == set()
    assert ending(draining(age=15.0), of=attempt(exclude=(UUID,))) == set()
    assert ending(draining(age=15.0), of=attempt(version="2.23")) == set()


def test_an_excluded_cluster_is_no_candidate() -> None:
    """What was being deleted when the attempt was made cannot be what it made."""
    assert found(cluster(age=15.0), of=attempt(exclude=(UUID,))) == set()
    assert late(cluster(age=15.0), of=attempt(exclude=(UUID,))) == set()


def test_candidates_have_the_name_that_was_sent_or_is_asked_for_now() -> None:
    """Renamed in the spec meanwhile, in the control plane, or sent under an earlier name: all are found."""
    tried = attempt(name="sent", earlier=(earlier(name="before", first=30.0, last=28.0),))
    shown = [cluster(OTHER, name="before", age=29.0), cluster(UUID, name="asked-for-now", age=15.0)]

    assert found(*shown, of=tried, desired="asked-for-now") == {UUID, OTHER}
    assert found(*shown, of=tried) == {OTHER}
    assert sent_names(tried) == {"sent", "before"}


def test_each_part_of_a_chain_has_its_own_window_and_facts() -> None:
    """A cluster with the version of one part and the time of another is of neither."""
    tried = attempt(version="2.24", earlier=(earlier(version="2.23", first=900.0, last=900.0),))

    assert found(cluster(age=890.0, version="2.23"), of=tried) == {UUID}
    assert found(cluster(age=890.0, version="2.24"), of=tried) == set()
    assert found(cluster(age=15.0, version="2.23"), of=tried) == set()


def test_a_refused_attempt_has_made_nothing_itself() -> None:
    """Of a refused attempt, only earlier parts are looked for."""
    tried = attempt(refused=True, earlier=(earlier(name="before", first=30.0, last=28.0),))

    assert found(cluster(age=15.0), of=tried, desired="other") == set()
    assert sent_names(tried) == {"before"}


@pytest.mark.parametrize("shown", ["gpu.example.com", "http://GPU.example.com/", " https://gpu.example.com// "])
def test_a_domain_may_be_written_otherwise(shown: str) -> None:
    """Scheme, case and slashes of a displayed domain make no difference."""
    assert plain_domain(shown) == plain_domain("https://gpu.example.com")
    assert found(cluster(age=15.0, domain=shown), of=attempt(domain="https://gpu.example.com")) == {UUID}


def test_unresolved_parts_are_merged_by_what_was_sent() -> None:
    """For each name, domain and version the first and the last moment are kept: an endless chain stays short."""
    tried = attempt(
        age=20.0, earlier=(earlier(first=300.0, last=200.0), earlier(version="2.24"), earlier(first=90, last=80))
    )

    assert unresolved(tried) == (earlier(first=300.0, last=20.0), earlier(version="2.24"))


def test_a_new_attempt_says_all_that_recovery_needs() -> None:
    """Owner, place, time by the control plane's clock, what is sent, what is draining, and what is unresolved."""
    spec = {"clusterName": "gpu-west", "domain": "https://gpu.example.com", "version": "2.24.18"}
    o = replace(observed(registration(spec=spec), draining(name="gpu-west"), draining(OTHER)), clock=NOW.wall + 500.0)
    assert o.snapshot is not None

    assert announce(o, o.snapshot, attempt()) == new_attempt(
        name="gpu-west",
        domain="https://gpu.example.com",
        version="2.24.18",
        at=at(500.0),
        exclude=(UUID,),
        earlier=(earlier(first=20.0, last=20.0),),
    )
    assert announce(o, o.snapshot, None).earlier == ()


def test_a_chain_that_is_too_long_stops() -> None:
    """After too many different attempts without an answer, a person must look before another one is made."""
    chain = tuple(earlier(name=f"gpu-{number}") for number in range(MAX_EARLIER))
    stops = decide(observed(registration(attempt=attempt(age=120.0, earlier=chain))))
    goes_on = decide(observed(registration(attempt=attempt(age=120.0, earlier=chain[:-1]))))

    assert getattr(stops, "reason", None) == "CreateAmbiguous"
    assert getattr(goes_on, "attempt", None) is not None
