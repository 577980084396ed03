"""What each clause of the protocol is for: with it taken out, the case that it is for breaks an invariant.

The clauses are named as in `protocol-review.md` (A to M). A clause that another one also covers is taken out together
with that one, and the mutation's name says both.
"""

from dataclasses import dataclass

import pytest

from protocol.model import Model
from protocol.observer import Violation
from protocol.subject import Change
from protocol.test_cases import CASES, UNIQUE

NO_EARLIER = Change("core.attempt", "earlier=unresolved(previous) if previous else ()", "earlier=()")
ANY_TIME = Change("core.attempt", "<= cluster.created_at <= end", "<= cluster.created_at")
ANY_EVIDENCE = Change(
    "core.attempt", 'return same_domain and (cluster.version or "") == (part.version or "")', "return True"
)
ALWAYS_SENT = Change("engine.apply", "still_fresh=grounds.since(o.reads.holders)", "still_fresh=lambda: True")

UNFRESH = Change(
    "engine.grounds",
    "read is not None and read.age(clock.now()) <= self.timing.freshness",
    "read is not None",
)

FORGOTTEN = Change(
    "core.attempt",
    "if newest and is_open(newest, o.registration) else None",
    "if newest and is_open(newest, o.registration) and "
    "(o.registration.status.uuid is None or newest == o.memory.attempt) else None",
)


@dataclass(frozen=True)
class Mutation:
    """The case that must break, the invariant that it must break, and the clause that is taken out."""

    case: str
    rule: str
    changes: tuple[Change, ...]


MUTATIONS = {
    "01-evidence-B": Mutation("case-01", "I3", (ANY_EVIDENCE,)),
    "01-window-A": Mutation("case-01-late", "I3", (ANY_TIME,)),
    "01-connected-B": Mutation(
        "case-01-connected",
        "I3",
        (Change("core.attempt", "if not cluster.has_connected and _in_window(", "if _in_window("),),
    ),
    "02-live-list-G": Mutation(
        "case-02",
        "I3",
        (Change("core.recover", "if o.reads.registrations is None or not", "if False and not"),),
    ),
    "03-none-late-C": Mutation(
        "case-03", "I5", (Change("core.recover", "o.timing.settle - snapshot.began_cp", "o.timing.settle - o.clock"),)
    ),
    "04-chain-D": Mutation("case-04", "I2", (NO_EARLIER,)),
    "04-surplus-L": Mutation(
        "case-04",
        "I2",
        (Change("core.recover", "surplus(snapshot, attempt, desired, o.timing)", "{}"),),
    ),
    "05-void-id-E-and-chain-D": Mutation(
        "case-05",
        "I2",
        (
            Change("core.recover", "if o.memory.attempt and o.memory.attempt.id == attempt.id else None", ""),
            NO_EARLIER,
        ),
    ),
    "06-absent-J": Mutation("case-06", "I1", (Change("core.missing", "if settled(o) > 0:", "if False:"),)),
    "07-closes-I": Mutation(
        "case-07",
        "I1",
        (FORGOTTEN,),
    ),
    "07-deleted-closes-I": Mutation(
        "case-07-deleted",
        "I5",
        (FORGOTTEN,),
    ),
    "08-once-F": Mutation(
        "case-08",
        "I4",
        (Change("core.record", "if held and held.uuid not in (cluster.uuid, memory.replaces):", "if False:"),),
    ),
    "09-absent-J": Mutation(
        "case-09", "I5", (Change("core.delete", "if settled(o) <= 0 else _settling", "if True else _settling"),)
    ),
    "10-last-look-K": Mutation("case-10", "I3", (ALWAYS_SENT,)),
    "10-live-read-K": Mutation(
        "case-10-stale",
        "I3",
        (
            ALWAYS_SENT,
            Change(
                "core.delete",
                "    if not _live(o, o.reads.holders):\n"
                "        return ReadHolders(held.uuid, o.now.earlier(o.timing.freshness / 2))\n"
                "    return Delete(",
                "    return Delete(",
            ),
        ),
    ),
    "10-rename-K": Mutation(
        "case-10-renamed",
        "I3",
        (Change("engine.apply", "still_fresh=grounds.since(o.reads.registration)\n", "still_fresh=lambda: True\n"),),
    ),
    "11-owner-H": Mutation(
        "case-11",
        "I3",
        (
            Change(
                "core.attempt",
                "return attempt if attempt and attempt.owner == registration.uid else None",
                "return attempt",
            ),
            Change("core.attempt", "if attempt and attempt.owner == o.registration.uid]", "if attempt]"),
        ),
    ),
    "12-present-name-M": Mutation(
        "case-12", "I2", (Change("core.attempt", "for name in {part.name, desired}:", "for name in {part.name}:"),)
    ),
    "13-evidence-B": Mutation("case-13", "I3", (ANY_EVIDENCE,)),
    "13-live-A": Mutation(
        "case-13-draining",
        "I3",
        (Change("core.attempt", "if is_live(cluster) and cluster.uuid not in", "if cluster.uuid not in"),),
    ),
    "17-fresh-N": Mutation("case-17-frozen", "I5", (UNFRESH,)),
}


@pytest.mark.case(
    "R-11",
    injected="a clause of the protocol is taken out of the real core",
    outcome="the counterexample that it is for breaks an invariant",
)
@pytest.mark.case(
    "R-12",
    injected="a clause of the protocol is taken out of the real core",
    outcome="the counterexample that it is for breaks an invariant",
)
@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=[f"mutation-{name}" for name in MUTATIONS])
def test_mutation(mutation: Mutation) -> None:
    """Without its clause, the case is caught by the observer."""
    model = Model(*mutation.changes, unique=mutation.case in UNIQUE)

    with pytest.raises(Violation, match=f"^{mutation.rule}: "):
        CASES[mutation.case](model)
