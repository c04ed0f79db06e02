"""The journal against a real emulator: what it holds is what the table holds, and what comes back is what was there."""

import contextlib
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.storage import Storage
from coach.storage.dynamo import unmarshal
from local.emulator import Emulator, free_port
from local.errors import LocalError
from local.journal import Item, Journal, from_json, to_json
from tests.unit.former import as_before, practise

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

VALUES = st.recursive(
    st.one_of(
        st.builds(lambda text: {"S": text}, st.text()),
        st.builds(lambda number: {"N": str(number)}, st.decimals(allow_nan=False, allow_infinity=False)),
        st.builds(lambda data: {"B": data}, st.binary()),
        st.builds(lambda parts: {"BS": parts}, st.lists(st.binary(), min_size=1)),
        st.builds(lambda parts: {"SS": parts}, st.lists(st.text(), min_size=1)),
        st.builds(lambda value: {"BOOL": value}, st.booleans()),
        st.just({"NULL": True}),
    ),
    lambda children: st.one_of(
        st.builds(lambda values: {"L": values}, st.lists(children)),
        st.builds(lambda values: {"M": values}, st.dictionaries(st.sampled_from(["B", "BS", "M", "x"]), children)),
    ),
)


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    emulator = Emulator(tmp_path / "state", tmp_path / "emulator.log", known_port=free_port())
    emulator.client("dynamodb").create_table(
        TableName="coach",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    yield emulator
    emulator.kill()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "data.sqlite")
    yield journal
    journal.close()


@given(st.dictionaries(st.sampled_from(["pk", "B", "BS", "x"]), VALUES))
def test_an_item_comes_back_exactly(item: Item) -> None:
    assert from_json(to_json(item)) == item


def test_the_journal_is_the_table_after_any_writes(emulator: Emulator, journal: Journal) -> None:
    dynamodb = emulator.client("dynamodb")
    follower = journal.follow("coach", dynamodb, emulator.client("dynamodbstreams"))
    choose = random.Random(7)  # noqa: S311

    for step in range(300):
        write(dynamodb, choose, step)
        if step % 40 == 0:
            follower.catch_up()
    follower.catch_up()

    assert journal.items() == contents(dynamodb)
    assert len(journal.items()) > 20


def test_everything_is_put_back_into_an_empty_table(emulator: Emulator, journal: Journal) -> None:
    items: list[Item] = [
        {"pk": {"S": "USER#1"}, "sk": {"S": f"{i:03}"}, "data": {"B": bytes([i])}, "n": {"N": f"{i}.5"}, "e": {"S": ""}}
        for i in range(60)
    ]
    journal.write([(item, item) for item in items])

    restored = journal.restore("coach", emulator.client("dynamodb"))

    assert restored == 60
    assert contents(emulator.client("dynamodb")) == items


def test_what_has_expired_is_not_put_back_and_is_in_the_file_no_more(
    emulator: Emulator, journal: Journal, tmp_path: Path
) -> None:
    past, future = (
        {"pk": {"S": "USER#1"}, "sk": {"S": sk}, "expires_at": {"N": number}, "text": {"S": f"{sk} was written"}}
        for sk, number in (("past", "1000000000"), ("future", "100000000000"))
    )
    journal.write([(past, past), (future, future)])

    restored = journal.restore("coach", emulator.client("dynamodb"))

    assert restored == 1
    assert journal.items() == contents(emulator.client("dynamodb")) == [future]
    file = (tmp_path / "data.sqlite").read_bytes()
    assert b"future was written" in file
    assert b"past was written" not in file


def test_what_the_version_before_has_stored_is_put_back_as_this_one_stores_it(
    emulator: Emulator, journal: Journal, storage: Storage, dynamodb: "DynamoDBClient"
) -> None:
    practise(storage)
    expected = {item["sk"]["S"]: unmarshal(item) for item in dynamodb.scan(TableName="coach")["Items"]}
    as_before(dynamodb, "coach")
    journal.write([(dict(item), dict(item)) for item in dynamodb.scan(TableName="coach")["Items"]])

    journal.restore("coach", emulator.client("dynamodb"))

    restored = {
        item["sk"]["S"]: unmarshal(item) for item in emulator.client("dynamodb").scan(TableName="coach")["Items"]
    }
    for sk, item in expected.items():
        item.pop("exam", None)  # it is looked up where it is not known
        assert restored[sk] == item


def test_a_lost_place_in_the_stream_is_made_up_for(
    emulator: Emulator, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynamodb, streams = emulator.client("dynamodb"), emulator.client("dynamodbstreams")
    write(dynamodb, random.Random(1), 0)  # noqa: S311
    gone = {"pk": {"S": "USER#0"}, "sk": {"S": "gone"}}
    journal.write([(gone, gone)])
    follower = journal.follow("coach", dynamodb, streams)

    def expired(**_: str) -> None:
        raise streams.exceptions.ExpiredIteratorException({}, "GetRecords")

    with monkeypatch.context() as patched:
        patched.setattr(streams, "get_records", expired)
        follower.catch_up()
    write(dynamodb, random.Random(2), 1)  # noqa: S311
    follower.catch_up()

    assert journal.items() == contents(dynamodb)


def test_the_items_are_in_the_file_at_once(tmp_path: Path, journal: Journal) -> None:
    item = {"pk": {"S": "USER#1"}, "sk": {"S": "PROFILE"}}

    journal.write([(item, item)])

    with contextlib.closing(Journal(tmp_path / "data.sqlite")) as other:
        assert other.items() == [item]


@pytest.mark.parametrize("damage", [b"not a database at all " * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "data.sqlite"
    file.write_bytes(damage)

    with pytest.raises(LocalError, match=r"data\.sqlite"):
        Journal(file)

    assert file.read_bytes() == damage


def test_a_locked_file_is_named(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "data.sqlite", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(LocalError, match="locked"):
        Journal(tmp_path / "data.sqlite")

    other.close()


def write(dynamodb: Any, choose: random.Random, step: int) -> None:
    """One write of some kind to some of a few items."""
    keys = [{"pk": {"S": f"USER#{choose.randrange(5)}"}, "sk": {"S": f"{choose.randrange(12):02}"}} for _ in range(6)]
    first, second = ({**key} for key in ({**keys[0], "sk": {"S": "a"}}, {**keys[1], "sk": {"S": "b"}}))
    item = {"n": {"N": f"{step}.10"}, "data": {"B": bytes([step % 256, 255])}, "tags": {"SS": ["a", "b"]}}
    add = {"UpdateExpression": "ADD c :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    match choose.randrange(7):
        case 0 | 1:
            dynamodb.put_item(TableName="coach", Item=keys[0] | item)
        case 2:
            dynamodb.update_item(TableName="coach", Key=keys[0], **add)
        case 3:
            dynamodb.delete_item(TableName="coach", Key=keys[0])
        case 4:
            requests = [{"PutRequest": {"Item": key | item}} for key in (first, second)]
            dynamodb.batch_write_item(RequestItems={"coach": [*requests, {"DeleteRequest": {"Key": keys[2]}}]})
        case 5:
            dynamodb.transact_write_items(
                TransactItems=[
                    {"Put": {"TableName": "coach", "Item": first | item}},
                    {"Update": {"TableName": "coach", "Key": second, **add}},
                    {"Delete": {"TableName": "coach", "Key": keys[3]}},
                ]
            )
        case 6:
            with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
                dynamodb.transact_write_items(
                    TransactItems=[
                        {"Put": {"TableName": "coach", "Item": first | {"never": {"BOOL": True}}}},
                        {
                            "ConditionCheck": {
                                "TableName": "coach",
                                "Key": second,
                                "ConditionExpression": "attribute_exists(absent)",
                            }
                        },
                    ]
                )


def contents(dynamodb: Any) -> list[Item]:
    pages = dynamodb.get_paginator("scan").paginate(TableName="coach", ConsistentRead=True)
    return sorted(
        (item for page in pages for item in page["Items"]), key=lambda item: (item["pk"]["S"], item["sk"]["S"])
    )
