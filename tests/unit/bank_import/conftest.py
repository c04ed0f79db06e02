"""What the tests of the import share: fixtures only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.bank_import.tables import a_bank


@pytest.fixture
def bank() -> Iterator[Path]:
    with a_bank() as bank:
        yield bank
