"""An API server in memory, as far as registrations are written: compare-and-swap, and failures on demand."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from core.situations import FINALIZERS
from runai_registrar.core.times import Timing
from runai_registrar.engine.fleet import Fleet
from runai_registrar.engine.world import World
from runai_registrar.errors import Absent, Conflict, KubernetesError
from runai_registrar.kube import Kube, Listed
from runai_registrar.resources import CREATE_ATTEMPT, CreateAttempt, Registration, RegistrationStatus


class ApiServer:
    """Holds registrations by uid.

    `fails` is raised by the next write, after it took effect where `lands` is set; `meanwhile` is called during writes.
    """

    def __init__(self, *registrations: Registration) -> None:
        self.stored = {one.uid: one for one in registrations}
        self.fails: KubernetesError | None = None
        self.lands = False
        self.meanwhile: Callable[[], None] | None = None
        self.lists = 0
        self.writes: list[str] = []

    async def announce(self, registration: Registration, attempt: CreateAttempt | None) -> Registration:
        """Set our finalizer and the annotation."""
        annotations = dict(registration.metadata.annotations)
        if attempt is not None:
            annotations[CREATE_ATTEMPT] = attempt.to_json()
        return self._write(registration, annotations=annotations, finalizers=FINALIZERS)

    async def release(self, registration: Registration) -> Registration:
        """Remove our finalizer."""
        return self._write(registration, finalizers=FINALIZERS[:1])

    async def write_status(self, registration: Registration, status: Mapping[str, Any]) -> Registration:
        """Replace the status."""
        return self._write(registration, status=RegistrationStatus.model_validate(status))

    async def read(self, registration: Registration) -> Registration:
        """Read one registration; Absent where it is gone."""
        if registration.uid not in self.stored:
            raise Absent("It is gone.", status=404)
        return self.stored[registration.uid]

    async def registrations(self) -> Listed:
        """List everything as JSON."""
        self.lists += 1
        versions = [int(one.metadata.resource_version or 0) for one in self.stored.values()]
        return Listed([one.to_dict() for one in self.stored.values()], str(max(versions, default=1)))

    async def holders(self, uuid: str) -> list[Mapping[str, Any]]:
        """List those that name a uuid, as JSON."""
        return [one.to_dict() for one in self.stored.values() if one.status.uuid == uuid]

    def _write(
        self, registration: Registration, status: RegistrationStatus | None = None, **metadata: Any
    ) -> Registration:
        if self.meanwhile is not None:
            self.meanwhile()
        failure, self.fails = self.fails, None
        if failure is not None and not self.lands:
            raise failure
        known = self.stored.get(registration.uid)
        if known is None:
            raise Absent("It is gone.", status=404)
        if known.metadata.resource_version != registration.metadata.resource_version:
            raise Conflict("Somebody else wrote in between.", status=409)
        version = str(int(known.metadata.resource_version or 0) + 1)
        changed = known.metadata.model_copy(update={**metadata, "resource_version": version})
        self.stored[registration.uid] = known.model_copy(update={"metadata": changed, "status": status or known.status})
        self.writes.append("status" if status else "metadata")
        if failure is not None:
            raise failure
        return self.stored[registration.uid]


def world_of(server: ApiServer, fleet: object = None) -> World:
    """Return a world that has seen what this API server holds; without a fleet there is no control plane."""
    kube = cast("Kube", server)
    world = World(kube, cast("Fleet", fleet or Fleet(kube, "operators", Timing())))
    for registration in server.stored.values():
        world.take_in(registration)
    return world


def body(registration: Registration, **metadata: Any) -> Mapping[str, Any]:
    """Return a registration as a watch shows it, with changes to its metadata."""
    shown = registration.to_dict()
    return {**shown, "metadata": {**shown["metadata"], **metadata}}
