"""docs/reference.md says what the CRDs say."""

from crds.reference import PAGE, render
from crds.schemas import EVERY_FIELD


def test_reference_is_up_to_date() -> None:
    """The page is what the generator makes of the CRDs (`python tests/crds/reference.py`)."""
    assert PAGE.read_text() == render()


def test_reference_names_every_field() -> None:
    """Every field of spec and status has a row."""
    rows = render()
    fields = [path.split(".", 2) for path in EVERY_FIELD if path.count(".") > 1]

    assert [name for _, _, name in fields if f"| `{name}` |" not in rows] == []
