"""What a control plane shows and what Kubernetes holds, as one value to choose from."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.claims import written_title
from runai_registrar.core.observed import is_live
from runai_registrar.gitops.naming import names
from runai_registrar.resources import Registration


def held_uuid(registration: Registration) -> str | None:
    """The cluster that a registration owns, or asks to adopt."""
    title, adopt = written_title(registration), registration.spec.adopt
    return title.uuid if title else adopt.uuid if adopt else None


def matching(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name matches one of the patterns (`*`, `?`, `[…]`); without patterns every name does."""
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


@dataclass(frozen=True)
class Seen:
    """One look at a control plane.

    Attributes:
        plane: The name of the RunaiControlPlane.
        clusters: All of its clusters, those being deleted included.
        registrations: All registrations that could be seen, whatever their control plane; none without Kubernetes.
    """

    plane: str
    clusters: tuple[Cluster, ...]
    registrations: tuple[Registration, ...] = ()

    @property
    def live(self) -> tuple[Cluster, ...]:
        """The clusters that exist and stay, by name and then uuid."""
        return tuple(sorted(filter(is_live, self.clusters), key=lambda each: (each.name, each.uuid)))

    @property
    def owners(self) -> dict[str, Registration]:
        """The registrations of this control plane that own a cluster or ask to adopt it, by uuid."""
        ours = [each for each in self.registrations if each.spec.control_plane_ref.name == self.plane]
        by_uuid = {uuid: each for each in ours if (uuid := held_uuid(each))}
        return by_uuid | {title.uuid: each for each in ours if (title := written_title(each))}

    def chosen(self, patterns: Sequence[str], *, everything: bool) -> tuple[Cluster, ...]:
        """The live clusters of matching names: those without a registration, or all of them."""
        owners = self.owners
        return tuple(c for c in self.live if matching(c.name, patterns) and (everything or c.uuid not in owners))

    def names(self) -> dict[str, str]:
        """The name of a registration for each live cluster, by uuid."""
        live = self.live
        known = {c.uuid: owner.name for c in live if (owner := self.owners.get(c.uuid))}
        reserved = {each.name for each in self.registrations} - set(known.values())
        return names(live, known, reserved)
