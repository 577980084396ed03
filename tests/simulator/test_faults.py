"""Faults on demand: what each does on the wire, and whether the call was carried out."""

import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from runai_registrar.simulator import Admin, AdminError, Clock, Server
from runai_registrar.simulator.clock import FROZEN_AT, rfc3339
from simulator.calls import CLUSTERS, Api, eventually, exchange

ABOVE = 0.2
"""Real seconds that a delay or a time-out takes in these tests."""


def made(admin: Admin, name: str = "gpu-east") -> int:
    """Count the clusters of a name."""
    return len(admin.clusters(name=name))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 502, 503])
def test_refuse(api: Api, admin: Admin, status: int) -> None:
    """The call is answered with a status and an Error body, and not carried out; the next one is served."""
    admin.fault("refuse", method="POST", status=status)
    answer = api.create("gpu-east")

    assert (answer.status_code, answer.json()["code"], made(admin)) == (status, status, 0)
    assert api.create("gpu-east").status_code == 201


def test_refuse_with_own_body_and_headers(api: Api, admin: Admin) -> None:
    """A refusal may have any JSON body, text and headers."""
    admin.fault("refuse", status=503, body={"oops": [1]}, headers={"X-Reason": "maintenance"})
    admin.fault("refuse", status=502, text="<html>", headers={"Content-Type": "text/html"})
    first, second = api.get(CLUSTERS), api.get(CLUSTERS)

    assert (first.json(), first.headers["X-Reason"]) == ({"oops": [1]}, "maintenance")
    assert (second.text, second.headers["Content-Type"]) == ("<html>", "text/html")


def test_fail_after_commit(api: Api, admin: Admin) -> None:
    """The call is carried out, and answered as if it had failed."""
    admin.fault("fail-after-commit", method="POST", status=500)

    assert api.create("gpu-east").status_code == 500
    assert made(admin) == 1


@pytest.mark.parametrize(("fault", "clusters"), [("cut", 0), ("cut-after-commit", 1)])
def test_cut(api: Api, admin: Admin, fault: str, clusters: int) -> None:
    """The connection is closed without an answer, before or after the call is carried out."""
    admin.fault(fault, method="POST")
    with pytest.raises(httpx.RemoteProtocolError):
        api.create("gpu-east")

    assert made(admin) == clusters


def test_cut_is_in_order_or_a_reset(api: Api, server: Server, admin: Admin) -> None:
    """A cut ends the stream without a byte; with reset it is a TCP reset."""
    token = api.headers["Authorization"]
    admin.fault("cut")
    admin.fault("cut", reset=True)

    assert exchange(server, token) == b""
    with pytest.raises(ConnectionResetError):
        exchange(server, token)


@pytest.mark.parametrize(("fault", "clusters"), [("hang", 0), ("hang-after-commit", 1)])
def test_hang(api: Api, admin: Admin, fault: str, clusters: int) -> None:
    """The call is never answered, before or after it is carried out; others are served meanwhile."""
    admin.fault(fault, method="POST")
    with pytest.raises(httpx.ReadTimeout):
        api.post(CLUSTERS, json={"name": "gpu-east"}, timeout=ABOVE)

    assert made(admin) == clusters
    assert api.get(CLUSTERS).status_code == 200


def test_hang_can_end(api: Api, admin: Admin) -> None:
    """After `seconds` a hanging connection is closed without an answer."""
    admin.fault("hang", method="GET", seconds=ABOVE)

    with pytest.raises(httpx.RemoteProtocolError):
        api.get(CLUSTERS)


def test_slow(api: Api, admin: Admin) -> None:
    """The call is carried out at once, and its true answer comes late."""
    admin.fault("slow", method="POST", delay=ABOVE)
    with pytest.raises(httpx.ReadTimeout):
        api.post(CLUSTERS, json={"name": "gpu-east"}, timeout=ABOVE / 4)
    admin.fault("slow", method="GET", delay=ABOVE)
    before = time.monotonic()

    assert api.names() == ["gpu-east"]
    assert time.monotonic() - before >= ABOVE


def test_trickle(api: Api, admin: Admin) -> None:
    """The body comes byte by byte, whole in the end."""
    uid = api.new("gpu-east")
    admin.fault("slow", path=uid, method="GET", trickle=0.0001)
    with api.stream("GET", f"{CLUSTERS}/{uid}") as answer:
        pieces = list(answer.iter_raw())

    assert len(pieces) > 100
    assert b"".join(pieces) == api.cluster(uid).content


def test_trickle_outlasts_a_read_timeout(api: Api, admin: Admin) -> None:
    """A caller with a limit only on each read waits on; one that leaves harms nobody."""
    admin.fault("slow", method="GET", trickle=60)
    with pytest.raises(httpx.ReadTimeout):
        api.get(CLUSTERS, timeout=ABOVE)

    assert api.get(CLUSTERS).status_code == 200


@pytest.mark.parametrize(
    ("params", "header"),
    [
        ({}, "1"),
        ({"retryAfter": 120}, "120"),
        ({"retryAfter": 1_000_000_000}, "1000000000"),
        ({"retryAfter": -5}, "-5"),
        ({"retryAfter": "soon"}, "soon"),
        ({"retryAfter": None}, None),
        ({"retryAfter": 60, "asDate": True}, "Thu, 01 Jan 2026 00:01:00 GMT"),
    ],
)
def test_throttle(api: Api, admin: Admin, params: dict[str, Any], header: str | None) -> None:
    """The call is answered 429 with any Retry-After, a date or none, and not carried out."""
    admin.fault("throttle", method="POST", **params)
    answer = api.create("gpu-east")

    assert (answer.status_code, answer.headers.get("Retry-After"), made(admin)) == (429, header, 0)


def test_throttle_date_follows_the_skewed_clock(api: Api, admin: Admin) -> None:
    """A Retry-After date is by the control plane's clock, the one its Date header shows."""
    admin.settings(clockSkew=600)
    admin.fault("throttle", retryAfter=60, asDate=True)
    headers = api.get(CLUSTERS).headers
    ahead = parsedate_to_datetime(headers["Retry-After"]) - parsedate_to_datetime(headers["Date"])

    assert ahead.total_seconds() == 60


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect(api: Api, admin: Admin, status: int) -> None:
    """The call is pointed elsewhere and not carried out."""
    admin.fault("redirect", method="POST", status=status, location="http://elsewhere.example.com/")
    answer = api.create("gpu-east")

    assert (answer.status_code, answer.headers["Location"]) == (status, "http://elsewhere.example.com/")
    assert made(admin) == 0


def test_commit_late(api: Api, admin: Admin, clock: Clock) -> None:
    """The connection is cut, and the call is carried out later by the simulator's clock, stamped with that time."""
    admin.fault("commit-late", method="POST", delay=90)
    with pytest.raises(httpx.RemoteProtocolError):
        api.create("gpu-east")

    clock.advance(89)
    assert api.names() == []
    assert [entry.committed for entry in admin.journal(operation="create_cluster")] == [False]
    clock.advance(11)
    assert [one["createdAt"] for one in api.listed()] == [rfc3339(FROZEN_AT + 90)]
    assert [entry.committed for entry in admin.journal(operation="create_cluster")] == [True]


def test_commit_late_needs_a_token_that_is_good_now(stranger: Api, admin: Admin, clock: Clock) -> None:
    """A call without a token is not carried out later either."""
    admin.fault("commit-late", method="POST")
    with pytest.raises(httpx.RemoteProtocolError):
        stranger.create("gpu-east")
    clock.advance(10)

    assert made(admin) == 0


def test_commit_late_of_what_is_refused_by_then(api: Api, admin: Admin, clock: Clock) -> None:
    """A late commit whose name was taken meanwhile does nothing."""
    admin.fault("commit-late", method="POST")
    with pytest.raises(httpx.RemoteProtocolError):
        api.create("gpu-east")
    api.new("gpu-east")
    clock.advance(10)

    assert made(admin) == 1


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/token"])
def test_commit_late_elsewhere(api: Api, admin: Admin, clock: Clock, path: str) -> None:
    """A late commit of a call that does not exist, or of a refused token call, harms nobody."""
    admin.fault("commit-late", path=path)
    with pytest.raises(httpx.RemoteProtocolError):
        api.post(path, json={})
    clock.advance(10)

    assert api.names() == []


def test_echo(api: Api, admin: Admin) -> None:
    """An error repeats the request's headers and body, as a careless gateway would."""
    admin.fault("echo", method="POST", status=502)
    answer = api.create("canary-name")

    assert answer.status_code == 502
    assert api.headers["Authorization"] in answer.json()["message"]
    assert "canary-name" in answer.json()["message"]


def test_faults_strike_the_token_endpoints_too(stranger: Api, server: Server, admin: Admin) -> None:
    """A rule may name a token endpoint by path or by operation."""
    admin.fault("refuse", path="^/api/v2/token$", status=503)
    admin.fault("redirect", operation="token_v1", location="http://elsewhere.example.com/")

    assert stranger.token_v2(server.client_id, server.client_secret).status_code == 503
    assert stranger.token_v1(server.client_id, server.client_secret).status_code == 307
    assert stranger.token_v2(server.client_id, server.client_secret).status_code == 200


def test_garbage_token_answer_is_not_a_lost_token(stranger: Api, server: Server, admin: Admin) -> None:
    """A spoilt token answer is still an issued token in the journal."""
    admin.fault("garbage", operation="token_v2", kind="html", status=200)

    assert stranger.token_v2(server.client_id, server.client_secret).text.startswith("<!DOCTYPE")
    assert [entry.committed for entry in admin.journal()] == [True]


def test_rule_counts(api: Api, admin: Admin) -> None:
    """A rule lets the first `after` fitting requests through, then strikes `times` times."""
    rule = admin.fault("refuse", method="GET", path="/clusters$", after=2, times=3)
    statuses = [api.get(CLUSTERS).status_code for _ in range(7)]

    assert statuses == [200, 200, 503, 503, 503, 200, 200]
    assert [(one["id"], one["fitted"], one["struck"]) for one in admin.faults()] == [(rule, 7, 3)]


def test_rule_without_end(api: Api, admin: Admin) -> None:
    """With times None a rule strikes until it is removed."""
    rule = admin.fault("refuse", times=None)
    assert [api.get(CLUSTERS).status_code for _ in range(5)] == [503] * 5
    admin.remove_fault(rule)

    assert api.get(CLUSTERS).status_code == 200


def test_rules_in_order(api: Api, admin: Admin) -> None:
    """The first rule that is due strikes; the requests count for the others all the same."""
    admin.fault("refuse", status=500)
    admin.fault("refuse", status=503, after=1)

    assert [api.get(CLUSTERS).status_code for _ in range(3)] == [500, 503, 200]


def test_rule_fits_by_method_path_operation_and_body(api: Api, admin: Admin) -> None:
    """A request must fit everything that the rule names."""
    admin.fault("refuse", method="post", path="^/api/v1/clusters$", operation="create_cluster", match_body="gpu-w")

    assert api.create("gpu-east").status_code == 201
    assert api.get(CLUSTERS).status_code == 200
    assert api.create("gpu-west").status_code == 503


def test_rule_of_the_same_id_is_replaced(api: Api, admin: Admin) -> None:
    """All rules can be cleared, and a rule posted under a known id takes its place."""
    admin.fault("refuse", status=500, times=None)
    admin.clear_faults()

    assert admin.faults() == []
    assert api.get(CLUSTERS).status_code == 200


@pytest.mark.parametrize(
    ("fault", "params", "word"),
    [
        ("explode", {}, "explode"),
        ("refuse", {"status": 99}, "status"),
        ("refuse", {"colour": "red"}, "colour"),
        ("redirect", {}, "location"),
        ("garbage", {"kind": "nice"}, "kind"),
        ("slow", {"delay": -1}, "delay"),
        ("refuse", {"headers": {"X-Split": "a\r\nb"}}, "headers"),
        ("redirect", {"location": "http://a/\r\nX: y"}, "location"),
        ("throttle", {"retryAfter": "soon", "asDate": True}, "asDate"),
        ("throttle", {"retryAfter": 1e300, "asDate": True}, "asDate"),
    ],
)
def test_wrong_rules_are_refused(admin: Admin, fault: str, params: dict[str, Any], word: str) -> None:
    """A fault that does not exist, or with wrong parameters, is refused with a sentence that names the trouble."""
    with pytest.raises(AdminError, match=word):
        admin.fault(fault, **params)

    assert admin.faults() == []


@pytest.mark.parametrize("changes", [{"path": "("}, {"times": 0}, {"after": -1}])
def test_wrong_rule_fields_are_refused(admin: Admin, changes: dict[str, Any]) -> None:
    """A path that is no regular expression, and impossible counts, are refused."""
    with pytest.raises(AdminError, match=next(iter(changes))):
        admin.fault("refuse", **changes)


def test_rate_limit(api: Api, admin: Admin, clock: Clock) -> None:
    """With rateLimit as many calls pass as fit a second; the others are 429 with Retry-After, until time passes."""
    admin.settings(rateLimit=5)
    statuses = [api.get(CLUSTERS).status_code for _ in range(8)]
    refused = api.get(CLUSTERS)

    assert statuses == [200] * 5 + [429] * 3
    assert (refused.headers["Retry-After"], refused.json()["code"]) == ("1", 429)
    clock.advance(0.4)
    assert [api.get(CLUSTERS).status_code for _ in range(3)] == [200, 200, 429]
    clock.advance(1_000)
    assert [api.get(CLUSTERS).status_code for _ in range(6)] == [200] * 5 + [429]


def test_slow_rate_limit(api: Api, admin: Admin, clock: Clock) -> None:
    """Below one call per second, Retry-After is as long as it takes."""
    admin.settings(rateLimit=0.1)
    api.get(CLUSTERS)

    assert api.get(CLUSTERS).headers["Retry-After"] == "10"
    clock.advance(10)
    assert api.get(CLUSTERS).status_code == 200


def test_rate_limit_comes_before_faults(api: Api, admin: Admin) -> None:
    """A call refused for the rate uses up no fault and changes nothing."""
    admin.settings(rateLimit=1)
    api.get(CLUSTERS)
    admin.fault("refuse")

    assert api.create("gpu-east").status_code == 429
    assert (admin.faults()[0]["struck"], made(admin)) == (0, 0)


def test_latency(api: Api, admin: Admin) -> None:
    """With latency each call takes so long."""
    admin.settings(latency=ABOVE)
    before = time.monotonic()
    api.get(CLUSTERS)

    assert time.monotonic() - before >= ABOVE * 0.99


def test_call_is_carried_out_though_the_caller_has_left(api: Api, admin: Admin) -> None:
    """A caller that gives up early leaves a call behind that is carried out all the same."""
    admin.settings(latency=ABOVE)
    with pytest.raises(httpx.ReadTimeout):
        api.post(CLUSTERS, json={"name": "gpu-east"}, timeout=ABOVE / 10)
    admin.settings(latency=0)

    assert eventually(lambda: made(admin) == 1)


def test_clock_skew(api: Api, admin: Admin, clock: Clock) -> None:
    """With clockSkew the Date header and every stamp are ahead, while lives run on as before."""
    admin.settings(clockSkew=-600, drainTime=10)
    answer = api.create("gpu-east")
    uid = answer.json()["uuid"]

    assert parsedate_to_datetime(answer.headers["Date"]).timestamp() == FROZEN_AT - 600
    assert answer.json()["createdAt"] == rfc3339(FROZEN_AT - 600)
    admin.set_state(uid, "Connected")
    assert api.cluster(uid).json()["lastLiveness"] == rfc3339(FROZEN_AT - 600)
    api.remove(uid)
    assert api.cluster(uid).json()["deleteRequestedAt"] == rfc3339(FROZEN_AT - 600)
    clock.advance(10)
    assert api.cluster(uid).status_code == 404
