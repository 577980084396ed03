"""The client against the simulated control plane: a whole life, and no outcome that is more certain than the truth."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from controlplane.servers import always
from runai_registrar.controlplane.auth import Credentials
from runai_registrar.controlplane.client import ControlPlaneClient
from runai_registrar.controlplane.endpoint import ConnectionSettings, Endpoint
from runai_registrar.controlplane.protocol import Deletion
from runai_registrar.errors import ControlPlaneError, NotFound, Refused, Throttled, Unanswered
from runai_registrar.simulator import Settings, Simulator, running
from runai_registrar.simulator.faults import Rule

GARBAGE = [
    "text",
    "html",
    "empty",
    "null",
    "wrongType",
    "missingUuid",
    "badUuid",
    "otherName",
    "nested",
    "huge",
    "gzipBomb",
    "truncated",
    "notUtf8",
]
FAULTS: list[tuple[str, dict[str, Any]]] = [
    *(("refuse", {"status": status}) for status in (400, 403, 404, 405, 409, 413, 422, 429, 500, 502, 503)),
    *(("fail-after-commit", {"status": status}) for status in (500, 503)),
    *((fault, {"reset": reset}) for fault in ("cut", "cut-after-commit") for reset in (False, True)),
    *((fault, {"seconds": 5}) for fault in ("hang", "hang-after-commit")),
    *(("garbage", {"kind": kind, "commit": commit}) for kind in GARBAGE for commit in (True, False)),
    ("throttle", {"retryAfter": 0}),
    *(("redirect", {"status": status, "location": "http://127.0.0.1:1/"}) for status in (302, 307)),
    ("echo", {}),
]


@asynccontextmanager
async def simulated(settings: Settings | None = None) -> AsyncIterator[tuple[Simulator, ControlPlaneClient]]:
    """Serve a simulator and a client that logs in to it."""
    async with running(Simulator(settings)) as server:
        credentials = Credentials(server.client_id, SecretStr(server.client_secret))
        connection = ConnectionSettings(Endpoint(server.url), request_timeout=0.5, requests_per_second=1000.0)
        async with ControlPlaneClient(connection, credentials) as client:
            yield server.simulator, client


async def create(client: ControlPlaneClient) -> Any:
    """Create the usual cluster."""
    return await client.create_cluster("gpu-east", "https://gpu-east", "2.24.18", still_fresh=always)


async def test_life() -> None:
    """Create, look, rename, ask for install information, delete by draining, force the end."""
    async with simulated() as (_, client):
        made = await create(client)
        assert await client.list_clusters() == (made,)
        assert (await client.get_cluster(made.uuid)).state == "WaitingToConnect"

        await client.rename_cluster(made.uuid, "gpu-west", still_fresh=always)
        assert (await client.get_cluster(made.uuid)).name == "gpu-west"
        assert (await client.install_info(made.uuid, "2.24.18")).client_secret.get_secret_value()

        assert await client.delete_cluster(made.uuid, force=False, still_fresh=always) is Deletion.DRAINING
        (draining,) = await client.list_clusters()
        assert draining.delete_requested_at is not None
        assert await client.delete_cluster(made.uuid, force=True, still_fresh=always) is Deletion.REMOVED
        assert await client.list_clusters() == ()
        with pytest.raises(NotFound):
            await client.get_cluster(made.uuid)


async def test_taken_name() -> None:
    """A name that is taken is a definite refusal with its own reason."""
    async with simulated() as (_, client):
        await create(client)

        with pytest.raises(Refused) as caught:
            await create(client)
        assert caught.value.reason == "NameTaken"


async def test_null_status() -> None:
    """A cluster that never connected may have no status at all."""
    async with simulated(Settings(waiting_status_null=True)) as (_, client):
        assert (await create(client)).state is None


@pytest.mark.case(
    "R-03",
    injected="every fault of the simulated control plane, on a POST",
    outcome="never more than one cluster; a definite no means that there is none",
)
@pytest.mark.parametrize(("fault", "params"), FAULTS)
async def test_never_too_certain(fault: str, params: dict[str, Any]) -> None:
    """Whatever befalls a POST: a definite no means that there is no cluster, and there is never more than one."""
    async with simulated() as (simulator, client):
        simulator.faults.add(Rule(operation="create_cluster", fault=fault, params=params))
        try:
            made = await create(client)
        except (Unanswered, Refused) as error:
            outcome: object = type(error)
        else:
            outcome = made.uuid
        clusters = await client.list_clusters()

    assert len(clusters) <= 1
    if isinstance(outcome, str):
        assert [one.uuid for one in clusters] == [outcome]
    elif isinstance(outcome, type) and issubclass(outcome, Refused):
        assert clusters == ()


@pytest.mark.case(
    "R-35",
    injected="every fault of the simulated control plane, on lists and tokens",
    outcome="ends in time, in a known error or in the truth",
)
@pytest.mark.parametrize("operation", ["get_clusters", "token_v2"])
@pytest.mark.parametrize(("fault", "params"), FAULTS)
async def test_any_read(operation: str, fault: str, params: dict[str, Any]) -> None:
    """Whatever befalls a list or a token, it ends in time, in an error of the tree or in the truth."""
    async with simulated() as (simulator, client):
        simulator.faults.add(Rule(operation=operation, fault=fault, params=params))
        try:
            assert await client.list_clusters() == ()
        except ControlPlaneError as error:
            assert isinstance(error, Throttled) == (error.status == 429 and operation == "get_clusters")  # noqa: PT017  # not every fault is an error
