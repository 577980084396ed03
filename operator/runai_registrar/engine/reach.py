"""Which RunaiControlPlanes reach the same control plane, so that a name taken through one is taken through the others.

The address alone does not tell (one address may serve many tenants), and the tenant's number does not either: the first
tenants of self-hosted control planes often share one. Both do together, where both are known (`docs/decisions/0016`).
"""

from collections import defaultdict

from runai_registrar.controlplane.endpoint import Endpoint
from runai_registrar.errors import InvalidEndpoint
from runai_registrar.resources import ControlPlane

Place = tuple[str, int]
"""The origin of a URL in its normal spelling, and a tenant there."""


class Reach:
    """Where each RunaiControlPlane leads, by name."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self._names: defaultdict[Place, set[str]] = defaultdict(set)

    def put(self, plane: ControlPlane) -> None:
        """Take note of where a control plane leads now."""
        self.remove(plane.name)
        place = _place(plane)
        if place is not None:
            self._places[plane.name] = place
            self._names[place].add(plane.name)

    def remove(self, name: str) -> None:
        """Forget a control plane."""
        place = self._places.pop(name, None)
        if place is not None:
            self._names[place].discard(name)

    def alike(self, name: str) -> frozenset[str]:
        """The names under which the same control plane is reached, this one included."""
        place = self._places.get(name)
        return frozenset({name} | self._names[place]) if place else frozenset({name})


def tenant_of(plane: ControlPlane) -> int | None:
    """The tenant that is held to, as far as it is known."""
    return plane.spec.tenant_id or plane.status.tenant_id


def _place(plane: ControlPlane) -> Place | None:
    tenant = tenant_of(plane)
    try:
        origin = Endpoint(plane.spec.url, allow_insecure=True).origin
    except InvalidEndpoint:
        return None
    return None if tenant is None else (origin, tenant)
