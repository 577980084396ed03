"""kopf in a thread of its own: its loop, its tasks and its exit cannot touch those that create and delete clusters."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import kopf

from runai_registrar.handlers import Feed, registry
from runai_registrar.login import bearer_token, load_configuration

LOGIN_LIFETIME = timedelta(minutes=10)
"""How long a login is used: each has an end of its own, so that one 401 does not leave kopf without credentials."""

STOP_GRACE = 10.0

REFUSED = 15.0
"""Seconds for which the watches count as off after a login was refused."""


async def log_in() -> kopf.ConnectionInfo:
    """Where the API server is and how to log in, from the pod's service account or KUBECONFIG."""
    configuration = await load_configuration()
    token = await bearer_token(configuration)
    return kopf.ConnectionInfo(
        server=configuration.host,
        ca_path=configuration.ssl_ca_cert,
        insecure=not configuration.verify_ssl,
        scheme="Bearer" if token else None,
        token=token,
        certificate_path=configuration.cert_file,
        private_key_path=configuration.key_file,
        expiration=datetime.now(UTC) + LOGIN_LIFETIME,
    )


NAME = "runai-registrar"


class Watch:
    """Watches both kinds from `start` to `stop`; `ended` is called, in its thread, when it ends."""

    def __init__(self, feed: Feed, namespaces: Sequence[str], ended: Callable[[], None]) -> None:
        self._feed, self._namespaces, self._ended = feed, tuple(namespaces), ended
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self.failure: BaseException | None = None
        self._login_ends = self._doubtful_until = 0.0

    @property
    def ready(self) -> bool:
        """Whether the watches are on, and the API server has not just refused them."""
        return self._ready.is_set() and self._thread.is_alive() and time.monotonic() > self._doubtful_until

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End the watches and wait for the thread, a bounded time."""
        self._stop.set()
        self._thread.join(STOP_GRACE)

    def _run(self) -> None:
        try:
            asyncio.run(self._operate())
        except BaseException as error:  # noqa: BLE001  # whatever ends the watches ends the operator, with its reason
            self.failure = error
        finally:
            self._ended()

    async def _log_in(self) -> kopf.ConnectionInfo:
        """Log in again; kopf asks for it before the end of a login only where that was refused (401)."""
        now = time.monotonic()
        if now < self._login_ends:
            self._doubtful_until = now + REFUSED
        self._login_ends = now + LOGIN_LIFETIME.total_seconds()
        return await log_in()

    async def _operate(self) -> None:
        await kopf.operator(
            registry=registry(self._feed, self._log_in),
            identity=NAME,  # type: ignore[arg-type]  # kopf's own type of str; else it asks who the user is, whom no pod knows
            settings=kopf.OperatorSettings(),
            standalone=True,
            clusterwide=not self._namespaces,
            namespaces=self._namespaces,
            stop_flag=self._stop,
            ready_flag=self._ready,
        )
