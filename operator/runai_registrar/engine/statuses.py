"""Writes the status of a control plane in the background, where more than a time has changed; the newest counts."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from runai_registrar.core.report import timeless
from runai_registrar.errors import Conflict, KubernetesError
from runai_registrar.kube import Kube
from runai_registrar.resources import ControlPlane, ControlPlaneStatus

logger = logging.getLogger(__name__)


class Statuses:
    """The status that one control plane should have, and the write that is under way.

    Args:
        kube: The API server.
        plane: The control plane as last seen.
        written: Takes it as it is after a write.
        outdated: Called after a conflict: somebody else has written, and the watch has not brought it so far.
    """

    def __init__(
        self,
        kube: Kube,
        plane: Callable[[], ControlPlane],
        written: Callable[[ControlPlane], None],
        outdated: Callable[[], Awaitable[None]],
    ) -> None:
        self._kube, self._plane, self._written, self._outdated = kube, plane, written, outdated
        self._wanted: ControlPlaneStatus | None = None
        self._writing: asyncio.Task[None] | None = None
        self._refused: KubernetesError | None = None  # the latest write, for want of a right

    def report(self, status: ControlPlaneStatus) -> None:
        """Write this status as soon as the write under way has ended, instead of others that wait."""
        self._wanted = status
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="status of a control plane")

    async def record(self, status: ControlPlaneStatus) -> None:
        """Write the status and wait until that has ended, well or not; KubernetesError where a right is missing."""
        self.report(status)
        if self._writing is not None:
            await asyncio.wait({self._writing})
        if self._refused is not None:
            message = (
                "The operator may not write the status of the RunaiControlPlane, without which it does nothing. Grant "
                "it the right to patch runaicontrolplanes/status."
            )
            raise KubernetesError(message, status=self._refused.status) from self._refused

    def stop(self) -> asyncio.Task[None] | None:
        """Write nothing more; the write that is given up, if one is under way."""
        if self._writing is not None:
            self._writing.cancel()
        return self._writing

    async def _write(self) -> None:
        while (status := self._wanted) is not None:
            self._wanted = self._refused = None
            plane = self._plane()
            if timeless(status.to_dict()) == timeless(plane.status.to_dict()):
                continue
            try:
                written = await self._kube.write_plane_status(plane, status.to_dict())
            except Conflict:
                await self._outdated()
            except KubernetesError as error:
                self._refused = error if error.status == HTTPStatus.FORBIDDEN else None
                logger.warning("status of control plane %s: %s", plane.name, error.message)
            else:
                self._written(written)
