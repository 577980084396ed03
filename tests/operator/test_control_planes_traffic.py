"""How hard a control plane is asked, seen from its side; and that it may refuse the list itself."""

from collections.abc import Callable

import pytest

from operators import until
from runai_registrar.simulator.journal import Entry
from stage import Stage, conditions

pytestmark = pytest.mark.usefixtures("operator")

MOST_AT_ONCE = 10
"""Calls under way at once, as the administrators' page says."""
MANY = 30
"""Registrations: more than may be made at once, and than there are workers (16)."""
LATENCY = 1.0
"""Seconds that each call takes."""
LIFETIME = 8
"""Seconds that a token is good for."""


def at_once(calls: list[Entry]) -> int:
    """The most calls that were under way at the arrival of one of them, itself included."""
    arrivals = [call.t for call in calls]
    return max(sum(now - LATENCY < each <= now for each in arrivals) for now in arrivals)


@pytest.mark.case(
    "R-34",
    injected="each call takes a second; 30 registrations come at once, and may start 500 calls a second",
    outcome="never more than 10 calls are under way, lists and tokens included",
)
def test_only_so_many_calls_at_once(beside: Callable[..., Stage]) -> None:
    """However many registrations wait and however slow the answers are, ten calls are under way at most."""
    stage = beside(requestsPerSecond=500)
    stage.registered()
    since = stage.moment()
    stage.admin.settings(latency=LATENCY)
    made = [stage.register() for _ in range(MANY)]
    until(lambda: len(stage.admin.clusters()) == MANY + 1, "all of them made", 60)
    for each in made:
        each.wait_for("Registered")

    most = at_once(stage.admin.journal(since=since))
    assert MOST_AT_ONCE / 2 < most <= MOST_AT_ONCE


@pytest.mark.case(
    "R-39",
    injected="tokens live for 8 s, while a list is asked for every second",
    outcome="each is exchanged before it ends: no 401, and one token request for several lists",
)
def test_a_token_is_exchanged_ahead(beside: Callable[..., Stage]) -> None:
    """A token that will end soon is exchanged before it does: over several of them no call is answered 401."""
    stage = beside()
    stage.admin.settings(tokenLifetime=LIFETIME)
    stage.registered()
    stage.admin.revoke_tokens()  # the first one may be of a longer life
    until(lambda: any(call.status == 401 for call in stage.calls("get_clusters")), "the former token refused")
    since = stage.moment()
    until(lambda: len(stage.calls("token_v2", since=since)) > 3, "a fourth token", 4 * LIFETIME + 30)

    calls = stage.admin.journal(since=since)
    assert {call.status for call in calls} <= {200, None}
    assert sum(call.operation == "get_clusters" for call in calls) > sum(call.operation == "token_v2" for call in calls)


@pytest.mark.case(
    "R-40",
    injected="the service account may not list clusters (403), then it may",
    outcome="PermissionDenied on the control plane and on its registration; nothing is made; heals by itself",
)
def test_a_list_that_is_not_allowed(beside: Callable[..., Stage]) -> None:
    """A 403 to the list stalls the control plane and its registrations, which say so; with the right all goes on."""
    stage = beside()
    stage.admin.fault("refuse", operation="get_clusters", times=None, status=403)
    made = stage.register()

    for path in (stage.control_plane.path, made.path):
        seen = stage.kube.wait_for(
            path, lambda seen: conditions(seen).get("Ready") == ("False", "PermissionDenied"), 30, "PermissionDenied"
        )
        assert conditions(seen)["Stalled"] == ("True", "PermissionDenied")
    assert stage.calls("create_cluster") == []

    stage.admin.clear_faults()
    made.wait_for("Registered")
