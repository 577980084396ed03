"""A Secret that is missing, incomplete or wrong is said on the control plane and on its registrations, and heals.

The operator of this module may get Secrets by name and nothing else: it may neither list, watch nor change them.
"""

import base64
import re
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any

import pytest

from operators import House, Operator, until
from reliability import Recovery
from stage import Stage, condition, conditions

TOKEN = "token_v2"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


@pytest.fixture(scope="module")
def operator(house: House) -> Iterator[Operator]:
    """An operator whose Role in its namespace grants to get Secrets, and no more; nor has it a wider one."""
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    (role,) = house.kube.items(f"{RBAC}/namespaces/{house.namespace}/roles")
    house.kube.patch(f"{RBAC}/namespaces/{house.namespace}/roles/{role['metadata']['name']}", {"rules": [rule]})
    house.kube.delete(f"{RBAC}/clusterrolebindings/runai-registrar-install-secrets-{house.namespace}")
    with house.operator() as operator:
        yield operator


def packed(text: bytes) -> str:
    """A value as a Secret holds it."""
    return base64.b64encode(text).decode()


def missing(stage: Stage) -> None:
    """Take the Secret away."""
    stage.kube.delete(secret_of(stage))


def holding(**data: str | None) -> Callable[[Stage], None]:
    """Changes keys of the Secret."""

    def change(stage: Stage) -> None:
        """Change them."""
        stage.kube.patch(secret_of(stage), {"data": data})

    return change


WRONG: dict[str, tuple[Callable[[Stage], None], str, str]] = {
    "missing": (missing, "CredentialsNotFound", "There is no Secret"),
    "no id": (holding(clientId=None), "CredentialsNotFound", "has no key clientId"),
    "no secret": (holding(clientSecret=None), "CredentialsNotFound", "has no key clientSecret"),
    "empty": (holding(clientSecret=""), "CredentialsNotFound", "has no key clientSecret, or it is empty"),
    "white space": (holding(clientId=packed(b" \n\t ")), "CredentialsNotFound", "has no key clientId, or it is empty"),
    "no text": (holding(clientSecret=packed(b"\xff\xfe")), "CredentialsNotFound", "is not text"),
    "wrong id": (holding(clientId=packed(b"somebody")), "AuthenticationFailed", "Check clientId and clientSecret"),
    "wrong secret": (holding(clientSecret=packed(b"guess")), "AuthenticationFailed", "Check clientId and clientSecret"),
}
"""What is wrong, the reason that is given, and a part of what is said."""


def secret_of(stage: Stage) -> str:
    """Where the Secret of a stage's control plane is."""
    return f"/api/v1/namespaces/{stage.house.namespace}/secrets/{stage.control_plane.name}"


def put_right(stage: Stage) -> None:
    """Make the Secret as it should be, with the white space of a file."""
    data = {"clientId": f"{stage.simulator.client_id}\n", "clientSecret": f" {stage.simulator.client_secret}\r\n"}
    found = {key: packed(text.encode()) for key, text in data.items()}
    if stage.kube.find(secret_of(stage)):
        stage.kube.patch(secret_of(stage), {"data": found})
    else:
        secret = {"metadata": {"name": stage.control_plane.name}, "data": found}
        stage.kube.create(secret_of(stage).rpartition("/")[0], secret)


def ready(seen: dict[str, Any]) -> tuple[str, str, str]:
    """Status, reason and message of Ready."""
    found = condition(seen, "Ready") or {}
    return found.get("status", ""), found.get("reason", ""), found.get("message", "")


@pytest.mark.case(
    "R-40",
    injected="Secrets without a key, empty, of white space, no text, wrong, none; the operator may only get them",
    outcome="said on the control plane and on its registrations, old and new; heals with the next poll",
)
def test_secrets_that_are_wrong(beside: Callable[..., Stage], recovery: Recovery) -> None:
    """Each flaw of a Secret has its words, here and on every registration, and ends with the poll after its end."""
    stages = {what: beside() for what in WRONG}
    old = {what: stage.registered(listed=True) for what, stage in stages.items()}
    for what, stage in stages.items():
        WRONG[what][0](stage)
    new = {what: stage.register() for what, stage in stages.items()}
    for what, (_, reason, said) in WRONG.items():
        for each in (old[what], new[what]):
            each.wait_for(reason)
            assert said in ready(each.object)[2]
        seen = ready(stages[what].kube.get(stages[what].control_plane.path))
        assert (seen[:2], said in seen[2]) == (("False", reason), True)

    recovery.begins()
    for stage in stages.values():
        put_right(stage)
    for each in (*old.values(), *new.values()):
        each.wait_for("Registered")
    recovery.ends()
    assert max(reads_to_heal(stage) for stage in stages.values()) <= 2
    assert [stage.changes() for stage in stages.values()] == [{"create_cluster": 2}] * len(WRONG)


def reads_to_heal(stage: Stage) -> int:
    """How often the Secret was read after it was put right, until the control plane's status was written again.

    One read may have been under way when it was put right.
    """
    house = stage.house
    asked = [each for each in stage.kube.requests() if each.name == stage.control_plane.name]
    right = max(at for at, each in enumerate(asked) if each.is_write and each.user != house.user)
    before_it_was_told = takewhile(lambda each: each.target != "runaicontrolplanes/status", asked[right + 1 :])
    return sum((each.verb, each.target) == ("get", "secrets") for each in before_it_was_told)


def test_no_more_than_get_is_tried(house: House, operator: Operator) -> None:
    """Without more rights the operator works and holds control planes; it has never tried to list or watch Secrets."""
    tried = {each.verb for each in house.requests(resource="secrets")}
    held = {
        each.name for each in house.requests(verb="patch") if (each.target, each.code) == ("runaicontrolplanes", 200)
    }

    assert tried <= {"get", "patch"}
    barred = re.findall(r"RunaiControlPlane (\S+) cannot be held or let go", operator.log)
    assert 0 < len(barred) <= 2 * len(set(barred))
    assert set(barred) <= held
    assert operator.complaints() == []


def test_refused_credentials_are_not_tried_again_and_again(beside: Callable[..., Stage]) -> None:
    """A wrong credential is tried once and rests, whoever waits for it: an account that locks is not locked by us."""
    stage = beside()
    stage.registered()
    stage.admin.add_credential(client_id=stage.simulator.client_id)
    stage.admin.revoke_tokens()
    clock = beside()
    made = [stage.register() for _ in range(10)]
    for each in made:
        each.wait_for("AuthenticationFailed")
    tried = stage.admin.counts()[TOKEN]
    clock.wait_polls()

    assert stage.admin.counts()[TOKEN] == tried
    assert [call.status for call in stage.calls(TOKEN)].count(401) == 1
    assert conditions(stage.kube.get(stage.control_plane.path))["Ready"] == ("False", "AuthenticationFailed")
    renewed = stage.admin.add_credential(client_id=stage.simulator.client_id)
    stage.control_plane.change_secret(renewed.client_id, renewed.client_secret)
    until(lambda: len(stage.admin.clusters()) == len(made) + 1, "all of them made")
    for each in made:
        each.wait_for("Registered")
