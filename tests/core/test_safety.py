"""Never two clusters for one resource, never one without an owner, and always a way out: the corners of it."""

from dataclasses import replace
from typing import Any

import pytest

from core.effects import effect, later
from core.row import Row
from core.situations import (
    NAME,
    NOW,
    OTHER,
    OURS,
    RIVAL,
    THIRD,
    UUID,
    ago,
    at,
    attempt,
    cluster,
    draining,
    knows,
    observed,
    plane,
    read,
    registered,
    registration,
    trouble,
)
from core.verdicts import STANDING, told, verdict
from runai_registrar.core.actions import Announce, Create, Hold, Phase, ReadRegistrations, Release, Stand
from runai_registrar.core.decide import decide
from runai_registrar.core.observed import Memory, Outcome, Snapshot
from runai_registrar.resources import RELEASE, ControlPlaneUsed, CreateAttempt, Origin, Registration, RegistrationStatus

LISTED = read(registrations=NOW)
BLOCKED = [row for row in STANDING if verdict(row.seen).reason == "DeletionBlocked"]
ELSEWHERE = registered(control_plane=ControlPlaneUsed(name="other", url="https://other.example.com"))


@pytest.mark.parametrize(
    "status",
    [
        RegistrationStatus(uuid=UUID, cluster_name=NAME, state="Connected"),
        registered(owner_uid=RIVAL),
        registered().model_copy(update={"origin": None}),
    ],
    ids=["shown-while-observing", "copied", "restored-without-origin"],
)
def test_a_cluster_that_is_only_shown_is_an_obstacle(status: RegistrationStatus) -> None:
    """A live cluster of the name is in the way, even where the status shows its uuid without a title to it."""
    action = decide(observed(registration(status=status), cluster()))

    assert isinstance(action, Stand)
    assert (action.phase, action.reason) == (Phase.STALLED, "NameTaken")


def test_observing_plans_what_manage_would_do() -> None:
    """The plan is the same at the second look, when the status shows the cluster already."""
    shown = RegistrationStatus(uuid=UUID, cluster_name=NAME)
    first = verdict(observed(registration(spec={"mode": "Observe"}), cluster()))
    then = verdict(observed(registration(spec={"mode": "Observe"}, status=shown), cluster()))

    assert "exists already" in (first.planned or "")
    assert then.planned == first.planned


def test_observing_plans_no_renaming_that_manage_would_not_do() -> None:
    """With onDrift Report, Manage leaves the name alone, so Observe does not announce a renaming."""
    spec = {"mode": "Observe", "onDrift": "Report", "clusterName": "gpu-west"}
    action = verdict(observed(registration(spec=spec, status=registered()), cluster()))

    assert "rename" not in (action.planned or "")
    assert action.drift == ("name is gpu-east, the spec says gpu-west",)


@pytest.mark.parametrize("deleting", [False, True], ids=["kept", "deleting"])
def test_a_lost_answer_belongs_to_its_tenant(*, deleting: bool) -> None:
    """What was tried in one tenant is not looked for in another: nothing is created there, and nothing released."""
    tried = attempt(age=120.0, tenant_id=2002)
    action = decide(observed(registration(attempt=tried, deleting=deleting)))

    assert isinstance(action, Stand)
    assert (action.phase, action.reason) == (Phase.STALLED, "DeletionBlocked" if deleting else "TenantChanged")
    assert "2002" in action.message


@pytest.mark.parametrize(
    "registration_",
    [
        registration(status=registered(Origin.ADOPTED, uuid=OTHER), attempt=attempt(), deleting=True),
        registration(spec={"adopt": {"uuid": OTHER}}, attempt=attempt(), deleting=True),
    ],
    ids=["adopted-and-recreated", "adopt-written-meanwhile"],
)
def test_a_lost_answer_is_resolved_before_letting_go(registration_: Registration) -> None:
    """Adoption orphans the cluster adopted, not the one that our own attempt may have made a moment ago."""
    action = decide(observed(registration_, cluster(OTHER)))

    assert not isinstance(action, Release)


@pytest.mark.parametrize(
    ("tried", "memory"),
    [
        (attempt(age=120.0), Memory()),
        (attempt(), knows(Outcome.UNSENT)),
        (attempt(), knows(Outcome.ANNOUNCED, written=11.0)),
        (attempt(), knows(Outcome.REFUSED)),
    ],
    ids=["nothing-made", "not-sent", "announced", "refused"],
)
def test_an_adopted_cluster_is_left_once_a_lost_answer_is_resolved(tried: CreateAttempt, memory: Memory) -> None:
    """That an attempt had to be resolved first does not make an adopted cluster one to delete."""
    leaving = registration(status=registered(Origin.ADOPTED), attempt=tried, deleting=True)
    action = decide(observed(leaving, cluster(), memory=memory, reads=LISTED))

    assert isinstance(action, Release)
    assert action.leaves == UUID


@pytest.mark.case(
    "R-17",
    injected="the control plane's clock is known within 9 seconds only",
    outcome="what a lost answer made is found all the same",
)
@pytest.mark.parametrize("spread", [9.0, 1.0], ids=["still-vague", "exact-by-now"])
def test_a_lost_answer_is_found_however_uncertain_the_clock_was(spread: float) -> None:
    """A slow list tells the control plane's time within seconds only: the window of an attempt allows for that."""
    vague = Snapshot.of([], ago(1.0), NOW.wall - 10.0, spread=9.0)
    start = observed(registration(), clock=vague.clock(NOW), snapshot=vague)
    lost = effect(effect(start, decide(start)), Create(attempt()))
    made = cluster(created_at=at(-8.0))  # one second after the announcement, if the clock was as late as it can be
    then = later(lost, 30.0)
    seen = Snapshot.of([made], then.now.earlier(1.0), then.clock - 10.0, spread=spread)

    assert isinstance(decide(replace(then, snapshot=seen)), ReadRegistrations)


def test_what_a_lost_answer_made_is_reported_beside_an_adopted_cluster() -> None:
    """A person has decided for one cluster; the other one that the attempt may have made is still named."""
    kept = registration(status=registered(Origin.ADOPTED, uuid=OTHER, attempt="attempt-1"), attempt=attempt(age=120.0))
    action = verdict(observed(kept, cluster(OTHER), cluster(UUID, age=110.0)))

    assert action.reason == "CreateAmbiguous"
    assert UUID in action.message


OBSTACLES: dict[str, dict[str, Any]] = {
    "control-plane-absent": {"control_plane": plane(exists=False)},
    "namespace-refused": {"control_plane": plane(allowed=False)},
    "suspended": {"control_plane": plane(suspended=True)},
    "trouble": {"control_plane": plane(trouble=trouble("ControlPlaneUnreachable", passing=True))},
    "never-listed": {"listed": None},
}


@pytest.mark.parametrize("obstacle", OBSTACLES.values(), ids=list(OBSTACLES))
@pytest.mark.parametrize(
    ("seen", "memory"),
    [
        (registration(status=registered(), held=False), Memory()),
        (registration(attempt=attempt(), held=False), Memory()),
        (registration(held=False), knows(Outcome.UNANSWERED)),
    ],
    ids=["uuid", "attempt", "attempt-in-memory"],
)
def test_the_finalizer_needs_no_control_plane(seen: Registration, memory: Memory, obstacle: dict[str, Any]) -> None:
    """Whenever there is a uuid or an attempt, the finalizer is put back, above all while nothing else can be done."""
    assert isinstance(decide(observed(seen, memory=memory, **obstacle)), Hold)


def test_the_finalizer_does_not_bring_back_an_older_attempt() -> None:
    """What is put back with the finalizer never replaces the annotation of a newer attempt."""
    kept = registration(status=registered(attempt="attempt-2"), attempt=attempt(2), held=False)
    action = decide(observed(kept, cluster(), memory=knows(None, attempt(age=300.0))))

    assert action in (Hold(), Hold(attempt(2)))


def test_nothing_registered_is_nothing_to_keep() -> None:
    """A registration that was never good for anything goes at once, whatever its spec says."""
    action = decide(observed(registration(deleting=True), memory=Memory(invalid="spec.mode: unknown.")))

    assert isinstance(action, Release)


@pytest.mark.parametrize(
    "clusters",
    [(cluster(age=15.0), cluster(OTHER, age=14.0)), (cluster(age=15.0, last_liveness=at(-1)),)],
    ids=["several", "late"],
)
def test_an_ambiguous_deletion_has_a_way_out(clusters: Any) -> None:
    """A deletion that waits for a person says how to end it without one of the clusters."""
    action = verdict(observed(registration(attempt=attempt(), deleting=True), *clusters, reads=LISTED))

    kept = verdict(observed(registration(attempt=attempt()), *clusters, reads=LISTED))

    assert action.phase is Phase.STALLED
    assert f"{RELEASE}=orphan" in action.message
    assert RELEASE not in kept.message


@pytest.mark.parametrize("row", BLOCKED, ids=lambda row: row.name)
def test_every_blocked_deletion_has_a_way_out(row: Row) -> None:
    """Whatever blocks a deletion, the sentence names the annotation that ends it."""
    assert f"{RELEASE}=orphan" in verdict(row.seen).message


def test_a_title_elsewhere_is_not_given_up() -> None:
    """A status that names another control plane gives no right here, and is not thrown away either."""
    kept = decide(observed(registration(status=ELSEWHERE)))
    left = decide(observed(registration(status=ELSEWHERE, deleting=True)))

    assert (getattr(kept, "reason", None), getattr(left, "reason", None)) == ("OwnershipConflict", "DeletionBlocked")


def test_a_title_elsewhere_stays_written() -> None:
    """Observing here does not wipe the uuid that is held there."""
    assert told(observed(registration(status=ELSEWHERE, spec={"mode": "Observe"}))).uuid == UUID


def test_adoption_by_name_creates_where_there_is_nothing_to_adopt() -> None:
    """`adopt.byName` takes over the only live cluster of the name; without one, one is created (so says the CRD)."""
    assert isinstance(decide(observed(registration(spec={"adopt": {"byName": True}}), reads=LISTED)), Announce)


def test_an_announced_creation_yields_to_an_adoption() -> None:
    """A person who names a cluster to adopt, just before the POST is sent, does not want another one."""
    asks = registration(spec={"adopt": {"uuid": UUID}}, attempt=attempt())
    action = decide(observed(asks, cluster(), memory=knows(Outcome.ANNOUNCED)))

    assert not isinstance(action, Create)
    assert isinstance(action, ReadRegistrations)


def test_a_taken_name_is_said_in_one_way() -> None:
    """Of several clusters in the way the same one is named, in whatever order they are listed."""
    shown = [cluster(UUID), cluster(OTHER), cluster(THIRD)]

    assert verdict(observed(registration(), *shown)) == verdict(observed(registration(), *shown[::-1]))


@pytest.mark.parametrize(
    "o",
    [
        observed(registration(status=registered(), spec={"version": "2.24"}), draining(version="2.23")),
        observed(
            registration(status=registered(), spec={"version": "2.24", "clusterName": "gpu-west"}),
            cluster(version="2.23"),
            cluster(OTHER, name="gpu-west"),
        ),
        observed(registration(status=registered(), spec={"version": "2.24", "suspend": True}), cluster(version="2.23")),
    ],
    ids=["leaving", "name-taken", "suspended"],
)
def test_drift_is_reported_whatever_else_is_so(o: Any) -> None:
    """A version that differs from the spec is Drifted, also while something else is in the way."""
    assert "Drifted" in {condition.type for condition in told(o).conditions}


def test_an_unknown_tenant_contradicts_no_title() -> None:
    """Before the tenant of a control plane is known, nothing that is held is given up."""
    unknown = plane(tenant_id=None)

    assert verdict(replace(observed(registration(status=registered()), cluster()), control_plane=unknown)).title == OURS
