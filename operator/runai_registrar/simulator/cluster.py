"""One simulated cluster and its life: waiting, connected, troubled, draining, gone. Time is always an argument."""

import math
import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

WAITING = "WaitingToConnect"
CONNECTED = "Connected"
LIVE_STATES = frozenset({CONNECTED, "MissingPrerequisites", "ServiceIssues"})
"""The states in which the cluster's agent is heard from, so that lastLiveness moves on."""
GRACEFUL_SINCE = (2, 20)
"""The first version that is deleted gracefully (the API file, operation delete_cluster)."""
_VERSION = re.compile(r"v?(\d+)\.(\d+)")


def version_tuple(version: str | None) -> tuple[int, int] | None:
    """Return major and minor of a version such as `2.24.18`, or None when it is absent or no version."""
    match = _VERSION.match(version or "")
    return (int(match[1]), int(match[2])) if match else None


@dataclass(slots=True)
class Cluster:
    """A cluster as the control plane holds it.

    Attributes:
        born: When it was created, by the simulator's clock; lags and connecting count from here.
        created_at: The same as stamped by the control plane, whose clock may be skewed; so are all times below
            whose name ends in `_at`.
        state: What `status.state` shows; None means `status: null`.
        live_since: Since when the agent is heard from, by the simulator's clock; None while it is not.
        drain_since: When a graceful deletion began, by the simulator's clock.
        source: `api` for a cluster made through the API, `stranger` for one made on the admin port.
        status_override: A whole status, as JSON text, to be shown instead of the one worked out from `state`.
        extra: Fields that the API file does not know, shown beside the others.
    """

    tenant: int
    name: str
    domain: str | None
    version: str | None
    born: float
    created_at: float
    source: str = "api"
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    state: str | None = WAITING
    updated_at: float = 0.0
    state_at: float = 0.0
    touched: bool = False
    reported: bool = False
    live_since: float | None = None
    last_liveness_at: float | None = None
    drain_since: float | None = None
    drain_ends: bool = True
    delete_requested_at: float | None = None
    gone_since: float | None = None
    deleted_at: float | None = None
    status_override: str | None = field(default=None, repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.updated_at = self.state_at = self.created_at

    def liveness_at(self, now: float, skew: float, interval: float) -> float | None:
        """Return when the agent was last heard from, by the control plane's clock; None: never."""
        if self.live_since is None:
            return self.last_liveness_at
        steps = math.floor(max(0.0, now - self.live_since) / interval)
        return self.live_since + steps * interval + skew

    def enter(self, state: str | None, now: float, skew: float, interval: float) -> None:
        """Move to a state; what the agent last reported stays known when it falls silent."""
        self.last_liveness_at = self.liveness_at(now, skew, interval)
        self.live_since = now if state in LIVE_STATES else None
        self.reported = self.reported or state in LIVE_STATES
        self.state, self.state_at, self.updated_at = state, now + skew, now + skew
        self.status_override = None

    def deletes_gracefully(self, *, if_unknown: bool) -> bool:
        """Tell whether a deletion without force drains this cluster first (the API file, operation delete_cluster)."""
        version = version_tuple(self.version)
        return if_unknown if version is None else version >= GRACEFUL_SINCE
