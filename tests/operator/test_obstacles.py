"""What stands in the way of a registration, what it says about it, and that it heals without a restart."""

import pytest

from operators import House
from planes import ControlPlane, Simulated
from stage import LONG_AFTER, Registration, Stage, condition, conditions

pytestmark = pytest.mark.usefixtures("operator")


def later(house: House, simulator: Simulated) -> ControlPlane:
    """A control plane of which neither the object nor the Secret is there yet."""
    return ControlPlane(house, simulator)


def message(made: Registration) -> str:
    """The message of Ready."""
    found = condition(made.object, "Ready")
    return str(found and found["message"])


def wait_hindered(made: Registration, reason: str, progress: str) -> None:
    """Return when Ready is False with this reason, and Reconciling or Stalled says the same."""
    seen = conditions(made.wait_for(reason))
    seen.pop("Connected")
    assert seen == {"Ready": ("False", reason), progress: ("True", reason)}


def test_a_control_plane_that_comes_later(stage: Stage) -> None:
    """Without its RunaiControlPlane a registration waits, and registers when an administrator creates it."""
    plane = later(stage.house, stage.simulator).create_secret()
    made = stage.register(controlPlaneRef={"name": plane.name})

    wait_hindered(made, "ControlPlaneNotFound", "Reconciling")
    assert message(made).startswith(f"There is no RunaiControlPlane named {plane.name}. Create it")

    plane.create()
    made.wait_for("Registered")
    plane.remove()


def test_a_secret_that_comes_later(stage: Stage) -> None:
    """Without the credentials Secret a registration waits, and registers when it is there."""
    plane = later(stage.house, stage.simulator).create()
    made = stage.register(controlPlaneRef={"name": plane.name})

    wait_hindered(made, "CredentialsNotFound", "Reconciling")
    assert f"There is no Secret {plane.name} in namespace {stage.house.namespace}. Create it." in message(made)

    plane.create_secret()
    made.wait_for("Registered")
    plane.remove()


@pytest.mark.case(
    "R-40",
    injected="the credentials are refused",
    outcome="AuthenticationFailed says what to check; heals within a poll of the correction",
)
def test_wrong_credentials_that_are_corrected(stage: Stage) -> None:
    """Refused credentials stall the registration, and a corrected Secret heals it within a poll."""
    plane = later(stage.house, stage.simulator).create_secret("wrong").create()
    made = stage.register(controlPlaneRef={"name": plane.name})

    wait_hindered(made, "AuthenticationFailed", "Stalled")
    assert "Check clientId and clientSecret in the credentials Secret." in message(made)

    plane.change_secret(stage.simulator.client_id, stage.simulator.client_secret)
    made.wait_for("Registered")
    plane.remove()


@pytest.mark.case(
    "R-40",
    injected="the client secret is rotated and every token revoked",
    outcome="goes on with the new Secret, without a restart",
)
def test_rotated_credentials(stage: Stage) -> None:
    """A credential that is rotated in the control plane and in the Secret goes on without a restart."""
    made = stage.registered()
    rotated = stage.admin.add_credential(client_id=stage.simulator.client_id)
    stage.admin.revoke_tokens()

    stage.control_plane.change_secret(rotated.client_id, rotated.client_secret)
    stage.admin.set_state(made.status["uuid"], "Connected")

    made.wait_for("Connected", "Connected")
    assert conditions(made.object)["Ready"] == ("True", "Registered")


def test_a_control_plane_that_is_down(stage: Stage) -> None:
    """While nothing listens a registration waits, and registers when the control plane is up."""
    stage.simulator.down()
    made = stage.register()

    wait_hindered(made, "ControlPlaneUnreachable", "Reconciling")

    stage.simulator.up()
    made.wait_for("Registered")


def test_a_registered_cluster_outlives_an_outage(stage: Stage) -> None:
    """A registered cluster stays Ready during an outage; only its connection becomes unknown, until it is over."""
    made = stage.registered()
    stage.simulator.down()

    seen = made.wait_for("ControlPlaneUnreachable", "Connected")
    assert conditions(seen) == {
        "Ready": ("True", "ControlPlaneUnreachable"),
        "Connected": ("Unknown", "ControlPlaneUnreachable"),
        "Reconciling": ("True", "ControlPlaneUnreachable"),
    }
    assert seen["status"]["uuid"]

    stage.simulator.up()
    seen = made.wait_for("WaitingToConnect", "Connected")
    assert conditions(seen)["Ready"] == ("True", "Registered")
    assert len(stage.calls("create_cluster")) == 1


def test_a_short_outage_is_not_worth_a_write(stage: Stage) -> None:
    """Lists that fail once or twice are seen in the control plane's status, and nowhere else."""
    made = stage.registered(listed=True)
    before = made.writes()

    stage.admin.fault("refuse", operation="get_clusters", status=503)
    stage.kube.wait_for(
        stage.control_plane.path, lambda seen: conditions(seen).get("Ready", ("", ""))[0] == "False", 30, "in trouble"
    )
    stage.wait_polls()

    assert made.writes() == before
    assert conditions(stage.kube.get(stage.control_plane.path))["Ready"] == ("True", "Reachable")


@pytest.mark.case(
    "S-01",
    injected="a registration in a namespace that the control plane does not allow",
    outcome="NamespaceNotAllowed, and no call for it",
)
def test_a_namespace_that_is_not_allowed(stage: Stage) -> None:
    """A control plane that does not allow the namespace is not asked, until an administrator allows it."""
    stage.control_plane.change(allowedNamespaces={"from": "Names", "names": ["elsewhere"]})
    since, made = stage.moment(), stage.register()

    wait_hindered(made, "NamespaceNotAllowed", "Stalled")
    assert stage.house.namespace in message(made)
    stage.wait_polls()
    assert {call.operation for call in stage.admin.journal(since=since)} <= {"get_clusters", "token_v2"}

    stage.control_plane.change(allowedNamespaces={"from": "Names", "names": [stage.house.namespace]})
    made.wait_for("Registered")


@pytest.mark.case(
    "R-31",
    injected="the credentials lead into another tenant; the registration is deleted then",
    outcome="DeletionBlocked; no call there; deleted when the credentials are right again",
)
@pytest.mark.case(
    "R-40",
    injected="the Secret is changed to credentials of another tenant",
    outcome="TenantChanged stops everything; nothing counts as missing",
)
def test_another_tenant(stage: Stage) -> None:
    """Credentials of another tenant stop everything: what they do not show is not taken for gone."""
    made = stage.registered(listed=True, version="2.19.4")
    stage.admin.advance(LONG_AFTER)
    other = stage.admin.add_credential(tenant_id=2002)
    stage.admin.create("somebody-elses", tenantId=2002)
    stage.control_plane.change_secret(other.client_id, other.client_secret)

    wait_hindered(made, "TenantChanged", "Stalled")
    made.delete()
    assert "DeletionBlocked" in conditions(made.wait_for("DeletionBlocked"))["Stalled"]
    assert stage.changes() == {"create_cluster": 1}

    stage.control_plane.change_secret(stage.simulator.client_id, stage.simulator.client_secret)
    made.wait_gone()
    assert [cluster.tenant_id for cluster in stage.admin.clusters()] == [2002]


def test_a_suspended_control_plane_is_not_called(stage: Stage) -> None:
    """A suspended RunaiControlPlane is not called at all; registrations wait and register when it is resumed."""
    stage.control_plane.change(suspend=True)
    made = stage.register()

    wait_hindered(made, "Suspended", "Stalled")
    assert f"the RunaiControlPlane {stage.control_plane.name} is suspended" in message(made)
    assert stage.changes() == {}

    stage.control_plane.change(suspend=False)
    made.wait_for("Registered")


@pytest.mark.case(
    "R-33",
    injected="429 with `Retry-After: 2` to a list",
    outcome="no call of any kind before it is over",
)
def test_throttling_is_obeyed(stage: Stage) -> None:
    """A 429 with Retry-After is a pause for all calls: nothing is asked before it is over."""
    stage.admin.fault("throttle", operation="get_clusters", retryAfter=2)
    stage.wait_polls(2)

    throttled = next(call for call in stage.calls("get_clusters") if call.status == 429)
    following = next(call for call in stage.admin.journal() if call.seq > throttled.seq)
    assert following.t - throttled.t >= 2
