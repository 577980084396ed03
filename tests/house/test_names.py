"""The repository names no place that only its authors have."""

import re

import pytest

from house.repository import ROOT, versioned_files

HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("crates", "io"),
        ("rubygems", "org"),
        ("conda", "anaconda", "org"),
    )
]
"""Package registries; put together here, as this file is looked at too."""

HOMES = [f"/{name}" for name in ("root", "work")]
"""Folders of the machines that the project is made on."""

FOREIGN = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, HOSTS))})\b|(?<![\w.}})])(?:{'|'.join(HOMES)})/")


@pytest.mark.parametrize("text", [f"--index-url https://{HOSTS[0]}/simple", f"files.{HOSTS[1]}", f"at {HOMES[0]}/x"])
def test_foreign_name_is_found(text: str) -> None:
    """The search below finds what it is for."""
    assert FOREIGN.search(text)


def test_no_registry_and_no_machine_path() -> None:
    """No file names a package registry's host (a mirror must do as well) or a folder of somebody's machine."""
    found = []
    for path in versioned_files():
        for number, line in enumerate(path.read_bytes().decode(errors="replace").splitlines(), start=1):
            if FOREIGN.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")

    assert found == []
