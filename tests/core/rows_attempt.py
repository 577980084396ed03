"""Rows of the table in `decide` about an open attempt: send it, or find out what became of it."""

from dataclasses import replace

from core.row import Row
from core.situations import (
    NAME,
    NOW,
    OTHER,
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
    knows,
    new_attempt,
    observed,
    read,
    registered,
    registration,
    rival,
)
from runai_registrar.core.actions import (
    Announce,
    Create,
    Hold,
    Phase,
    ReadCluster,
    ReadClusters,
    ReadRegistrations,
    Release,
    Stand,
    Title,
)
from runai_registrar.core.observed import Outcome
from runai_registrar.resources import RELEASE, Origin, RegistrationStatus

RECOVERED = Title(UUID, Origin.RECOVERED)
OPEN = registration(attempt=attempt())
SETTLED = registration(attempt=attempt(age=120.0))
CHAIN = attempt(earlier=(earlier(),))
OURS_MAYBE = cluster(age=15.0)
LISTED_SINCE = read(registrations=NOW)
FOUND = observed(OPEN, OURS_MAYBE, reads=LISTED_SINCE)
FILLED_IN = cluster(age=110.0, version="2.24.18")
GIVEN_UP = registration(attempt=attempt(age=120.0), deleting=True)
WAITS = Stand(Phase.RECONCILING, "Deleting", "", attempt=attempt(age=120.0), wake=5.0)
LONG_GONE = attempt(age=4100.0)
SLOW = registration(attempt=LONG_GONE, deleting=True)
KEPT_OF_IT = earlier(first=120.0, last=120.0)

ROWS = [
    Row("attempt-announced", observed(OPEN, memory=knows(Outcome.ANNOUNCED)), Create(attempt())),
    Row(
        "attempt-stale",
        observed(OPEN, memory=knows(Outcome.ANNOUNCED, written=11.0)),
        Announce(new_attempt()),
    ),
    Row(
        "attempt-refused",
        observed(OPEN, memory=knows(Outcome.REFUSED, failure=failure("RejectedByControlPlane", stalled=True))),
        Stand(Phase.STALLED, "RejectedByControlPlane", "", closes="attempt-1", wake=100.0),
        ("The call failed.",),
    ),
    Row(
        "attempt-refused-chain",
        observed(registration(attempt=CHAIN), memory=knows(Outcome.REFUSED, CHAIN)),
        Hold(attempt(earlier=(earlier(),), refused=True)),
    ),
    Row("attempt-old-list", observed(registration(attempt=attempt(age=2.0)), listed=3.0), ReadClusters(ago(3.0))),
    Row("attempt-candidate", observed(OPEN, OURS_MAYBE), ReadRegistrations(ago(1.0))),
    Row(
        "attempt-claimed",
        FOUND,
        Stand(Phase.READY, "Registered", "", RECOVERED, shown=OURS_MAYBE, closes="attempt-1", wake=0.0),
        ("it was found again",),
    ),
    Row(
        "attempt-rival",
        replace(FOUND, rivals=(rival(attempt=attempt(2)),)),
        Stand(Phase.STALLED, "CreateAmbiguous", "", attempt=attempt(), wake=30.0),
        (UUID, "other/gpu-east", "spec.adopt.uuid"),
    ),
    Row(
        "attempt-several",
        observed(OPEN, OURS_MAYBE, cluster(OTHER, age=14.0), reads=LISTED_SINCE),
        Stand(Phase.STALLED, "CreateAmbiguous", "", attempt=attempt(), wake=30.0),
        (UUID, OTHER, "Nothing is touched", "spec.adopt.uuid"),
    ),
    Row(
        "attempt-late-cluster",
        observed(SETTLED, cluster(age=60.0), reads=LISTED_SINCE),
        Stand(Phase.STALLED, "CreateAmbiguous", "", attempt=attempt(age=120.0), wake=30.0),
        (UUID,),
    ),
    Row(
        "attempt-filled-in",
        observed(SETTLED, FILLED_IN, reads=LISTED_SINCE),
        Stand(Phase.STALLED, "CreateAmbiguous", "", attempt=attempt(age=120.0), wake=30.0),
        (UUID, "although none was sent", "Nothing is touched", "spec.adopt.uuid"),
    ),
    Row(
        "attempt-leaving",
        observed(GIVEN_UP, draining(age=110.0), reads=LISTED_SINCE),
        WAITS,
        (UUID, "is deleting", f"{RELEASE}=orphan"),
    ),
    Row(
        "attempt-unsettled",
        observed(OPEN),
        Stand(Phase.RECONCILING, "Registering", "", attempt=attempt(), wake=5.0),
        ("answer to the creation was lost",),
    ),
    Row("attempt-nothing", observed(SETTLED), Announce(new_attempt(earlier=(KEPT_OF_IT,)))),
    Row("attempt-deleted", observed(registration(attempt=attempt(age=120.0), deleting=True)), Release("")),
]

GIVEN_UP_WITH_DOMAIN = registration(attempt=attempt(age=120.0, domain="https://gpu.example.com"), deleting=True)
OTHER_SPEC = {"clusterName": "gpu-west"}
MISSING_SINCE = read(registrations=NOW, absent={OTHER: NOW})
RECREATED = registration(attempt=attempt(), status=registered(uuid=OTHER))

AFTER = [
    Row(
        "attempt-wiped/only-the-finalizer",
        observed(registration(attempt=attempt(), held=False), OURS_MAYBE, reads=LISTED_SINCE),
        Hold(attempt()),
    ),
    Row(
        "attempt-wiped/announced-and-not-sent",
        observed(registration(), memory=knows(Outcome.ANNOUNCED)),
        Hold(attempt()),
    ),
    Row(
        "attempt-wiped/only-the-annotation-and-deleted",
        observed(registration(deleting=True), memory=knows(Outcome.UNANSWERED)),
        Stand(Phase.RECONCILING, "Deleting", "", attempt=attempt(), wake=5.0),
    ),
    Row(
        "attempt-wiped/beside-a-uuid",
        observed(
            registration(status=registered(uuid=OTHER), held=False), cluster(OTHER), memory=knows(Outcome.UNANSWERED)
        ),
        Hold(attempt()),
    ),
    Row(
        "attempt-wiped/closed",
        observed(registration(status=RegistrationStatus(attempt="attempt-1")), memory=knows(None)),
        Announce(new_attempt()),
    ),
    Row(
        "attempt-announced/spec-changed",
        because(observed(OPEN, memory=knows(Outcome.ANNOUNCED)), spec=OTHER_SPEC),
        Announce(new_attempt(name="gpu-west")),
    ),
    Row(
        "attempt-announced/deleted",
        observed(registration(attempt=attempt(), deleting=True), memory=knows(Outcome.ANNOUNCED)),
        Release(""),
    ),
    Row(
        "attempt-announced/by-another-process",
        observed(OPEN, memory=knows(Outcome.ANNOUNCED, attempt(2))),
        Stand(Phase.RECONCILING, "Registering", "", attempt=attempt(), wake=5.0),
    ),
    Row(
        "attempt-announced/for-another-cluster-than-the-one-confirmed-missing",
        observed(
            registration(attempt=attempt(), status=registered(uuid=OTHER)),
            cluster(OTHER),
            memory=knows(Outcome.ANNOUNCED, replaces=THIRD),
        ),
        Stand(
            Phase.READY,
            "Registered",
            "",
            Title(OTHER, Origin.CREATED),
            shown=cluster(OTHER),
            closes="attempt-1",
        ),
    ),
    Row(
        "attempt-stale/not-sent",
        observed(OPEN, memory=knows(Outcome.UNSENT)),
        Announce(new_attempt()),
    ),
    Row(
        "attempt-stale/not-sent-after-a-lost-answer",
        observed(registration(attempt=CHAIN), memory=knows(Outcome.UNSENT, CHAIN)),
        Announce(new_attempt(earlier=(earlier(),))),
    ),
    Row(
        "attempt-stale/the-wall-clock-was-set-forward",
        observed(OPEN, memory=replace(knows(Outcome.ANNOUNCED), written=replace(ago(2.0), wall=NOW.wall - 11.0))),
        Announce(new_attempt()),
    ),
    Row(
        "attempt-refused/closed-and-tried-again",
        observed(registration(attempt=attempt(), status=RegistrationStatus(attempt="attempt-1"))),
        Announce(new_attempt()),
    ),
    Row(
        "attempt-refused/deleted",
        observed(registration(attempt=attempt(), deleting=True), memory=knows(Outcome.REFUSED)),
        Release(""),
    ),
    Row(
        "attempt-refused-chain/looked-for",
        observed(registration(attempt=CHAIN.model_copy(update={"refused": True})), cluster(age=250.0)),
        ReadRegistrations(ago(1.0)),
    ),
    Row(
        "attempt-refused-chain/nothing-found",
        observed(registration(attempt=attempt(age=120.0, refused=True, earlier=(earlier(),)))),
        Announce(new_attempt(earlier=(earlier(),))),
    ),
    Row(
        "attempt-old-list/too-old-to-claim-by",
        observed(OPEN, OURS_MAYBE, listed=6.0, reads=LISTED_SINCE),
        ReadClusters(ago(5.0)),
    ),
    Row(
        "attempt-candidate/registrations-listed-too-early",
        observed(OPEN, OURS_MAYBE, reads=read(registrations=ago(1.0))),
        ReadRegistrations(ago(1.0)),
    ),
    Row(
        "attempt-claimed/deleted",
        observed(registration(attempt=attempt(), deleting=True), OURS_MAYBE, reads=LISTED_SINCE),
        Stand(Phase.RECONCILING, "Deleting", "", RECOVERED, shown=OURS_MAYBE, closes="attempt-1", wake=0.0),
    ),
    Row(
        "attempt-claimed/under-the-name-that-was-sent",
        because(FOUND, spec=OTHER_SPEC),
        Stand(Phase.READY, "Registered", "", RECOVERED, shown=OURS_MAYBE, closes="attempt-1", wake=0.0),
    ),
    Row(
        "attempt-claimed/beside-a-cluster-that-is-missing",
        observed(RECREATED, OURS_MAYBE, reads=MISSING_SINCE),
        Stand(Phase.READY, "Registered", "", RECOVERED, shown=OURS_MAYBE, closes="attempt-1", wake=0.0),
    ),
    Row(
        "attempt-claimed/beside-a-cluster-not-asked-for-yet",
        observed(RECREATED, OURS_MAYBE, reads=LISTED_SINCE),
        ReadCluster(OTHER),
    ),
    Row(
        "attempt-claimed/beside-a-cluster-that-exists",
        observed(RECREATED, OURS_MAYBE, cluster(OTHER), reads=LISTED_SINCE),
        Stand(Phase.STALLED, "CreateAmbiguous", "", Title(OTHER, Origin.CREATED), attempt=attempt(), wake=30.0),
        (UUID,),
    ),
    Row(
        "attempt-rival/the-other-has-closed-its-own",
        replace(
            FOUND,
            rivals=(
                rival(attempt=attempt(2), status=registered(uuid=THIRD, attempt="attempt-2", cluster_name="gpu-west")),
            ),
        ),
        Stand(Phase.READY, "Registered", "", RECOVERED, shown=OURS_MAYBE, closes="attempt-1", wake=0.0),
    ),
    Row(
        "attempt-several/one-is-held-by-another",
        observed(
            OPEN,
            OURS_MAYBE,
            cluster(OTHER, age=14.0),
            reads=LISTED_SINCE,
            rivals=(rival(status=registered(uuid=OTHER, attempt="attempt-2")),),
        ),
        Stand(Phase.READY, "Registered", "", RECOVERED, shown=OURS_MAYBE, closes="attempt-1", wake=0.0),
    ),
    Row(
        "attempt-several/a-person-has-decided",
        because(
            observed(OPEN, OURS_MAYBE, cluster(OTHER, age=14.0), reads=LISTED_SINCE), spec={"adopt": {"uuid": OTHER}}
        ),
        Stand(
            Phase.READY,
            "Adopted",
            "",
            Title(OTHER, Origin.ADOPTED),
            shown=cluster(OTHER, age=14.0),
            closes="attempt-1",
            wake=0.0,
        ),
    ),
    Row(
        "attempt-unsettled/adoption-by-name-decides-nothing",
        because(observed(OPEN), spec={"adopt": {"byName": True}}),
        Stand(Phase.RECONCILING, "Registering", "", attempt=attempt(), wake=5.0),
    ),
    Row(
        "attempt-unsettled/an-answer-from-before-is-none",
        observed(OPEN, memory=knows(Outcome.UNANSWERED, answer=OURS_MAYBE)),
        Stand(Phase.RECONCILING, "Registering", "", attempt=attempt(), wake=5.0),
    ),
    Row(
        "attempt-unsettled/almost",
        observed(registration(attempt=attempt(age=59.0))),
        Stand(Phase.RECONCILING, "Registering", "", attempt=attempt(age=59.0), wake=2.0),
    ),
    Row(
        "attempt-unsettled/deleted",
        observed(registration(attempt=attempt(), deleting=True)),
        Stand(Phase.RECONCILING, "Deleting", "", attempt=attempt(), wake=5.0),
    ),
    Row(
        "attempt-nothing/only-what-cannot-be-ours",
        observed(
            registration(attempt=attempt(age=120.0, exclude=(THIRD,))),
            draining(age=110.0),
            cluster(THIRD, age=110.0, name="gpu-west"),
        ),
        Announce(new_attempt(exclude=(UUID,), earlier=(KEPT_OF_IT,))),
    ),
    Row(
        "attempt-filled-in/connected",
        observed(SETTLED, cluster(age=110.0, domain="https://gpu.example.com", last_liveness=at(-1))),
        Stand(Phase.STALLED, "CreateAmbiguous", "", attempt=attempt(age=120.0), wake=30.0),
        (UUID,),
    ),
    Row(
        "attempt-filled-in/beside-a-candidate",
        observed(SETTLED, FILLED_IN, cluster(OTHER, age=110.0), reads=LISTED_SINCE),
        Stand(Phase.STALLED, "CreateAmbiguous", "", attempt=attempt(age=120.0), wake=30.0),
        (UUID, OTHER),
    ),
    Row(
        "attempt-filled-in/deleting",
        observed(GIVEN_UP, FILLED_IN, reads=LISTED_SINCE),
        Stand(Phase.STALLED, "CreateAmbiguous", "", attempt=attempt(age=120.0), wake=30.0),
        (UUID, "Delete what belongs here in the control plane", f"{RELEASE}=orphan"),
    ),
    Row(
        "attempt-filled-in/a-person-has-decided",
        because(observed(SETTLED, FILLED_IN, reads=LISTED_SINCE), spec={"adopt": {"uuid": UUID}}),
        Stand(Phase.READY, "Adopted", "", Title(UUID, Origin.ADOPTED), shown=FILLED_IN, closes="attempt-1", wake=0.0),
    ),
    Row(
        "attempt-filled-in/held-by-another",
        observed(
            registration(attempt=attempt(age=120.0), spec=OTHER_SPEC),
            FILLED_IN,
            rivals=(rival(status=registered(uuid=UUID, attempt="attempt-2")),),
        ),
        Announce(new_attempt(name="gpu-west", earlier=(KEPT_OF_IT,))),
    ),
    Row(
        "attempt-filled-in/not-what-was-sent",
        observed(registration(attempt=attempt(age=120.0, version="2.23")), FILLED_IN, reads=LISTED_SINCE),
        Stand(Phase.STALLED, "NameTaken", "", wake=60.0),
        (NAME, UUID),
    ),
    Row(
        "attempt-filled-in/made-after-the-window",
        observed(SETTLED, cluster(age=60.0, version="2.24.18"), reads=LISTED_SINCE),
        Stand(Phase.STALLED, "NameTaken", "", wake=60.0),
    ),
    Row(
        "attempt-leaving/filled-in-and-connected",
        observed(GIVEN_UP, draining(age=110.0, version="2.24.18", last_liveness=at(-5))),
        WAITS,
    ),
    Row(
        "attempt-leaving/beside-a-candidate",
        observed(GIVEN_UP, draining(age=110.0), cluster(OTHER, age=109.0), reads=LISTED_SINCE),
        WAITS,
    ),
    Row("attempt-leaving/list-too-old", observed(GIVEN_UP, draining(age=110.0), listed=6.0), ReadClusters(ago(5.0))),
    Row(
        "attempt-leaving/held-by-another",
        observed(GIVEN_UP, draining(age=110.0), rivals=(rival(status=registered(attempt="attempt-2")),)),
        Release(""),
    ),
    Row(
        "attempt-leaving/excluded",
        observed(registration(attempt=attempt(age=120.0, exclude=(UUID,)), deleting=True), draining(age=110.0)),
        Release(""),
    ),
    Row("attempt-leaving/another-domain", observed(GIVEN_UP_WITH_DOMAIN, draining(age=110.0)), Release("")),
    Row("attempt-leaving/made-after-the-window", observed(GIVEN_UP, draining(age=60.0)), Release("")),
    Row("attempt-leaving/gone", observed(GIVEN_UP, draining(age=110.0, deleted_at=at(-1))), Release("")),
    Row(
        "attempt-leaving/for-too-long",
        observed(SLOW, cluster(age=4090.0, delete_requested_at=at(-301))),
        Stand(Phase.STALLED, "DeletionBlocked", "", attempt=LONG_GONE, wake=5.0),
        (UUID, "deletion.timeout", f"{RELEASE}=orphan"),
    ),
    Row(
        "attempt-leaving/connected-and-not-for-too-long",
        observed(SLOW, cluster(age=4090.0, delete_requested_at=at(-3599), last_liveness=at(-3600))),
        Stand(Phase.RECONCILING, "Deleting", "", attempt=LONG_GONE, wake=5.0),
    ),
    Row(
        "attempt-nothing/a-foreign-cluster-has-the-name",
        observed(SETTLED, cluster(age=130.0, version="2.24.18"), reads=LISTED_SINCE),
        Stand(Phase.STALLED, "NameTaken", "", wake=60.0),
        (NAME, UUID),
    ),
]
