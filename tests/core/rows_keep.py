"""Rows of the table in `decide` about a registration that owns a cluster."""

from dataclasses import replace
from typing import Any

from core.row import Row
from core.situations import (
    NOW,
    OTHER,
    OURS,
    THIRD,
    UUID,
    ago,
    at,
    attempt,
    because,
    cluster,
    draining,
    earlier,
    failure,
    new_attempt,
    observed,
    read,
    registered,
    registration,
    rival,
)
from runai_registrar.core.actions import (
    Announce,
    Hold,
    Phase,
    ReadCluster,
    ReadClusters,
    ReadRegistration,
    Rename,
    Stand,
    Title,
)
from runai_registrar.core.observed import Memory, Observed, Put
from runai_registrar.resources import Origin

RECOVERED = Title(UUID, Origin.RECOVERED)
WEST = {"clusterName": "gpu-west"}
CONNECTED = {"first_connected_at": at(-60)}
NAME_DRIFT = ("name is gpu-east, the spec says gpu-west",)


def kept(*clusters: Any, spec: Any = None, held: bool = True, age: float = 3600.0, **facts: Any) -> Observed:
    """Return a registration that owns a cluster, where a list shows these clusters."""
    status = registered(age=age, **facts.pop("status", {}))
    return observed(registration(status=status, spec=spec, held=held), *clusters, **facts)


def put(*ages: float, name: str = "gpu-west", generation: int = 1) -> Memory:
    """Return what a process remembers that put a name so long ago, each time with success."""
    puts = tuple(Put(name, generation, ago(age)) for age in ages)
    return Memory(renamed=(name, puts[-1].at), puts=puts)


RECREATED = Announce(new_attempt(), replaces=UUID)
IN_STEP = Stand(Phase.READY, "Registered", "", OURS, shown=cluster())
RECOVERED_ONE = registration(status=registered(Origin.RECOVERED, attempt="attempt-1"), attempt=attempt(age=3605.0))
READ = read(registration=NOW)
GONE = read(absent={UUID: NOW})


def observing(planned: str, **facts: Any) -> Stand:
    """Return what a registration says that holds a cluster in mode Observe."""
    return replace(Stand(Phase.READY, "Observing", "", OURS, planned=planned, wake=60.0), **facts)


ROWS = [
    Row(
        "title-conflict",
        kept(cluster(), rivals=(rival(status=registered()),)),
        Stand(Phase.STALLED, "OwnershipConflict", "", OURS, wake=60.0),
        ("other/gpu-east", UUID),
    ),
    Row(
        "surplus",
        observed(RECOVERED_ONE, cluster(), cluster(OTHER, age=100.0)),
        Stand(Phase.STALLED, "CreateAmbiguous", "", RECOVERED, shown=cluster(), wake=60.0),
        (UUID, OTHER, "Nothing is touched"),
    ),
    Row(
        "leaving",
        kept(draining()),
        Stand(Phase.RECONCILING, "ClusterMissing", "", OURS, shown=draining(), wake=60.0),
        ("asked the control plane to delete", "spec.onMissing"),
    ),
    Row("in-step", kept(cluster()), IN_STEP, ("gpu-east is registered",)),
    Row(
        "put-unconfirmed",
        kept(cluster(), spec=WEST, memory=Memory(renamed=("gpu-west", ago(60.0))), listed=59.0),
        ReadClusters(ago(45.0)),
    ),
    Row(
        "drift-reported",
        kept(cluster(), spec=WEST | {"onDrift": "Report"}),
        Stand(Phase.READY, "Registered", "", OURS, shown=cluster(), drift=NAME_DRIFT),
    ),
    Row("rename-unread", kept(cluster(), spec=WEST), ReadRegistration()),
    Row("rename", kept(cluster(), spec=WEST, reads=READ), Rename(UUID, "gpu-west")),
    Row(
        "rename-taken",
        kept(cluster(), cluster(OTHER, name="gpu-west"), spec=WEST, reads=READ),
        Stand(Phase.STALLED, "NameTaken", "", OURS, shown=cluster(), drift=NAME_DRIFT, wake=60.0),
        ("gpu-west", OTHER),
    ),
    Row(
        "rename-undone",
        kept(cluster(), spec=WEST, memory=put(3600.0, 1800.0, 600.0), reads=READ),
        Stand(Phase.STALLED, "OwnershipConflict", "", OURS, shown=cluster(), drift=NAME_DRIFT, wake=3000.0),
        ("gpu-west was put", "3 times and is gpu-east now", "spec.onDrift", "reconcile-requested-at"),
    ),
    Row(
        "rename-failed",
        kept(cluster(), spec=WEST, memory=Memory(failure=failure("PermissionDenied", stalled=True)), reads=READ),
        Stand(Phase.STALLED, "PermissionDenied", "", OURS, shown=cluster(), drift=NAME_DRIFT, wake=100.0),
        ("The call failed.",),
    ),
    Row(
        "observe-registered",
        kept(cluster(), spec=WEST | {"mode": "Observe"}, reads=READ),
        Stand(
            Phase.READY,
            "Observing",
            "",
            OURS,
            shown=cluster(),
            drift=NAME_DRIFT,
            planned="Manage would rename the cluster to gpu-west.",
            wake=60.0,
        ),
    ),
    Row("absent-young", kept(age=30.0), Stand(Phase.READY, "Registered", "", OURS, wake=31.0)),
    Row("absent-unproven", kept(), ReadCluster(UUID)),
    Row(
        "missing-reported",
        kept(status=CONNECTED, reads=GONE),
        Stand(Phase.STALLED, "ClusterMissing", "", OURS, wake=60.0),
        (UUID, "spec.onMissing"),
    ),
    Row("missing-recreated", kept(reads=GONE), RECREATED),
]

AFTER = [
    Row(
        "finalizer-wiped/not-the-annotation",
        observed(registration(status=registered(attempt="attempt-1"), attempt=attempt(), held=False), cluster()),
        Hold(),
    ),
    Row(
        "finalizer-wiped/with-the-annotation-of-a-closed-attempt",
        kept(cluster(), held=False, status={"attempt": "attempt-1"}, memory=Memory(attempt=attempt())),
        Hold(attempt()),
    ),
    Row("title-conflict/the-other-has-gone", kept(cluster()), IN_STEP),
    Row(
        "title-conflict/the-other-is-the-weaker-one",
        kept(cluster(), rivals=(rival(status=registered(Origin.ADOPTED)),)),
        IN_STEP,
    ),
    Row(
        "in-step/name-put-after-the-list",
        kept(cluster(), spec=WEST, memory=Memory(renamed=("gpu-west", ago(0.5)))),
        Stand(Phase.READY, "Registered", "", OURS, shown=cluster(name="gpu-west"), wake=44.5),
    ),
    Row(
        "in-step/name-put-and-the-list-may-lag",
        kept(cluster(), spec=WEST, memory=Memory(renamed=("gpu-west", ago(15.0)))),
        Stand(Phase.READY, "Registered", "", OURS, shown=cluster(name="gpu-west"), wake=30.0),
    ),
    Row(
        "in-step/name-put-and-shown-by-a-list-that-may-lag",
        kept(cluster(name="gpu-west"), spec=WEST, memory=Memory(renamed=("gpu-west", ago(15.0)))),
        Stand(Phase.READY, "Registered", "", OURS, shown=cluster(name="gpu-west")),
    ),
    Row(
        "rename/undone-once-by-a-list-that-must-know",
        kept(cluster(), spec=WEST, memory=put(16.5), reads=READ),
        Rename(UUID, "gpu-west"),
    ),
    Row(
        "put-unconfirmed/of-another-name",
        kept(cluster(), spec=WEST, memory=Memory(renamed=("gpu-north", ago(60.0))), listed=59.0, reads=READ),
        Rename(UUID, "gpu-west"),
    ),
    Row(
        "rename-undone/twice",
        kept(cluster(), spec=WEST, memory=put(1800.0, 600.0), reads=READ),
        Rename(UUID, "gpu-west"),
    ),
    Row(
        "rename-undone/an-hour-ago",
        kept(cluster(), spec=WEST, memory=put(7000.0, 5000.0, 3600.0), reads=READ),
        Rename(UUID, "gpu-west"),
    ),
    Row(
        "rename-undone/tried-again-in-vain",
        kept(cluster(), spec=WEST, memory=put(7300.0, 3700.0, 100.0), reads=READ),
        Stand(Phase.STALLED, "OwnershipConflict", "", OURS, shown=cluster(), drift=NAME_DRIFT, wake=3500.0),
    ),
    Row(
        "rename-undone/not-soon-after-one-another",
        kept(cluster(), spec=WEST, memory=put(20_000.0, 12_000.0, 600.0), reads=READ),
        Rename(UUID, "gpu-west"),
    ),
    Row(
        "rename-undone/for-an-earlier-spec",
        kept(cluster(), spec=WEST, memory=put(1800.0, 900.0, 600.0, generation=0), reads=READ),
        Rename(UUID, "gpu-west"),
    ),
    Row(
        "rename-undone/of-another-name",
        kept(cluster(), spec=WEST, memory=put(1800.0, 900.0, 600.0, name="gpu-north"), reads=READ),
        Rename(UUID, "gpu-west"),
    ),
    Row(
        "rename-undone/given-up-by-the-other",
        kept(cluster(name="gpu-west"), spec=WEST, memory=put(1800.0, 900.0, 600.0)),
        Stand(Phase.READY, "Registered", "", OURS, shown=cluster(name="gpu-west")),
    ),
    Row(
        "rename-undone/only-reported",
        kept(cluster(), spec=WEST | {"onDrift": "Report"}, memory=put(1800.0, 900.0, 600.0)),
        Stand(Phase.READY, "Registered", "", OURS, shown=cluster(), drift=NAME_DRIFT),
    ),
    Row(
        "rename/the-name-that-was-put-is-not-the-one-displayed-since",
        kept(cluster(), spec=WEST, memory=Memory(renamed=("gpu-west", ago(20.0))), reads=READ),
        Rename(UUID, "gpu-west"),
    ),
    Row(
        "in-step/domain-and-version-differ",
        kept(
            cluster(domain="a.example.com", version="2.23"),
            spec={"domain": "https://b.example.com/", "version": "2.24"},
        ),
        replace(
            IN_STEP,
            shown=cluster(domain="a.example.com", version="2.23"),
            drift=(
                "domain is a.example.com, the spec says https://b.example.com/",
                "version is 2.23, the spec says 2.24",
            ),
        ),
    ),
    Row(
        "in-step/domain-written-otherwise",
        kept(cluster(domain="gpu.example.com"), spec={"domain": "https://GPU.example.com/"}),
        replace(IN_STEP, shown=cluster(domain="gpu.example.com")),
    ),
    Row(
        "surplus/after-an-answered-attempt-that-followed-a-lost-one",
        observed(
            registration(
                status=registered(attempt="attempt-1"),
                attempt=attempt(age=3605.0, earlier=(earlier(first=4000, last=4000),)),
            ),
            cluster(),
            cluster(OTHER, age=100.0),
        ),
        Stand(Phase.STALLED, "CreateAmbiguous", "", OURS, shown=cluster(), wake=60.0),
    ),
    Row(
        "surplus/held-by-another",
        observed(
            RECOVERED_ONE,
            cluster(),
            cluster(OTHER, age=100.0),
            rivals=(rival(status=registered(uuid=OTHER), spec=WEST),),
        ),
        replace(IN_STEP, title=RECOVERED),
    ),
    Row("surplus/deleted-by-a-person", observed(RECOVERED_ONE, cluster()), replace(IN_STEP, title=RECOVERED)),
    Row(
        "leaving/gone", kept(status=CONNECTED, reads=GONE), Stand(Phase.STALLED, "ClusterMissing", "", OURS, wake=60.0)
    ),
    *(
        Row(
            f"missing-reported/{state}-without-liveness",
            kept(status={"state": state}, reads=GONE),
            Stand(Phase.STALLED, "ClusterMissing", "", OURS, wake=60.0),
        )
        for state in ("Connected", "Disconnected", "MissingPrerequisites", "ServiceIssues", "SomethingNew")
    ),
    *(
        Row(f"missing-recreated/{state}", kept(status={"state": state}, reads=GONE), RECREATED)
        for state in ("WaitingToConnect", "Unknown")
    ),
    Row("drift-reported/to-be-corrected", kept(cluster(), spec=WEST, reads=READ), Rename(UUID, "gpu-west")),
    Row(
        "rename-unread/read-too-long-ago",
        kept(cluster(), spec=WEST, reads=read(registration=ago(11))),
        ReadRegistration(),
    ),
    Row(
        "rename-taken/held-by-another-registration",
        kept(cluster(), spec=WEST, reads=READ, rivals=(rival(status=registered(uuid=THIRD, cluster_name="gpu-west")),)),
        Stand(Phase.STALLED, "NameTaken", "", OURS, shown=cluster(), drift=NAME_DRIFT, wake=60.0),
        ("other/gpu-east",),
    ),
    Row(
        "rename-taken/free-again",
        kept(cluster(), cluster(OTHER, name="gpu-north"), spec=WEST, reads=READ),
        Rename(UUID, "gpu-west"),
    ),
    Row(
        "rename-failed/tried-again",
        kept(cluster(), spec=WEST, memory=Memory(failure=failure(left=0)), reads=READ),
        Rename(UUID, "gpu-west"),
    ),
    Row(
        "rename-failed/spec-changed",
        replace(
            kept(cluster(), memory=Memory(failure=failure()), reads=READ),
            registration=registration(status=registered(), spec={"clusterName": "gpu-north"}, generation=2),
        ),
        Rename(UUID, "gpu-north"),
    ),
    Row(
        "observe-registered/in-step",
        kept(cluster(), spec={"mode": "Observe"}),
        Stand(Phase.READY, "Observing", "", OURS, shown=cluster(), planned="Manage would change nothing."),
    ),
    Row("absent-young/renamed-in-the-spec", kept(age=30.0, spec=WEST), ReadRegistration()),
    Row("absent-young/renamed-in-the-spec-and-read", kept(age=30.0, spec=WEST, reads=READ), Rename(UUID, "gpu-west")),
    Row(
        "absent-young/renamed-already",
        kept(age=30.0, spec=WEST, memory=Memory(renamed=("gpu-west", ago(20.0))), reads=READ),
        Stand(Phase.READY, "Registered", "", OURS, wake=31.0),
    ),
    Row(
        "absent-young/renamed-and-drift-only-reported",
        kept(age=30.0, spec=WEST | {"onDrift": "Report"}, reads=READ),
        Stand(Phase.READY, "Registered", "", OURS, wake=31.0),
        ("Cluster gpu-east is registered",),
    ),
    Row("absent-young/old-enough", kept(age=61.0), ReadCluster(UUID)),
    Row("absent-unproven/asked-before-the-list", kept(reads=read(absent={UUID: ago(1.0)})), ReadCluster(UUID)),
    Row(
        "absent-unproven/shown-by-uuid",
        kept(reads=read(present={UUID: NOW})),
        Stand(Phase.READY, "Registered", "", OURS, wake=30.0),
    ),
    Row(
        "missing-reported/to-be-recreated",
        because(kept(status=CONNECTED, reads=GONE), spec={"onMissing": "Recreate"}),
        Announce(new_attempt(), replaces=UUID),
    ),
    Row(
        "missing-recreated/not-with-adopt-uuid",
        kept(spec={"adopt": {"uuid": UUID}, "onMissing": "Recreate"}, reads=GONE),
        Stand(Phase.STALLED, "ClusterMissing", "", OURS, wake=60.0),
        ("spec.adopt.uuid", "remove spec.adopt and set spec.onMissing"),
    ),
    Row(
        "missing-recreated/not-in-mode-observe",
        kept(spec={"mode": "Observe"}, reads=GONE),
        Stand(
            Phase.READY,
            "Observing",
            "",
            OURS,
            planned=f"Manage would create a cluster named gpu-east in the place of {UUID}, which is missing.",
            wake=60.0,
        ),
    ),
    Row(
        "missing-recreated/not-in-mode-observe-and-the-name-is-taken",
        kept(cluster(OTHER), spec={"mode": "Observe"}, reads=GONE),
        observing(
            f"Manage would do nothing: A cluster named gpu-east exists already in the control plane ({OTHER}). Choose "
            "another spec.clusterName, or set spec.adopt if it is the one meant."
        ),
    ),
    Row(
        "missing-reported/not-in-mode-observe",
        kept(spec={"mode": "Observe"}, status=CONNECTED, reads=GONE),
        observing(
            f"Manage would do nothing: The cluster {UUID} does not exist in the control plane any more. Set "
            "spec.onMissing to Recreate to register a new one, or delete the registration."
        ),
    ),
    Row(
        "observe-registered/the-name-is-taken",
        kept(cluster(), cluster(OTHER, name="gpu-west"), spec=WEST | {"mode": "Observe"}),
        observing(
            f"Manage would do nothing: A cluster named gpu-west exists already in the control plane ({OTHER}). Choose "
            "another spec.clusterName, or set spec.adopt if it is the one meant.",
            shown=cluster(),
            drift=NAME_DRIFT,
        ),
    ),
]
