"""What each endpoint asks of DynamoDB: the calls on its way, and the capacity units that they consume.

Counted on moto with typical items (an answer of 2,000 characters). Units follow DynamoDB's rules: a consistent read
costs one per 4 KB begun, a write one per KB begun, twice that in a transaction, and once more for an index that holds
the item.
"""

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws

from tests.conftest import USER, create_table, public_keys
from tests.unit.events import call

INDEXED_BY = "started", "at"
"""The sort keys of the indexes that hold an item whole, and an attempt's few bytes."""
ANSWER = "Drivers circle for ten minutes because nobody tells them where a place is free. " * 25


@dataclass
class Meter:
    """Counts what a client is asked for."""

    calls: list[str] = field(default_factory=list)
    read: int = 0
    written: int = 0

    def reset(self) -> None:
        self.calls, self.read, self.written = [], 0, 0


def measure() -> dict[str, tuple[list[str], int, int]]:
    """Per endpoint: the operations, and the read and write units."""
    with metered() as meter:
        found: dict[str, tuple[list[str], int, int]] = {}

        def sent(name: str, method: str, target: str, body: Any = None, **headers: str) -> Any:
            meter.reset()
            named = {key.replace("_", "-"): value for key, value in headers.items()}
            answer = call(method, target, body, user=USER, headers=named)
            if answer.status >= 400:
                raise RuntimeError(f"{name} answered {answer.status}: {answer.body}")
            found[name] = (list(meter.calls), meter.read, meter.written)
            return answer.json()

        answered = {"question_id": 1, "answer_text": ANSWER}
        session = sent("start a session", "POST", "/api/sessions", {})["id"]
        path = f"/api/sessions/{session}"
        sent("read a session", "GET", path)
        sent("list 1 session", "GET", "/api/sessions")
        sent("submit an answer", "POST", f"{path}/attempts", answered)
        sent("submit with an Idempotency-Key", "POST", f"{path}/attempts", answered, Idempotency_Key="k")
        sent("submit the same again", "POST", f"{path}/attempts", answered, Idempotency_Key="k")
        sent("read an attempt", "GET", f"{path}/attempts/1")
        sent("list 2 attempts", "GET", f"{path}/attempts")
        meter_failed(meter)
        sent("ask for an evaluation again", "POST", f"{path}/attempts/1/evaluation")
        sent("end a session", "POST", f"{path}/end")
        sent("list the categories", "GET", "/api/categories")
        sent("list the questions", "GET", "/api/questions")
        sent("read a question", "GET", "/api/questions/1")
        return found


def meter_failed(meter: Meter) -> None:
    """Mark the first attempt failed, unmetered."""
    from coach import aws

    [(session, _)] = aws.storage().sessions.newest_first(USER, page_size=1)
    aws.storage().evaluations.fail(aws.storage().attempts.get(USER, session.id, 1), "declined")
    meter.reset()


@contextmanager
def metered() -> Iterator[Meter]:
    """The functions on a table of moto's, with a meter on its client."""
    from coach import aws
    from coach.storage import Storage

    os.environ["TOKEN_PUBLIC_KEYS"] = public_keys()
    with mock_aws():
        client = boto3.client("dynamodb")
        create_table(client)
        meter = Meter()
        original = client._make_api_call  # type: ignore[attr-defined]

        def call_and_count(operation: str, arguments: dict[str, Any]) -> Any:
            reply = original(operation, arguments)
            meter.calls.append(operation)
            meter.read += sum(map(read_units, _items_read(operation, reply)))
            for item in _items_written(operation, arguments, original):
                meter.written += _write_units(item) * (2 if operation == "TransactWriteItems" else 1)
            return reply

        client._make_api_call = call_and_count  # type: ignore[attr-defined]
        with patch.object(aws, "storage", lambda: Storage(client, "coach")):
            yield meter


def _items_read(operation: str, reply: Mapping[str, Any]) -> list[list[Mapping[str, Any]]]:
    """The items of a reply, in the groups that are rounded up together."""
    if operation == "GetItem":
        return [[reply.get("Item", {})]]
    if operation == "BatchGetItem":
        return [[item] for items in reply["Responses"].values() for item in items] or [[{}]]
    if operation == "Query":
        return [reply["Items"]]
    return []


def _items_written(operation: str, arguments: Mapping[str, Any], get: Any) -> Iterator[Mapping[str, Any]]:
    if operation == "TransactWriteItems":
        actions = [(kind, action) for each in arguments["TransactItems"] for kind, action in each.items()]
    elif operation in ("PutItem", "UpdateItem"):
        actions = [(operation.removesuffix("Item"), arguments)]
    else:
        actions = []
    for kind, action in actions:
        if kind == "Put":
            yield action["Item"]
        else:
            yield get("GetItem", {"TableName": action["TableName"], "Key": action["Key"]})["Item"]


def read_units(items: list[Mapping[str, Any]]) -> int:
    return max(1, math.ceil(sum(map(size, items)) / 4096))


def _write_units(item: Mapping[str, Any]) -> int:
    whole, few_bytes = INDEXED_BY
    return math.ceil(size(item) / 1024) * (2 if whole in item else 1) + (few_bytes in item)


def size(item: Mapping[str, Any]) -> int:
    """About DynamoDB's: the bytes of names and values."""
    return sum(
        len(name.encode()) + len(json.dumps(value, ensure_ascii=False).encode()) - 9 for name, value in item.items()
    )
