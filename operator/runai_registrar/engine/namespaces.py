"""Which namespaces may use a control plane (`spec.allowedNamespaces`)."""

from collections.abc import Mapping

from runai_registrar.core.times import Stamp
from runai_registrar.engine import clock
from runai_registrar.errors import Absent
from runai_registrar.kube import Kube
from runai_registrar.resources import AllowedNamespaces, NamespacesFrom

MEMORY = 30.0
"""Seconds for which the labels of a namespace are remembered."""


class Namespaces:
    """Answers for one operator process; labels are read only where a selector needs them."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._labels: dict[str, tuple[Stamp, Mapping[str, str]]] = {}

    async def allowed(self, rule: AllowedNamespaces, namespace: str) -> bool:
        """Whether a registration in this namespace may use the control plane."""
        if rule.from_ is not NamespacesFrom.SELECTOR:
            return _named(rule, namespace)
        return rule.selector is not None and rule.selector.matches(await self._of(namespace))

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
