"""What a list shows, and when a cluster is displayed otherwise than before."""

from typing import Any

import pytest

from core.situations import NAME, NOW, OTHER, THIRD, UUID, at, cluster, draining
from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.observed import Snapshot, differs, is_live

FOURTH = "00000000-0000-4000-8000-000000000004"
GONE = cluster(THIRD, deleted_at=at(-1))
SHOWN = Snapshot.of([cluster(), draining(OTHER), GONE, cluster(FOURTH, name="gpu-west")], NOW, NOW.wall)


def test_a_name_may_have_many_clusters() -> None:
    """All clusters of a name are found, those under deletion included; live are those that nobody deletes."""
    assert [one.uuid for one in SHOWN.by_name[NAME]] == [UUID, OTHER, THIRD]
    assert [one.uuid for one in SHOWN.live(NAME)] == [UUID]
    assert SHOWN.live("gpu-north") == ()


def test_a_draining_cluster_is_shown_and_a_deleted_one_is_not() -> None:
    """A cluster is there until it is marked as deleted, even while its deletion is under way."""
    assert SHOWN.shows(OTHER) == draining(OTHER)
    assert SHOWN.shows(THIRD) is None
    assert SHOWN.shows("nobody") is None
    assert [is_live(one) for one in (cluster(), draining(), GONE)] == [True, False, False]


@pytest.mark.parametrize(
    ("before", "after", "different"),
    [
        (None, None, False),
        (None, cluster(), True),
        (cluster(), None, True),
        (cluster(), cluster(), False),
        (cluster(last_liveness=at(-9)), cluster(last_liveness=at(-1)), False),
        (cluster(updated_at=at(-9)), cluster(updated_at=at(-1)), False),
        (cluster(), cluster(last_liveness=at(-1)), True),
        (cluster(last_liveness=at(-9)), cluster(), True),
        (cluster(last_liveness=at(-9), state="Connected"), cluster(last_liveness=at(-1), state="Unknown"), True),
        (cluster(), draining(), True),
    ],
    ids=[
        "never-there",
        "appeared",
        "vanished",
        "same",
        "alive",
        "updated",
        "first-alive",
        "never-alive-again",
        "other-state",
        "draining",
    ],
)
def test_heartbeats_make_no_difference(before: Cluster | None, after: Cluster | None, *, different: Any) -> None:
    """A cluster that only gives signs of life wakes nobody; the first sign does."""
    assert differs(before, after) is different
