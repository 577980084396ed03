"""What a run was, as it can be seen from outside: the journals of both sides, and how it has ended."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from faults.calls import Call
from faults.past import Past
from faults.vocabulary import CLUSTERS, POST, TOKEN, WRITE_2
from runai_registrar.simulator.admin_models import ClusterView
from runai_registrar.simulator.journal import Entry

FINALIZER = "runai-registrar.io/registration"
CREATE_ATTEMPT = "runai-registrar.io/create-attempt"
_OK, _CREATED = 200, 201


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
        plane: The RunaiControlPlane whose clusters are looked at; empty: there is no other.
        origin: Its address, `http://host:port`; empty: not known.
    """

    calls: Sequence[Call]
    entries: Sequence[Entry]
    clusters: Sequence[ClusterView]
    registrations: Sequence[Mapping[str, Any]]
    logs: Sequence[str] = ()
    taken_away: Mapping[str, int] = field(default_factory=dict)
    wiped: frozenset[str] | set[str] = frozenset()
    secrets: frozenset[str] | set[str] = field(default_factory=frozenset, repr=False)
    plane: str = ""
    origin: str = ""

    @cached_property
    def past(self) -> Past:
        """The registrations as they were at each moment."""
        return Past(self.calls, self.plane)

    @cached_property
    def titles(self) -> list[Held]:
        """Every title that was written and landed, in order."""
        return [held for call in self.calls if WRITE_2(call) and call.committed for held in titles(call)]

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The name under which each cluster was made, by uuid; where the answer was lost, as a list showed it."""
        shown = {each.uuid: each.name for each in self.clusters}
        for call in self.calls:
            if CLUSTERS(call) and isinstance(answer := parsed(call), list):
                shown = {each["uuid"]: str(each["name"]) for each in answer if isinstance(each, dict)} | shown
        made = [(call, answer) for call in self.calls if POST(call) and isinstance(answer := parsed(call), dict)]
        return shown | {answer["uuid"]: json.loads(call.body)["name"] for call, answer in made if "uuid" in answer}

    @cached_property
    def tokens(self) -> set[str]:
        """The bearer tokens that the control plane has issued."""
        answers = [parsed(call) for call in self.calls if TOKEN(call)]
        keys = ("access_token", "accessToken")
        return {str(each[key]) for each in answers if isinstance(each, dict) for key in keys if each.get(key)}

    @cached_property
    def live(self) -> list[ClusterView]:
        """The clusters at the end that came by the API and nobody has asked to go."""
        return [each for each in self.clusters if each.source == "api" and not each.delete_requested_at]


def parsed(call: Call) -> Any:
    """The JSON of a good answer of the control plane, which may be garbage on purpose; None where it is."""
    try:
        return json.loads(call.answer) if call.status in (_OK, _CREATED) else None
    except (ValueError, RecursionError):
        return None


def titles(call: Call) -> Iterator[Held]:
    """The title that a status write gives, if it gives one."""
    for change in json.loads(call.body):
        status = change.get("value")
        if isinstance(status, dict) and status.get("uuid") and status.get("origin"):
            yield Held(call.seq, f"{call.namespace}/{call.name}", status.get("ownerUID", ""), status["uuid"])


def attempt_of(call: Call) -> Mapping[str, Any] | None:
    """The attempt that a write makes durable, together with the finalizer."""
    body = json.loads(call.body)
    metadata = body.get("metadata", {}) if isinstance(body, dict) else {}  # kopf's own patches are lists
    text = (metadata.get("annotations") or {}).get(CREATE_ATTEMPT)
    if text is None or FINALIZER not in metadata.get("finalizers", ()):
        return None
    return dict(json.loads(text))
