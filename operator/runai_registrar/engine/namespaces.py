"""Which namespaces may use a control plane (`spec.allowedNamespaces`).

Namespaces are not watched: those whose registrations use a control plane are read anew now and then.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping

from runai_registrar.core.times import Stamp
from runai_registrar.engine import clock
from runai_registrar.errors import Absent, KubernetesError
from runai_registrar.kube import Kube
from runai_registrar.resources import AllowedNamespaces, NamespacesFrom

MEMORY = 30.0
"""Seconds for which the labels of a namespace are remembered."""


logger = logging.getLogger(__name__)


class Namespaces:
    """Answers for one operator process; labels are read only where a selector needs them."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._labels: dict[str, tuple[Stamp, Mapping[str, str]]] = {}
        self._told: dict[str, dict[str, bool]] = {}
        self._reading: dict[str, asyncio.Task[None]] = {}

    async def allowed(self, rule: AllowedNamespaces, namespace: str) -> bool:
        """Whether a registration in this namespace may use the control plane."""
        if rule.from_ is not NamespacesFrom.SELECTOR:
            return _named(rule, namespace)
        return rule.selector is not None and rule.selector.matches(await self._of(namespace))

    def look(
        self, plane: str, rule: AllowedNamespaces, namespaces: Collection[str], turned: Callable[[], None]
    ) -> None:
        """Read old labels anew in the background; `turned` is called where a namespace was let in or shut out since."""
        under_way = self._reading.get(plane)
        if rule.from_ is NamespacesFrom.SELECTOR and (under_way is None or under_way.done()):
            self._reading[plane] = asyncio.create_task(self._read(plane, rule, namespaces, turned))

    async def aclose(self) -> None:
        """Read nothing more."""
        for task in self._reading.values():
            task.cancel()
        await asyncio.gather(*self._reading.values(), return_exceptions=True)

    async def _read(
        self, plane: str, rule: AllowedNamespaces, namespaces: Collection[str], turned: Callable[[], None]
    ) -> None:
        try:
            now = {namespace: await self.allowed(rule, namespace) for namespace in namespaces}
        except KubernetesError as error:
            logger.debug("control plane %s: namespaces cannot be read now: %s", plane, error.message)
            return
        before, self._told[plane] = self._told.get(plane, {}), now
        if any(before.get(namespace, True) is not allowed for namespace, allowed in now.items()):
            turned()

    def known(self, rule: AllowedNamespaces, namespace: str) -> bool:
        """The same as far as it is known at this moment: what was never read is not refused."""
        if rule.from_ is not NamespacesFrom.SELECTOR:
            return _named(rule, namespace)
        labels = self._labels.get(namespace)
        return labels is None or (rule.selector is not None and rule.selector.matches(labels[1]))

    async def _of(self, namespace: str) -> Mapping[str, str]:
        known = self._labels.get(namespace)
        if known is not None and known[0].age(clock.now()) < MEMORY:
            return known[1]
        try:
            labels = (await self._kube.namespace(namespace)).labels
        except Absent:
            labels = {}
        self._labels[namespace] = (clock.now(), labels)
        return labels


def _named(rule: AllowedNamespaces, namespace: str) -> bool:
    return rule.from_ is NamespacesFrom.ALL or namespace in rule.names
