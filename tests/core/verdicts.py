"""Verdicts and the statuses that they call for, as the tests of both ask for them."""

from core.effects import stood
from core.situations import OURS, cluster, observed, registered, registration
from core.test_decide import AFTER, ROWS
from runai_registrar.core.actions import Phase, Stand
from runai_registrar.core.conditions import find
from runai_registrar.core.decide import decide
from runai_registrar.core.observed import Observed
from runai_registrar.core.report import report
from runai_registrar.resources import Condition, RegistrationStatus

STANDING = [row for row in (*ROWS, *AFTER) if isinstance(row.action, Stand)]
KEPT = observed(registration(status=registered()), cluster())
READY = Stand(Phase.READY, "Registered", "Cluster gpu-east is registered.", OURS, shown=cluster())


def verdict(o: Observed) -> Stand:
    """Return the verdict on a situation that calls for standing still."""
    action = decide(o)
    assert isinstance(action, Stand)
    return action


def told(o: Observed) -> RegistrationStatus:
    """Return the status that this verdict calls for."""
    return report(o, verdict(o))


def settled(o: Observed) -> Observed:
    """Return what is seen once this status is written."""
    return stood(o, verdict(o))


def present(status: RegistrationStatus) -> set[str]:
    """Return the types of the conditions that are True."""
    return {found.type for found in status.conditions if found.status == "True"}


def ready(status: RegistrationStatus) -> Condition:
    """Return the condition Ready."""
    found = find(status.conditions, "Ready")
    assert found is not None
    return found
