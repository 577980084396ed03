"""Each cluster gets a name in Kubernetes: a valid one, its own, and always the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.clusters import TEXTS, cluster, uuid
from runai_registrar.gitops.naming import label, names

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@given(TEXTS)
def test_every_text_has_a_label(text: str) -> None:
    """Whatever a cluster is called, its label is one that Kubernetes accepts; a label is its own."""
    assert LABEL.fullmatch(label(text))
    assert label(label(text)) == label(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gpu-east", "gpu-east"),
        ("GPU West", "gpu-west"),
        ("gpu_1.lab", "gpu-1-lab"),
        ("Größe", "grosse"),
        ("--a--", "a"),
        ("日本語", "cluster"),
        ("", "cluster"),
        (f"{'a' * 62}-b", "a" * 62),
    ],
)
def test_a_label_resembles_the_text(text: str, expected: str) -> None:
    """Letters lose their accents, all else becomes a hyphen, and nothing left is `cluster`."""
    assert label(text) == expected


@given(st.lists(TEXTS, max_size=12), st.sets(st.sampled_from(["gpu", "cluster", "a", "yes"])))
def test_names_are_valid_and_different(texts: list[str], reserved: set[str]) -> None:
    """No two clusters share a name, none takes a reserved one, and all are valid."""
    given_names = names([cluster(text, number) for number, text in enumerate(texts)], {}, reserved)

    assert len(set(given_names.values())) == len(given_names) == len(texts)
    assert not reserved & set(given_names.values())
    assert all(LABEL.fullmatch(name) for name in given_names.values())


@given(st.lists(TEXTS, max_size=8), st.lists(TEXTS, max_size=4), st.randoms(use_true_random=False))
def test_younger_clusters_rename_nobody(old: list[str], new: list[str], chance: st.DataObject) -> None:
    """Whatever the order of the list, and whatever is created later, a cluster keeps its name."""
    clusters = [cluster(text, number) for number, text in enumerate([*old, *new])]
    before = names(clusters[: len(old)], {})
    shuffled = chance.sample(clusters, len(clusters))  # type: ignore[attr-defined]  # a random.Random, which hypothesis hides

    after = names(shuffled, {})

    assert {key: after[key] for key in before} == before


def test_collisions_take_the_uuid() -> None:
    """The oldest has the plain name; others get the first eight digits of their uuid behind it."""
    made = names([cluster("GPU East", 2), cluster("gpu-east", 1), cluster("x" * 70, 3), cluster("x" * 70, 4)], {})

    assert made[uuid(1)] == "gpu-east"
    assert made[uuid(2)] == "gpu-east-00000003"
    assert made[uuid(3)] == "x" * 63
    assert made[uuid(4)] == f"{'x' * 54}-00000005"


def test_a_name_made_to_collide_is_evaded() -> None:
    """A cluster that is called what another one would get as a way out costs that one a longer name."""
    bait = [cluster("gpu-00000004", 1), cluster(f"gpu-{uuid(3)}", 2)]
    made = names([cluster("gpu", 0), *bait, cluster("gpu", 3)], {})

    assert made[uuid(3)] == "gpu-2"


def test_registrations_keep_their_names() -> None:
    """A cluster that has a registration is called what that is called, although an older cluster would like it."""
    made = names([cluster("gpu", 1), cluster("other", 2)], {uuid(2): "gpu"})

    assert made == {uuid(1): "gpu-00000002", uuid(2): "gpu"}
