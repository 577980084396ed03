"""Runs to judge, made up call by call: each is one request about a registration called gpu, or what is left."""

import json
from typing import Any

from faults.calls import Call, Side, describe
from faults.evidence import CREATE_ATTEMPT, FINALIZER, Evidence
from faults.vocabulary import JOURNAL
from runai_registrar.simulator.admin_models import ClusterView
from runai_registrar.simulator.journal import Entry

UUID, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
RELEASE = "runai-registrar.io/release"
SECRET = "canary-secret-of-some-length"
PLACE = "/apis/runai-registrar.io/v1alpha1/namespaces/ns/runaiclusterregistrations/gpu"


def call(
    seq: int, side: Side, method: str, url: str, body: Any = None, *, status: int = 200, answer: Any = None
) -> Call:
    """A request that was let through and answered."""
    made = Call(
        seq,
        0.0,
        "operator",
        side,
        headers={},
        body=json.dumps(body).encode(),
        answer=b"" if answer is None else json.dumps(answer).encode(),
        **describe(side, method, url),
    )
    made.forwarded, made.status, made.answered = True, status, status
    return made


def shown(seq: int, uuid: str | None = UUID, owner: str = "uid", **changes: Any) -> dict[str, Any]:
    """The registration called gpu as the API server answers it; `changes` are fields of its spec, `meta`, `status`."""
    metadata = {"name": "gpu", "namespace": "ns", "uid": owner, "resourceVersion": str(seq)} | changes.pop("meta", {})
    status = {"uuid": uuid, "origin": "Created", "ownerUID": owner} if uuid else {}
    status |= changes.pop("status", {})
    return {"metadata": metadata, "spec": changes, "status": status}


def announced(seq: int, owner: str = "uid") -> Call:
    """Write 1 of a registration called gpu."""
    attempt = json.dumps({"id": f"a{seq}", "name": "gpu", "owner": owner})
    metadata = {"finalizers": [FINALIZER], "annotations": {CREATE_ATTEMPT: attempt}}
    return call(seq, Side.KUBERNETES, "PATCH", PLACE, {"metadata": metadata}, answer=shown(seq, None, owner))


def posted(seq: int, uuid: str = UUID) -> Call:
    """A POST of gpu that was carried out."""
    answer = {"uuid": uuid, "name": "gpu"}
    return call(seq, Side.CONTROL_PLANE, "POST", "/api/v1/clusters", {"name": "gpu"}, status=201, answer=answer)


def recorded(seq: int, uuid: str | None = UUID, owner: str = "uid") -> Call:
    """Write 2 with a title, or without one."""
    status = {"uuid": uuid, "origin": "Created", "ownerUID": owner} if uuid else {}
    change = [{"op": "replace", "path": "/status", "value": status}]
    return call(seq, Side.KUBERNETES, "PATCH", f"{PLACE}/status", change, answer=shown(seq, uuid, owner))


def read(seq: int, uuid: str = UUID, *, going: bool = True, **changes: Any) -> Call:
    """A live read, which shows a registration that is to go, unless told otherwise."""
    meta = {"deletionTimestamp": "now"} if going else {}
    answer = {"items": [shown(seq, uuid, meta=meta | changes.pop("meta", {}), **changes)]}
    return call(seq, Side.KUBERNETES, "GET", PLACE.removesuffix("/gpu"), answer=answer)


def listed(seq: int, *uuids: str) -> Call:
    """A list of clusters, complete before the next request comes."""
    made = call(
        seq, Side.CONTROL_PLANE, "GET", "/api/v1/clusters", answer=[{"uuid": uuid, "name": "gpu"} for uuid in uuids]
    )
    made.ended = seq + 1
    return made


def released(seq: int, uuid: str = UUID, **changes: Any) -> Call:
    """The write that takes the finalizer away."""
    metadata = {"resourceVersion": "1", "finalizers": []}
    return call(seq, Side.KUBERNETES, "PATCH", PLACE, {"metadata": metadata}, answer=shown(seq, uuid, **changes))


def renamed(seq: int, uuid: str = UUID) -> Call:
    """A PUT that was carried out."""
    return call(seq, Side.CONTROL_PLANE, "PUT", f"/api/v1/clusters/{uuid}", {"name": "new"}, status=204)


def asking(made: Call, **headers: str) -> Call:
    """The same request with headers."""
    made.headers = headers
    return made


def deleted(seq: int, uuid: str = UUID, *, force: bool = False) -> Call:
    """A DELETE that was carried out."""
    url = f"/api/v1/clusters/{uuid}{'?force=true' if force else ''}"
    return call(seq, Side.CONTROL_PLANE, "DELETE", url, status=204)


def sent(each: Call) -> dict[str, str]:
    """The header by which the proxy tells the number of a request."""
    return {JOURNAL: str(each.seq)}


def carried_out(calls: list[Call]) -> list[Entry]:
    """The control plane's own journal of these calls."""
    names = {"POST": "create_cluster", "DELETE": "delete_cluster"}
    return [
        Entry(
            each.seq, 0, each.method, each.path, {}, sent(each), each.body.decode(), names[each.method], committed=True
        )
        for each in calls
        if each.side is Side.CONTROL_PLANE and each.method in names
    ]


def cluster(uuid: str = UUID, source: str = "api") -> ClusterView:
    """A cluster called gpu that lives at the end."""
    absent = dict.fromkeys(
        ("domain", "version", "updated_at", "deleted_at", "last_liveness", "delete_requested_at", "status", "state")
    )
    secret = {"client_secret": SECRET, "source": source}
    return ClusterView.model_validate(
        {"uuid": uuid, "tenant_id": 1, "name": "gpu", "created_at": "now"} | absent | secret
    )


def registration(uuid: str = UUID, owner: str = "uid", message: str = "") -> dict[str, Any]:
    """A registration called gpu at the end."""
    status = {"uuid": uuid, "origin": "Created", "ownerUID": owner, "conditions": [{"message": message}]}
    return {"metadata": {"name": "gpu", "uid": owner}, "status": status}


def run(*calls: Call, **end: Any) -> Evidence:
    """A run of these calls that ends with one cluster and one registration that holds it, unless told otherwise."""
    known: dict[str, Any] = {"clusters": [cluster()], "registrations": [registration()]}
    return Evidence(calls=calls, entries=carried_out(list(calls)), **(known | end))


GOOD = (announced(1), posted(2), recorded(3))
GONE: dict[str, Any] = {"clusters": [], "registrations": []}
TOKEN = call(1, Side.CONTROL_PLANE, "POST", "/api/v2/token", answer={"access_token": "canary-of-a-token"})
