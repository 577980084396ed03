"""What people do to registrations, with `kubectl` and otherwise."""

from collections.abc import Callable
from typing import Any

from protocol.objects import BLANK, ApiServer, Json
from protocol.observer import Observer
from protocol.records import annotated, held, is_open, parsed
from runai_registrar.resources import RELEASE


class User:
    """A person with rights to everything in the API server."""

    def __init__(self, server: ApiServer, observer: Observer) -> None:
        self._server, self._observer = server, observer

    def create(self, name: str, namespace: str = "a", *, annotations: Json | None = None, **spec: Any) -> str:
        """Create a registration and return its uid."""
        uid = self._server.add(namespace, name, spec, annotations or {})
        self._observer.say(f"user: creates {uid} ({namespace}/{name}) {spec}")
        return uid

    def edit(self, uid: str, **spec: Any) -> None:
        """Change fields of the spec."""
        self._change(uid, f"edits {spec}", lambda body: body["spec"].update(spec))

    def delete(self, uid: str) -> None:
        """Delete a registration; one without a finalizer is gone at once, with every record of its cluster."""
        self._observer.say(f"user: deletes {uid}")
        self._server.delete(uid)
        if uid not in self._server.objects:
            self._observer.given_up.add(uid)
        self._observer.blame()

    def orphan(self, uid: str) -> None:
        """Annotate a registration so that its cluster is left behind."""
        self._change(
            uid, "annotates release=orphan", lambda body: body["metadata"]["annotations"].update({RELEASE: "orphan"})
        )

    def wipe_status(self, uid: str) -> None:
        """Lose the status, as a restore without it does; that of a deletion under way is not looked for again."""
        if parsed(self._server.objects[uid]).deleting:
            self._observer.given_up.add(uid)
        self._change(uid, "wipes the status", lambda body: body.update(status=dict(BLANK)))

    def replace(self, uid: str) -> None:
        """Lose finalizers and annotations, as `kubectl replace` does."""

        def wipe(body: Json) -> None:
            body["metadata"].update(finalizers=[], annotations={})

        attempt = annotated(parsed(self._server.objects[uid]))
        if attempt and is_open(attempt, parsed(self._server.objects[uid])):
            self._observer.given_up.add(uid)
        self._change(uid, "replaces it", wipe)
        self._observer.forgotten(uid)

    def copy(self, uid: str, name: str, namespace: str, *, status: bool = False) -> str:
        """Apply a copy of a registration under another name, annotations (and status) and all; the copy's uid."""
        body = self._server.objects[uid]
        copy = self.create(name, namespace, annotations=dict(body["metadata"]["annotations"]), **_named(body))
        if status:
            self._change(copy, "restores a status", lambda made: made.update(status=body["status"]))
        return copy

    def touch(self, uid: str) -> None:
        """Be a third party that writes something of its own: the operator's next write meets a conflict."""
        version = str(self._server.version)
        self._change(uid, "labels", lambda body: body["metadata"].update(labels={"touched": version}))

    def _change(self, uid: str, what: str, change: Callable[[Json], None]) -> None:
        self._observer.say(f"user: {what}: {uid}")
        recorded = self._recorded(uid)
        self._server.edit(uid, change)
        if recorded and not self._recorded(uid):
            self._observer.given_up.add(uid)
        self._observer.blame()

    def _recorded(self, uid: str) -> bool:
        """Whether the object says what was made or tried."""
        body = self._server.objects.get(uid)
        return body is not None and bool(annotated(parsed(body)) or held(parsed(body)))


def _named(body: Json) -> Json:
    """The spec, with the cluster name written out."""
    return {"clusterName": body["metadata"]["name"], **body["spec"]}
