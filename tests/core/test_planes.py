"""What a list proves about the tenant behind it, and what the status of a control plane says."""

from collections.abc import Mapping
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest

from core.kstatus import kstatus
from core.situations import OTHER, OURS, RIVAL, TENANT, THIRD, URL, UUID, at, attempt, cluster, registered, registration
from core.situations import condition as a_condition
from core.situations import trouble as a_trouble
from crds.schemas import part
from runai_registrar.core.planes import Held, connection, counts, reached, suspended, tenant_problem, troubled
from runai_registrar.resources import (
    ClusterCounts,
    ControlPlane,
    ControlPlaneSpec,
    ControlPlaneStatus,
    Metadata,
    SecretRef,
    VerifiedConnection,
)

STATUS = part("RunaiControlPlane", "status")
HERE = connection("uid-p", URL, "client-1", "secret-1")
OTHER_CLIENT = connection("uid-p", URL, "client-2", "secret-1")
OTHER_SECRET = connection("uid-p", URL, "client-1", "secret-2")
OTHER_URL = connection("uid-p", "https://new.example.com", "client-1", "secret-1")
NOTHING = Held.of([])
ONE = Held.of([registration(status=registered())])
OF_2002 = cluster(OTHER, tenant_id=2002)


def control_plane(spec: Mapping[str, Any] | None = None, **status: Any) -> ControlPlane:
    """Return a control plane with this status; `spec` adds to the least there is."""
    least: dict[str, Any] = {"url": URL, "credentials_secret_ref": SecretRef(name="credentials")}
    return ControlPlane(
        metadata=Metadata(name="default", uid="uid-p", generation=2),
        spec=ControlPlaneSpec(**(least | dict(spec or {}))),
        status=ControlPlaneStatus(**status),
    )


def known(**status: Any) -> ControlPlane:
    """Return a control plane whose tenant was seen over this connection."""
    facts: dict[str, Any] = {"tenant_id": TENANT, "verified": HERE} | status
    return control_plane(**facts)


def seen_by_waiters(plane: ControlPlane, status: ControlPlaneStatus) -> str:
    """Return what kstatus says of a control plane with this status."""
    return kstatus({"metadata": plane.metadata.to_dict(), "status": status.to_dict()})


def test_held_are_the_titles() -> None:
    """What counts as owned is what registrations have a title to, with the tenants they were made in."""
    registrations = [
        registration(status=registered()),
        registration(status=registered(uuid=OTHER, tenant_id=2002)),
        registration(status=registered(uuid=THIRD, owner_uid=RIVAL)),
        registration(status=registered(uuid=THIRD).model_copy(update={"origin": None})),
        registration(),
    ]

    assert Held.of(registrations) == Held(frozenset({UUID, OTHER}), frozenset({TENANT, 2002}))
    assert OURS.uuid in ONE.uuids


def test_a_connection_hides_the_credential() -> None:
    """A connection is told by URL, client id and client secret, without showing the latter two."""
    assert "client-1" not in repr(HERE)
    assert "secret-1" not in repr(HERE)
    assert len(HERE.client) == 12
    assert len({one.client for one in (HERE, OTHER_CLIENT, OTHER_SECRET, OTHER_URL)}) == 4
    assert connection("uid-p", URL, "client-1", "secret-1") == HERE


def test_a_digest_belongs_to_one_control_plane() -> None:
    """Two control planes with one credential show different digests, and so do parts that are divided otherwise."""
    assert connection("uid-q", URL, "client-1", "secret-1") != HERE
    assert connection("uid-p", URL, "client-1s", "ecret-1") != HERE


@pytest.mark.parametrize("clusters", [[], [cluster()], [cluster(), cluster(OTHER)]], ids=len)
def test_first_contact_is_trusted(clusters: list[Any]) -> None:
    """Where nothing is owned and nothing recorded, whatever one tenant displays is taken."""
    assert tenant_problem(control_plane(), clusters, HERE, NOTHING) is None


def test_two_tenants_in_one_list_are_a_problem() -> None:
    """A list that mixes tenants proves nothing about either."""
    assert tenant_problem(control_plane(), [cluster(), OF_2002], HERE, NOTHING)


@pytest.mark.parametrize(
    "plane",
    [known(), known(verified=OTHER_CLIENT), control_plane({"tenant_id": TENANT}), control_plane(tenant_id=TENANT)],
    ids=["same-connection", "other-client", "pinned", "recorded"],
)
@pytest.mark.parametrize("held", [NOTHING, ONE], ids=["nothing-held", "one-held"])
def test_another_tenant_is_a_problem(plane: ControlPlane, held: Held) -> None:
    """Clusters of another tenant than the pinned or recorded one are not taken for its own."""
    problem = tenant_problem(plane, [OF_2002], HERE, held) or ""

    assert "2002" in problem
    assert "1001 is expected" in problem


def test_the_tenant_of_what_is_held_counts_where_nothing_is_recorded() -> None:
    """A RunaiControlPlane that was created anew still belongs to the tenant of the registrations."""
    assert tenant_problem(control_plane(), [OF_2002], HERE, ONE)
    assert tenant_problem(control_plane(), [cluster()], HERE, ONE) is None


def test_the_pin_goes_before_what_was_recorded() -> None:
    """An administrator who pins another tenant means it."""
    moved = known(tenant_id=TENANT).model_copy(update={"spec": control_plane({"tenant_id": 2002}).spec})

    assert tenant_problem(moved, [OF_2002], HERE, NOTHING) is None
    assert tenant_problem(moved, [cluster()], HERE, NOTHING)


def test_the_pinned_tenant_is_the_one_reported() -> None:
    """After a change of the pin, the status does not go on naming the tenant that was seen before."""
    moved = known(tenant_id=TENANT).model_copy(update={"spec": control_plane({"tenant_id": 2002}).spec})

    assert reached(moved, [OF_2002], HERE, NOTHING, at(0)).tenant_id == 2002


def test_an_empty_list_over_the_same_connection_is_the_truth() -> None:
    """Where URL and client are those that showed the tenant, nothing displayed means that nothing is there."""
    assert tenant_problem(known(), [], HERE, ONE) is None


@pytest.mark.parametrize(
    "now", [OTHER_CLIENT, OTHER_SECRET, OTHER_URL], ids=["other-client", "other-secret", "other-url"]
)
def test_an_empty_list_over_another_connection_proves_nothing(now: VerifiedConnection) -> None:
    """With other credentials or another URL an empty list may be another tenant's: nothing counts as missing."""
    assert tenant_problem(known(), [], now, ONE)
    assert tenant_problem(control_plane(), [], now, ONE)


def test_an_empty_list_of_other_credentials_settles_no_lost_answer() -> None:
    """What an open attempt has made would be sought in another tenant: it holds the tenant as a title does."""
    waiting = Held.of([registration(attempt=attempt())])

    assert tenant_problem(known(), [], OTHER_CLIENT, waiting)
    assert tenant_problem(known(), [], OTHER_SECRET, waiting)
    assert tenant_problem(known(), [], HERE, waiting) is None


@pytest.mark.parametrize("now", [OTHER_CLIENT, OTHER_SECRET], ids=["other-client", "other-secret"])
def test_other_credentials_of_the_same_tenant_are_welcome(now: VerifiedConnection) -> None:
    """A rotated client is trusted by what it shows, even where what is held is really missing."""
    assert tenant_problem(known(), [cluster()], now, ONE) is None
    assert tenant_problem(known(), [cluster(OTHER)], now, ONE) is None
    assert tenant_problem(known(), [], now, NOTHING) is None


def test_who_has_rotated_in_an_empty_tenant_is_told_what_to_do() -> None:
    """The way back and the ways on are named, for nothing else tells the tenant."""
    problem = tenant_problem(known(), [], OTHER_SECRET, ONE) or ""

    assert "put the former client id and secret back" in problem
    assert "show any cluster" in problem
    assert "runai-registrar.io/release=orphan" in problem


def test_another_url_must_show_one_that_is_held() -> None:
    """First tenants often share a number: after a change of URL, one recorded uuid must be seen."""
    problem = tenant_problem(known(), [cluster(OTHER)], OTHER_URL, ONE) or ""

    assert OTHER_URL.url in problem
    assert "spec.url" in problem
    assert tenant_problem(known(), [cluster()], OTHER_URL, ONE) is None
    assert tenant_problem(known(), [cluster(OTHER)], OTHER_URL, NOTHING) is None


def test_a_control_plane_created_anew_must_show_one_that_is_held() -> None:
    """Created anew, with its status lost, it may have another URL: the tenant's number alone is no proof."""
    assert tenant_problem(control_plane(), [cluster(OTHER)], OTHER_URL, ONE)
    assert tenant_problem(control_plane(), [cluster()], OTHER_URL, ONE) is None


def test_counts() -> None:
    """Clusters count while they are not deleted; managed are those that registrations own."""
    shown = [cluster(), cluster(OTHER, delete_requested_at=at(-1)), cluster(THIRD, deleted_at=at(-1))]

    assert counts(shown, ONE) == ClusterCounts(total=2, managed=1, unmanaged=1)
    assert counts([], ONE) == ClusterCounts()


def test_a_good_list_is_reported() -> None:
    """Ready, with tenant, connection and counts; the recorded tenant stays where nothing is displayed."""
    plane = known(conditions=(a_condition(status="False", reason="Throttled"), a_condition("Reconciling")))
    status = reached(plane, [cluster()], HERE, ONE, at(0))

    assert (status.observed_generation, status.tenant_id, status.verified) == (2, TENANT, HERE)
    assert [(c.type, c.status, c.reason, c.last_transition_time) for c in status.conditions] == [
        ("Ready", "True", "Reachable", at(0))
    ]
    assert seen_by_waiters(plane, status) == "Current"
    assert reached(known(), [], HERE, ONE, at(0)).tenant_id == TENANT
    assert reached(control_plane(), [], HERE, NOTHING, at(0)).tenant_id is None
    assert reached(control_plane(), [cluster()], HERE, NOTHING, at(0)).tenant_id == TENANT


@pytest.mark.parametrize(("passing", "said"), [(True, "InProgress"), (False, "Failed")], ids=["passing", "person"])
def test_trouble_is_reported(*, passing: bool, said: str) -> None:
    """What heals by itself is Reconciling, what takes a person is Stalled; what was known stays."""
    plane = known(clusters=ClusterCounts(total=3), conditions=(a_condition(),))
    status = troubled(plane, a_trouble("Throttled", "m" * 5000, passing=passing), NOTHING, at(0))

    assert seen_by_waiters(plane, status) == said
    assert (status.tenant_id, status.verified, status.clusters) == (TENANT, HERE, ClusterCounts(total=3, unmanaged=3))
    assert [c.status for c in status.conditions] == ["False", "True"]
    assert max(len(c.message) for c in status.conditions) <= 1024


def test_a_secret_may_come_later() -> None:
    """A Secret that is missing is waited for two minutes from when Ready was lost, then a person must act."""
    plane, missing = known(conditions=(a_condition(),)), a_trouble("CredentialsNotFound", passing=False)
    first = troubled(plane, missing, NOTHING, at(10))
    waiting = plane.model_copy(update={"status": first})

    assert seen_by_waiters(plane, first) == "InProgress"
    assert troubled(waiting, missing, NOTHING, at(129)) == first
    assert seen_by_waiters(plane, troubled(waiting, missing, NOTHING, at(130))) == "Failed"
    assert seen_by_waiters(plane, troubled(known(), missing, NOTHING, at(0))) == "InProgress"


def test_a_trouble_that_lasts_keeps_its_time() -> None:
    """The time of a condition moves with its status only, so that a trouble brings one write."""
    plane = known()
    first = troubled(plane, a_trouble("Throttled"), NOTHING, at(0))
    then = troubled(plane.model_copy(update={"status": first}), a_trouble("Throttled"), NOTHING, at(60))

    assert then == first


@pytest.mark.parametrize(("held", "managed"), [(NOTHING, 0), (ONE, 1)], ids=["all-gone", "one-left"])
def test_what_is_managed_is_counted_without_a_list(held: Held, managed: int) -> None:
    """A registration that goes while nothing is listed is not counted any more."""
    plane = known(clusters=ClusterCounts(total=3, managed=2, unmanaged=1), conditions=(a_condition(),))
    expected = ClusterCounts(total=3, managed=managed, unmanaged=3 - managed)

    assert suspended(plane, held, at(0)).clusters == expected
    assert troubled(plane, a_trouble("Throttled"), held, at(0)).clusters == expected


@pytest.mark.parametrize(
    "before",
    [(a_condition(),), (a_condition(status="False", reason="AuthenticationFailed"), a_condition("Stalled")), ()],
    ids=["ready", "stalled", "never-seen"],
)
def test_suspended_is_no_reason_to_wait(before: tuple[Any, ...]) -> None:
    """The last Ready stays; where it is not True, a person must act, or waiters would wait for ever."""
    plane = known(conditions=before)
    status = suspended(plane, NOTHING, at(0))
    ready = status.conditions[0]

    assert "Suspended" in ready.message
    assert ready.status == (before[0].status if before else ready.status)
    assert (status.observed_generation, status.tenant_id) == (2, TENANT)
    assert seen_by_waiters(plane, status) == ("Current" if ready.status == "True" else "Failed")


@pytest.mark.parametrize(
    "status",
    [
        reached(known(), [cluster()], HERE, ONE, at(0)),
        troubled(known(), a_trouble("TenantChanged", "m" * 5000), NOTHING, at(0)),
        suspended(known(conditions=(a_condition(),)), NOTHING, at(0)),
    ],
    ids=["reached", "troubled", "suspended"],
)
def test_a_status_is_valid(status: ControlPlaneStatus) -> None:
    """The API server takes every status of a control plane, and gives the same one back."""
    jsonschema.validate(status.to_dict(), STATUS)
    assert ControlPlaneStatus.model_validate(status.to_dict()) == status
