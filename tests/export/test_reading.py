"""Registrations are found in files as they stand in Git."""

import pytest

from runai_registrar.errors import SettingsError
from runai_registrar.gitops.reading import read

ONE = "apiVersion: runai-registrar.io/v1alpha1\nkind: RunaiClusterRegistration\nmetadata: {name: gpu}\nspec: {}\n"


def test_other_objects_are_left_out() -> None:
    """Among other kinds, empty documents and texts, the registrations are found; lists are opened."""
    other = "apiVersion: v1\nkind: Secret\nmetadata: {name: gpu}\n"
    foreign = ONE.replace("runai-registrar.io", "example.com")
    listed = "kind: List\nitems:\n- " + ONE.replace("\n", "\n  ").rstrip()

    documents = ["", other, ONE, "text", foreign, listed, "[1]"]

    assert [each.name for each in read("\n---\n".join(documents), "it")] == ["gpu", "gpu"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "it is not YAML"),
        ("a: {{ .Values.a }}", "Templates must be rendered first"),
        ("a: !!python/object:os.system {}", "it is not YAML"),
        ("a: 2026-13-45", "such as a date that there is not"),
        ("a: \x00", "it holds a character that YAML does not allow (character 4)"),
        ("a: \ud800", "a character that YAML does not allow"),
        ("[" * 3000, "it is nested too deeply"),
        ("a: !!bool x", "a value in it is not what it looks like"),
        ("a: !!timestamp x", "a value in it is not what it looks like"),
        ("a: !!int ''", "a value in it is not what it looks like"),
        (ONE.replace("spec: {}", "spec: {version: 2.24}"), "spec.version"),
        (ONE.replace("spec: {}", "spec: none"), "spec"),
        (ONE.replace("spec: {}", ""), "spec"),
        (ONE.replace("metadata: {name: gpu}", "metadata: {}"), "metadata.name"),
        (ONE.replace("metadata: {name: gpu}", "metadata: gpu"), "metadata"),
        (ONE.replace("spec: {}", "spec: {mode: Sometimes}"), "spec.mode"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, says: str) -> None:
    """The message names the file and the place in it."""
    with pytest.raises(SettingsError, match=r"^it") as caught:
        read(text, "it")

    assert says in caught.value.message
