"""What the unit tests of the table, the worker and the pipeline share: fixtures only."""

from typing import TYPE_CHECKING

import pytest

from coach.model import Session
from coach.storage import Storage
from tests.unit.faults import Faults
from tests.unit.given import Clock, a_session
from tests.unit.schedules import Schedules

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(storage: Storage) -> Session:
    return storage.sessions.create(a_session())[0]


@pytest.fixture
def faults(dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Faults:
    return Faults(dynamodb, monkeypatch)


@pytest.fixture
def schedules(dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Schedules:
    return Schedules(dynamodb, monkeypatch)
