"""Deletion: graceful (202) or at once (204), what is seen meanwhile and afterwards."""

import uuid

import pytest

from runai_registrar.simulator import Admin, Clock
from runai_registrar.simulator.clock import FROZEN_AT, rfc3339
from simulator.calls import Api


@pytest.mark.parametrize(
    ("version", "query", "status"),
    [
        ("2.20", {}, 202),
        ("2.20.0", {"force": "false"}, 202),
        ("2.24.18", {}, 202),
        ("v2.24.18", {}, 202),
        ("3.0", {}, 202),
        ("2.24.18", {"force": "true"}, 204),
        ("2.19.99", {}, 204),
        ("2.9", {}, 204),
        ("2.19", {"force": "true"}, 204),
    ],
)
def test_status_by_version_and_force(api: Api, version: str, query: dict[str, str], status: int) -> None:
    """202 from version 2.20 on without force, 204 otherwise, and a 204 means gone."""
    uid = api.new("gpu-east", version=version)
    answer = api.remove(uid, **query)

    assert answer.status_code == status
    assert api.cluster(uid).status_code == (200 if status == 202 else 404)
    assert api.names(includeRequestedForDelete="true") == (["gpu-east"] if status == 202 else [])


@pytest.mark.parametrize(("graceful", "status"), [(True, 202), (False, 204)])
def test_cluster_without_version(api: Api, admin: Admin, graceful: bool, status: int) -> None:  # noqa: FBT001  # a parameter
    """The setting unknownVersionGraceful says how a cluster without version is deleted."""
    admin.settings(unknownVersionGraceful=graceful)

    assert api.remove(api.new("gpu-east")).status_code == status


def test_graceful_deletion(api: Api, admin: Admin, clock: Clock) -> None:
    """A 202 sets deleteRequestedAt; the cluster drains for drainTime and is gone then."""
    admin.settings(drainTime=60)
    uid = api.new("gpu-east")
    answer = api.remove(uid)

    assert answer.json() == {"code": 202, "message": "Cluster deletion started"}
    clock.advance(59)
    assert api.cluster(uid).json()["deleteRequestedAt"] == rfc3339(FROZEN_AT)
    clock.advance(1)
    assert api.cluster(uid).status_code == 404
    assert api.listed(includeRequestedForDelete="true") == []


def test_lists_hide_a_draining_cluster(api: Api, admin: Admin) -> None:
    """A draining cluster is listed only with includeRequestedForDelete=true; what no flag means is a switch."""
    api.remove(api.new("gpu-east"))

    assert api.names(includeRequestedForDelete="true") == ["gpu-east"]
    assert api.names(includeRequestedForDelete="false") == []
    assert api.names() == []
    admin.settings(includeDeletingByDefault=True)
    assert api.names() == ["gpu-east"]
    assert api.names(includeRequestedForDelete="false") == []


def test_deleting_twice(api: Api, clock: Clock) -> None:
    """A second graceful DELETE is 202 again and changes nothing; with force the cluster is gone."""
    uid = api.new("gpu-east")
    api.remove(uid)
    clock.advance(1)

    assert api.remove(uid).status_code == 202
    assert api.cluster(uid).json()["deleteRequestedAt"] == rfc3339(FROZEN_AT)
    assert api.remove(uid, force="true").status_code == 204
    assert api.cluster(uid).status_code == 404


def test_drain_that_never_ends(api: Api, admin: Admin, clock: Clock) -> None:
    """With drainTime null a cluster drains for ever, until the setting changes."""
    admin.settings(drainTime=None)
    uid = api.new("gpu-east")
    api.remove(uid)
    clock.advance(3_000)

    assert api.cluster(uid).status_code == 200
    admin.settings(drainTime=1)
    assert api.cluster(uid).status_code == 404


def test_drain_may_need_the_agent(api: Api, admin: Admin, clock: Clock) -> None:
    """With drainNeedsAgent only a live cluster ever drains to its end."""
    admin.settings(drainNeedsAgent=True)
    waiting, live = api.new("waiting"), api.new("live")
    admin.set_state(live, "Connected")
    api.remove(waiting)
    api.remove(live)
    clock.advance(1_000)

    assert api.names(includeRequestedForDelete="true") == ["waiting"]


@pytest.mark.parametrize(("holds", "status"), [(True, 409), (False, 201)])
def test_name_of_a_draining_cluster(api: Api, admin: Admin, holds: bool, status: int) -> None:  # noqa: FBT001  # a parameter
    """The setting drainingHoldsName says whether the name is free before the drain is over."""
    admin.settings(drainingHoldsName=holds)
    api.remove(api.new("gpu-east"))

    assert api.create("gpu-east").status_code == status


def test_name_is_free_after_each_deletion(api: Api) -> None:
    """A name can be used again and again after deletions at once."""
    statuses = [api.remove(api.new("gpu-east"), force="true").status_code for _ in range(3)]

    assert statuses == [204, 204, 204]


def test_name_is_free_after_the_drain(api: Api, clock: Clock) -> None:
    """Once the drain is over the name is free, though nobody looked at the old cluster."""
    api.remove(api.new("gpu-east"))
    clock.advance(5)

    assert api.create("gpu-east").status_code == 201


@pytest.mark.parametrize("status", [404, 204, 202, 500])
def test_deleting_what_is_absent(api: Api, admin: Admin, status: int) -> None:
    """The setting deleteAbsentStatus says what DELETE of an absent cluster answers; 404 by default."""
    if status != 404:
        admin.settings(deleteAbsentStatus=status)

    assert api.remove(str(uuid.uuid4())).status_code == status


def test_deletion_that_is_only_pretended(api: Api, admin: Admin) -> None:
    """A rule can answer 204 once while the cluster remains."""
    uid = api.new("gpu-east", version="2.19")
    admin.fault("refuse", method="DELETE", status=204)

    first = api.remove(uid)
    assert (first.status_code, first.content) == (204, b"")
    assert api.cluster(uid).json()["deleteRequestedAt"] is None
    assert api.remove(uid).status_code == 204
    assert api.cluster(uid).status_code == 404


def test_deleted_cluster_can_stay_visible(api: Api, admin: Admin, clock: Clock) -> None:
    """With deletedVisibleFor a GET shows deletedAt for a while; other calls find nothing, and the name is free."""
    admin.settings(deletedVisibleFor=60)
    uid = api.new("gpu-east")
    clock.advance(1)
    api.remove(uid, force="true")

    assert api.cluster(uid).json()["deletedAt"] == rfc3339(FROZEN_AT + 1)
    assert api.listed(includeRequestedForDelete="true") == []
    statuses = [api.remove(uid).status_code, api.rename(uid, "x").status_code]
    assert [*statuses, api.install_info(uid, version="2.24").status_code] == [404, 404, 404]
    assert api.create("gpu-east").status_code == 201
    clock.advance(60)
    assert api.cluster(uid).status_code == 404


def test_drained_cluster_can_stay_visible(api: Api, admin: Admin, clock: Clock) -> None:
    """The deletedAt of a drained cluster is the end of its drain."""
    admin.settings(deletedVisibleFor=60, drainTime=10)
    uid = api.new("gpu-east")
    api.remove(uid)
    clock.advance(15)

    assert api.cluster(uid).json()["deletedAt"] == rfc3339(FROZEN_AT + 10)


def test_deleted_cluster_can_stay_in_lists(api: Api, admin: Admin) -> None:
    """With deletedInLists a list that asks for deleted ones shows it too."""
    admin.settings(deletedVisibleFor=60, deletedInLists=True)
    api.remove(api.new("gpu-east"), force="true")

    assert api.names(includeRequestedForDelete="true") == ["gpu-east"]
    assert api.names() == []
