"""Rows of the table in `decide` about a registration that owns nothing and has nothing unresolved."""

from dataclasses import replace
from typing import Any

from core.row import Row
from core.situations import (
    NAME,
    NOW,
    OTHER,
    RIVAL,
    THIRD,
    UUID,
    ago,
    at,
    attempt,
    cluster,
    draining,
    failure,
    new_attempt,
    observed,
    read,
    registered,
    registration,
    rival,
)
from runai_registrar.core.actions import Announce, Hold, Phase, ReadClusters, ReadRegistrations, Stand, Title
from runai_registrar.core.observed import Memory, Observed
from runai_registrar.resources import Origin, RegistrationStatus

ADOPT = {"adopt": {"uuid": UUID}}
BY_NAME = {"adopt": {"byName": True}}
OBSERVE = {"mode": "Observe"}
LISTED = read(registrations=NOW)
ADOPTED = Title(UUID, Origin.ADOPTED)
ALIKE = tuple(cluster(uuid, name=name) for uuid, name in ((OTHER, "GPU-East"), (THIRD, "gpu-east-2")))
NAME_DRIFT = ("name is old, the spec says gpu-east",)
TAKEN = Stand(Phase.STALLED, "NameTaken", "", wake=60.0)


def new(*clusters: Any, spec: Any = None, held: bool = True, **facts: Any) -> Observed:
    """Return a registration that owns nothing, where a list shows these clusters."""
    return observed(registration(spec=spec, held=held), *clusters, **facts)


def observing(planned: str, **facts: Any) -> Stand:
    """Return what a registration in mode Observe says."""
    return replace(Stand(Phase.READY, "Observing", "", planned=planned, wake=60.0), **facts)


ROWS = [
    Row(
        "observe-new",
        new(spec=OBSERVE),
        observing("Manage would create a cluster named gpu-east."),
        ("nothing is changed",),
    ),
    Row(
        "observe-closes",
        observed(registration(spec=OBSERVE, attempt=attempt(age=120.0))),
        observing("Manage would create a cluster named gpu-east.", closes="attempt-1"),
    ),
    Row(
        "observe-held",
        new(cluster(), spec=OBSERVE | ADOPT, rivals=(rival(status=registered(Origin.ADOPTED)),)),
        observing(
            f"Manage would do nothing: The cluster {UUID} is held by the registration other/gpu-east. Release it there "
            "first: set deletion.policy to Orphan and delete that registration.",
            shown=cluster(),
        ),
    ),
    Row(
        "adopt-absent",
        new(spec=ADOPT, reads=LISTED),
        Stand(Phase.STALLED, "AdoptionTargetNotFound", "", wake=60.0),
        (UUID, "spec.adopt.uuid"),
    ),
    Row("adopt-unread", new(cluster(), spec=ADOPT), ReadRegistrations(ago(1.0))),
    Row(
        "adopt-held",
        new(cluster(), spec=ADOPT, reads=LISTED, rivals=(rival(status=registered(Origin.ADOPTED)),)),
        Stand(Phase.STALLED, "OwnershipConflict", "", wake=60.0),
        (UUID, "other/gpu-east", "Orphan"),
    ),
    Row(
        "adopt-unclear",
        new(cluster(age=195.0), spec=ADOPT, reads=LISTED, rivals=(rival(attempt=attempt(2, age=200.0)),)),
        Stand(Phase.STALLED, "OwnershipConflict", "", wake=60.0),
        ("other/gpu-east", "spec.adopt.uuid", "delete that registration"),
    ),
    Row("adopt-hold", new(cluster(), spec=ADOPT, held=False, reads=LISTED), Hold()),
    Row(
        "adopt",
        new(cluster(), spec=ADOPT, reads=LISTED),
        Stand(Phase.READY, "Adopted", "", ADOPTED, shown=cluster(), wake=0.0),
        ("was adopted",),
    ),
    Row(
        "create-failed",
        new(memory=Memory(failure=failure())),
        Stand(Phase.RECONCILING, "ControlPlaneUnreachable", "", wake=100.0),
        ("The call failed.",),
    ),
    Row("create-name-exists", new(cluster()), TAKEN, (NAME, UUID, "spec.clusterName", "spec.adopt")),
    Row(
        "create-name-claimed",
        new(rivals=(rival(status=registered(uuid=OTHER)),)),
        TAKEN,
        ("other/gpu-east", "spec.clusterName"),
    ),
    Row("create-old-list", new(listed=6.0), ReadClusters(ago(5.0))),
    Row("create", new(), Announce(new_attempt())),
]

AFTER = [
    Row(
        "observe-new/of-a-cluster-to-adopt",
        new(cluster(), spec=OBSERVE | ADOPT),
        observing(f"Manage would adopt the cluster {UUID}.", shown=cluster()),
    ),
    Row(
        "observe-new/of-a-cluster-to-adopt-and-rename",
        new(cluster(name="old"), spec=OBSERVE | ADOPT),
        observing(
            f"Manage would adopt the cluster {UUID} and rename it from old to gpu-east.",
            shown=cluster(name="old"),
            drift=NAME_DRIFT,
        ),
    ),
    Row(
        "observe-new/of-a-cluster-to-adopt-whose-name-is-only-reported",
        new(cluster(name="old"), spec=OBSERVE | ADOPT | {"onDrift": "Report"}),
        observing(f"Manage would adopt the cluster {UUID}.", shown=cluster(name="old"), drift=NAME_DRIFT),
    ),
    Row(
        "observe-new/of-a-cluster-to-adopt-whose-new-name-is-taken",
        new(cluster(name="old"), cluster(OTHER), spec=OBSERVE | ADOPT),
        observing(
            f"Manage would adopt the cluster {UUID} and leave its name: A cluster named gpu-east exists already in the "
            f"control plane ({OTHER}). Choose another spec.clusterName, or set spec.adopt if it is the one meant.",
            shown=cluster(name="old"),
            drift=NAME_DRIFT,
        ),
    ),
    Row(
        "observe-new/of-a-cluster-to-adopt-by-name-of-another-version",
        new(cluster(version="2.23"), spec=OBSERVE | BY_NAME | {"version": "2.24"}),
        observing(
            f"Manage would adopt the cluster {UUID}.",
            shown=cluster(version="2.23"),
            drift=("version is 2.23, the spec says 2.24",),
        ),
    ),
    Row(
        "observe-new/of-a-cluster-that-is-not-meant-to-be-adopted",
        new(cluster(version="2.23"), spec=OBSERVE | {"version": "2.24"}),
        observing(
            f"Manage would do nothing: A cluster named gpu-east exists already in the control plane ({UUID}). Choose "
            "another spec.clusterName, or set spec.adopt if it is the one meant.",
            shown=cluster(version="2.23"),
        ),
    ),
    Row(
        "observe-new/of-a-cluster-that-is-not-there",
        new(spec=OBSERVE | ADOPT),
        observing(
            f"Manage would do nothing: There is no live cluster {UUID} in the control plane. Correct spec.adopt.uuid."
        ),
    ),
    Row(
        "observe-held/perhaps-just-created-by-another",
        new(cluster(age=15.0), spec=OBSERVE | BY_NAME, rivals=(rival(attempt=attempt(2)),)),
        observing(
            "Manage would do nothing: The registration other/gpu-east may have created this cluster; waiting until "
            "that is clear.",
            shown=cluster(age=15.0),
        ),
    ),
    Row(
        "adopt-held/perhaps-created-by-another-and-filled-in",
        new(cluster(age=15.0, version="2.24.18"), spec=BY_NAME, reads=LISTED, rivals=(rival(attempt=attempt(2)),)),
        Stand(Phase.RECONCILING, "OwnershipConflict", "", wake=5.0),
        ("other/gpu-east", "waiting until"),
    ),
    Row(
        "adopt-absent/draining",
        new(draining(), spec=ADOPT, reads=LISTED),
        Stand(Phase.STALLED, "AdoptionTargetNotFound", "", wake=60.0),
    ),
    Row("adopt-absent/list-too-old-to-say-so", new(spec=ADOPT, listed=6.0), ReadClusters(ago(5.0))),
    Row("adopt-absent/appeared", new(cluster(), spec=ADOPT), ReadRegistrations(ago(1.0))),
    Row(
        "adopt-absent/two-of-the-name",
        new(cluster(), cluster(OTHER), spec=BY_NAME, reads=LISTED),
        Stand(Phase.STALLED, "AdoptionTargetNotFound", "", wake=60.0),
        ("not exactly one",),
    ),
    Row(
        "adopt-unread/read-too-long-ago",
        new(cluster(), spec=ADOPT, listed=20.0, reads=read(registrations=ago(11.0))),
        ReadRegistrations(ago(5.0)),
    ),
    Row(
        "adopt-unread/read-before-the-clusters",
        new(cluster(), spec=ADOPT, reads=read(registrations=ago(2.0))),
        ReadRegistrations(ago(1.0)),
    ),
    Row(
        "adopt-held/perhaps-created-by-an-attempt-in-the-mirror",
        new(
            cluster(age=15.0),
            spec=ADOPT,
            reads=LISTED,
            rivals=(rival(status=RegistrationStatus(create_attempt=attempt(2, owner=RIVAL))),),
        ),
        Stand(Phase.RECONCILING, "OwnershipConflict", "", wake=5.0),
    ),
    Row(
        "adopt-held/perhaps-just-created-by-another",
        new(cluster(age=15.0), spec=ADOPT, reads=LISTED, rivals=(rival(attempt=attempt(2)),)),
        Stand(Phase.RECONCILING, "OwnershipConflict", "", wake=5.0),
    ),
    Row(
        "adopt-held/not-what-another-created",
        new(cluster(), spec=ADOPT, reads=LISTED, rivals=(rival(attempt=attempt(2)),)),
        Stand(Phase.READY, "Adopted", "", ADOPTED, shown=cluster(), wake=0.0),
    ),
    Row(
        "adopt-held/given-up",
        new(cluster(), spec=ADOPT, reads=LISTED),
        Stand(Phase.READY, "Adopted", "", ADOPTED, shown=cluster(), wake=0.0),
    ),
    Row(
        "adopt/by-name",
        new(cluster(), spec=BY_NAME, reads=LISTED),
        Stand(Phase.READY, "Adopted", "", ADOPTED, shown=cluster(), wake=0.0),
    ),
    Row(
        "adopt/by-name-beside-names-that-are-only-like-it",
        new(*ALIKE, cluster(), spec=BY_NAME, reads=LISTED),
        Stand(Phase.READY, "Adopted", "", ADOPTED, shown=cluster(), wake=0.0),
    ),
    Row(
        "adopt/by-uuid-under-another-name",
        new(cluster(name="gpu-west"), spec=ADOPT, reads=LISTED),
        Stand(Phase.READY, "Adopted", "", ADOPTED, shown=cluster(name="gpu-west"), wake=0.0),
    ),
    Row("create-failed/tried-again", new(memory=Memory(failure=failure(left=0.0))), Announce(new_attempt())),
    Row(
        "create-failed/spec-changed",
        observed(registration(generation=2), memory=Memory(failure=failure())),
        Announce(new_attempt()),
    ),
    Row("create-old-list/not-older-than-five-seconds", new(listed=5.0), Announce(new_attempt())),
    Row("create-old-list/the-newest-there-is", new(listed=6.0, reads=read(clusters=ago(7.0))), Announce(new_attempt())),
    Row("create-name-exists/only-draining", new(draining()), Announce(new_attempt(exclude=(UUID,)))),
    Row("create-name-exists/gone", new(cluster(deleted_at=at(-5))), Announce(new_attempt(exclude=(UUID,)))),
    Row("create-name-claimed/being-created", new(rivals=(rival(attempt=attempt(2)),)), TAKEN, ("other/gpu-east",)),
    Row(
        "create-name-claimed/being-created-by-an-attempt-in-the-mirror",
        new(rivals=(rival(status=RegistrationStatus(create_attempt=attempt(2, owner=RIVAL))),)),
        TAKEN,
    ),
    Row("create-name-claimed/by-another-worker", new(name_reserved=True), TAKEN, ("just now",)),
    Row(
        "create-name-claimed/not-by-a-copied-attempt",
        new(rivals=(registration(uid=RIVAL, namespace="copy", attempt=attempt(2)),)),
        Announce(new_attempt()),
    ),
    Row(
        "create-name-claimed/to-be-the-name-of-another",
        new(rivals=(rival(status=registered(uuid=THIRD, cluster_name="gpu-west")),)),
        TAKEN,
    ),
    Row(
        "create-name-claimed/free-again",
        new(rivals=(rival(status=RegistrationStatus(attempt="attempt-2"), attempt=attempt(2)),)),
        Announce(new_attempt()),
    ),
    Row(
        "create/with-domain-and-version",
        new(spec={"domain": "https://gpu.example.com", "version": "2.24.18"}),
        Announce(new_attempt(domain="https://gpu.example.com", version="2.24.18")),
    ),
    *(
        Row(f"create/beside-names-that-are-only-like-it{how}", new(*ALIKE, spec=spec), Announce(new_attempt()))
        for how, spec in (("", {}), ("-and-none-to-adopt", BY_NAME))
    ),
    Row("create/without-our-finalizer", new(held=False), Announce(new_attempt())),
]
