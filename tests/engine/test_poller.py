"""A poller, as far as it can be seen without a control plane: suspended, without a Secret, and at its end."""

import asyncio
from typing import Any

import pytest

from runai_registrar.core.observed import Trouble
from runai_registrar.core.planes import Held
from runai_registrar.core.times import Timing
from runai_registrar.engine import clock
from runai_registrar.engine.connection import Connection
from runai_registrar.engine.poller import Poll, Poller
from runai_registrar.errors import Absent, KubernetesError
from runai_registrar.resources import ControlPlane, ControlPlaneStatus


class Secrets:
    """An API server without Secrets, or one that does not answer."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def secret(self, namespace: str, name: str) -> dict[str, Any]:
        """Fail."""
        assert (namespace, name) == ("operators", "credentials")
        raise self.error


class Stand:
    """Where a poller stands: the control plane that it looks at, and what it reports."""

    def __init__(self, *, suspend: bool = False, error: Exception | None = None) -> None:
        spec = {"url": "https://app.run.ai", "credentialsSecretRef": {"name": "credentials"}, "suspend": suspend}
        body = {"metadata": {"name": "default", "uid": "uid-p", "generation": 1}, "spec": spec}
        self.plane: ControlPlane | None = ControlPlane.from_dict(body)
        self.reported: list[ControlPlaneStatus] = []
        self.polls: list[Poll] = []
        secrets = Secrets(error or Absent("There is none."))
        self.poller = Poller(
            plane=lambda: self.plane,
            held=lambda: Held.of([]),
            connection=Connection(secrets, "operators", Timing()),
            report=self.reported.append,
            changed=self.polls.append,
        )


async def looked(stand: Stand) -> Trouble | None:
    """Let a poller look once; return the trouble it has found."""
    task = asyncio.create_task(stand.poller.run())
    async with asyncio.timeout(5):
        await stand.poller.fresh(clock.now().earlier(1.0))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return stand.poller.trouble


async def test_a_suspended_control_plane_is_not_asked() -> None:
    """While suspended nothing is read, neither Secret nor clusters, and those who wait for a list are answered."""
    stand = Stand(suspend=True)

    assert await looked(stand) is None
    assert "Suspended" in stand.reported[0].conditions[0].message
    assert stand.poller.snapshot is None


async def test_a_missing_secret_takes_a_person() -> None:
    """Without credentials the trouble names the Secret, and does not heal by itself."""
    trouble = await looked(Stand(error=Absent("There is none.")))

    assert trouble is not None
    assert (trouble.reason, trouble.passing) == ("CredentialsNotFound", False)
    assert "credentials" in trouble.message


async def test_an_api_server_that_does_not_answer_is_no_trouble_of_the_control_plane() -> None:
    """Where the Secret cannot be read just now, what was known stays, and those who wait are answered."""
    stand = Stand(error=KubernetesError("No answer."))

    assert await looked(stand) is None
    assert stand.reported == []


async def test_each_look_is_told() -> None:
    """Whoever listens hears of each look, with what was so before it and what is so after it."""
    stand = Stand()
    await looked(stand)

    assert [(poll.was, poll.trouble is not None) for poll in stand.polls] == [(None, True)]


@pytest.mark.parametrize("ended", ["before", "meanwhile"])
async def test_who_waits_for_a_list_is_let_go_when_the_poller_ends(ended: str) -> None:
    """A control plane that goes away keeps nobody waiting for ever: a waiting key could never be worked on again."""
    stand = Stand(suspend=True)
    task = asyncio.create_task(stand.poller.run())
    async with asyncio.timeout(5):
        await stand.poller.fresh(clock.now().earlier(1.0))
    if ended == "before":
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    waiting = asyncio.create_task(stand.poller.fresh(clock.now()))
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({waiting}, timeout=0.2)
    waiting.cancel()

    assert done == {waiting}


async def test_an_unexpected_error_does_not_end_a_poller() -> None:
    """A bug in one look must not stop all looks: nobody would notice, and every registration would wait."""
    stand = Stand(error=ValueError("unexpected"))
    task = asyncio.create_task(stand.poller.run())
    done, _ = await asyncio.wait({task}, timeout=0.2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert done == set()
