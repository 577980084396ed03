"""Every combination of what a spec may say of a deletion, at every stage of it, against the table on the user page."""

from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from core.rows_delete import READ, leaving, progress
from core.situations import UUID, at, cluster, draining
from runai_registrar.core.actions import Action, Delete, Stand
from runai_registrar.core.decide import decide
from runai_registrar.resources import Origin

SECONDS = {"5m": 300.0, "10m": 600.0, "1h": 3600.0, "2h": 7200.0}
POLICIES = (None, "Delete", "Orphan")
ON_TIMEOUT = (None, "Wait", "Force", "Orphan")
ASKED = (None, 10.0, 299.0, 300.0, 599.0, 600.0, 3599.0, 3600.0, 7199.0, 7200.0)
"""Seconds since the deletion was asked for: around every timeout; None: it was not."""
FORCED = (None, 5.0, 10_000.0)
"""Seconds since it was forced; None: it was not."""


@dataclass(frozen=True)
class Deletion:
    """What a spec says, what the cluster is, and how far its deletion has come; the drain has not ended."""

    origin: Origin
    connected: bool
    policy: str | None
    force: bool | None
    timeout: str | None
    on_timeout: str | None
    asked: float | None
    forced: float | None

    @property
    def action(self) -> Action:
        """What is decided."""
        names = {"policy": self.policy, "force": self.force, "timeout": self.timeout, "onTimeout": self.on_timeout}
        spec = {"deletion": {name: value for name, value in names.items() if value is not None}}
        status: dict[str, Any] = {"first_connected_at": at(-90_000)} if self.connected else {}
        if self.asked is None:
            return decide(leaving(cluster(), spec=spec, origin=self.origin, status=status, reads=READ))
        status["deletion"] = progress(self.asked, forced=self.forced)
        return decide(leaving(draining(), spec=spec, origin=self.origin, status=status, reads=READ))

    @property
    def wanted(self) -> str:
        """What the page says, in short."""
        if (self.policy or ("Orphan" if self.origin is Origin.ADOPTED else "Delete")) == "Orphan":
            return "Release"
        if self.policy is None and self.origin is Origin.RECOVERED and self.connected:
            return "DeletionBlocked"
        if self.asked is None:
            return "Delete by force" if self.force else "Delete"
        return self._under_way(self.asked)

    def _under_way(self, asked: float) -> str:
        limit = SECONDS[self.timeout or ("1h" if self.connected else "5m")]
        late = (self.on_timeout or ("Wait" if self.connected else "Force")) if asked >= limit else None
        if late == "Orphan":
            return "Release"
        if (self.force or late == "Force") and self.forced is None:
            return "Delete by force"
        stuck = late == "Wait" if self.forced is None else self.forced >= limit
        return "DeletionBlocked" if stuck else "Deleting"


def short(action: Action) -> str:
    """An action in the words of `wanted`."""
    match action:
        case Delete(uuid=uuid, force=force):
            assert uuid == UUID
            return "Delete by force" if force else "Delete"
        case Stand(reason=reason):
            return reason
        case _:
            return type(action).__name__


@pytest.mark.parametrize("connected", [False, True], ids=["never connected", "connected"])
@pytest.mark.parametrize("origin", Origin)
def test_every_combination_is_decided_as_documented(origin: Origin, connected: bool) -> None:  # noqa: FBT001  # a case
    """Policy, force, timeout, onTimeout and the time that has passed decide as the table says, without an exception."""
    said = product(POLICIES, (None, False, True), (None, "10m", "2h"), ON_TIMEOUT, ASKED, FORCED)
    cases = [Deletion(origin, connected, *each) for each in said]

    assert {case: short(case.action) for case in cases if short(case.action) != case.wanted} == {}
