"""What the tests of pages share: fixtures only."""

from typing import TYPE_CHECKING

import pytest

from coach.storage import Storage
from tests.unit.given import Clock
from tests.unit.web.browsing import Browser

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def storage(dynamodb: "DynamoDBClient", clock: Clock) -> Storage:
    """With a clock that the test moves."""
    return Storage(dynamodb, "coach", now=clock)


@pytest.fixture
def ada(storage: Storage, functions: None) -> Browser:  # noqa: ARG001
    """A browser in which the user of the tests has signed in."""
    return Browser(storage)
