"""The create-attempt: when it is open, and which clusters of a list it may have made (design 4.1).

All times here are in the control plane's clock.
"""

from collections.abc import Iterable
from datetime import timedelta

from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.observed import Observed, Outcome, Snapshot, is_live
from runai_registrar.core.times import Timing, utc
from runai_registrar.resources import CreateAttempt, EarlierAttempt, Registration

MAX_EARLIER = 20
"""Unanswered attempts kept, counted by name, domain and version; beyond that a person must look first."""


def unreadable(registration: Registration) -> bool:
    """Whether the annotation is there but is not an attempt: then nobody can say what was tried."""
    try:
        _ = registration.attempt
    except ValueError:
        return True
    return False


def own_attempt(registration: Registration) -> CreateAttempt | None:
    """The annotated attempt, if it is this registration's own: a copied resource carries another owner's.

    An unreadable annotation counts as none here; `unreadable` tells them apart.
    """
    attempt = None if unreadable(registration) else registration.attempt
    return attempt if attempt and attempt.owner == registration.uid else None


def shown_attempts(registration: Registration) -> tuple[CreateAttempt, ...]:
    """Its own attempts that everybody can see: in the annotation, and mirrored in the status where that was wiped."""
    known = (own_attempt(registration), registration.status.create_attempt)
    return tuple(attempt for attempt in known if attempt and attempt.owner == registration.uid)


def open_attempts(registration: Registration) -> tuple[CreateAttempt, ...]:
    """Those of them of which it is unknown what they made."""
    return tuple(attempt for attempt in shown_attempts(registration) if is_open(attempt, registration))


def is_open(attempt: CreateAttempt, registration: Registration) -> bool:
    """Whether it is still unknown what the attempt made: until the status names its id."""
    if attempt.refused and not attempt.earlier:
        return False
    return attempt.id != registration.status.attempt


def open_attempt(o: Observed) -> CreateAttempt | None:
    """The newest attempt, if it is open.

    It is looked for in the annotation, in this process's memory, and in the mirror in the status: `kubectl replace` may
    have wiped the annotation or brought an old one back.
    """
    mirrored = o.registration.status.create_attempt
    noted = own_attempt(o.registration)
    known = [noted, None if _never_sent(o, noted) else o.memory.attempt, mirrored]
    own = [attempt for attempt in known if attempt and attempt.owner == o.registration.uid]
    newest = max(own, key=lambda attempt: attempt.at, default=None)
    return newest if newest and is_open(newest, o.registration) else None


def _never_sent(o: Observed, noted: CreateAttempt | None) -> bool:
    """Whether the attempt in memory was given up unsent, and is not even in the annotation: then it is nothing."""
    tried = o.memory.attempt
    landed = tried is not None and noted is not None and noted.id == tried.id
    unresolved_before = noted is None and tried is not None and bool(tried.earlier)
    return o.memory.outcome is Outcome.UNSENT and not landed and not unresolved_before


def sent(attempt: CreateAttempt) -> tuple[EarlierAttempt, ...]:
    """Everything that may have been sent and is unresolved: the earlier ones, and this one unless it was refused."""
    if attempt.refused:
        return attempt.earlier
    this = EarlierAttempt(
        name=attempt.name,
        domain=attempt.domain,
        version=attempt.version,
        first=attempt.at - timedelta(seconds=attempt.spread),
        last=attempt.at,
    )
    return (*attempt.earlier, this)


def sent_names(attempt: CreateAttempt) -> frozenset[str]:
    """The names under which something may have been made."""
    return frozenset(part.name for part in sent(attempt))


def unresolved(attempt: CreateAttempt) -> tuple[EarlierAttempt, ...]:
    """What a new attempt must keep of an older one: one entry for each name, domain and version."""
    merged: dict[tuple[str, str | None, str | None], EarlierAttempt] = {}
    for part in sent(attempt):
        key = (part.name, part.domain, part.version)
        known = merged.get(key, part)
        merged[key] = part.model_copy(
            update={"first": min(known.first, part.first), "last": max(known.last, part.last)}
        )
    return tuple(merged.values())


def plain_domain(domain: str | None) -> str:
    """A domain for comparison only: the API shows some with a scheme or a trailing slash, some without."""
    text = (domain or "").strip().lower().rstrip("/")
    return text.removeprefix("https://").removeprefix("http://")


def looks_sent(cluster: Cluster, part: EarlierAttempt) -> bool:
    """Whether a cluster has exactly the domain and version that were sent."""
    same_domain = plain_domain(cluster.domain) == plain_domain(part.domain)
    return same_domain and (cluster.version or "") == (part.version or "")


def might_be_sent(cluster: Cluster, part: EarlierAttempt) -> bool:
    """Whether a cluster has what was sent, and anything where nothing was: a control plane may fill that in."""
    same_domain = not part.domain or plain_domain(cluster.domain) == plain_domain(part.domain)
    return same_domain and (not part.version or cluster.version == part.version)


def _in_window(cluster: Cluster, part: EarlierAttempt, timing: Timing) -> bool:
    begin = part.first - timedelta(seconds=timing.skew)
    end = part.last + timedelta(seconds=timing.window + timing.skew)
    return begin <= cluster.created_at <= end


def _named(snapshot: Snapshot, attempt: CreateAttempt, desired: str) -> Iterable[tuple[EarlierAttempt, Cluster]]:
    for part in sent(attempt):
        for name in {part.name, desired}:
            for cluster in snapshot.by_name.get(name, ()):
                yield part, cluster


def _live(snapshot: Snapshot, attempt: CreateAttempt, desired: str) -> Iterable[tuple[EarlierAttempt, Cluster]]:
    for part, cluster in _named(snapshot, attempt, desired):
        if is_live(cluster) and cluster.uuid not in attempt.exclude and looks_sent(cluster, part):
            yield part, cluster


def _possible(
    snapshot: Snapshot, attempt: CreateAttempt, desired: str, timing: Timing
) -> Iterable[tuple[EarlierAttempt, Cluster]]:
    for part, cluster in _named(snapshot, attempt, desired):
        if cluster.uuid not in attempt.exclude and might_be_sent(cluster, part) and _in_window(cluster, part, timing):
            yield part, cluster


def candidates(snapshot: Snapshot, attempt: CreateAttempt, desired: str, timing: Timing) -> dict[str, Cluster]:
    """Clusters that this attempt may have made: live, of the right name, domain, version and time, never connected."""
    return {
        cluster.uuid: cluster
        for part, cluster in _live(snapshot, attempt, desired)
        if not cluster.has_connected and _in_window(cluster, part, timing)
    }


def filled_in(snapshot: Snapshot, attempt: CreateAttempt, desired: str, timing: Timing) -> dict[str, Cluster]:
    """Live clusters of the right name and time that have a domain or version where none was sent: who filled it in?"""
    sure = candidates(snapshot, attempt, desired, timing)
    return {
        cluster.uuid: cluster
        for part, cluster in _possible(snapshot, attempt, desired, timing)
        if cluster.uuid not in sure and is_live(cluster) and not looks_sent(cluster, part)
    }


def going(snapshot: Snapshot, attempt: CreateAttempt, desired: str, timing: Timing) -> dict[str, Cluster]:
    """Clusters under deletion that this attempt may have made; they may have connected in between."""
    return {
        cluster.uuid: cluster
        for _, cluster in _possible(snapshot, attempt, desired, timing)
        if cluster.delete_requested_at is not None and cluster.deleted_at is None
    }


def surplus(snapshot: Snapshot, attempt: CreateAttempt, desired: str, timing: Timing) -> dict[str, Cluster]:
    """Clusters of the right name, domain and version made at any time since: a POST that committed late."""
    tolerance = timedelta(seconds=timing.skew)
    return {
        cluster.uuid: cluster
        for part, cluster in _live(snapshot, attempt, desired)
        if part.first - tolerance <= cluster.created_at
    }


def new_attempt(o: Observed, snapshot: Snapshot, previous: CreateAttempt | None) -> CreateAttempt:
    """The attempt to announce now; `previous` is an open one whose POST is proven to have made nothing so far."""
    spec, name = o.registration.spec, o.registration.cluster_name
    draining = [cluster.uuid for cluster in snapshot.by_name.get(name, ()) if not is_live(cluster)]
    return CreateAttempt(
        id=o.fresh_id,
        owner=o.registration.uid,
        name=name,
        domain=spec.domain,
        version=spec.version,
        at=utc(o.clock),
        spread=snapshot.spread,
        control_plane=o.control_plane.name,
        tenant_id=o.control_plane.tenant_id,
        exclude=tuple(sorted(draining)),
        earlier=unresolved(previous) if previous else (),
    )
