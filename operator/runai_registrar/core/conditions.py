"""The conditions of a registration, computed from a verdict (kstatus rules: Reconciling and Stalled never both)."""

import re
from datetime import datetime

from runai_registrar.core.actions import Phase, Stand
from runai_registrar.core.observed import Observed
from runai_registrar.core.texts import plain
from runai_registrar.resources import RELEASE, Condition

MESSAGE_LENGTH = 1024
"""Longest message that is written, in characters."""

MISTYPED = f" The annotation {RELEASE} "
"""How the sentence about an annotation without effect begins, after what is said anyhow."""

SHOWN = 40
"""Characters of such an annotation that are repeated."""

_REASON = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]{0,126}[A-Za-z0-9_])?")


def find(conditions: tuple[Condition, ...], kind: str) -> Condition | None:
    """The condition of this type, or None."""
    return next((condition for condition in conditions if condition.type == kind), None)


def conditions(o: Observed, verdict: Stand, state: str | None, at: datetime) -> tuple[Condition, ...]:
    """All conditions that the verdict and the displayed state call for; `at` is when those that change changed."""
    before = o.registration.status.conditions
    generation = o.registration.metadata.generation
    wanted = [
        _ready(before, verdict, _mistyped(o)),
        _connected(verdict, state),
        *_progress(before, verdict),
        *_drifted(verdict),
    ]
    wanted += _install(o, verdict)
    return tuple(_dated(before, *entry, generation=generation, at=at) for entry in wanted)


def said(message: str) -> str:
    """A message as it is written: one line, printable, no longer than MESSAGE_LENGTH."""
    return plain(message[:MESSAGE_LENGTH])


Entry = tuple[str, str, str, str]


def _dated(
    before: tuple[Condition, ...], kind: str, status: str, reason: str, message: str, *, generation: int, at: datetime
) -> Condition:
    """A condition whose transition time moves only when its status does (Kubernetes API conventions)."""
    known = find(before, kind)
    return Condition(
        type=kind,
        status=status,
        reason=reason,
        message=said(message),
        observed_generation=generation,
        last_transition_time=known.last_transition_time if known and known.status == status else at,
    )


def _ready(before: tuple[Condition, ...], verdict: Stand, hint: str) -> Entry:
    if verdict.phase is Phase.KEEP:
        return _kept(find(before, "Ready"), verdict, hint)
    status = "True" if verdict.phase in (Phase.READY, Phase.SILENT) else "False"
    return ("Ready", status, verdict.reason, f"{verdict.message}{hint}")


def _kept(known: Condition | None, verdict: Stand, hint: str) -> Entry:
    """The last Ready with a sentence added, once."""
    said = known.message if known else "The cluster is registered."
    for added in (" Suspended: ", MISTYPED):
        said = said.partition(added)[0]
    message = f"{said} {verdict.message}".rstrip() + hint
    return ("Ready", known.status, known.reason, message) if known else ("Ready", "True", "Registered", message)


def _mistyped(o: Observed) -> str:
    """A sentence about a value of the annotation that gives a cluster up which does not; empty where there is none."""
    value = o.registration.metadata.annotations.get(RELEASE)
    if value in (None, "orphan"):
        return ""
    return f"{MISTYPED}is {value[:SHOWN]!r}, which has no effect: the only value is orphan."


def _connected(verdict: Stand, state: str | None) -> Entry:
    if verdict.phase is Phase.SILENT:
        return (
            "Connected",
            "Unknown",
            verdict.reason,
            "The control plane does not answer, so the connection is unknown.",
        )
    if state is None:
        return ("Connected", "Unknown", "NeverSeen", "The control plane has shown no state so far.")
    reason = state if _REASON.fullmatch(state) else "OtherState"
    status = "True" if state == "Connected" else "False"
    return ("Connected", status, reason, f"The control plane shows the state {state[:128]}.")


def _progress(before: tuple[Condition, ...], verdict: Stand) -> list[Entry]:
    if verdict.phase is Phase.KEEP:
        kept = (find(before, kind) for kind in ("Reconciling", "Stalled"))
        return [(c.type, c.status, c.reason, c.message) for c in kept if c]
    if verdict.phase in (Phase.RECONCILING, Phase.SILENT):
        return [("Reconciling", "True", verdict.reason, verdict.message)]
    return [("Stalled", "True", verdict.reason, verdict.message)] if verdict.phase is Phase.STALLED else []


def _drifted(verdict: Stand) -> list[Entry]:
    if not verdict.drift:
        return []
    return [("Drifted", "True", "DiffersFromSpec", f"In the control plane, {'; '.join(verdict.drift)}.")]


def _install(o: Observed, verdict: Stand) -> list[Entry]:
    """Where the Secret was not looked at, what was said of this generation stays."""
    kind, said = "InstallSecretReady", verdict.install
    if o.registration.spec.install_secret is None:
        return []
    if said is not None:
        return [(kind, "True" if said.ready else "False", said.reason, said.message)]
    known = find(o.registration.status.conditions, kind)
    if known and known.observed_generation == o.registration.metadata.generation:
        return [(kind, known.status, known.reason, known.message)]
    if o.registration.status.install_secret is None:
        return [(kind, "False", verdict.reason, "The install Secret is written once the registration is in step.")]
    return [(kind, "Unknown", verdict.reason, "The install Secret was not looked at since the spec was changed.")]
