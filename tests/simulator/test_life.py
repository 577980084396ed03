"""A cluster's life: waiting, connected, troubled; and what the install information says."""

import pytest
from pydantic import JsonValue

from runai_registrar.simulator import Admin, Clock
from runai_registrar.simulator.clock import FROZEN_AT, rfc3339
from simulator.calls import Api


def test_cluster_waits_for_ever_by_default(api: Api, clock: Clock) -> None:
    """Without connectAfter a cluster does not connect on its own, and was never heard from."""
    uid = api.new("gpu-east")
    clock.advance(3_000)

    assert api.state(uid) == "WaitingToConnect"
    assert api.cluster(uid).json()["lastLiveness"] is None


def test_cluster_connects(api: Api, admin: Admin, clock: Clock) -> None:
    """After connectAfter a cluster is Connected and reports platform, config, dependencies, operands, conditions."""
    admin.settings(connectAfter=30)
    uid = api.new("gpu-east")

    clock.advance(29)
    assert api.state(uid) == "WaitingToConnect"
    clock.advance(1)
    shown = api.cluster(uid).json()
    status = shown["status"]
    assert (status["state"], shown["version"]) == ("Connected", "2.24.18")
    assert status["platform"]["type"] == "vanilla"
    assert status["config"]["ingressClass"] == "nginx"
    assert all(one["available"] for one in status["dependencies"]["required"].values())
    assert all(one["ready"] for one in status["operands"].values())
    assert {one["status"] for one in status["conditions"]} == {"True"}
    assert {one["lastTransitionTime"] for one in status["conditions"]} == {rfc3339(FROZEN_AT + 30)}


def test_connecting_keeps_a_version_that_was_given(api: Api, admin: Admin) -> None:
    """The version given at creation is shown, not the agent's."""
    admin.settings(connectAfter=0)

    assert api.cluster(api.new("gpu-east", version="2.19.1")).json()["version"] == "2.19.1"


def test_changed_setting_holds_for_clusters_that_wait_already(api: Api, admin: Admin) -> None:
    """The setting connectAfter, made later, connects the clusters there are."""
    uid = api.new("gpu-east")
    admin.settings(connectAfter=0)

    assert api.state(uid) == "Connected"


@pytest.mark.parametrize("state", ["Connected", "MissingPrerequisites", "ServiceIssues"])
def test_last_liveness_moves_on(api: Api, admin: Admin, clock: Clock, state: str) -> None:
    """The lastLiveness of a cluster that is heard from moves on in steps of livenessInterval."""
    uid = api.new("gpu-east")
    admin.set_state(uid, state)

    for seconds, expected in ((0, 0), (9, 0), (1, 10), (25, 30)):
        clock.advance(seconds)
        assert api.cluster(uid).json()["lastLiveness"] == rfc3339(FROZEN_AT + expected)


@pytest.mark.parametrize("state", ["Connected", "Disconnected", "MissingPrerequisites", "ServiceIssues"])
def test_last_liveness_may_be_hidden(api: Api, admin: Admin, state: str) -> None:
    """Without livenessShown a cluster shows its state and no lastLiveness, whatever was heard from it."""
    uid = api.new("gpu-east")
    admin.set_state(uid, "Connected")
    admin.settings(livenessShown=False)
    admin.set_state(uid, state)

    shown = api.cluster(uid).json()
    assert (shown["status"]["state"], shown["lastLiveness"]) == (state, None)


@pytest.mark.parametrize("state", ["Disconnected", "Unknown", "SomethingNew", None])
def test_last_liveness_stops(api: Api, admin: Admin, clock: Clock, state: str | None) -> None:
    """The lastLiveness of a cluster that fell silent stays where it was."""
    uid = api.new("gpu-east")
    admin.set_state(uid, "Connected")
    clock.advance(20)
    admin.set_state(uid, state)
    clock.advance(100)

    assert api.cluster(uid).json()["lastLiveness"] == rfc3339(FROZEN_AT + 20)


def test_missing_prerequisites(api: Api, admin: Admin) -> None:
    """MissingPrerequisites names a required dependency that is not available, with a component below it."""
    uid = api.new("gpu-east")
    admin.set_state(uid, "MissingPrerequisites")

    required = api.cluster(uid).json()["status"]["dependencies"]["required"]
    missing = [one for one in required.values() if not one["available"]]
    assert len(missing) == 1
    assert missing[0]["reason"]
    assert missing[0]["components"]


def test_service_issues(api: Api, admin: Admin) -> None:
    """ServiceIssues names an operand that is not ready, and a condition that is False."""
    uid = api.new("gpu-east")
    admin.set_state(uid, "ServiceIssues")

    status = api.cluster(uid).json()["status"]
    assert [name for name, one in status["operands"].items() if not one["ready"]] == ["Scheduler"]
    assert [one["type"] for one in status["conditions"] if one["status"] == "False"] == ["Available"]


def test_null_status(api: Api, admin: Admin) -> None:
    """State null makes the whole status null."""
    uid = api.new("gpu-east")
    admin.set_state(uid, None)

    assert api.cluster(uid).json()["status"] is None
    assert api.listed()[0]["status"] is None


def test_waiting_status_can_be_null(api: Api, admin: Admin) -> None:
    """With waitingStatusNull a cluster that never connected has a null status, until it connects."""
    admin.settings(waitingStatusNull=True)
    uid = api.new("gpu-east")
    assert api.cluster(uid).json()["status"] is None
    admin.set_state(uid, "Connected")

    assert api.state(uid) == "Connected"


def test_state_set_by_admin_stays(api: Api, admin: Admin, clock: Clock) -> None:
    """A cluster put into WaitingToConnect by hand no longer connects by itself."""
    admin.settings(connectAfter=30)
    uid = api.new("gpu-east")
    admin.set_state(uid, "WaitingToConnect")
    clock.advance(31)

    assert api.state(uid) == "WaitingToConnect"


def test_whole_status_and_unknown_fields(api: Api, admin: Admin) -> None:
    """A status is shown as it is given, and so are fields that the API file does not know."""
    uid = api.new("gpu-east")
    status: JsonValue = {
        "state": "Connected",
        "conditions": [{"type": "T", "message": "m" * 32_768}] * 10,
        "novel": [1],
    }
    admin.change(uid, status=status, extra={"region": {"name": "eu"}})

    shown = api.cluster(uid).json()
    assert (shown["status"], shown["region"]) == (status, {"name": "eu"})


def test_stranger_renames_and_deletes(api: Api, admin: Admin) -> None:
    """What is done behind the user's back is seen at once."""
    renamed, deleted = api.new("gpu-east"), api.new("gpu-west")
    admin.rename(renamed, "gpu-north")
    admin.delete(deleted)

    assert api.names() == ["gpu-north"]
    assert api.cluster(deleted).status_code == 404


def test_stranger_creates(api: Api, admin: Admin) -> None:
    """A cluster made by a stranger is like any other, with the state and the age it is given."""
    view = admin.create("theirs", state="Connected", createdAt="2025-01-01T00:00:00Z", version="2.20")

    shown = api.cluster(view.uuid).json()
    assert (shown["name"], shown["createdAt"]) == ("theirs", "2025-01-01T00:00:00.000Z")
    assert (shown["status"]["state"], shown["version"]) == ("Connected", "2.20")


def test_install_info(api: Api, admin: Admin) -> None:
    """The installation information has the cluster's own secret and the values asked for."""
    uid = api.new("gpu-east", domain="https://gpu-east.example.com")
    info = api.install_info(uid, version="2.24.18", remoteClusterUrl="https://remote.example.com").json()

    found = admin.cluster(uid)
    assert found is not None
    assert info["clientSecret"] == found.client_secret
    assert info["repositoryName"] == "runai"
    assert info["chartRepoURL"] == "https://charts.example.com/runai"
    for part in (uid, found.client_secret, "https://remote.example.com", '--version="2.24.18"'):
        assert part in info["installationStr"]


def test_install_info_without_remote_url(api: Api) -> None:
    """Without remoteClusterUrl the cluster's domain stands in."""
    uid = api.new("gpu-east", domain="https://gpu-east.example.com")

    assert "https://gpu-east.example.com" in api.install_info(uid, version="2.24").json()["installationStr"]


def test_install_info_needs_a_version_that_has_it(api: Api) -> None:
    """The version is required, and must be 2.15 or above."""
    uid = api.new("gpu-east")
    statuses = [api.install_info(uid, **query).status_code for query in ({}, {"version": "2.14"}, {"version": "2.15"})]

    assert statuses == [400, 404, 200]
