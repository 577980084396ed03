"""Words for scenes in tests."""

from datetime import UTC, datetime

from runai_registrar.demo.scene import UNSEEN, Plane, Row, Scene, There

UUID = "30530817-e5e4-4acd-a4e0-1ff89ed6b2be"
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
PLANE = Plane("default", "True", "Reachable", "http://127.0.0.1:8600", total=2, managed=1)


def there(name: str = "gpu-east", state: str = "Connected", *, uuid: str = UUID, draining: bool = False) -> There:
    """A cluster in the control plane."""
    return There(uuid, name, state, draining)


def row(
    name: str | None = "gpu-east",
    *,
    ready: str = "True",
    reason: str = "Registered",
    cluster: str = "gpu-east",
    state: str = "Connected",
    uuid: str = UUID,
    seen: There | None = None,
) -> Row:
    """A registration; `seen` is its cluster."""
    return Row(name, ready, reason, state, cluster, uuid, "Created", CREATED, seen)


def ownerless(name: str = "legacy", *, uuid: str = UUID) -> Row:
    """A cluster that no registration holds."""
    return Row(uuid=uuid, there=there(name, uuid=uuid))


def scene(*rows: Row) -> Scene:
    """A scene with the control plane `default`."""
    return Scene(rows, PLANE)


__all__ = ["CREATED", "PLANE", "UNSEEN", "UUID", "ownerless", "row", "scene", "there"]
