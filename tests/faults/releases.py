"""I5's other half: an object that owns a cluster is let go only when the cluster is seen to be gone."""

import json
from collections.abc import Iterator, Sequence

from faults.calls import Call
from faults.checkers import FINALIZER, Evidence
from faults.vocabulary import CLUSTERS, WRITE_1


def hasty(seen: Evidence) -> Iterator[str]:
    """Releases of objects whose cluster was still in the latest list of clusters, or before any list."""
    owned = {held.key: held.uuid for held in seen.titles}
    for call in seen.calls:
        key = f"{call.namespace}/{call.name}"
        if not (_releases(call) and key in owned):
            continue
        if all(owned[key].encode() in each.answer for each in _latest_lists(seen.calls, call.seq)):
            yield f"I5: {key} was let go before its cluster {owned[key]} was seen to be gone"


def _releases(call: Call) -> bool:
    if not (WRITE_1(call) and call.committed):
        return False
    finalizers = json.loads(call.body)["metadata"].get("finalizers")
    return finalizers is not None and FINALIZER not in finalizers


def _latest_lists(calls: Sequence[Call], before: int) -> list[Call]:
    """The last list that had ended, and those that were being answered: an operator may be faster than the journal."""
    begun = [call for call in calls if CLUSTERS(call) and call.answered and call.seq < before]
    ended = [call for call in begun if call.ended and call.ended <= before]
    return ended[-1:] + [call for call in begun if call not in ended]
