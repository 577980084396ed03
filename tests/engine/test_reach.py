"""Which RunaiControlPlanes reach the same control plane."""

from typing import Any

import pytest

from runai_registrar.engine.reach import Reach
from runai_registrar.resources import ControlPlane

URL = "https://app.run.ai"


def plane(name: str, url: str = URL, *, seen: int | None = None, pinned: int | None = None) -> ControlPlane:
    """Return a control plane whose tenant was seen, or is written down."""
    spec: dict[str, Any] = {"url": url, "credentialsSecretRef": {"name": name}}
    spec |= {} if pinned is None else {"tenantId": pinned}
    status = {} if seen is None else {"tenantId": seen}
    return ControlPlane.from_dict({"metadata": {"name": name, "uid": name}, "spec": spec, "status": status})


def reach(*planes: ControlPlane) -> Reach:
    """Return what is known of these."""
    known = Reach()
    for one in planes:
        known.put(one)
    return known


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (plane("b", seen=1001), True),
        (plane("b", pinned=1001), True),
        (plane("b", "HTTPS://App.Run.AI:443/", seen=1001), True),
        (plane("b", seen=2002), False),
        (plane("b", "https://runai.example.com", seen=1001), False),
        (plane("b"), False),
        (plane("b", "no address", seen=1001), False),
    ],
    ids=["same", "written-down", "other-spelling", "other-tenant", "other-address", "unknown-tenant", "unreadable"],
)
def test_the_address_and_the_tenant_tell(other: ControlPlane, *, same: bool) -> None:
    """The same address and tenant are the same control plane; one of both, or what is not known, is not enough."""
    known = reach(plane("a", seen=1001), other)

    assert known.alike("a") == ({"a", "b"} if same else {"a"})
    assert known.alike("b") == ({"a", "b"} if same else {"b"})


def test_what_changes_leads_elsewhere() -> None:
    """A control plane that moves, or is gone, is not counted where it was."""
    known = reach(plane("a", seen=1001), plane("b", seen=1001), plane("c", seen=1001))
    known.put(plane("b", seen=2002))
    known.remove("c")

    assert known.alike("a") == {"a"}
    assert known.alike("never seen") == {"never seen"}
