"""Manifests: definitions become usable, the rest follows, and what is wrong is said."""

from pathlib import Path

import pytest

from kube import Kube
from runai_registrar.apiserver import install_crds
from runai_registrar.apiserver.crds import read_manifests
from runai_registrar.apiserver.errors import ManifestRefusedError

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

WIDGET = """
apiVersion: example.com/v1
kind: Widget
metadata: {name: first}
spec: {size: 3}
"""
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties: {size: {type: integer, maximum: 9}}
"""


def test_definition_and_its_objects_in_one_folder(kube: Kube, tmp_path: Path) -> None:
    """A definition is applied first, whatever the files are called, and its objects right after it is Established."""
    (tmp_path / "a.yaml").write_text(WIDGET)
    (tmp_path / "z.yml").write_text(DEFINITION)

    titles = install_crds(kube.server.kubeconfig, tmp_path)

    assert sorted(titles) == ["CustomResourceDefinition/widgets.example.com", "Widget/first"]
    conditions = kube.get(f"{DEFINITIONS}/widgets.example.com")["status"]["conditions"]
    assert {"Established": "True"}.items() <= {each["type"]: each["status"] for each in conditions}.items()
    assert kube.get("/apis/example.com/v1/namespaces/default/widgets/first")["spec"] == {"size": 3}


def test_applying_twice_changes_nothing(kube: Kube) -> None:
    """The same manifest again leaves the object as it was."""
    [_, first] = kube.apply(f"{DEFINITION}---{WIDGET}")
    [again] = kube.apply(WIDGET)

    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_refused_manifest_is_named_with_the_reason(kube: Kube) -> None:
    """What the server refuses is named, in the server's words."""
    kube.apply(DEFINITION)

    with pytest.raises(ManifestRefusedError, match=r"Widget/first is refused \(422\).*less than or equal to 9"):
        kube.apply(WIDGET.replace("size: 3", "size: 10"))


def test_unknown_field_is_refused(kube: Kube) -> None:
    """A mistyped field is an error, not dropped."""
    kube.apply(DEFINITION)

    with pytest.raises(ManifestRefusedError, match="siez"):
        kube.apply(WIDGET.replace("size", "siez"))


def test_kind_that_nobody_serves_is_refused(kube: Kube) -> None:
    """An object without its definition is refused by the kind's name."""
    with pytest.raises(ManifestRefusedError, match=r"serves no Gadget in /apis/example\.org/v1"):
        kube.apply("{apiVersion: example.org/v1, kind: Gadget, metadata: {name: none}}")


@pytest.mark.parametrize("text", ["a: [", "- 1", "kind: Widget", "{apiVersion: v1, kind: Pod, metadata: {}}"])
def test_what_is_no_manifest_is_refused(text: str) -> None:
    """A file that is no Kubernetes object is named before anything is applied."""
    with pytest.raises(ManifestRefusedError, match=r"widget\.yaml"):
        read_manifests(text, "widget.yaml")


def test_empty_documents_are_passed_over() -> None:
    """Comments and separators alone are no manifest."""
    assert read_manifests("---\n# nothing\n---\n") == []


def test_missing_folder_is_an_error(kube: Kube, tmp_path: Path) -> None:
    """A mistyped folder is named."""
    with pytest.raises(ManifestRefusedError, match="there is no folder"):
        install_crds(kube.server.kubeconfig, tmp_path / "nothing")
