"""What the control plane displays of a cluster, cut to what an API server takes (DisplayedCluster → status).

Lists and maps are cut to their unhealthy entries first, texts and map keys to a length, dependencies to two levels; the
whole is at most `WHOLE` bytes of JSON. The CRD cannot bound map keys, and its limits per entry do not bound the whole.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from runai_registrar.controlplane import models
from runai_registrar.core.texts import plain
from runai_registrar.mirrored import (
    MAX_KEY,
    MAX_TEXT,
    ClusterCondition,
    Component,
    Config,
    Dependencies,
    Dependency,
    Operand,
    Platform,
)
from runai_registrar.values import Value

ENTRIES = 64
"""Most operands, dependencies of a kind, components of a dependency, and conditions."""

REASONS = 16
"""Most reasons of one operand."""

WHOLE = 100 * 1024
"""Bytes of JSON that the mirrored part may take, of the 128 KiB of the whole status."""

S = TypeVar("S")
V = TypeVar("V")


def displayed(cluster: models.Cluster) -> dict[str, Any]:
    """Return every displayed field of a cluster as the update of a RegistrationStatus."""
    status = cluster.status or models.ClusterStatus()
    facts: dict[str, Any] = {
        "uuid": cluster.uuid,
        "tenant_id": cluster.tenant_id,
        "cluster_name": _cut(cluster.name, MAX_KEY),
        "state": _cut(status.state, MAX_KEY),
        "domain": _cut(cluster.domain, MAX_TEXT),
        "version": _cut(cluster.version, MAX_KEY),
        "created_at": cluster.created_at,
        "updated_at": cluster.updated_at,
        "last_liveness": cluster.last_liveness,
        "delete_requested_at": cluster.delete_requested_at,
        "platform": _platform(status.platform),
        "config": _config(status.config),
    }
    return facts | _bounded(status)


def _bounded(status: models.ClusterStatus) -> dict[str, Any]:
    """The parts that can grow, with as many entries as fit into the whole."""
    entries = ENTRIES
    while True:
        parts: dict[str, Any] = {
            "operands": _operands(status.operands, entries),
            "dependencies": _dependencies(status.dependencies, entries),
            "cluster_conditions": _conditions(status.conditions, entries),
        }
        if entries <= 1 or _size(parts) <= WHOLE:
            return parts
        entries //= 2


def _size(parts: Mapping[str, Any]) -> int:
    values: list[Value] = [*parts["operands"].values(), *parts["cluster_conditions"]]
    if parts["dependencies"]:
        values.append(parts["dependencies"])
    return sum(len(value.model_dump_json(by_alias=True).encode()) + MAX_KEY for value in values)


def _cut(text: str | None, length: int) -> str | None:
    return None if text is None else plain(text[:length])


def _first(items: Mapping[str, S], well: Callable[[S], bool], build: Callable[[S], V], entries: int) -> dict[str, V]:
    """The unhealthy entries first, then by key; keys cut to length; only what is kept is built."""
    kept: dict[str, V] = {}
    for key in sorted(items, key=lambda key: (well(items[key]), key))[:entries]:
        kept.setdefault(plain(key[:MAX_KEY]), build(items[key]))
    return kept


def _platform(platform: models.Platform | None) -> Platform | None:
    if platform is None or platform == models.Platform():
        return None
    return Platform(type=_cut(platform.type, MAX_KEY), kube_version=_cut(platform.kube_version, MAX_KEY))


def _config(config: models.ClusterConfig | None) -> Config | None:
    if config is None or config == models.ClusterConfig():
        return None
    return Config(
        workload_ownership_protection=config.workload_ownership_protection,
        subdomain_enabled=config.subdomain_enabled,
        ingress_class=_cut(config.ingress_class, MAX_KEY),
    )


def _operands(operands: Mapping[str, models.OperandStatus], entries: int) -> dict[str, Operand]:
    return _first(operands, lambda operand: bool(operand.ready), _operand, entries)


def _operand(operand: models.OperandStatus) -> Operand:
    return Operand(
        ready=operand.ready,
        reasons=tuple(plain(reason[:MAX_TEXT]) for reason in operand.reasons[:REASONS]),
        last_transition_time=_cut(operand.last_transition_time, MAX_KEY),
        unready_threshold_crossed=operand.unready_threshold_crossed,
    )


def _dependencies(found: models.Dependencies | None, entries: int) -> Dependencies | None:
    if found is None or found == models.Dependencies():
        return None
    return Dependencies(
        required=_dependency_map(found.required, entries), optional=_dependency_map(found.optional, entries)
    )


def _dependency_map(found: Mapping[str, models.DependencyStatus], entries: int) -> dict[str, Dependency]:
    return _first(found, _available, lambda item: _dependency(item, entries), entries)


def _available(item: models.DependencyStatus) -> bool:
    return bool(item.available)


def _dependency(found: models.DependencyStatus, entries: int) -> Dependency:
    components = _first(found.components, _available, _component, entries)
    return Dependency(available=found.available, reason=_cut(found.reason, MAX_TEXT), components=components)


def _component(found: models.DependencyStatus) -> Component:
    return Component(available=found.available, reason=_cut(found.reason, MAX_TEXT))


def _conditions(found: Iterable[models.ClusterCondition], entries: int) -> tuple[ClusterCondition, ...]:
    """In the order displayed; where there are too many, those that are not True come first."""
    kept = list(found)
    if len(kept) > entries:
        kept.sort(key=lambda condition: condition.status == "True")
    return tuple(
        ClusterCondition(
            type=_cut(condition.type, MAX_TEXT),
            status=_cut(condition.status, MAX_KEY),
            reason=_cut(condition.reason, MAX_TEXT),
            message=_cut(condition.message, MAX_TEXT),
            observed_generation=_count(condition.observed_generation),
            last_transition_time=_cut(condition.last_transition_time, MAX_KEY),
        )
        for condition in kept[:entries]
    )


def _count(number: int | None) -> int | None:
    """A number that fits into the CRD's int64."""
    return number if number is not None and abs(number) < 2**63 else None
