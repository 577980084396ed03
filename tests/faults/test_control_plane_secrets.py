"""Control planes that send elsewhere, or repeat what they were told: credentials go nowhere, and show nowhere."""

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from faults.decoy import Decoy
from faults.ring import LONG, Ring, wait_all_ready
from operators import until
from reliability import Recovery
from stage import LONG_AFTER, Stage

LIST, POST, PUT, ASK, TOKEN = "get_clusters", "create_cluster", "updateCluster", "delete_cluster", "token_v2"
REDIRECTS = [301, 302, 303, 307, 308] if LONG else [302, 307]


def wait_struck(stage: Stage) -> None:
    """Return when every fault of a control plane has struck."""
    until(lambda: all(fault["struck"] for fault in stage.admin.faults()), "every fault")


@pytest.mark.case("S-04", injected="301, 302, 303, 307, 308 to another port, at each operation", outcome="not followed")
def test_redirects(ring: Ring, recovery: Recovery) -> None:
    """A redirect is never followed, whatever is asked for: the other server hears nothing, and all goes on."""
    with Decoy() as decoy:
        stages = {status: ring.beside() for status in REDIRECTS}
        first = {status: stage.registered(listed=True, version="2.19.4") for status, stage in stages.items()}
        going = {status: stage.registered(listed=True, version="2.19.4") for status, stage in stages.items()}
        for status, stage in stages.items():
            stage.admin.advance(LONG_AFTER)
            for operation in (LIST, POST, PUT, ASK, TOKEN):
                there = decoy.url if operation == TOKEN else f"{decoy.url}/api/v1/clusters"
                stage.admin.fault("redirect", operation=operation, status=status, location=there)
            stage.admin.revoke_tokens()
        late = {status: stage.register() for status, stage in stages.items()}
        for each in first.values():
            each.change(clusterName=f"{each.name} west")
        for each in going.values():
            each.delete()
        for stage in stages.values():
            wait_struck(stage)
            stage.admin.advance(LONG_AFTER)
        recovery.begins()
        wait_all_ready([*late.values(), *first.values()])
        for each in going.values():
            each.wait_gone()
        recovery.ends()

        assert decoy.heard == []
        assert {len(stage.admin.clusters()) for stage in stages.values()} == {2}
    ring.rest()


@pytest.mark.case(
    "S-04", injected="a list redirected to https and to plain http elsewhere", outcome="not followed; said"
)
def test_what_is_said_of_a_redirect(ring: Ring) -> None:
    """A control plane that only redirects is said to: the URL is to be its own address."""
    with Decoy() as decoy:
        stage = ring.beside()
        stage.admin.fault("redirect", operation=LIST, times=None, location=f"//127.0.0.1:{decoy.port}/x")
        made = stage.register()
        made.wait(lambda seen: "Redirects are not followed" in json.dumps(seen["status"]), "told about redirects")
        assert decoy.heard == []
    ring.rest()


@pytest.mark.case(
    "S-07", injected="errors that repeat headers and bodies, secrets included", outcome="no secret anywhere"
)
@pytest.mark.parametrize("status", [400, 403, 500] if LONG else [403, 500])
def test_what_is_repeated(ring: Ring, status: int) -> None:
    """Whatever an error repeats of a request, no secret gets into a status or a log (judged in all encodings)."""
    made, going = ring.stage.registered(listed=True, version="2.19.4"), ring.stage.registered(listed=True)
    for operation in (LIST, POST, PUT, ASK, TOKEN):
        ring.admin.fault("echo", operation=operation, status=status)
    ring.admin.revoke_tokens()
    made.change(clusterName="GPU West")
    going.delete()
    until(lambda: struck(ring, LIST, TOKEN), "tokens and lists that repeat")
    if status < 500:  # refused credentials rest for a while; a change of the object is a way around
        ring.control_plane.change(requestsPerSecond=499)
    until(lambda: struck(ring, PUT, ASK), "calls that repeat")
    ring.stage.register()
    until(lambda: struck(ring, POST), "a POST that repeats")
    ring.rest()


def struck(ring: Ring, *operations: str) -> bool:
    """Whether the faults of these operations have struck."""
    rules = {rule["operation"]: rule["struck"] for rule in ring.admin.faults()}
    return all(rules[operation] for operation in operations)


DISGUISES: dict[str, Callable[[str], str]] = {
    "plain": lambda secret: f"bad credentials {secret}",
    "named": lambda secret: f"client_secret={secret}&grant_type=client_credentials",
    "url": lambda secret: f"see /login?s={quote(secret, safe='')}",
    "base64": lambda secret: f"got {base64.b64encode(secret.encode()).decode()}",
    "basic": lambda secret: f"Basic {base64.b64encode(f'registrar:{secret}'.encode()).decode()}",
    "bearer": lambda secret: f"Authorization: Bearer {secret}",
    "json": lambda secret: json.dumps({"clientSecret": secret}),
}
"""How a control plane may repeat a secret in its own words."""


@pytest.mark.case("S-07", injected="the client secret in error messages, in seven disguises", outcome="in none of them")
def test_disguised_secrets(ring: Ring) -> None:
    """The client secret is taken out of what a control plane says, however it is written."""
    secret = ring.simulator.client_secret
    for way, say in DISGUISES.items():
        name = f"gpu-say-{way}"
        body: dict[str, Any] = {"code": 400, "message": say(secret), "details": say(secret)}
        ring.admin.fault("refuse", operation=POST, match_body=f'"{name}"', times=None, status=400, body=body)
    made = {way: ring.stage.register(f"gpu-say-{way}") for way in DISGUISES}
    for each in made.values():
        each.wait_for("RejectedByControlPlane")
    shown = {way: json.dumps(each.status) for way, each in made.items()}

    assert {way for way, text in shown.items() if secret[:12] in text and secret[12:] in text} == set()
    ring.rest()


@pytest.mark.case(
    "S-07", injected="tokens in bodies that cannot be read: text, cut off, of wrong types", outcome="nowhere"
)
def test_secrets_in_garbage(ring: Ring) -> None:
    """A token answer that cannot be read, or whose token is not one, is never quoted."""
    stages = [ring.beside() for _ in range(4)]
    canary = "canary-in-a-token-that-is-none"
    bodies: list[dict[str, Any]] = [
        {"body": {"access_token": [canary], "expires_in": 3600}},
        {"body": {"access_token": f"{canary}\r\nX-Injected: 1"}},
        {"text": f'{{"access_token": "{canary}'},
        {"body": {"token": canary}},
    ]
    ring.canaries.add(canary)
    made = []
    for stage, body in zip(stages, bodies, strict=True):
        stage.admin.fault("refuse", operation=TOKEN, times=2, status=200, **body)
        stage.admin.revoke_tokens()
        made.append(stage.register())
    for stage in stages:
        wait_struck(stage)
    wait_all_ready(made)
    ring.rest()
