"""Tokens with odd lifetimes, credentials that are rotated, revoked or incomplete, and certificates that change."""

import base64
from pathlib import Path
from typing import Any

import pytest

from controlplane.certificates import Authority, authority
from faults.ring import Ring, message, wait_all_ready, wait_lists
from operators import until
from planes import ControlPlane
from reliability import Recovery
from runai_registrar.simulator import Admin, Simulator, running_in_thread
from runai_registrar.simulator.server import Tls
from stage import Registration, Stage, condition, conditions

TOKEN = "token_v2"
PUT = "updateCluster"
LIFETIMES: dict[str, Any] = {
    "zero": 0,
    "negative": -3600,
    "missing": "omit",
    "enormous": 1e12,
    "text": "soon",
    "digits": "3600",
    "list": [3600],
    "truth": True,
}
"""What an answer says for `expires_in`."""


@pytest.mark.case("R-39", injected="expires_in 0, negative, missing, 1e12, text, a list", outcome="clamped; one token")
def test_absurd_lifetimes(ring: Ring) -> None:
    """Whatever a token answer says of its lifetime, the token is used for a while, and asked for once."""
    stages = {what: ring.beside() for what in LIFETIMES}
    for what, stage in stages.items():
        stage.admin.settings(expiresInShown=LIFETIMES[what])
        stage.admin.revoke_tokens()
    made = {what: stage.register() for what, stage in stages.items()}
    wait_all_ready(made.values())
    before = {what: stage.admin.counts()[TOKEN] for what, stage in stages.items()}
    wait_lists(stages.values())

    assert {what: stage.admin.counts()[TOKEN] for what, stage in stages.items()} == before
    assert max(before.values()) <= 3
    assert all(len(stage.admin.clusters()) == 1 for stage in stages.values())
    ring.rest()


@pytest.mark.case("R-38", injected="one operation is answered 401 with every token", outcome="one new token; then said")
def test_a_second_401(ring: Ring) -> None:
    """A call that is answered 401 twice is not tried a third time: it is reported."""
    made = ring.stage.registered(listed=True)
    ring.admin.fault("refuse", operation=PUT, times=None, status=401)
    tokens = ring.admin.counts()[TOKEN]
    made.change(clusterName="GPU West")
    made.wait_for("AuthenticationFailed")
    ring.wait_polls()

    assert len(ring.stage.calls(PUT)) == 2
    assert ring.admin.counts()[TOKEN] == tokens + 1
    ring.admin.clear_faults()
    made.change(clusterName="GPU East")
    made.wait_ready()
    ring.rest()


@pytest.mark.case(
    "R-40", injected="Secret: revoked, keys missing, empty, not text, another tenant", outcome="said; heals"
)
def test_credentials_that_go_wrong(ring: Ring, recovery: Recovery) -> None:
    """A Secret that is wrong stops everything for its control plane, says why, and is read again when corrected."""
    wrong: dict[str, tuple[dict[str, Any], str]] = {
        "keys missing": ({"clientSecret": None}, "CredentialsNotFound"),
        "empty": ({"clientId": ""}, "CredentialsNotFound"),
        "not text": ({"clientSecret": packed(b"\xff\xfe")}, "CredentialsNotFound"),
        "unknown": ({"clientSecret": packed(b"some-old-secret")}, "AuthenticationFailed"),
        "tenant": ({}, "TenantChanged"),
        "revoked": ({}, "AuthenticationFailed"),
    }
    stages = {what: ring.beside() for what in wrong}
    made = {what: stage.registered(listed=True) for what, stage in stages.items()}
    other = stages["tenant"].admin.add_credential(tenant_id=2002)
    stages["tenant"].admin.create("gpu-of-2002", tenantId=2002)
    wrong["tenant"] = (
        {"clientId": packed(other.client_id), "clientSecret": packed(other.client_secret)},
        "TenantChanged",
    )
    stages["revoked"].admin.revoke_credential(stages["revoked"].simulator.client_id)
    for what, stage in stages.items():
        change_data(stage, wrong[what][0])
    for what, each in made.items():
        assert conditions(each.wait_for(wrong[what][1]))["Ready"] == ("False", wrong[what][1])
        assert each.status["uuid"]
    ring.stage.registered()
    for stage in stages.values():
        renewed = stage.admin.add_credential(client_id=stage.simulator.client_id)
        ring.canaries.add(renewed.client_secret)
        change_data(stage, {"clientId": packed(renewed.client_id), "clientSecret": packed(renewed.client_secret)})
    recovery.begins()
    wait_all_ready(made.values())
    recovery.ends()

    assert all(stage.changes() == {"create_cluster": 1} for stage in stages.values())
    ring.rest()


@pytest.mark.case("R-40", injected="Secret rotated, with line breaks around, the old one revoked", outcome="goes on")
def test_a_rotation(ring: Ring, recovery: Recovery) -> None:
    """A new credential with the white space of a file takes effect within a poll, and nobody is told of a trouble."""
    made = ring.stage.registered(listed=True)
    renewed = ring.admin.add_credential(client_id="renewed")
    change_data(
        ring.stage, {"clientId": packed("renewed\n"), "clientSecret": packed(f"\n {renewed.client_secret}\r\n")}
    )
    ring.canaries.add(renewed.client_secret)
    until(lambda: "renewed" in ring.stage.calls(TOKEN)[-1].body, "a token with the new credential")
    before = made.writes()
    ring.admin.revoke_credential(ring.simulator.client_id)
    recovery.begins()
    made.change(clusterName="GPU West")
    made.wait_ready()
    recovery.ends()

    assert made.cluster.name == "GPU West"
    assert (made.writes() - before).total() == 1
    assert "AuthenticationFailed" not in ring.said(made)
    ring.rest()


@pytest.mark.case(
    "R-40",
    injected="the same client id leads into another tenant, which is empty",
    outcome="nothing is let go, made again or taken for missing",
)
def test_the_same_client_in_another_tenant(ring: Ring) -> None:
    """A client id that means another, empty tenant from now on does not make clusters seem gone."""
    made, leaving = ring.stage.registered(listed=True), ring.stage.registered(listed=True, version="2.19.4")
    ring.admin.advance(900)
    elsewhere = ring.admin.add_credential(client_id=ring.simulator.client_id, tenant_id=2002)
    ring.canaries.add(elsewhere.client_secret)
    ring.control_plane.change_secret(elsewhere.client_id, elsewhere.client_secret)
    made.wait_for("TenantChanged")
    leaving.delete()
    leaving.wait_for("DeletionBlocked")

    assert ring.stage.changes() == {"create_cluster": 2}
    assert len(ring.admin.clusters(tenant_id=1001)) == 2
    assert ring.admin.clusters(tenant_id=2002) == []
    ring.rest()


@pytest.fixture(scope="module")
def cas(tmp_path_factory: pytest.TempPathFactory) -> list[Authority]:
    """Two private CAs, each with a server certificate for 127.0.0.1."""
    made = [authority(tmp_path_factory.mktemp("tls") / name) for name in ("old", "new")]
    for each in made:
        each.server("127.0.0.1")
    return made


def tls(ca: Authority) -> Tls:
    """The server certificate of a CA."""
    return Tls(ca.folder / Path("127.0.0.1.pem"), ca.folder / Path("127.0.0.1.key"))


@pytest.mark.case(
    "R-41", injected="a CA that caBundle does not have, until it is added", outcome="nothing sent; then no restart"
)
def test_a_ca_that_is_replaced(ring: Ring, cas: list[Authority], recovery: Recovery) -> None:
    """With another CA nothing is sent and the reason is said; a new bundle in the object is used at once."""
    old, new = cas
    plane = ControlPlane(ring.house, ring.simulator).create_secret()
    stage = Stage(ring.house, ring.simulator, plane)
    with running_in_thread(Simulator(), tls=tls(new)) as server, Admin(server.admin_url) as admin:
        admin.add_credential(client_id=ring.simulator.client_id, client_secret=ring.simulator.client_secret)
        plane.create(url=server.url, caBundle=old.pem)
        made = stage.register()
        made.wait(lambda seen: "certificate" in str(condition(seen, "Ready")), "refused for the certificate")
        assert "spec.caBundle" in message(made)
        assert admin.journal() == []

        recovery.begins()
        plane.change(caBundle=f"{old.pem}\n{new.pem}")
        made.wait_ready()
        recovery.ends()
        assert len(admin.clusters()) == 1
        let_go(made)
        plane.remove()
    ring.rest()


def packed(value: str | bytes) -> str:
    """A value as a Secret holds it."""
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def change_data(stage: Stage, data: dict[str, Any]) -> None:
    """Change keys of the credentials Secret of a stage."""
    path = f"/api/v1/namespaces/{stage.house.namespace}/secrets/{stage.control_plane.name}"
    stage.kube.patch(path, {"data": data})


def let_go(made: Registration) -> None:
    """Take a registration away, without its cluster."""
    made.change(deletion={"policy": "Orphan"})
    made.delete()
    made.wait_gone()
