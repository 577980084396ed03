"""The examples that install the operator itself, by Argo CD and by Flux: values that the chart takes, in good order."""

from collections.abc import Iterator
from typing import Any

import pytest

from chart.charts import CHART, ROOT, Helm, container, names
from gitops.examples import marks, named, wave
from gitops.manifests import OPERATORS
from kube import Object

OPTIONS = "argocd.argoproj.io/sync-options"


@pytest.fixture(scope="module")
def helm() -> Iterator[Helm]:
    """Helm 4, without a cluster."""
    helm = Helm(4)
    yield helm
    helm.close()


def rendered(helm: Helm, name: str, namespace: str, values: dict[str, Any]) -> list[Object]:
    """What the chart makes of the values of an example, CRDs first."""
    objects = helm.objects(name=name, namespace=namespace, **values)
    assert container(objects)["image"] == f"{values['image']['repository']}:{values['image']['tag']}"
    return objects


def test_argo_keeps_crds_and_puts_control_planes_last(helm: Helm) -> None:
    """No CRD is pruned; control planes come after the operator, and their dry run does not wait for the CRDs."""
    spec = named("Application")["runai-registrar"]["spec"]
    source = spec["source"]
    objects = rendered(
        helm, source["helm"]["releaseName"], spec["destination"]["namespace"], source["helm"]["valuesObject"]
    )
    planes = [each for each in objects if each["kind"] == "RunaiControlPlane"]
    crds = [each for each in objects if each["kind"] == "CustomResourceDefinition"]
    others = [each for each in objects if each["kind"] != "RunaiControlPlane"]

    assert source["path"] == str(CHART.relative_to(ROOT))
    assert {marks(each)[OPTIONS] for each in crds} == {"Prune=false"}
    assert [each["metadata"]["name"] for each in planes] == ["default"]
    assert min(map(wave, planes)) > max(map(wave, others))
    assert all("SkipDryRunOnMissingResource=true" in marks(each)[OPTIONS] for each in planes)
    assert {"CreateNamespace=true", "ServerSideApply=true"} <= set(spec["syncPolicy"]["syncOptions"])


def test_nothing_goes_with_the_file() -> None:
    """Neither tool takes the operator away with its file: only one that runs lets registrations go."""
    assert "finalizers" not in named("Application")["runai-registrar"]["metadata"]
    assert named("Kustomization")["runai-registrar"]["spec"]["deletionPolicy"] == "Orphan"


def test_flux_installs_the_operator_before_its_objects(helm: Helm) -> None:
    """The HelmRelease makes no control plane, which Helm would refuse at first; what needs the CRDs depends on it."""
    spec = named("HelmRelease")["runai-registrar"]["spec"]
    objects = rendered(helm, spec["releaseName"], spec["targetNamespace"], spec["values"])

    assert spec["chart"]["spec"]["chart"] == f"./{CHART.relative_to(ROOT)}"
    assert spec["chart"]["spec"]["sourceRef"]["name"] in named("GitRepository")
    assert len(names(objects, "CustomResourceDefinition")) == 2
    assert names(objects, "RunaiControlPlane") == []
    assert named("Kustomization")["gpu-east-registration"]["spec"]["dependsOn"] == [{"name": "runai-registrar"}]


def test_credentials_are_where_the_operator_looks() -> None:
    """Both install into the namespace that samples and pages put credentials into."""
    argo = named("Application")["runai-registrar"]["spec"]["destination"]["namespace"]
    flux = named("HelmRelease")["runai-registrar"]["spec"]["targetNamespace"]

    assert argo == flux == OPERATORS
