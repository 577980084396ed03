"""The judges: each names a breach that it is shown. A judge that finds nothing anywhere would be worthless."""

import base64
from dataclasses import replace

import pytest

from faults import checkers
from faults.calls import Side
from faults.canaries import places_of
from faults.evidence import Evidence
from faults.runs import (
    GONE,
    GOOD,
    OTHER,
    PLACE,
    RELEASE,
    SECRET,
    TOKEN,
    UUID,
    announced,
    asking,
    call,
    cluster,
    deleted,
    listed,
    posted,
    read,
    recorded,
    registration,
    released,
    renamed,
    run,
)


def test_a_good_run_has_no_breach() -> None:
    """Announced, made, recorded and deleted: nothing to complain of."""
    assert checkers.complaints(run(*GOOD)) == []
    going = (*GOOD, listed(4, UUID), read(5), deleted(6), listed(7), released(8))
    assert checkers.complaints(run(*going, **GONE)) == []
    token = asking(listed(2, UUID), authorization="Bearer canary-of-a-token", host="127.0.0.1:80")
    assert checkers.complaints(run(TOKEN, token, origin="http://127.0.0.1:80", **GONE)) == []


BREACHES = {
    "two clusters for one registration": (
        run(*GOOD, announced(4), posted(5, OTHER), clusters=[cluster(), cluster(OTHER)]),
        {"I1", "I2"},
    ),
    "two clusters for one of two that ask for the name": (
        run(*GOOD, announced(4, "uid-2"), announced(5), posted(6, OTHER), clusters=[cluster(), cluster(OTHER)]),
        {"I1", "I2"},
    ),
    "two holders": (run(*GOOD, registrations=[registration(), registration(owner="uid-2")]), {"I1"}),
    "a cluster that nobody holds": (run(*GOOD, registrations=[]), {"I2"}),
    "a copied status holds nothing": (
        run(*GOOD, registrations=[registration() | {"metadata": {"name": "gpu", "uid": "another"}}]),
        {"I2"},
    ),
    "a DELETE without a title": (run(announced(1), posted(2), deleted(3), **GONE), {"I3"}),
    "a DELETE before the title was recorded": (
        run(announced(1), posted(2), deleted(3), recorded(4), clusters=[]),
        {"I3"},
    ),
    "a DELETE for a registration that stays": (run(*GOOD, read(4, going=False), deleted(5), **GONE), {"I3"}),
    "a DELETE that the policy forbids": (
        run(*GOOD, read(4, deletion={"policy": "Orphan"}), deleted(5), **GONE),
        {"I3"},
    ),
    "a DELETE by the title of a status that was copied": (
        run(*GOOD, read(4, status={"ownerUID": "uid-2"}), read(5, status={"ownerUID": "uid-2"}), deleted(6), **GONE),
        {"I3"},
    ),
    "a DELETE for what only observes": (run(*GOOD, read(4, mode="Observe"), deleted(5), **GONE), {"I3"}),
    "a PUT for what held the cluster once": (
        run(*GOOD, recorded(4, OTHER), recorded(5, OTHER), renamed(6), registrations=[registration(OTHER)]),
        {"I2", "I3", "I4"},
    ),
    "a PUT for what is suspended": (
        run(*GOOD, read(4, going=False, suspend=True), read(5, going=False, suspend=True), renamed(6)),
        {"I12"},
    ),
    "a forced DELETE": (run(*GOOD, read(4), deleted(5, force=True), **GONE), {"I3"}),
    "a uuid that was blanked": (run(*GOOD, recorded(4, None)), {"I4"}),
    "a uuid that was replaced": (run(*GOOD, recorded(4, OTHER), registrations=[registration(OTHER)]), {"I2", "I4"}),
    "a POST that was not announced": (run(posted(1), recorded(2)), {"I5"}),
    "a second POST for one announcement": (
        run(announced(1), posted(2), posted(3, OTHER), recorded(4), clusters=[cluster()]),
        {"I5"},
    ),
    "a release before any list": (run(*GOOD, released(4), **GONE), {"I5"}),
    "a release while the list shows the cluster": (
        run(*GOOD, listed(4), listed(5, UUID), released(6), **GONE),
        {"I5"},
    ),
    "a release by a title that was replaced later": (
        run(
            *GOOD,
            listed(4, UUID),
            released(5),
            announced(6, "uid-2"),
            posted(7, OTHER),
            recorded(8, OTHER, "uid-2"),
            **GONE,
        ),
        {"I5"},
    ),
    "a token that another has issued": (run(TOKEN, asking(listed(2), authorization="Bearer other"), **GONE), {"I6"}),
    "a login where a token is asked for": (
        run(asking(call(1, Side.CONTROL_PLANE, "POST", "/api/v2/token"), authorization="Basic abc"), **GONE),
        {"I6"},
    ),
    "a token in a URL": (
        run(TOKEN, call(2, Side.CONTROL_PLANE, "GET", "/api/v1/clusters?token=canary-of-a-token"), **GONE),
        {"I6", "I8"},
    ),
    "a token that is shown to the API server": (
        run(TOKEN, asking(recorded(2, None), authorization="Bearer canary-of-a-token"), **GONE),
        {"I6"},
    ),
    "another address": (run(asking(listed(1), host="evil:80"), origin="http://127.0.0.1:80", **GONE), {"I10"}),
    "a secret in a log": (replace(run(*GOOD), logs=[f"sent {SECRET}"], secrets={SECRET}), {"I8"}),
    "a secret in an annotation": (
        replace(
            run(*GOOD, call(4, Side.KUBERNETES, "PATCH", PLACE, {"metadata": {"annotations": {"x": SECRET}}})),
            secrets={SECRET},
        ),
        {"I8"},
    ),
}


@pytest.mark.parametrize(("seen", "invariants"), BREACHES.values(), ids=BREACHES)
def test_a_breach_is_named(seen: Evidence, invariants: set[str]) -> None:
    """Each breach is named by the invariant that it breaks, and no other is."""
    assert {said.partition(":")[0] for said in checkers.complaints(seen)} == invariants


def test_what_was_asked_for_is_no_breach() -> None:
    """A forced deletion that a spec wants, an orphan, and a cluster named in a condition are allowed where said so."""
    gone = run(*GOOD, read(4), deleted(5, force=True), **GONE)
    assert checkers.complaints(gone, force=True) == []
    assert checkers.complaints(run(*GOOD, registrations=[]), orphans=True) == []
    let_go = run(*GOOD, listed(4, UUID), released(5, meta={"annotations": {RELEASE: "orphan"}}), registrations=[])
    assert checkers.complaints(let_go, orphans=True) == []
    named = run(*GOOD, announced(4, "uid-2"), posted(5, OTHER), clusters=[cluster(), cluster(OTHER)])
    told = replace(named, registrations=[registration(message=f"perhaps {OTHER}")])
    assert checkers.complaints(told, ambiguous=True) == []


def test_a_secret_is_found_in_every_disguise() -> None:
    """Plain, in a URL, in JSON, in hex, backwards, and in base64 wherever it begins."""
    assert places_of("ab/cd+", b"x=ab%2Fcd%2B") == ["in a URL", "in a form"]
    assert places_of(SECRET, SECRET[::-1].encode()) == ["backwards"]
    assert places_of(SECRET, SECRET.encode().hex().encode()) == ["in hex"]
    for before in range(6):
        assert places_of(SECRET, base64.b64encode(b"." * before + SECRET.encode() + b"...")), before
    assert places_of(SECRET, b"nothing of the kind") == []


def test_writes_in_a_quiet_span_are_named() -> None:
    """A list is no write, and a PATCH is one."""
    listed = call(1, Side.CONTROL_PLANE, "GET", "/api/v1/clusters")
    assert checkers.idle_writes([listed]) == []
    assert checkers.idle_writes([listed, recorded(2)]) == ["L3: kubernetes: patch runaiclusterregistrations/status gpu"]
