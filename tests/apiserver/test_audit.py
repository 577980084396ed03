"""Reading the audit log, down to the line that is just being written."""

import json
from pathlib import Path

from runai_registrar.apiserver import read_audit_log


def event(identity: str, at: str, **fields: object) -> str:
    """One line of the log."""
    base = {"auditID": identity, "verb": "get", "requestURI": "/version", "requestReceivedTimestamp": at}
    return json.dumps(base | fields) + "\n"


def test_requests_are_in_the_order_of_their_beginning(tmp_path: Path) -> None:
    """A request that ended late comes where it began."""
    log = tmp_path / "audit.jsonl"
    log.write_text(event("b", "2026-01-01T00:00:02.000000Z") + event("a", "2026-01-01T00:00:01.000000Z", verb="watch"))

    assert [request.verb for request in read_audit_log(log)] == ["watch", "get"]


def test_line_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    """Half a line is no request yet."""
    log = tmp_path / "audit.jsonl"
    log.write_text(event("a", "2026-01-01T00:00:01.000000Z") + '{"auditID": "b", "ver')

    [request] = read_audit_log(log)

    assert (request.target, request.code, request.path) == ("", 0, "/version")
