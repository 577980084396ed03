"""The journal: every request, what became of it, and which secrets it carried."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from runai_registrar.simulator import Admin, Clock, Server
from runai_registrar.simulator.clock import FROZEN_AT
from simulator.calls import CLUSTERS, Api


def test_entry_tells_everything_about_a_request(api: Api, admin: Admin, clock: Clock) -> None:
    """An entry has number, time, method, path, query, headers, body, outcome, tenant and operation."""
    clock.advance(7)
    api.post(f"{CLUSTERS}?a=1&a=2&b=", json={"name": "gpu-east"}, headers={"X-Canary": "yes"})
    entry = admin.journal()[-1]

    assert (entry.seq, entry.t) == (2, FROZEN_AT + 7)
    assert (entry.method, entry.path, entry.query) == ("POST", CLUSTERS, {"a": ["1", "2"], "b": [""]})
    assert (entry.headers["x-canary"], entry.headers["authorization"]) == ("yes", api.headers["Authorization"])
    assert entry.body == '{"name":"gpu-east"}'
    assert (entry.operation, entry.tenant, entry.committed, entry.status) == ("create_cluster", 1001, True, 201)
    assert entry.fault is None


def test_token_calls_are_kept_as_given(stranger: Api, server: Server, admin: Admin) -> None:
    """The bodies of token calls are kept, and a tenant where the credentials were good."""
    stranger.token_v2(server.client_id, server.client_secret)
    stranger.token_v1(server.client_id, "wrong-canary")
    good, bad = admin.journal()

    assert server.client_secret in good.body
    assert "wrong-canary" in bad.body
    assert (good.operation, good.tenant, good.committed, good.status) == ("token_v2", 1001, True, 200)
    assert (bad.operation, bad.tenant, bad.committed, bad.status) == ("token_v1", None, False, 400)


def test_each_operation_is_known_by_its_name(api: Api, admin: Admin) -> None:
    """Operations bear the names of the API file, and only those that changed something are committed."""
    uid = api.new("gpu-east", version="2.19")
    api.get(CLUSTERS)
    api.cluster(uid)
    api.rename(uid, "gpu-west")
    api.install_info(uid, version="2.24")
    api.remove(uid)
    api.remove(uid)
    api.get("/api/v1/nothing")
    outcomes = [(entry.operation, entry.committed, entry.status) for entry in admin.journal(since=1)]

    assert outcomes == [
        ("create_cluster", True, 201),
        ("get_clusters", False, 200),
        ("get_cluster_by_uuid", False, 200),
        ("updateCluster", True, 204),
        ("get_cluster_install_info_by_uuid", False, 200),
        ("delete_cluster", True, 204),
        ("delete_cluster", False, 404),
        (None, False, 404),
    ]


@pytest.mark.parametrize(
    ("fault", "committed"), [("cut", False), ("cut-after-commit", True), ("hang", False), ("hang-after-commit", True)]
)
def test_call_without_an_answer(api: Api, admin: Admin, fault: str, committed: bool) -> None:  # noqa: FBT001  # a parameter
    """A call cut or left hanging has no status; whether it was carried out is told, and which rule struck it."""
    rule = admin.fault(fault, method="POST")
    with pytest.raises(httpx.TransportError):
        api.post(CLUSTERS, json={"name": "gpu-east"}, timeout=0.2)
    entry = admin.journal()[-1]

    assert (entry.status, entry.committed, entry.fault, entry.tenant) == (None, committed, rule, 1001)


def test_status_that_hides_a_commit(api: Api, admin: Admin) -> None:
    """After fail-after-commit the journal shows both the commit and the status answered."""
    admin.fault("fail-after-commit", method="POST", status=503)
    api.create("gpu-east")
    entry = admin.journal()[-1]

    assert (entry.committed, entry.status) == (True, 503)


def test_pretended_success_is_no_commit(api: Api, admin: Admin) -> None:
    """A 204 that a rule made up is not committed."""
    uid = api.new("gpu-east")
    admin.fault("refuse", method="DELETE", status=204)
    api.remove(uid)
    entry = admin.journal()[-1]

    assert (entry.committed, entry.status) == (False, 204)


def test_throttled_calls_are_written_down(api: Api, admin: Admin) -> None:
    """A call refused for the rate is in the journal like any other."""
    admin.settings(rateLimit=1)
    api.get(CLUSTERS)
    api.get(CLUSTERS)

    assert [entry.status for entry in admin.journal(operation="get_clusters")] == [200, 429]


def test_body_is_capped(api: Api, admin: Admin) -> None:
    """Of a long body the first 16 KiB are kept."""
    api.create("n" * 100_000)

    assert len(admin.journal()[-1].body) == 16_384


def test_journal_is_complete_and_in_order(api: Api, server: Server, admin: Admin) -> None:
    """Of many calls at once none is missing, none is told twice, and counts agree."""

    def create(number: int) -> int:
        with Api(server.url) as other:
            other.headers["Authorization"] = api.headers["Authorization"]
            return other.create(f"gpu-{number % 30}").status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(create, range(60)))
    entries = admin.journal(operation="create_cluster")

    assert [entry.seq for entry in entries] == list(range(2, 62))
    assert sorted(statuses) == sorted(entry.status or 0 for entry in entries) == [201] * 30 + [409] * 30
    assert sum(entry.committed for entry in entries) == 30
    assert (admin.counts()["create_cluster"], admin.counts(committed=True)["create_cluster"]) == (60, 30)


def test_journal_since(api: Api, admin: Admin) -> None:
    """The journal can be read from a number on; numbers go on after it is cleared."""
    for _ in range(4):
        api.get(CLUSTERS)
    assert [entry.seq for entry in admin.journal(since=3)] == [4, 5]
    assert admin.journal(since=5) == []
    admin.clear_journal()
    api.get(CLUSTERS)

    assert [entry.seq for entry in admin.journal()] == [6]
    assert [entry.seq for entry in admin.journal(since=2)] == [6]
    assert admin.counts() == {"get_clusters": 1}


def test_secrets_stay_out_of_the_repr(api: Api, server: Server, admin: Admin) -> None:
    """What holds secrets does not print them."""
    uid = api.new("gpu-east")
    token, view = api.headers["Authorization"], admin.cluster(uid)
    assert view is not None
    texts = [repr(thing) for thing in (admin.journal(), view, admin.credentials(), server, server.simulator.credential)]

    for text in texts:
        assert token not in text
        assert server.client_secret not in text
        assert view.client_secret not in text
