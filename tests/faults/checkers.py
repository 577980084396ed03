"""The judges of a run: each looks at the whole history and names every breach of an invariant, in a sentence.

They look at journals and end states only, so that they would judge any other operator of these resources as well.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from faults.calls import Call, Side
from faults.canaries import places_of
from faults.vocabulary import CLUSTERS, DELETE, POST, PUT, TOKEN, WRITE_1, WRITE_2
from runai_registrar.simulator.admin_models import ClusterView
from runai_registrar.simulator.journal import Entry

FINALIZER = "runai-registrar.io/registration"
CREATE_ATTEMPT = "runai-registrar.io/create-attempt"
_OK, _CREATED, _UNAUTHORIZED = 200, 201, 401


@dataclass(frozen=True)
class Held:
    """A title as one status write says it: which registration (`namespace/name`) holds which cluster."""

    seq: int
    key: str
    owner: str
    uuid: str


@dataclass(frozen=True)
class Evidence:
    """A run as it can be seen from outside.

    Attributes:
        calls: The joint journal of both proxies.
        entries: The control plane's own journal, which knows what was carried out behind a fault.
        clusters: What there is in the control plane at the end.
        registrations: What there is in Kubernetes at the end.
        logs: What the operators wrote.
        taken_away: How many clusters of a name somebody deleted in the control plane.
        wiped: The registrations (`namespace/name`) whose status somebody wiped.
        secrets: What must show nowhere but where it belongs.
    """

    calls: Sequence[Call]
    entries: Sequence[Entry]
    clusters: Sequence[ClusterView]
    registrations: Sequence[Mapping[str, Any]]
    logs: Sequence[str] = ()
    taken_away: Mapping[str, int] = field(default_factory=dict)
    wiped: frozenset[str] | set[str] = frozenset()
    secrets: frozenset[str] | set[str] = field(default_factory=frozenset, repr=False)

    @cached_property
    def titles(self) -> list[Held]:
        """Every title that was written and landed, in order."""
        return [held for call in self.calls if WRITE_2(call) and call.committed for held in _titles(call)]

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The name under which each cluster was made, by uuid; where the answer was lost, as a list showed it."""
        shown = {each.uuid: each.name for each in self.clusters}
        for call in self.calls:
            if CLUSTERS(call) and isinstance(answer := _parsed(call), list):
                shown = {each["uuid"]: str(each["name"]) for each in answer if isinstance(each, dict)} | shown
        made = [(call, answer) for call in self.calls if POST(call) and isinstance(answer := _parsed(call), dict)]
        return shown | {answer["uuid"]: json.loads(call.body)["name"] for call, answer in made if "uuid" in answer}

    @cached_property
    def live(self) -> list[ClusterView]:
        """The clusters at the end that came by the API and nobody has asked to go."""
        return [each for each in self.clusters if each.source == "api" and not each.delete_requested_at]


def complaints(seen: Evidence, *, force: bool = False, ambiguous: bool = False, orphans: bool = False) -> list[str]:
    """All breaches in a run that has come to rest.

    Args:
        seen: The run.
        force: Whether a forced DELETE is what a spec asked for.
        ambiguous: Whether a cluster may be left that a registration names in `CreateAmbiguous`.
        orphans: Whether a registration was told to let its cluster go.
    """
    checks = [doubled(seen), untitled(seen), unannounced(seen), replaced(seen), leaked_secrets(seen)]
    checks += [] if force else [forced(seen)]
    checks += [] if orphans else [leaked(seen, ambiguous=ambiguous)]
    return [said for check in checks for said in check]


def doubled(seen: Evidence) -> Iterator[str]:
    """I1: never more clusters of a name that live at once than there were registrations that asked for that name."""
    askers = _askers(seen)
    alive: Counter[str] = Counter()
    for entry in seen.entries:
        if not entry.committed:
            continue
        if entry.operation == "create_cluster":
            name = str(json.loads(entry.body)["name"])
            alive[name] += 1
            if alive[name] - seen.taken_away.get(name, 0) > max(1, len(askers[name])):
                yield f"I1: {alive[name]} clusters called {name} lived at once, for {len(askers[name])} registrations"
        elif entry.operation == "delete_cluster":
            alive[seen.names.get(entry.path.rpartition("/")[2], "")] -= 1
    held = Counter(owned for each in seen.registrations if (owned := _held_at_end(each)))
    yield from (f"I1: {each} is held by {count} registrations" for each, count in held.items() if count > 1)


def leaked(seen: Evidence, *, ambiguous: bool = False) -> Iterator[str]:
    """I2: every cluster that was made and lives is held by a registration."""
    held = {uuid for each in seen.registrations if (uuid := _held_at_end(each))}
    named = json.dumps([each["status"].get("conditions", []) for each in seen.registrations]) if ambiguous else ""
    for cluster in seen.live:
        if cluster.uuid not in held and cluster.uuid not in named:
            yield f"I2: cluster {cluster.name} ({cluster.uuid}) is held by no registration"


def untitled(seen: Evidence) -> Iterator[str]:
    """I3: DELETE and PUT go only to a uuid that was recorded for a registration before."""
    first: dict[str, int] = {}
    for held in seen.titles:
        first.setdefault(held.uuid, held.seq)
    for call in seen.calls:
        if (DELETE(call) or PUT(call)) and call.forwarded and first.get(call.name, call.seq) >= call.seq:
            yield f"I3: {call.method} of {call.name}, which no registration had recorded"


def forced(seen: Evidence) -> Iterator[str]:
    """I3: no DELETE is forced unless a spec says so."""
    for call in seen.calls:
        if DELETE(call) and call.query.get("force", ["false"]) != ["false"]:
            yield f"I3: the DELETE of {call.name} was forced"


def unannounced(seen: Evidence) -> Iterator[str]:
    """I5: a POST follows a write that made its name and the finalizer durable; each attempt is sent once."""
    announced: Counter[str] = Counter()
    for call in seen.calls:
        if WRITE_1(call) and call.committed and (attempt := _attempt(call)):
            announced[attempt["name"]] += 1
        if POST(call) and call.forwarded and call.status != _UNAUTHORIZED:  # that one is sent again with a new token
            name = json.loads(call.body)["name"]
            announced[name] -= 1
            if announced[name] < 0:
                yield f"I5: a POST of {name} had no attempt of its own before it"


def replaced(seen: Evidence) -> Iterator[str]:
    """I4: a recorded uuid is neither blanked nor replaced while its cluster lives."""
    alive = {cluster.uuid for cluster in seen.live}
    last: dict[str, str] = {}
    for call in seen.calls:
        if not (WRITE_2(call) and call.committed):
            continue
        owner = f"{call.namespace}/{call.name}"
        now = next((held.uuid for held in _titles(call)), None)
        before = last.get(owner)
        if before and before != now and before in alive and not _let_go(seen, owner) and owner not in seen.wiped:
            yield f"I4: {owner} held {before}, which lives, and then {now}"
        if now:
            last[owner] = now
        elif before:
            del last[owner]


def leaked_secrets(seen: Evidence) -> Iterator[str]:
    """I8: no secret, in any form, in what is written to Kubernetes (but Secrets) or logged."""
    spoken = [call for call in seen.calls if not _may_carry(call)]
    sent = b"\n".join(call.url.encode() + b" " + call.body for call in spoken)
    written = "\n".join(seen.logs).encode()
    for secret in seen.secrets | set(_tokens(seen)):
        if found := places_of(secret, sent):
            guilty = {call.what for call in spoken if places_of(secret, call.url.encode() + call.body)}
            yield f"I8: a secret was sent with {', '.join(sorted(guilty))} ({', '.join(found)})"
        if found := places_of(secret, written):
            yield f"I8: a secret is in an operator's log ({', '.join(found)})"


def _may_carry(call: Call) -> bool:
    """Whether a request is where secrets belong: the token's, and those of Secrets themselves."""
    if call.side is Side.CONTROL_PLANE:
        return call.path.endswith("/token")
    return call.what.endswith(" secrets")


def _tokens(seen: Evidence) -> Iterator[str]:
    for call in seen.calls:
        if TOKEN(call) and isinstance(answer := _parsed(call), dict):
            yield from (str(answer[key]) for key in ("access_token", "accessToken") if answer.get(key))


def idle_writes(calls: Sequence[Call]) -> list[str]:
    """L3: what was written on either side in a span in which nothing should be."""
    return [f"L3: {call.side}: {call.what} {call.name}" for call in calls if call.is_write]


def _parsed(call: Call) -> Any:
    """The JSON of a good answer of the control plane, which may be garbage on purpose; None where it is."""
    try:
        return json.loads(call.answer) if call.status in (_OK, _CREATED) else None
    except ValueError:
        return None


def _titles(call: Call) -> Iterator[Held]:
    for change in json.loads(call.body):
        status = change.get("value")
        if isinstance(status, dict) and status.get("uuid") and status.get("origin"):
            yield Held(call.seq, f"{call.namespace}/{call.name}", status.get("ownerUID", ""), status["uuid"])


def _attempt(call: Call) -> Mapping[str, Any] | None:
    body = json.loads(call.body)
    metadata = body.get("metadata", {}) if isinstance(body, dict) else {}  # kopf's own patches are lists
    text = (metadata.get("annotations") or {}).get(CREATE_ATTEMPT)
    if text is None or FINALIZER not in metadata.get("finalizers", ()):
        return None
    return dict(json.loads(text))


def _askers(seen: Evidence) -> Mapping[str, set[str]]:
    """By name: the uids of the registrations that announced a creation of it."""
    askers: defaultdict[str, set[str]] = defaultdict(set)
    for call in seen.calls:
        if WRITE_1(call) and call.committed and (attempt := _attempt(call)):
            askers[attempt["name"]].add(attempt["owner"])
    return askers


def _held_at_end(registration: Mapping[str, Any]) -> str | None:
    status = registration.get("status", {})
    owned = status.get("origin") and status.get("ownerUID") == registration["metadata"]["uid"]
    return str(status["uuid"]) if owned and status.get("uuid") else None


def _let_go(seen: Evidence, key: str) -> bool:
    """Whether the registration was made anew under the same name: what the old one held is not the new one's."""
    owners = {held.owner for held in seen.titles if held.key == key}
    return len(owners) > 1
