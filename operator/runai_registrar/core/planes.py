"""What a list of clusters proves about a control plane, and what its status says: pure, like the rest of the core.

A tenant is trusted from first contact on: by what the clusters displayed say, or, where none is displayed, because the
connection (URL and credential) is the one that showed the tenant before. Where neither holds and registrations own
clusters, an absence proves nothing: the trouble is `TenantChanged` (design 4.3).
"""

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from runai_registrar.controlplane.models import Cluster
from runai_registrar.core.attempt import open_attempts
from runai_registrar.core.claims import written_title
from runai_registrar.core.conditions import MESSAGE_LENGTH, find
from runai_registrar.core.observed import Trouble
from runai_registrar.core.verdicts import GRACE
from runai_registrar.resources import (
    RELEASE,
    ClusterCounts,
    Condition,
    ControlPlane,
    ControlPlaneStatus,
    Registration,
    VerifiedConnection,
)


@dataclass(frozen=True)
class Held:
    """What the registrations of a control plane own: uuids, and the tenants they were made in.

    `unclear` says that one of them has an open attempt: what it made would be looked for in the tenant shown.
    """

    uuids: frozenset[str]
    tenants: frozenset[int]
    unclear: bool = False

    @classmethod
    def of(cls, registrations: Iterable[Registration]) -> "Held":
        """Collect the titles of these registrations."""
        known = tuple(registrations)
        titled = [(title.uuid, r.status.tenant_id) for r in known if (title := written_title(r))]
        return cls(
            uuids=frozenset(uuid for uuid, _ in titled),
            tenants=frozenset(tenant for _, tenant in titled if tenant is not None),
            unclear=any(map(open_attempts, known)),
        )


def connection(uid: str, url: str, client_id: str, client_secret: str) -> VerifiedConnection:
    """What identifies a connection without showing the credential: the URL, and a digest of client id and secret.

    The digest is slow on purpose (some 50 ms and 16 MiB), salted for one control plane (`uid`) and short, so that a
    generated secret cannot be guessed by it: `docs/decisions/0005`.
    """
    salt = b"runai-registrar" + uid.encode() + url.encode()
    credential = json.dumps([client_id, client_secret]).encode()  # no two pairs are written alike
    digest = hashlib.scrypt(credential, salt=salt, n=2**14, r=8, p=1)
    return VerifiedConnection(url=url, client=digest.hex()[:12])


def verified(plane: ControlPlane, seen: VerifiedConnection) -> ControlPlane:
    """The control plane with a connection that this process has verified itself."""
    return plane.model_copy(update={"status": plane.status.model_copy(update={"verified": seen})})


def tenant_problem(
    plane: ControlPlane, clusters: Collection[Cluster], now: VerifiedConnection, held: Held
) -> str | None:
    """Why this list must not be taken for the recorded tenant's, as a sentence; None where it may."""
    shown = {cluster.tenant_id for cluster in clusters}
    expected = _expected(plane, held)
    if len(shown | expected) > 1:
        names = ", ".join(str(tenant) for tenant in sorted(shown))
        wanted = ", ".join(str(tenant) for tenant in sorted(expected))
        return (
            f"The credentials show tenant {names or 'none'}, but tenant {wanted} is expected. "
            "Restore the credentials of that tenant, or use another RunaiControlPlane."
        )
    if plane.status.verified == now or not (held.uuids or held.unclear):
        return None
    moved = plane.status.verified is None or plane.status.verified.url != now.url
    if moved and held.uuids and not held.uuids & {cluster.uuid for cluster in clusters}:
        return (
            f"The URL has changed, and {now.url} shows none of the {len(held.uuids)} clusters registered so far. "
            "Check spec.url."
        )
    if not shown:
        return (
            "The credentials have changed and show no cluster, so it cannot be told whether they belong to the same "
            "tenant. Check the Secret. If it is right, put the former client id and secret back, or let the tenant "
            f"show any cluster; the annotation {RELEASE}=orphan lets a registration go."
        )
    return None


def _expected(plane: ControlPlane, held: Held) -> set[int]:
    """The tenant that must not change: the pinned one, the recorded one, or the one the registrations were made in."""
    if plane.spec.tenant_id is not None:
        return {plane.spec.tenant_id}
    return {plane.status.tenant_id} if plane.status.tenant_id is not None else set(held.tenants)


def counts(clusters: Iterable[Cluster], held: Held) -> ClusterCounts:
    """How many clusters are displayed, and how many of them registrations own."""
    uuids = {cluster.uuid for cluster in clusters if cluster.deleted_at is None}
    managed = len(uuids & held.uuids)
    return ClusterCounts(total=len(uuids), managed=managed, unmanaged=len(uuids) - managed)


def reached(
    plane: ControlPlane, clusters: Collection[Cluster], now: VerifiedConnection, held: Held, at: datetime
) -> ControlPlaneStatus:
    """The status after a good list."""
    tenant = plane.spec.tenant_id or plane.status.tenant_id or next((c.tenant_id for c in clusters), None)
    return ControlPlaneStatus(
        observed_generation=plane.metadata.generation,
        tenant_id=tenant,
        verified=now,
        clusters=counts(clusters, held),
        conditions=(_ready(plane, "True", "Reachable", "The control plane answers.", at),),
    )


def _left(known: ClusterCounts, held: Held) -> ClusterCounts:
    """What was counted last, while nothing is listed: more than registrations hold by now is not managed any more."""
    managed = min(known.managed, len(held.uuids))
    return ClusterCounts(total=known.total, managed=managed, unmanaged=known.total - managed)


def troubled(plane: ControlPlane, trouble: Trouble, held: Held, at: datetime) -> ControlPlaneStatus:
    """The status while the control plane cannot be used: what was known before, and the reason."""
    kind = "Reconciling" if trouble.passing or _may_come(plane, trouble, at) else "Stalled"
    conditions = (
        _ready(plane, "False", trouble.reason, trouble.message, at),
        _condition(plane, kind, "True", trouble.reason, trouble.message, at),
    )
    return _unlisted(plane, held, conditions)


def _may_come(plane: ControlPlane, trouble: Trouble, at: datetime) -> bool:
    """Whether a Secret that is missing may be on its way: an operator for Secrets writes it moments later."""
    known = find(plane.status.conditions, "Ready")
    since = known.last_transition_time if known and known.status == "False" else at
    return trouble.reason == "CredentialsNotFound" and (at - since).total_seconds() < GRACE


def suspended(plane: ControlPlane, held: Held, at: datetime) -> ControlPlaneStatus:
    """The status while suspended: the last Ready, with the generation that was seen."""
    known = find(plane.status.conditions, "Ready")
    message = "Suspended: the control plane is not asked for anything."
    status, reason = (known.status, known.reason) if known else ("Unknown", "Suspended")
    conditions: tuple[Condition, ...] = (_ready(plane, status, reason, message, at),)
    if status != "True":
        conditions = (*conditions, _condition(plane, "Stalled", "True", "Suspended", message, at))
    return _unlisted(plane, held, conditions)


def _unlisted(plane: ControlPlane, held: Held, conditions: tuple[Condition, ...]) -> ControlPlaneStatus:
    known = plane.status.clusters
    return plane.status.model_copy(
        update={
            "observed_generation": plane.metadata.generation,
            "conditions": conditions,
            "clusters": known and _left(known, held),
        }
    )


def _ready(plane: ControlPlane, status: str, reason: str, message: str, at: datetime) -> Condition:
    return _condition(plane, "Ready", status, reason, message, at)


def _condition(plane: ControlPlane, kind: str, status: str, reason: str, message: str, at: datetime) -> Condition:
    known = find(plane.status.conditions, kind)
    return Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message[:MESSAGE_LENGTH],
        observed_generation=plane.metadata.generation,
        last_transition_time=known.last_transition_time if known and known.status == status else at,
    )
