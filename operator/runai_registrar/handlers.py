"""kopf's part: it logs in, watches both kinds, and hands on what it sees. Nothing is decided here.

Why creating and deleting does not hang on kopf's own handlers: `docs/decisions/0001-kopf-only-watches.md`.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import kopf

from runai_registrar.resources import CONTROL_PLANES, GROUP, REGISTRATIONS, VERSION

logging.getLogger("kopf.objects").setLevel(logging.WARNING)  # a line per event says nothing at scale

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Feed:
    """Where events go; each function may be called from the watching thread. `deleted` tells DELETED from the rest."""

    registration: Callable[[Json, bool], None]
    control_plane: Callable[[Json, bool], None]


def registry(feed: Feed, login: Callable[[], Awaitable[kopf.ConnectionInfo]]) -> kopf.OperatorRegistry:
    """Return a registry whose handlers feed the cache and the queue."""
    handlers = kopf.OperatorRegistry()

    @kopf.on.startup(registry=handlers)
    def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
        tune(settings)

    @kopf.on.login(registry=handlers)
    async def log_in(**_: Any) -> kopf.ConnectionInfo:
        """Say where the API server is, and who we are."""
        return await login()

    @kopf.on.event(GROUP, VERSION, REGISTRATIONS, registry=handlers)
    async def see_registration(event: Any, **_: Any) -> None:
        """Hand a registration on."""
        feed.registration(event["object"], event["type"] == "DELETED")

    @kopf.on.event(GROUP, VERSION, CONTROL_PLANES, registry=handlers)
    async def see_control_plane(event: Any, **_: Any) -> None:
        """Hand a control plane on."""
        feed.control_plane(event["object"], event["type"] == "DELETED")

    return handlers


def tune(settings: kopf.OperatorSettings) -> None:
    """Settings for an operator that only watches: bounded requests, no peering, no events, no writes."""
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.persistence.finalizer = f"{GROUP}/kopf-unused"  # kopf strips its own finalizer on sight: not ours
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 10
    settings.networking.error_backoffs = (0.5, 1, 2, 4, 8)
    settings.networking.enforce_retry_after = True
    settings.watching.server_timeout = 300
    settings.watching.inactivity_timeout = 70
    settings.watching.reconnect_backoff = 1
    settings.watching.chunk_size = 500
    settings.queueing.idle_timeout = 1
    settings.queueing.exit_timeout = 1
    settings.process.ultimate_exiting_timeout = None
