"""What people do to registrations, and to the control plane behind the operator's back, as rules of a state machine."""

from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from protocol.clusters import Made
from protocol.model import Model
from protocol.subject import Change
from runai_registrar.core.times import utc

NAMES = st.sampled_from(["x", "y"])
NAMESPACES = st.sampled_from(["a", "b"])
VERSIONS = st.sampled_from([None, "2.24.18"])
PICK = st.integers(min_value=0, max_value=11)
MOST = 4
THEIRS = "2.23.0"
EDITS: list[dict[str, Any]] = [
    {"clusterName": "x"},
    {"clusterName": "y"},
    {"version": "2.24.18"},
    {"version": "2.25.1"},
    {"domain": "https://gpu.example.com"},
    {"suspend": True},
    {"suspend": False},
    {"mode": "Observe"},
    {"mode": "Manage"},
    {"onMissing": "Recreate"},
    {"deletion": {"policy": "Delete", "timeout": "2m", "onTimeout": "Force"}},
    {"deletion": {"policy": "Orphan"}},
    {"deletion": {"timeout": "2m", "onTimeout": "Orphan"}},
    {"adopt": {"byName": True}},
]


class People(RuleBasedStateMachine):
    """Up to four registrations, two names; a subclass with `changes` has a core with clauses taken out."""

    changes: ClassVar[tuple[Change, ...]] = ()
    model: Model

    # -- people --------------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.model.server.objects) < MOST)
    @rule(name=NAMES, namespace=NAMESPACES, version=VERSIONS)
    def create(self, name: str, namespace: str, version: str | None) -> None:
        """Somebody creates a registration, or one of the same name anew; two of one name are in two namespaces."""
        if not self._there(namespace, name):
            spec: dict[str, Any] = {"version": version} if version else {}
            self.model.user.create(name, namespace, **spec)

    @rule(pick=PICK, spec=st.sampled_from(EDITS))
    def edit(self, pick: int, spec: dict[str, Any]) -> None:
        """Somebody edits a spec (name, version, domain, suspend, mode, policies); what the CRD locks is left alone."""
        for uid in self._some(pick):
            if self.model.registration(uid).status.uuid is None or not {"domain", "adopt"} & spec.keys():
                self.model.user.edit(uid, **spec)

    @rule(pick=PICK, cluster=PICK)
    def adopt(self, pick: int, cluster: int) -> None:
        """Somebody names a cluster to take over, as long as no other is held."""
        for uid in self._some(pick):
            made = list(self.model.plane.clusters)
            if made and self.model.registration(uid).status.uuid is None:
                self.model.user.edit(uid, adopt={"uuid": made[cluster % len(made)]})

    @rule(pick=PICK, how=st.sampled_from(["delete", "delete", "orphan", "recreate"]))
    def delete(self, pick: int, how: str) -> None:
        """Somebody deletes a registration, has it leave its cluster behind, or forces its end and begins anew."""
        for uid in self._some(pick):
            place = self.model.registration(uid).metadata
            if how != "delete":
                (self.model.user.orphan if how == "orphan" else self.model.user.replace)(uid)
            if uid in self.model.server.objects:
                self.model.user.delete(uid)
            if how == "recreate" and not self._there(place.namespace, place.name):
                self.model.user.create(place.name, place.namespace)

    @rule(pick=PICK, how=st.sampled_from(["wipe_status", "replace", "copy", "restore", "touch"]))
    def damage(self, pick: int, how: str) -> None:
        """A restore loses the status, `kubectl replace` the metadata; a copy is applied; a third party writes."""
        for uid in self._some(pick):
            if how not in ("copy", "restore"):
                getattr(self.model.user, how)(uid)
            elif not self._there("a", "copy"):
                self.model.user.copy(uid, "copy", "a", status=how == "restore")

    # -- the control plane, behind the back ----------------------------------------------------------------------------

    @rule(name=NAMES)
    def strange(self, name: str) -> None:
        """A person creates a cluster of that name, with a version of its own."""
        taken = [made for made in self.model.plane.clusters.values() if made.name == name and not made.gone]
        if not (self.model.plane.unique and taken):
            self.model.observer.say(f"person: creates {name}")
            self.model.plane.create(name, None, THEIRS, None)

    @precondition(lambda self: any(not made.gone for made in self.model.plane.clusters.values()))
    @rule(pick=PICK, what=st.sampled_from(["removed", "draining", "renamed", "connected"]))
    def befall(self, pick: int, what: str) -> None:
        """A cluster is removed, asked to go or renamed by a person, or connects."""
        for made in self._cluster(pick):
            self.model.observer.say(f"{made.uuid} is {what}")
            now = utc(self.model.clock.seconds)
            if what == "removed":
                made.gone = True
            elif what == "draining":
                made.draining = made.draining or now
                self.model.observer.meddled(made)
            elif what == "connected":
                made.connected = now
            else:
                made.name = "z"
                self.model.observer.meddled(made)

    @precondition(lambda self: any(made.draining and not made.gone for made in self.model.plane.clusters.values()))
    @rule()
    def drain(self) -> None:
        """The deletions under way end."""
        self.model.drain()

    @rule(lag=st.sampled_from([0.0, 15.0]))
    def lag(self, lag: float) -> None:
        """Lists and GETs begin to lag, or cease to."""
        self.model.plane.lag = lag
        self.model.observer.say(f"lag {lag}")

    # -- choices -------------------------------------------------------------------------------------------------------

    def _there(self, namespace: str, name: str) -> bool:
        metadata = [body["metadata"] for body in self.model.server.objects.values()]
        return any((meta["namespace"], meta["name"]) == (namespace, name) for meta in metadata)

    def _some(self, pick: int) -> list[str]:
        uids = sorted(self.model.server.objects)
        return [uids[pick % len(uids)]] if uids else []

    def _cluster(self, pick: int) -> list[Made]:
        made = [made for made in self.model.plane.clusters.values() if not made.gone]
        return [made[pick % len(made)]] if made else []
