"""Registrations of other RunaiControlPlanes: a uuid is held everywhere, a name where the same one is reached."""

from dataclasses import replace
from typing import Any

from core.row import Row
from core.rows_attempt import FOUND, OPEN, OURS_MAYBE, RECOVERED
from core.rows_create import ADOPT, LISTED, TAKEN, new
from core.rows_delete import DELETE_IT, READ, leaving
from core.rows_keep import IN_STEP, kept
from core.situations import NAME, OTHER, OURS, UUID, ago, attempt, cluster, new_attempt, registered, rival
from runai_registrar.core.actions import Announce, Delete, Phase, ReadRegistrations, Release, Stand
from runai_registrar.resources import ControlPlaneUsed, Origin, Registration

ROWS: list[Row] = []


def there(origin: Origin = Origin.CREATED, *, plane: str = "second", **status: Any) -> Registration:
    """Return a registration of another RunaiControlPlane that holds a cluster there."""
    used = ControlPlaneUsed(name=plane, url="https://app.run.ai")
    spec = {"controlPlaneRef": {"name": plane}}
    return rival(status=registered(origin, control_plane=used, **status), spec=spec)


def trying(number: int = 2, *, age: float = 20.0) -> Registration:
    """Return a registration of another RunaiControlPlane with an open attempt for our name."""
    return rival(attempt=attempt(number, age=age, control_plane="second"), spec={"controlPlaneRef": {"name": "second"}})


ANOTHERS = "OwnershipConflict"

AFTER = [
    Row(
        "adopt-held/through-another-control-plane",
        new(cluster(), spec=ADOPT, reads=LISTED, elsewhere=(there(),)),
        Stand(Phase.STALLED, ANOTHERS, "", wake=60.0),
        (UUID, "other/gpu-east", "Orphan"),
    ),
    Row(
        "adopt-held/through-one-that-reaches-the-same",
        new(cluster(), spec=ADOPT, reads=LISTED, rivals=(there(Origin.ADOPTED),)),
        Stand(Phase.STALLED, ANOTHERS, "", wake=60.0),
        (UUID, "other/gpu-east"),
    ),
    Row(
        "adopt-held/in-what-was-another-tenant",
        new(cluster(), spec=ADOPT, reads=LISTED, elsewhere=(there(tenant_id=2002),)),
        Stand(Phase.STALLED, ANOTHERS, "", wake=60.0),
    ),
    Row(
        "adopt-unclear/through-one-that-reaches-the-same",
        new(cluster(age=195.0), spec=ADOPT, reads=LISTED, rivals=(trying(age=200.0),)),
        Stand(Phase.STALLED, ANOTHERS, "", wake=60.0),
        ("other/gpu-east", "spec.adopt.uuid"),
    ),
    Row(
        "title-conflict/through-another-control-plane",
        kept(cluster(), spec={"clusterName": "gpu-west"}, elsewhere=(there(),)),
        Stand(Phase.STALLED, ANOTHERS, "", OURS, wake=60.0),
        ("other/gpu-east", UUID),
    ),
    Row("in-step/held-by-a-weaker-one-elsewhere", kept(cluster(), elsewhere=(there(Origin.ADOPTED),)), IN_STEP),
    Row(
        "delete-foreign/through-another-control-plane",
        leaving(cluster(), spec=DELETE_IT, origin=Origin.ADOPTED, elsewhere=(there(),), reads=READ),
        Release("", leaves=UUID),
        ("other/gpu-east",),
    ),
    Row(
        "delete-unread/held-elsewhere",
        leaving(cluster(), spec=DELETE_IT, origin=Origin.ADOPTED, elsewhere=(there(),)),
        ReadRegistrations(ago(5.0)),
    ),
    Row(
        "delete-ask/the-one-elsewhere-is-the-weaker-one",
        leaving(cluster(), elsewhere=(there(Origin.ADOPTED),), reads=READ),
        Delete(UUID, force=False),
    ),
    Row(
        "create-name-claimed/through-one-that-reaches-the-same",
        new(rivals=(there(uuid=OTHER),)),
        TAKEN,
        ("other/gpu-east", "spec.clusterName"),
    ),
    Row("create-name-claimed/being-created-through-it", new(rivals=(trying(),)), TAKEN, (NAME,)),
    Row(
        "create/the-name-is-used-on-another-control-plane",
        new(elsewhere=(there(uuid=OTHER), trying())),
        Announce(new_attempt()),
    ),
    Row(
        "attempt-rival/through-one-that-reaches-the-same",
        replace(FOUND, rivals=(trying(),)),
        Stand(Phase.STALLED, "CreateAmbiguous", "", attempt=attempt(), wake=30.0),
        (UUID, "other/gpu-east"),
    ),
    Row(
        "attempt-claimed/a-rival-on-another-control-plane",
        replace(FOUND, elsewhere=(trying(),)),
        Stand(Phase.READY, "Registered", "", RECOVERED, shown=OURS_MAYBE, closes="attempt-1", wake=0.0),
    ),
    Row(
        "attempt-unsettled/the-candidate-is-held-elsewhere",
        replace(FOUND, registration=OPEN, elsewhere=(there(),)),
        Stand(Phase.RECONCILING, "Registering", "", attempt=attempt(), wake=5.0),
    ),
]
