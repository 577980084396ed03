"""What is written and drawn of a scene."""

import io
from datetime import timedelta
from typing import Literal

import pytest
from rich.console import Console

from demo.scenes import CREATED, UUID, ownerless, row, scene, there
from runai_registrar.demo.plain import PlainView
from runai_registrar.demo.scene import Row, Scene
from runai_registrar.demo.table import headline, table
from runai_registrar.demo.view import age

WEST = row(
    "gpu-west",
    cluster="West Coast",
    state="MissingPrerequisites",
    seen=there("West Coast", "MissingPrerequisites"),
)


def written(*scenes: Scene) -> list[str]:
    """What plain lines say of scenes that follow each other, without their times."""
    out = io.StringIO()
    view = PlainView(out=out)
    for each in scenes:
        view.show(each)
    return [line.partition("] ")[2] for line in out.getvalue().splitlines()]


def drawn(seen: Scene, *, width: int = 80, colours: bool = False) -> list[str]:
    """The table on a terminal of so many columns."""
    system: Literal["standard"] | None = "standard" if colours else None
    console = Console(file=io.StringIO(), width=width, color_system=system, no_color=not colours)
    with console.capture() as capture:
        console.print(headline(seen.plane))
        console.print(table(seen))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_plain_lines_only_on_change() -> None:
    """A scene that did not change writes nothing; one registration that changed writes its line."""
    before, after = scene(row(seen=there()), WEST), scene(row(state="Unknown", seen=there()), WEST)

    assert len(written(before)) == 3
    assert written(before, before) == written(before)
    (line,) = written(before, before, after)[3:]
    assert line.startswith("gpu-east  READY True  Registered  STATE Unknown ")
    assert line.endswith("| control plane: gpu-east, Connected")


def test_plain_line_of_what_goes() -> None:
    """A registration that goes is said to be gone."""
    assert written(scene(row(seen=there())), scene())[2:] == ["gpu-east: gone"]


def test_an_adopted_cluster_is_not_said_to_be_gone() -> None:
    """A cluster without owner that a registration takes over has not gone anywhere."""
    lines = written(scene(ownerless("legacy")), scene(row("legacy", cluster="legacy", seen=there("legacy"))))

    assert lines[0] == f"(no registration)  | control plane: legacy, Connected, uuid {UUID[:8]}"
    assert [line.startswith("legacy ") for line in lines[2:]] == [True]


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits(width: int) -> None:
    """On a usual terminal each registration takes two lines with every word of the story whole."""
    lines = drawn(scene(WEST, ownerless()), width=width)

    assert lines[0] == "RunaiControlPlane default  True Reachable  clusters 2, managed 1"
    assert lines[1].split() == ["NAME", "READY", "REASON", "STATE", "CLUSTER", "UUID", "AGE"]
    assert lines[3].split()[:-1] == [
        *("gpu-west", "True", "Registered", "MissingPrerequisites", "West", "Coast", UUID[:8]),
    ]
    assert lines[4].split() == ["↳", "Run:ai", "MissingPrerequisites", "West", "Coast", UUID[:8]]
    assert [line.split()[:2] for line in lines[5:]] == [["no", "owner"], ["↳", "Run:ai"]]
    assert max(map(len, lines)) <= width


def test_the_table_does_not_jump() -> None:
    """The columns stay where they are when the words in them change."""
    waiting = drawn(scene(row(state="Unknown", seen=there(state="Unknown"))))
    missing = drawn(scene(WEST))

    assert waiting[1] == missing[1]


def test_long_words_do_not_push_columns_out() -> None:
    """A long reason or name is cut before the uuid is."""
    long = "a-name-as-long-as-names-can-become-in-kubernetes-if-somebody-tries"
    line = drawn(scene(row(long, reason="ControlPlaneUnreachable", cluster=long, seen=there(long))))[3]

    assert UUID[:8] in line
    assert len(line) <= 80


@pytest.mark.parametrize(
    ("seen", "marked"),
    [
        pytest.param(row(seen=there()), False, id="in step"),
        pytest.param(row(seen=there("oops")), True, id="another name"),
        pytest.param(row(seen=there(state="Disconnected")), True, id="another state"),
        pytest.param(ownerless(), False, id="no owner"),
    ],
)
def test_differences_stand_out(seen: Row, marked: bool) -> None:  # noqa: FBT001  # a column of the table above
    """What the control plane shows otherwise than Kubernetes is marked."""
    assert any("\x1b[1;30;43m" in line for line in drawn(scene(seen), colours=True)) is marked


def test_a_cluster_that_is_gone() -> None:
    """A registration whose cluster is gone says so; one that has none yet does not."""
    assert drawn(scene(row()))[4] == "↳ gone"
    assert drawn(scene(row(uuid="-")))[4] == "↳ -"


def test_nothing_yet() -> None:
    """Before the first object there is a headline that says so, and an empty table."""
    lines = drawn(Scene())

    assert lines[0] == "no RunaiControlPlane yet"
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172_800, "2d")],
)
def test_age(seconds: int, expected: str) -> None:
    """An age is written as kubectl writes it; a clock that is behind makes no negative one."""
    assert age(row(), CREATED + timedelta(seconds=seconds)) == expected
