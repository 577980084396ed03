"""What an action changes in what is observed: the world of these tests, small enough to be seen through at once."""

from dataclasses import replace
from typing import Any, assert_never

from core.situations import FINALIZERS, OTHER
from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.actions import (
    Action,
    Announce,
    Create,
    Delete,
    FreeInstallSecret,
    Hold,
    Leave,
    ReadCluster,
    ReadClusters,
    ReadHolders,
    ReadInstallSecret,
    ReadRegistration,
    ReadRegistrations,
    Release,
    RemoveInstallSecret,
    Rename,
    Stand,
    WriteInstallSecret,
)
from runai_registrar.core.installed import SecretSeen
from runai_registrar.core.observed import Observed, Outcome, Put, Snapshot
from runai_registrar.core.rename import MOST_PUTS
from runai_registrar.core.report import report
from runai_registrar.core.times import utc
from runai_registrar.resources import CREATE_ATTEMPT, CreateAttempt, RegistrationStatus

EXTERNAL = (Create, Rename, Delete)
"""The actions that change something in the control plane."""

STEP = 0.1
"""Seconds that one action takes here."""


def later(o: Observed, seconds: float = STEP) -> Observed:
    """Return the same situation some time later, by every clock."""
    return replace(o, now=o.now.earlier(-seconds), clock=o.clock + seconds)


def effect(o: Observed, action: Action, outcome: Outcome = Outcome.UNANSWERED) -> Observed:
    """Return what is observed after an action was carried out; `outcome` is what becomes of a POST."""
    match action:
        case ReadClusters() | ReadCluster() | ReadRegistration() | ReadRegistrations() | ReadHolders():
            o = _read(later(o), action)
        case Announce(attempt, replaces):
            outcome, written = Outcome.ANNOUNCED, o.now
            o = _annotated(o, attempt)
            o = _remember(o, attempt=attempt, written=written, outcome=outcome, replaces=replaces, answer=None)
        case Hold(attempt):
            o = _annotated(o, attempt)
            if attempt and attempt.refused:
                o = _remember(o, attempt=attempt, outcome=None)
        case Create() | Rename() | Delete() | Release():
            o = _called(o, action, outcome)
        case ReadInstallSecret() | WriteInstallSecret() | RemoveInstallSecret() | FreeInstallSecret():
            o = _remember(o, install={**o.memory.install, **_secret(o, action)})
        case Stand():
            return stood(o, action)
        case Leave():
            return o
        case _:
            assert_never(action)
    return later(o)


def _called(o: Observed, action: Create | Rename | Delete | Release, outcome: Outcome) -> Observed:
    match action:
        case Create(attempt):
            return _remember(o, outcome=outcome, answer=_made(o, attempt, outcome))
        case Rename(_, name):
            put = Put(name, o.registration.metadata.generation, later(o).now)
            return _remember(o, renamed=(name, put.at), puts=(*o.memory.puts, put)[-MOST_PUTS:])
        case Delete(_, force):
            return _remember(o, asked=later(o).now, forced=force or o.memory.forced)
        case Release():
            return _remember(o, released=True)


def _secret(
    o: Observed, action: ReadInstallSecret | WriteInstallSecret | RemoveInstallSecret | FreeInstallSecret
) -> dict[str, SecretSeen]:
    """What a look at a Secret shows: what was seen of it before, or nothing; and what a write leaves."""
    generation = o.registration.metadata.generation
    match action:
        case ReadInstallSecret(name):
            known = o.memory.install.get(name, SecretSeen(name, o.now, generation))
            seen = replace(known, at=o.now, generation=generation)
        case WriteInstallSecret(name, purpose, owned):
            owner = o.registration.uid
            seen = SecretSeen(name, o.now, generation, "new", "1", owner, purpose, owned=owned, whole=True)
        case RemoveInstallSecret(known):
            seen = SecretSeen(known.name, o.now, generation)
        case FreeInstallSecret(known):
            seen = replace(known, owned=False, at=o.now, generation=generation)
    return {seen.name: seen}


def _remember(o: Observed, **facts: Any) -> Observed:
    return replace(o, memory=replace(o.memory, **facts))


def stood(o: Observed, verdict: Stand) -> Observed:
    """Return what is observed once the status of a verdict is written; memory forgets what the status settles."""
    status = report(o, verdict)
    memory = replace(o.memory, waiting={verdict.reason: o.memory.waiting.get(verdict.reason, o.now)})
    if memory.attempt is not None and memory.attempt.id == status.attempt:
        memory = replace(memory, outcome=None, answer=None, written=None, replaces=None)
    read_back = RegistrationStatus.model_validate(status.to_dict())
    return replace(o, registration=o.registration.model_copy(update={"status": read_back}), memory=memory)


def _annotated(o: Observed, attempt: CreateAttempt | None) -> Observed:
    metadata = o.registration.metadata
    annotations = dict(metadata.annotations) | ({CREATE_ATTEMPT: attempt.to_json()} if attempt else {})
    changed = metadata.model_copy(update={"annotations": annotations, "finalizers": FINALIZERS})
    return replace(o, registration=o.registration.model_copy(update={"metadata": changed}))


def _made(o: Observed, attempt: CreateAttempt, outcome: Outcome) -> Cluster | None:
    """The cluster of a 201; no list shows it so far."""
    if outcome is not Outcome.ANSWERED:
        return None
    return Cluster(uuid=OTHER, tenant_id=o.control_plane.tenant_id or 1, name=attempt.name, created_at=utc(o.clock))


def _read(
    o: Observed, action: ReadClusters | ReadCluster | ReadRegistration | ReadRegistrations | ReadHolders
) -> Observed:
    reads = o.reads
    match action:
        case ReadClusters(after):
            shown = [_shown(o, one) for one in o.snapshot.clusters.values()] if o.snapshot else []
            o = replace(o, snapshot=Snapshot.of(shown, o.now, o.clock))
            reads = replace(reads, clusters=reads.clusters or after)
        case ReadCluster(uuid) if o.snapshot and o.snapshot.shows(uuid):
            reads = replace(reads, present={**reads.present, uuid: o.now})
        case ReadCluster(uuid):
            reads = replace(reads, absent={**reads.absent, uuid: o.now})
        case ReadRegistration():
            reads = replace(reads, registration=o.now)
        case ReadRegistrations():
            reads = replace(reads, registrations=o.now, holders=o.now)
        case ReadHolders():
            reads = replace(reads, holders=o.now)
    return replace(o, reads=reads)


def _shown(o: Observed, one: Cluster) -> Cluster:
    """A cluster in the next list: with the name that was put, and draining where its deletion was asked for."""
    if one.uuid != o.registration.status.uuid:
        return one
    name = o.memory.renamed[0] if o.memory.renamed else one.name
    asked = utc(o.clock) if o.memory.asked else None
    return one.model_copy(update={"name": name, "delete_requested_at": one.delete_requested_at or asked})
