"""The words in which a trouble of a control plane is told: they change when it has changed, and do not flutter."""

import pytest

from runai_registrar.core.observed import Trouble
from runai_registrar.core.times import Stamp
from runai_registrar.engine.troubles import Troubles
from runai_registrar.errors import (
    AuthenticationFailed,
    Barred,
    CredentialsNotFound,
    InvalidEndpoint,
    KubernetesError,
    NotSent,
    RegistrarError,
    Throttled,
)

REFUSED = NotSent("The connection was refused.")
UNTRUSTED = NotSent("Its TLS certificate was not accepted.")
WAITING = Barred("Not sent: it is down.")


def moment(number: int) -> Stamp:
    """When a look began."""
    return Stamp(boot=float(number), wall=float(number))


def told(*errors: RegistrarError) -> list[Trouble]:
    """The trouble after each of these looks."""
    troubles, known, found = Troubles(), None, []
    for number, error in enumerate(errors):
        known = troubles.failed(error, moment(number), known)
        found.append(known)
    return found


@pytest.mark.parametrize(
    ("looks", "last"),
    [
        ((REFUSED,), REFUSED),
        ((REFUSED, UNTRUSTED), REFUSED),
        ((REFUSED, UNTRUSTED, UNTRUSTED), UNTRUSTED),
        ((REFUSED, UNTRUSTED, REFUSED, UNTRUSTED, REFUSED, UNTRUSTED), REFUSED),
        ((REFUSED, WAITING, WAITING), REFUSED),
        ((REFUSED, UNTRUSTED, WAITING, UNTRUSTED), UNTRUSTED),
        ((WAITING, UNTRUSTED), UNTRUSTED),
        ((WAITING, WAITING), WAITING),
    ],
)
def test_which_sentence_is_told(looks: tuple[RegistrarError, ...], last: RegistrarError) -> None:
    """Another sentence is told when two tries in a row give it; what was not tried says nothing new."""
    found = told(*looks)

    assert found[-1].message == last.message
    assert {(each.reason, each.passing, each.since) for each in found} == {("ControlPlaneUnreachable", True, moment(0))}


def test_another_reason_is_another_trouble() -> None:
    """What has another reason is told at once, and begins anew."""
    found = told(REFUSED, Throttled("Later."), REFUSED)

    assert [each.reason for each in found] == ["ControlPlaneUnreachable", "Throttled", "ControlPlaneUnreachable"]
    assert [each.since for each in found] == [moment(0), moment(1), moment(2)]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (CredentialsNotFound, "CredentialsNotFound"),
        (AuthenticationFailed, "AuthenticationFailed"),
        (InvalidEndpoint, "ControlPlaneNotReady"),
        (KubernetesError, "ControlPlaneNotReady"),
    ],
)
def test_what_takes_a_person_is_told_as_it_is(kind: type[RegistrarError], reason: str) -> None:
    """A person who corrects one thing after another reads at once what is wrong now."""
    found = told(kind("There is no Secret."), kind("It has no key clientId."))

    assert [each.message for each in found] == ["There is no Secret.", "It has no key clientId."]
    assert [(each.reason, each.passing, each.since) for each in found] == [(reason, False, moment(0))] * 2
