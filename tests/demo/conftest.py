"""A demo of the test's own."""

from pathlib import Path

import pytest

from demo.running import Demo
from runai_registrar.apiserver import ApiServerError, Search, find_or_make


@pytest.fixture(scope="session")
def _programs() -> None:
    """Have the API server's programs made before a demo is waited for."""
    try:
        find_or_make(Search.here())
    except ApiServerError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def demo(_programs: None, tmp_path: Path) -> Demo:
    """A demo that has not been started."""
    return Demo(tmp_path)
