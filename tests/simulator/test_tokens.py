"""Credentials, the two token endpoints, bearer tokens, tenants."""

import json

import pytest
from pydantic import JsonValue

from runai_registrar.simulator import Admin, Clock, Server
from simulator.calls import CLUSTERS, Api

UNAUTHORIZED_HEADERS = ["", "Bearer", "Bearer nonsense", "Basic cmVnaXN0cmFyOng=", "nonsense"]


def test_v2_flow(stranger: Api, server: Server) -> None:
    """POST /api/v2/token takes a form and answers as OAuth 2 says; the token opens the API."""
    answer = stranger.token_v2(server.client_id, server.client_secret)
    token = answer.json()

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert set(token) == {"access_token", "token_type", "expires_in"}
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3600)
    assert stranger.get(CLUSTERS, headers={"Authorization": f"Bearer {token['access_token']}"}).status_code == 200


def test_v1_flow(stranger: Api, server: Server) -> None:
    """POST /api/v1/token takes JSON and answers in camelCase; the token opens the API."""
    answer = stranger.token_v1(server.client_id, server.client_secret)
    token = answer.json()

    assert answer.status_code == 200
    assert set(token) == {"accessToken", "expiresIn", "refreshToken", "idToken"}
    assert token["expiresIn"] == 3600
    assert stranger.get(CLUSTERS, headers={"Authorization": f"Bearer {token['accessToken']}"}).status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": "client_credentials", "client_id": "registrar"}, 400, "invalid_request"),
        ({"grant_type": "password", "client_id": "a", "client_secret": "b"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "registrar", "client_secret": "é"}, 401, "invalid_client"),
    ],
)
def test_v2_refusals(stranger: Api, form: dict[str, str], status: int, error: str) -> None:
    """Bad requests and wrong credentials are refused with OAuth 2's error names."""
    answer = stranger.post("/api/v2/token", data=form or {"x": "y"})

    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_v2_wants_a_form(stranger: Api, server: Server) -> None:
    """A JSON body is refused by the v2 endpoint, even with good credentials."""
    body = {"grant_type": "client_credentials", "client_id": server.client_id, "client_secret": server.client_secret}

    assert stranger.post("/api/v2/token", json=body).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"grantType": "password", "clientID": "a", "clientSecret": "b"},
        {"grantType": "client_credentials", "clientID": "registrar"},
        {"grantType": "client_credentials", "clientID": 7, "clientSecret": "b"},
        {"grantType": "client_credentials", "clientID": "registrar", "clientSecret": "wrong"},
    ],
)
def test_v1_refusals(stranger: Api, body: object) -> None:
    """Bad requests and wrong credentials are 400 with an Error body."""
    answer = stranger.post("/api/v1/token", json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, 400)


def test_v1_wants_json(stranger: Api, server: Server) -> None:
    """A body not declared as JSON is refused by the v1 endpoint."""
    body = {"grantType": "client_credentials", "clientID": server.client_id, "clientSecret": server.client_secret}

    assert stranger.post("/api/v1/token", content=json.dumps(body)).status_code == 415


def test_refusal_of_wrong_credentials_is_a_switch(stranger: Api, admin: Admin) -> None:
    """badCredentialsV1 and badCredentialsV2 say how wrong credentials are refused."""
    admin.settings(badCredentialsV1=401, badCredentialsV2=403)

    assert stranger.token_v1("registrar", "wrong").status_code == 401
    assert stranger.token_v2("registrar", "wrong").status_code == 403


def test_endpoints_can_be_absent(stranger: Api, server: Server, admin: Admin) -> None:
    """v1Token and v2Token off make the endpoint a 404."""
    admin.settings(v2Token=False)
    assert stranger.token_v2(server.client_id, server.client_secret).status_code == 404
    assert stranger.token_v1(server.client_id, server.client_secret).status_code == 200
    admin.settings(v1Token=False)

    assert stranger.token_v1(server.client_id, server.client_secret).status_code == 404


@pytest.mark.parametrize("header", UNAUTHORIZED_HEADERS)
def test_bad_token(stranger: Api, header: str) -> None:
    """A token that is absent, unknown or not a bearer's is 401 on every operation, and nothing is changed."""
    stranger.headers["Authorization"] = header
    uid = "5f3f0d3c-0000-4000-8000-000000000000"
    answers = (
        stranger.get(CLUSTERS),
        stranger.create("x"),
        stranger.cluster(uid),
        stranger.rename(uid, "x"),
        stranger.remove(uid),
        stranger.install_info(uid, version="2.24"),
    )

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {"Bearer"}


def test_token_expires(api: Api, clock: Clock) -> None:
    """A token is good for tokenLifetime and not longer."""
    clock.advance(3599)
    assert api.get(CLUSTERS).status_code == 200
    clock.advance(1)

    assert api.get(CLUSTERS).status_code == 401


def test_token_lifetime(stranger: Api, server: Server, admin: Admin, clock: Clock) -> None:
    """The setting tokenLifetime holds for tokens issued from then on, and is what they say."""
    admin.settings(tokenLifetime=60)
    stranger.log_in(server.client_id, server.client_secret)
    clock.advance(60)

    assert stranger.token_v2(server.client_id, server.client_secret).json()["expires_in"] == 60
    assert stranger.get(CLUSTERS).status_code == 401


@pytest.mark.parametrize("shown", [0, -5, 1e12, "3600", [], "omit"])
def test_lifetime_shown_can_be_a_lie(stranger: Api, server: Server, admin: Admin, shown: JsonValue) -> None:
    """The setting expiresInShown is what the answer says, whatever it is; the token is good all the same."""
    admin.settings(expiresInShown=shown)
    answer = stranger.token_v2(server.client_id, server.client_secret).json()

    assert answer.get("expires_in", "omit") == shown
    assert stranger.log_in(server.client_id, server.client_secret).get(CLUSTERS).status_code == 200


def test_tokens_are_opaque_and_differ(stranger: Api, server: Server) -> None:
    """Two tokens of one credential differ, and neither tells its owner."""
    first, second = (stranger.token_v2(server.client_id, server.client_secret).json()["access_token"] for _ in "12")

    assert first != second
    assert server.client_id not in first
    assert len(first) >= 40


def test_all_tokens_can_be_revoked(api: Api, admin: Admin, server: Server) -> None:
    """Revoking all tokens leaves the credentials good."""
    assert admin.revoke_tokens() == 1
    assert api.get(CLUSTERS).status_code == 401

    assert api.log_in(server.client_id, server.client_secret).get(CLUSTERS).status_code == 200


def test_credential_can_be_revoked(api: Api, admin: Admin, server: Server) -> None:
    """A revoked credential gets no token, and the ones it got are worthless."""
    admin.revoke_credential(server.client_id)

    assert api.get(CLUSTERS).status_code == 401
    assert api.token_v2(server.client_id, server.client_secret).status_code == 401


def test_secret_can_be_rotated(api: Api, admin: Admin, server: Server) -> None:
    """A rotated secret replaces the old one; tokens issued before stay good."""
    rotated = admin.add_credential(client_id=server.client_id)

    assert rotated.tenant_id == server.tenant_id
    assert api.get(CLUSTERS).status_code == 200
    assert api.token_v2(server.client_id, server.client_secret).status_code == 401
    assert api.token_v2(server.client_id, rotated.client_secret).status_code == 200


def test_tenants_are_isolated(api: Api, server: Server, admin: Admin) -> None:
    """Another tenant neither sees nor can touch a cluster, and may use its name."""
    uid = api.new("gpu-east")
    other = admin.add_credential(tenant_id=2002)
    with Api(server.url) as theirs:
        theirs.log_in(other.client_id, other.client_secret)
        statuses = [
            theirs.cluster(uid).status_code,
            theirs.rename(uid, "x").status_code,
            theirs.remove(uid).status_code,
            theirs.install_info(uid, version="2.24").status_code,
        ]
        created = theirs.create("gpu-east").json()

        assert statuses == [404, 404, 404, 404]
        assert (created["tenantId"], [one["uuid"] for one in theirs.listed()]) == (2002, [created["uuid"]])
    assert [one["uuid"] for one in api.listed()] == [uid]


def test_credential_can_move_to_another_tenant(api: Api, server: Server, admin: Admin) -> None:
    """The same client id can lead into another tenant, where nothing of the first is to be seen."""
    api.new("gpu-east")
    moved = admin.add_credential(
        client_id=server.client_id, client_secret=server.client_secret, tenant_id=server.tenant_id + 1
    )
    api.log_in(moved.client_id, moved.client_secret)

    assert api.names() == []


def test_many_tokens_do_not_pile_up(server: Server, stranger: Api, admin: Admin, clock: Clock) -> None:
    """Expired tokens are forgotten as new ones are issued."""
    for _ in range(1100):
        stranger.token_v2(server.client_id, server.client_secret)
    clock.advance(3600)
    for _ in range(1100):
        stranger.token_v2(server.client_id, server.client_secret)

    assert admin.revoke_tokens() < 1600
