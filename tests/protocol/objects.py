"""The API server as far as registrations go: compare-and-swap, finalizers, a status of its own, a log of events."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from protocol.clock import Clock
from runai_registrar.core.times import utc
from runai_registrar.errors import Absent, Conflict, KubernetesError
from runai_registrar.values import format_time

Json = dict[str, Any]

BLANK = {"observedGeneration": -1}
"""The status that the CRD gives to an object without one."""


@dataclass(frozen=True)
class Event:
    """One event of the watch; `body` is never changed."""

    version: int
    deleted: bool
    body: Json


class ApiServer:
    """All registrations by uid; every change has a resource version and is kept in `events` and `history`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.objects: dict[str, Json] = {}
        self.events: list[Event] = []
        self.history: dict[str, list[tuple[float, Json | None]]] = {}
        self._version = 0

    @property
    def version(self) -> int:
        """The newest resource version."""
        return self._version

    def add(self, namespace: str, name: str, spec: Json, annotations: Json) -> str:
        """Create an object and return its uid."""
        uid = f"uid-{len(self.history)}"
        metadata = {
            "name": name,
            "namespace": namespace,
            "uid": uid,
            "generation": 1,
            "creationTimestamp": format_time(utc(int(self._clock.seconds))),
            "annotations": dict(annotations),
            "finalizers": [],
        }
        self._keep(uid, {"metadata": metadata, "spec": spec, "status": dict(BLANK)})
        return uid

    def edit(self, uid: str, change: Callable[[Json], None]) -> None:
        """Change an object as a person does, whatever its resource version."""
        before = self.objects[uid]
        after = deepcopy(before)
        change(after)
        if after["spec"] != before["spec"]:
            after["metadata"]["generation"] += 1
        self._settle(uid, before, after)

    def delete(self, uid: str) -> None:
        """Ask for the deletion of an object; without finalizers it is gone."""
        stamp = format_time(utc(int(self._clock.seconds)))
        self.edit(uid, lambda body: body["metadata"].setdefault("deletionTimestamp", stamp))

    def read(self, namespace: str, name: str) -> Json:
        """Return an object by name; Absent where there is none."""
        for body in self.objects.values():
            if (body["metadata"]["namespace"], body["metadata"]["name"]) == (namespace, name):
                return body
        raise Absent("not found", status=404)

    def write_metadata(self, namespace: str, name: str, version: str, metadata: Json) -> Json:
        """Replace finalizers and add annotations, if the object is still at this version."""
        before = self._unchanged(namespace, name, version)
        known = before["metadata"]
        added = set(metadata["finalizers"]) - set(known["finalizers"])
        if added and "deletionTimestamp" in known:
            raise KubernetesError("no new finalizers can be added to an object that is being deleted", status=422)
        after = deepcopy(before)
        after["metadata"]["finalizers"] = metadata["finalizers"]
        after["metadata"]["annotations"] |= metadata.get("annotations", {})
        return self._settle(known["uid"], before, after)

    def write_status(self, namespace: str, name: str, version: str, status: Json) -> Json:
        """Replace the status, if the object is still at this version."""
        before = self._unchanged(namespace, name, version)
        return self._settle(before["metadata"]["uid"], before, {**before, "status": status})

    def lately(self, uid: str, since: float) -> Iterator[Json]:
        """Every form that an object had at any time since this moment."""
        forms = self.history.get(uid, [])
        for index, (_, body) in enumerate(forms):
            last = index + 1 == len(forms)
            if body is not None and (last or forms[index + 1][0] >= since):
                yield body

    def _unchanged(self, namespace: str, name: str, version: str) -> Json:
        body = self.read(namespace, name)
        if body["metadata"]["resourceVersion"] != version:
            raise Conflict("the object has been modified", status=409)
        return body

    def _settle(self, uid: str, before: Json, after: Json) -> Json:
        """Store what changed; an object that is being deleted goes with its last finalizer."""
        if after == before:
            return before
        gone = "deletionTimestamp" in after["metadata"] and not after["metadata"]["finalizers"]
        return self._keep(uid, after, gone=gone)

    def _keep(self, uid: str, body: Json, *, gone: bool = False) -> Json:
        self._version += 1
        body = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self._version)}}
        if gone:
            del self.objects[uid]
        else:
            self.objects[uid] = body
        self.events.append(Event(self._version, gone, body))
        self.history.setdefault(uid, []).append((self._clock.seconds, None if gone else body))
        return body
