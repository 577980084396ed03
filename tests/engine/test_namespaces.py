"""Which namespaces may use a control plane."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest

from runai_registrar.engine.namespaces import MEMORY, Namespaces
from runai_registrar.errors import Absent, KubernetesError
from runai_registrar.kube import Kube
from runai_registrar.resources import AllowedNamespaces, LabelSelector, Metadata


class Labels:
    """The part of the API server that knows the labels of namespaces."""

    def __init__(self, **labels: Mapping[str, str]) -> None:
        self.labels: dict[str, Mapping[str, str]] = dict(labels)
        self.asked: list[str] = []

    async def namespace(self, name: str) -> Metadata:
        """Return the metadata of a namespace; Absent where there is none."""
        self.asked.append(name)
        if name not in self.labels:
            raise Absent(f"There is no namespace {name}.")
        return Metadata(name=name, uid=name, labels=self.labels[name])


class Refusing:
    """An API server that does not let namespaces be read."""

    async def namespace(self, name: str) -> Metadata:
        """Refuse."""
        raise KubernetesError(f"namespaces {name} is forbidden", status=403)


def namespaces(server: Labels | Refusing) -> Namespaces:
    """Return the answers of a process that asks this server."""
    return Namespaces(cast("Kube", server))


def rule(**spec: Any) -> AllowedNamespaces:
    """Return `spec.allowedNamespaces` as an administrator writes it."""
    return AllowedNamespaces.model_validate(spec)


GPU = rule(**{"from": "Selector", "selector": {"matchLabels": {"gpu": "yes"}}})


@pytest.mark.parametrize(
    ("allowed", "answers"),
    [
        (rule(), (True, True)),
        (rule(**{"from": "All"}), (True, True)),
        (rule(**{"from": "Names", "names": ["platform"]}), (True, False)),
        (rule(**{"from": "Names"}), (False, False)),
    ],
    ids=["default", "all", "names", "no-names"],
)
async def test_without_a_selector_nothing_is_read(allowed: AllowedNamespaces, answers: tuple[bool, bool]) -> None:
    """All and Names are answered from the spec alone, without rights to read namespaces."""
    server = Labels()
    asked = namespaces(server)

    assert (await asked.allowed(allowed, "platform"), await asked.allowed(allowed, "other")) == answers
    assert server.asked == []


async def test_a_selector_is_held_against_the_labels() -> None:
    """A namespace is allowed when its labels match; one that does not exist has none."""
    asked = namespaces(Labels(platform={"gpu": "yes"}, other={"gpu": "no"}))

    assert [await asked.allowed(GPU, name) for name in ("platform", "other", "absent")] == [True, False, False]


async def test_an_empty_selector_matches_everything_and_none_matches_nothing() -> None:
    """As in Kubernetes: `{}` selects all; without a selector there is nothing to go by."""
    asked = namespaces(Labels(platform={}))

    assert await asked.allowed(rule(**{"from": "Selector", "selector": {}}), "platform")
    assert not await asked.allowed(rule(**{"from": "Selector"}), "platform")


async def test_labels_are_remembered_for_a_while() -> None:
    """Many registrations of a namespace ask the API server once."""
    server = Labels(platform={"gpu": "yes"})
    asked = namespaces(server)
    for _ in range(3):
        await asked.allowed(GPU, "platform")

    assert server.asked == ["platform"]


async def test_a_label_that_is_taken_away_is_noticed() -> None:
    """Who is let in or shut out by another label is told of it, once, and what is remembered is not read again."""
    server, told = Labels(platform={"gpu": "yes"}, other={"gpu": "no"}), list[str]()
    asked = namespaces(server)

    async def looks(*, later: bool = True) -> int:
        """Let the labels grow old, look, and return how often it has been told so far."""
        if later:
            asked._labels = {name: (at.earlier(MEMORY), labels) for name, (at, labels) in asked._labels.items()}
        asked.look("default", GPU, ("platform",), lambda: told.append("turned"))
        await asyncio.gather(*asked._reading.values())
        return len(told)

    assert await looks() == 0
    server.labels["platform"] = {}
    assert await looks(later=False) == 0
    assert [await looks(), await looks()] == [1, 1]
    assert not asked.known(GPU, "platform")
    server.labels["platform"] = {"gpu": "yes"}
    assert await looks() == 2
    assert server.asked == ["platform"] * 4
    await asked.aclose()


async def test_labels_are_not_read_for_nothing() -> None:
    """Without a selector nothing is read anew, and what may not be read turns nothing."""
    server, told = Labels(platform={}), list[str]()
    quiet, barred = namespaces(server), namespaces(Refusing())
    quiet.look("default", rule(), ("platform",), lambda: told.append("turned"))
    barred.look("default", GPU, ("platform",), lambda: told.append("turned"))
    await asyncio.gather(*barred._reading.values())

    assert (server.asked, told, quiet._reading) == ([], [], {})


def test_what_is_not_known_is_not_refused() -> None:
    """At the last moment before a call nothing is read: what was never read does not stop it."""
    asked = namespaces(Labels())

    assert asked.known(GPU, "platform")
    assert not asked.known(rule(**{"from": "Names", "names": ["other"]}), "platform")


async def test_what_cannot_be_read_is_not_taken_for_a_no() -> None:
    """Without rights to read namespaces there is an error, not a verdict on the namespace."""
    with pytest.raises(KubernetesError):
        await namespaces(Refusing()).allowed(GPU, "platform")


LABELS = {"tier": "gold", "gpu": "yes"}


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ({}, True),
        ({"matchLabels": {"tier": "gold"}}, True),
        ({"matchLabels": {"tier": "gold", "gpu": "no"}}, False),
        ({"matchLabels": {"absent": ""}}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["silver", "gold"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "In", "values": ["silver"]}]}, False),
        ({"matchExpressions": [{"key": "absent", "operator": "In", "values": ["x"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["silver"]}]}, True),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["gold"]}]}, False),
        ({"matchExpressions": [{"key": "absent", "operator": "NotIn", "values": ["x"]}]}, True),
        ({"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}, True),
        ({"matchExpressions": [{"key": "absent", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "absent", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "gpu", "operator": "DoesNotExist"}]}, False),
        ({"matchExpressions": [{"key": "gpu", "operator": "Newer"}]}, False),
        (
            {"matchLabels": {"gpu": "yes"}, "matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]},
            False,
        ),
    ],
    ids=str,
)
def test_selectors_match_as_in_kubernetes(selector: dict[str, Any], *, matches: bool) -> None:
    """Every requirement must be met; NotIn and DoesNotExist are met by a label that is not there."""
    assert LabelSelector.model_validate(selector).matches(LABELS) is matches
