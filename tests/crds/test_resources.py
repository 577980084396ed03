"""Resources are read leniently, written stably, and refused with one sentence."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crds.schemas import part, rules
from runai_registrar.resources import (
    CREATE_ATTEMPT,
    FINALIZER,
    ControlPlane,
    CreateAttempt,
    EarlierAttempt,
    LabelSelector,
    Mode,
    NamespacesFrom,
    Platform,
    Registration,
    RegistrationStatus,
    format_duration,
    parse_duration,
)
from runai_registrar.values import format_time

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TIMES = st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1))  # noqa: DTZ001  # hypothesis adds the zone
TEXTS = st.text(max_size=20)
ATTEMPTS = st.builds(
    CreateAttempt,
    id=TEXTS,
    owner=TEXTS,
    name=TEXTS,
    domain=st.none() | TEXTS,
    version=st.none() | TEXTS,
    at=TIMES,
    control_plane=TEXTS,
    tenant_id=st.none() | st.integers(0, 2**31 - 1),
    exclude=st.lists(TEXTS, max_size=3).map(tuple),
    earlier=st.lists(st.builds(EarlierAttempt, name=TEXTS, first=TIMES, last=TIMES), max_size=3).map(tuple),
    refused=st.booleans(),
)
STATUSES = st.builds(
    RegistrationStatus,
    uuid=st.none() | TEXTS,
    created_at=st.none() | TIMES,
    create_attempt=st.none() | ATTEMPTS,
    owner_uid=st.none() | TEXTS,
    platform=st.none() | st.builds(Platform, type=st.none() | TEXTS),
)


def _body(**parts: Any) -> dict[str, Any]:
    return {"metadata": {"name": "gpu-east", "namespace": "platform", "uid": "u-1"}, "spec": {}} | parts


@given(st.integers(0, 999_999 * 3600))
def test_durations_round_trip(seconds: int) -> None:
    """A duration written is read back as it was."""
    assert parse_duration(format_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1h30m", 5400), ("0s", 0), ("1s1h", 3601), ("999999h", 999_999 * 3600)],
)
def test_durations_are_read(text: str, seconds: int) -> None:
    """Hours, minutes and seconds add up, in any order."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "90", "s", "1.5h", "-1s", "1d", " 1s", "1s\n", "1000000s", "1h" * 13, "\uff11s"])
def test_other_durations_are_refused(text: str) -> None:
    """Anything else is refused with examples of what is right."""
    with pytest.raises(ValueError, match="must be a duration such as 90s, 10m or 1h30m"):
        parse_duration(text)


@pytest.mark.parametrize(
    "value", [timedelta(seconds=-1), timedelta(milliseconds=1500), timedelta(hours=1_000_000)], ids=str
)
def test_durations_that_cannot_be_written(value: timedelta) -> None:
    """A duration that could not be read back is not written."""
    with pytest.raises(ValueError, match="a whole number of seconds"):
        format_duration(value)


@given(st.text("0123456789smhd. -", max_size=24) | st.from_regex(r"([0-9]{1,7}[smh]){1,3}", fullmatch=True))
def test_durations_are_those_of_the_crd(text: str) -> None:
    """What the CRD admits as a duration can be read, and nothing else (bounds aside)."""
    timeout = part("RunaiClusterRegistration", "spec", "deletion", "timeout")
    (pattern,) = re.findall(r"self\.matches\('(.+?)'\)", rules(timeout)[0]["rule"])
    try:
        readable = parse_duration(text) is not None
    except ValueError:
        readable = False

    assert readable == bool(re.search(pattern, text))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-11-23T12:00:00Z", "2026-11-23T12:00:00Z"),
        ("2026-11-23T14:00:00+02:00", "2026-11-23T12:00:00Z"),
        ("2026-11-23T12:00:00", "2026-11-23T12:00:00Z"),
        ("2026-11-23T12:00:00.250Z", "2026-11-23T12:00:00.250000Z"),
        ("2026-11-23T12:00:00.123456789Z", "2026-11-23T12:00:00.123456Z"),
    ],
)
def test_times_are_written_in_one_form(text: str, written: str) -> None:
    """Times of any zone and precision are written in UTC, with whole seconds or microseconds."""
    status = RegistrationStatus.model_validate({"createdAt": text})

    assert status.to_dict()["createdAt"] == written


@given(STATUSES)
def test_status_round_trips(status: RegistrationStatus) -> None:
    """A status written is read back equal, and is written without nulls."""
    written = status.to_dict()

    assert RegistrationStatus.model_validate(written) == status
    assert None not in written.values()
    assert RegistrationStatus.model_validate(written).to_dict() == written


@given(ATTEMPTS)
def test_attempts_round_trip(attempt: CreateAttempt) -> None:
    """An attempt written into the annotation is read back equal, and is written the same again."""
    text = attempt.to_json()

    assert CreateAttempt.from_json(text) == attempt
    assert CreateAttempt.from_json(text).to_json() == text


def test_attempt_text() -> None:
    """The annotation is compact and without nulls, its keys in a fixed order."""
    earlier = EarlierAttempt(name="old", first=NOON, last=NOON)
    attempt = CreateAttempt(control_plane="eu", at=NOON, name="x", owner="u-1", id="a-1", earlier=(earlier,))

    assert attempt.to_json() == (
        '{"id":"a-1","owner":"u-1","name":"x","at":"2026-11-23T12:00:00Z","controlPlane":"eu",'
        '"earlier":[{"name":"old","first":"2026-11-23T12:00:00Z","last":"2026-11-23T12:00:00Z"}]}'
    )


def test_registration_with_nothing_but_a_name() -> None:
    """An empty spec reads as the documented defaults, an absent status as never looked at."""
    registration = Registration.from_dict(_body())

    assert registration.key == "platform/gpu-east"
    assert (registration.uid, registration.name, registration.cluster_name) == ("u-1", "gpu-east", "gpu-east")
    assert (registration.deleting, registration.held, registration.attempt) == (False, False, None)
    assert registration.spec.control_plane_ref.name == "default"
    assert registration.spec.mode is Mode.MANAGE
    assert (registration.spec.deletion.policy, registration.spec.on_missing) == (None, None)
    assert registration.status.observed_generation == -1


def test_registration_in_full_use() -> None:
    """Metadata tells of deletion, finalizer and attempt; the spec's name goes before the object's."""
    attempt = CreateAttempt(id="a-1", owner="u-1", name="x", at=NOON, control_plane="eu")
    metadata = {
        "name": "gpu-east",
        "namespace": "platform",
        "uid": "u-1",
        "deletionTimestamp": "2026-11-23T12:00:00Z",
        "finalizers": ["example.com/other", FINALIZER],
        "annotations": {CREATE_ATTEMPT: attempt.to_json()},
        "managedFields": [{"manager": "kubectl"}],
    }
    registration = Registration.from_dict(_body(metadata=metadata, spec={"clusterName": "GPU East"}))

    assert (registration.deleting, registration.held, registration.attempt) == (True, True, attempt)
    assert registration.cluster_name == "GPU East"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"id":1}', "null"])
def test_unreadable_attempts_are_told_from_absent_ones(text: str) -> None:
    """An annotation that is no attempt raises: it may stand for a POST that was sent."""
    metadata = {"name": "gpu-east", "uid": "u-1", "annotations": {CREATE_ATTEMPT: text}}

    with pytest.raises(ValueError, match=r"^the annotation runai-registrar\.io/create-attempt cannot be read: .+\.$"):
        _ = Registration.from_dict(_body(metadata=metadata)).attempt


@pytest.mark.case(
    "R-45",
    injected="an object stored by a newer version, with fields that this one does not know",
    outcome="read all the same",
)
def test_unknown_keys_and_nulls_are_ignored() -> None:
    """An object stored by a newer version, or with nulls, is read all the same."""
    registration = Registration.from_dict(_body(spec={"newField": 1, "domain": None}, status=None))

    assert registration == Registration.from_dict(_body())


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "the registration cannot be read: metadata: Field required."),
        (_body(spec={"mode": "Watch"}), "the registration cannot be read: spec.mode: Input should be 'Manage' or 'Ob"),
        (
            _body(spec={"deletion": {"timeout": "soon"}}),
            "the registration cannot be read: spec.deletion.timeout: must be a duration such as 90s, 10m or 1h30m.",
        ),
        (_body(metadata="x"), "the registration cannot be read: metadata: "),
    ],
)
def test_unreadable_registrations(body: dict[str, Any], sentence: str) -> None:
    """What cannot be read is named in one sentence that repeats no value."""
    with pytest.raises(ValueError, match=re.escape(sentence)) as raised:
        Registration.from_dict(body)

    assert "\n" not in str(raised.value)


def test_control_plane() -> None:
    """A control plane with the required fields alone reads as the documented defaults."""
    spec = {"url": "https://app.run.ai", "credentialsSecretRef": {"name": "runai-credentials"}}
    control_plane = ControlPlane.from_dict({"metadata": {"name": "default", "uid": "u-2"}, "spec": spec})

    assert control_plane.spec.poll_interval == timedelta(seconds=30)
    assert control_plane.spec.requests_per_second == 20
    assert control_plane.spec.allowed_namespaces.from_ is NamespacesFrom.ALL
    assert control_plane.status.observed_generation == -1


def test_control_plane_selector() -> None:
    """A namespace selector is read with both of its parts."""
    selector = {"matchLabels": {"team": "gpu"}, "matchExpressions": [{"key": "stage", "operator": "Exists"}]}
    spec = {
        "url": "https://app.run.ai",
        "credentialsSecretRef": {"name": "x"},
        "allowedNamespaces": {"from": "Selector", "selector": selector},
    }
    control_plane = ControlPlane.from_dict({"metadata": {"name": "default", "uid": "u-2"}, "spec": spec})

    assert control_plane.spec.allowed_namespaces.from_ is NamespacesFrom.SELECTOR
    assert control_plane.spec.allowed_namespaces.selector == LabelSelector.model_validate(selector)


def test_unreadable_control_plane() -> None:
    """A control plane that cannot be read is named in one sentence."""
    with pytest.raises(ValueError, match=r"^the control plane cannot be read: spec\.url: Field required\.$"):
        ControlPlane.from_dict({"metadata": {"name": "d", "uid": "u"}, "spec": {"credentialsSecretRef": {"name": "x"}}})


def test_values_are_frozen() -> None:
    """A resource is never changed in place."""
    with pytest.raises(ValidationError, match="frozen"):
        Registration.from_dict(_body()).spec.mode = Mode.OBSERVE  # type: ignore[misc] # the test is that this fails


def test_times_without_a_zone_are_written_as_utc() -> None:
    """A naive time counts as UTC wherever the machine stands."""
    assert format_time(NOON.replace(tzinfo=None)) == "2026-11-23T12:00:00Z"
