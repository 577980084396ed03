"""The API server itself goes away: restarted in the middle of the work, killed or frozen just after a 201.

The module has an API server of its own, because it hurts it.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from kube import REPOSITORY, Kube
from operators import House, Operator, until
from reliability import Recovery
from runai_registrar.apiserver import ApiServer, Search, find_or_make, install_crds
from stage import LONG_AFTER, Registration, Stage, conditions

MANY = 50
PACE = 25
"""Calls per second to the control plane, so that fifty creations and fifty deletions take a while."""
SLOW = {"SETTLE": "15s", "REQUEST_TIMEOUT": "10s"}
LATE = 3.0
"""Seconds by which the control plane answers a creation late, in which the API server is taken away."""
LONG = 90.0
"""Seconds for what waits until requests to the API server, 30 s each, have run out."""
WATCHING = "kopf._cogs.clients.watching"
"""The logger of the watches, which calls it an error that the API server is away."""


@pytest.fixture(scope="module")
def apiserver() -> Iterator[ApiServer]:
    """An API server that the tests may freeze, kill and start again."""
    with ApiServer(find_or_make(Search.here()), audit=True) as server:
        install_crds(server.kubeconfig, REPOSITORY / "crds")
        yield server


@pytest.fixture(scope="module")
def kube(apiserver: ApiServer) -> Iterator[Kube]:
    """That API server, as its administrator."""
    with Kube(apiserver) as kube:
        yield kube


@pytest.fixture(scope="module")
def operator(house: House) -> Iterator[Operator]:
    """One operator, which outlives all that happens to the API server."""
    with house.operator(**SLOW) as operator:
        operator.allow(WATCHING)
        yield operator


def ready(stage: Stage, made: list[Registration]) -> bool:
    """Whether all of these are Ready."""
    seen = {each["metadata"]["name"]: conditions(each) for each in stage.kube.items(stage.registrations)}
    return all(seen.get(each.name, {}).get("Ready") == ("True", "Registered") for each in made)


def changed(stage: Stage) -> int:
    """How many clusters the control plane was asked to create or to delete."""
    return sum(stage.admin.counts()[operation] for operation in ("create_cluster", "delete_cluster"))


@pytest.mark.case(
    "R-42",
    injected="the API server is killed and started again in the middle of 50 creations and 50 deletions",
    outcome="one POST for each, and a DELETE or two; one cluster for each registration that is left",
)
def test_a_restart_in_the_middle_doubles_and_leaks_nothing(
    stage: Stage, apiserver: ApiServer, operator: Operator, recovery: Recovery
) -> None:
    """Fifty creations and fifty deletions, half done when the API server dies, leave one cluster for each creation."""
    leaving = [stage.register() for _ in range(MANY)]
    until(lambda: ready(stage, leaving), "the first fifty Ready")
    stage.admin.settings(drainTime=0, uniqueNames=False)
    stage.admin.advance(LONG_AFTER)
    stage.control_plane.change(requestsPerSecond=PACE)
    stage.wait_polls()
    coming = [stage.register() for _ in range(MANY)]
    for each in leaving:
        each.delete()
    until(lambda: changed(stage) >= MANY + MANY // 2, "work under way")
    apiserver.kill()
    done = changed(stage)
    apiserver.restart()
    recovery.begins()
    until(lambda: ready(stage, coming), "the other fifty Ready", LONG)
    until(lambda: len(stage.kube.items(stage.registrations)) == MANY, "the first fifty gone", LONG)
    recovery.ends()

    assert done < 3 * MANY, "the work was over before the API server died, which proves nothing"
    held = {each.name: each.status["uuid"] for each in coming}
    assert {cluster.name: cluster.uuid for cluster in stage.admin.clusters()} == held
    assert len(stage.admin.clusters()) == MANY
    assert stage.admin.counts()["create_cluster"] == 2 * MANY
    repeats = Counter(call.path for call in stage.calls("delete_cluster"))
    assert len(repeats) == MANY
    assert max(repeats.values()) <= 2, "one that had no answer in time may be asked for once more"
    assert operator.process.poll() is None


@pytest.mark.case(
    "R-07",
    injected="the API server is frozen or killed just after a 201, until writes of the uuid have run out of time",
    outcome="the uuid is kept and written when the API server is back; one POST",
)
@pytest.mark.parametrize(
    ("away", "back", "sign"),
    [
        (ApiServer.pause, ApiServer.resume, "{uid} is tried again"),
        (ApiServer.kill, ApiServer.restart, "Request attempt #6/6 failed"),
    ],
    ids=["frozen", "killed"],
)
def test_a_uuid_survives_an_api_server_that_is_away(
    stage: Stage,
    apiserver: ApiServer,
    operator: Operator,
    recovery: Recovery,
    away: Callable[[ApiServer], None],
    back: Callable[[ApiServer], None],
    sign: str,
) -> None:
    """A uuid that cannot be written is kept as long as it takes, and written once the API server answers again.

    As long as it takes: until a write has run out of time (frozen), until the watches have given up once (killed).
    """
    stage.admin.fault("slow", operation="create_cluster", delay=LATE)
    made = stage.register()
    uid = made.object["metadata"]["uid"]
    until(lambda: bool(stage.calls("create_cluster")), "the POST")
    assert "uuid" not in made.status
    away(apiserver)
    try:
        until(lambda: sign.format(uid=uid) in operator.log, "what shows that it was away for long", LONG)
        assert f"{uid} is tried again" in operator.log
    finally:
        back(apiserver)
    recovery.begins()
    made.wait_ready()
    recovery.ends()

    made.change(clusterName="seen by the watch")
    until(lambda: [cluster.name for cluster in stage.admin.clusters()] == ["seen by the watch"], "the new name", LONG)
    (post,) = stage.calls("create_cluster")
    assert post.status == 201
    assert made.status["origin"] == "Created"
    assert [cluster.uuid for cluster in stage.admin.clusters()] == [made.status["uuid"]]
