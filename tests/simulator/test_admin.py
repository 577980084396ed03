"""The admin port: what it changes, and how it refuses what makes no sense."""

import httpx
import pytest
from pydantic import JsonValue

from runai_registrar.simulator import Admin, AdminError, Server, Settings
from simulator.calls import CLUSTERS, Api


def ask(server: Server, method: str, path: str, body: JsonValue = None) -> httpx.Response:
    """Send any request to the admin port."""
    return httpx.request(method, f"{server.admin_url}{path}", json=body, trust_env=False)


def test_settings_start_with_their_defaults(admin: Admin) -> None:
    """All settings are shown by their names on the wire."""
    assert admin.settings() == Settings().model_dump(by_alias=True)


def test_changed_settings_are_kept(admin: Admin) -> None:
    """A change leaves the other settings as they are."""
    admin.settings(listLag=2.5)

    assert admin.settings(drainTime=None) == Settings(list_lag=2.5, drain_time=None).model_dump(by_alias=True)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"listLags": 1}, "listLags: Extra inputs are not permitted"),
        ({"listLag": -1}, "listLag: Input should be greater than or equal to 0"),
        ({"listLag": "1"}, "listLag: Input should be a valid number"),
        ({"uniqueNames": 1}, "uniqueNames: Input should be a valid boolean"),
        ({"rateLimit": 0}, "rateLimit: Input should be greater than 0"),
        ({"livenessInterval": 0}, "livenessInterval: Input should be greater than 0"),
        ({"conflictStatus": 200}, "conflictStatus: Input should be greater than or equal to 400"),
    ],
)
def test_wrong_settings_are_refused(admin: Admin, changes: dict[str, JsonValue], sentence: str) -> None:
    """A wrong setting is refused with a sentence that names it, and nothing is changed."""
    with pytest.raises(AdminError, match=sentence):
        admin.settings(drainTime=77, **changes)

    assert admin.settings() == Settings().model_dump(by_alias=True)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", "/settings", [], 400),
        ("PATCH", "/settings", "listLag", 400),
        ("POST", "/clusters", {}, 400),
        ("POST", "/clusters", {"name": "x", "tenantId": 0}, 400),
        ("POST", "/clusters", {"name": "x", "createdAt": "yesterday"}, 400),
        ("POST", "/clusters", {"name": "x", "createdAt": -1}, 400),
        ("POST", "/clusters", {"name": "x", "extra": {"uuid": "mine"}}, 400),
        ("PATCH", "/clusters/5f3f0d3c-0000-4000-8000-000000000000", {"state": "Connected"}, 404),
        ("DELETE", "/clusters/5f3f0d3c-0000-4000-8000-000000000000", None, 404),
        ("POST", "/credentials", {"clientId": ""}, 400),
        ("DELETE", "/credentials/nobody", None, 404),
        ("DELETE", "/faults/nothing", None, 404),
        ("GET", "/journal?since=yesterday", None, 400),
        ("POST", "/clock", {"advance": -1}, 400),
        ("POST", "/faults", {"method": "GET"}, 400),
        ("GET", "/nothing", None, 404),
        ("PUT", "/settings", {}, 405),
    ],
)
def test_bad_requests_are_explained(server: Server, method: str, path: str, body: JsonValue, status: int) -> None:
    """Whatever makes no sense is refused with a sentence in an Error body."""
    answer = ask(server, method, path, body)

    assert (answer.status_code, answer.json()["code"]) == (status, status)
    assert len(answer.json()["message"]) > 10


def test_body_that_is_no_json(server: Server) -> None:
    """A body that cannot be read is refused too."""
    answer = httpx.post(f"{server.admin_url}/faults", content=b"{", trust_env=False)

    assert (answer.status_code, answer.json()["message"]) == (400, "the body is not valid JSON")


def test_refusals_do_not_repeat_secrets(server: Server) -> None:
    """A refused credential is not told back."""
    answer = ask(server, "POST", "/credentials", {"clientSecret": "canary", "colour": "canary"})

    assert answer.status_code == 400
    assert "canary" not in answer.text


def test_clusters_are_shown_whatever_lists_hide(api: Api, admin: Admin) -> None:
    """The admin port shows clusters of every tenant, lagging and draining ones too, with what the API hides."""
    admin.settings(listLag=60)
    uid = api.new("gpu-east")
    api.remove(uid)
    admin.create("theirs", tenantId=2002, state="Connected")
    ours, theirs = admin.clusters()

    assert (ours.name, ours.source, ours.tenant_id, ours.state) == ("gpu-east", "api", 1001, "WaitingToConnect")
    assert ours.delete_requested_at is not None
    assert len(ours.client_secret) > 20
    assert (theirs.name, theirs.source, theirs.tenant_id, theirs.state) == ("theirs", "stranger", 2002, "Connected")
    assert admin.clusters(name="theirs") == admin.clusters(tenant_id=2002) == [theirs]
    assert admin.cluster(uid) == ours
    assert admin.cluster("5f3f0d3c-0000-4000-8000-000000000000") is None


def test_everything_of_a_cluster_can_be_changed(api: Api, admin: Admin) -> None:
    """Name, domain, version, state and age change together; what is not named stays."""
    uid = api.new("gpu-east", domain="a.example.com")
    admin.change(uid, name="gpu-west", version="2.19", state="ServiceIssues", createdAt=0)
    changed = api.cluster(uid).json()

    assert (changed["name"], changed["version"], changed["domain"]) == ("gpu-west", "2.19", "a.example.com")
    assert (changed["status"]["state"], changed["createdAt"]) == ("ServiceIssues", "1970-01-01T00:00:00.000Z")
    assert admin.change(uid, domain=None, version=None).domain is None
    assert api.cluster(uid).json()["version"] is None


def test_deletion_can_be_started_and_taken_back(api: Api, admin: Admin) -> None:
    """A stranger starts a graceful deletion, or takes one back."""
    uid = api.new("gpu-east")
    admin.change(uid, deleting=True)
    assert api.names() == []
    admin.change(uid, deleting=False)

    assert api.names() == ["gpu-east"]
    assert admin.create("theirs", deleting=True).delete_requested_at is not None


def test_taken_names_are_refused_here_too(api: Api, admin: Admin) -> None:
    """A stranger cannot take a name twice either, while names are unique."""
    uid = api.new("gpu-east")
    api.new("gpu-west")
    with pytest.raises(AdminError, match="gpu-west is taken"):
        admin.create("gpu-west")
    with pytest.raises(AdminError, match="gpu-west is taken"):
        admin.rename(uid, "gpu-west")


def test_refused_change_changes_nothing(api: Api, admin: Admin) -> None:
    """A change whose name is taken leaves the rest alone."""
    uid = api.new("gpu-east")
    api.new("gpu-west")
    with pytest.raises(AdminError):
        admin.change(uid, name="gpu-west", state="Connected")

    assert api.state(uid) == "WaitingToConnect"


def test_credentials(admin: Admin, server: Server) -> None:
    """Credentials can be listed, added with or without values of one's own, and revoked."""
    added = admin.add_credential(client_id="second", client_secret="secret", tenant_id=7)
    made_up = admin.add_credential()

    assert (added.client_id, added.client_secret, added.tenant_id) == ("second", "secret", 7)
    assert made_up.tenant_id == server.tenant_id
    admin.revoke_credential("second")
    assert [one.client_id for one in admin.credentials()] == [server.client_id, made_up.client_id]


def test_reset(api: Api, server: Server, admin: Admin) -> None:
    """A reset goes back to the start: settings, credentials, clusters, tokens, faults and journal."""
    api.new("gpu-east")
    admin.settings(listLag=9)
    admin.fault("refuse", times=None)
    admin.revoke_credential(server.client_id)
    admin.reset()

    assert admin.settings() == Settings().model_dump(by_alias=True)
    assert (admin.clusters(), admin.faults(), admin.journal()) == ([], [], [])
    assert api.get(CLUSTERS).status_code == 401
    assert api.log_in(server.client_id, server.client_secret).names() == []


def test_clock(admin: Admin) -> None:
    """The clock can be read and set forward over the wire."""
    before = admin.now()

    assert admin.advance(90) == before + 90


def test_health(server: Server, admin: Admin) -> None:
    """A running simulator is healthy."""
    assert admin.healthy()
    assert ask(server, "GET", "/healthz").json() == {"status": "ok"}
