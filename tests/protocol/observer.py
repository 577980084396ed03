"""The observer: sees everything, and raises Violation where an invariant of `faults.md` does not hold.

`I1` one live cluster for a registration, `I2` no cluster without a record, `I3` only what is ours is claimed, renamed
or deleted, `I4` a uuid is written once, `I5` the finalizer is there first and goes last, `I12` nothing is touched while
suspended or observing. What rests on a live read may be as old as the design allows: 10 s.
"""

from collections.abc import Callable, Iterable

from protocol.clock import Clock
from protocol.clusters import ControlPlane, Made
from protocol.objects import ApiServer, Json
from protocol.records import (
    annotated,
    finds,
    held,
    is_open,
    left_behind,
    lets_go,
    looks_on,
    may_act,
    open_names,
    parsed,
    strength,
)
from runai_registrar.resources import CreateAttempt, Origin, Registration

FRESHNESS = 10.0
SETTLE = 60.0


class Violation(AssertionError):  # noqa: N818  # it says what happened
    """An invariant does not hold."""


class Observer:
    """Judges every request that is sent, every write that lands, and the state of things after every step."""

    def __init__(self, server: ApiServer, plane: ControlPlane, clock: Clock) -> None:
        self._server, self._plane, self._clock = server, plane, clock
        self.tolerated: set[str] = set()
        self.found: list[str] = []
        self.reported: set[str] = set()
        self.given_up: set[str] = set()
        self.twins = False  # residual situations are allowed for: twins, and POSTs that take effect too late
        self.trace: list[str] = []
        self.errors: list[str] = []
        self.acts = 0
        self._asked: dict[str, float] = {}  # when the first DELETE of a cluster left
        self.remembered: Callable[[str], Iterable[CreateAttempt]] = lambda _: ()
        self.in_hand: Callable[[], Iterable[str]] = lambda: ()
        self.in_flight: Callable[[str], bool] = lambda _: False

    def say(self, step: str) -> None:
        """Remember a step for the trace of a violation."""
        self.trace.append(f"{self._clock.seconds - 1_700_000_000:9.3f}  {step}")

    def registrations(self) -> list[Registration]:
        """All registrations as they are."""
        return [parsed(body) for body in self._server.objects.values()]

    # -- requests to the control plane ---------------------------------------------------------------------------------

    def posted(self, uid: str, name: str) -> None:
        """A POST leaves: the attempt and the finalizer are durable, and the spec wants it."""
        self.acts += 1
        forms = self._lately(uid)
        durable = [r for r in forms if r.held and (a := annotated(r)) and a.name == name and is_open(a, r)]
        self._check(bool(durable), "I5", f"POST of {name} for {uid} without finalizer and attempt")
        self._check(any(map(may_act, forms)), "I12", f"POST for {uid} while suspended or observing")

    def put(self, uid: str, uuid: str) -> None:
        """A PUT leaves: the cluster is the registration's."""
        self.acts += 1
        titled = [r for r in self._lately(uid) if held(r) == uuid]
        self._check(bool(titled), "I3", f"PUT of {uuid} for {uid} without title")
        self._check(any(map(may_act, titled)), "I12", f"PUT for {uid} while suspended or observing")
        self._check(self._is_of(uuid, titled), "I3", f"PUT of {uuid} for {uid}, which did not make it")

    def deleted(self, uid: str, uuid: str, *, force: bool) -> None:
        """A DELETE leaves: the cluster is the registration's, which is being deleted and does not let go of it."""
        self.acts += 1
        titled = [r for r in self._lately(uid) if held(r) == uuid and r.deleting and not left_behind(r)]
        self._check(bool(titled), "I3", f"DELETE of {uuid} for {uid} without title")
        self._check(any(map(may_act, titled)), "I12", f"DELETE for {uid} while suspended or observing")
        self._check(self._is_of(uuid, titled), "I3", f"DELETE of {uuid} for {uid}, which did not make it")
        forces = any(self._forces(r, uuid) for r in titled)
        self._check(not force or forces, "I3", f"forced DELETE of {uuid} for {uid}")
        self._check(not self._owned_by_another(uid, uuid, titled), "I3", f"DELETE of {uuid}, which another owns")
        self._asked.setdefault(uuid, self._clock.seconds)

    def _lately(self, uid: str) -> list[Registration]:
        return [parsed(body) for body in self._server.lately(uid, self._clock.seconds - FRESHNESS)]

    def _is_of(self, uuid: str, titled: Iterable[Registration]) -> bool:
        """Whether one of these forms made the cluster and had it until lately, or adopted it."""
        made = self._plane.clusters[uuid]
        left = made.released is not None and made.released < self._clock.seconds - FRESHNESS
        return any((made.maker == r.uid and not left) or r.status.origin is Origin.ADOPTED for r in titled)

    def _forces(self, registration: Registration, uuid: str) -> bool:
        """Whether the spec says so now, or for the time when a deletion takes too long."""
        spec = registration.spec.deletion
        timeout = spec.timeout.total_seconds() if spec.timeout else 300.0
        overdue = self._asked.get(uuid, self._clock.seconds) + timeout <= self._clock.seconds + 1
        return spec.force or (overdue and spec.on_timeout in (None, "Force"))

    def _owned_by_another(self, uid: str, uuid: str, titled: list[Registration]) -> bool:
        for other in self.registrations():
            forms = self._lately(other.uid)
            if other.uid != uid and all(held(r) == uuid and strength(r) < strength(titled[-1]) for r in forms):
                return True
        return False

    # -- writes to Kubernetes ------------------------------------------------------------------------------------------

    def written(self, kind: str, before: Json, after: Json) -> None:
        """A write of the operator has landed."""
        self.acts += 1
        was, now = parsed(before), parsed(after)
        if kind == "status":
            self._titled(was, now)
            self._note_reports(now)
        if kind == "release":
            self._released(was)

    def _titled(self, was: Registration, now: Registration) -> None:
        old, new = held(was), held(now)
        if old and old != new:
            self._check(self._plane.clusters[old].gone, "I4", f"{was.uid} loses {old} for {new}")
        if new and old != new:
            self._claimed(was, now, self._plane.clusters[new])

    def _claimed(self, was: Registration, now: Registration, made: Made) -> None:
        if now.status.origin is not Origin.ADOPTED:
            ours = made.maker == now.uid and made.released is None
            twin = self.twins and made.excused and made.live and self._recoverable(was, made)
            self._check(ours or twin, "I3", f"{now.uid} claims {made.uuid}, made by {made.maker or 'a person'}")
            if not ours:
                made.pass_to(now.uid)
            return
        self._check(now.spec.adopt is not None, "I3", f"{now.uid} adopts {made.uuid} unasked")
        for other in self.registrations():
            taken = other.uid != now.uid and all(self._has(r, made) for r in self._lately(other.uid))
            self._check(not taken, "I3", f"{now.uid} adopts {made.uuid}, which {other.uid} has or is making")
        if made.maker is not None:
            made.pass_to(now.uid)

    def _has(self, registration: Registration, made: Made) -> bool:
        attempt = annotated(registration)
        young = attempt and is_open(attempt, registration) and attempt.at.timestamp() + SETTLE > self._clock.seconds
        made_it = made.maker == registration.uid and made.connected is None  # one that has connected is up for adoption
        making = bool(attempt and young and made_it and finds(attempt, registration, made))
        return held(registration) == made.uuid or making

    def _note_reports(self, now: Registration) -> None:
        messages = [c.message for c in now.status.conditions if c.reason in ("CreateAmbiguous", "DeletionBlocked")]
        self.reported |= {uuid for uuid in self._plane.clusters if any(uuid in message for message in messages)}

    def _released(self, was: Registration) -> None:
        """The finalizer goes: on purpose, or because nothing is left and nothing can come."""
        if lets_go(was):
            self.let_go(was.uid, held(was))
            return
        self._check(not self.in_flight(was.uid), "I5", f"{was.uid} is released while its POST may commit")
        for made in self._plane.clusters.values():
            # What a POST makes late may come after the last list before the release (case 15).
            given = made.gone or made.excused or made.late or made.maker in self.given_up
            left = made.maker == was.uid and not given and not self._accounted(made, besides=was.uid)
            self._check(not left, "I5", f"{was.uid} is released before {made.uuid} is gone")

    def let_go(self, uid: str, uuid: str | None) -> None:
        """A registration ends and leaves its cluster behind on purpose."""
        self.given_up.add(uid)
        for made in self._plane.clusters.values():
            if made.maker == uid or made.uuid == uuid:
                made.released, made.excused = made.released or self._clock.seconds, True

    def meddled(self, made: Made) -> None:
        """A person renames a cluster or has it deleted: without a title it cannot be found again (residual 16)."""
        made.excused = made.excused or all(held(r) != made.uuid for r in self.registrations())
        self.blame()

    def forgotten(self, uid: str) -> None:
        """A person wipes the annotation that says what was tried: what a POST made late cannot be told any more."""
        for made in self._plane.clusters.values():
            made.excused = made.excused or (made.maker == uid and made.late)

    def blame(self) -> None:
        """A person has just done something: what is without a record now is so by that."""
        for made in self._plane.clusters.values():
            if made.maker and not made.gone and not self._accounted(made):
                made.excused = True

    # -- the state of things -------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Nothing is made twice, nothing is without a record."""
        mine = [made for made in self._plane.clusters.values() if made.maker and not made.gone]
        for made in mine:
            made.excused = made.excused or made.maker in self.given_up
        live = [made.maker for made in mine if made.live and not (made.excused or made.adopted or made.late)]
        twice = sorted({maker for maker in live if maker and live.count(maker) > 1})
        self._check(not twice, "I1", f"two live clusters of {', '.join(twice)}")
        for made in mine:
            going = made.excused or made.late or made.draining is not None
            self._check(going or self._accounted(made), "I2", f"{made.uuid} of {made.maker} is leaked")

    def rest(self) -> None:
        """When all is quiet, a record is a title or a report; an open attempt only where a person wants it so."""
        titles = {held(r) for r in self.registrations()}
        decided = [r for r in self.registrations() if r.spec.suspend or (r.spec.adopt and r.spec.adopt.uuid)]
        for made in self._plane.clusters.values():
            known = made.uuid in titles or made.uuid in self.reported or self._logged(made)
            known = known or any(r.uid == made.maker and self._recoverable(r, made) for r in decided)
            self._check(made.maker is None or made.gone or made.excused or known, "I2", f"{made.uuid} is left")

    def _accounted(self, made: Made, besides: str | None = None) -> bool:
        registrations = [r for r in self.registrations() if r.uid != besides]
        if any(held(r) == made.uuid for r in registrations) or made.uuid in self.reported or self._logged(made):
            return True
        own = [r for r in registrations if r.uid == made.maker]
        return any(self._recoverable(r, made) for r in own) or (besides is None and made.uuid in set(self.in_hand()))

    def _recoverable(self, registration: Registration, made: Made) -> bool:
        """An open attempt finds it; so does one that is closed, where a second cluster would be reported."""
        written = annotated(registration)
        if written and looks_on(written, registration) and finds(written, registration, made):
            return True
        mirrored = registration.status.create_attempt
        others = [*self.remembered(registration.uid), *([mirrored] if mirrored else [])]
        attempts = [a for a in others if a.owner == registration.uid and (written is None or a.at > written.at)]
        return any(is_open(a, registration) and finds(a, registration, made) for a in (written, *attempts) if a)

    def _logged(self, made: Made) -> bool:
        return any(made.uuid in line for line in self.errors)

    def _check(self, holds: bool, rule: str, message: str) -> None:  # noqa: FBT001 - a verdict, not a switch
        if holds:
            return
        self.found.append(rule)
        if rule not in self.tolerated:
            raise Violation("\n".join([f"{rule}: {message}", *self.trace]))


def unresolved_names(registration: Registration) -> set[str]:
    """The names of an open attempt of a registration."""
    attempt = annotated(registration)
    return open_names(attempt) if attempt and is_open(attempt, registration) else set()
