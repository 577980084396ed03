"""Credentials and certificates are exchanged while registrations are being created: none is lost, none is doubled.

The limit of calls a second makes the creations take a while; each step of a rotation comes while some are made and
others wait, and so do a rename and a deletion.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane.certificates import Authority, authority
from operators import House, Operator, until
from planes import ControlPlane, Reloaded, Simulated
from reliability import Recovery
from runai_registrar.simulator.server import Tls
from stage import LONG_AFTER, Registration, Stage, condition, conditions

MANY = 36
RATE = 4
"""Requests a second, lists included: far fewer than registrations can be made in a second."""
POST = "create_cluster"


def more(stage: Stage, made: list[Registration]) -> None:
    """Make registrations, until some have their cluster and some have not: now is the time for the next step."""
    before = created(stage)
    made += [stage.register() for _ in range(MANY // 3)]
    until(lambda: created(stage) > before, "some of them made")
    assert created(stage) < len(made), "all were made before the next step could come"


def created(stage: Stage) -> int:
    """How many clusters were made so far."""
    return stage.changes().get(POST, 0)


def early(stage: Stage) -> tuple[Registration, Registration]:
    """Two that are Ready before anything else begins, to be renamed and deleted in the midst of it."""
    both = stage.registered(version="2.19.4"), stage.registered(version="2.19.4", listed=True)
    stage.admin.advance(LONG_AFTER)
    return both


def change(renamed: Registration, deleted: Registration) -> None:
    """Ask for a rename and a deletion."""
    renamed.change(clusterName="GPU West")
    deleted.delete()


def judge(stage: Stage, made: list[Registration], renamed: Registration, deleted: Registration) -> None:
    """Each registration is Ready with a cluster of its own, the renamed one under its new name; there is no other."""
    deleted.wait_gone()
    renamed.wait(lambda seen: seen["status"].get("clusterName") == "GPU West", "renamed")
    kept = [each for each in made if each is not deleted]
    until(lambda: ready(stage) == len(kept), "all of them Ready", 60)
    held = [each.status["uuid"] for each in kept]
    assert sorted(held) == sorted(cluster.uuid for cluster in stage.admin.clusters())
    assert stage.changes() == {POST: len(kept) + 1, "updateCluster": 1, "delete_cluster": 1}


def ready(stage: Stage) -> int:
    """How many registrations are Ready."""
    seen = stage.kube.items(stage.registrations)
    return sum(conditions(each).get("Ready") == ("True", "Registered") for each in seen)


@pytest.mark.usefixtures("operator")
@pytest.mark.case(
    "R-40",
    injected="creations, a rename and a deletion under way; revoked before the Secret is changed, then as it is",
    outcome="one cluster each; those that were refused meanwhile are Ready a poll later too",
)
def test_a_credential_is_rotated(stage: Stage, recovery: Recovery) -> None:
    """A rotation in the midst of creations loses none and doubles none, whichever comes first: Secret or revocation."""
    renamed, deleted = early(stage)
    stage.control_plane.change(requestsPerSecond=RATE)
    made = [renamed, deleted]
    more(stage, made)
    change(renamed, deleted)
    renewed = stage.admin.add_credential(client_id=stage.simulator.client_id)
    stage.admin.revoke_tokens()
    until(lambda: any(call.status == 401 for call in stage.calls("token_v2")), "the former secret refused")
    stage.control_plane.change_secret(renewed.client_id, renewed.client_secret)
    more(stage, made)
    last = stage.admin.add_credential(client_id="last")
    stage.admin.revoke_credential(renewed.client_id)
    stage.control_plane.change_secret(last.client_id, last.client_secret)
    more(stage, made)

    recovery.begins()
    judge(stage, made, renamed, deleted)
    recovery.ends()
    assert {call.status for call in stage.calls(POST)} <= {201, 401}


@pytest.fixture(scope="module")
def cas(tmp_path_factory: pytest.TempPathFactory) -> tuple[Authority, Authority]:
    """Two private CAs, each with a server certificate for 127.0.0.1."""
    old, new = (authority(tmp_path_factory.mktemp("tls") / name) for name in ("old", "new"))
    for each in (old, new):
        each.server("127.0.0.1")
    return old, new


def tls(ca: Authority) -> Tls:
    """The server certificate of a CA."""
    return Tls(ca.folder / Path("127.0.0.1.pem"), ca.folder / Path("127.0.0.1.key"))


@pytest.fixture
def secured(house: House, operator: Operator, cas: tuple[Authority, Authority]) -> Iterator[Stage]:
    """A stage on a control plane with a certificate of the old CA, which its object trusts."""
    old, known = tls(cas[0]), len(operator.complaints())
    simulator = Simulated(Reloaded(old.certificate, old.key))
    plane = ControlPlane(house, simulator).create_secret().create(caBundle=cas[0].pem, requestsPerSecond=RATE)
    secured = Stage(house, simulator, plane)
    yield secured
    secured.clear()
    plane.remove()
    simulator.close()
    assert operator.complaints()[known:] == []


@pytest.mark.case(
    "R-41",
    injected="creations, a rename and a deletion under way; caBundle goes old, both, new, the server's certificate too",
    outcome="one cluster each, without a restart of the operator",
)
def test_a_ca_is_exchanged(secured: Stage, cas: tuple[Authority, Authority], recovery: Recovery) -> None:
    """The three steps of the page, in the midst of creations: none is lost and none is doubled."""
    old, new = cas
    renamed, deleted = early(secured)
    made = [renamed, deleted]
    more(secured, made)
    change(renamed, deleted)
    secured.control_plane.change(caBundle=f"{old.pem}\n{new.pem}")
    more(secured, made)
    assert isinstance(secured.simulator.tls, Reloaded)
    secured.simulator.tls.exchange(tls(new))
    secured.admin.fault("cut", operation="get_clusters", times=2)  # two kept connections end: the next meet the new one
    until(lambda: secured.admin.faults()[0]["struck"] == 2, "new connections")
    more(secured, made)
    secured.control_plane.change(caBundle=new.pem)

    recovery.begins()
    judge(secured, made, renamed, deleted)
    recovery.ends()


def test_a_trouble_that_becomes_another_one(secured: Stage, cas: tuple[Authority, Authority]) -> None:
    """Who is down and comes back with a certificate that is not trusted is said to: not that nobody listens there."""
    secured.registered()
    secured.simulator.down()
    wait_said(secured, "the connection was refused")
    secured.simulator.tls = tls(cas[1])
    secured.simulator.up()
    late = secured.register()

    wait_said(secured, "certificate was not accepted")
    late.wait(lambda seen: "certificate was not accepted" in str(condition(seen, "Ready")), "told the same")
    secured.control_plane.change(caBundle=cas[1].pem)
    late.wait_for("Registered")


def wait_said(stage: Stage, part: str) -> None:
    """Return when Ready of the control plane says this."""
    stage.kube.wait_for(
        stage.control_plane.path, lambda seen: part in str(condition(seen, "Ready")), 30, f"saying {part}"
    )
