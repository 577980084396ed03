"""The page about the simulator names everything there is."""

from pathlib import Path
from typing import get_args

import pytest
from pydantic.alias_generators import to_camel

from runai_registrar.simulator import Settings
from runai_registrar.simulator.admin_api import admin_app
from runai_registrar.simulator.effects import Fault
from runai_registrar.simulator.garbage import Kind
from runai_registrar.simulator.simulator import Simulator

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
FAULTS = [effect.model_fields["fault"].default for effect in get_args(get_args(Fault)[0])]
PARAMS = {name for effect in get_args(get_args(Fault)[0]) for name in effect.model_fields} - {"fault"}
PATHS = sorted({resource.canonical for resource in admin_app(Simulator()).router.resources()})


@pytest.mark.parametrize("name", sorted(to_camel(name) for name in Settings.model_fields))
def test_every_setting_is_explained(name: str) -> None:
    """A setting has its place in the table, with its default."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| `") and f"`{name}`" in line.split("|")[1]]

    assert len(rows) == 1


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_explained(name: str) -> None:
    """A fault has one row."""
    assert sum(line.startswith(f"| `{name}` |") for line in PAGE.splitlines()) == 1


@pytest.mark.parametrize("name", sorted({*map(to_camel, PARAMS), *get_args(Kind)}))
def test_every_parameter_is_explained(name: str) -> None:
    """A parameter of a fault, and a kind of garbage, are named."""
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("path", PATHS)
def test_every_admin_path_is_explained(path: str) -> None:
    """A path of the admin port is in its table."""
    rows = [line for line in PAGE.splitlines() if line.startswith(("| `GET", "| `P", "| `D"))]

    assert any(f"{path.replace('{id}', '')}" in row for row in rows)
