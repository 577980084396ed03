"""A simulator on real sockets whose time stands still, unless a test moves it."""

from collections.abc import Iterator

import pytest

from runai_registrar.simulator import Admin, Clock, Server, Simulator, running_in_thread
from simulator.calls import Api


@pytest.fixture
def clock() -> Clock:
    """The simulator's time."""
    return Clock.frozen()


@pytest.fixture
def server(clock: Clock) -> Iterator[Server]:
    """A simulator with its default settings."""
    with running_in_thread(Simulator(clock=clock)) as server:
        yield server


@pytest.fixture
def admin(server: Server) -> Iterator[Admin]:
    """Its admin port."""
    with Admin(server.admin_url) as admin:
        yield admin


@pytest.fixture
def api(server: Server) -> Iterator[Api]:
    """Its API, logged in."""
    with Api(server.url) as api:
        yield api.log_in(server.client_id, server.client_secret)


@pytest.fixture
def stranger(server: Server) -> Iterator[Api]:
    """Its API, not logged in."""
    with Api(server.url) as api:
        yield api
