"""The registrations as they were at each moment, as far as the API server's answers in the journal show it."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from faults.calls import Call, Side

_SHOW = frozenset(f"{verb} runaiclusterregistrations" for verb in ("get", "list", "patch")) | {
    "patch runaiclusterregistrations/status"
}
_EVENTS = frozenset({"ADDED", "MODIFIED", "DELETED"})
_BEHIND = 2
"""How many versions are looked at: what rests on a read may be overtaken by one write before it is sent."""


@dataclass(frozen=True)
class Version:
    """One version of a registration.

    Attributes:
        key: `namespace/name`.
        uuid: The cluster that it holds with title.
        may_delete: Whether it asks for the deletion of that cluster.
        may_rename: Whether anything may be changed for it.
        may_leave: Whether it lets go of a cluster that lives on.
    """

    revision: int
    key: str
    uid: str
    uuid: str | None
    may_delete: bool
    may_rename: bool
    may_leave: bool


class Past:
    """Every version that an answer has shown.

    Args:
        calls: The journal.
        plane: The RunaiControlPlane whose registrations count; empty: all.

    Attributes:
        orphans: The uuids of clusters that somebody has let their registration leave.
    """

    def __init__(self, calls: Sequence[Call], plane: str = "") -> None:
        self._shown: defaultdict[str, dict[int, tuple[int, Version]]] = defaultdict(dict)
        self._holders: defaultdict[str, set[str]] = defaultdict(set)
        self.orphans: set[str] = set()
        for moment, each in (shown for call in calls for shown in _shown(call)):
            if plane in ("", _plane(each)):
                self._add(moment, each)

    def _add(self, moment: int, each: Mapping[str, Any]) -> None:
        """Note a version, and the number of the request after which it can have been known."""
        uid, revision = each["metadata"]["uid"], int(each["metadata"]["resourceVersion"])
        first, version = self._shown[uid].get(revision) or (moment, version_of(each))
        self._shown[uid][revision] = (min(first, moment), version)
        self._holders[version.uuid or ""].add(uid)
        self.orphans |= {version.uuid or ""} if version.may_leave else set()

    def holding(self, uuid: str, before: int) -> list[Version]:
        """The latest versions, before a request, of the registrations that hold this cluster, or have held it."""
        return [version for uid in self._holders[uuid] for version in self._latest(uid, before)]

    def _latest(self, uid: str, before: int) -> list[Version]:
        known = [version for seq, version in self._shown[uid].values() if seq < before]
        return sorted(known, key=lambda version: version.revision)[-_BEHIND:]


def version_of(seen: Mapping[str, Any]) -> Version:
    """What a registration says of itself; the defaults are those of the API reference."""
    metadata, spec, status = seen["metadata"], seen.get("spec", {}), seen.get("status", {})
    titled = status.get("origin") and status.get("ownerUID") == metadata["uid"]
    deletion = spec.get("deletion", {})
    policy = deletion.get("policy") or {"Adopted": "Orphan"}.get(status.get("origin"), "")
    unsure = not policy and status.get("origin") == "Recovered" and "firstConnectedAt" in status
    orphans = policy == "Orphan" or metadata.get("annotations", {}).get("runai-registrar.io/release") == "orphan"
    active = spec.get("mode") != "Observe" and not spec.get("suspend")
    protected = bool(spec.get("deletionProtection"))
    return Version(
        revision=int(metadata["resourceVersion"]),
        key=f"{metadata.get('namespace', '')}/{metadata['name']}",
        uid=metadata["uid"],
        uuid=status.get("uuid") if titled else None,
        may_delete="deletionTimestamp" in metadata and active and not (protected or orphans or unsure),
        may_rename=active,
        may_leave=orphans or deletion.get("onTimeout") == "Orphan",
    )


def _shown(call: Call) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The registrations that an answer shows, and when; those of a watch one by one."""
    if call.side is Side.KUBERNETES and call.what in _SHOW and call.status == 200 and call.answer:
        answer = json.loads(call.answer)
        yield from ((call.seq, each) for each in answer.get("items", [answer]))
    if call.what == "watch runaiclusterregistrations":
        events = ((moment, json.loads(line)) for moment, line in call.lines)
        yield from ((moment, event["object"]) for moment, event in events if event["type"] in _EVENTS)


def _plane(seen: Mapping[str, Any]) -> str:
    return str(seen.get("spec", {}).get("controlPlaneRef", {}).get("name", "default"))
