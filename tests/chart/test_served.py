"""What the chart renders, shown to the real API server; and the notes, followed to the letter."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from chart.charts import CHART, DEPLOY, Helm, one, values_file
from chart.everything import EVERYTHING
from kube import Kube, KubeError, Object
from planes import CONTROL_PLANES

OF_OTHERS = "Warning: failed to migrate kubectl.kubernetes.io/last-applied-configuration"


@pytest.fixture
def own_namespace(kube: Kube) -> None:
    """The namespace that the plain manifest is for."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "runai-registrar"}}
    kube.apply(yaml.safe_dump(namespace))


@pytest.fixture
def no_default(kube: Kube) -> Iterator[None]:
    """Afterwards there is no control plane of the notes."""
    yield
    if kube.find(f"{CONTROL_PLANES}/default"):
        kube.delete(f"{CONTROL_PLANES}/default")


def shown(kube: Kube, text: str) -> tuple[int, str]:
    """What kubectl says to objects that it only shows to the server, which checks every field.

    What it says of objects that others have applied in another way there is left out: that is not about ours.
    """
    options = ["--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict"]
    done = kube.kubectl("apply", *options, "--filename=-", stdin=text)
    ours = [line for line in done.stderr.splitlines(keepends=True) if not line.startswith(OF_OTHERS)]
    return done.returncode, "".join(ours)


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["nothing set", "everything set"])
@pytest.mark.parametrize("watched", ["all namespaces", "its own"])
def test_every_object_is_accepted(kube: Kube, namespace: str, helm: Helm, values: dict[str, Any], watched: str) -> None:
    """The API server knows every field of what is rendered, and finds nothing wrong with it."""
    limit: dict[str, Any] = {"watchNamespaces": [namespace]} if watched == "its own" else {}

    assert shown(kube, helm.render(namespace=namespace, **values, **limit)) == (0, "")


@pytest.mark.usefixtures("own_namespace")
def test_the_plain_manifest_is_accepted(kube: Kube) -> None:
    """The same holds for install.yaml."""
    assert shown(kube, (DEPLOY / "install.yaml").read_text()) == (0, "")


def test_pod_security_lets_the_pod_in(kube: Kube, namespace: str, helm: Helm) -> None:
    """A namespace that enforces Pod Security `restricted` takes the pod, and not without its security context."""
    enforced = {"pod-security.kubernetes.io/enforce": "restricted"}
    kube.patch(f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": enforced}})
    objects = helm.objects(namespace=namespace)
    kube.create(f"/api/v1/namespaces/{namespace}/serviceaccounts", one(objects, "ServiceAccount"))
    pod = one(objects, "Deployment")["spec"]["template"]
    pods = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"

    assert kube.create(pods, named(pod))["spec"]["containers"][0]["name"] == "operator"
    del pod["spec"]["containers"][0]["securityContext"]
    with pytest.raises(KubeError, match=r'violates PodSecurity "restricted'):
        kube.create(pods, named(pod))


def named(pod: Object) -> Object:
    """A pod of a template."""
    return pod | {"metadata": pod["metadata"] | {"name": "operator"}}


def plane(name: str) -> Object:
    """A control plane of the values, whose credential is in the Secret of its name."""
    return {"name": name, "spec": {"url": "https://app.run.ai", "credentialsSecretRef": {"name": f"{name}-secret"}}}


def noted(kube: Kube, namespace: str, major: int, **values: Any) -> tuple[str, list[Object]]:
    """The notes of an installation, and what the API server makes of what they say to apply."""
    helm = Helm(major, kube.server.kubeconfig)
    common = {"crds": {"enabled": False}, "policies": {"enabled": False}, "watchNamespaces": [namespace]}
    with values_file(common | values) as path:
        command = ["install", namespace, CHART, "--namespace", namespace, "--dry-run=server"]
        notes = helm.run(*command, "--values", path).partition("NOTES:")[2]
    helm.close()
    return notes, kube.apply(notes.partition("<<'EOF'\n")[2].partition("\nEOF\n")[0], "nowhere")


@pytest.mark.parametrize(
    ("planes", "reference"),
    [([], None), (["eu", "default"], None), (["eu", "us"], {"name": "eu"})],
    ids=["none", "default", "others"],
)
def test_the_notes_fit_the_control_planes(
    kube: Kube, namespace: str, no_default: None, planes: list[str], reference: Object | None
) -> None:
    """Where the values have control planes the notes show none: they name each Secret, and a registration for one."""
    assert no_default is None

    notes, applied = noted(kube, namespace, 4, controlPlanes=[plane(name) for name in planes])

    assert [each["kind"] for each in applied][-1:] == ["RunaiClusterRegistration"]
    assert len(applied) == (1 if planes else 3)
    assert applied[-1]["spec"].get("controlPlaneRef") == reference
    assert [name for name in planes if f"{name}: {name}-secret" not in notes] == []


@pytest.mark.parametrize("major", [3, 4], ids=["helm 3", "helm 4"])
def test_the_notes_can_be_followed(kube: Kube, namespace: str, no_default: None, major: int) -> None:
    """What the notes say to apply is applied as it stands, and then waited for."""
    assert no_default is None

    notes, applied = noted(kube, namespace, major)

    registration = applied[-1]
    assert [each["kind"] for each in applied] == ["Secret", "RunaiControlPlane", "RunaiClusterRegistration"]
    assert f"-n {namespace} rcr/{registration['metadata']['name']}" in notes
    assert f"kubectl -n {namespace} rollout status deployment/{namespace}-runai-registrar" in notes
