"""How the table is asked: reads, conditional writes, transactions, and DynamoDB's own notation of items.

Invariants are conditions on the write that they concern, never a read before it. Where a reply may have been lost and
the same write is sent again, the failed condition shows the caller's own token, and that is read as "done".
"""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from coach.errors import Busy

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    Action: TypeAlias = TransactWriteItemTypeDef
else:
    Action = dict[str, Any]

Item = dict[str, Any]

WRITE_DEADLINE_SECONDS = 8.0
BATCH_KEYS = 100
"""As many as one BatchGetItem takes."""

_RESERVED = re.compile(r"#(\w+)")
_REFUSED_FOR_NOW = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
    }
)


class ConditionsFailed(Exception):
    """A write changed nothing, because conditions failed: per action its item as it is, {} for "no such item",
    or None where the action's own condition held."""

    def __init__(self, found: Sequence[Item | None]) -> None:
        super().__init__("a condition failed")
        self.found = found


@dataclass(frozen=True, slots=True)
class ItemPage:
    """What one request of a query has read, as DynamoDB writes it. `last` is the key to go on from, {} at the end."""

    items: Sequence[Item]
    last: Item


class Table:
    """The table behind one DynamoDB client. `now` returns seconds since the epoch; a test may pass its own.

    What is asked raises Busy when the database does not answer, or refuses for now.
    """

    def __init__(self, client: "DynamoDBClient", name: str, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._name = name
        self.now = now

    def beside(self, name: str) -> "Table":
        """Another table, of the same account."""
        return Table(self._client, name, self.now)

    @property
    def moment(self) -> datetime:
        """Now, as a time."""
        return datetime.fromtimestamp(self.now(), UTC)

    # Reading

    def get(self, key: Item) -> Item:
        """An item as it is now, {} when there is none."""
        reply = self._ask("get_item", TableName=self._name, Key=marshal(key), ConsistentRead=True)
        return unmarshal(reply.get("Item", {}))

    def get_all(self, keys: Sequence[Item]) -> list[Item]:
        """Several items, each {} when there is none; in one call if DynamoDB takes them in one."""
        found: dict[tuple[str, str], Item] = {}
        wanted: list[Any] = [marshal(key) for key in keys]
        deadline = self.deadline()
        while wanted:
            part, rest = wanted[:BATCH_KEYS], wanted[BATCH_KEYS:]
            reply = self._ask("batch_get_item", RequestItems={self._name: {"Keys": part, "ConsistentRead": True}})
            items = map(unmarshal, reply["Responses"].get(self._name, []))
            found |= {(item["pk"], item["sk"]): item for item in items}
            unprocessed: Any = reply.get("UnprocessedKeys", {})
            refused = unprocessed[self._name]["Keys"] if unprocessed else []
            wanted = refused + rest
            if refused:
                self.pause(deadline, "The database is busy; try again")
        return [found.get((key["pk"], key["sk"]), {}) for key in keys]

    def query(self, query: Mapping[str, Any], values: Item) -> Iterator[Item]:
        """What a query finds. Pages are read as they are needed."""
        return self._pages("query", query, values)

    def pages(self, query: Mapping[str, Any], values: Item) -> Iterator["ItemPage"]:
        """As `query`, page after page in DynamoDB's own notation: what is large is read faster by who knows it."""
        for reply in self._replies("query", query, values):
            yield ItemPage(reply["Items"], unmarshal(reply.get("LastEvaluatedKey", {})))

    def scan(self, scan: Mapping[str, Any]) -> Iterator[Item]:
        """What is in the whole table, in no order. Pages are read as they are needed."""
        return self._pages("scan", scan, {})

    def is_reachable(self) -> bool:
        """Whether the database answers when it is asked for an item."""
        try:
            self.get({"pk": "HEALTH", "sk": "HEALTH"})
        except (Busy, BotoCoreError, ClientError):
            return False
        return True

    # Writing

    def put_if_new(self, item: Item) -> None:
        """Raises ConditionsFailed when the key is taken."""
        action = self.put(item, "attribute_not_exists(pk)")["Put"]
        self._once_free(lambda: self._ask("put_item", **action))

    def overwrite(self, item: Item) -> None:
        self._ask("put_item", TableName=self._name, Item=marshal(item))

    def delete(self, key: Item) -> None:
        self._ask("delete_item", TableName=self._name, Key=marshal(key))

    def update(self, key: Item, update: str, condition: str, values: Item) -> Item:
        """Change one item and return it as it is then. Raises ConditionsFailed with the item as it is instead."""
        action = self.change(key, update, condition, values)["Update"]
        reply = self._once_free(lambda: self._ask("update_item", **action, ReturnValues="ALL_NEW"))
        return unmarshal(reply["Attributes"])

    def transact(self, *actions: Action) -> None:
        """Apply all actions or none. Raises ConditionsFailed; waits out conflicts, which boto3 does not."""
        deadline = self.deadline()
        while True:
            try:
                self._ask("transact_write_items", TransactItems=actions)
            except self._client.exceptions.TransactionCanceledException as cancelled:
                reasons: Any = cancelled.response["CancellationReasons"]
                codes = {reason.get("Code", "None") for reason in reasons} - {"None"}
                if "ConditionalCheckFailed" in codes:
                    raise ConditionsFailed([_found(reason) for reason in reasons]) from None
                if not codes <= {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}:
                    raise
                self.pause(deadline, "The database is busy; try again")
            else:
                return

    def applied(self, *actions: Action) -> bool:
        """Whether all actions were applied: False when conditions failed."""
        try:
            self.transact(*actions)
        except ConditionsFailed:
            return False
        return True

    def put(self, item: Item, condition: str | None = None) -> Action:
        """The action that puts an item."""
        put: Any = {"TableName": self._name, "Item": marshal(item)}
        if condition:
            put |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        return {"Put": put}

    def change(self, key: Item, update: str, condition: str | None, values: Item) -> Action:
        """The action that updates an item. Attributes that are reserved words are written with a #, as in `#status`."""
        change: Any = {
            "TableName": self._name,
            "Key": marshal(key),
            "UpdateExpression": update,
            "ExpressionAttributeValues": marshal(values),
        }
        if condition:
            change |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if reserved := set(_RESERVED.findall(f"{update} {condition}")):
            change |= {"ExpressionAttributeNames": {f"#{name}": name for name in reserved}}
        return {"Update": change}

    def check(self, key: Item, condition: str = "attribute_exists(pk)", values: Item | None = None) -> Action:
        """The action that changes nothing, and fails where an item is not as it should be."""
        return cast("Action", {"ConditionCheck": self._conditional(key, condition, values)})

    def removal(self, key: Item, condition: str = "attribute_exists(pk)", values: Item | None = None) -> Action:
        """The action that deletes an item."""
        return cast("Action", {"Delete": self._conditional(key, condition, values)})

    def _conditional(self, key: Item, condition: str, values: Item | None) -> Item:
        action: Item = {
            "TableName": self._name,
            "Key": marshal(key),
            "ConditionExpression": condition,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if values:
            action["ExpressionAttributeValues"] = marshal(values)
        if reserved := set(_RESERVED.findall(condition)):
            action["ExpressionAttributeNames"] = {f"#{name}": name for name in reserved}
        return action

    def deadline(self) -> float:
        """Until when a write may be tried again, on the monotonic clock."""
        return time.monotonic() + WRITE_DEADLINE_SECONDS

    def pause(self, deadline: float, otherwise: str) -> None:
        """Wait a moment, of another length each time, before a write is tried again. Raises Busy after the deadline."""
        if time.monotonic() > deadline:
            raise Busy(otherwise)
        time.sleep(random.uniform(0.005, 0.06))

    def _pages(self, operation: str, request: Mapping[str, Any], values: Item) -> Iterator[Item]:
        for reply in self._replies(operation, request, values):
            yield from map(unmarshal, reply["Items"])

    def _replies(self, operation: str, request: Mapping[str, Any], values: Item) -> Iterator[Any]:
        request = {"TableName": self._name, "ConsistentRead": True, **request}
        if values:
            request["ExpressionAttributeValues"] = marshal(values)
        if reserved := set(_RESERVED.findall(" ".join(text for text in request.values() if isinstance(text, str)))):
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in reserved}
        while True:
            reply = self._ask(operation, **request)
            yield reply
            if "LastEvaluatedKey" not in reply:
                return
            request["ExclusiveStartKey"] = reply["LastEvaluatedKey"]

    def _once_free(self, call: Callable[[], Any]) -> Any:
        """Make a conditional write of one item, waiting for transactions that hold the item."""
        deadline = self.deadline()
        while True:
            try:
                return call()
            except self._client.exceptions.ConditionalCheckFailedException as failed:
                raise ConditionsFailed([unmarshal(cast("Item", failed.response.get("Item", {})))]) from None
            except self._client.exceptions.TransactionConflictException:
                self.pause(deadline, "The database is busy; try again")

    def _ask(self, operation: str, **request: Any) -> Any:
        """Call the client, which has tried several times by the time it raises."""
        try:
            return getattr(self._client, operation)(**request)
        except (HTTPClientError, NoConnection) as error:
            raise Busy("The database does not answer; try again in a moment") from error
        except ClientError as error:
            if error.response["Error"]["Code"] in _REFUSED_FOR_NOW:
                raise Busy("The database is busy; try again in a moment") from error
            raise


# boto3 has these two as well, for more types; but importing any part of it imports all of it, at every start.


def _serialize(value: Any) -> Item:
    """A value in DynamoDB's notation. The table holds whole numbers only, no bytes, and sets of numbers only."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case Mapping():
            return {"M": {name: _serialize(each) for name, each in value.items()}}
        case list() | tuple():
            return {"L": [_serialize(each) for each in value]}
        case set() if value and all(type(each) is int for each in value):
            return {"NS": [str(each) for each in value]}
    raise TypeError(f"the table holds no {type(value).__name__}")


def _deserialize(value: Item) -> Any:
    """The reverse of `_serialize`."""
    [(kind, content)] = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return int(content)
        case "NULL":
            return None
        case "M":
            return {name: _deserialize(each) for name, each in content.items()}
        case "L":
            return [_deserialize(each) for each in content]
        case "NS":
            return {int(each) for each in content}
    raise TypeError(f"the table holds no {kind}")


def marshal(item: Mapping[str, Any]) -> Item:
    return {name: _serialize(value) for name, value in item.items() if value is not None}


def unmarshal(item: Mapping[str, Any]) -> Item:
    return {name: _deserialize(value) for name, value in item.items()}


def size_of(value: Any) -> int:
    """How many bytes DynamoDB counts for an item, or for a value in one, at most."""
    match value:
        case None | bool():
            return 1
        case int():
            return len(str(value)) // 2 + 2
        case str():
            return len(value.encode())
        case Mapping():
            inside = (len(name.encode()) + size_of(each) + 1 for name, each in value.items() if each is not None)
            return 3 + sum(inside)
        case _:
            return 3 + sum(size_of(each) + 1 for each in value)


def _found(reason: Mapping[str, Any]) -> Item | None:
    """The item that a condition failed on ({} when there is none), or None when the condition held."""
    return unmarshal(reason.get("Item", {})) if reason["Code"] == "ConditionalCheckFailed" else None
