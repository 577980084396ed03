"""What must be so once the faults have stopped: a good end for every registration, and then silence (L1 to L4)."""

from collections.abc import Callable

from protocol.clusters import Made
from protocol.model import Model
from protocol.records import annotated, held, is_open
from runai_registrar.resources import Mode, Registration

QUIET = 400.0
"""Seconds in which everything that is ever tried again was tried again (the longest pause is five minutes)."""

BOUND = 6
"""How often that time may pass until nothing is written or asked for any more."""


def come_to_rest(model: Model) -> None:
    """Let all faults end, and see that everything comes to rest; AssertionError with the trace where it does not."""
    model.observer.say("-- from here on, no faults")
    model.plane.lag = 0.0
    process, other = model.processes
    other.crash()
    process.wire, other.wire = [], []
    process.frozen = process.stale = False
    assert any(_quiet(model) for _ in range(BOUND)), _told(model, "it does not rest")
    for registration in model.observer.registrations():
        assert _ended(model, registration), _told(
            model, f"{registration.uid} has no good end: {_shown(model, registration)}"
        )
        assert _explained(model, registration), _told(model, f"no ground for it: {_shown(model, registration)}")
        assert _said(model, registration), _told(model, f"a cluster too many: {_shown(model, registration)}")
    model.observer.rest()


def _quiet(model: Model) -> bool:
    """Whether nothing was written or asked for in this time, and nothing was left to drain."""
    acts = model.observer.acts
    model.wait(QUIET)
    draining = any(made.draining and not made.gone for made in model.plane.clusters.values())
    model.drain()
    return model.observer.acts == acts and not draining


def _ended(model: Model, registration: Registration) -> bool:
    """Ready, or a person must act (Stalled), or it is suspended, or waits for another one's unclear creation."""
    good = {c.type for c in registration.status.conditions if c.status == "True"}
    return bool(good & {"Ready", "Stalled"}) or registration.spec.suspend or _waits(model, registration)


def _waits(model: Model, registration: Registration) -> bool:
    """It wants to adopt what another registration may have made, which is suspended, observes, or is ambiguous."""
    waits = any(c.type == "Ready" and c.reason == "OwnershipConflict" for c in registration.status.conditions)
    others = [other for other in model.observer.registrations() if other.uid != registration.uid]
    return waits and any((attempt := annotated(other)) and is_open(attempt, other) for other in others)


def _explained(model: Model, registration: Registration) -> bool:
    """Whether what the condition Ready names is still in the way."""
    ready = next((c for c in registration.status.conditions if c.type == "Ready"), None)
    if ready is None or ready.reason not in GROUNDS:
        return True
    return registration.spec.suspend or GROUNDS[ready.reason](model, registration, ready.message)


def _name_taken(model: Model, registration: Registration, message: str) -> bool:
    del message
    name, mine = registration.cluster_name, held(registration)
    others = [other for other in model.observer.registrations() if other.uid != registration.uid]
    there = any(made.name == name and made.uuid != mine for made in _there(model))
    return there or any(name in (other.cluster_name, other.status.cluster_name) for other in others)


def _named(model: Model, registration: Registration, message: str) -> bool:
    """A cluster that the message names is there, besides the one that is held."""
    mine = held(registration)
    return any(made.uuid in message for made in _there(model) if made.uuid != mine)


def _not_there(model: Model, registration: Registration, message: str) -> bool:
    """The cluster that is held is not there any more."""
    del message
    return all(made.uuid != held(registration) for made in _there(model))


GROUNDS: dict[str, Callable[[Model, Registration, str], bool]] = {
    "NameTaken": _name_taken,
    "CreateAmbiguous": _named,
    "ClusterMissing": _not_there,
}


def _said(model: Model, registration: Registration) -> bool:
    """Ready does not go together with a second live cluster of its own that a POST made late."""
    good = {c.type for c in registration.status.conditions if c.status == "True"}
    if "Ready" not in good or registration.spec.suspend or registration.spec.mode is Mode.OBSERVE:
        return True
    titles = {held(other) for other in model.observer.registrations()}
    return not any(
        made.maker == registration.uid and made.live and not made.excused and made.uuid not in titles
        for made in _there(model)
    )


def _there(model: Model) -> list[Made]:
    return [made for made in model.plane.clusters.values() if not made.gone]


def _shown(model: Model, registration: Registration) -> object:
    return model.server.objects[registration.uid]


def _told(model: Model, what: str) -> str:
    return "\n".join([what, *model.observer.trace])
