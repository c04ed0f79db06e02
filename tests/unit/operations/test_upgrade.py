"""What the version before has stored: how it looks to this one, and `make upgrade` on moto."""

from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

from coach.aws import EvaluationQueue
from coach.storage import Storage
from coach.storage.upgrade import missing
from operations.stacks import Stack, StackError
from operations.upgrade import main
from tests.conftest import USER, create_table
from tests.unit.former import NEW_ATTRIBUTES, as_before, practise
from tests.unit.given import Queue, a_session, a_user, add, an_evaluation, imbalances

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def former(dynamodb: "DynamoDBClient") -> Iterator[Storage]:
    """The table of the version before; `as_before` makes its items what that one has stored."""
    create_table(dynamodb, "former")
    yield Storage(dynamodb, "former")
    dynamodb.delete_table(TableName="former")


def upgrade(storage: Storage) -> int:
    stack = Stack(storage, cast("EvaluationQueue", Queue()), {}, "")
    return main(["--from", "former"], find=lambda _: stack)


def items(client: "DynamoDBClient", table: str) -> list[dict[str, Any]]:
    found = client.scan(TableName=table)["Items"]
    return sorted((dict(item) for item in found), key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def test_the_new_table_is_what_this_version_would_have_stored(
    storage: Storage, former: Storage, dynamodb: "DynamoDBClient"
) -> None:
    practise(former)
    expected = former.histories.of(USER)
    as_before(dynamodb, "former")

    assert upgrade(storage) == 0

    assert storage.histories.of(USER) == expected
    assert imbalances(dynamodb) == []
    untouched = [{name: item[name] for name in item if name not in NEW_ATTRIBUTES} for item in items(dynamodb, "coach")]
    assert untouched == items(dynamodb, "former")


def test_what_is_complete_lacks_nothing(former: Storage) -> None:
    practise(former)

    for item in former.table.scan({}):
        assert missing(item, lambda: {99}) == {}


def test_copying_once_more_changes_nothing(
    storage: Storage, former: Storage, dynamodb: "DynamoDBClient", capsys: pytest.CaptureFixture[str]
) -> None:
    (session, *_) = practise(former)
    as_before(dynamodb, "former")
    upgrade(storage)
    storage.evaluations.record(storage.attempts.get(USER, session.id, 3), an_evaluation())
    storage.sessions.end(USER, session.id)
    before = items(dynamodb, "coach")
    capsys.readouterr()

    assert upgrade(storage) == 0

    assert items(dynamodb, "coach") == before
    assert "Copied: 0." in capsys.readouterr().out


def test_an_interrupted_copy_is_gone_on_with(storage: Storage, former: Storage, dynamodb: "DynamoDBClient") -> None:
    practise(former)
    as_before(dynamodb, "former")
    upgrade(storage)
    complete = items(dynamodb, "coach")
    for item in complete[::3]:
        if "#ATTEMPT#" in item["sk"]["S"]:
            dynamodb.delete_item(TableName="coach", Key={name: item[name] for name in ("pk", "sk")})

    assert upgrade(storage) == 0

    assert items(dynamodb, "coach") == complete


def test_a_session_that_was_begun_anew_keeps_its_answers(
    storage: Storage, former: Storage, dynamodb: "DynamoDBClient", capsys: pytest.CaptureFixture[str]
) -> None:
    (session, *_) = practise(former)
    as_before(dynamodb, "former")
    storage.sessions.create(a_session(id=session.id, started_at=storage.table.moment))
    add(storage, session, question_id=9)

    assert upgrade(storage) == 1

    assert [each.question_id for each in storage.attempts.of_session(USER, session.id, page_size=9)] == [9]
    assert f"SESSION#{session.id}#ATTEMPT#000002" in capsys.readouterr().out


def test_an_address_that_was_registered_anew_stays_with_who_did(storage: Storage, former: Storage) -> None:
    former.accounts.register(a_user(), "hash")
    again = a_user()
    storage.accounts.register(again, "hash")

    assert upgrade(storage) == 1

    found = storage.accounts.credentials(again.email or "")
    assert found
    assert found.user_id == again.id


def test_without_a_table_or_a_stack_it_says_so(storage: Storage, capsys: pytest.CaptureFixture[str]) -> None:
    def none(_: Namespace) -> Stack:
        raise StackError("no stack is running")

    assert upgrade(storage) == 2
    assert "former cannot be copied" in capsys.readouterr().err
    assert main(["--from", "former"], find=none) == 2
    assert capsys.readouterr().err == "make upgrade: no stack is running\n"
