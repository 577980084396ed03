"""Rows of the table in `decide` about a registration that is being deleted."""

from dataclasses import replace
from typing import Any

from core.row import Row
from core.situations import (
    NOW,
    OTHER,
    OURS,
    UUID,
    ago,
    at,
    attempt,
    because,
    cluster,
    draining,
    failure,
    observed,
    read,
    registered,
    registration,
    rival,
)
from runai_registrar.core.actions import (
    Delete,
    Phase,
    ReadClusters,
    ReadHolders,
    ReadRegistrations,
    Release,
    Stand,
    Title,
)
from runai_registrar.core.observed import Memory, Observed
from runai_registrar.resources import RELEASE, DeletionProgress, Origin

ADOPTED = Title(UUID, Origin.ADOPTED)
RECOVERED = Title(UUID, Origin.RECOVERED)
READ = read(registrations=NOW)
DELETE_IT = {"deletion": {"policy": "Delete"}}


def leaving(
    *clusters: Any, spec: Any = None, origin: Origin = Origin.CREATED, age: float = 3600.0, **facts: Any
) -> Observed:
    """Return a deleting registration that holds a cluster, where a list shows these clusters."""
    status = registered(origin, age=age, **facts.pop("status", {}))
    return observed(registration(status=status, spec=spec, deleting=True), *clusters, **facts)


def progress(asked: float, *, lasts: float = 300.0, forced: float | None = None) -> DeletionProgress:
    """Return a deletion that was asked for so long ago and may last so long."""
    return DeletionProgress(
        requested_at=at(-asked), deadline=at(lasts - asked), forced_at=None if forced is None else at(-forced)
    )


def asked(seconds: float = 3.0, **facts: Any) -> Memory:
    """Return the memory of a DELETE that was accepted so long ago."""
    return Memory(asked=ago(seconds), **facts)


SINCE = {"first_connected_at": at(-60)}
BARRED_SINCE: tuple[tuple[str, Origin, Any], ...] = (
    ("protected", Origin.CREATED, {"deletionProtection": True}),
    ("observed", Origin.CREATED, {"mode": "Observe"}),
    ("unconfirmed", Origin.RECOVERED, {}),
)
LONG_AGO = {"deletion": progress(4000.0, lasts=3600.0), "first_connected_at": at(-90_000)}
IGNORED_FOR_LONG = {"deletion": progress(4000.0, lasts=7200.0)}
NEVER_CONNECTED = {"deletion": progress(400.0)}
ASKED_FOR_A_MINUTE = {"deletion": progress(90.0)}
FORCED = {"deletion": {"force": True}}
OVERDUE_FORCE = leaving(draining(), spec={"deletion": {"onTimeout": "Force"}}, status=LONG_AGO)

FOUND_AGAIN = registration(
    status=registered(Origin.RECOVERED, attempt="attempt-1"), attempt=attempt(age=3605.0), spec=DELETE_IT, deleting=True
)


def observing(planned: str, **facts: Any) -> Stand:
    """Return what a deletion says in mode Observe."""
    return replace(Stand(Phase.STALLED, "DeletionBlocked", "", OURS, planned=planned, wake=60.0), **facts)


ROWS = [
    Row(
        "delete-foreign",
        leaving(cluster(), spec=DELETE_IT, origin=Origin.ADOPTED, rivals=(rival(status=registered()),), reads=READ),
        Release("", leaves=UUID),
        ("other/gpu-east",),
    ),
    Row(
        "delete-young",
        leaving(age=30.0, memory=asked()),
        Stand(Phase.RECONCILING, "Deleting", "", OURS, deletion=progress(3.0), wake=31.0),
    ),
    Row("delete-gone", leaving(memory=asked()), Release(""), ("gone from the control plane",)),
    Row(
        "delete-gone-beside",
        observed(FOUND_AGAIN, cluster(OTHER, age=100.0), memory=asked()),
        Stand(Phase.STALLED, "DeletionBlocked", "", RECOVERED, deletion=progress(3.0), wake=60.0),
        (UUID, OTHER, "Nothing is touched", f"{RELEASE}=orphan"),
    ),
    Row(
        "delete-protected",
        leaving(cluster(), spec={"deletionProtection": True}, reads=READ),
        Stand(Phase.STALLED, "DeletionBlocked", "", OURS, wake=60.0),
        ("spec.deletionProtection", f"{RELEASE}=orphan"),
    ),
    Row(
        "delete-observed",
        leaving(cluster(), spec={"mode": "Observe"}, reads=READ),
        observing(f"Manage would delete the cluster {UUID}."),
        ("spec.mode", f"{RELEASE}=orphan"),
    ),
    Row(
        "delete-recovered",
        leaving(cluster(), origin=Origin.RECOVERED, status={"first_connected_at": at(-60)}, reads=READ),
        Stand(Phase.STALLED, "DeletionBlocked", "", RECOVERED, wake=60.0),
        ("spec.deletion.policy", f"{RELEASE}=orphan"),
    ),
    Row("delete-unread", leaving(cluster()), ReadHolders(UUID, ago(5.0))),
    Row("delete-ask", leaving(cluster(), reads=READ), Delete(UUID, force=False)),
    Row(
        "delete-forced",
        leaving(cluster(), spec={"deletion": {"force": True}}, reads=READ),
        Delete(UUID, force=True),
    ),
    Row(
        "delete-refused",
        leaving(cluster(), memory=Memory(failure=failure("PermissionDenied", stalled=True)), reads=READ),
        Stand(Phase.STALLED, "DeletionBlocked", "", OURS, wake=100.0),
        ("The call failed.", f"{RELEASE}=orphan"),
    ),
    Row(
        "delete-refused-gone",
        leaving(
            memory=Memory(failure=failure("PermissionDenied", stalled=True)), reads=read(absent={UUID: NOW}), age=120.0
        ),
        Release(""),
        ("gone",),
    ),
    Row("delete-look", leaving(cluster(), memory=asked(1.0), listed=2.0), ReadClusters(ago(1.0))),
    Row(
        "delete-draining",
        leaving(draining(), memory=asked()),
        Stand(Phase.RECONCILING, "Deleting", "", OURS, shown=draining(), deletion=progress(3.0), wake=5.0),
        ("is deleting the cluster", f"{RELEASE}=orphan"),
    ),
    Row("delete-again", leaving(cluster(), memory=asked(6.0), reads=READ), Delete(UUID, force=False)),
    Row(
        "delete-ignored",
        leaving(cluster(), memory=asked(30.0), status=ASKED_FOR_A_MINUTE, reads=READ),
        Stand(Phase.RECONCILING, "Deleting", "", OURS, shown=cluster(), deletion=progress(90.0), wake=5.0),
        ("as if nobody had asked", "asked again", f"{RELEASE}=orphan"),
    ),
    Row(
        "delete-overdue-wait",
        leaving(draining(), status=LONG_AGO),
        Stand(
            Phase.STALLED,
            "DeletionBlocked",
            "",
            OURS,
            shown=draining(),
            deletion=progress(4000.0, lasts=3600.0),
            wake=5.0,
        ),
        ("deletion.timeout", "deletion.force", f"{RELEASE}=orphan"),
    ),
    Row("delete-overdue-force", replace(OVERDUE_FORCE, reads=READ), Delete(UUID, force=True)),
    Row(
        "delete-overdue-forced",
        leaving(draining(), status={"deletion": progress(700.0, forced=300.0)}),
        Stand(
            Phase.STALLED,
            "DeletionBlocked",
            "",
            OURS,
            shown=draining(),
            deletion=progress(700.0, forced=300.0),
            wake=5.0,
        ),
        ("forced deletion", "deletion.timeout", f"{RELEASE}=orphan"),
    ),
    Row(
        "delete-overdue-orphan",
        leaving(draining(), spec={"deletion": {"onTimeout": "Orphan"}}, status=LONG_AGO),
        Release("", leaves=UUID),
        ("deletion.onTimeout",),
    ),
]

AFTER = [
    Row(
        "delete-observed/by-force",
        leaving(cluster(), spec={"mode": "Observe", "deletion": {"force": True}}),
        observing(f"Manage would delete the cluster {UUID}, by force."),
    ),
    Row(
        "delete-observed/protected",
        leaving(cluster(), spec={"mode": "Observe", "deletionProtection": True}),
        observing(
            "Manage would do nothing: The cluster is protected from deletion. Set spec.deletionProtection to false to "
            "delete it."
        ),
        ("protected",),
    ),
    Row(
        "delete-observed/recovered",
        leaving(cluster(), spec={"mode": "Observe"}, origin=Origin.RECOVERED, status={"first_connected_at": at(-60)}),
        observing(
            "Manage would do nothing: The cluster was found again after a lost answer and has connected since. Set "
            "spec.deletion.policy to Delete to confirm that it is to be deleted.",
            title=RECOVERED,
        ),
        ("spec.mode",),
    ),
    Row(
        "delete-foreign/the-other-is-the-weaker-one",
        leaving(cluster(), rivals=(rival(status=registered(Origin.ADOPTED)),), reads=READ),
        Delete(UUID, force=False),
    ),
    Row("delete-protected/not-any-more", leaving(cluster(), spec={}, reads=READ), Delete(UUID, force=False)),
    Row(
        "delete-recovered/policy-written",
        leaving(cluster(), origin=Origin.RECOVERED, spec=DELETE_IT, status={"first_connected_at": at(-60)}, reads=READ),
        Delete(UUID, force=False),
    ),
    Row(
        "delete-recovered/never-connected",
        leaving(cluster(), origin=Origin.RECOVERED, reads=READ),
        Delete(UUID, force=False),
    ),
    Row(
        "delete-unread/read-too-long-ago",
        leaving(cluster(), reads=read(registrations=ago(11.0))),
        ReadHolders(UUID, ago(5.0)),
    ),
    Row(
        "delete-ask/who-holds-it-is-enough",
        leaving(cluster(), reads=read(registrations=ago(600.0), holders=NOW)),
        Delete(UUID, force=False),
    ),
    Row(
        "delete-foreign/who-holds-it-is-not-enough",
        leaving(cluster(), rivals=(rival(status=registered()),), reads=read(holders=NOW)),
        ReadRegistrations(ago(5.0)),
    ),
    Row(
        "delete-ask/adopted-and-policy-written",
        leaving(cluster(), origin=Origin.ADOPTED, spec=DELETE_IT, reads=READ),
        Delete(UUID, force=False),
    ),
    Row(
        "delete-ask/refused",
        leaving(cluster(), memory=Memory(failure=failure("PermissionDenied", stalled=True)), reads=READ),
        Stand(Phase.STALLED, "DeletionBlocked", "", OURS, wake=100.0),
        ("The call failed.", f"{RELEASE}=orphan"),
    ),
    Row(
        "delete-ask/unanswered",
        leaving(cluster(), memory=Memory(failure=failure()), reads=READ),
        Stand(Phase.RECONCILING, "Deleting", "", OURS, wake=100.0),
    ),
    Row(
        "delete-ask/after-a-failure",
        leaving(cluster(), memory=Memory(failure=failure(left=0.0)), reads=READ),
        Delete(UUID, force=False),
    ),
    Row(
        "delete-forced/after-a-graceful-one",
        leaving(draining(), spec={"deletion": {"force": True}}, memory=asked(), reads=READ),
        Delete(UUID, force=True),
    ),
    Row(
        "delete-forced/not-twice",
        leaving(draining(), spec={"deletion": {"force": True}}, memory=asked(forced=True), reads=READ),
        Stand(Phase.RECONCILING, "Deleting", "", OURS, shown=draining(), deletion=progress(3.0, forced=3.0), wake=5.0),
    ),
    Row("delete-draining/list-too-old", leaving(draining(), memory=asked(20.0), listed=6.0), ReadClusters(ago(5.0))),
    Row(
        "delete-draining/after-a-restart",
        leaving(draining(), status={"deletion": progress(100.0)}),
        Stand(Phase.RECONCILING, "Deleting", "", OURS, shown=draining(), deletion=progress(100.0), wake=5.0),
    ),
    Row(
        "delete-draining/list-from-before-it-was-asked-for",
        leaving(cluster(), status={"deletion": progress(0.5)}),
        Stand(Phase.RECONCILING, "Deleting", "", OURS, shown=cluster(), deletion=progress(0.5), wake=5.0),
    ),
    Row(
        "delete-forced/not-twice-after-a-restart",
        leaving(
            draining(),
            spec={"deletion": {"force": True}},
            status={"deletion": progress(100.0, forced=100.0)},
            reads=READ,
        ),
        Stand(
            Phase.RECONCILING, "Deleting", "", OURS, shown=draining(), deletion=progress(100.0, forced=100.0), wake=5.0
        ),
    ),
    Row(
        "delete-again/after-a-restart",
        leaving(cluster(), status={"deletion": progress(100.0)}, reads=READ),
        Delete(UUID, force=False),
    ),
    Row(
        "delete-again/not-at-once",
        leaving(cluster(), memory=asked(4.0), reads=READ),
        Stand(Phase.RECONCILING, "Deleting", "", OURS, shown=cluster(), deletion=progress(4.0), wake=5.0),
    ),
    Row(
        "delete-ignored/for-as-long-as-it-had-been-asked-for",
        leaving(cluster(), memory=asked(45.0), status=ASKED_FOR_A_MINUTE, reads=READ),
        Delete(UUID, force=False),
    ),
    Row(
        "delete-ignored/for-five-minutes-at-most",
        leaving(
            cluster(), spec={"deletion": {"timeout": "2h"}}, memory=asked(300.0), status=IGNORED_FOR_LONG, reads=READ
        ),
        Delete(UUID, force=False),
    ),
    Row(
        "delete-ignored/almost-for-five-minutes",
        leaving(
            cluster(), spec={"deletion": {"timeout": "2h"}}, memory=asked(299.0), status=IGNORED_FOR_LONG, reads=READ
        ),
        Stand(
            Phase.RECONCILING,
            "Deleting",
            "",
            OURS,
            shown=cluster(),
            deletion=progress(4000.0, lasts=7200.0),
            wake=5.0,
        ),
    ),
    Row(
        "delete-ignored/forced-a-moment-ago",
        leaving(
            cluster(),
            spec=FORCED,
            memory=asked(6.0, forced=True),
            status={"deletion": progress(250.0, forced=6.0)},
            reads=READ,
        ),
        Delete(UUID, force=True),
    ),
    Row(
        "delete-ignored/until-it-is-overdue",
        leaving(cluster(), memory=asked(100.0), status=LONG_AGO, reads=READ),
        Stand(
            Phase.STALLED,
            "DeletionBlocked",
            "",
            OURS,
            shown=cluster(),
            deletion=progress(4000.0, lasts=3600.0),
            wake=5.0,
        ),
        ("deletion.force",),
    ),
    Row(
        "delete-overdue-forced/not-so-far",
        leaving(draining(), status={"deletion": progress(700.0, forced=299.0)}),
        Stand(
            Phase.RECONCILING,
            "Deleting",
            "",
            OURS,
            shown=draining(),
            deletion=progress(700.0, forced=299.0),
            wake=5.0,
        ),
    ),
    Row(
        "delete-overdue-forced/after-it-was-overdue",
        leaving(
            draining(),
            spec=FORCED,
            status={"deletion": progress(4000.0, lasts=3600.0, forced=100.0), "first_connected_at": at(-90_000)},
        ),
        Stand(
            Phase.RECONCILING,
            "Deleting",
            "",
            OURS,
            shown=draining(),
            deletion=progress(4000.0, lasts=3600.0, forced=100.0),
            wake=5.0,
        ),
    ),
    Row(
        "delete-overdue-forced/forced-from-the-start",
        leaving(draining(), spec=FORCED, status={"deletion": progress(300.0, forced=300.0)}),
        Stand(
            Phase.STALLED,
            "DeletionBlocked",
            "",
            OURS,
            shown=draining(),
            deletion=progress(300.0, forced=300.0),
            wake=5.0,
        ),
        ("forced deletion",),
    ),
    Row("delete-overdue-forced/gone", leaving(status={"deletion": progress(700.0, forced=300.0)}), Release("")),
    Row(
        "delete-overdue-forced/asked-again-without-an-answer",
        leaving(
            cluster(),
            memory=Memory(failure=failure()),
            status={"deletion": progress(700.0, forced=300.0)},
            reads=READ,
        ),
        Stand(Phase.STALLED, "DeletionBlocked", "", OURS, wake=100.0),
        ("The call failed.", f"{RELEASE}=orphan"),
    ),
    Row("delete-gone/marked-as-deleted", leaving(cluster(deleted_at=at(-1)), memory=asked()), Release("")),
    *(
        Row(f"delete-gone/{how}-since", leaving(spec=spec, origin=origin, status=SINCE, memory=asked()), Release(""))
        for how, origin, spec in BARRED_SINCE
    ),
    *(
        Row(
            f"delete-young/{how}-since",
            leaving(age=30.0, spec=spec, origin=origin, status=SINCE, memory=asked()),
            Stand(
                Phase.RECONCILING, "Deleting", "", Title(UUID, origin), deletion=progress(3.0, lasts=3600), wake=31.0
            ),
        )
        for how, origin, spec in BARRED_SINCE
    ),
    Row(
        "delete-gone-beside/protected-since",
        because(
            observed(FOUND_AGAIN, cluster(OTHER, age=100.0), memory=asked()),
            spec=DELETE_IT | {"deletionProtection": True},
        ),
        Stand(Phase.STALLED, "DeletionBlocked", "", RECOVERED, deletion=progress(3.0), wake=60.0),
        ("Nothing is touched",),
    ),
    Row(
        "delete-protected/while-it-drains",
        leaving(draining(), spec={"deletionProtection": True}, memory=asked(), reads=READ),
        Stand(Phase.STALLED, "DeletionBlocked", "", OURS, wake=60.0),
        ("spec.deletionProtection",),
    ),
    Row(
        "delete-protected/absent-from-a-list-begun-before",
        leaving(spec={"deletionProtection": True}, memory=asked(1.0), listed=2.0, reads=READ),
        Stand(Phase.STALLED, "DeletionBlocked", "", OURS, wake=60.0),
    ),
    Row(
        "delete-protected/absent-and-never-asked-for",
        leaving(spec={"deletionProtection": True}, reads=READ),
        Stand(Phase.STALLED, "DeletionBlocked", "", OURS, wake=60.0),
    ),
    Row("delete-gone/after-a-restart", leaving(status={"deletion": progress(100.0)}), Release("")),
    Row("delete-gone/absent-before-it-was-asked-for", leaving(reads=READ), Delete(UUID, force=False)),
    Row(
        "delete-overdue-wait/force-set",
        because(replace(leaving(draining(), status=LONG_AGO), reads=READ), spec={"deletion": {"force": True}}),
        Delete(UUID, force=True),
    ),
    *(
        Row(
            f"delete-overdue-wait/{state}-without-liveness",
            leaving(draining(state=state), status={"deletion": progress(4000.0, lasts=3600.0)}),
            Stand(
                Phase.STALLED,
                "DeletionBlocked",
                "",
                OURS,
                shown=draining(state=state),
                deletion=progress(4000.0, lasts=3600.0),
                wake=5.0,
            ),
            ("deletion.force",),
        )
        for state in ("Connected", "Disconnected", "MissingPrerequisites", "ServiceIssues", "SomethingNew")
    ),
    *(
        Row(
            f"delete-overdue-force/{state}",
            leaving(draining(state=state), status=NEVER_CONNECTED, reads=READ),
            Delete(UUID, force=True),
        )
        for state in ("WaitingToConnect", "Unknown")
    ),
    Row(
        "delete-recovered/disconnected-without-liveness",
        leaving(cluster(state="Disconnected"), origin=Origin.RECOVERED, reads=READ),
        Stand(Phase.STALLED, "DeletionBlocked", "", RECOVERED, wake=60.0),
        ("spec.deletion.policy",),
    ),
    Row("delete-overdue-wait/gone", leaving(status=LONG_AGO), Release("")),
    Row(
        "delete-overdue-force/default-of-one-that-never-connected",
        leaving(draining(), status=NEVER_CONNECTED, reads=READ),
        Delete(UUID, force=True),
    ),
    Row("delete-overdue-force/unread", OVERDUE_FORCE, ReadHolders(UUID, ago(5.0))),
    Row(
        "delete-overdue-orphan/gone-in-time",
        leaving(spec={"deletion": {"onTimeout": "Orphan"}}, status=LONG_AGO),
        Release(""),
        ("gone from the control plane",),
    ),
]
