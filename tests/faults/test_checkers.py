"""The judges: each names a breach that it is shown. A judge that finds nothing anywhere would be worthless."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from faults import checkers
from faults.calls import Call, Side, describe
from faults.canaries import places_of
from faults.checkers import Evidence
from runai_registrar.simulator.admin_models import ClusterView
from runai_registrar.simulator.journal import Entry

UUID, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
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
        answer=json.dumps(answer).encode(),
        **describe(side, method, url),
    )
    made.forwarded, made.status, made.answered = True, status, status
    return made


def announced(seq: int, owner: str = "uid") -> Call:
    """Write 1 of a registration called gpu."""
    attempt = json.dumps({"id": f"a{seq}", "name": "gpu", "owner": owner})
    metadata = {"finalizers": [checkers.FINALIZER], "annotations": {checkers.CREATE_ATTEMPT: attempt}}
    return call(seq, Side.KUBERNETES, "PATCH", PLACE, {"metadata": metadata})


def posted(seq: int, uuid: str = UUID) -> Call:
    """A POST of gpu that was carried out."""
    answer = {"uuid": uuid, "name": "gpu"}
    return call(seq, Side.CONTROL_PLANE, "POST", "/api/v1/clusters", {"name": "gpu"}, status=201, answer=answer)


def recorded(seq: int, uuid: str | None = UUID) -> Call:
    """Write 2 with a title, or without one."""
    status = {"uuid": uuid, "origin": "Created", "ownerUID": "uid"} if uuid else {}
    change = [{"op": "replace", "path": "/status", "value": status}]
    return call(seq, Side.KUBERNETES, "PATCH", f"{PLACE}/status", change)


def deleted(seq: int, uuid: str = UUID, *, force: bool = False) -> Call:
    """A DELETE that was carried out."""
    url = f"/api/v1/clusters/{uuid}{'?force=true' if force else ''}"
    return call(seq, Side.CONTROL_PLANE, "DELETE", url, status=204)


def carried_out(calls: list[Call]) -> list[Entry]:
    """The control plane's own journal of these calls."""
    names = {"POST": "create_cluster", "DELETE": "delete_cluster"}
    return [
        Entry(each.seq, 0, each.method, each.path, {}, {}, each.body.decode(), names[each.method], committed=True)
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


def test_a_good_run_has_no_breach() -> None:
    """Announced, made, recorded and deleted: nothing to complain of."""
    assert checkers.complaints(run(*GOOD)) == []
    assert checkers.complaints(run(*GOOD, deleted(4), clusters=[], registrations=[])) == []


BREACHES = {
    "two clusters for one registration": (
        run(*GOOD, announced(4), posted(5, OTHER), clusters=[cluster(), cluster(OTHER)]),
        {"I1", "I2"},
    ),
    "two holders": (run(*GOOD, registrations=[registration(), registration(owner="uid-2")]), {"I1"}),
    "a cluster that nobody holds": (run(*GOOD, registrations=[]), {"I2"}),
    "a copied status holds nothing": (
        run(*GOOD, registrations=[registration() | {"metadata": {"name": "gpu", "uid": "another"}}]),
        {"I2"},
    ),
    "a DELETE without a title": (run(announced(1), posted(2), deleted(3), clusters=[], registrations=[]), {"I3"}),
    "a DELETE before the title was recorded": (
        run(announced(1), posted(2), deleted(3), recorded(4), clusters=[]),
        {"I3"},
    ),
    "a forced DELETE": (run(*GOOD, deleted(4, force=True), clusters=[], registrations=[]), {"I3"}),
    "a uuid that was blanked": (run(*GOOD, recorded(4, None)), {"I4"}),
    "a uuid that was replaced": (run(*GOOD, recorded(4, OTHER), registrations=[registration(OTHER)]), {"I2", "I4"}),
    "a POST that was not announced": (run(posted(1), recorded(2)), {"I5"}),
    "a second POST for one announcement": (
        run(announced(1), posted(2), posted(3, OTHER), recorded(4), clusters=[cluster()]),
        {"I1", "I5"},
    ),
    "a secret in a log": (replace(run(*GOOD), logs=[f"sent {SECRET}"], secrets={SECRET}), {"I8"}),
    "a secret in an annotation": (
        replace(
            run(*GOOD, call(4, Side.KUBERNETES, "PATCH", PLACE, {"metadata": {"annotations": {"x": SECRET}}})),
            secrets={SECRET},
        ),
        {"I8"},
    ),
}


@pytest.mark.parametrize(("seen", "invariants"), BREACHES.values(), ids=BREACHES)
def test_a_breach_is_named(seen: Evidence, invariants: set[str]) -> None:
    """Each breach is named by the invariant that it breaks, and no other is."""
    assert {said.partition(":")[0] for said in checkers.complaints(seen)} == invariants


def test_what_was_asked_for_is_no_breach() -> None:
    """A forced deletion that a spec wants, an orphan, and a cluster named in a condition are allowed where said so."""
    gone = run(*GOOD, deleted(4, force=True), clusters=[], registrations=[])
    assert checkers.complaints(gone, force=True) == []
    assert checkers.complaints(run(*GOOD, registrations=[]), orphans=True) == []
    named = run(*GOOD, announced(4, "uid-2"), posted(5, OTHER), clusters=[cluster(), cluster(OTHER)])
    told = replace(named, registrations=[registration(message=f"perhaps {OTHER}")])
    assert checkers.complaints(told, ambiguous=True) == []


def test_a_secret_is_found_in_every_disguise() -> None:
    """Plain, in a URL, in JSON, in hex, backwards, and in base64 wherever it begins."""
    assert places_of("ab/cd+", b"x=ab%2Fcd%2B") == ["in a URL", "in a form"]
    assert places_of(SECRET, SECRET[::-1].encode()) == ["backwards"]
    assert places_of(SECRET, SECRET.encode().hex().encode()) == ["in hex"]
    for before in range(6):
        assert places_of(SECRET, base64.b64encode(b"." * before + SECRET.encode() + b"...")), before
    assert places_of(SECRET, b"nothing of the kind") == []


def test_writes_in_a_quiet_span_are_named() -> None:
    """A list is no write, and a PATCH is one."""
    listed = call(1, Side.CONTROL_PLANE, "GET", "/api/v1/clusters")
    assert checkers.idle_writes([listed]) == []
    assert checkers.idle_writes([listed, recorded(2)]) == ["L3: kubernetes: patch runaiclusterregistrations/status gpu"]
