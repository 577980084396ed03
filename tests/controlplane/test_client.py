"""The client, over real sockets: what is asked, and what each answer becomes."""

import json
from collections.abc import Awaitable, Callable

import pytest

from controlplane.servers import (
    CREDENTIALS,
    DELETE,
    INSTALL_INFO,
    LIST,
    ONE,
    RENAME,
    TOKEN_V2,
    UUID,
    Reply,
    always,
    client_of,
    cluster,
    control_plane,
    served_client,
)
from runai_registrar.controlplane.client import ControlPlaneClient
from runai_registrar.controlplane.endpoint import ConnectionSettings, Endpoint
from runai_registrar.controlplane.protocol import Deletion
from runai_registrar.controlplane.transport import Exchange
from runai_registrar.errors import (
    NotFound,
    NotSent,
    PermissionDenied,
    Refused,
    Stale,
    Throttled,
    Unanswered,
)

API_404 = {"code": 404, "message": "cluster not found"}


@pytest.mark.case("R-27", injected="lists whose defaults hide draining clusters", outcome="every list asks for them")
async def test_list() -> None:
    """A list asks for full status and for clusters being deleted, whatever the defaults are."""
    async with served_client() as (served, client):
        served.on(LIST, Reply(content=[cluster(status=None), cluster(deleteRequestedAt="2026-01-02T03:04:05Z")]))

        clusters = await client.list_clusters()

        assert [one.delete_requested_at is None for one in clusters] == [True, False]
        assert served.called(LIST)[0].query == {"verbosity": "full", "includeRequestedForDelete": "true"}


async def test_one_unreadable_entry() -> None:
    """One entry that cannot be read makes the list unreadable: absence from a list has meaning."""
    async with served_client() as (served, client):
        served.on(LIST, Reply(content=[cluster(), cluster(uuid="not-a-uuid")]))

        with pytest.raises(Unanswered, match=r"1\.uuid: Value error, not a UUID"):
            await client.list_clusters()


async def test_get() -> None:
    """One cluster is read by its uuid, in whichever case it is written."""
    async with served_client() as (served, client):
        served.on(ONE, Reply(content=cluster(uuid=UUID.upper())))

        assert (await client.get_cluster(UUID.upper())).uuid == UUID


async def test_get_another_cluster() -> None:
    """An answer about another cluster is no answer."""
    async with served_client() as (served, client):
        served.on(ONE, Reply(content=cluster(uuid=UUID.replace("3", "4"))))

        with pytest.raises(Unanswered, match="another cluster"):
            await client.get_cluster(UUID)


async def test_missing_cluster() -> None:
    """404 in the API's own words means that there is no such cluster."""
    async with served_client() as (served, client):
        served.on(ONE, Reply(404, API_404))

        with pytest.raises(NotFound) as caught:
            await client.get_cluster(UUID)
        assert (caught.value.reason, caught.value.status) == ("ClusterMissing", 404)


@pytest.mark.case("R-26", injected="404 in other words than the API's, from a gateway", outcome="not taken for gone")
async def test_gateway_404() -> None:
    """404 from a gateway that lost its route does not mean that a cluster is gone."""
    async with served_client() as (_, client):
        with pytest.raises(Unanswered) as caught:
            await client.get_cluster(UUID)
        assert caught.value.reason == "ControlPlaneUnreachable"


@pytest.mark.parametrize("uuid", ["", "..", "../token", UUID + "/", UUID[:-1], "00000000-0000-0000-0000-000000000000"])
async def test_no_uuid(uuid: str) -> None:
    """What is not a UUID never becomes part of a path."""
    async with served_client() as (served, client):
        with pytest.raises(ValueError, match="not a UUID"):
            await client.delete_cluster(uuid, force=True, still_fresh=always)
        assert served.calls == []


async def test_rename() -> None:
    """A rename sends the name and nothing else."""
    async with served_client() as (served, client):
        served.on(RENAME, Reply(204))

        await client.rename_cluster(UUID, "gpu-west", still_fresh=always)

        assert json.loads(served.called(RENAME)[0].body) == {"name": "gpu-west"}


@pytest.mark.parametrize(
    ("force", "status", "outcome", "query"),
    [(False, 202, Deletion.DRAINING, {}), (True, 204, Deletion.REMOVED, {"force": "true"})],
)
async def test_delete(*, force: bool, status: int, outcome: Deletion, query: dict[str, str]) -> None:
    """202 means draining and 204 removed; force is mentioned only where it is asked for."""
    async with served_client() as (served, client):
        served.on(DELETE, Reply(status, {"code": status, "message": "ok"} if status == 202 else b""))

        assert await client.delete_cluster(UUID, force=force, still_fresh=always) is outcome
        assert served.called(DELETE)[0].query == query


async def test_stale_change() -> None:
    """A rename or a deletion that has gone stale is not sent."""
    async with served_client() as (served, client):
        with pytest.raises(Stale):
            await client.rename_cluster(UUID, "gpu-west", still_fresh=lambda: False)
        with pytest.raises(Stale):
            await client.delete_cluster(UUID, force=False, still_fresh=lambda: False)
        assert {call.route for call in served.calls} == {TOKEN_V2}


async def test_install_info() -> None:
    """Install information is asked for a version, and read with both secrets hidden."""
    async with served_client() as (served, client):
        info = {
            "installationStr": "helm … secret",
            "repositoryName": "runai",
            "chartRepoURL": "https://charts",
            "clientSecret": "s",
        }
        served.on(INSTALL_INFO, Reply(content=info))

        read = await client.install_info(UUID, "2.24", "https://gpu east/?a=b")

        assert served.called(INSTALL_INFO)[0].query == {"version": "2.24", "remoteClusterUrl": "https://gpu east/?a=b"}
        assert (read.client_secret.get_secret_value(), read.chart_repo_url) == ("s", "https://charts")
        assert "helm" not in repr(read)


async def test_path_prefix() -> None:
    """A path prefix of the endpoint stands before every path, the token endpoint's too."""
    async with control_plane() as served:
        served.on("POST /runai/api/v2/token", served.numbered_token)
        served.on("GET /runai/api/v1/clusters", Reply(content=[]))
        async with client_of(f"{served.url}/runai/") as client:
            assert await client.list_clusters() == ()


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (400, Refused, "RejectedByControlPlane"),
        (403, PermissionDenied, "PermissionDenied"),
        (429, Throttled, "Throttled"),
        (500, Unanswered, "ControlPlaneUnreachable"),
        (503, Unanswered, "ControlPlaneUnreachable"),
        (302, Unanswered, "ControlPlaneUnreachable"),
    ],
)
async def test_refusals(status: int, kind: type[Exception], reason: str) -> None:
    """Each kind of refusal has its own error and the reason the status reports."""
    async with served_client() as (served, client):
        served.on(LIST, Reply(status, {"code": status, "message": "because"}))

        with pytest.raises(kind, match="because") as caught:
            await client.list_clusters()
        assert caught.type is kind
        assert vars(caught.value)["reason"] == reason


async def test_observed() -> None:
    """Every request that was tried is shown to whoever counts them, by its template."""
    seen: list[Exchange] = []
    async with control_plane() as served:
        settings = ConnectionSettings(Endpoint(served.url))
        async with ControlPlaneClient(settings, CREDENTIALS, observe=seen.append) as client:
            with pytest.raises(Unanswered):
                await client.get_cluster(UUID)
            served.on(LIST, Reply(content=b"x", headers={"Content-Encoding": "br"}))
            with pytest.raises(Unanswered):
                await client.list_clusters()

    assert [(one.operation, one.method, one.route, one.status) for one in seen] == [
        ("token_v2", "POST", "/api/v2/token", 200),
        ("get_cluster_by_uuid", "GET", "/api/v1/clusters/{clusterUuid}", 404),
        ("get_clusters", "GET", "/api/v1/clusters", None),
    ]


async def test_closed_client() -> None:
    """A client that was closed sends nothing."""
    async with control_plane() as served:
        client = client_of(served.url)
        await client.aclose()

        with pytest.raises(NotSent) as caught:
            await client.list_clusters()
        assert caught.value.reason == "ControlPlaneNotReady"
        assert served.calls == []


@pytest.mark.parametrize("call", ["list", "get", "create", "delete"])
async def test_a_control_plane_that_is_not_wanted_is_not_asked(call: str) -> None:
    """While it is to be left alone nothing leaves, no request for a token either; afterwards all is as before."""
    wanted = [False]
    async with control_plane() as served:
        settings = ConnectionSettings(Endpoint(served.url))
        async with ControlPlaneClient(settings, CREDENTIALS, wanted=lambda: wanted[0]) as client:
            calls: dict[str, Callable[[], Awaitable[object]]] = {
                "list": client.list_clusters,
                "get": lambda: client.get_cluster(UUID),
                "create": lambda: client.create_cluster("gpu", None, None, still_fresh=always),
                "delete": lambda: client.delete_cluster(UUID, force=False, still_fresh=always),
            }
            with pytest.raises(Stale):
                await calls[call]()
            assert served.calls == []

            wanted[0] = True
            served.on(LIST, Reply(content=[]))
            assert await client.list_clusters() == ()


async def test_a_client_that_was_left_sends_nothing() -> None:
    """What waits for its turn when the client is left is not sent."""
    async with served_client() as (served, client):
        client.leave()

        with pytest.raises(Stale):
            await client.list_clusters()
        assert served.calls == []
