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
    """An API server without Secrets, or one that does not answer; `reached` and `answers` hold up a look."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.reached, self.answers = asyncio.Event(), asyncio.Event()
        self.answers.set()

    async def secret(self, namespace: str, name: str) -> dict[str, Any]:
        """Fail."""
        assert (namespace, name) == ("operators", "credentials")
        self.reached.set()
        await self.answers.wait()
        raise self.error


class Stand:
    """Where a poller stands: the control plane that it looks at, and what it reports."""

    def __init__(self, *, suspend: bool = False, error: Exception | None = None, interval: str = "30s") -> None:
        spec = {"url": "https://app.run.ai", "credentialsSecretRef": {"name": "credentials"}, "suspend": suspend}
        spec["pollInterval"] = interval
        body = {"metadata": {"name": "default", "uid": "uid-p", "generation": 1}, "spec": spec}
        self.plane: ControlPlane | None = ControlPlane.from_dict(body)
        self.reported: list[ControlPlaneStatus] = []
        self.polls: list[Poll] = []
        self.breaks: Exception | None = None
        self.looked = asyncio.Event()
        self.secrets = Secrets(error or Absent("There is none."))
        self.poller = Poller(
            plane=lambda: self.plane,
            held=lambda: Held.of([]),
            connection=Connection(self.secrets, "operators", Timing()),
            report=self.reported.append,
            record=self._record,
            changed=self._changed,
        )

    async def _record(self, status: ControlPlaneStatus) -> None:
        self.reported.append(status)

    def _changed(self, poll: Poll) -> None:
        self.polls.append(poll)
        if self.breaks is not None and len(self.polls) == 1:
            raise self.breaks
        self.looked.set()


async def looked(stand: Stand) -> Trouble | None:
    """Let a poller look once; return the trouble it has found."""
    task = asyncio.create_task(stand.poller.run())
    async with asyncio.timeout(5):
        await stand.looked.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return stand.poller.trouble


async def test_a_suspended_control_plane_is_not_asked() -> None:
    """While suspended nothing is read, neither Secret nor clusters, and the look is told all the same."""
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
    """Where the Secret cannot be read just now, what was known stays, and the look is told all the same."""
    stand = Stand(error=KubernetesError("No answer."))

    assert await looked(stand) is None
    assert stand.reported == []


async def test_the_latest_look_is_known_even_if_it_failed() -> None:
    """A trouble says when the latest look began that met it: who asked for a look before that has had it."""
    before = clock.now()
    trouble = await looked(Stand(error=Absent("There is none.")))

    assert trouble is not None
    assert trouble.seen is not None
    assert not before.after(trouble.seen)


async def test_each_look_is_told() -> None:
    """Whoever listens hears of each look, with what was so before it and what is so after it."""
    stand = Stand()
    await looked(stand)

    assert [(poll.was, poll.trouble is not None) for poll in stand.polls] == [(None, True)]


@pytest.mark.parametrize(("seconds", "more"), [(1.0, False), (-1.0, True)], ids=["long-enough-ago", "later"])
async def test_a_list_under_way_serves_who_asks(*, seconds: float, more: bool) -> None:
    """Who asks for a list while one is under way gets that one, unless it began too early."""
    stand = Stand()
    stand.secrets.answers.clear()
    task = asyncio.create_task(stand.poller.run())
    async with asyncio.timeout(5):
        await stand.secrets.reached.wait()
    stand.poller.ask(clock.now().earlier(seconds))
    wanted = stand.poller._wanted.is_set()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert wanted is more


@pytest.mark.parametrize("forgotten", [False, True], ids=["between-two-looks", "of-another-control-plane"])
async def test_a_list_is_made_for_who_asks(*, forgotten: bool) -> None:
    """Where no list is under way, or one of a control plane that is not meant any more, the next one comes at once."""
    stand = Stand()
    if forgotten:
        stand.secrets.answers.clear()
    task = asyncio.create_task(stand.poller.run())
    async with asyncio.timeout(5):
        await (stand.secrets.reached if forgotten else stand.looked).wait()
    if forgotten:
        stand.poller.forget()
    stand.poller.ask(clock.now().earlier(3600.0))
    wanted = stand.poller._wanted.is_set()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert wanted


async def test_an_unexpected_error_does_not_end_a_poller() -> None:
    """A bug in one look must not stop all looks: nobody would notice, and every registration would wait."""
    stand = Stand(error=ValueError("unexpected"))
    task = asyncio.create_task(stand.poller.run())
    done, _ = await asyncio.wait({task}, timeout=0.2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert done == set()


async def test_who_listens_does_not_end_a_poller() -> None:
    """A bug in those who are told of a look costs that one look."""
    stand = Stand(error=Absent("There is none."), interval="1s")
    stand.breaks = ValueError("unexpected")
    await looked(stand)

    assert len(stand.polls) == 2


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (KubernetesError("No answer."), 30.0),
        (ValueError("unexpected"), 30.0),
        (Absent("There is none."), 3600.0),
        (KubernetesError("Forbidden.", status=403), 3600.0),
    ],
    ids=["api-server", "unexpected", "no-secret", "forbidden"],
)
async def test_a_hiccup_does_not_cost_a_long_interval(error: Exception, seconds: float) -> None:
    """After what passes by itself the next look comes within half a minute; for a person there is the interval."""
    stand = Stand(error=error, interval="1h")
    await looked(stand)

    assert stand.plane is not None
    assert stand.poller._interval(stand.plane) == seconds


async def test_a_short_interval_stays_short() -> None:
    """Trouble does not slow down a poller that looks often."""
    stand = Stand(error=KubernetesError("No answer."), interval="2s")
    await looked(stand)

    assert stand.plane is not None
    assert stand.poller._interval(stand.plane) == 2.0
