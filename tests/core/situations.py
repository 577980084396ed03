"""Values for the tests of the core: good defaults everywhere, so that a situation names only what matters.

It is always `NOW`, and the control plane's clock shows the same time. The registration is `platform/gpu-east`, its
control plane `default` in tenant 1001.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from runai_registrar.controlplane.models import Cluster, ClusterStatus
from runai_registrar.core.actions import Title
from runai_registrar.core.observed import (
    ControlPlaneView,
    Failure,
    Memory,
    Observed,
    Outcome,
    Reads,
    Snapshot,
    Trouble,
)
from runai_registrar.core.times import Stamp, Timing, utc
from runai_registrar.resources import (
    CREATE_ATTEMPT,
    FINALIZER,
    Condition,
    ControlPlaneUsed,
    CreateAttempt,
    EarlierAttempt,
    Metadata,
    Origin,
    Registration,
    RegistrationSpec,
    RegistrationStatus,
)

NOW = Stamp(boot=50_000.0, wall=1_780_000_000.0)
UUID = "3f2b6c1e-8d94-4a57-9c0b-5e7d1f2a3b4c"
OTHER = "00000000-0000-4000-8000-000000000002"
THIRD = "00000000-0000-4000-8000-000000000003"
UID = "uid-1"
RIVAL = "uid-0"
NAME = "gpu-east"
TENANT = 1001
URL = "https://app.run.ai"
FRESH_ID = "attempt-9"

OURS = Title(UUID, Origin.CREATED)
FINALIZERS = ("example.com/foreign", FINALIZER)


def ago(seconds: float) -> Stamp:
    """Return the moment that many seconds before now, by this machine's clocks."""
    return NOW.earlier(seconds)


def at(seconds: float) -> datetime:
    """Return the moment that many seconds from now, by the control plane's clock."""
    return utc(NOW.wall + seconds)


def cluster(
    uuid: str = UUID, *, name: str = NAME, age: float = 3600.0, state: str | None = None, **more: Any
) -> Cluster:
    """Return a live cluster that never connected, as old as that."""
    facts: dict[str, Any] = {"tenant_id": TENANT, "created_at": at(-age)} | more
    return Cluster(uuid=uuid, name=name, status=ClusterStatus(state=state) if state else None, **facts)


def draining(uuid: str = UUID, **more: Any) -> Cluster:
    """Return a cluster whose deletion was asked for 2 s ago."""
    return cluster(uuid, delete_requested_at=at(-2), **more)


def attempt(number: int = 1, *, age: float = 20.0, **more: Any) -> CreateAttempt:
    """Return our own attempt to create `gpu-east`, announced that long ago."""
    facts: dict[str, Any] = {
        "owner": UID,
        "name": NAME,
        "at": at(-age),
        "control_plane": "default",
        "tenant_id": TENANT,
    } | more
    return CreateAttempt(id=f"attempt-{number}", **facts)


def new_attempt(**more: Any) -> CreateAttempt:
    """Return the attempt that a decision taken now announces."""
    return attempt(9, age=0.0, **more)


def earlier(*, first: float = 300.0, last: float = 200.0, **more: Any) -> EarlierAttempt:
    """Return what is kept of attempts that ended without an answer, from and to so long ago."""
    facts: dict[str, Any] = {"name": NAME} | more
    return EarlierAttempt(first=at(-first), last=at(-last), **facts)


def condition(
    kind: str = "Ready", status: str = "True", reason: str = "Registered", message: str = "As it was."
) -> Condition:
    """Return a condition that has held for ten minutes."""
    since = at(-600)
    return Condition(
        type=kind, status=status, reason=reason, message=message, observed_generation=1, last_transition_time=since
    )


def registered(
    origin: Origin = Origin.CREATED, *, uuid: str = UUID, age: float = 3600.0, **more: Any
) -> RegistrationStatus:
    """Return the status of a registration that owns a cluster which is as old as that and never connected."""
    facts: dict[str, Any] = {
        "observed_generation": 1,
        "tenant_id": TENANT,
        "cluster_name": NAME,
        "created_at": at(-age),
        "owner_uid": UID,
        "control_plane": ControlPlaneUsed(name="default", url=URL),
        "conditions": (condition(),),
    }
    return RegistrationStatus(uuid=uuid, origin=origin, **(facts | more))


def registration(
    *,
    spec: Mapping[str, Any] | None = None,
    status: RegistrationStatus | None = None,
    attempt: CreateAttempt | None = None,
    held: bool = True,
    deleting: bool = False,
    **metadata: Any,
) -> Registration:
    """Return a registration that our finalizer holds; `spec` is written as a user writes it."""
    annotations = {CREATE_ATTEMPT: attempt.to_json()} if attempt else {}
    facts: dict[str, Any] = {
        "name": NAME,
        "namespace": "platform",
        "uid": UID,
        "generation": 1,
        "creation_timestamp": at(-7200),
        "deletion_timestamp": at(-10) if deleting else None,
        "finalizers": FINALIZERS if held else FINALIZERS[:1],
    } | metadata
    facts["annotations"] = annotations | metadata.get("annotations", {})
    return Registration(
        metadata=Metadata(**facts),
        spec=RegistrationSpec.model_validate(spec or {}),
        status=status or RegistrationStatus(),
    )


def rival(
    *, status: RegistrationStatus | None = None, attempt: CreateAttempt | None = None, uid: str = RIVAL, **more: Any
) -> Registration:
    """Return an older registration of another namespace; status and attempt are made its own."""
    own_status = status.model_copy(update={"owner_uid": uid}) if status else None
    own_attempt = attempt.model_copy(update={"owner": uid}) if attempt else None
    place: dict[str, Any] = {"namespace": "other", "uid": uid, "creation_timestamp": at(-9000)}
    return registration(status=own_status, attempt=own_attempt, **(place | more))


def plane(**facts: Any) -> ControlPlaneView:
    """Return a control plane that answers."""
    return replace(ControlPlaneView(name="default", url=URL, tenant_id=TENANT), **facts)


def trouble(reason: str, message: str = "It does not work.", *, passing: bool = False, since: float = 10.0) -> Trouble:
    """Return a trouble that began that many seconds ago."""
    return Trouble(reason, message, passing, ago(since))


def failure(reason: str = "ControlPlaneUnreachable", *, stalled: bool = False, left: float = 100.0) -> Failure:
    """Return a failed call that is tried again after so many seconds."""
    return Failure(reason, "The call failed.", stalled, generation=1, retry_at=ago(-left))


def knows(outcome: Outcome | None, known: CreateAttempt | None = None, *, written: float = 2.0, **facts: Any) -> Memory:
    """Return what a process remembers that announced an attempt so long ago."""
    return Memory(attempt=known or attempt(), outcome=outcome, written=ago(written), **facts)


def observed(registration: Registration, *clusters: Cluster, listed: float | None = 1.0, **facts: Any) -> Observed:
    """Return what is seen of a registration where a list that began `listed` seconds ago showed these clusters."""
    snapshot = None if listed is None else Snapshot.of(clusters, ago(listed), NOW.wall - listed)
    seen = Observed(
        registration=registration,
        control_plane=plane(),
        snapshot=snapshot,
        now=NOW,
        clock=NOW.wall,
        timing=Timing(),
        fresh_id=FRESH_ID,
    )
    return replace(seen, **facts)


def read(**facts: Any) -> Reads:
    """Return the live reads made for this decision; a list of all registrations shows who holds a uuid, too."""
    facts.setdefault("holders", facts.get("registrations"))
    return replace(Reads(), **facts)


def because(o: Observed, **facts: Any) -> Observed:
    """Return the same situation with another registration: `because(o, spec={...}, status=...)`."""
    spec = facts.pop("spec", None)
    changes = dict(facts)
    if spec is not None:
        changes["spec"] = RegistrationSpec.model_validate(spec)
    return replace(o, registration=o.registration.model_copy(update=changes))
