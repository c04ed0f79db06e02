"""The table's items in a SQLite file, so that no practice is lost when the emulator is killed.

The journal follows the table's stream, as anyone may with DynamoDB Streams, and puts the items back on the next start.
Only what the emulator deletes because of its TTL is missing from the stream: such an item stays until the next start.
"""

import base64
import json
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coach.storage.dynamo import marshal, unmarshal
from coach.storage.upgrade import missing
from local.errors import LocalError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

Item = dict[str, Any]
"""An item in DynamoDB's own notation: {"name": {"S": "..."}}, binary values as bytes."""


class Journal:
    """The items of one table, whose keys are the strings `pk` and `sk`. Raises LocalError for an unusable file."""

    def __init__(self, file: Path) -> None:
        # The table is followed from another thread than it is restored from, never at the same time.
        self._database = sqlite3.connect(file, timeout=2, check_same_thread=False)
        try:
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS item (pk TEXT, sk TEXT, json TEXT NOT NULL, PRIMARY KEY (pk, sk))"
            )
            self._database.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten as well
            (verdict,) = self._database.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            verdict = str(error)
        if verdict != "ok":
            self.close()
            raise LocalError(
                f"{file} cannot be used ({verdict}): close what holds it open, or move it away to start without it"
            )
        self._database.execute("PRAGMA busy_timeout = 8000")  # milliseconds; somebody may be looking into the file

    def restore(self, table: str, dynamodb: "DynamoDBClient") -> int:
        """Put all items back into the empty table, but for those whose time (TTL) is over; how many there were."""
        now = time.time()
        self.write([(item, None) for item in self.items() if _expires_at(item) < now])
        items = list(map(self._upgraded, self.items()))
        for start in range(0, len(items), 25):  # what BatchWriteItem takes
            requests: Any = {table: [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]}
            while requests:
                requests = dynamodb.batch_write_item(RequestItems=requests)["UnprocessedItems"]
        return len(items)

    def _upgraded(self, item: Item) -> Item:
        """The item as this version stores it; the journal gets it so when it changes."""
        sk = item["sk"]["S"]
        if not sk.startswith("SESSION#"):
            return item

        def questions_attempted() -> set[int]:
            attempts = (item["pk"]["S"], f"{sk}#ATTEMPT#*")
            found = self._database.execute("SELECT json FROM item WHERE pk = ? AND sk GLOB ?", attempts)
            return {int(json.loads(text)["question_id"]["N"]) for (text,) in found}

        return item | marshal(missing(unmarshal(item), questions_attempted))

    def follow(self, table: str, dynamodb: "DynamoDBClient", streams: "DynamoDBStreamsClient") -> "Follower":
        return Follower(self, table, dynamodb, streams)

    def write(self, changes: list[tuple[Item, Item | None]]) -> None:
        """Store changes in their order: each a key, and the new item or None where it was deleted."""
        with self._database:  # one transaction
            for key, item in changes:
                pk, sk = key["pk"]["S"], key["sk"]["S"]
                if item is None:
                    self._database.execute("DELETE FROM item WHERE pk = ? AND sk = ?", (pk, sk))
                else:
                    self._database.execute("REPLACE INTO item VALUES (?, ?, ?)", (pk, sk, to_json(item)))

    def items(self) -> list[Item]:
        return [from_json(text) for (text,) in self._database.execute("SELECT json FROM item ORDER BY pk, sk")]

    def close(self) -> None:
        self._database.close()


class Follower:
    """Brings a journal up to date with its table's stream, from the moment that this is made."""

    def __init__(
        self, journal: Journal, table: str, dynamodb: "DynamoDBClient", streams: "DynamoDBStreamsClient"
    ) -> None:
        self._journal = journal
        self._table = table
        self._dynamodb = dynamodb
        self._streams = streams
        self._lost = streams.exceptions
        self._iterator = self._latest()

    def catch_up(self) -> None:
        """Store all changes up to now."""
        while True:
            try:
                page = self._streams.get_records(ShardIterator=self._iterator)
            except (self._lost.ExpiredIteratorException, self._lost.TrimmedDataAccessException):
                self._start_over()  # the machine has slept for longer than an iterator lives
                return
            if not page["Records"]:
                self._iterator = page["NextShardIterator"]
                return
            changes = [record["dynamodb"] for record in page["Records"]]
            self._journal.write([(dict(change["Keys"]), change.get("NewImage")) for change in changes])
            self._iterator = page["NextShardIterator"]

    def _start_over(self) -> None:
        """Compare the journal with the whole table. What changes meanwhile is stored by the next `catch_up`."""
        self._iterator = self._latest()
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table, ConsistentRead=True)
        items: list[Item] = [dict(item) for page in pages for item in page["Items"]]
        kept = {(item["pk"]["S"], item["sk"]["S"]) for item in items}
        gone = [i for i in self._journal.items() if (i["pk"]["S"], i["sk"]["S"]) not in kept]
        self._journal.write([(item, None) for item in gone] + [(item, item) for item in items])

    def _latest(self) -> str:
        arn = self._dynamodb.describe_table(TableName=self._table)["Table"]["LatestStreamArn"]
        shards = self._streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        iterator = self._streams.get_shard_iterator(
            StreamArn=arn, ShardId=shards[-1]["ShardId"], ShardIteratorType="LATEST"
        )
        return iterator["ShardIterator"]


def _expires_at(item: Item) -> float:
    return float(item.get("expires_at", {}).get("N", "inf"))


def to_json(item: Item) -> str:
    """The item as DynamoDB sends it: binary values in base64, numbers as the text that they are."""
    return json.dumps(item, default=lambda value: base64.b64encode(value).decode(), separators=(",", ":"))


def from_json(text: str) -> Item:
    item: Item = json.loads(text, object_hook=_decoded)
    return item


def _decoded(value: dict[str, Any]) -> dict[str, Any]:
    match value:
        case {"B": str(data)}:
            return {"B": base64.b64decode(data)}
        case {"BS": [str(), *_] as data}:
            return {"BS": [base64.b64decode(part) for part in data]}
    return value
