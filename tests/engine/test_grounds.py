"""What a call rests on is asked once more when its turn has come: a change meanwhile keeps it from being sent."""

from collections.abc import Callable
from typing import Any

import pytest

from core.situations import UID, UUID, attempt, registered, registration
from engine.control_plane import ControlPlane, Fleet
from engine.test_apply import Desk
from engine.test_apply_calls import announced, owning
from runai_registrar.core.actions import Action, Create, Delete, ReadCluster, Rename
from runai_registrar.core.observed import Observed, Outcome
from runai_registrar.resources import RELEASE, Registration

ACTIONS: dict[str, Action] = {
    "create": Create(attempt()),
    "rename": Rename(UUID, "gpu-west"),
    "delete": Delete(UUID, force=False),
    "get": ReadCluster(UUID),
}

Change = Callable[[Desk], None]


def desk_for(action: Action) -> tuple[Desk, Observed]:
    """Return a desk on which all is well for this action, and what was observed there."""
    if isinstance(action, Create):
        desk = announced(ControlPlane())
        return desk, desk.seen
    return owning(ControlPlane(), deleting=isinstance(action, Delete))


def changed(**spec: Any) -> Change:
    """Somebody changes the spec."""

    def change(desk: Desk) -> None:
        now = desk.entry.registration
        desk.world.take_in(_later(registration(spec=spec, deleting=now.deleting, status=now.status), now))

    return change


def released(desk: Desk) -> None:
    """Somebody asks for the release."""
    desk.world.take_in(_later(desk.entry.registration, desk.entry.registration, **{RELEASE: "orphan"}))


def labelled(desk: Desk) -> None:
    """Somebody touches what does not matter."""
    desk.world.take_in(_later(desk.entry.registration, desk.entry.registration, example="touched"))


def elsewhere(desk: Desk) -> None:
    """The control plane is not what it was."""
    fleet = desk.world.fleet
    assert isinstance(fleet, Fleet)
    fleet.changed = True


def _later(wanted: Registration, before: Registration, **annotations: str) -> Registration:
    metadata = before.metadata.model_copy(
        update={"resource_version": "99", "annotations": {**before.metadata.annotations, **annotations}}
    )
    return wanted.model_copy(update={"metadata": metadata})


@pytest.mark.parametrize(
    "change",
    [
        changed(suspend=True),
        changed(mode="Observe"),
        changed(deletionProtection=True),
        changed(clusterName="gpu-north"),
        released,
        elsewhere,
        lambda desk: desk.world.lose(UID),
    ],
    ids=["suspended", "observed", "protected", "renamed", "released", "control-plane", "gone"],
)
@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
async def test_what_changes_meanwhile_stops_a_call(action: Action, change: Change) -> None:
    """A call that waited while the registration or its control plane was changed is not sent, and none is blamed."""
    desk, seen = desk_for(action)
    change(desk)
    reads = await desk.apply.apply(desk.entry, seen, action)

    assert desk.plane is not None
    assert desk.plane.called == []
    assert desk.entry.memory.failure is None
    assert (reads.absent, reads.present) == ({}, {})
    assert desk.entry.memory.outcome is (Outcome.UNSENT if isinstance(action, Create) else None)


@pytest.mark.parametrize("name", ["create", "rename", "delete"])
async def test_what_does_not_matter_stops_nothing(name: str) -> None:
    """An annotation of somebody else is no reason to look again."""
    desk, seen = desk_for(ACTIONS[name])
    labelled(desk)
    await desk.apply.apply(desk.entry, seen, ACTIONS[name])

    assert desk.plane is not None
    assert [call[0] for call in desk.plane.called] == [name]


async def test_another_title_stops_a_call() -> None:
    """A registration that owns another cluster by now does not have the former one renamed."""
    desk, seen = desk_for(ACTIONS["rename"])
    other = registration(status=registered(uuid="00000000-0000-4000-8000-000000000009"))
    desk.world.take_in(_later(other, desk.entry.registration))
    await desk.apply.apply(desk.entry, seen, ACTIONS["rename"])

    assert desk.plane is not None
    assert desk.plane.called == []
