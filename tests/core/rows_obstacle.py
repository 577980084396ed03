"""Rows of the table in `decide`, from a 201 in hand to what stands in the way."""

from dataclasses import replace

from core.row import Row
from core.situations import (
    NAME,
    NOW,
    OTHER,
    OURS,
    RIVAL,
    TENANT,
    UUID,
    ago,
    attempt,
    because,
    cluster,
    condition,
    draining,
    knows,
    new_attempt,
    observed,
    plane,
    read,
    registered,
    registration,
    trouble,
)
from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.actions import (
    Announce,
    Hold,
    Leave,
    Phase,
    ReadCluster,
    ReadClusters,
    ReadRegistrations,
    Release,
    Stand,
    Title,
)
from runai_registrar.core.observed import Memory, Outcome, Snapshot
from runai_registrar.resources import CREATE_ATTEMPT, RELEASE, ControlPlaneUsed, Origin, RegistrationStatus

ANSWERED = knows(Outcome.ANSWERED, answer=cluster(age=1.0))
TRIED = attempt(age=130.0)
TWO_MADE = knows(Outcome.ANSWERED, TRIED, answer=cluster(age=120.0))
BESIDE = observed(registration(attempt=TRIED, status=registered(uuid=OTHER)), cluster(OTHER), memory=TWO_MADE)
TWO = Stand(Phase.STALLED, "CreateAmbiguous", "", Title(OTHER, Origin.CREATED), wake=60.0)
ONLY_OTHER = Stand(
    Phase.READY, "Registered", "", Title(OTHER, Origin.CREATED), shown=cluster(OTHER), closes="attempt-1"
)
NEW = observed(registration())
KEPT = observed(registration(status=registered()), cluster())
LEAVING = observed(registration(status=registered(), deleting=True), cluster())
ORPHANED = registration(status=registered(), deleting=True, annotations={RELEASE: "orphan"})
GARBLED = {CREATE_ATTEMPT: "{"}
UNREADABLE = Stand(Phase.STALLED, "CreateAmbiguous", "", wake=60.0)
ABSENT = plane(exists=False)
LEAVING_PLANE = plane(deleting=True)
REQUESTED = Memory(requested=ago(0.5))
IN_STEP = Stand(Phase.READY, "Registered", "", OURS, shown=cluster())
SILENT = trouble("ControlPlaneUnreachable", passing=True)


def waiting_since(reason: str, seconds: float) -> Memory:
    """Return a memory in which a reason has held for so long."""
    return Memory(waiting={reason: ago(seconds)})


def listed(*clusters: Cluster) -> Snapshot:
    """Return a list of these clusters that began a second ago."""
    return Snapshot.of(clusters, ago(1.0), NOW.wall - 1.0)


ROWS = [
    Row(
        "answer-in-hand",
        observed(registration(attempt=attempt()), memory=ANSWERED),
        Stand(Phase.READY, "Registered", "", OURS, shown=cluster(age=1.0), closes="attempt-1", wake=60.0),
        ("gpu-east is registered",),
    ),
    Row(
        "answer-beside-uuid",
        observed(registration(attempt=attempt(), status=registered(uuid=OTHER)), memory=ANSWERED),
        Stand(Phase.STALLED, "CreateAmbiguous", "", Title(OTHER, Origin.CREATED), wake=60.0),
        (UUID, OTHER),
    ),
    Row("answer-beside-absent", BESIDE, ReadCluster(UUID)),
    Row("answer-beside-gone", replace(BESIDE, reads=read(absent={UUID: NOW})), ONLY_OTHER),
    Row("not-ours-to-hold", observed(registration(status=registered(), deleting=True, held=False)), Leave()),
    Row("release-annotation", observed(ORPHANED, cluster()), Release("", leaves=UUID), ("orphan",)),
    Row(
        "orphan-policy",
        observed(registration(status=registered(Origin.ADOPTED), deleting=True), cluster()),
        Release("", leaves=UUID),
        ("Orphan",),
    ),
    Row("nothing-registered", observed(registration(deleting=True)), Release(""), ("nothing was registered",)),
    Row("finalizer-wiped", observed(registration(status=registered(), held=False), cluster()), Hold()),
    Row("attempt-wiped", observed(registration(), memory=knows(Outcome.UNANSWERED)), Hold(attempt())),
    Row("fresh-look", replace(KEPT, memory=Memory(requested=ago(0.5))), ReadClusters(ago(0.5))),
    Row(
        "spec-invalid",
        replace(KEPT, memory=Memory(invalid="spec.mode: unknown.")),
        Stand(Phase.STALLED, "InvalidSpec", "", OURS, wake=60.0),
        ("spec.mode: unknown.", "Correct it"),
    ),
    Row(
        "attempt-unreadable",
        observed(registration(annotations=GARBLED)),
        UNREADABLE,
        (CREATE_ATTEMPT, "Restore it"),
    ),
    Row(
        "plane-absent",
        replace(NEW, control_plane=ABSENT),
        Stand(Phase.RECONCILING, "ControlPlaneNotFound", "", wake=120.0),
        ("no RunaiControlPlane named default", "Create it, or name another in a new registration."),
    ),
    Row(
        "namespace-refused",
        replace(NEW, control_plane=plane(allowed=False)),
        Stand(Phase.STALLED, "NamespaceNotAllowed", "", wake=60.0),
        ("platform", "spec.allowedNamespaces"),
    ),
    Row(
        "plane-leaving",
        replace(NEW, control_plane=LEAVING_PLANE),
        Stand(Phase.STALLED, "ControlPlaneNotReady", "", wake=60.0),
        ("default is being deleted", "name another"),
    ),
    Row(
        "title-elsewhere",
        observed(registration(status=registered(control_plane=ControlPlaneUsed(name="other", url="https://other")))),
        Stand(Phase.STALLED, "OwnershipConflict", "", OURS, wake=60.0),
        ("other",),
    ),
    Row(
        "suspended-new",
        observed(registration(spec={"suspend": True})),
        Stand(Phase.STALLED, "Suspended", "", wake=60.0),
        ("spec.suspend is true", "Nothing was registered"),
    ),
    Row(
        "suspended-registered",
        because(KEPT, spec={"suspend": True}),
        Stand(Phase.KEEP, "Suspended", "", OURS, shown=cluster()),
        ("spec.suspend is true",),
    ),
    Row(
        "other-tenant",
        replace(KEPT, control_plane=plane(tenant_id=2002)),
        Stand(Phase.STALLED, "TenantChanged", "", OURS, wake=60.0),
        ("tenant 1001", "tenant 2002"),
    ),
    Row(
        "plane-in-trouble",
        replace(KEPT, control_plane=plane(trouble=trouble("AuthenticationFailed", "The secret is wrong."))),
        Stand(Phase.STALLED, "AuthenticationFailed", "", OURS, wake=60.0),
        ("The secret is wrong.",),
    ),
    Row(
        "plane-silent",
        replace(KEPT, control_plane=plane(trouble=SILENT)),
        Stand(Phase.KEEP, "ControlPlaneUnreachable", "", OURS, wake=140.0),
    ),
    Row(
        "blocked-deletion",
        replace(LEAVING, control_plane=ABSENT),
        Stand(Phase.STALLED, "DeletionBlocked", "", OURS, wake=60.0),
        ("no RunaiControlPlane named default. Create it again.", f"{RELEASE}=orphan"),
    ),
    Row("never-listed", observed(registration(), listed=None), ReadClusters(NOW)),
]

CREATES = Announce(new_attempt())
IN_STEP = Stand(Phase.READY, "Registered", "", OURS, shown=cluster())

AFTER = [
    Row("fresh-look/taken", replace(KEPT, memory=Memory(requested=ago(2.0))), IN_STEP),
    Row(
        "fresh-look/asked-again-while-the-list-came",
        replace(KEPT, memory=REQUESTED, reads=read(clusters=ago(2.0))),
        replace(IN_STEP, wake=1.0),
    ),
    Row(
        "fresh-look/the-list-has-not-come-so-far",
        replace(KEPT, memory=REQUESTED, reads=read(clusters=ago(0.8))),
        ReadClusters(ago(0.5)),
    ),
    Row(
        "answer-in-hand/while-a-look-is-asked-for",
        observed(registration(attempt=attempt()), memory=replace(ANSWERED, requested=ago(0.5))),
        Stand(Phase.READY, "Registered", "", OURS, shown=cluster(age=1.0), closes="attempt-1", wake=1.0),
    ),
    Row("fresh-look/of-what-is-refused", replace(NEW, memory=REQUESTED), ReadClusters(ago(0.5))),
    Row(
        "fresh-look/of-what-is-suspended",
        observed(registration(spec={"suspend": True}), memory=REQUESTED),
        ReadClusters(ago(0.5)),
    ),
    Row(
        "fresh-look/the-trouble-is-older",
        replace(NEW, memory=REQUESTED, control_plane=plane(trouble=replace(SILENT, seen=ago(10.0)))),
        ReadClusters(ago(0.5)),
    ),
    Row(
        "fresh-look/met-the-same-trouble",
        replace(NEW, memory=REQUESTED, control_plane=plane(trouble=replace(SILENT, seen=ago(0.4)))),
        Stand(Phase.RECONCILING, "ControlPlaneUnreachable", "", wake=30.0),
    ),
    Row(
        "fresh-look/nothing-to-look-at",
        replace(NEW, memory=REQUESTED, control_plane=ABSENT),
        Stand(Phase.RECONCILING, "ControlPlaneNotFound", "", wake=120.0),
    ),
    Row(
        "fresh-look/not-allowed-to-ask",
        replace(NEW, memory=REQUESTED, control_plane=plane(allowed=False)),
        Stand(Phase.STALLED, "NamespaceNotAllowed", "", wake=60.0),
    ),
    Row(
        "answer-beside-uuid/shown-again",
        replace(BESIDE, snapshot=listed(cluster(OTHER), cluster())),
        TWO,
        (UUID, OTHER),
    ),
    Row("answer-beside-uuid/not-gone-so-far", replace(BESIDE, snapshot=listed(cluster(OTHER), draining())), TWO),
    Row(
        "answer-beside-uuid/too-young-to-count-as-gone",
        replace(BESIDE, memory=replace(TWO_MADE, answer=cluster(age=60.0)), reads=read(absent={UUID: NOW})),
        TWO,
    ),
    Row("answer-beside-uuid/a-read-shows-it", replace(BESIDE, reads=read(present={UUID: NOW})), TWO),
    Row(
        "answer-beside-uuid/read-before-the-list",
        replace(BESIDE, reads=read(absent={UUID: ago(2.0)})),
        ReadCluster(UUID),
    ),
    Row("answer-beside-uuid/never-listed", replace(BESIDE, snapshot=None), TWO),
    Row(
        "answer-beside-uuid/another-tenant-does-not-show-it",
        replace(BESIDE, control_plane=plane(tenant_id=2002), reads=read(absent={UUID: NOW})),
        TWO,
    ),
    Row(
        "answer-beside-uuid/the-control-plane-is-silent",
        replace(BESIDE, control_plane=plane(trouble=SILENT), reads=read(absent={UUID: NOW})),
        TWO,
    ),
    Row(
        "answer-in-hand/replacing-a-missing-cluster",
        observed(
            registration(attempt=attempt(), status=registered(uuid=OTHER)), memory=replace(ANSWERED, replaces=OTHER)
        ),
        Stand(Phase.READY, "Registered", "", OURS, shown=cluster(age=1.0), closes="attempt-1", wake=60.0),
    ),
    Row(
        "answer-in-hand/deleted-meanwhile",
        observed(registration(attempt=attempt(), deleting=True), memory=ANSWERED),
        Stand(Phase.RECONCILING, "Deleting", "", OURS, shown=cluster(age=1.0), closes="attempt-1", wake=0.0),
    ),
    Row(
        "answer-in-hand/renamed-meanwhile",
        observed(registration(attempt=attempt(), spec={"clusterName": "gpu-west"}), memory=ANSWERED),
        Stand(Phase.RECONCILING, "Registering", "", OURS, shown=cluster(age=1.0), closes="attempt-1", wake=0.0),
    ),
    Row(
        "answer-in-hand/before-every-obstacle",
        observed(
            registration(attempt=attempt(), spec={"suspend": True}), control_plane=ABSENT, memory=ANSWERED, listed=None
        ),
        Stand(Phase.READY, "Registered", "", OURS, shown=cluster(age=1.0), closes="attempt-1", wake=60.0),
    ),
    Row(
        "not-ours-to-hold/released-a-moment-ago",
        replace(LEAVING, memory=Memory(released=True)),
        Leave(),
    ),
    Row(
        "release-annotation/without-any-control-plane",
        observed(ORPHANED, listed=None, control_plane=ABSENT, memory=Memory(invalid="No.")),
        Release("", leaves=UUID),
    ),
    Row(
        "orphan-policy/written-for-a-created-cluster",
        because(replace(LEAVING, control_plane=ABSENT), spec={"deletion": {"policy": "Orphan", "force": True}}),
        Release("", leaves=UUID),
    ),
    Row(
        "spec-invalid/deleted",
        replace(LEAVING, memory=Memory(invalid="spec.mode: unknown.")),
        Stand(Phase.STALLED, "DeletionBlocked", "", OURS, wake=60.0),
        ("spec.mode: unknown.", f"{RELEASE}=orphan"),
    ),
    Row("spec-invalid/corrected", KEPT, IN_STEP),
    Row("attempt-unreadable/removed", NEW, CREATES),
    Row(
        "attempt-unreadable/closed-by-the-status",
        observed(registration(status=registered(attempt="attempt-1"), annotations=GARBLED), cluster()),
        IN_STEP,
    ),
    Row(
        "attempt-unreadable/closed-by-the-status-without-title",
        observed(registration(status=RegistrationStatus(attempt="attempt-1"), annotations=GARBLED)),
        UNREADABLE,
    ),
    Row(
        "attempt-unreadable/beside-a-title",
        observed(registration(status=registered(), annotations=GARBLED), cluster()),
        replace(UNREADABLE, title=OURS),
    ),
    Row(
        "plane-absent/for-two-minutes",
        replace(NEW, control_plane=ABSENT, memory=waiting_since("ControlPlaneNotFound", 120.0)),
        Stand(Phase.STALLED, "ControlPlaneNotFound", "", wake=60.0),
    ),
    Row("plane-absent/created", NEW, CREATES),
    Row("plane-leaving/serves-what-it-has", replace(KEPT, control_plane=LEAVING_PLANE), IN_STEP),
    Row(
        "plane-leaving/nothing-to-delete",
        replace(observed(registration(deleting=True)), control_plane=LEAVING_PLANE),
        Release(""),
    ),
    Row(
        "plane-leaving/a-lost-answer-is-still-looked-for",
        observed(registration(attempt=attempt()), cluster(age=19.0), control_plane=LEAVING_PLANE),
        ReadRegistrations(ago(1.0)),
    ),
    *(
        Row(
            f"plane-leaving/nothing-is-{said}",
            observed(registration(spec=spec), cluster(), control_plane=LEAVING_PLANE),
            Stand(Phase.STALLED, "ControlPlaneNotReady", "", wake=60.0),
        )
        for said, spec in (("adopted", {"adopt": {"uuid": UUID}}), ("planned", {"mode": "Observe"}))
    ),
    Row(
        "plane-leaving/instead-of-what-was-announced",
        observed(registration(attempt=attempt()), control_plane=LEAVING_PLANE, memory=knows(Outcome.ANNOUNCED)),
        Stand(Phase.STALLED, "ControlPlaneNotReady", "", wake=60.0),
    ),
    Row(
        "plane-leaving/instead-of-another-try",
        observed(registration(attempt=attempt(age=130.0)), control_plane=LEAVING_PLANE),
        Stand(Phase.STALLED, "ControlPlaneNotReady", "", wake=60.0),
    ),
    Row(
        "plane-leaving/instead-of-a-cluster-that-is-missing",
        observed(
            registration(status=registered(), spec={"onMissing": "Recreate"}),
            control_plane=LEAVING_PLANE,
            reads=read(absent={UUID: NOW}),
        ),
        Stand(Phase.STALLED, "ControlPlaneNotReady", "", OURS, wake=60.0),
    ),
    Row(
        "suspended-new/by-the-control-plane",
        replace(NEW, control_plane=plane(suspended=True)),
        Stand(Phase.STALLED, "Suspended", "", wake=60.0),
        ("RunaiControlPlane default is suspended",),
    ),
    Row(
        "suspended-registered/deleted",
        because(LEAVING, spec={"suspend": True}),
        Stand(Phase.STALLED, "DeletionBlocked", "", OURS, wake=60.0),
        ("spec.suspend is true", "Set spec.suspend to false to go on.", f"{RELEASE}=orphan"),
    ),
    Row(
        "suspended-registered/deleted-and-suspended-by-the-control-plane",
        replace(LEAVING, control_plane=plane(suspended=True)),
        Stand(Phase.STALLED, "DeletionBlocked", "", OURS, wake=60.0),
        ("Set spec.suspend to false in the RunaiControlPlane default to go on.", f"{RELEASE}=orphan"),
    ),
    Row(
        "suspended-new/deleted-with-an-open-attempt",
        observed(registration(spec={"suspend": True}, attempt=attempt(), deleting=True)),
        Stand(Phase.STALLED, "DeletionBlocked", "", wake=60.0),
        ("Set spec.suspend to false to go on.", f"{RELEASE}=orphan"),
    ),
    Row("suspended-registered/resumed", KEPT, IN_STEP),
    Row(
        "suspended-registered/control-plane-in-trouble",
        replace(because(KEPT, spec={"suspend": True}), control_plane=plane(trouble=SILENT)),
        Stand(Phase.KEEP, "Suspended", "", OURS),
    ),
    Row(
        "other-tenant/in-a-copied-status",
        observed(registration(status=registered(tenant_id=2002, owner_uid=RIVAL))),
        CREATES,
    ),
    Row("other-tenant/restored", replace(KEPT, control_plane=plane(tenant_id=TENANT)), IN_STEP),
    Row(
        "plane-in-trouble/with-a-long-interval",
        replace(NEW, control_plane=plane(trouble=SILENT, poll_interval=3600.0)),
        Stand(Phase.RECONCILING, "ControlPlaneUnreachable", "", wake=30.0),
    ),
    Row(
        "plane-in-trouble/for-a-new-one",
        replace(NEW, control_plane=plane(trouble=SILENT)),
        Stand(Phase.RECONCILING, "ControlPlaneUnreachable", "", wake=30.0),
    ),
    Row(
        "plane-in-trouble/secret-late",
        replace(NEW, control_plane=plane(trouble=trouble("CredentialsNotFound"))),
        Stand(Phase.RECONCILING, "CredentialsNotFound", "", wake=120.0),
    ),
    Row(
        "plane-in-trouble/secret-late-for-two-minutes",
        replace(
            NEW,
            control_plane=plane(trouble=trouble("CredentialsNotFound")),
            memory=waiting_since("CredentialsNotFound", 121.0),
        ),
        Stand(Phase.STALLED, "CredentialsNotFound", "", wake=60.0),
    ),
    Row("plane-in-trouble/over", KEPT, IN_STEP),
    Row(
        "plane-silent/for-five-intervals",
        replace(
            KEPT, control_plane=plane(trouble=trouble("ControlPlaneUnreachable", "No answer.", passing=True, since=150))
        ),
        Stand(Phase.SILENT, "ControlPlaneUnreachable", "", OURS, wake=30.0),
        ("No answer.",),
    ),
    Row(
        "plane-silent/spec-not-applied",
        replace(
            KEPT,
            registration=registration(status=registered(), spec={"clusterName": "gpu-west"}, generation=2),
            control_plane=plane(trouble=SILENT),
        ),
        Stand(Phase.RECONCILING, "ControlPlaneUnreachable", "", OURS, wake=30.0),
    ),
    Row(
        "plane-silent/not-ready-before",
        replace(
            because(KEPT, status=registered(conditions=(condition(status="False"), condition("Stalled")))),
            control_plane=plane(trouble=SILENT),
        ),
        Stand(Phase.RECONCILING, "ControlPlaneUnreachable", "", OURS, wake=30.0),
    ),
    Row("plane-silent/over", KEPT, IN_STEP),
    Row(
        "blocked-deletion/passing-trouble",
        replace(LEAVING, control_plane=plane(trouble=SILENT)),
        Stand(Phase.RECONCILING, "Deleting", "", OURS, wake=30.0),
        (f"{RELEASE}=orphan",),
    ),
    Row(
        "never-listed/listed",
        observed(registration(name=NAME), listed=0.0),
        CREATES,
    ),
]
