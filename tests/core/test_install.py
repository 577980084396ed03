"""The install Secret: what stands in it, what is remembered of it, what is said of it, and when it is left alone."""

from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import event, given

from core import situations as the
from core.anything import near
from core.effects import effect
from core.oracles import often, orphaned
from core.rows_install import ANSWERED, ASKED, PURPOSE, SHOWN, furnished, nothing, secret
from core.situations import NOW, OTHER, UID, at, because, cluster, condition, observed, registered, registration
from core.test_properties import BARRED
from core.verdicts import READY, settled, told
from runai_registrar.controlplane.models import InstallInfo
from runai_registrar.core.actions import FreeInstallSecret, RemoveInstallSecret, WriteInstallSecret
from runai_registrar.core.claims import written_title
from runai_registrar.core.conditions import find
from runai_registrar.core.decide import decide
from runai_registrar.core.installed import (
    KEYS,
    Purpose,
    SecretSeen,
    contents,
    lacking,
    metadata,
    new_metadata,
    unowned,
)
from runai_registrar.core.observed import Observed
from runai_registrar.core.report import report
from runai_registrar.resources import InstallSecret, RegistrationStatus

CANARY = "canary: 'true' #\n{}"
FIELDS = {
    "installationStr": "helm upgrade … --set controlPlane.clientSecret=something-else",
    "repositoryName": "runai",
    "chartRepoURL": "https://charts.example.com",
    "clientSecret": CANARY,
}


def info(**fields: str) -> InstallInfo:
    """Return install information as the control plane answers it."""
    return InstallInfo.model_validate(FIELDS | fields)


def plain(purpose: Purpose = PURPOSE) -> dict[str, str]:
    """Return what stands in the Secret, in the clear."""
    return {key: value.get_secret_value() for key, value in contents(info(), purpose).items()}


def stored(changes: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """Return a Secret as the API server answers it."""
    made = {"name": "install", "uid": "secret-1", "resourceVersion": "5"}
    return {"metadata": {**changes, **made}, "data": dict.fromkeys(KEYS, "")} | facts


def installed(status: RegistrationStatus) -> tuple[str, str] | None:
    """Return status and reason of InstallSecretReady."""
    found = find(status.conditions, "InstallSecretReady")
    return (found.status, found.reason) if found else None


def test_every_key_is_there() -> None:
    """The Secret has the documented keys, each with what the field of that name said."""
    content = plain()

    assert content.keys() == KEYS
    assert {key: content[key] for key in FIELDS} == FIELDS
    assert (content["clusterUuid"], content["controlPlaneUrl"]) == (PURPOSE.uuid, PURPOSE.url)


def test_values_are_for_the_chart() -> None:
    """values.yaml is read back as what the chart runai-cluster takes, whatever characters the secret has."""
    values = yaml.safe_load(plain(replace(PURPOSE, domain="https://gpu-east.example.com"))["values.yaml"])

    assert values == {
        "controlPlane": {"url": PURPOSE.url.removeprefix("https://"), "clientSecret": CANARY},
        "cluster": {"uid": PURPOSE.uuid, "url": "https://gpu-east.example.com"},
    }


def test_values_leave_out_what_is_not_known() -> None:
    """Without a domain there is no cluster.url: an empty one would look like a choice."""
    assert yaml.safe_load(plain()["values.yaml"])["cluster"] == {"uid": PURPOSE.uuid}


def test_nothing_secret_is_shown() -> None:
    """Neither the information nor the content shows a secret when it is printed."""
    shown = f"{info()!r} {contents(info(), PURPOSE)!r} {info()} {contents(info(), PURPOSE)}"

    assert "canary" not in shown
    assert "something-else" not in shown


@pytest.mark.parametrize("field", FIELDS)
def test_an_empty_field_is_named(field: str) -> None:
    """Information that has come in part only is not written; what is missing has a name."""
    assert lacking(info(**{field: ""})) == field
    assert lacking(info()) is None


@pytest.mark.parametrize("owned", [True, False])
@pytest.mark.parametrize("domain", ["https://a.example.com", None])
def test_a_secret_says_what_it_is_for(*, owned: bool, domain: str | None) -> None:
    """What was written is read back: whose it is, what it was made for, whether it goes with its owner."""
    purpose, own = replace(PURPOSE, domain=domain), registration()
    made = new_metadata("install", metadata(own, purpose, owned=owned))
    seen = SecretSeen.read(stored(made), NOW, own)

    assert seen == secret(purpose=purpose, owned=owned)
    assert seen.of(own)
    assert made["name"] == "install"
    assert [each["uid"] for each in made["ownerReferences"]] == ([UID] if owned else [])
    assert None not in made["annotations"].values()


def test_a_bare_secret_is_nobodys() -> None:
    """A Secret without labels, annotations and data is not ours, and says nothing of a purpose."""
    seen = SecretSeen.read(stored({}, data=None), NOW, registration())

    assert (seen.owner, seen.purpose, seen.owned, seen.whole) == (None, None, False, False)
    assert not seen.of(registration())
    assert not nothing().of(registration())


def test_the_secret_is_recorded_and_ready() -> None:
    """A Secret that is as asked for stands in the status, and InstallSecretReady is True."""
    status = told(furnished(secret()))

    assert status.install_secret == InstallSecret(name="install")
    assert installed(status) == ("True", "Written")


def test_what_was_said_stays_while_nothing_is_looked_at() -> None:
    """An outage changes nothing of what was said of this generation."""
    o = settled(furnished(secret()))
    outage = replace(o, control_plane=the.plane(trouble=the.trouble("Throttled", passing=True)))

    assert installed(told(outage)) == ("True", "Written")
    assert told(outage).install_secret == InstallSecret(name="install")


def test_what_was_said_of_another_spec_does_not_stay() -> None:
    """After a change of the spec nothing is known until the Secret was looked at, which an outage may put off."""
    o = settled(furnished(secret()))
    changed = because(o, metadata=o.registration.metadata.model_copy(update={"generation": 2}))
    outage = replace(changed, control_plane=the.plane(trouble=the.trouble("AuthenticationFailed")))

    assert installed(told(outage)) == ("Unknown", "AuthenticationFailed")


def test_before_anything_was_written_it_is_false() -> None:
    """A registration that is not in step so far has no install Secret."""
    assert installed(told(observed(registration(spec=ASKED), control_plane=the.plane(allowed=False)))) == (
        "False",
        "NamespaceNotAllowed",
    )


def test_only_our_reference_is_taken_away() -> None:
    """A Secret is freed by a patch that names nothing but our own owner reference."""
    assert unowned(registration()) == {"ownerReferences": [{"$patch": "delete", "uid": UID}]}


def test_nothing_is_said_where_nothing_is_asked_for() -> None:
    """The condition goes with the field, and so does the record of the Secret once it is removed."""
    status = registered(conditions=(condition("InstallSecretReady"),), install_secret=InstallSecret(name="install"))
    gone = replace(furnished(nothing(), spec={}), registration=registration(status=status))

    assert installed(told(gone)) is None
    assert told(gone).install_secret is None


def test_another_cluster_keeps_the_record() -> None:
    """After a recreation the Secret is still known, so that it can be written for the new cluster."""
    old = observed(
        registration(status=registered(uuid=OTHER, install_secret=InstallSecret(name="install")), spec=ASKED)
    )

    assert report(old, replace(READY, shown=cluster(age=1.0))).install_secret == InstallSecret(name="install")


def test_the_cluster_is_held_first() -> None:
    """The answer of a creation is recorded before anything else, and Ready waits for the Secret."""
    answered = told(ANSWERED)
    ready = find(answered.conditions, "Ready")

    assert (answered.uuid, answered.attempt) == (PURPOSE.uuid, "attempt-1")
    assert ready is not None
    assert (ready.status, ready.reason) == ("False", "Registering")
    assert find(answered.conditions, "Reconciling") is not None
    assert installed(answered) == ("False", "Registering")


@pytest.mark.parametrize("bar", BARRED)
@often
@given(o=near(WriteInstallSecret, RemoveInstallSecret))
def test_no_secret_is_touched_where_that_is_barred(bar: str, o: Observed) -> None:
    """Suspended, observing, in trouble or let go: nothing is written, and nothing removed."""
    assert not isinstance(decide(BARRED[bar](o)), WriteInstallSecret | RemoveInstallSecret)


@often
@given(o=near(WriteInstallSecret, RemoveInstallSecret))
def test_only_our_own_secret_is_touched(o: Observed) -> None:
    """A Secret is changed or removed only where a look has shown that it is ours, and never while deleting."""
    action = decide(o)
    if not isinstance(action, WriteInstallSecret | RemoveInstallSecret):
        return
    event(type(action).__name__)

    assert not o.registration.deleting
    assert action.known is None or action.known.of(o.registration)
    assert isinstance(action, RemoveInstallSecret) or action.purpose.uuid == o.registration.status.uuid


@often
@given(o=near(FreeInstallSecret))
def test_a_secret_is_freed_only_for_a_cluster_that_is_left(o: Observed) -> None:
    """Only our own Secret loses its owner, once, where the registration goes and its cluster stays on purpose."""
    action, held = decide(o), written_title(o.registration)
    if not isinstance(action, FreeInstallSecret):
        return
    event("frees")

    assert o.registration.deleting
    assert held is not None
    assert orphaned(o, held.origin)
    assert action.known.of(o.registration)
    assert action.known.owned
    again = decide(effect(o, action))
    assert not isinstance(again, FreeInstallSecret) or again.known.name != action.known.name


def test_times_of_a_shown_cluster_ask_for_nothing() -> None:
    """A cluster that is displayed otherwise in anything but version and domain does not change its Secret."""
    alive = furnished(secret(), shown=SHOWN.model_copy(update={"last_liveness": at(-1)}))

    assert installed(told(alive)) == ("True", "Written")
