"""Bad weather from a seed: what users, people in the control plane, networks and machines do, at random.

Each of its turns does one thing; what it did is kept in `diary`, to be read when a run has failed. The same seed makes
the same choices; the servers and the operator answer in their own time, so that a replay is near, not identical.
"""

import json
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from faults.arena import Arena
from faults.vocabulary import CLUSTERS, DELETE, LIST, POST, PUT, TOKEN, WATCH_REGISTRATIONS, WRITE_1, WRITE_2, Kind
from kube import KubeError
from operators import Operator
from stage import FINALIZER, Registration

INSIDE = (WRITE_1, WRITE_2, LIST)
OUTSIDE = (POST, PUT, DELETE, CLUSTERS, TOKEN)
STRUCK = (Kind.REFUSE, Kind.CUT, Kind.FAIL_AFTER_COMMIT, Kind.CUT_AFTER_COMMIT)
INSIDE_ERRORS, OUTSIDE_ERRORS = (409, 429, 500, 503, 504), (401, 429, 500, 502, 503)
MADE_LATE = 1.0
"""Seconds by which a creation may be carried out after its connection is cut: within what settle allows for."""

Deed = Callable[[], str | None]


class Weather:
    """One stretch of bad weather over an arena.

    Args:
        arena: Where it happens.
        seed: What all choices follow from.
        names: How many names the registrations share; the fewer, the more they collide.
    """

    def __init__(self, arena: Arena, seed: int, names: int = 8) -> None:
        self.arena, self.random = arena, random.Random(seed)  # noqa: S311  # choices, not secrets
        self.diary: list[str] = [f"seed {seed}"]
        self.registrations: dict[str, Registration] = {}
        self._names = [f"gpu-{number}" for number in range(names)]
        self._frozen: list[Operator] = []
        self.operators: list[Operator] = [arena.operator().wait_ready()]
        self._deeds: dict[Deed, int] = {
            self._create: 8,
            self._rename: 3,
            self._delete: 3,
            self._version: 1,
            self._edit: 3,
            self._orphan: min(seed % 3, 1),  # never with a wipe, after which nothing names what is left
            self._adopt: 1,
            self._fault_inside: 5,
            self._fault_outside: 6,
            self._make_late: 2,
            self._lag: 1,
            self._revoke: 1,
            self._watch: 2,
            self._crash: 2,
            self._freeze: 1,
            self._second: 1,
            (self._wipe, self._replace, self._meddle)[seed % 3]: 2,  # two of them together lose more than can be kept
        }
        self._replaced: set[str] = set()

    def turn(self) -> None:
        """Do one thing, and let a moment pass."""
        (deed,) = self.random.choices(list(self._deeds), weights=list(self._deeds.values()))
        with suppress(KubeError):  # what a user asks for may be refused: it is too late, or not allowed
            if said := deed():
                self.diary.append(said)
        time.sleep(self.random.uniform(0, 0.4))

    def clears(self) -> None:
        """Lift every fault, and let everything be acted on; one operator is left, well and awake."""
        self._thaw()
        self.arena.outside.clear()
        for door in self.arena.house.doors:
            door.clear()
        self.arena.admin.clear_faults()
        self.arena.admin.settings(listLag=0)
        while len(self.operators) > 1:
            self.operators.pop(0).kill()
        for each in self.registrations.values():
            with suppress(KubeError):  # it may be gone
                each.change(suspend=False, mode="Manage")

    def _some(self) -> Registration | None:
        return self.random.choice(list(self.registrations.values())) if self.registrations else None

    def _create(self) -> str | None:
        name = self.random.choice(self._names)
        spec = {"clusterName": self.random.choice(self._names)} if self.random.random() < 0.3 else {}
        made = self.registrations.setdefault(name, self.arena.stage.known(name))
        self.arena.house.kube.create(self.arena.stage.registrations, self.arena.stage.manifest(name, None, **spec))
        return f"create {made.name} {spec or ''}"

    def _rename(self) -> str | None:
        if some := self._some():
            name = self.random.choice([*self._names, f"other-{self.random.randrange(1000)}"])
            some.change(clusterName=name)
            return f"rename {some.name} to {name}"
        return None

    def _version(self) -> str | None:
        if some := self._some():
            some.change(version=f"2.{self.random.randrange(18, 25)}.1")
            return f"version of {some.name}"
        return None

    def _edit(self) -> str | None:
        """What the operator is to do about a registration is changed: nothing at all, only look, write a Secret."""
        if some := self._some():
            edits: list[dict[str, Any]] = [
                {"suspend": True},
                {"mode": "Observe"},
                {"suspend": False, "mode": "Manage"},
                {"installSecret": {"name": f"{some.name}-install"}},
                {"deletion": {"policy": "Delete"}},
            ]
            spec = self.random.choice(edits)
            some.change(**spec)
            return f"{some.name} is to {spec}"
        return None

    def _orphan(self) -> str | None:
        """The cluster of a registration is to be left."""
        if (some := self._some()) and some.status.get("uuid"):
            some.change(deletion={"policy": "Orphan"})
            return f"{some.name} is to leave its cluster"
        return None

    def _adopt(self) -> str:
        """A cluster that somebody else made is taken over."""
        name = f"theirs-{self.random.randrange(1000)}"
        uuid = self.arena.stranger(name)
        made = self.registrations.setdefault(name, self.arena.stage.known(name))
        self.arena.house.kube.create(
            self.arena.stage.registrations, self.arena.stage.manifest(name, None, adopt={"uuid": uuid})
        )
        return f"{made.name} adopts {uuid}"

    def _delete(self) -> str | None:
        if (some := self._some()) and not self._unheld(some):
            some.delete()
            return f"delete {some.name}"
        return None

    def _wipe(self) -> str | None:
        """A backup is restored without its status."""
        if some := self._some():
            self.arena.wiped.add(f"{self.arena.house.namespace}/{some.name}")
            self.arena.house.kube.patch(f"{some.path}/status", {"status": None})
            return f"wipe the status of {some.name}"
        return None

    def _replace(self) -> str | None:
        """`kubectl replace` takes finalizer and annotations away."""
        if some := self._some():
            seen = some.object
            manifest = self.arena.stage.manifest(some.name, None, **seen["spec"])
            self.arena.house.kube.kubectl("replace", "-f", "-", stdin=json.dumps(manifest))
            self._replaced.add(some.name)
            return f"replace {some.name}"
        return None

    def _unheld(self, some: Registration) -> bool:
        """Whether the operator has had no time to put back the finalizer that a replace took: deleting would orphan."""
        if some.name in self._replaced and FINALIZER in some.object["metadata"].get("finalizers", ()):
            self._replaced.discard(some.name)
        return some.name in self._replaced

    def _fault_inside(self) -> str:
        kind, place = self.random.choice(STRUCK), self.random.randrange(len(INSIDE))
        status, times = self.random.choice(INSIDE_ERRORS), self.random.randint(1, 4)
        self.arena.door.fault(kind, INSIDE[place], status=status, times=times)
        return f"{kind} {status} for {times} of {('write 1', 'write 2', 'list')[place]}"

    def _fault_outside(self) -> str:
        kind, place = self.random.choice(STRUCK), self.random.randrange(len(OUTSIDE))
        errors = OUTSIDE_ERRORS if kind is Kind.REFUSE else OUTSIDE_ERRORS[1:]  # a 401 never follows a commit
        status, times = self.random.choice(errors), self.random.randint(1, 3)
        headers = {"Retry-After": "1"} if status == 429 else {}
        self.arena.outside.fault(kind, OUTSIDE[place], status=status, times=times, headers=headers)
        return f"{kind} {status} for {times} of {('POST', 'PUT', 'DELETE', 'lists', 'tokens')[place]}"

    def _make_late(self) -> str:
        self.arena.admin.fault("commit-late", operation="create_cluster", delay=MADE_LATE)
        return "a POST is carried out late"

    def _lag(self) -> str:
        lag = self.random.choice([0.0, 0.5, 0.9])
        self.arena.admin.settings(listLag=lag)
        return f"lists lag by {lag} s"

    def _revoke(self) -> str:
        self.arena.admin.revoke_tokens()
        return "all tokens revoked"

    def _watch(self) -> str:
        kind = self.random.choice([Kind.SILENT_WATCH, Kind.GONE_WATCH])
        self.arena.door.clear()
        self.arena.door.fault(kind, WATCH_REGISTRATIONS)
        return f"{kind}; what else was wrong inside is over"

    def _crash(self) -> str:
        self._thaw()
        for each in self.operators:
            each.kill()
        self.operators = [self.arena.operator().wait_ready()]
        return "crash"

    def _freeze(self) -> str:
        """The operator stands still, for longer than an attempt is fresh, while another one begins."""
        self._thaw()
        while len(self.operators) > 1:
            self.operators.pop(0).kill()
        (frozen,) = self.operators
        frozen.process.send_signal(signal.SIGSTOP)
        self._frozen.append(frozen)
        self.operators.append(self.arena.operator().wait_ready())
        time.sleep(2.5)
        return "freeze one, start another"

    def _second(self) -> str:
        self._thaw()
        self.operators.append(self.arena.operator().wait_ready())
        while len(self.operators) > 2:
            self.operators.pop(0).kill()
        return "a second operator"

    def _meddle(self) -> str | None:
        """Somebody renames a cluster in the control plane, of which a registration knows already."""
        some = self._some()
        uuid = some.status.get("uuid") if some else None
        if uuid is None or self.arena.admin.cluster(uuid) is None:
            return None
        self.arena.admin.rename(uuid, f"by-hand-{self.random.randrange(1000)}")
        return f"{uuid} renamed by hand"

    def _thaw(self) -> None:
        for each in self._frozen:
            with suppress(ProcessLookupError):
                each.process.send_signal(signal.SIGCONT)
        self._frozen.clear()
