"""Foreign text that is shown to people: short, on one line, without secrets."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from runai_registrar.controlplane.wording import MESSAGE_LIMIT, printable, redacted, sentence, shortened

SECRET = "canary/ß +=&?"


@pytest.mark.parametrize(
    "echo",
    [
        SECRET,
        f"client_id=a&client_secret={SECRET}",
        "canary%2F%C3%9F%20%2B%3D%26%3F",
        "canary%2F%C3%9F+%2B%3D%26%3F",
        base64.b64encode(SECRET.encode()).decode(),
        json.dumps(SECRET)[1:-1],
    ],
)
def test_known_secrets(echo: str) -> None:
    """A known secret is taken out as it is, URL-encoded and in base64."""
    left = redacted(f"before {echo} after", [SecretStr(SECRET)])

    assert left.startswith("before ")
    assert left.endswith("[redacted] after")
    assert "anary" not in left


@pytest.mark.case(
    "S-07",
    injected="a secret that line breaks or blanks stand in: base64 in lines, one letter a line, across two spaces",
    outcome="taken out whole",
)
@pytest.mark.parametrize(
    "broken",
    [
        "canary-\nclient-secret",
        "canary-client\u200b-\x00secret",
        "\n".join("canary-client-secret"),
        "Y2FuYXJ5LWNsaW\r\n VudC1zZWNyZXQ=",
        "Y2FuYXJ5\nLWNsaWVudC1zZWNyZXQ",
        "canary-client- secret canary-client -secret",
    ],
)
def test_broken_secrets(broken: str) -> None:
    """A known secret is taken out also where line breaks or blanks stand within it; the words around it stay."""
    said = sentence("It failed", f"before {broken} after the end", "", [SecretStr("canary-client-secret")])
    solid = "".join(said.split())

    assert said.startswith("It failed: before [redacted]")
    assert said.endswith("after the end.")
    assert not [part for part in ("canary", "client", "secret", "Y2Fu", "VudC1", "ZWNy") if part in solid]


def test_plain_words_that_hold_a_short_secret() -> None:
    """A short secret is not looked for across blanks: it would be found in plain words."""
    assert redacted("what estate", [SecretStr("test")]) == "what estate"


@pytest.mark.parametrize(
    "echo",
    [
        "Authorization: Bearer canary",
        "bearer canary.canary.canary",
        "Basic Y2FuYXJ5OmNhbmFyeQ==",
        "eyJhbGciOiJIUzI1NiJ9.canary.canary_-",
        '"clientSecret": "canary"',
        "client_secret=canary",
        "'accessToken':'canary'",
        "password = canary",
        "x-auth-token: canary",
    ],
)
def test_secret_looking(echo: str) -> None:
    """What looks like a secret is taken out without being known."""
    left = redacted(f"before {echo}, after")

    assert left.startswith("before ")
    assert "anary" not in left
    assert "Y2Fu" not in left


@pytest.mark.parametrize("text", ["token expired", "the secret is missing", "Resource with this name already exists"])
def test_plain_words(text: str) -> None:
    """Talk about secrets is not a secret."""
    assert redacted(text, [SecretStr("abc"), SecretStr("")]) == text


@pytest.mark.case(
    "S-08",
    injected="line breaks, colours and direction marks in the control plane's words",
    outcome="become blanks before they are shown",
)
def test_one_line() -> None:
    """Line breaks, colours, direction marks and tabs become single spaces."""
    assert printable(" a\r\n\x1b[31mb\u202e\u2028\tc\x00 ") == "a [31mb c"


def test_shortened() -> None:
    """A cut is visible, and counts."""
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("abcd", 4) == "abcd"


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        (("It failed", "", ""), "It failed."),
        (("It failed", "why.", ""), "It failed: why."),
        (("It failed", "", "Try again."), "It failed. Try again."),
        (("It failed", "\n", "Try again."), "It failed. Try again."),
        (("It failed", "why", "Try again."), "It failed: why. Try again."),
    ],
)
def test_sentence(parts: tuple[str, str, str], whole: str) -> None:
    """What is so, what was said, what to do."""
    assert sentence(*parts) == whole


@given(st.text(min_size=1, max_size=400), st.integers(0, 400))
def test_a_cut_does_not_uncover(padding: str, length: int) -> None:
    """A secret at the place where the text is cut shows no part of itself."""
    message = sentence("It failed", "." * length + "canary-secret" + padding, "", [SecretStr("canary-secret")])

    assert "canary" not in message
    assert len(message) <= MESSAGE_LIMIT
