"""The cases that the model of the protocol has found: what each clause of the design is for."""

from dataclasses import dataclass, replace

import pytest

from core.row import wordless
from core.situations import (
    NOW,
    OTHER,
    UUID,
    ago,
    at,
    attempt,
    cluster,
    draining,
    earlier,
    knows,
    new_attempt,
    observed,
    read,
    registered,
    registration,
    rival,
)
from runai_registrar.core.actions import (
    Action,
    Announce,
    Phase,
    ReadHolders,
    Release,
    Stand,
    Title,
)
from runai_registrar.core.decide import decide
from runai_registrar.core.observed import Memory, Observed, Outcome
from runai_registrar.resources import RELEASE, DeletionProgress, Origin

LISTED = read(registrations=NOW)
MADE = cluster(age=15.0)
FOUND = Stand(Phase.READY, "Registered", "", Title(UUID, Origin.RECOVERED), shown=MADE, closes="attempt-1", wake=0.0)
LOOKING = Stand(Phase.RECONCILING, "Registering", "", attempt=attempt(), wake=5.0)


@dataclass(frozen=True)
class Case:
    """A trace of the model in words, its last moment, and what the design does then."""

    trace: str
    seen: Observed
    action: Action


CASES = {
    "1-a-person-creates-the-name": Case(
        "The POST was lost before it was committed; a cluster of that name with another version is a person's.",
        observed(
            registration(attempt=attempt(age=120.0, version="2.24")), cluster(age=110.0, version="2.20"), reads=LISTED
        ),
        Stand(Phase.STALLED, "NameTaken", "", wake=60.0),
    ),
    "2-two-registrations-one-name": Case(
        "Another registration's POST is in flight: the cluster that is found may be that one's.",
        observed(registration(attempt=attempt()), MADE, reads=LISTED, rivals=(rival(attempt=attempt(2)),)),
        Stand(Phase.STALLED, "CreateAmbiguous", "", attempt=attempt(), wake=30.0),
    ),
    "3-a-list-from-just-before-settle": Case(
        "Deleted after a lost answer: settle is over now, but the list began before it was.",
        observed(registration(attempt=attempt(age=61.0), deleting=True), listed=2.0),
        Stand(Phase.RECONCILING, "Deleting", "", attempt=attempt(age=61.0), wake=1.0),
    ),
    "4-the-first-post-commits-late": Case(
        "The second attempt is refused, because the first one was committed after all: nobody forgets it.",
        observed(
            registration(attempt=attempt(refused=True, earlier=(earlier(first=100.0, last=100.0),))),
            cluster(age=30.0),
            reads=LISTED,
        ),
        Stand(
            Phase.STALLED,
            "CreateAmbiguous",
            "",
            attempt=attempt(refused=True, earlier=(earlier(first=100.0, last=100.0),)),
            wake=30.0,
        ),
    ),
    "5-a-slow-refusal": Case(
        "Another process has announced a second attempt; the refusal of the first one closes nothing of it.",
        observed(registration(attempt=attempt(2)), memory=knows(Outcome.REFUSED)),
        Stand(Phase.RECONCILING, "Registering", "", attempt=attempt(2), wake=5.0),
    ),
    "6-lag-after-registration": Case(
        "The list lags behind, and so does a GET: a cluster that is younger than settle is not missing.",
        observed(registration(status=registered(age=20.0)), reads=read(absent={UUID: NOW})),
        Stand(Phase.READY, "Registered", "", Title(UUID, Origin.CREATED), wake=41.0),
    ),
    "7-a-crash-while-recreating": Case(
        "The attempt beside an old uuid is open, and what it made is found before anything is made again.",
        observed(
            registration(attempt=attempt(), status=registered(uuid=OTHER)),
            MADE,
            reads=read(registrations=NOW, absent={OTHER: NOW}),
        ),
        FOUND,
    ),
    "7-a-crash-while-recreating-then-deleted": Case(
        "The old uuid is gone, but the attempt beside it is open: the finalizer stays.",
        observed(
            registration(attempt=attempt(), status=registered(uuid=OTHER), deleting=True), memory=Memory(asked=NOW)
        ),
        Stand(Phase.RECONCILING, "Deleting", "", Title(OTHER, Origin.CREATED), attempt=attempt(), wake=5.0),
    ),
    "8-two-answers": Case(
        "Another process has recorded the cluster of its own attempt: one uuid does not replace the other.",
        observed(
            registration(attempt=attempt(), status=registered(uuid=OTHER)),
            memory=knows(Outcome.ANSWERED, answer=MADE),
        ),
        Stand(Phase.STALLED, "CreateAmbiguous", "", Title(OTHER, Origin.CREATED), wake=60.0),
    ),
    "9-lag-before-deletion": Case(
        "A cluster made a moment ago is absent from a lagging list after the DELETE: that is not 'gone'.",
        observed(registration(status=registered(age=20.0), deleting=True), memory=Memory(asked=ago(2.0))),
        Stand(
            Phase.RECONCILING,
            "Deleting",
            "",
            Title(UUID, Origin.CREATED),
            deletion=DeletionProgress(requested_at=at(-2), deadline=at(298)),
            wake=41.0,
        ),
    ),
    "10-released-meanwhile": Case(
        "Before the DELETE it is read live who holds the cluster.",
        observed(registration(status=registered(), deleting=True), cluster()),
        ReadHolders(UUID, ago(5.0)),
    ),
    "10-released-meanwhile-and-read": Case(
        "What the live read shows counts: released is released.",
        observed(
            registration(status=registered(), deleting=True, annotations={RELEASE: "orphan"}), cluster(), reads=LISTED
        ),
        Release("", leaves=UUID),
    ),
    "11-a-copied-attempt": Case(
        "A copy of a registration carries the attempt of the original and claims nothing by it.",
        observed(registration(attempt=attempt(owner="uid-of-the-original")), MADE, reads=LISTED),
        Stand(Phase.STALLED, "NameTaken", "", wake=60.0),
    ),
    "12-renamed-and-wiped": Case(
        "Made as x, renamed to y through the spec, the status wiped: it is found under y.",
        observed(registration(attempt=attempt(name="x"), spec={"clusterName": "gpu-east"}), MADE, reads=LISTED),
        FOUND,
    ),
    "13-an-orphan-of-another": Case(
        "A cluster of that name that was being deleted, or was there before, is not what the attempt made.",
        observed(registration(attempt=attempt(exclude=(OTHER,))), draining(age=15.0), cluster(OTHER, age=15.0)),
        replace(LOOKING, attempt=attempt(exclude=(OTHER,))),
    ),
    "13-freed-by-another": Case(
        "What another registration has just given up is older than the attempt.",
        observed(registration(attempt=attempt()), cluster(age=400.0), reads=LISTED),
        LOOKING,
    ),
    "17-times-that-fit": Case(
        "Only a list that began after settle proves that nothing was made; then the attempt is kept in the next one.",
        observed(registration(attempt=attempt(age=61.0))),
        Announce(new_attempt(earlier=(earlier(first=61.0, last=61.0),))),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_case(case: Case) -> None:
    """The trace ends as the design says, not in a second cluster, a lost one or a stranger's."""
    assert wordless(decide(case.seen)) == case.action, case.trace
