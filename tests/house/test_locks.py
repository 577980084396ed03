"""requirements/*.txt agree with pyproject.toml, and with each other."""

from collections.abc import Iterator
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from house.repository import PROJECT, ROOT, locked, logical_lines

LOCKS = ["operator", "demo", "dev", "build"]


def group(name: str) -> Iterator[str]:
    """The requirements of a dependency group, included groups among them (PEP 735)."""
    entries: list[Any] = PROJECT["dependency-groups"][name]
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            yield from group(entry["include-group"])


def wanted(lock: str) -> list[Requirement]:
    """What pyproject.toml asks of a lock; the project itself is in none."""
    project = PROJECT["project"]
    extras = [text for texts in project["optional-dependencies"].values() for text in texts]
    asked = {
        "operator": project["dependencies"],
        "demo": [*project["dependencies"], *extras],
        "dev": [*project["dependencies"], *extras, *group("dev")],
        "build": list(group("build")),
    }[lock]
    return [requirement for requirement in map(Requirement, asked) if requirement.name != project["name"]]


@pytest.mark.parametrize("lock", LOCKS)
def test_dependencies_are_locked(lock: str) -> None:
    """Every dependency is pinned, to a version that pyproject.toml allows; if not: make lock."""
    pins = locked(lock)
    missing = []
    for requirement in wanted(lock):
        pin = pins.get(canonicalize_name(requirement.name))
        version = str(pin.specifier).removeprefix("==") if pin else ""
        if not version or not requirement.specifier.contains(version, prereleases=True):
            missing.append(f"{requirement}, locked: {version or 'nothing'}")

    assert missing == []


@pytest.mark.parametrize("lock", LOCKS)
def test_pins_are_exact_and_hashed(lock: str) -> None:
    """Every line is one version with its hashes; no line is an option (an index, a link)."""
    lines = logical_lines(ROOT / "requirements" / f"{lock}.txt")

    assert [line for line in lines if line.startswith("-") or "==" not in line or "--hash=sha256:" not in line] == []


@pytest.mark.parametrize(("narrow", "wide"), [("operator", "demo"), ("demo", "dev"), ("build", "dev")])
def test_locks_agree(narrow: str, wide: str) -> None:
    """What the image, the demo and the tests have in common is the same version everywhere."""
    inner, outer = locked(narrow), locked(wide)

    assert {name: str(pin) for name, pin in inner.items()} == {name: str(outer.get(name)) for name in inner}
