"""What the title of a moment allows: to delete a cluster and to rename it (I3, I12), and to let its object go (I5)."""

import json
from collections.abc import Iterator, Sequence

from faults.calls import Call
from faults.evidence import FINALIZER, Evidence
from faults.past import Version, version_of
from faults.vocabulary import CLUSTERS, DELETE, PUT, WRITE_1


def untitled(seen: Evidence) -> Iterator[str]:
    """Each DELETE and PUT for which the registrations that held the cluster just before give no ground."""
    for call in seen.calls:
        if not ((DELETE(call) or PUT(call)) and call.forwarded):
            continue
        known = seen.past.holding(call.name, call.seq)
        held = [version for version in known if version.uuid == call.name or version.key in seen.wiped]
        if not held:
            yield f"I3: {call.method} of {call.name}, which no registration held"
        elif DELETE(call) and not any(_deletes(seen, version) for version in held):
            yield f"I3: DELETE of {call.name}, which no registration that held it asked for"
        elif PUT(call) and not any(version.may_rename for version in held):
            yield f"I12: PUT of {call.name}, whose registration is suspended or only observes"


def hasty(seen: Evidence) -> Iterator[str]:
    """Releases of objects whose cluster was still in the latest list of clusters, or before any list.

    What an object held is read from the answer to its release: it shows the object as it was at that moment.
    """
    lists = [call for call in seen.calls if CLUSTERS(call) and call.answered]
    for call in seen.calls:
        if not _releases(call):
            continue
        version = version_of(json.loads(call.answer))
        uuid = version.uuid
        if uuid is None or version.may_leave or _held_by_another(seen, version, call) or not _of_plane(seen, call):
            continue
        if all(uuid.encode() in each.answer for each in _latest(lists, call.seq)):
            yield f"I5: {version.key} was let go before its cluster {uuid} was seen to be gone"


def _deletes(seen: Evidence, version: Version) -> bool:
    return version.may_delete or version.key in seen.wiped


def _releases(call: Call) -> bool:
    if not (WRITE_1(call) and call.committed and call.answer):
        return False
    body = json.loads(call.body)
    finalizers = body["metadata"].get("finalizers") if isinstance(body, dict) else None
    return finalizers is not None and FINALIZER not in finalizers


def _of_plane(seen: Evidence, call: Call) -> bool:
    """Whether the lists in the journal are those of the registration's control plane."""
    named = json.loads(call.answer).get("spec", {}).get("controlPlaneRef", {}).get("name", "default")
    return seen.plane in ("", named)


def _held_by_another(seen: Evidence, version: Version, call: Call) -> bool:
    """Whether the cluster has another owner, who keeps it."""
    known = seen.past.holding(version.uuid or "", call.seq)
    return any(each.uid != version.uid and each.uuid == version.uuid for each in known)


def _latest(lists: Sequence[Call], before: int) -> list[Call]:
    """The last list that had ended, and those that were being answered: an operator may be faster than the journal."""
    found = []
    for each in reversed(lists):
        if each.seq < before:
            found.append(each)
            if each.ended and each.ended <= before:
                break
    return found
