"""Both sides put beside each other."""

from typing import Any

from demo.scenes import UNSEEN, UUID
from runai_registrar.demo.scene import pair, plane
from runai_registrar.resources import ControlPlane, Registration
from runai_registrar.simulator.admin_models import ClusterView


def registration(name: str, *, created: str = "2026-01-01T00:00:00Z", namespace: str = "default", **status: Any) -> Any:
    """A registration as the API server shows it."""
    metadata = {"name": name, "namespace": namespace, "uid": name, "creationTimestamp": created}
    return Registration.from_dict({"metadata": metadata, "spec": {}, "status": status})


def cluster(uuid: str, name: str, **fields: Any) -> ClusterView:
    """A cluster as the admin port shows it."""
    absent = dict.fromkeys(("domain", "version", "updatedAt", "deletedAt", "lastLiveness", "deleteRequestedAt"))
    known = {"uuid": uuid, "tenantId": 1, "name": name, "createdAt": "", "source": "api", "clientSecret": "s"}
    return ClusterView.model_validate({**absent, "status": None, "state": "Connected", **known, **fields})


def test_a_registration_stands_beside_its_cluster() -> None:
    """The uuid in the status joins the sides, whatever the names are."""
    (seen,) = pair([registration("gpu-east", uuid=UUID, clusterName="gpu-east")], [cluster(UUID, "oops")])

    assert (seen.name, seen.cluster) == ("gpu-east", "gpu-east")
    assert seen.there
    assert (seen.there.name, seen.there.state, seen.there.draining) == ("oops", "Connected", False)


def test_a_cluster_under_deletion_is_draining() -> None:
    """A deletion that was asked for shows as draining."""
    (seen,) = pair([], [cluster(UUID, "gpu-east", deleteRequestedAt="2026-01-01T00:00:00Z")])

    assert seen.there
    assert seen.there.draining


def test_a_new_registration_has_nothing_to_show_yet() -> None:
    """Before the operator's first look there is a name and no cluster, and a cluster there stays without owner."""
    fresh, free = pair([registration("gpu-east")], [cluster(UUID, "gpu-east")])

    assert (fresh.ready, fresh.state, fresh.uuid, fresh.there) == (UNSEEN, UNSEEN, UNSEEN, None)
    assert (free.name, free.key) == (None, UUID)


def test_order_and_namespaces() -> None:
    """Rows come in the order of creation; a name outside the namespace default says where it is."""
    late = registration("a", created="2026-01-02T00:00:00Z", namespace="platform")

    assert [row.name for row in pair([late, registration("b")], [])] == ["b", "platform/a"]


def test_a_control_plane_before_and_after_the_first_look() -> None:
    """What the operator has not said yet is a dash and zeros."""
    body: dict[str, Any] = {
        "metadata": {"name": "default", "uid": "u"},
        "spec": {"url": "http://127.0.0.1:1", "credentialsSecretRef": {"name": "s"}},
    }
    fresh = plane(ControlPlane.from_dict(body))
    ready = {"type": "Ready", "status": "True", "reason": "Reachable", "message": "", "lastTransitionTime": CREATED}
    status = {"clusters": {"total": 3, "managed": 2, "unmanaged": 1}, "conditions": [ready]}
    seen = plane(ControlPlane.from_dict(body | {"status": status}))

    assert (fresh.ready, fresh.reason, fresh.total, fresh.managed) == (UNSEEN, UNSEEN, 0, 0)
    assert (seen.ready, seen.reason, seen.total, seen.managed) == ("True", "Reachable", 3, 2)


CREATED = "2026-01-01T00:00:00Z"
