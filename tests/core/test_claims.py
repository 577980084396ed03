"""Who owns which cluster."""

import itertools

import pytest

from core.situations import (
    NAME,
    OTHER,
    OURS,
    RIVAL,
    THIRD,
    UUID,
    at,
    attempt,
    cluster,
    earlier,
    observed,
    plane,
    registered,
    registration,
    rival,
)
from runai_registrar.core.claims import (
    creating,
    holders,
    keys,
    lookups,
    name_holder,
    rank,
    stronger_holder,
    title,
    written_title,
)
from runai_registrar.core.observed import Snapshot
from runai_registrar.core.times import Stamp
from runai_registrar.resources import ControlPlaneUsed, Origin, Registration, RegistrationStatus


def test_a_title_is_a_uuid_with_owner_and_origin() -> None:
    """A registration owns the cluster that its own status names as come by."""
    assert written_title(registration(status=registered())) == OURS
    assert title(registration(status=registered()), plane()) == OURS


@pytest.mark.case(
    "R-16",
    injected="a status copied from another registration, or without owner or origin",
    outcome="gives no title",
)
@pytest.mark.parametrize(
    "change",
    [{"owner_uid": RIVAL}, {"owner_uid": None}, {"origin": None}, {"uuid": None}],
    ids=["copied", "without-owner", "only-shown", "without-uuid"],
)
def test_what_is_no_title(change: dict[str, None]) -> None:
    """A copied or restored status, and one that only shows a cluster, give no right to it."""
    status = registered().model_copy(update=change)

    assert written_title(registration(status=status)) is None
    assert title(registration(status=status), plane()) is None


def test_a_title_is_good_for_its_tenant_and_control_plane_only() -> None:
    """A status of another tenant or control plane is no title here; an unknown tenant contradicts nothing."""
    here = registration(status=registered())
    elsewhere = registration(status=registered(control_plane=ControlPlaneUsed(name="other", url="https://a")))

    assert title(here, plane(tenant_id=2002)) is None
    assert title(here, plane(tenant_id=None)) == OURS
    assert title(registration(status=registered(tenant_id=None)), plane()) == OURS
    assert title(elsewhere, plane()) is None


def test_rank_is_origin_then_age_then_uid() -> None:
    """Created goes before Recovered before Adopted before none, then the oldest, then the lowest uid."""
    ordered = [
        rival(status=registered(Origin.CREATED), creation_timestamp=at(-10)),
        rival(status=registered(Origin.RECOVERED)),
        rival(status=registered(Origin.ADOPTED), uid="uid-1"),
        rival(status=registered(Origin.ADOPTED), uid="uid-2"),
        rival(status=registered(Origin.ADOPTED), uid="uid-0", creation_timestamp=at(-10)),
        rival(status=registered(Origin.ADOPTED), uid="uid-0", creation_timestamp=None),
        rival(),
    ]

    assert all(rank(one) < rank(other) for one, other in itertools.pairwise(ordered))


@pytest.mark.parametrize("order", list(itertools.permutations(("uid-0", "uid-2", "uid-3"))), ids="-".join)
def test_all_holders_agree_on_the_owner(order: tuple[str, ...]) -> None:
    """Of several registrations that hold one uuid, exactly one sees nobody before it, in whatever order."""
    all_of_them = [rival(uid=uid, status=registered(Origin.ADOPTED)) for uid in order]
    owners = [
        one.uid
        for one in all_of_them
        if not stronger_holder(observed(one, rivals=tuple(r for r in all_of_them if r is not one)), UUID)
    ]

    assert owners == ["uid-0"]


def test_the_strongest_of_several_is_named() -> None:
    """A registration that is not the owner is told who is."""
    weak, strong = rival(status=registered(Origin.RECOVERED)), rival(uid="uid-2", status=registered())
    o = observed(registration(status=registered(Origin.ADOPTED)), rivals=(weak, strong))

    assert holders(o, UUID) == (weak, strong)
    assert stronger_holder(o, UUID) == strong
    assert stronger_holder(o, OTHER) is None


@pytest.mark.parametrize(
    ("other", "creates"),
    [
        (rival(attempt=attempt(2)), True),
        (rival(attempt=attempt(2, name="gpu-west", earlier=(earlier(),))), True),
        (rival(attempt=attempt(2, name="gpu-west")), False),
        (rival(attempt=attempt(2), status=RegistrationStatus(attempt="attempt-2")), False),
        (rival(attempt=attempt(2, refused=True)), False),
        (registration(uid=RIVAL, attempt=attempt(2)), False),
        (rival(), False),
    ],
    ids=["open", "earlier-one-open", "other-name", "closed", "refused", "copied", "none"],
)
def test_who_creates_a_name(other: Registration, *, creates: bool) -> None:
    """A rival creates a name while it has an open attempt of its own that sent it."""
    assert (creating(observed(registration(), rivals=(other,)), NAME) == other) is creates


@pytest.mark.parametrize(
    ("other", "holds"),
    [
        (rival(status=registered()), True),
        (rival(status=registered(cluster_name="gpu-west")), True),
        (rival(status=registered(), name="gpu-west"), True),
        (rival(status=registered(cluster_name="gpu-west"), name="gpu-west"), False),
        (rival(), False),
    ],
    ids=["has-and-wants-it", "wants-it", "has-it", "neither", "owns-nothing"],
)
def test_who_holds_a_name(other: Registration, *, holds: bool) -> None:
    """A name belongs to a rival that owns a cluster which has it or is to have it."""
    assert (name_holder(observed(registration(), rivals=(other,)), NAME) == other) is holds


def test_keys_are_all_names_and_uuids_that_matter() -> None:
    """Registrations meet over the name asked for, the one displayed, those sent, and uuids held or to be adopted."""
    one = registration(
        spec={"clusterName": "asked", "adopt": {"uuid": OTHER}},
        status=registered(cluster_name="displayed"),
        attempt=attempt(name="sent", earlier=(earlier(name="before"),)),
    )

    assert keys(one) == {"name:asked", "name:displayed", "name:sent", "name:before", f"uuid:{UUID}", f"uuid:{OTHER}"}
    assert keys(registration()) == {f"name:{NAME}"}


def test_rivals_are_looked_up_by_the_clusters_that_bear_our_names() -> None:
    """Who holds a cluster of our name is a rival, whatever it calls itself."""
    snapshot = Snapshot.of([cluster(), cluster(THIRD, name="gpu-west")], Stamp(0, 0), 0)

    assert lookups(registration(), snapshot) == {f"name:{NAME}", f"uuid:{UUID}"}
    assert lookups(registration(), None) == {f"name:{NAME}"}
