"""Values that cannot be meant are refused before anything is made of them, in words that name the value."""

from typing import Any

import pytest
import yaml

from chart.charts import CHART, Helm, HelmError, one

SPEC = {"url": "https://app.run.ai", "credentialsSecretRef": {"name": "credentials"}}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"watchNamespace": ["a"]}, "watchNamespace"),
        ({"image": {"name": "x"}}, "name"),
        ({"log": {"level": "verbose"}}, "/log/level"),
        ({"operator": {"workers": 0}}, "/operator/workers"),
        ({"operator": {"settle": "a minute"}}, "/operator/settle"),
        ({"healthPort": "http"}, "/healthPort"),
        ({"watchNamespaces": "platform"}, "/watchNamespaces"),
        ({"watchNamespaces": ["Platform"]}, "/watchNamespaces/0"),
        ({"image": {"digest": "latest"}}, "/image/digest"),
        ({"terminationGracePeriodSeconds": 5}, "/terminationGracePeriodSeconds"),
        ({"fullnameOverride": "The_Name"}, "/fullnameOverride"),
        ({"nameOverride": "a.b"}, "/nameOverride"),
        ({"namespaceOverride": "-x"}, "/namespaceOverride"),
        ({"serviceAccount": {"name": "a b"}}, "/serviceAccount/name"),
        ({"controlPlanes": [{"name": "default", "spec": {"url": "https://x"}}]}, "credentialsSecretRef"),
        ({"controlPlanes": [{"name": "default", "spec": SPEC | {"clientSecret": "s"}}]}, "clientSecret"),
        ({"controlPlanes": [{"name": "default", "spec": SPEC | {"tenantId": "1001"}}]}, "tenantId"),
        ({"replicaCount": 2}, "replicaCount"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_values_are_refused(each_helm: Helm, values: dict[str, Any], words: str) -> None:
    """An unknown or impossible value is named."""
    with pytest.raises(HelmError, match=r"(?s)values don't meet the specifications of the schema.*" + words):
        each_helm.render(**values)


def test_no_value_is_a_credential(helm: Helm) -> None:
    """There is no place for a client secret: a control plane names a Secret that is there."""
    text = (CHART / "values.yaml").read_text() + helm.render(controlPlanes=[{"name": "default", "spec": SPEC}])

    assert [word for word in ("clientSecret:", "clientId:", "kind: Secret") if word in text] == []


def test_a_parent_chart_may_have_it(helm: Helm, tmp_path: Any) -> None:
    """As a subchart it takes `global` and `enabled`, and pulls from the registry of the parent."""
    parent = tmp_path / "parent"
    (parent / "charts").mkdir(parents=True)
    (parent / "charts" / "runai-registrar").symlink_to(CHART)
    dependency = {"name": "runai-registrar", "version": "0.1.0", "condition": "runai-registrar.enabled"}
    head = {"apiVersion": "v2", "name": "parent", "version": "1.0.0", "dependencies": [dependency]}
    (parent / "Chart.yaml").write_text(yaml.safe_dump(head))
    registry = {"imageRegistry": "mirror.example.com", "storageClass": "fast"}

    there = helm.objects(chart=parent, **{"global": registry, "runai-registrar": {"enabled": True}})
    absent = helm.objects(chart=parent, **{"runai-registrar": {"enabled": False}})

    spec = one(there, "Deployment")["spec"]["template"]["spec"]
    assert spec["containers"][0]["image"].startswith("mirror.example.com/")
    assert absent == []
