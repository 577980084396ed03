"""A control plane that is suspended, of another tenant, or not allowed is not called; and what its status counts."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from install_secrets import Secret
from kube import Object
from operators import House
from stage import LONG_AFTER, RECONCILE, Registration, Stage, condition, conditions

pytestmark = pytest.mark.usefixtures("operator")

CHANGING = {"create_cluster", "updateCluster", "delete_cluster"}
POLLING = {"get_clusters", "token_v2"}
MORE = 2
"""Lists that one control plane may be ahead of another one."""


def work(stage: Stage) -> dict[str, Registration]:
    """Three registered ones: one to keep, one that will be renamed, and one that will be deleted at once."""
    made = {what: stage.register(version="2.19.4") for what in ("kept", "renamed", "deleted")}
    wait_counted(stage, total=3, managed=3, unmanaged=0)
    stage.admin.advance(LONG_AFTER)
    return made


def ask_for_all(stage: Stage, made: dict[str, Registration]) -> None:
    """Ask for a creation, a renaming and a deletion."""
    made["created"] = stage.register()
    made["renamed"].change(clusterName="GPU West")
    made["deleted"].delete()


def wait_done(made: dict[str, Registration]) -> None:
    """Return when all of that has been done."""
    made["created"].wait_for("Registered")
    made["kept"].wait_for("Registered")
    made["renamed"].wait(lambda seen: seen["status"].get("clusterName") == "GPU West", "renamed")
    made["deleted"].wait_gone()


def ready(stage: Stage) -> Object:
    """Ready of the control plane, said of its present generation; empty before."""
    return condition(stage.kube.get(stage.control_plane.path), "Ready") or {}


def wait_said(stage: Stage, part: str) -> None:
    """Return when Ready of the control plane says this of its present generation."""
    path = stage.control_plane.path
    stage.kube.wait_for(path, lambda seen: part in str(condition(seen, "Ready")), 30, f"saying {part}")


def judge_only_polled(stage: Stage, unused: Stage, since: int = 0) -> None:
    """Nothing is asked for but lists, and these no more often than from a control plane that nobody uses."""
    began, other = stage.moment(), unused.moment()
    stage.wait_polls(4)
    lists = Counter(call.operation for call in stage.admin.journal(since=began))["get_clusters"]

    assert {call.operation for call in stage.admin.journal(since=since)} <= POLLING
    assert lists <= len(unused.calls("get_clusters", since=other)) + MORE


def test_suspended(stage: Stage, beside: Callable[..., Stage]) -> None:
    """A suspended control plane is called for nothing, and its Secret is not read; resumed, all that waited is done."""
    clock, made = beside(), work(stage)
    stage.control_plane.change(suspend=True)
    wait_said(stage, "Suspended")
    before, read = stage.moment(), reads(stage)
    ask_for_all(stage, made)
    stage.admin.revoke_tokens()
    made["created"].wait_for("Suspended")
    made["deleted"].wait_for("DeletionBlocked")
    made["kept"].wait(lambda seen: "is suspended" in str(seen["status"]["conditions"]), "told so")
    clock.wait_polls()

    assert (stage.moment(), reads(stage)) == (before, read)
    assert (ready(stage)["status"], ready(stage)["reason"]) == ("True", "Reachable")
    stage.control_plane.change(suspend=False)
    wait_done(made)


def reads(stage: Stage) -> int:
    """How often the Secret of the stage's control plane was read."""
    return len(stage.house.requests(verb="get", resource="secrets", name=stage.control_plane.name))


@pytest.mark.case(
    "R-40",
    injected="the Secret leads into another tenant while a creation, a renaming and a deletion are asked for",
    outcome="TenantChanged; none of them is sent; all are done when the Secret is right again",
)
def test_another_tenant_is_not_touched(stage: Stage) -> None:
    """With a credential of another tenant nothing is created, renamed or deleted there."""
    made = work(stage)
    other = stage.admin.add_credential(tenant_id=2002)
    stage.admin.create("theirs", tenantId=2002)
    stage.control_plane.change_secret(other.client_id, other.client_secret)
    wait_said(stage, "The credentials show tenant 2002, but tenant 1001 is expected")
    before = stage.moment()
    ask_for_all(stage, made)
    made["created"].wait_for("TenantChanged")
    made["deleted"].wait_for("DeletionBlocked")
    stage.wait_polls()

    assert [call for call in stage.admin.journal(since=before) if call.operation in CHANGING] == []
    assert stage.kube.get(stage.control_plane.path)["status"]["tenantId"] == 1001
    stage.control_plane.change_secret(stage.simulator.client_id, stage.simulator.client_secret)
    wait_done(made)
    assert [cluster.name for cluster in stage.admin.clusters(tenant_id=2002)] == ["theirs"]


def test_a_tenant_that_is_written_down(beside: Callable[..., Stage]) -> None:
    """With `tenantId` the first contact already must show that tenant; corrected, it goes on."""
    stage = beside(tenantId=2002)
    stage.admin.create("ours")
    made = stage.register()
    made.wait_for("TenantChanged")
    stage.wait_polls()

    assert stage.calls("create_cluster") == []
    stage.control_plane.change(tenantId=1001)
    made.wait_for("Registered")


@pytest.mark.case(
    "R-05",
    injected="the first 201 of an empty tenant names another tenant; with tenantId written down, and without",
    outcome="not believed with it; without it TenantChanged from the next list on, and nothing more is made",
    degraded="without tenantId it takes a person: the registration is released and adopted anew",
)
def test_a_first_answer_of_another_tenant(beside: Callable[..., Stage]) -> None:
    """A tenant that was written down is held to from the first answer on; else the first answer is all there is."""
    pinned, free = beside(tenantId=1001), beside()
    made: dict[str, Registration] = {}
    for name, stage in (("pinned", pinned), ("free", free)):
        stage.admin.fault("garbage", operation="create_cluster", kind="otherTenant")
        made[name] = stage.register()

    made["pinned"].wait_for("Registered")
    assert made["pinned"].status["tenantId"] == 1001
    made["free"].wait_for("TenantChanged")
    late = free.register()
    late.wait_for("TenantChanged")
    assert [len(stage.calls("create_cluster")) for stage in (pinned, free)] == [1, 1]
    uuid = free.admin.clusters()[0].uuid
    made["free"].annotate({"runai-registrar.io/release": "orphan"})
    made["free"].delete()
    made["free"].wait_gone()
    late.wait_for("Registered")
    adopted = free.register(adopt={"uuid": uuid}, clusterName=made["free"].name)
    assert adopted.wait_ready()["status"]["uuid"] == uuid


def test_what_is_counted(stage: Stage) -> None:
    """`status.clusters` counts all that is shown, what registrations own, and the rest, as they come and go."""
    for name in ("theirs-1", "theirs-2", "theirs-3"):
        stage.admin.create(name)
    made = [stage.registered() for _ in range(2)]
    wait_counted(stage, total=5, managed=2, unmanaged=3)

    stage.register(adopt={"byName": True}, clusterName="theirs-1").wait_ready()
    wait_counted(stage, total=5, managed=3, unmanaged=2)
    made[0].annotate({"runai-registrar.io/release": "orphan"})
    made[0].delete()
    wait_counted(stage, total=5, managed=2, unmanaged=3)
    stage.admin.delete(stage.admin.clusters(name=made[0].name)[0].uuid)
    wait_counted(stage, total=4, managed=2, unmanaged=2)

    shown = stage.kube.kubectl("get", "runaicp", stage.control_plane.name, "--no-headers").stdout.split()
    assert shown[1:7] == ["True", "Reachable", stage.simulator.url, "1001", "4", "2"]


def wait_counted(stage: Stage, **counted: int) -> None:
    """Return when the control plane's status counts so."""
    path = stage.control_plane.path
    stage.kube.wait_for(path, lambda seen: seen["status"].get("clusters") == counted, 30, f"counted {counted}")


@pytest.mark.parametrize("form", ["All", "Names", "Selector"])
def test_who_may_use_it(house: House, beside: Callable[..., Stage], form: str) -> None:
    """Each form of allowedNamespaces lets in whom it names; of others nothing is called, and they are told."""
    label, path = {"team": form.lower()}, f"/api/v1/namespaces/{house.namespace}"
    house.kube.patch(path, {"metadata": {"labels": label}})
    inside: dict[str, dict[str, Any]] = {
        "All": {"from": "All"},
        "Names": {"from": "Names", "names": ["elsewhere", house.namespace]},
        "Selector": {"from": "Selector", "selector": {"matchLabels": label}},
    }
    outside: dict[str, dict[str, Any]] = {
        "Names": {"from": "Names", "names": ["elsewhere"]},
        "Selector": {"from": "Selector", "selector": {"matchLabels": {"team": "another"}}},
    }
    stage, unused = beside(allowedNamespaces=outside.get(form, inside[form])), beside()
    made = stage.register()
    if form in outside:
        assert conditions(made.wait_for("NamespaceNotAllowed"))["Stalled"] == ("True", "NamespaceNotAllowed")
        judge_only_polled(stage, unused)
        stage.control_plane.change(allowedNamespaces=None)
        stage.control_plane.change(allowedNamespaces=inside[form])
    made.wait_for("Registered")


@pytest.mark.case(
    "S-01",
    injected="a namespace is taken off the list; a rename, a deletion, an install Secret and a look are asked for",
    outcome="no call for any of them, not even a read; all are done when it is let in again",
)
def test_a_namespace_that_is_taken_off_the_list(beside: Callable[..., Stage], secret: Secret) -> None:
    """For what a namespace holds nothing is asked once it is not allowed any more, whatever is wanted there."""
    stage, unused = beside(), beside()
    held = {what: stage.registered(version="2.19.4") for what in ("renamed", "deleted", "installed", "requested")}
    wait_counted(stage, total=4, managed=4, unmanaged=0)
    stage.admin.advance(LONG_AFTER)
    stage.control_plane.change(allowedNamespaces={"from": "Names", "names": ["elsewhere"]})
    for each in held.values():
        each.wait_for("NamespaceNotAllowed")
    since = stage.moment()
    held["renamed"].change(clusterName="GPU West")
    held["deleted"].delete()
    held["installed"].change(installSecret={"name": secret.name})
    held["requested"].annotate({RECONCILE: "now"})
    held["deleted"].wait_for("DeletionBlocked")
    for what in ("renamed", "installed"):
        held[what].wait_for("NamespaceNotAllowed")
    held["requested"].wait(lambda seen: seen["status"].get("lastHandledReconcileAt") == "now", "acknowledged")

    judge_only_polled(stage, unused, since)
    stage.control_plane.change(allowedNamespaces={"from": "Names", "names": [stage.house.namespace]})
    held["renamed"].wait(lambda seen: seen["status"].get("clusterName") == "GPU West", "renamed")
    held["deleted"].wait_gone()
    held["installed"].wait_for("Written", "InstallSecretReady")
