"""What the tests of the import share: fixtures only."""

from collections.abc import Iterator

import pytest

from bank_import.bank import Bank
from tests.unit.bank_import.tables import a_bank


@pytest.fixture
def bank() -> Iterator[Bank]:
    with a_bank() as bank:
        yield bank
