"""The ends of an install Secret: it goes with its registration, and a killed operator leaves none half-made."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from kubernetes.aio.client import Configuration
from kubernetes.aio.config import load_kube_config
from pydantic import SecretStr

from kube import Kube, Object
from operators import House, until
from runai_registrar.errors import KubernetesError, Terminating
from runai_registrar.kube import Kube as OurKube
from runai_registrar.resources import Metadata
from stage import RELEASE, Registration, Stage

INFO = "get_cluster_install_info_by_uuid"
CANARY = {"clientSecret": "canary"}


def asking(stage: Stage, name: str, **spec: Any) -> tuple[Registration, str]:
    """A new registration that asks for a Secret of this name, and the path of the Secret."""
    made = stage.known(name)
    wanted = stage.manifest(name, version="2.24.18", installSecret={"name": name}, **spec)
    stage.kube.create(stage.registrations, wanted)
    return made, f"/api/v1/namespaces/{stage.house.namespace}/secrets/{name}"


@pytest.mark.usefixtures("controllers")
def test_it_is_collected_unless_orphaned(stage: Stage, house: House, kube: Kube) -> None:
    """Kubernetes takes the Secret away with its registration; one whose cluster stays, stays with it.

    So it does where that is said late: while suspended, or during the deletion.
    """
    with house.operator():
        orphaned, stays = asking(stage, "orphaned", deletion={"policy": "Orphan"})
        paused, kept = asking(stage, "paused")
        told, left = asking(stage, "told")
        collected, gone = asking(stage, "collected")
        for each in (orphaned, paused, told, collected):
            each.wait_ready()
        paused.change(suspend=True, deletion={"policy": "Orphan"})
        told.change(suspend=True)
        told.delete()
        told.wait_for("DeletionBlocked")
        told.annotate(dict(RELEASE))
        for each in (orphaned, paused, collected):
            each.delete()
        for each in (orphaned, paused, told, collected):
            each.wait_gone()
        kube.wait_gone(gone, 120)  # the garbage collector learns of a new kind within half a minute or so

    for path in (stays, kept, left):
        assert "ownerReferences" not in kube.get(path)["metadata"]
        kube.delete(path)
    assert stage.changes() == {"create_cluster": 4, "delete_cluster": 1}


@pytest.mark.parametrize("fault", ["hang", "cut"])
def test_an_operator_killed_while_it_asks(stage: Stage, house: House, kube: Kube, fault: str) -> None:
    """Killed while install information is awaited, the operator has recorded the cluster; the next one goes on."""
    stage.admin.fault(fault, operation=INFO, times=None)
    with house.operator() as first:
        made, path = asking(stage, f"killed-{fault}")
        until(lambda: bool(stage.calls(INFO)), "a question for install information")
        uuid = made.status["uuid"]
        first.kill()
    stage.admin.clear_faults()
    with house.operator():
        seen = made.wait_ready()
        secret = kube.get(path)

        assert seen["status"]["uuid"] == uuid
        assert secret["metadata"]["annotations"]["runai-registrar.io/cluster-uuid"] == uuid
        assert stage.changes() == {"create_cluster": 1}
        stage.clear()
    kube.delete(path)


async def test_a_namespace_that_ends_is_told_from_a_refusal(kube: Kube, house: House) -> None:
    """403 because the namespace is being deleted is not taken for a missing right; nor is a namespace that is gone."""
    ending = f"{house.namespace}-ends"
    kube.create("/api/v1/namespaces", {"metadata": {"name": ending}})
    holder = {"metadata": {"name": "holder", "finalizers": ["example.com/hold"]}}
    kube.create(f"/api/v1/namespaces/{ending}/configmaps", holder)
    kube.delete(f"/api/v1/namespaces/{ending}")
    configuration = Configuration()
    await load_kube_config(str(house.kubeconfig), client_configuration=configuration)
    api = OurKube(configuration)

    for namespace in (ending, f"{house.namespace}-never-was"):
        with pytest.raises(Terminating):
            await api.create_secret(namespace, {"name": "install"}, {"clientSecret": SecretStr("canary")})
    await api.aclose()
    kube.patch(f"/api/v1/namespaces/{ending}/configmaps/holder", {"metadata": {"finalizers": None}})


Try = Callable[[OurKube, str], Awaitable[object]]


async def _create(api: OurKube, namespace: str) -> object:
    return await api.create_secret(namespace, {"generateName": "install-"}, {"clientSecret": SecretStr("canary")})


async def _hold(api: OurKube, namespace: str) -> object:
    seen = Metadata.model_validate((await api.secret(namespace, "quoted"))["metadata"])
    return await api.hold_secret(namespace, seen, () if seen.finalizers else ("example.com/held",))


async def _delete(api: OurKube, namespace: str) -> object:
    made = await api.create_secret(namespace, {"generateName": "install-"}, {"clientSecret": SecretStr("canary")})
    seen = Metadata.model_validate(made["metadata"])
    await api.delete_secret(namespace, seen.name, seen.uid, seen.resource_version)
    return seen


@pytest.mark.parametrize(
    ("operation", "attempt"),
    [("CREATE", _create), ("UPDATE", _hold), ("DELETE", _delete)],
    ids=["created", "held", "deleted"],
)
async def test_a_refused_secret_is_not_quoted(
    kube: Kube, house: House, namespace: str, operation: str, attempt: Try
) -> None:
    """What an admission plugin says of a Secret may repeat it: an error has the status, and nothing of the answer."""
    policy = _refusing_policy(f"quotes-{namespace}", namespace, operation)
    kube.create(f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "quoted"}, "stringData": CANARY})
    for kind, manifest in policy.items():
        kube.create(f"/apis/admissionregistration.k8s.io/v1/{kind}", manifest)
    configuration = Configuration()
    await load_kube_config(str(house.kubeconfig), client_configuration=configuration)
    api = OurKube(configuration)
    refusals: list[str] = []
    for _ in range(200):
        try:
            await attempt(api, namespace)
        except KubernetesError as error:
            refusals.append(str(error))
            break
        await asyncio.sleep(0.05)
    await api.aclose()
    for kind, manifest in policy.items():
        kube.delete(f"/apis/admissionregistration.k8s.io/v1/{kind}/{manifest['metadata']['name']}")

    assert [refusal.partition(":")[0] for refusal in refusals] == ["The API server answered 422"]
    assert "canary" not in str(refusals)
    assert base64.b64encode(b"canary").decode() not in str(refusals)


def _refusing_policy(name: str, namespace: str, operation: str) -> dict[str, Object]:
    """A policy that refuses one operation on every Secret of a namespace, and repeats what is in it."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": [operation], "resources": ["secrets"]}
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    what = "oldObject" if operation == "DELETE" else "object"
    refuse = {"expression": "false", "messageExpression": f"'refused: ' + {what}.data['clientSecret']"}
    spec = {"matchConstraints": {"resourceRules": [rule], "namespaceSelector": selector}, "validations": [refuse]}
    binding = {"policyName": name, "validationActions": ["Deny"]}
    return {
        "validatingadmissionpolicies": {"metadata": {"name": name}, "spec": spec},
        "validatingadmissionpolicybindings": {"metadata": {"name": name}, "spec": binding},
    }
