"""The counterexamples of `protocol-review.md`, section 1, played against the real core and engine."""

from collections.abc import Callable

import pytest

from protocol import traces_create, traces_keep
from protocol.model import Model
from protocol.subject import subject

CASES: dict[str, Callable[[Model], None]] = {
    f"case-{name.removeprefix('case_').replace('_', '-')}": play
    for module in (traces_create, traces_keep)
    for name, play in vars(module).items()
    if name.startswith("case_")
}
UNIQUE = {"case-04"}
RESIDUAL = {"case-14", "case-15", "case-16", "case-17"}


@pytest.mark.case(
    "R-12",
    injected="counterexamples to simpler protocols, with frozen, crashed and slow operators, against the real core",
    outcome="no invariant is broken, the residual ones below aside",
)
@pytest.mark.case(
    "R-08",
    injected="against the real core: a POST that is carried out later than settle, or renamed before it is found",
    outcome="one POST too many at most, and no loop; nothing is deleted",
    degraded="a POST that is carried out later than settle cannot be told from one that was lost: a second cluster is"
    " made, both are named, and a person decides (nobody is told where the registration is gone by then)",
)
@pytest.mark.parametrize("case", sorted(CASES))
def test_case(case: str) -> None:
    """No invariant is broken, and the registrations end as the review says; of 14 to 17, only as far as it says."""
    timing = subject().times.Timing(settle=35.0) if case == "case-17" else None
    model = Model(unique=case in UNIQUE, timing=timing)

    CASES[case](model)

    assert bool(model.observer.found) == (case in RESIDUAL)
