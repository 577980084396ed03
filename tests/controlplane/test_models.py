"""How a cluster is read: strictly where decisions rest on it, leniently elsewhere."""

import json
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from controlplane.servers import UUID, cluster
from runai_registrar.controlplane.fields import canonical_uuid
from runai_registrar.controlplane.models import LONGEST_LIFETIME, UNKNOWN_LIFETIME, Cluster, Token

MORNING = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LIFECYCLE = ["deletedAt", "deleteRequestedAt", "lastLiveness"]
UNREADABLE: list[object] = ["soon", 7, True, [], "2026-13-01T00:00:00Z"]


def read(**changes: Any) -> Cluster:
    """Read a cluster as it comes off the wire."""
    return Cluster.model_validate_json(json.dumps(cluster(**changes)))


def read_status(**status: Any) -> Any:
    """Read the status of a cluster."""
    return read(status=status).status


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05",
        "2026-01-02t03:04:05.000000000z",
        "2026-01-02T05:04:05+02:00",
        "2026-01-01T22:04:05-05:00",
    ],
)
def test_timestamps(text: str) -> None:
    """Timestamps become UTC; one without a zone is UTC already."""
    assert read(createdAt=text).created_at == MORNING
    assert read(createdAt=text).created_at.tzinfo is UTC


@pytest.mark.parametrize("name", ["uuid", "tenantId", "name", "createdAt"])
def test_missing_identity(name: str) -> None:
    """A cluster without a part of its identity is an error."""
    incomplete = {key: value for key, value in cluster().items() if key != name}

    with pytest.raises(ValidationError):
        Cluster.model_validate_json(json.dumps(incomplete))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("uuid", None),
        ("uuid", 7),
        ("uuid", UUID.replace("-", "")),
        ("uuid", f"urn:uuid:{UUID}"),
        ("uuid", f"{{{UUID}}}"),
        ("uuid", f"{UUID}\n"),
        ("tenantId", "1001"),
        ("tenantId", True),
        ("tenantId", 1.5),
        ("name", None),
        ("name", 7),
        ("createdAt", None),
        ("createdAt", ""),
        ("createdAt", 1767323045),
        ("createdAt", "1767323045"),
        ("createdAt", "9999-12-31T23:59:59-14:00"),
        *product(LIFECYCLE, UNREADABLE),
    ],
)
def test_wrong_identity(name: str, value: object) -> None:
    """Identity and lifecycle are not guessed at: what cannot be read is an error that does not quote it."""
    with pytest.raises(ValidationError) as caught:
        read(**{name: value})
    assert caught.value.errors()[0]["loc"] == (name,)
    assert "input_value" not in str(caught.value)


@pytest.mark.parametrize("name", LIFECYCLE)
@pytest.mark.parametrize("value", [None, "", "0001-01-01T00:00:00Z"])
def test_not_set(name: str, value: object) -> None:
    """Null, empty text and Go's zero time all mean that it has not happened."""
    assert read(**{name: value}).model_dump(by_alias=True)[name] is None


def test_uuid_case() -> None:
    """A uuid is kept in lower case, so that two spellings are one cluster."""
    assert read(uuid=UUID.upper()).uuid == UUID
    assert canonical_uuid(UUID.upper()) == UUID


@pytest.mark.case("R-20", injected="unknown fields and states of a newer API", outcome="the rest is read")
def test_newer_api() -> None:
    """Fields and states of a newer API do no harm, and the state is kept."""
    newer = read(region="eu", status={"state": "Hibernating", "gpus": 8, "platform": {"type": "k3s"}})

    assert newer.state == "Hibernating"
    assert newer.status is not None
    assert newer.status.platform is not None
    assert newer.status.platform.type == "k3s"


@pytest.mark.case("R-20", injected="a status of a wrong type", outcome="no state; the cluster stays readable")
@pytest.mark.parametrize("status", [None, [], "Connected", 7, {}])
def test_no_status(status: object) -> None:
    """A cluster without a status, or with something else in its place, has no state."""
    assert read(status=status).state is None


def test_version_as_number() -> None:
    """A version sent as a number is kept as its text."""
    assert read(version=2.24).version == "2.24"


def test_odd_text() -> None:
    """Something else where optional text belongs is dropped."""
    odd = read(domain=["a"], version={"a": 1}, updatedAt="yesterday")

    assert (odd.domain, odd.version, odd.updated_at) == (None, None, None)


def test_odd_condition() -> None:
    """An odd part of a condition does not hide the others, nor the other conditions; times stay text."""
    status = read_status(
        conditions=[
            {"type": "Ready", "status": True, "lastTransitionTime": "yesterday", "observedGeneration": "3"},
            "odd",
            {"type": "Healthy", "status": "True", "reason": "Fine"},
        ],
    )

    assert [(one.type, one.status, one.reason) for one in status.conditions] == [
        ("Ready", None, None),
        ("Healthy", "True", "Fine"),
    ]
    assert status.conditions[0].last_transition_time == "yesterday"


def test_odd_operand() -> None:
    """An odd operand does not hide the others."""
    operands = read_status(operands={"a": {"ready": "yes", "reasons": ["slow", 7]}, "b": None, "c": {}}).operands

    assert {name: (one.ready, one.reasons) for name, one in operands.items()} == {
        "a": (None, ("slow",)),
        "c": (None, ()),
    }


def test_one_sided_dependencies() -> None:
    """Dependencies without the optional ones still show the required ones, components included."""
    nested = {"available": False, "components": {"operator": {"available": False, "reason": "down"}, "odd": 7}}

    dependencies = read_status(dependencies={"required": {"prometheus": nested, "odd": []}}).dependencies

    assert dependencies.optional == {}
    assert dependencies.required["prometheus"].components["operator"].reason == "down"
    assert list(dependencies.required) == ["prometheus"]


def test_deep_components() -> None:
    """Components that are nested beyond sense leave the cluster readable or unreadable, never half-way crashed."""
    nested: dict[str, Any] = {"available": True}
    for _ in range(60):
        nested = {"available": True, "components": {"next": nested}}

    assert read_status(dependencies={"required": {"deep": nested}}).dependencies.required["deep"].available is True


def test_values() -> None:
    """Two readings of the same cluster are equal, and neither can be changed."""
    one = read(status={"state": "Connected"})

    assert one == read(status={"state": "Connected"})
    with pytest.raises(ValidationError):
        one.name = "other"  # type: ignore[misc]  # that is what must not work


@pytest.mark.case(
    "R-39",
    injected="lifetimes that are negative, texts, no numbers",
    outcome="clamped to something to live by",
)
@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (3600, 3600.0),
        ("3600", 3600.0),
        (5, 5.0),
        (0, UNKNOWN_LIFETIME),
        (-1, UNKNOWN_LIFETIME),
        (None, UNKNOWN_LIFETIME),
        (True, UNKNOWN_LIFETIME),
        ("soon", UNKNOWN_LIFETIME),
        ("nan", UNKNOWN_LIFETIME),
        ([], UNKNOWN_LIFETIME),
        (1e12, LONGEST_LIFETIME),
        (10**400, UNKNOWN_LIFETIME),
    ],
)
@pytest.mark.parametrize("spelling", [("access_token", "expires_in"), ("accessToken", "expiresIn")])
def test_lifetime(said: object, kept: float, spelling: tuple[str, str]) -> None:
    """A token's lifetime is clamped to something to live by, in either spelling."""
    token = Token.model_validate_json(json.dumps({spelling[0]: "t", spelling[1]: said}))

    assert (token.access_token, token.expires_in) == (SecretStr("t"), kept)


@pytest.mark.parametrize("value", [None, "", 7, "two words", "line\nbreak", "ü", "x" * 20_000])
def test_no_token(value: object) -> None:
    """A token that could not stand in a header is none."""
    with pytest.raises(ValidationError):
        Token.model_validate_json(json.dumps({"access_token": value}))
