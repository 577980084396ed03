"""One operator and one set of real objects in every state, for all tests of a module."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from gitops.states import States
from operators import House, Operator


@pytest.fixture(scope="module")
def states(house: House, operator: Operator) -> Iterator[States]:
    """Objects in every state that GitOps tools have to tell apart, as the API server shows them."""
    operator.allow("never learned whether")  # the creation whose answer is lost on purpose is given up in the end
    with ExitStack() as cleaning:
        yield States(house, cleaning)
