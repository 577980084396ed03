"""What a status says of a verdict, when it changes, and what is never in it."""

import json
from dataclasses import replace
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest

from core.effects import stood
from core.row import Row
from core.situations import (
    NAME,
    NOW,
    OTHER,
    OURS,
    RIVAL,
    URL,
    UUID,
    ago,
    at,
    attempt,
    cluster,
    observed,
    plane,
    read,
    registered,
    registration,
    trouble,
)
from core.verdicts import KEPT, READY, STANDING, told
from crds.schemas import part
from runai_registrar.core.actions import Phase, Stand, Title
from runai_registrar.core.observed import Memory
from runai_registrar.core.report import report, same, timeless
from runai_registrar.core.times import Stamp
from runai_registrar.resources import (
    RECONCILE_REQUESTED_AT,
    ControlPlaneUsed,
    Origin,
    Registration,
    RegistrationStatus,
)

STATUS = part("RunaiClusterRegistration", "status")


@pytest.mark.parametrize("row", STANDING, ids=lambda row: row.name)
def test_a_status_is_valid(row: Row) -> None:
    """The API server takes every status as it is, and gives the same one back."""
    status = told(row.seen)
    text = json.dumps(status.to_dict())

    jsonschema.validate(json.loads(text), STATUS)
    assert RegistrationStatus.model_validate_json(text) == status


@pytest.mark.parametrize("row", STANDING, ids=lambda row: row.name)
def test_a_status_speaks_of_what_was_seen(row: Row) -> None:
    """The generation is the one looked at, in the status and in each condition, and every sentence is one."""
    status = told(row.seen)
    generations = {status.observed_generation, *(found.observed_generation for found in status.conditions)}

    assert generations == {row.seen.registration.metadata.generation}
    assert all(found.message and found.reason for found in status.conditions)
    assert len({found.type for found in status.conditions}) == len(status.conditions)


@pytest.mark.parametrize("times", [{"last_liveness": at(5)}, {"updated_at": at(5)}], ids=["liveness", "updated-at"])
def test_times_alone_cause_no_write(times: dict[str, Any]) -> None:
    """Heartbeats ride along when something else changes; by themselves they are not worth a write."""
    alive = stood(KEPT, replace(READY, shown=cluster(state="Connected", last_liveness=at(-5), updated_at=at(-5))))
    moved = replace(
        READY, shown=cluster(state="Connected", **({"last_liveness": at(-5), "updated_at": at(-5)} | times))
    )
    before = alive.registration.status

    assert report(alive, moved) != before
    assert same(before, report(alive, moved))
    assert same(before, report(replace(alive, now=ago(-3600.0), clock=NOW.wall + 3600.0), moved))


@pytest.mark.parametrize(
    "change",
    [{"state": "Disconnected"}, {"name": "gpu-west"}, {"version": "2.25"}, {"delete_requested_at": at(0)}],
    ids=lambda change: next(iter(change)),
)
def test_what_is_displayed_otherwise_causes_a_write(change: dict[str, Any]) -> None:
    """Any other difference is written, and the newest heartbeat with it."""
    facts: dict[str, Any] = {"state": "Connected", "last_liveness": at(-5)}
    alive = stood(KEPT, replace(READY, shown=cluster(**facts)))
    after = report(alive, replace(READY, shown=cluster(**(facts | {"last_liveness": at(5)} | change))))

    assert not same(alive.registration.status, after)
    assert after.last_liveness == at(5)


def test_timeless_looks_into_everything() -> None:
    """Times of operands and of the cluster's own conditions are times, too."""
    nested = {
        "operands": {"a": {"ready": True, "lastTransitionTime": "x"}},
        "list": [{"lastTransitionTime": "y", "b": 1}],
    }

    assert timeless(nested) == {"operands": {"a": {"ready": True}}, "list": [{"b": 1}]}


@pytest.mark.case(
    "R-16",
    injected="the status of another registration",
    outcome="neither its uuid nor its attempt is kept",
)
def test_a_copied_status_is_no_title() -> None:
    """What was copied from another registration is dropped: neither its uuid nor its attempt passes for our own."""
    copied = registered(owner_uid=RIVAL, attempt="attempt-7", first_connected_at=at(-60), state="Connected")
    status = report(observed(registration(status=copied)), Stand(Phase.STALLED, "NameTaken", "Taken."))

    assert (status.uuid, status.origin, status.owner_uid, status.attempt) == (None, None, None, None)
    assert (status.first_connected_at, status.state) == (None, None)


def test_a_title_is_written_whole() -> None:
    """A registration that owns a cluster says which, how it came by it, and that this is its own word."""
    status = report(observed(registration()), replace(READY, title=Title(UUID, Origin.RECOVERED), closes="attempt-1"))

    assert (status.uuid, status.origin, status.owner_uid) == (UUID, Origin.RECOVERED, "uid-1")
    assert (status.attempt, status.tenant_id, status.cluster_name) == ("attempt-1", 1001, NAME)
    assert status.control_plane == ControlPlaneUsed(name="default", url=URL)


def test_a_cluster_only_shown_is_not_owned() -> None:
    """Observe shows uuid and state of a cluster, without origin and owner."""
    status = report(observed(registration()), replace(READY, title=None, shown=cluster(state="Connected")))

    assert (status.uuid, status.state) == (UUID, "Connected")
    assert (status.origin, status.owner_uid, status.first_connected_at) == (None, None, None)


def test_what_was_shown_stays_while_nothing_is_seen() -> None:
    """A verdict that shows no cluster leaves on display what is known of the one that is owned."""
    status = report(KEPT, Stand(Phase.STALLED, "AuthenticationFailed", "No.", OURS))

    assert (status.uuid, status.created_at, status.cluster_name) == (UUID, at(-3600), NAME)


def test_another_cluster_starts_from_nothing() -> None:
    """After a recreation nothing of the old cluster is said of the new one, not even that it ever connected."""
    old = registered(uuid=OTHER, first_connected_at=at(-60), last_liveness=at(-50), state="Connected")
    status = report(observed(registration(status=old)), replace(READY, shown=cluster(age=1.0)))

    assert (status.uuid, status.state, status.last_liveness) == (UUID, None, None)
    assert status.first_connected_at is None


def test_the_first_connection_is_remembered() -> None:
    """When a cluster was first seen connected is written once; defaults of deletion and recreation depend on it."""
    first = stood(KEPT, replace(READY, shown=cluster(state="Connected", last_liveness=at(-7))))
    then = report(first, replace(READY, shown=cluster(state="Disconnected", last_liveness=at(-3))))
    without_liveness = report(KEPT, replace(READY, shown=cluster(state="Connected")))

    assert then.first_connected_at == at(-7)
    assert without_liveness.first_connected_at == at(0)
    assert report(KEPT, READY).first_connected_at is None


@pytest.mark.parametrize(
    ("state", "connected"),
    [
        (None, False),
        ("WaitingToConnect", False),
        ("Unknown", False),
        ("Connected", True),
        ("Disconnected", True),
        ("MissingPrerequisites", True),
        ("ServiceIssues", True),
        ("SomethingNew", True),
    ],
)
def test_a_state_tells_that_a_cluster_has_connected(state: str | None, *, connected: bool) -> None:
    """A lastLiveness of null denies nothing: only a cluster that waits or is unknown may never have connected."""
    status = report(KEPT, replace(READY, shown=cluster(state=state)))

    assert (status.first_connected_at == at(0)) is connected
    assert (status.first_connected_at is None) is not connected


def test_an_open_attempt_is_mirrored() -> None:
    """While an answer is lost the status carries the attempt, and not any more once it is closed."""
    open_one = observed(registration(attempt=attempt()))
    lost = stood(open_one, Stand(Phase.STALLED, "CreateAmbiguous", "Which?", attempt=attempt()))
    closed = report(lost, replace(READY, closes="attempt-1"))

    assert lost.registration.status.create_attempt == attempt()
    assert (closed.create_attempt, closed.attempt) == (None, "attempt-1")


def test_the_mirror_of_an_open_attempt_outlives_an_outage() -> None:
    """An obstacle that comes up while an answer is lost does not wipe what may be its last trace."""
    status = RegistrationStatus(create_attempt=attempt())
    o = observed(registration(status=status, attempt=attempt()), control_plane=plane(exists=False))

    assert told(o).create_attempt == attempt()


def test_progress_of_a_deletion_is_kept_until_it_ends() -> None:
    """An obstacle during a deletion does not set back its clock; a registration that is not deleted has none."""
    progress = RegistrationStatus.model_validate({"deletion": {"requestedAt": at(-100)}}).deletion
    leaving = observed(
        registration(status=registered(deletion=progress), deleting=True), control_plane=plane(exists=False)
    )
    staying = observed(registration(status=registered(deletion=progress)), cluster())

    assert told(leaving).deletion == progress
    assert report(staying, READY).deletion is None


def test_a_plan_fits_into_the_status() -> None:
    """A cluster's name may be of any length and made of anything; the plan that repeats it is one line that fits."""
    odd = cluster(name="\x1b[31m\n" + "x" * 5000)
    planned = told(observed(registration(spec={"mode": "Observe", "adopt": {"uuid": UUID}}), odd)).planned_action or ""

    assert planned.startswith(f"Manage would adopt the cluster {UUID}")
    assert len(planned) <= 1024
    assert planned.isprintable()


def requested(value: str, **facts: Any) -> Registration:
    """Return a registration whose user has asked for a look."""
    return registration(status=registered(**facts), annotations={RECONCILE_REQUESTED_AT: value})


def test_a_request_is_handled_once_a_newer_list_is_there() -> None:
    """`lastHandledReconcileAt` follows when a list began after the request was seen, and not before."""
    asked = observed(requested("2", last_handled_reconcile_at="1"), cluster(), memory=Memory(requested=ago(0.5)))
    seen = observed(requested("2", last_handled_reconcile_at="1"), cluster(), memory=Memory(requested=ago(2.0)))
    never_listed = observed(requested("2"), listed=None)

    assert report(asked, READY).last_handled_reconcile_at == "1"
    assert report(seen, READY).last_handled_reconcile_at == "2"
    assert report(never_listed, READY).last_handled_reconcile_at is None
    assert len(report(observed(requested("x" * 5000), cluster()), READY).last_handled_reconcile_at or "") <= 1024


@pytest.mark.parametrize(
    ("met", "handled"), [(None, "1"), (ago(2.0), "1"), (ago(0.4), "2")], ids=["never", "before", "since"]
)
def test_a_request_is_handled_by_a_look_that_fails(met: Stamp | None, handled: str) -> None:
    """A control plane that was asked in vain since the request was seen has been looked at; one not asked has not."""
    away = plane(trouble=replace(trouble("ControlPlaneUnreachable", passing=True), seen=met))
    asked = observed(requested("2", last_handled_reconcile_at="1"), cluster(), memory=Memory(requested=ago(0.5)))

    assert report(replace(asked, control_plane=away), READY).last_handled_reconcile_at == handled


@pytest.mark.parametrize("barred", [{"exists": False}, {"suspended": True}, {"allowed": False}], ids=str)
def test_a_request_is_handled_where_nothing_may_be_asked(barred: dict[str, bool]) -> None:
    """Where no call may be made, saying so is all that a request can bring, and it is acknowledged."""
    asked = observed(requested("2"), listed=None, memory=Memory(requested=ago(0.5)), control_plane=plane(**barred))

    assert report(asked, READY).last_handled_reconcile_at == "2"


def test_reads_do_not_show() -> None:
    """What was read to decide leaves no trace in the status: two looks with the same outcome say the same."""
    assert report(replace(KEPT, reads=read(registrations=NOW)), READY) == report(KEPT, READY)
