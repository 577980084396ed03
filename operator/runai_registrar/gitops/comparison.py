"""Where registrations and the clusters of a control plane differ: in what there is, and in name, domain and version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.drift import drifted
from runai_registrar.core.observed import is_live
from runai_registrar.core.texts import plain
from runai_registrar.gitops.seen import held_uuid
from runai_registrar.resources import Registration


class Kind(StrEnum):
    """What a difference is about; the values are the keys of the JSON form."""

    ONLY_DECLARED = "onlyDeclared"
    ONLY_IN_CONTROL_PLANE = "onlyInControlPlane"
    DIFFERS = "differs"


@dataclass(frozen=True)
class Difference:
    """One difference.

    Attributes:
        name: The cluster's name: as displayed, or as asked for where there is no cluster.
        registration: `namespace/name`, or the name alone where a file names no namespace.
        note: Why there is no cluster for a registration.
        field: `clusterName`, `domain` or `version`, with what is `declared` and what is `displayed`.
    """

    kind: Kind
    name: str
    uuid: str | None = None
    registration: str | None = None
    note: str | None = None
    field: str | None = None
    declared: str | None = None
    displayed: str | None = None

    def line(self, side: str) -> str:
        """The difference in one line; `side` says where registrations are declared, such as `Git`."""
        match self.kind:
            case Kind.ONLY_DECLARED:
                text = f"only in {side}: {self.registration}: {self.note}"
            case Kind.ONLY_IN_CONTROL_PLANE:
                text = f"only in the control plane: {self.name} ({self.uuid})"
            case Kind.DIFFERS:
                where = f"{self.registration} ({self.uuid})"
                text = f"differs: {where}: {self.field} is {self.declared} in {side}, {self.displayed} displayed"
        return plain(text)

    def to_dict(self) -> dict[str, str]:
        """The JSON form, without what is not there."""
        named = {
            "clusterName": self.name,
            "uuid": self.uuid,
            "registration": self.registration,
            "note": self.note,
            "field": self.field,
            "declared": self.declared,
            "displayed": self.displayed,
        }
        return {key: value for key, value in named.items() if value is not None}


def compare(
    registrations: Sequence[Registration], clusters: Sequence[Cluster], held: Mapping[str, str]
) -> list[Difference]:
    """All differences, in a stable order.

    Args:
        registrations: Of this control plane, from files or live.
        clusters: All of the control plane, those being deleted included.
        held: The uuids of the clusters that live registrations own, by `namespace/name`.
    """
    pairing = _Pairing(clusters)
    ordered = sorted(registrations, key=lambda each: each.key)
    by_uuid = {each: uuid for each in range(len(ordered)) if (uuid := _uuid(ordered[each], held))}
    found: list[Difference] = []
    for index, uuid in by_uuid.items():
        found += pairing.by_uuid(ordered[index], uuid)
    for index in range(len(ordered)):
        if index not in by_uuid:
            found += pairing.by_name(ordered[index])
    found += [Difference(Kind.ONLY_IN_CONTROL_PLANE, each.name, each.uuid) for each in pairing.left()]
    return sorted(found, key=lambda each: (each.kind, each.registration or "", each.name, each.uuid or "", str(each)))


def _uuid(registration: Registration, held: Mapping[str, str]) -> str | None:
    return held.get(registration.key) or held_uuid(registration)


def label(registration: Registration) -> str:
    """How a registration is named to people."""
    return registration.key.removeprefix("/")


class _Pairing:
    """Clusters find their registrations: those that are named by uuid first."""

    def __init__(self, clusters: Sequence[Cluster]) -> None:
        self._clusters = {cluster.uuid: cluster for cluster in clusters}
        self._paired: dict[str, Registration] = {}

    def by_uuid(self, registration: Registration, uuid: str) -> list[Difference]:
        cluster = self._clusters.get(uuid)
        if other := self._paired.get(uuid):
            return _alone(registration, f"its cluster {uuid} is that of {label(other)}")
        if cluster is None:
            return _alone(registration, f"there is no cluster {uuid}")
        self._paired[uuid] = registration
        if not is_live(cluster):
            return _alone(registration, f"its cluster {uuid} is being deleted")
        return _differing(registration, cluster)

    def by_name(self, registration: Registration) -> list[Difference]:
        named = [each for each in self.left() if each.name == registration.cluster_name]
        if len(named) != 1:
            count = "several clusters are" if named else "no cluster is"
            return _alone(registration, f"{count} named {registration.cluster_name}")
        return self.by_uuid(registration, named[0].uuid)

    def left(self) -> list[Cluster]:
        """The live clusters without a registration."""
        return [each for each in self._clusters.values() if is_live(each) and each.uuid not in self._paired]


def _alone(registration: Registration, note: str) -> list[Difference]:
    return [
        Difference(Kind.ONLY_DECLARED, registration.cluster_name, registration=label(registration), note=note),
    ]


def _differing(registration: Registration, cluster: Cluster) -> list[Difference]:
    """What `Drifted` reports."""
    return [
        Difference(
            Kind.DIFFERS,
            cluster.name,
            cluster.uuid,
            label(registration),
            field=field,
            declared=wanted,
            displayed=shown,
        )
        for field, wanted, shown in drifted(registration, cluster)
    ]
