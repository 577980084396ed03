"""The control planes: as last seen, each with its poller; and the status that is written back to them."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from runai_registrar.core.observed import ControlPlaneView, Trouble
from runai_registrar.core.planes import Held
from runai_registrar.core.times import Stamp, Timing
from runai_registrar.engine import clock
from runai_registrar.engine.cache import newer
from runai_registrar.engine.connection import Connection
from runai_registrar.engine.holds import Holds
from runai_registrar.engine.namespaces import Namespaces
from runai_registrar.engine.poller import Poll, Poller
from runai_registrar.engine.reach import Reach, tenant_of
from runai_registrar.engine.statuses import Statuses
from runai_registrar.errors import KubernetesError
from runai_registrar.kube import Kube
from runai_registrar.resources import ControlPlane, ControlPlaneSpec, ControlPlaneStatus

logger = logging.getLogger(__name__)


@dataclass
class _Berth:
    plane: ControlPlane
    poller: Poller
    task: asyncio.Task[None]
    statuses: Statuses


class Fleet:
    """All RunaiControlPlanes by name; `bind` says who owns what, and whom to tell."""

    def __init__(self, kube: Kube, namespace: str, timing: Timing) -> None:
        self._kube, self._namespace, self._timing = kube, namespace, timing
        self._berths: dict[str, _Berth] = {}
        self._gone: set[str] = set()  # since the last complete list, which may have begun before they went
        self._listing = asyncio.Lock()
        self._listed: Stamp | None = None
        self._namespaces, self._reach = Namespaces(kube), Reach()
        self._held: Callable[[str], Held] = lambda _: Held(frozenset(), frozenset())
        self._changed: Callable[[str, Poll], None] = lambda *_: None
        self._seen: Callable[[str], None] = lambda _: None
        self._users: Callable[[str], Collection[str]] = lambda _: ()
        self._holds = Holds(kube, namespace, self._planes, self._in_use, self._take)

    def bind(
        self,
        held: Callable[[str], Held],
        changed: Callable[[str, Poll], None],
        seen: Callable[[str], None],
        users: Callable[[str], Collection[str]],
    ) -> None:
        """Connect the fleet to the registrations."""
        self._held, self._changed, self._seen, self._users = held, changed, seen, users

    def see(self, body: Mapping[str, Any]) -> None:
        """Take in one control plane from a watch or a list."""
        try:
            plane = ControlPlane.from_dict(body)
        except ValueError:
            logger.exception("a control plane cannot be read and is left alone")
            return
        berth = self._berths.get(plane.metadata.name)
        if berth is None:
            self._begin(plane)
        elif berth.plane.metadata.uid != plane.metadata.uid:
            self.lose(plane.metadata.name)
            self._begin(plane)
        elif not newer(berth.plane.metadata.resource_version, plane.metadata.resource_version):
            self._change(berth, plane)

    def lose(self, name: str, uid: str | None = None) -> None:
        """A control plane is not there any more (`uid`: only if it is this object)."""
        berth = self._berths.get(name)
        if berth is None or (uid is not None and berth.plane.metadata.uid != uid):
            return
        del self._berths[name]
        self._gone.add(berth.plane.metadata.uid)
        berth.task.cancel()
        berth.statuses.stop()
        self._reach.remove(name)
        self._holds.lose(berth.plane)
        self._seen(name)

    async def list_live(self, after: Stamp) -> None:
        """List all control planes, unless a list that began after this moment was made: what a watch has missed."""
        async with self._listing:
            if self._listed is not None and self._listed.after(after):
                return
            began = clock.now()
            listed = await self._kube.control_planes()
            self._listed = began
            for body in listed.items:
                if body["metadata"]["uid"] not in self._gone:
                    self.see(body)
            self._gone.clear()
            there = {body["metadata"]["name"] for body in listed.items}
            for name in self._berths.keys() - there:
                if not newer(self._berths[name].plane.metadata.resource_version, listed.resource_version):
                    self.lose(name)

    def used(self, name: str) -> None:
        """A registration that refers to a control plane was seen, or is gone."""
        if berth := self._berths.get(name):
            self._holds.used(berth.plane)

    def poller(self, name: str) -> Poller | None:
        """The poller of a control plane, or None where there is no such control plane."""
        berth = self._berths.get(name)
        return berth.poller if berth else None

    def alike(self, name: str) -> frozenset[str]:
        """The control planes that reach the same one as this one does, itself included."""
        return self._reach.alike(name)

    def still(self, seen: ControlPlaneView, namespace: str, client: object) -> bool:
        """Whether a control plane is still as this namespace has seen it, and still asked with this client."""
        berth = self._berths.get(seen.name)
        if berth is None or berth.poller.client is not client or berth.plane.deleting != seen.deleting:
            return False
        spec, trouble = berth.plane.spec, berth.poller.trouble
        usable = not spec.suspend and self._namespaces.known(spec.allowed_namespaces, namespace)
        return usable and (trouble is None or trouble.passing) and _same_tenant(berth.plane, seen)

    async def view(self, name: str, namespace: str) -> ControlPlaneView:
        """A control plane as a registration in this namespace sees it."""
        berth = self._berths.get(name)
        if berth is None:
            return ControlPlaneView(name, exists=False)
        spec = berth.plane.spec
        trouble = berth.poller.trouble
        try:
            allowed = await self._namespaces.allowed(spec.allowed_namespaces, namespace)
        except KubernetesError as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            message = (
                "The operator may not read namespaces, which spec.allowedNamespaces.selector needs. Grant it that."
            )
            allowed, trouble = True, Trouble("ControlPlaneNotReady", message, passing=False, since=clock.now())
        return ControlPlaneView(
            name=name,
            url=spec.url,
            tenant_id=tenant_of(berth.plane),
            allowed=allowed,
            suspended=spec.suspend,
            deleting=berth.plane.deleting,
            trouble=trouble,
            poll_interval=spec.poll_interval.total_seconds(),
        )

    async def aclose(self) -> None:
        """Stop all pollers."""
        tasks = [berth.task for berth in self._berths.values()]
        for task in tasks:
            task.cancel()
        tasks += [writing for berth in self._berths.values() if (writing := berth.statuses.stop())]
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._namespaces.aclose()
        await self._holds.aclose()
        self._berths.clear()

    def _planes(self) -> Mapping[str, ControlPlane]:
        return {name: berth.plane for name, berth in self._berths.items()}

    def _in_use(self, name: str) -> Collection[str]:
        return self._users(name)

    def _begin(self, plane: ControlPlane) -> None:
        name = plane.metadata.name
        poller = Poller(
            plane=lambda: self._berths[name].plane if name in self._berths else None,
            held=lambda: self._held(name),
            connection=Connection(self._holds, self._namespace, self._timing, lambda: self._wanted(name)),
            report=lambda status: self._report(name, status),
            record=lambda status: self._record(name, status),
            changed=lambda poll: self._looked(name, poll),
        )
        task = asyncio.create_task(poller.run(), name=f"poll {name}")
        statuses = Statuses(self._kube, lambda: berth.plane, self._take, lambda: self._outdated(name))
        berth = self._berths[name] = _Berth(plane, poller, task, statuses)
        self._reach.put(plane)
        self._holds.look(name)
        self._seen(name)

    def _change(self, berth: _Berth, plane: ControlPlane) -> None:
        before, berth.plane = berth.plane, plane
        self._reach.put(plane)
        self._holds.look(plane.name)
        if _reached_by(before.spec) != _reached_by(plane.spec):
            berth.poller.forget()
        if plane.spec.suspend and not before.spec.suspend:
            berth.poller.pause(plane)
        if before.spec != plane.spec or before.deleting != plane.deleting:
            berth.poller.look()
            self._seen(plane.name)

    def _wanted(self, name: str) -> bool:
        """Whether a control plane may be asked for anything at this moment."""
        berth = self._berths.get(name)
        return berth is not None and not berth.plane.spec.suspend

    def _take(self, plane: ControlPlane) -> None:
        """Take in the answer to a write of our own."""
        berth = self._berths.get(plane.name)
        same = berth is not None and berth.plane.metadata.uid == plane.metadata.uid
        if berth is not None and same and newer(plane.metadata.resource_version, berth.plane.metadata.resource_version):
            self._change(berth, plane)

    def _looked(self, name: str, poll: Poll) -> None:
        self._holds.look(name)
        if berth := self._berths.get(name):
            spaces = {user.partition("/")[0] for user in self._users(name)}
            self._namespaces.look(name, berth.plane.spec.allowed_namespaces, spaces, lambda: self._seen(name))
        self._changed(name, poll)

    def _report(self, name: str, status: ControlPlaneStatus) -> None:
        if berth := self._berths.get(name):
            berth.statuses.report(self._holds.noted(berth.plane, status))

    async def _record(self, name: str, status: ControlPlaneStatus) -> None:
        if berth := self._berths.get(name):
            await berth.statuses.record(self._holds.noted(berth.plane, status))

    async def _outdated(self, name: str) -> None:
        """Somebody else has written: the watch may have missed it, so that a list must tell; the next look reports."""
        try:
            await self.list_live(clock.now())
        except KubernetesError as error:
            logger.warning("%s The list of control planes is made later.", error.message)
        if berth := self._berths.get(name):
            berth.poller.look()


def _reached_by(spec: ControlPlaneSpec) -> tuple[object, ...]:
    """What decides which control plane is asked, and as whom."""
    return (spec.url, spec.allow_insecure_transport, spec.credentials_secret_ref, spec.ca_bundle, spec.proxy_url)


def _same_tenant(plane: ControlPlane, seen: ControlPlaneView) -> bool:
    """Whether the tenant is the one that was seen, or the first that a list has shown since."""
    return tenant_of(plane) == seen.tenant_id or (seen.tenant_id is None and plane.spec.tenant_id is None)
