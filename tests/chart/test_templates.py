"""What the chart makes of its values, object by object."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart.charts import CHART, Helm, HelmError, container, copied, names, one, values_file
from kube import Object

DIGEST = f"sha256:{'0' * 64}"
PLANE = {
    "name": "default",
    "spec": {"url": "https://app.run.ai", "credentialsSecretRef": {"name": "runai-credentials"}},
}
NAMESPACED = {"ServiceAccount", "Role", "RoleBinding", "Deployment", "NetworkPolicy"}


def pod(objects: list[Object]) -> Object:
    """The pod's spec."""
    return dict(one(objects, "Deployment")["spec"]["template"]["spec"])


@pytest.mark.parametrize("values", [{}, {"watchNamespaces": ["a"], "controlPlanes": [PLANE]}], ids=["plain", "limited"])
def test_lint_misses_an_icon_only(each_helm: Helm, values: dict[str, Any]) -> None:
    """`helm lint --strict` passes, and recommends nothing but an icon, which this project does not have."""
    with values_file(values) as path:
        said = each_helm.run("lint", "--strict", CHART, "--values", path)

    assert "0 chart(s) failed" in said
    assert [line for line in said.splitlines() if line.startswith("[")] == ["[INFO] Chart.yaml: icon is recommended"]


def test_the_same_every_time() -> None:
    """Nothing is looked up, nothing is by chance or by the hour: what is rendered depends on the values alone."""
    changing = re.compile(r"\b(lookup|rand\w+|shuffle|uuidv4|gen(CA|Signed|Self|Private)\w*|now|getHostByName|env)\b")
    code = {path.name: re.findall(r"{{.*?}}", path.read_text(), re.DOTALL) for path in (CHART / "templates").iterdir()}

    assert sum(map(len, code.values())) > 100
    assert {name for name, actions in code.items() for action in actions if changing.search(_unspoken(action))} == set()


def _unspoken(action: str) -> str:
    """An action of a template without its comments and texts."""
    return re.sub(r"/\*.*?\*/|\"[^\"]*\"", "", action, flags=re.DOTALL)


def test_there_are_no_hooks(helm: Helm) -> None:
    """No object is a hook: Argo CD would treat them in its own way, and none is needed."""
    assert "helm.sh/hook" not in helm.render(
        watchNamespaces=["a"], controlPlanes=[PLANE], networkPolicy={"enabled": True}
    )


def test_what_there_is_by_default(helm: Helm) -> None:
    """CRDs, policies, one Deployment, its account, its rights, and roles for people."""
    kinds = [each["kind"] for each in helm.objects()]

    assert {kind: kinds.count(kind) for kind in kinds} == {
        "CustomResourceDefinition": 2,
        "ValidatingAdmissionPolicy": 3,
        "ValidatingAdmissionPolicyBinding": 3,
        "Deployment": 1,
        "ServiceAccount": 1,
        "ClusterRole": 4,
        "ClusterRoleBinding": 2,
        "Role": 1,
        "RoleBinding": 1,
    }


@pytest.mark.parametrize(
    ("values", "absent"),
    [
        ({"crds": {"enabled": False}}, {"CustomResourceDefinition"}),
        ({"policies": {"enabled": False}}, {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}),
        ({"serviceAccount": {"create": False}}, {"ServiceAccount"}),
        ({"rbac": {"create": False}}, {"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}),
    ],
    ids=["crds", "policies", "serviceAccount", "rbac"],
)
def test_parts_can_be_left_out(helm: Helm, values: dict[str, Any], absent: set[str]) -> None:
    """What is switched off is not there, and the rest is."""
    everything, left = ({each["kind"] for each in helm.objects(**each)} for each in ({}, values))

    assert everything - left == absent


def test_crds_are_kept_unless_one_says_so(helm: Helm) -> None:
    """CRDs have Helm's mark for an uninstall, and annotations of one's own beside it."""
    argo = {"argocd.argoproj.io/sync-options": "Prune=false"}
    kept = one(
        helm.objects(crds={"annotations": argo}), "CustomResourceDefinition", "runaicontrolplanes.runai-registrar.io"
    )
    given_up = helm.objects(crds={"keep": False})

    assert kept["metadata"]["annotations"] == argo | {"helm.sh/resource-policy": "keep"}
    assert "resource-policy" not in json.dumps(given_up)


def test_descriptions_are_no_templates(each_helm: Helm, tmp_path: Path) -> None:
    """Braces in a CRD's description are passed on as they are."""
    chart, braces = copied(tmp_path, "1.0.0"), 'Such as {{ fail "no" }} or {{/*.'
    path = chart / "files" / "crds" / "runai-registrar.io_runaicontrolplanes.yaml"
    crd = yaml.safe_load(path.read_text())
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"] = braces
    path.write_text(yaml.safe_dump(crd))

    made = one(each_helm.objects(chart=chart), "CustomResourceDefinition", crd["metadata"]["name"])

    assert made["spec"] == crd["spec"]


def test_the_package_has_everything(each_helm: Helm, tmp_path: Path) -> None:
    """The chart as a package makes the same as the chart as a folder."""
    each_helm.run("package", CHART, "--destination", tmp_path)
    (package,) = tmp_path.glob("*.tgz")

    assert each_helm.objects(chart=package) == each_helm.objects()


@pytest.mark.parametrize(
    ("values", "image"),
    [
        ({}, "runai-registrar/runai-registrar:0.1.0"),
        (
            {"image": {"registry": "registry.example.com", "tag": "1.2.3"}},
            "registry.example.com/runai-registrar/runai-registrar:1.2.3",
        ),
        ({"image": {"registry": "", "repository": "mirror/it"}}, "mirror/it:0.1.0"),
        ({"image": {"digest": DIGEST, "tag": "1.2.3"}}, f"runai-registrar/runai-registrar@{DIGEST}"),
        (
            {"global": {"imageRegistry": "mirror.example.com"}},
            "mirror.example.com/runai-registrar/runai-registrar:0.1.0",
        ),
    ],
    ids=["default", "registry and tag", "repository", "digest", "global"],
)
def test_image(helm: Helm, values: dict[str, Any], image: str) -> None:
    """The image comes from where one says."""
    assert container(helm.objects(**values))["image"] == image


def test_the_pod_is_locked_in(helm: Helm) -> None:
    """No root, no way up, nothing to write to, no capability, the runtime's own filter of system calls."""
    objects = helm.objects()

    assert pod(objects)["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container(objects)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def test_probes_ask_where_the_operator_answers(helm: Helm) -> None:
    """The port of the values is the operator's argument, and the one that the probes name."""
    made = container(helm.objects(healthPort=9999))

    assert "--health-port=9999" in made["args"]
    assert made["ports"] == [{"name": "health", "containerPort": 9999, "protocol": "TCP"}]
    assert {made[probe]["httpGet"]["port"] for probe in ("livenessProbe", "readinessProbe")} == {"health"}


def test_no_user_is_named(helm: Helm) -> None:
    """OpenShift chooses the user, and elsewhere the image does."""
    assert "runAsUser" not in helm.render()
    assert "fsGroup" not in helm.render()


def test_one_operator_at_a_time(helm: Helm) -> None:
    """One replica, stopped before the next one starts, with time to write down what it has under way."""
    deployment = one(helm.objects(), "Deployment")["spec"]

    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})
    assert deployment["template"]["spec"]["terminationGracePeriodSeconds"] > 35


def test_control_planes(helm: Helm) -> None:
    """Control planes are written as they stand in the values, and kept at an uninstall like the registrations."""
    made = one(helm.objects(controlPlanes=[PLANE]), "RunaiControlPlane")

    assert made["spec"] == PLANE["spec"]
    assert made["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_names_and_namespace(helm: Helm) -> None:
    """A release of another name gives its name to what it makes, cut so that each suffix fits."""
    objects = helm.objects(name="prod", namespace="ops")
    long = helm.objects(name="x" * 53)

    assert names(objects, "Deployment") == ["ops/prod-runai-registrar"]
    assert {each["metadata"].get("namespace") for each in objects if each["kind"] in NAMESPACED} == {"ops"}
    assert max(len(each["metadata"]["name"]) for each in long) <= 63


def test_labels_and_annotations(helm: Helm) -> None:
    """Every object bears the common labels and annotations; the selector does not change with them."""
    marked = helm.objects(
        commonLabels={"team": "gpu"}, commonAnnotations={"note": "ours"}, networkPolicy={"enabled": True}
    )
    selectors = [one(each, "Deployment")["spec"]["selector"] for each in (marked, helm.objects())]

    assert {each["metadata"]["labels"]["team"] for each in marked} == {"gpu"}
    assert {each["metadata"]["annotations"]["note"] for each in marked} == {"ours"}
    assert selectors[0] == selectors[1]
    assert (
        selectors[0]["matchLabels"].items()
        <= one(marked, "Deployment")["spec"]["template"]["metadata"]["labels"].items()
    )
    assert one(marked, "NetworkPolicy")["spec"]["podSelector"] == selectors[0]


def test_no_label_is_there_twice(each_helm: Helm) -> None:
    """Labels of one's own replace the chart's, the pod's those of all objects; the selector's are never replaced."""
    given = {f"app.kubernetes.io/{each}": "mine" for each in ("name", "instance", "part-of", "component")}

    objects = each_helm.objects(commonLabels=given, podLabels=given | {"app.kubernetes.io/part-of": "pod"})

    deployment = one(objects, "Deployment")
    selector = one(each_helm.objects(), "Deployment")["spec"]["selector"]
    assert deployment["spec"]["selector"] == selector
    for place, part_of in ((deployment, "mine"), (deployment["spec"]["template"], "pod")):
        assert (
            place["metadata"]["labels"].items()
            >= {
                **selector["matchLabels"],
                "app.kubernetes.io/part-of": part_of,
                "app.kubernetes.io/component": "mine",
            }.items()
        )


def test_a_name_of_digits_stays_a_text(helm: Helm) -> None:
    """A release may be called by a number; its label is a text all the same."""
    assert {each["metadata"]["labels"]["app.kubernetes.io/instance"] for each in helm.objects(name="123")} == {"123"}


def test_an_old_kubernetes_is_refused(each_helm: Helm) -> None:
    """Where a CRD's selectable fields are not there yet, Helm says which version is needed."""
    with pytest.raises(
        HelmError, match=r"requires kubeVersion: >=1\.32\.0-0 which is incompatible with Kubernetes v1\.31"
    ):
        each_helm.render("--kube-version=1.31.0")
