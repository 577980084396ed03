"""What the tests of this folder may use."""

from collections.abc import Iterator
from secrets import token_hex

import pytest

from install_secrets import Secret
from stage import Stage


@pytest.fixture
def secret(stage: Stage) -> Iterator[Secret]:
    """A name for the Secret of this test; nothing of that name is there before or afterwards."""
    secret = Secret(stage, f"install-{token_hex(4)}")
    yield secret
    if secret.there:
        secret.delete()
