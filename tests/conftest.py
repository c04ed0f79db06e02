"""What the tests share: the environment of a function, the table of template.yaml on moto, and a signed-in user."""

import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from moto import mock_aws  # before any client is made: moto is in those that are made after this

from local.template import read

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from coach.storage import Storage

ROOT = Path(__file__).parent.parent
SEED = bytes(range(32))
USER = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"

# What is made up is made up alike in each run, on every machine: no change goes red for a mistake that was there before
# it, and a failure comes again. `pytest --hypothesis-profile=default` makes up anew. No deadlines: machines are busy.
settings.load_profile("ci")

# Functions read their environment while they are imported, as they do on Lambda.
os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_LAMBDA_FUNCTION_NAME": "test",
    "CORS_ORIGINS": "http://localhost:8002,http://127.0.0.1:8002",
    "DAILY_ATTEMPT_LIMIT": "200",
    "EVALUATOR": "offline",
    "LEASE_SECONDS": "95",
    "POWERTOOLS_METRICS_NAMESPACE": "test",
    "POWERTOOLS_SERVICE_NAME": "coach",
    "TABLE_NAME": "coach",
}


@cache
def template() -> dict[str, Any]:
    """template.yaml as a dict."""
    return read(ROOT / "template.yaml")


def create_table(client: "DynamoDBClient", name: str = "coach", accounts: Iterable[str] = (USER, OTHER)) -> None:
    """The table of template.yaml, under a name of the test's, with these accounts."""
    from coach.model import User
    from coach.storage import Storage

    properties = template()["Resources"]["Table"]["Properties"]
    schema = {
        key: properties[key] for key in ("AttributeDefinitions", "KeySchema", "LocalSecondaryIndexes", "BillingMode")
    }
    stream = {"StreamEnabled": True} | properties["StreamSpecification"]
    client.create_table(TableName=name, StreamSpecification=stream, **schema)
    for user in accounts:
        made: Any = {"full_name": None, "is_active": True, "created_at": datetime(2026, 11, 20, tzinfo=UTC)}
        Storage(client, name).accounts.register(
            User(id=user, email=f"{user}@example.com", last_login=None, **made), "hash"
        )


@pytest.fixture(scope="session")
def moto() -> Iterator["DynamoDBClient"]:
    """A DynamoDB client on moto. One thread only: moto is not safe under several."""
    import boto3

    with mock_aws():
        yield boto3.client("dynamodb")


@pytest.fixture
def dynamodb(moto: "DynamoDBClient") -> Iterator["DynamoDBClient"]:
    """A DynamoDB client on moto, with the table `coach`, empty."""
    create_table(moto)
    yield moto
    moto.delete_table(TableName="coach")


@pytest.fixture
def storage(dynamodb: "DynamoDBClient") -> "Storage":
    from coach.storage import Storage

    return Storage(dynamodb, "coach")


@pytest.fixture
def functions(storage: "Storage", monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the functions use the table on moto and accept tokens of `token`."""
    from coach import aws
    from coach.http.caller import forget_living

    monkeypatch.setenv("TOKEN_PUBLIC_KEYS", public_keys())
    for name in ("storage", "patient_storage"):
        monkeypatch.setattr(aws, name, lambda: storage)
    aws.verifier.cache_clear()
    forget_living()


def public_keys() -> str:
    """What the stack would put into TOKEN_PUBLIC_KEYS for the tests' key."""
    from coach.identity.tokens import SigningKey

    key = SigningKey.made(SEED)
    return json.dumps({key.kid: key.public_hex})


def token(user_id: str = USER, now: datetime | None = None) -> str:
    """A token for a user, signed with the tests' key."""
    from coach.identity.tokens import SigningKey

    return SigningKey.made(SEED).sign(user_id, now or datetime.now(UTC))
