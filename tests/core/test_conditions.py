"""The conditions of a registration, and what those who wait for it make of them."""

from dataclasses import replace
from typing import Any

import pytest

from core.effects import stood
from core.kstatus import kstatus
from core.row import Row
from core.situations import (
    OURS,
    at,
    because,
    cluster,
    condition,
    observed,
    plane,
    registered,
    registration,
    trouble,
)
from core.verdicts import KEPT, READY, STANDING, present, ready, settled, told, verdict
from runai_registrar.core.actions import Phase, Stand
from runai_registrar.core.conditions import MESSAGE_LENGTH, find
from runai_registrar.core.observed import Observed
from runai_registrar.core.report import report, same
from runai_registrar.resources import (
    RELEASE,
    Condition,
    RegistrationStatus,
)


def seen_by_waiters(o: Observed, status: RegistrationStatus) -> str:
    """Return what kstatus says of a registration with this status."""
    body: dict[str, Any] = {"metadata": o.registration.metadata.to_dict(), "status": status.to_dict()}
    return kstatus(body)


@pytest.mark.parametrize("row", STANDING, ids=lambda row: row.name)
def test_working_or_waiting_for_a_person(row: Row) -> None:
    """Ready=False comes with exactly one of Reconciling and Stalled; Ready=True never with Stalled."""
    status = told(row.seen)
    reasons = present(status) & {"Reconciling", "Stalled"}

    assert len(reasons) == 1 if ready(status).status != "True" else reasons <= {"Reconciling"}


KSTATUS = {
    Phase.READY: "Current",
    Phase.SILENT: "InProgress",
    Phase.RECONCILING: "InProgress",
    Phase.STALLED: "Failed",
    Phase.KEEP: "Current",
}


@pytest.mark.parametrize("row", STANDING, ids=lambda row: row.name)
def test_waiters_understand(row: Row) -> None:
    """Helm and Flux see a verdict as Current, InProgress or Failed, and a deletion as Terminating."""
    said = verdict(row.seen)
    expected = "Terminating" if row.seen.registration.deleting else KSTATUS[said.phase]

    assert seen_by_waiters(row.seen, told(row.seen)) == expected


def test_waiters_wait_before_the_first_look() -> None:
    """With the status that a new object has by default, nobody takes it for finished, nor after an edit."""
    edited = observed(registration(status=registered(), generation=2), cluster())

    assert seen_by_waiters(observed(registration()), RegistrationStatus()) == "InProgress"
    assert seen_by_waiters(edited, edited.registration.status) == "InProgress"
    assert kstatus({"metadata": {}, "status": {}}) == "Current"


def test_a_transition_time_moves_with_its_status() -> None:
    """A condition that stays as it was keeps its time, whatever its reason and message; one that changes gets now."""
    other_reason = report(KEPT, replace(READY, reason="Adopted", message="Other words."))
    stalled = report(KEPT, replace(READY, phase=Phase.STALLED, reason="NameTaken"))

    assert ready(other_reason).last_transition_time == at(-600)
    assert ready(stalled).last_transition_time == at(0)
    assert {found.last_transition_time for found in stalled.conditions if found.type != "Ready"} == {at(0)}


def test_conditions_that_hold_only_while_true_vanish() -> None:
    """Reconciling, Stalled and Drifted are there while they are true, and not at all else."""
    drifted = stood(KEPT, replace(READY, phase=Phase.STALLED, drift=("name is a, the spec says b",)))

    assert present(drifted.registration.status) == {"Stalled", "Drifted"}
    assert [found.type for found in report(drifted, READY).conditions] == ["Ready", "Connected"]


def test_drift_is_said_in_a_sentence() -> None:
    """Drifted says what differs, and from what."""
    status = report(KEPT, replace(READY, drift=("name is a, the spec says b", "version is 1, the spec says 2")))
    found = find(status.conditions, "Drifted")

    assert found is not None
    assert found.message == "In the control plane, name is a, the spec says b; version is 1, the spec says 2."


@pytest.mark.parametrize(
    ("state", "status", "reason"),
    [
        ("Connected", "True", "Connected"),
        ("WaitingToConnect", "False", "WaitingToConnect"),
        ("SomethingNew2", "False", "SomethingNew2"),
        ("not a reason!", "False", "OtherState"),
        ("S" * 200, "False", "OtherState"),
        (None, "Unknown", "NeverSeen"),
    ],
)
def test_connected_says_what_the_control_plane_shows(state: str | None, status: str, reason: str) -> None:
    """Connected is True in that state alone, and its reason is the state where that can be one."""
    found = find(report(KEPT, replace(READY, shown=cluster(state=state))).conditions, "Connected")

    assert found is not None
    assert (found.status, found.reason) == (status, reason)


def test_ready_is_not_connected() -> None:
    """A registration is ready before its cluster is installed: waiting for Ready never waits for the agent."""
    status = report(KEPT, replace(READY, shown=cluster(state="WaitingToConnect")))

    assert present(status) == {"Ready"}


def test_a_silent_control_plane_makes_the_connection_unknown() -> None:
    """Where nothing was heard for long, the last state is not passed off as the present one."""
    status = report(KEPT, Stand(Phase.SILENT, "ControlPlaneUnreachable", "No answer.", OURS))
    found = find(status.conditions, "Connected")

    assert found is not None
    assert (found.status, found.reason) == ("Unknown", "ControlPlaneUnreachable")
    assert present(status) == {"Ready", "Reconciling"}


def suspended(o: Observed) -> Observed:
    """Return the same registration, suspended."""
    return because(o, spec={"suspend": True})


@pytest.mark.parametrize(
    "conditions",
    [
        (condition(),),
        (condition(status="False", reason="NameTaken"), condition("Stalled", reason="NameTaken")),
        (condition(status="False", reason="Throttled"), condition("Reconciling", reason="Throttled")),
        (condition(message="m" * (MESSAGE_LENGTH - 5)),),
        (condition(message="m" * MESSAGE_LENGTH),),
    ],
    ids=["ready", "stalled", "reconciling", "long-message", "longest-message"],
)
def test_suspended_keeps_what_was_said(conditions: tuple[Condition, ...]) -> None:
    """The last Ready stays, with one sentence added once, over as many reports as there are."""
    o = suspended(observed(registration(status=registered(conditions=conditions)), cluster()))
    first = told(o)
    for _ in range(3):
        o = settled(o)

    assert same(first, o.registration.status)
    assert ready(first).status == conditions[0].status
    assert ready(first).reason == conditions[0].reason
    assert ready(first).message.count("Suspended:") <= 1
    assert {found.type for found in first.conditions} - {"Connected"} == {found.type for found in conditions}
    assert len(ready(first).message) <= MESSAGE_LENGTH


def test_suspended_says_so_once_where_nothing_was_said_before() -> None:
    """A restored registration without conditions gets the sentence alone, over as many reports as there are."""
    o = suspended(observed(registration(status=registered(conditions=())), cluster()))
    first = told(o)
    then = settled(settled(o)).registration.status

    assert ready(first).message.count("Suspended:") == 1
    assert same(first, then)


def test_suspended_says_by_what() -> None:
    """When what suspends changes, so does the sentence; the first part stays."""
    by_spec = settled(suspended(KEPT))
    by_plane = replace(because(by_spec, spec={}), control_plane=plane(suspended=True))
    status = told(by_plane)

    assert ready(by_spec.registration.status).message.startswith("As it was. Suspended: spec.suspend is true")
    assert ready(status).message.startswith("As it was. Suspended: the RunaiControlPlane default is suspended")


def test_resumed_during_an_outage_is_not_called_suspended() -> None:
    """Once resumed, the sentence goes, even while the control plane is out of reach."""
    o = settled(suspended(KEPT))
    resumed = replace(because(o, spec={}), control_plane=plane(trouble=trouble("Throttled", passing=True)))
    status = told(resumed)

    assert ready(status).status == "True"
    assert "Suspended" not in ready(status).message


def test_suspended_goes_on_showing_the_state() -> None:
    """Suspending stops changes, not looking."""
    o = suspended(observed(registration(status=registered(state="Connected")), cluster(state="Disconnected")))

    assert told(o).state == "Disconnected"


@pytest.mark.parametrize("value", ["Orphan", "true", "", "orphan ", "x" * 5000])
def test_a_mistyped_release_is_named(value: str) -> None:
    """An annotation that gives nothing up says so in Ready, whatever else is said."""
    o = annotated(KEPT, value)
    told_so = f"is {value[:40]!r}, which has no effect: the only value is orphan."

    assert ready(told(o)).message.startswith("Cluster gpu-east is registered. The annotation")
    assert ready(told(o)).message.endswith(told_so)
    assert ready(told(suspended(o))).message.endswith(told_so)


@pytest.mark.parametrize("annotations", [{}, {RELEASE: "orphan"}])
def test_a_release_that_is_none_or_right_is_not_named(annotations: dict[str, str]) -> None:
    """Nothing is said of an annotation that is not there, or does what it says."""
    o = because(KEPT, metadata=KEPT.registration.metadata.model_copy(update={"annotations": annotations}))

    assert ready(told(o)).message == "Cluster gpu-east is registered."


def test_a_mistyped_release_is_named_once() -> None:
    """While the last Ready is kept the sentence stays one, and goes with the annotation."""
    silent = replace(settled(KEPT), control_plane=plane(trouble=trouble("Throttled", passing=True)))
    first = settled(annotated(silent, "Orphan"))
    again = settled(annotated(first, "Delete"))
    gone = told(because(again, metadata=KEPT.registration.metadata))

    assert ready(told(first)).message.count("The annotation") == 1
    assert ready(again.registration.status).message == (
        "Cluster gpu-east is registered. "
        f"The annotation {RELEASE} is 'Delete', which has no effect: the only value is orphan."
    )
    assert ready(gone).message == "Cluster gpu-east is registered."


def annotated(o: Observed, value: str) -> Observed:
    """Return the same situation with the annotation that gives a cluster up, or fails to."""
    metadata = o.registration.metadata.model_copy(update={"annotations": {RELEASE: value}})
    return because(o, metadata=metadata)


def test_messages_are_bounded() -> None:
    """However much there is to say, a message has an end."""
    status = report(KEPT, replace(READY, message="m" * 50_000))

    assert len(ready(status).message) == MESSAGE_LENGTH
