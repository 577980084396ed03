"""The judges of a run: each looks at the whole history and names every breach of an invariant, in a sentence.

They look at journals and end states only, so that they would judge any other operator of these resources as well. Those
that need a page of their own are in `doubles`, `titles` and `origins`.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from faults.calls import Call, Side
from faults.canaries import places_of
from faults.doubles import doubled
from faults.evidence import Evidence, attempt_of, titles
from faults.origins import misdirected
from faults.titles import hasty, untitled
from faults.vocabulary import DELETE, POST, WRITE_1, WRITE_2

_UNAUTHORIZED = 401


def complaints(seen: Evidence, *, force: bool = False, ambiguous: bool = False, orphans: bool = False) -> list[str]:
    """All breaches in a run that has come to rest.

    Args:
        seen: The run.
        force: Whether a forced DELETE is what a spec asked for.
        ambiguous: Whether a cluster may be left that a registration names in `CreateAmbiguous`.
        orphans: Whether a registration was told to let its cluster go.
    """
    checks = [doubled(seen), shared(seen), untitled(seen), unannounced(seen), replaced(seen), hasty(seen)]
    checks += [misdirected(seen), leaked_secrets(seen)]
    checks += [] if force else [forced(seen)]
    checks += [] if orphans else [leaked(seen, ambiguous=ambiguous)]
    return [said for check in checks for said in check]


def shared(seen: Evidence) -> Iterator[str]:
    """I1: in the end no two registrations hold one cluster."""
    held = Counter(owned for each in seen.registrations if (owned := _held_at_end(each)))
    yield from (f"I1: {each} is held by {count} registrations" for each, count in held.items() if count > 1)


def leaked(seen: Evidence, *, ambiguous: bool = False) -> Iterator[str]:
    """I2: every cluster that was made and lives is held by a registration, or was to be left."""
    held = {uuid for each in seen.registrations if (uuid := _held_at_end(each))}
    named = json.dumps([each["status"].get("conditions", []) for each in seen.registrations]) if ambiguous else ""
    for cluster in seen.live:
        if cluster.uuid not in held | seen.past.orphans and cluster.uuid not in named:
            yield f"I2: cluster {cluster.name} ({cluster.uuid}) is held by no registration"


def forced(seen: Evidence) -> Iterator[str]:
    """I3: no DELETE is forced unless a spec says so."""
    for call in seen.calls:
        if DELETE(call) and call.query.get("force", ["false"]) != ["false"]:
            yield f"I3: the DELETE of {call.name} was forced"


def unannounced(seen: Evidence) -> Iterator[str]:
    """I5: a POST follows a write that made its name and the finalizer durable; each attempt is sent once."""
    announced: Counter[str] = Counter()
    for call in seen.calls:
        if WRITE_1(call) and call.committed and (attempt := attempt_of(call)):
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
        now = next((held.uuid for held in titles(call)), None)
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
    for secret in seen.secrets | seen.tokens:
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


def idle_writes(calls: Sequence[Call]) -> list[str]:
    """L3: what was written on either side in a span in which nothing should be."""
    return [f"L3: {call.side}: {call.what} {call.name}" for call in calls if call.is_write]


def _held_at_end(registration: Mapping[str, Any]) -> str | None:
    status = registration.get("status", {})
    owned = status.get("origin") and status.get("ownerUID") == registration["metadata"]["uid"]
    return str(status["uuid"]) if owned and status.get("uuid") else None


def _let_go(seen: Evidence, key: str) -> bool:
    """Whether the registration was made anew under the same name: what the old one held is not the new one's."""
    owners = {held.owner for held in seen.titles if held.key == key}
    return len(owners) > 1
