"""The ports of one operator process: in place of `kube.py`, the client, the poller and the queue.

Each request is a `Call`, so that the model can stop, lose or delay it. What a request does at the server is told to the
observer, who knows more than the operator and judges it.
"""

from collections.abc import Callable
from typing import Any

from protocol.calls import TIMEOUT, Call
from protocol.clusters import TENANT, ControlPlane
from protocol.objects import ApiServer, Json
from protocol.observer import Observer
from runai_registrar.controlplane.models import Cluster
from runai_registrar.controlplane.protocol import Deletion
from runai_registrar.errors import Absent, ControlPlaneError, KubernetesError, NotSent, Stale, Unanswered
from runai_registrar.kube import Listed
from runai_registrar.resources import CREATE_ATTEMPT, FINALIZER, CreateAttempt, Registration

PLANE = "default"
URL = "https://app.run.ai"
INTERVAL = 30.0
SPACING = 1.0

Request = Callable[[str, Callable[[], Any]], Call]


class KubePort:
    """What `kube.Kube` offers to the engine, on the modelled API server."""

    def __init__(self, server: ApiServer, observer: Observer, request: Request) -> None:
        self._server, self._observer, self._request = server, observer, request

    async def announce(self, registration: Registration, attempt: CreateAttempt | None) -> Registration:
        """Write 1."""
        metadata: Json = {"finalizers": list(dict.fromkeys((*registration.metadata.finalizers, FINALIZER)))}
        if attempt is not None:
            metadata["annotations"] = {CREATE_ATTEMPT: attempt.to_json()}
        return await self._write("announce", registration, self._server.write_metadata, metadata)

    async def release(self, registration: Registration) -> Registration:
        """Remove our finalizer."""
        kept = [name for name in registration.metadata.finalizers if name != FINALIZER]
        return await self._write("release", registration, self._server.write_metadata, {"finalizers": kept})

    async def write_status(self, registration: Registration, status: Json) -> Registration:
        """Write 2."""
        return await self._write("status", registration, self._server.write_status, status)

    async def read(self, registration: Registration) -> Registration:
        """Read one registration; Absent where its name has another uid."""
        place = (registration.metadata.namespace, registration.name)
        body = await self._request("read", lambda: self._server.read(*place))
        if body["metadata"]["uid"] != registration.uid:
            raise Absent("another object by now")
        return Registration.from_dict(body)

    async def registrations(self) -> Listed:
        """List all registrations."""
        listed: Listed = await self._request(
            "registrations", lambda: Listed(list(self._server.objects.values()), str(self._server.version))
        )
        return listed

    async def holders(self, uuid: str) -> list[Json]:
        """List the registrations that name this uuid."""
        bodies = self._server.objects.values()
        found: list[Json] = await self._request(
            "holders", lambda: [body for body in bodies if body.get("status", {}).get("uuid") == uuid]
        )
        return found

    async def _write(
        self, kind: str, registration: Registration, write: Callable[[str, str, str, Json], Json], content: Json
    ) -> Registration:
        meta = registration.metadata

        def effect() -> Json:
            before = self._server.objects.get(registration.uid)
            after = write(meta.namespace, meta.name, meta.resource_version, content)
            if before is not None and after is not before:
                self._observer.written(kind, before, after)
            return after

        return Registration.from_dict(await self._request(kind, effect))


class ClientPort:
    """What `ControlPlaneClient` offers to the engine: turn first, then the last look at the clock, then one request."""

    def __init__(self, plane: ControlPlane, observer: Observer, request: Request, working: Callable[[], str]) -> None:
        self._plane, self._observer, self._request, self._working = plane, observer, request, working

    async def get_cluster(self, uuid: str, *, still_fresh: Callable[[], bool]) -> Cluster:
        """Read one cluster."""
        await self._turn(still_fresh)
        shown: Cluster = await self._request("GET", lambda: self._plane.get(uuid))
        return shown

    async def create_cluster(
        self, name: str, domain: str | None, version: str | None, *, still_fresh: Callable[[], bool]
    ) -> Cluster:
        """POST, once."""
        await self._turn(still_fresh)
        maker = self._working()
        self._observer.posted(maker, name)
        since = self._plane.seconds

        def effect() -> Cluster:
            shown = self._plane.create(name, domain, version, maker)
            after = (
                self._plane.seconds - since > TIMEOUT
            )  # it froze between the last look and the bytes, or was held up
            self._plane.clusters[shown.uuid].late = self._observer.twins and after
            return shown

        made: Cluster = await self._request("POST", effect)
        return made

    async def rename_cluster(self, uuid: str, name: str, *, still_fresh: Callable[[], bool]) -> None:
        """PUT the name."""
        await self._turn(still_fresh)
        self._observer.put(self._working(), uuid)
        await self._request("PUT", lambda: self._plane.rename(uuid, name))

    async def delete_cluster(self, uuid: str, *, force: bool, still_fresh: Callable[[], bool]) -> Deletion:
        """DELETE."""
        await self._turn(still_fresh)
        self._observer.deleted(self._working(), uuid, force=force)
        answer: Deletion = await self._request("DELETE", lambda: self._plane.delete(uuid, force=force))
        return answer

    async def _turn(self, still_fresh: Callable[[], bool]) -> None:
        await self._request("turn", lambda: None)
        if not still_fresh():
            raise Stale("too old")


class PollerPort:
    """The poller of the one control plane; a look that fails is a trouble until the next one succeeds."""

    def __init__(self, subject: Any, plane: ControlPlane, request: Request, client: ClientPort) -> None:
        self._subject, self._plane, self._request = subject, plane, request
        self.client = client
        self.snapshot: Any = None
        self.trouble: Any = None
        self.changed: Callable[[str, Any], None] = lambda *_: None
        self.wanted = False
        self._began: Any = None
        self._ended = 0.0
        self._looking: Any = None

    def ask(self, after: Any) -> None:
        """Want a list that began after this moment, unless one is under way."""
        if self._looking is None or not self._looking.after(after):
            self.wanted = True

    async def look(self) -> None:
        """List the clusters, some time after the list before."""
        pause = self._request("pause", lambda: None)
        pause.due = self._ended + SPACING
        await pause
        began, before, was = self._subject.clock.now(), self.snapshot, self.trouble
        self.wanted, self._looking = False, began
        try:
            clusters, date = await self._request("LIST", lambda: (self._plane.list(), self._plane.date))
        except ControlPlaneError as error:
            self.trouble = was or self._subject.observed.Trouble(error.reason, error.message, passing=True, since=began)
        else:
            if self._began is None or began.after(self._began):
                self.trouble, self.snapshot = None, self._snapshot(clusters, began, date)
        self._ended, self._looking = self._subject.clock.now().wall, None
        self._began = began if self._began is None or began.after(self._began) else self._began
        self.changed(PLANE, self._subject.poller.Poll(before, self.snapshot, was, self.trouble))

    def _snapshot(self, clusters: tuple[Cluster, ...], began: Any, date: float) -> Any:
        """The list, with what its Date header and the time it took tell about the control plane's clock."""
        took = self._subject.clock.now().wall - began.wall
        middle, error = date + 0.5, 0.5 + took / 2
        earliest = middle - took / 2 - error
        return self._subject.observed.Snapshot.of(clusters, began, earliest, spread=2 * error)


class FleetPort:
    """The control planes: one, allowed everywhere."""

    def __init__(self, subject: Any, poller: PollerPort) -> None:
        self._subject, self._poller = subject, poller

    def bind(self, held: object, changed: Callable[[str, Any], None], seen: object, users: object) -> None:
        """Connect the poller to the registrations."""
        del held, seen, users
        self._poller.changed = changed

    def used(self, name: str) -> None:
        """Hold nothing."""

    def poller(self, name: str) -> PollerPort | None:
        """The poller."""
        return self._poller if name == PLANE else None

    def alike(self, name: str) -> frozenset[str]:
        """There is one."""
        return frozenset({name})

    def still(self, seen: object, namespace: str, client: object) -> bool:
        """Whether the control plane is as it was: nobody changes it."""
        del seen, namespace
        return client is self._poller.client

    async def view(self, name: str, namespace: str) -> Any:
        """The control plane as a registration sees it."""
        del namespace
        return self._subject.observed.ControlPlaneView(
            name, name == PLANE, URL, TENANT, trouble=self._poller.trouble, poll_interval=INTERVAL
        )


class QueuePort:
    """What is to be looked at, and when."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self.dirty: dict[str, None] = {}
        self.timers: dict[str, float] = {}

    def add(self, key: str, after: float = 0.0) -> None:
        """Look at a key now, or after some seconds; of several timers for a key the earliest counts."""
        if after > 0:
            self.timers[key] = min(self._seconds() + after, self.timers.get(key, float("inf")))
        else:
            self.timers.pop(key, None)
            self.dirty[key] = None

    def forget(self, key: str) -> None:
        """Drop what is remembered of a key that is gone."""
        self.timers.pop(key, None)

    def ring(self) -> None:
        """Put those in line whose time has come."""
        for key in [key for key, due in self.timers.items() if due <= self._seconds()]:
            self.add(key)


def lost(kind: str) -> ControlPlaneError | KubernetesError:
    """What a caller makes of silence, by the kind of request."""
    if kind == "turn":
        return NotSent("no turn in time")
    if kind.isupper():
        return Unanswered("no answer")
    return KubernetesError("The API server cannot be reached.")
