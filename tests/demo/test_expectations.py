"""Each condition of the story, with a scene that meets it and scenes that do not."""

import pytest

from demo.scenes import ownerless, row, scene, there
from runai_registrar.demo.expectations import (
    Holds,
    deleting,
    every,
    gone,
    in_state,
    left_alone,
    plane_ready,
    registered,
)
from runai_registrar.demo.scene import Scene

GOOD = row(seen=there())
EAST = registered("gpu-east", cluster="gpu-east")
GONE = gone("gpu-east", cluster="gpu-east")
LEFT = left_alone("gpu-east", cluster="legacy")
DRAINING = row(ready="False", reason="Deleting", seen=there(draining=True))


@pytest.mark.parametrize(
    ("holds", "seen", "expected"),
    [
        pytest.param(plane_ready, scene(), True, id="control plane ready"),
        pytest.param(plane_ready, Scene(), False, id="no control plane"),
        pytest.param(EAST, scene(GOOD), True, id="registered"),
        pytest.param(EAST, scene(), False, id="no registration"),
        pytest.param(EAST, scene(row()), False, id="no cluster"),
        pytest.param(EAST, scene(row(ready="False", seen=there())), False, id="not ready"),
        pytest.param(EAST, scene(row(seen=there("oops"))), False, id="another name there"),
        pytest.param(EAST, scene(row(cluster="oops", seen=there())), False, id="another name here"),
        pytest.param(registered("gpu-east", cluster="gpu-east", origin="Adopted"), scene(GOOD), False, id="made"),
        pytest.param(in_state("gpu-east", "Connected"), scene(GOOD), True, id="connected"),
        pytest.param(in_state("gpu-east", "Connected"), scene(row(state="Unknown", seen=there())), False, id="late"),
        pytest.param(deleting("gpu-east"), scene(DRAINING), True, id="draining"),
        pytest.param(deleting("gpu-east"), scene(row(seen=there(draining=True))), False, id="not said here"),
        pytest.param(deleting("gpu-east"), scene(row(reason="Deleting", seen=there())), False, id="not asked there"),
        pytest.param(GONE, scene(), True, id="both gone"),
        pytest.param(GONE, scene(DRAINING), False, id="still here"),
        pytest.param(GONE, scene(ownerless("gpu-east")), False, id="still there"),
        pytest.param(LEFT, scene(ownerless("legacy")), True, id="left alone"),
        pytest.param(LEFT, scene(), False, id="taken away"),
        pytest.param(LEFT, scene(row(seen=there("legacy"))), False, id="still held"),
        pytest.param(every(EAST, GONE), scene(GOOD), False, id="not all"),
    ],
)
def test_condition(holds: Holds, seen: Scene, expected: bool) -> None:  # noqa: FBT001  # a column of the table above
    """A condition holds for exactly the scenes it speaks of."""
    assert holds(seen) is expected
