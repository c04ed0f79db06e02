"""Faults that a test puts around the calls of a DynamoDB client, and around other calls that it names."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Call = Callable[[], Any]
Fault = Callable[[Call], Any]


class Crash(BaseException):
    """The process dies here: no code of the project's handles it."""


class Faults:
    """Puts faults around a client's calls: each call takes the next fault; None lets it through."""

    def __init__(self, client: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self._faults: list[Fault | None] = []
        self._by_name: dict[str, list[Fault | None]] = {}
        original = client._make_api_call  # type: ignore[attr-defined]

        def call(operation: str, arguments: Any) -> Any:
            return self.around(operation, lambda: original(operation, arguments))

        monkeypatch.setattr(client, "_make_api_call", call)

    def next(self, *faults: Fault | None) -> None:
        """The faults of the calls from here on; `calls` begins anew."""
        self._faults = list(faults)
        self._by_name = {}
        self.calls = []

    def next_of(self, operation: str, fault: Fault | None, *, skip: int = 0) -> None:
        """The fault of the next call of one kind, or of that after so many."""
        self.next()
        self._by_name = {operation: [*[None] * skip, fault]}

    def around(self, name: str, call: Call) -> Any:
        """Make a call that is no call of the client's and yet a place where faults strike."""
        self.calls.append(name)
        queue = self._faults or self._by_name.get(name)
        fault = queue.pop(0) if queue else None
        return fault(call) if fault else call()


def crash_before(_: Call) -> Any:
    raise Crash


def crash_after(call: Call) -> Any:
    call()
    raise Crash


def reply_lost_and_sent_again(call: Call) -> Any:
    """The write is applied, its reply is lost, and the same request is sent once more."""
    call()
    return call()


def reply_lost(call: Call) -> Any:
    call()
    raise ReadTimeoutError(endpoint_url="http://dynamodb")


def transaction_conflict(_: Call) -> Any:
    reasons = [{"Code": "TransactionConflict"}, {"Code": "None"}]
    error = {"Error": {"Code": "TransactionCanceledException", "Message": "conflict"}, "CancellationReasons": reasons}
    raise _client_error("TransactionCanceledException", error)


def item_conflict(_: Call) -> Any:
    raise _client_error("TransactionConflictException", {"Error": {"Code": "TransactionConflictException"}})


def _client_error(name: str, response: Any) -> ClientError:
    import boto3

    client = boto3.client("dynamodb")
    error: ClientError = getattr(client.exceptions, name)(response, "Write")
    return error
