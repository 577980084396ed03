"""What takes operators of its own: a crash while lists lag, hostile texts in each log format, poisoned environments."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from faults.arena import Arena
from faults.calls import Point
from faults.decoy import Decoy
from faults.ring import wait_all_ready
from faults.vocabulary import WRITE_2, Kind, carrying
from reliability import Recovery

POST = "create_cluster"

HOSTILE = {
    "lines": "gpu\n2026-01-01 00:00:00,000 WARNING forged: line\r\nmore",
    "colours": "\x1b[31mred\x1b[0m \x07\x08 \x9b31m",
    "percent": "%s %d %(name)s %n 100%",
    "braces": "{} {0} {name} {{x}} ${HOME}",
    "quotes": "\"quoted\" 'single' `back` \\ \\n \\u001b",
    "directions": "\u202egnp.exe\u2066 \u200b\ufeff\u2028\u2029",
    "script": "<script>alert(1)</script> & </status>",
    "yaml": "- a: &a [*a]\n---\n!!python/object:os.system",
    "nul": "be\x00fore",
    "long": "x" * 1_000_000,
}
MOST = 128 * 1024
"""Bytes that a status may have."""
LONGEST_LINE = 4096
"""Bytes that a line of the log may have, whatever a control plane says."""
TEXT_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR) +\S+: ")


@pytest.mark.case(
    "R-08", injected="lists show what is made 2 s late; killed before the uuid is written", outcome="found"
)
def test_lists_that_lag_behind_a_crash(arena: Arena, recovery: Recovery) -> None:
    """A cluster that lists show late, over a crash before its uuid was written, is found: nothing is made twice."""
    arena.admin.settings(listLag=2)
    operator = arena.operator()
    with operator:
        killed = arena.door.fault(
            Kind.STRIKE, carrying(WRITE_2, '"origin"'), point=Point.BEFORE_SEND, act=operator.process.kill
        )
        made = [arena.stage.register() for _ in range(5)]
        killed.wait_reached()
        operator.process.wait()
    with arena.operator():
        recovery.begins()
        wait_all_ready(made)
        recovery.ends()
        arena.wait_quiet(2)

    arena.judge()
    assert "Recovered" in {each.status["origin"] for each in made}
    assert len(arena.admin.clusters()) == len(made)


@pytest.mark.case(
    "S-08", injected="line breaks, escapes, formats, RTL, NUL, 1 MB in names and errors", outcome="harmless"
)
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_hostile_texts(arena: Arena, log_format: str) -> None:
    """Whatever a control plane calls things or says of them, logs, statuses and conditions keep their form."""
    arena.admin.settings(uniqueNames=False)
    with arena.operator(LOG_FORMAT=log_format) as operator:
        stage = arena.stage
        reported = {what: stage.registered(f"gpu-rep-{what}", onDrift="Report") for what in HOSTILE}
        adopted = {what: stage.stranger("theirs").uuid for what in HOSTILE}
        for what, text in HOSTILE.items():
            condition_of = {"type": text, "status": text, "reason": text, "message": text}
            shown: dict[str, Any] = {
                "state": text,
                "conditions": [condition_of],
                "operands": {text: {"reasons": [text]}},
            }
            arena.admin.change(reported[what].status["uuid"], name=text, version=text, domain=text, status=shown)
            arena.admin.rename(adopted[what], text)
            said: dict[str, Any] = {"code": 400, "message": text[:1000], "details": text[:1000]}
            arena.admin.fault(
                "refuse", operation=POST, match_body=f'"gpu-ref-{what}"', times=None, status=400, body=said
            )
        arena.wait_polls()
        refused = {what: stage.register(f"gpu-ref-{what}") for what in HOSTILE}
        taken = {
            what: stage.register(f"gpu-ad-{what}", onDrift="Report", adopt={"uuid": adopted[what]}) for what in HOSTILE
        }
        for what in HOSTILE:
            refused[what].wait_for("RejectedByControlPlane")
            reported[what].wait_for("DiffersFromSpec", "Drifted")
            taken[what].wait_for("Adopted")
        arena.wait_quiet(2)
        everything = [*reported.values(), *refused.values(), *taken.values()]
        statuses = [each.status for each in everything]

        assert max(len(json.dumps(status)) for status in statuses) < MOST
        assert [text for status in statuses for text in texts(status) if not text.isprintable()] == []
        assert malformed(operator.log, log_format) == []
        arena.judge()


def texts(value: Any) -> Iterator[str]:
    """Every text and key in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (key, *texts(item))
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def malformed(log: str, log_format: str) -> list[str]:
    """The lines of a log that are not of its form, hold what is not printable, or are too long."""
    lines = log.split("\n")[:-1]
    return [line[:200] for line in lines if not _well_formed(line, log_format)]


def _well_formed(line: str, log_format: str) -> bool:
    if not line.isprintable() or len(line.encode()) > LONGEST_LINE:
        return False
    return TEXT_LINE.match(line) is not None if log_format == "text" else _is_object(line)


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


@pytest.mark.case("S-15", injected="HTTP(S)_PROXY, ALL_PROXY and .netrc point at somebody else", outcome="not used")
def test_a_poisoned_environment(arena: Arena, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies and logins in the environment are not used: the proxy hears nothing, the control plane no such login."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login mallory password canary-from-netrc\n")
    arena.canaries.add("canary-from-netrc")
    with Decoy() as decoy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, decoy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        with arena.operator():
            made = arena.stage.registered()
            made.change(clusterName="GPU West")
            made.wait_ready()
            made.delete()
            made.wait_gone()
        assert decoy.heard == []
    assert all(call.headers.get("authorization", "Bearer").startswith("Bearer") for call in arena.admin.journal())
    arena.judge()
