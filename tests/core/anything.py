"""Whatever may be observed: the situations of the table, crossed with one another and moved in time.

A situation drawn from nothing is refused for many reasons at once; one drawn from the table is a step away from an
action, and each part of another situation that it takes over may make that action wrong.
"""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

from core import situations as the
from core.effects import later
from core.situations import OTHER, RIVAL, ago, at, attempt, cluster, observed, registered, registration, rival
from core.test_decide import AFTER, ROWS
from runai_registrar.core.actions import Action
from runai_registrar.core.decide import decide
from runai_registrar.core.observed import Memory, Observed, Outcome
from runai_registrar.resources import CREATE_ATTEMPT, DeletionProgress, Origin

# What no row of the table holds: copies, forgeries and leftovers.
ODD = (
    observed(registration(status=registered(owner_uid=RIVAL))),
    observed(registration(status=registered().model_copy(update={"origin": None}))),
    observed(registration(status=registered(tenant_id=2002))),
    observed(registration(status=registered(Origin.ADOPTED), attempt=attempt(age=120.0), deleting=True), cluster()),
    observed(registration(status=registered(attempt="attempt-2"), attempt=attempt(2))),
    observed(registration(attempt=attempt(owner=RIVAL))),
    observed(registration(attempt=attempt(refused=True))),
    observed(registration(attempt=attempt(2, name="gpu-west", age=130.0, earlier=(the.earlier(name="gpu-north"),)))),
    observed(registration(status=registered(deletion=DeletionProgress(requested_at=at(-500))))),
    observed(registration(annotations={CREATE_ATTEMPT: "null"})),
    observed(registration(), cluster(), cluster(OTHER), cluster(the.THIRD, age=15.0, version="2.24")),
    observed(registration(), cluster(tenant_id=2002), listed=400.0),
    observed(registration(), cluster(last_liveness=at(-1), state="Connected")),
    observed(
        registration(), rivals=(rival(status=registered(Origin.RECOVERED)), rival(attempt=attempt(3), uid="uid-2"))
    ),
    observed(registration(), memory=Memory(attempt=attempt(2), written=ago(1.0), outcome=Outcome.ANNOUNCED)),
    observed(registration(), control_plane=the.plane(tenant_id=None)),
)
SITUATIONS = (*(row.seen for row in (*ROWS, *AFTER)), *ODD)

Part = Callable[[Observed, Observed], Observed]


def _of_registration(part: str) -> Part:
    """Return what takes over one part of the other's registration."""
    return lambda o, other: the.because(o, **{part: getattr(other.registration, part)})


def _of_memory(part: str) -> Part:
    """Return what takes over one part of the other's memory."""
    return lambda o, other: replace(o, memory=replace(o.memory, **{part: getattr(other.memory, part)}))


def _of_metadata(part: str) -> Part:
    """Return what takes over one part of the other's metadata."""

    def take(o: Observed, other: Observed) -> Observed:
        change = {part: getattr(other.registration.metadata, part)}
        return the.because(o, metadata=o.registration.metadata.model_copy(update=change))

    return take


def _whole(part: str) -> Part:
    """Return what takes over one part of the other situation."""
    return lambda o, other: replace(o, **{part: getattr(other, part)})


PARTS: dict[str, Part] = {
    **{part: _of_registration(part) for part in ("status", "metadata")},
    **{part: _of_metadata(part) for part in ("finalizers", "annotations", "deletion_timestamp")},
    **{part: _of_memory(part) for part in ("attempt", "outcome", "answer", "replaces", "asked", "failure")},
    **{part: _of_memory(part) for part in ("renamed", "puts", "requested")},
    **{part: _whole(part) for part in ("snapshot", "rivals", "reads", "memory", "control_plane")},
    "spec": lambda o, other: the.because(o, spec=other.registration.spec.to_dict()),
}

passed = st.sampled_from((0.0, 0.0, 0.0, 1.0, 4.0, 9.0, 30.0, 61.0, 301.0, 4000.0))
taken = st.lists(st.tuples(st.sampled_from(sorted(PARTS)), st.sampled_from(SITUATIONS)), max_size=4)


def _crossed(o: Observed, taken: list[tuple[str, Observed]], seconds: float) -> Observed:
    for part, other in taken:
        o = PARTS[part](o, other)
    return later(o, seconds)


def near(*kinds: type[Action]) -> st.SearchStrategy[Observed]:
    """Return situations a few steps from those that call for one of these kinds of action."""
    bases = [o for o in SITUATIONS if isinstance(decide(o), kinds)]
    return st.builds(_crossed, st.sampled_from(bases), taken, passed)


anywhere = st.builds(_crossed, st.sampled_from(SITUATIONS), taken, passed)
"""Any situation, the impossible ones included: safety does not rest on what cannot happen."""
