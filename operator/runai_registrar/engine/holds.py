"""Holds control planes and their Secrets by a finalizer each while registrations need them, and lets go afterwards.

What is owed is decided in `core/finalizers.py`; why it is done at all: `docs/decisions/0011`. Secrets are read through
here, so that what a poll reads anyway shows whether the finalizer is there. Nothing is written but on a transition.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from http import HTTPStatus
from typing import Any

from runai_registrar.core import finalizers
from runai_registrar.engine.queue import Queue
from runai_registrar.errors import Absent, Conflict, KubernetesError
from runai_registrar.kube import Kube
from runai_registrar.resources import (
    CONTROL_PLANE_FINALIZER,
    CREDENTIALS_FINALIZER,
    ControlPlane,
    ControlPlaneStatus,
    Metadata,
)

PARTING = 5.0
"""Seconds for the last calls of a process that is stopped: for a write under way, and to let go of Secrets."""

_PLANE, _SECRET = "RunaiControlPlane", "Secret"

logger = logging.getLogger(__name__)


class Holds:
    """The finalizers of control planes, and of their Secrets in the operator's namespace.

    Args:
        kube: The API server.
        namespace: The operator's own namespace.
        known: The control planes by name, as last seen.
        users: The registrations that need a control plane, as `namespace/name`.
        written: Takes a control plane as it is after a write.
    """

    def __init__(
        self,
        kube: Kube,
        namespace: str,
        known: Callable[[], Mapping[str, ControlPlane]],
        users: Callable[[str], Collection[str]],
        written: Callable[[ControlPlane], None],
    ) -> None:
        self._kube, self._namespace = kube, namespace
        self._known, self._users, self._written = known, users, written
        self._queue = Queue(self._settle, lambda _: "", workers=1)
        self._seen: dict[str, Metadata | None] = {}  # Secrets at the last look at each; None: there is none
        self._released: dict[str, str] = {}  # the former Secret of a control plane that is not held any more
        self._refused: set[str] = set()

    async def secret(self, namespace: str, name: str) -> dict[str, Any]:
        """Read a Secret and remember its metadata; Absent where there is none."""
        try:
            body = await self._kube.secret(namespace, name)
        except Absent:
            self._seen[name] = None
            raise
        self._seen[name] = Metadata.model_validate(body["metadata"])
        return body

    def used(self, plane: ControlPlane) -> None:
        """A registration was seen; look again if this one is the first or the last that needs the control plane."""
        needed, held = bool(self._users(plane.name)), CONTROL_PLANE_FINALIZER in plane.metadata.finalizers
        if needed != held and f"{_PLANE} {plane.name}" not in self._refused:
            self.look(plane.name)

    def look(self, plane: str) -> None:
        """Something may be owed to a control plane or its Secret."""
        self._queue.add(f"{_PLANE} {plane}")

    def lose(self, plane: ControlPlane) -> None:
        """A control plane is gone, perhaps by force: nobody else lets go of its Secret."""
        self._released.pop(plane.name, None)
        for name in {plane.spec.credentials_secret_ref.name, finalizers.former_secret(plane)} - {None}:
            self._queue.add(f"{_SECRET} {name}")

    def noted(self, plane: ControlPlane, status: ControlPlaneStatus) -> ControlPlaneStatus:
        """A status with what is to be said of deletions that are held up."""
        secret = self._seen.get(plane.spec.credentials_secret_ref.name)
        return finalizers.noted(plane, status, self._users(plane.name), secret, self._released.get(plane.name))

    async def aclose(self) -> None:
        """Stop; where the operator's namespace is being deleted, let go of its Secrets, or they would hang for ever."""
        await self._queue.stop(PARTING)
        held = [name for name, seen in self._seen.items() if seen and CREDENTIALS_FINALIZER in seen.finalizers]
        if not held:
            return
        try:
            async with asyncio.timeout(PARTING):
                if (await self._kube.namespace(self._namespace)).deletion_timestamp is not None:
                    for name in held:
                        await self._hold(name, wanted=False)
        except (TimeoutError, KubernetesError) as error:
            logger.info("the Secrets %s stay held: %s", ", ".join(held), error)

    async def _settle(self, key: str) -> bool:
        kind, _, name = key.partition(" ")
        try:
            if kind == _SECRET:
                await self._settle_secret(name)
            elif plane := self._known().get(name):
                await self._settle_plane(plane)
        except KubernetesError as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            self._say_refused(key, error)
        else:
            self._refused.discard(key)
        return True

    async def _settle_plane(self, plane: ControlPlane) -> None:
        """Secrets first: who lets go of them when the control plane is gone? One that cannot be held bars nothing."""
        wanted = bool(self._users(plane.name))
        try:
            await self._settle_secrets(plane)
        except KubernetesError:
            if wanted:
                await self._hold_plane(plane, wanted=True)
            raise
        await self._hold_plane(plane, wanted=wanted)

    async def _settle_secrets(self, plane: ControlPlane) -> None:
        """The Secret of a control plane, and the one that it used before."""
        secret, former = plane.spec.credentials_secret_ref.name, finalizers.former_secret(plane)
        if former is None:
            self._released.pop(plane.name, None)
        elif self._released.get(plane.name) != former:
            await self._settle_secret(former)
            self._released[plane.name] = former
        freed = CONTROL_PLANE_FINALIZER in plane.metadata.finalizers and not self._users(plane.name)
        if secret in self._seen or freed or plane.deleting or plane.spec.suspend:  # else a poll is about to read it
            await self._settle_secret(secret)

    async def _hold_plane(self, plane: ControlPlane, *, wanted: bool) -> None:
        change = finalizers.finalizers(plane.metadata, CONTROL_PLANE_FINALIZER, wanted=wanted)
        if change is not None:
            self._written(await self._kube.hold_plane(plane, change))
            _say(f"{_PLANE} {plane.name}", wanted=wanted)

    async def _settle_secret(self, name: str) -> None:
        needing = finalizers.needing(name, self._known().values(), self._users)
        if not needing or any(finalizers.recorded(plane) for plane in needing):
            await self._hold(name, wanted=bool(needing))

    async def _hold(self, name: str, *, wanted: bool) -> None:
        """Set or remove the finalizer, if the Secret as last read lacks or has it; read anew after a conflict."""
        for last in (False, True):
            seen = await self._metadata(name)
            change = finalizers.finalizers(seen, CREDENTIALS_FINALIZER, wanted=wanted) if seen else None
            if seen is None or change is None:
                return
            self._seen.pop(name)
            try:
                body = await self._kube.hold_secret(self._namespace, seen, change)
            except Absent:
                return
            except Conflict:
                if last:
                    raise
            except KubernetesError:
                self._seen[name] = seen  # as it was, as far as anybody knows; a newer one is met by the conflict
                raise
            else:
                self._seen[name] = Metadata.model_validate(body["metadata"])
                _say(f"{_SECRET} {name}", wanted=wanted)
                return

    async def _metadata(self, name: str) -> Metadata | None:
        if name not in self._seen:
            try:
                await self.secret(self._namespace, name)
            except Absent:
                return None
        return self._seen[name]

    def _say_refused(self, key: str, error: KubernetesError) -> None:
        if key not in self._refused:
            self._refused.add(key)
            logger.warning("%s cannot be held or let go: %s Grant what deploy/rbac.yaml does.", key, error.message)


def _say(what: str, *, wanted: bool) -> None:
    logger.info("%s is %s", what, "held while registrations need it" if wanted else "let go")
