"""Which control planes and Secrets are held, and what is said of deletions that are held up."""

from typing import Any

import pytest

from core.situations import RIVAL, URL, at, attempt, condition, registered, registration
from runai_registrar.core.finalizers import finalizers, former_secret, needing, needs, noted, recorded
from runai_registrar.resources import (
    CREDENTIALS_FINALIZER,
    ControlPlane,
    ControlPlaneSpec,
    ControlPlaneStatus,
    Metadata,
    Registration,
    SecretRef,
)

OURS = "example.com/ours"
NOBODY: tuple[str, ...] = ()
READY = ControlPlaneStatus(conditions=(condition(message="It answers."),))


def secret(*finalizers: str, name: str = "credentials", deleting: bool = False) -> Metadata:
    """Return the metadata of a Secret."""
    gone = at(-10) if deleting else None
    return Metadata(name=name, uid="uid-s", finalizers=finalizers, deletion_timestamp=gone)


def plane(name: str = "default", *, uses: str = "credentials", used: str | None = None, deleting: bool = False) -> Any:
    """Return a control plane whose spec names a Secret, and whose status names the one that was used."""
    return ControlPlane(
        metadata=Metadata(name=name, uid=f"uid-{name}", deletion_timestamp=at(-10) if deleting else None),
        spec=ControlPlaneSpec(url=URL, credentials_secret_ref=SecretRef(name=uses)),
        status=ControlPlaneStatus(credentials_secret=SecretRef(name=used) if used else None),
    )


def said(*users: str, deleting: bool = False, credentials: Metadata | None = None, message: str = "It answers.") -> str:
    """Return what Ready says of a control plane that these registrations need."""
    ready = (condition(message=message), condition("Stalled", message="Alone."))
    status = noted(plane(deleting=deleting), ControlPlaneStatus(conditions=ready), users, credentials)
    assert status.conditions[1].message == "Alone."
    return status.conditions[0].message


@pytest.mark.parametrize(
    ("one", "needed"),
    [
        (registration(), False),
        (registration(status=registered()), True),
        (registration(status=registered(owner_uid=RIVAL)), False),
        (registration(status=registered(), deleting=True), True),
        (registration(status=registered(), deleting=True, held=False), False),
        (registration(status=registered(), held=False), True),
        (registration(attempt=attempt()), True),
        (registration(attempt=attempt(owner=RIVAL)), False),
        (registration(attempt=attempt(refused=True)), False),
        (registration(status=registered(attempt="attempt-1").model_copy(update={"uuid": None})), False),
        (registration(status=registered().model_copy(update={"uuid": None, "create_attempt": attempt()})), True),
    ],
    ids=[
        "nothing-registered",
        "title",
        "copied-status",
        "title-deleting",
        "released",
        "title-wiped",
        "open-attempt",
        "copied-attempt",
        "refused-attempt",
        "closed-attempt",
        "attempt-only-in-the-status",
    ],
)
def test_what_needs_a_control_plane(one: Registration, *, needed: bool) -> None:
    """A registration needs its control plane while it holds a cluster, or may have made one."""
    assert needs(one) is needed


@pytest.mark.parametrize(
    ("seen", "wanted", "change"),
    [
        (secret("a", "b"), True, ("a", "b", OURS)),
        (secret("a", OURS, "b"), True, None),
        (secret("a", OURS, "b"), False, ("a", "b")),
        (secret(OURS, deleting=True), False, ()),
        (secret("a"), False, None),
        (secret("a", deleting=True), True, None),
    ],
    ids=["put-on", "there", "removed", "last-one-removed", "absent", "too-late"],
)
def test_foreign_finalizers_are_carried_along(seen: Metadata, change: tuple[str, ...] | None, *, wanted: bool) -> None:
    """Only our finalizer comes and goes, and nothing is written where it is as it should be."""
    assert finalizers(seen, OURS, wanted=wanted) == change


def test_a_shared_secret_is_needed_while_one_control_plane_needs_it() -> None:
    """What counts is what the specs name now, and who has registrations."""
    known = [plane("one"), plane("two"), plane("three", uses="other", used="credentials")]
    users = {"one": NOBODY, "two": ("platform/gpu",), "three": ("platform/cpu",)}

    assert needing("credentials", known, lambda name: users[name]) == (known[1],)
    assert needing("credentials", known, lambda _: NOBODY) == ()


def test_the_former_secret_is_known_by_the_status() -> None:
    """After a change of the reference the status still names the Secret that may be held."""
    assert former_secret(plane()) is None
    assert former_secret(plane(used="credentials")) is None
    assert former_secret(plane(used="older")) == "older"
    assert [recorded(plane(used=used)) for used in (None, "credentials", "older")] == [False, True, False]


@pytest.mark.parametrize(
    ("used", "released", "named"),
    [
        (None, None, "credentials"),
        ("credentials", None, "credentials"),
        ("older", None, "older"),
        ("older", "older", "credentials"),
        ("older", "oldest", "older"),
    ],
)
def test_the_status_names_a_secret_until_it_is_released(used: str | None, released: str | None, named: str) -> None:
    """The former Secret stays on record as long as it may be held."""
    status = noted(plane(used=used), READY, NOBODY, None, released)

    assert status.credentials_secret == SecretRef(name=named)
    assert status.conditions == READY.conditions


def test_a_deletion_that_is_held_up_names_who_needs_the_control_plane() -> None:
    """Eight are named and the rest counted, with the way out; without a deletion or users nothing is said."""
    assert said("b/2", "a/1", deleting=False) == "It answers."
    assert said(deleting=True) == "It answers."
    assert "It answers. It is being deleted; 1 registration still uses it: a/1. Delete it" in said("a/1", deleting=True)
    assert "2 registrations still use it: a/1, b/2. Delete them" in said("b/2", "a/1", deleting=True)
    many = [f"a/{number}" for number in range(10)]
    assert "still use it: a/0, a/1, a/2, a/3, a/4, a/5, a/6, a/7 and 2 more. " in said(*many, deleting=True)
    assert "runai-registrar.io/release=orphan" in said("a/1", deleting=True)


def test_long_names_leave_room_for_the_way_out() -> None:
    """As many are named as there is room for, one at least, and the way out is never cut off."""
    long = [f"{'n' * 62}{number}/{'r' * 63}" for number in range(8)]
    told = said(*long, deleting=True)

    assert long[2] in told
    assert "and 5 more. " in told
    assert told.endswith("leaves its cluster behind.")
    assert len(told) < 1024


def test_a_secret_that_is_being_deleted_is_named() -> None:
    """As long as it is held for a registration, Ready says what to do."""
    leaving = secret(CREDENTIALS_FINALIZER, deleting=True)

    assert "The Secret credentials is being deleted" in said("a/1", credentials=leaving)
    assert said(credentials=leaving) == "It answers."
    assert said("a/1", credentials=secret(CREDENTIALS_FINALIZER)) == "It answers."
    assert said("a/1", credentials=secret("example.com/other", deleting=True)) == "It answers."


def test_what_is_added_is_kept_whole() -> None:
    """A long message is cut, not what it takes to get a deletion done."""
    message = said("a/1", deleting=True, credentials=secret(CREDENTIALS_FINALIZER, deleting=True), message="m" * 2000)

    assert len(message) == 1024
    assert message.endswith("or delete the registrations.")
