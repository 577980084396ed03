"""What answers mean, without any network."""

import json
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.servers import UUID, cluster
from runai_registrar.controlplane import protocol
from runai_registrar.controlplane.answers import LONGEST_RETRY_AFTER, Answer, retry_after, unix_time
from runai_registrar.controlplane.wording import MESSAGE_LIMIT
from runai_registrar.errors import ControlPlaneError, NotFound, Refused, Throttled, Unanswered

NOON = 1_767_268_800.0
DEFINITE_FOR_POST = {400, 401, 403, 404, 405, 409, 413, 422}


def answer(status: int, body: object = b"", **headers: str) -> Answer:
    """Return an answer; what is not bytes goes as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, content, NOON)


def outcome_of_post(status: int) -> type[Exception]:
    """Return the error that a POST answered with this status ends in."""
    with pytest.raises(ControlPlaneError) as caught:
        protocol.read_created(answer(status), "gpu-east")
    return caught.type


def test_definite_for_post() -> None:
    """For a POST exactly eight statuses are a definite no."""
    definite = {status for status in range(100, 1000) if issubclass(outcome_of_post(status), Refused)}

    assert definite == DEFINITE_FOR_POST


def test_everything_else_after_post() -> None:
    """Every other status of a POST is ambiguous, an empty 201 too."""
    ambiguous = {status for status in range(100, 1000) if issubclass(outcome_of_post(status), Unanswered)}

    assert ambiguous == set(range(100, 1000)) - DEFINITE_FOR_POST


@pytest.mark.parametrize("status", [100, 200, 206, 302, 408, 425, 429, 500, 503, 599])
def test_open_for_delete(status: int) -> None:
    """Timeouts, throttling, redirects and outages say nothing about a DELETE either."""
    with pytest.raises(Unanswered):
        protocol.read_deleted(answer(status, {"message": "hm"}))


def test_deletion_refused() -> None:
    """Any other 4xx refuses a DELETE."""
    with pytest.raises(Refused) as caught:
        protocol.read_deleted(answer(409, {"code": 409, "message": "busy"}))
    assert caught.value.reason == "RejectedByControlPlane"


@pytest.mark.parametrize("body", [b"", b"404 page not found", b"<html></html>", [], {"error": "x"}, {"message": 7}])
def test_foreign_404(body: object) -> None:
    """A 404 that is not in the API's words never means that a cluster is gone."""
    for read in (protocol.read_deleted, protocol.read_renamed, protocol.read_install_info, protocol.read_clusters):
        with pytest.raises(Unanswered, match=r"not the API's"):
            read(answer(404, body))


@pytest.mark.parametrize("status", [200, 201, 202, 206])
def test_other_success(status: int) -> None:
    """A success that the API does not declare for a rename is no success."""
    with pytest.raises(Unanswered):
        protocol.read_renamed(answer(status))


def test_rename_to_taken_name() -> None:
    """A rename that meets 409 meets a name that is taken."""
    with pytest.raises(Refused) as caught:
        protocol.read_renamed(answer(409))
    assert caught.value.reason == "NameTaken"


def test_rename_of_missing() -> None:
    """A rename that meets 404 meets a cluster that is missing."""
    with pytest.raises(NotFound) as caught:
        protocol.read_renamed(answer(404, {"message": "no such cluster"}))
    assert caught.value.reason == "ClusterMissing"


def test_words_of_the_api() -> None:
    """Message and details are quoted in one line, and what to do is said."""
    said = {"code": 403, "message": "not\nallowed\x1b[31m.", "details": "scope\ttenant"}

    with pytest.raises(ControlPlaneError) as caught:
        protocol.read_clusters(answer(403, said))

    assert caught.value.message == (
        "The control plane answered 403 Forbidden: not allowed [31m. (scope tenant). "
        "Give the service account the right to do this with clusters."
    )


def test_long_words() -> None:
    """A long message is cut so that all fits, and the advice at its end stays."""
    with pytest.raises(ControlPlaneError) as caught:
        protocol.read_clusters(answer(403, {"message": "so " * 100_000}))

    assert len(caught.value.message) == MESSAGE_LIMIT
    assert caught.value.message.endswith("…. Give the service account the right to do this with clusters.")


def test_unknown_status() -> None:
    """A status nobody has heard of is only quoted."""
    with pytest.raises(Unanswered, match=r"^The control plane answered 599\.$"):
        protocol.read_clusters(answer(599))


@given(st.binary(max_size=200), st.integers(100, 999))
def test_any_answer(body: bytes, status: int) -> None:
    """No answer whatever raises anything but the declared errors."""
    for read in (
        protocol.read_clusters,
        protocol.read_install_info,
        protocol.read_deleted,
        protocol.read_renamed,
        protocol.read_token,
    ):
        try:
            read(answer(status, body))
        except ControlPlaneError as error:
            assert len(error.message) <= MESSAGE_LIMIT  # noqa: PT017  # not every answer is an error


@pytest.mark.case(
    "R-35",
    injected="JSON that is nested until the stack would end",
    outcome="unreadable, without a crash",
)
def test_deep_nesting() -> None:
    """Nesting that would exhaust the stack is unreadable, in a success and in an error."""
    deep = b'{"a":' * 100_000

    with pytest.raises(Unanswered):
        protocol.read_clusters(answer(200, deep))
    with pytest.raises(Unanswered):
        protocol.read_cluster(answer(503, deep), UUID)


def test_unreadable_is_not_chained() -> None:
    """The error for an unreadable body carries no exception that holds a part of it."""
    with pytest.raises(Unanswered) as caught:
        protocol.read_install_info(answer(200, {"clientSecret": "canary"}))
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_readable_list() -> None:
    """A list is read in its order."""
    assert [one.name for one in protocol.read_clusters(answer(200, [cluster(name="b"), cluster(name="a")]))] == [
        "b",
        "a",
    ]


@pytest.mark.case(
    "R-33",
    injected="Retry-After as seconds, as a date, absurd, negative, nonsense",
    outcome="read, capped, or ignored",
)
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("1000000000", LONGEST_RETRY_AFTER),
        ("9" * 5000, LONGEST_RETRY_AFTER),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("\u0667", None),
        (formatdate(NOON + 90, usegmt=True), 90.0),
        (formatdate(NOON - 90, usegmt=True), None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_RETRY_AFTER),
        ("Fri, 99 Dec 9999 99:59:59 GMT", None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    """Retry-After is read as seconds or as a date, capped, and ignored where it makes no sense."""
    assert retry_after(answer(429, retry_after=text)) == seconds


def test_retry_after_by_their_clock() -> None:
    """A date is measured against the clock of the one who wrote it."""
    said = answer(503, retry_after=formatdate(NOON + 3690, usegmt=True), date=formatdate(NOON + 3600, usegmt=True))

    assert retry_after(said) == 90.0


def test_retry_after_success() -> None:
    """A success that mentions Retry-After slows nothing down."""
    assert retry_after(answer(202, retry_after="7")) is None


def test_throttled() -> None:
    """A throttle carries how long to wait."""
    with pytest.raises(Throttled) as caught:
        protocol.read_clusters(answer(429, retry_after="7"))
    assert caught.value.retry_after == 7.0


@pytest.mark.parametrize("text", ["", "yesterday", "1767268800", "Thu, 99 Jan 2026 12:00:00 GMT"])
def test_no_date(text: str) -> None:
    """What is no HTTP date has no time."""
    assert unix_time(text) is None


def test_date() -> None:
    """An HTTP date is a Unix time; without a zone it is UTC."""
    assert unix_time("Thu, 01 Jan 2026 12:00:00 GMT") == unix_time("Thu, 01 Jan 2026 12:00:00 -0000") == NOON
