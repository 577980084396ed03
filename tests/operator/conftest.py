"""What the tests of this folder may use."""

from collections.abc import Callable, Iterator
from secrets import token_hex

import pytest

from install_secrets import Secret
from operators import House, Operator
from planes import ControlPlane, Simulated
from runai_registrar.simulator.server import Tls
from stage import Stage


@pytest.fixture
def secret(stage: Stage) -> Iterator[Secret]:
    """A name for the Secret of this test; nothing of that name is there before or afterwards."""
    secret = Secret(stage, f"install-{token_hex(4)}")
    yield secret
    if secret.there:
        secret.delete()


@pytest.fixture
def beside(house: House, operator: Operator) -> Iterator[Callable[..., Stage]]:
    """Makes another control plane and its stage each time it is called; the operator has not complained at the end."""
    known, made = len(operator.complaints()), list[Stage]()

    def another(tls: Tls | None = None, **spec: object) -> Stage:
        """Make one; fields of the spec win over those that fit a test."""
        simulator = Simulated(tls)
        made.append(Stage(house, simulator, ControlPlane(house, simulator).create_secret().create(**spec)))
        return made[-1]

    yield another
    for stage in made:
        stage.admin.clear_faults()
        stage.clear()
        stage.control_plane.remove()
        stage.simulator.close()
    assert operator.complaints()[known:] == []
