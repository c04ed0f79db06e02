"""The one DynamoDB table: key shapes, conditions and transactions, and nowhere else.

A user is a partition, so what belongs to somebody else cannot be addressed at all:

    pk               sk                                  what
    USER#<user>      PROFILE                             the account
    USER#<user>      SESSION#<session>                   a session and its counters; `started` feeds the index
    USER#<user>      SESSION#<session>#ATTEMPT#000001    an attempt, its evaluation, and the lease of who evaluates it
    USER#<user>      SESSION#<session>#KEY#<sha256>      an Idempotency-Key and the attempt that it made
    USER#<user>      REPLY#<session>#000001#<round>      the model's raw reply, for reprocessing; no request reads it
    USER#<user>      EVALUATION#<session>#000001#<round> an evaluation that a later round has replaced
    USER#<user>      ANSWERED#000001                     how often and when last the user has answered a question
    USER#<user>      QUOTA#2026-11-21                    attempts of one day (expires by TTL)
    EMAIL#<address>  EMAIL                               who owns the address, and the password's hash
    BREAKER          BREAKER                             until when the model must not be called

The local index `sessions_by_start` (pk, started) lists a user's sessions in order of time. Times are ISO 8601 in UTC
with microseconds, so that they sort as text; scores are whole tenths.

Invariants are conditions on the write that they concern, never a read before it. Where a reply may have been lost and
the same write is sent again, the failed condition shows the caller's own token, and that is read as "done".
"""

import hashlib
import random
import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from coach.errors import Busy, Conflict, NotFound, TooManyRequests
from coach.model import (
    Attempt,
    Category,
    Criterion,
    Evaluation,
    EvaluationRequest,
    Evaluator,
    Mode,
    Session,
    Status,
    User,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    Item = dict[str, Any]

SESSIONS_BY_START = "sessions_by_start"
WRITE_DEADLINE_SECONDS = 8.0
QUOTA_KEPT_DAYS = 2
REEVALUATION_LOST_DAYS = 2
"""After so long nobody is at work on a re-evaluation any more: its stream record or message has expired."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to evaluate one attempt: the attempt as it stands, and the token that the right is held by.

    `tries` counts the leases taken for this round, this one included; `unusable` the replies that made no sense.
    """

    attempt: Attempt
    token: str
    tries: int
    unusable: int


@dataclass(frozen=True, slots=True)
class Held:
    """Another worker evaluates the attempt, and has the right to until `until` (epoch seconds)."""

    until: int


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an e-mail address leads to."""

    user_id: str
    password_hash: str


class _ConditionsFailed(Exception):
    """A transaction changed nothing, because conditions failed: per action its item as it is, {} for "no such item",
    or None where the action's own condition held."""

    def __init__(self, found: "Sequence[Item | None]") -> None:
        super().__init__("a condition failed")
        self.found = found


class Table:
    """The table behind one DynamoDB client. `now` returns seconds since the epoch; a test may pass its own."""

    def __init__(self, client: "DynamoDBClient", name: str, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._name = name
        self._now = now

    # Accounts

    def register(self, user: User, password_hash: str) -> None:
        """Store a new account. Raises Conflict when the address is taken."""
        address = {"user_id": user.id, "password_hash": password_hash}
        try:
            self._transact(
                self._put(_email_key(user.email) | address, "attribute_not_exists(pk)"),
                self._put(_profile_key(user.id) | _user_item(user), "attribute_not_exists(pk)"),
            )
        except _ConditionsFailed as failed:
            owner = failed.found[0]
            if not owner or owner["user_id"] != user.id:
                raise Conflict("This e-mail address is already registered") from None

    def credentials(self, email: str) -> Credentials | None:
        """Who owns an address, or None."""
        item = self._get(_email_key(email))
        return Credentials(item["user_id"], item["password_hash"]) if item else None

    def signed_in(self, user_id: str) -> User | None:
        """Note that the user has signed in now, and return them; None when the account is gone or inactive."""
        try:
            item = self._update(
                _profile_key(user_id),
                "SET last_login = :now",
                "attribute_exists(pk) AND is_active = :yes",
                {":now": self._clock(), ":yes": True},
            )
        except _ConditionsFailed:
            return None
        return _user(item)

    def user(self, user_id: str) -> User:
        item = self._get(_profile_key(user_id))
        if not item:
            raise NotFound("User not found")
        return _user(item)

    # Sessions

    def create_session(self, session: Session) -> tuple[Session, bool]:
        """Store a session unless its id is there already: (the stored session, whether it is new).

        Raises Conflict when the id is there with other settings.
        """
        item = _session_item(session)
        try:
            self._put_if_new(item)
        except _ConditionsFailed as failed:
            stored = failed.found[0] or {}
            if _session(stored) == session:
                return session, True
            settings = ("category_filter", "mode", "timer_minutes")
            if any(stored.get(name) != item.get(name) for name in settings):
                raise Conflict("A session with this id exists with other settings") from None
            return _session(stored), False
        return session, True

    def session(self, user_id: str, session_id: str) -> Session:
        item = self._get(_session_key(user_id, session_id))
        if not item:
            raise NotFound("Session not found")
        return _session(item)

    def sessions(
        self, user_id: str, category: Category | None = None, *, after: str | None = None, page_size: int
    ) -> Iterator[tuple[Session, str]]:
        """A user's sessions, newest first, each with its position; `after` is the position to go on from.

        Pages of `page_size` items are read as they are needed.
        """
        query: dict[str, Any] = {
            "IndexName": SESSIONS_BY_START,
            "KeyConditionExpression": "pk = :pk",
            "ScanIndexForward": False,
        }
        values: Item = {":pk": _user_pk(user_id)}
        if category:
            query["FilterExpression"] = "category_filter = :category"
            values[":category"] = category
        if after:
            session_id = after.rpartition("#")[2]
            query["ExclusiveStartKey"] = _marshal(_session_key(user_id, session_id) | {"started": after})
        for item in self._query(query, values, page_size):
            yield _session(item), item["started"]

    def end_session(self, user_id: str, session_id: str) -> Session:
        """End a session, or return it as it is when it has ended."""
        try:
            item = self._update(
                _session_key(user_id, session_id),
                "SET ended_at = if_not_exists(ended_at, :now)",
                "attribute_exists(pk)",
                {":now": self._clock()},
            )
        except _ConditionsFailed:
            raise NotFound("Session not found") from None
        return _session(item)

    # Attempts

    def add_attempt(
        self,
        user_id: str,
        session_id: str,
        *,
        question_id: int,
        answer_text: str,
        time_spent_sec: int | None,
        idempotency_key: str | None,
        daily_limit: int,
    ) -> tuple[Attempt, bool]:
        """Store an answer as the session's next attempt, pending: (the attempt, whether it is new).

        The attempt, its count on the session and on the day's quota, and the idempotency key are one transaction.
        Raises NotFound for the session; Conflict when the session has ended or the key was used with another body;
        TooManyRequests when the day's quota is used up.
        """
        request = hashlib.sha256(repr((question_id, answer_text, time_spent_sec)).encode()).hexdigest()
        session_key = _session_key(user_id, session_id)
        key_key = _idempotency_key(user_id, session_id, idempotency_key) if idempotency_key else None
        session, used = self._get_both(session_key, key_key) if key_key else (self._get(session_key), {})
        deadline = self._deadline()
        token = uuid4().hex
        while True:
            if not session:
                raise NotFound("Session not found")
            if used:
                return self._replayed(user_id, session_id, used, request), False
            if "ended_at" in session:
                raise Conflict("The session has ended")
            attempt = Attempt(
                id=session["attempts_count"] + 1,
                user_id=user_id,
                session_id=session["id"],
                question_id=question_id,
                answer_text=answer_text,
                time_spent_sec=time_spent_sec,
                status=Status.PENDING,
                round=1,
                evaluation=None,
                failure=None,
                created_at=datetime.fromtimestamp(self._now(), UTC),
            )
            actions = [
                self._put(_attempt_item(attempt) | {"token": token}, "attribute_not_exists(pk)"),
                self._change(
                    session_key,
                    "ADD attempts_count :one",
                    "attempts_count = :before AND attribute_not_exists(ended_at)",
                    {":one": 1, ":before": session["attempts_count"]},
                ),
                self._count_on_quota(user_id, daily_limit),
                self._change(
                    _answered_key(user_id, question_id),
                    "ADD attempts :one SET last_at = :now",
                    None,
                    {":one": 1, ":now": _text(attempt.created_at)},
                ),
            ]
            if key_key:
                use = {"attempt_id": attempt.id, "request": request}
                actions.append(self._put(key_key | use, "attribute_not_exists(pk)"))
            try:
                self._transact(*actions)
            except _ConditionsFailed as failed:
                there, now_session, quota, _, *key = failed.found
                if there and there["token"] == token:
                    return attempt, True
                used = (key[0] if key else None) or {}
                if quota is not None and now_session is None and not used:
                    raise TooManyRequests(f"The limit of {daily_limit} answers a day is reached") from None
                # Another request was faster: decide again by what it left.
                session = session if now_session is None else now_session
                self._pause(deadline, "The session is being changed by other requests; try again")
            else:
                return attempt, True

    def attempt(self, user_id: str, session_id: str, attempt_id: int) -> Attempt:
        item = self._get(_attempt_key(user_id, session_id, attempt_id))
        if not item:
            raise NotFound("Attempt not found")
        return _attempt(item)

    def attempts(self, user_id: str, session_id: str, *, after: int | None = None, page_size: int) -> Iterator[Attempt]:
        """A session's attempts, oldest first, from the one behind number `after` on. Raises NotFound."""
        session_key = _session_key(user_id, session_id)
        query: dict[str, Any] = {"KeyConditionExpression": "pk = :pk AND sk BETWEEN :session AND :last"}
        values = {
            ":pk": session_key["pk"],
            ":session": session_key["sk"],
            ":last": f"{session_key['sk']}#ATTEMPT#~",
        }
        if after is not None:
            query["ExclusiveStartKey"] = _marshal(_attempt_key(user_id, session_id, after))
        items = self._query(query, values, page_size + 1)
        # The session's own item sorts before its attempts: one query finds out whether it exists as well.
        if after is None and next(items, None) is None:
            raise NotFound("Session not found")
        return map(_attempt, items)

    def has_answered(self, user_id: str, question_id: int) -> bool:
        return bool(self._get(_answered_key(user_id, question_id)))

    # Evaluation

    def request_evaluation(self, user_id: str, session_id: str, attempt_id: int) -> Status:
        """Make a failed attempt pending again; one that is pending stays so. Returns the status before.

        Raises NotFound, and Conflict when the attempt is evaluated.
        """
        try:
            self._transact(
                self._change(
                    _attempt_key(user_id, session_id, attempt_id),
                    "SET #status = :pending, tries = :none, unusable = :none ADD round :one "
                    "REMOVE failure, lease, lease_until",
                    "#status = :failed",
                    {":pending": Status.PENDING, ":failed": Status.FAILED, ":none": 0, ":one": 1},
                ),
                self._change(
                    _session_key(user_id, session_id),
                    "ADD failed_count :minus",
                    "attribute_exists(pk)",
                    {":minus": -1},
                ),
            )
        except _ConditionsFailed as failed:
            found = failed.found[0]
            if not found:
                raise NotFound("Attempt not found") from None
            if found["status"] == Status.EVALUATED:
                raise Conflict("The attempt is evaluated already") from None
            return Status.PENDING
        return Status.FAILED

    def request_reevaluation(self, attempt: Attempt) -> bool:
        """Have an evaluated attempt evaluated once more; what it has stands until then.

        True when that is under way, whoever asked for it; False when the attempt has changed since it was read. If it
        was under way when it was read, it is asked for anew only if it has been lost.
        """
        now = datetime.fromtimestamp(self._now(), UTC)
        values = {
            ":now": _text(now),
            ":again": "again",
            ":none": 0,
            ":one": 1,
            ":evaluated": Status.EVALUATED,
            ":round": attempt.round,
        }
        if attempt.reevaluating:
            free, values[":lost"] = "reevaluating < :lost", _text(now - timedelta(days=REEVALUATION_LOST_DAYS))
        else:
            free = "attribute_not_exists(reevaluating)"
        try:
            self._update(
                _attempt_key(attempt.user_id, attempt.session_id, attempt.id),
                "SET reevaluating = :now, asked = :again, tries = :none, unusable = :none, "
                "evaluation_round = if_not_exists(evaluation_round, round) ADD round :one "
                "REMOVE reevaluation_failure",
                f"#status = :evaluated AND round = :round AND {free}",
                values,
            )
        except _ConditionsFailed as failed:
            return "reevaluating" in (failed.found[0] or {})
        return True

    def all_attempts(self, user_id: str | None = None) -> "Iterator[Attempt]":
        """Every attempt of a user, or of everybody, in no order; pages are read as they are needed."""
        request: dict[str, Any] = {"FilterExpression": "attribute_exists(answer_text)"}
        if user_id is None:
            return map(_attempt, self._pages(self._client.scan, request, {}))
        request["KeyConditionExpression"] = "pk = :pk AND begins_with(sk, :sessions)"
        values = {":pk": _user_pk(user_id), ":sessions": "SESSION#"}
        return map(_attempt, self._pages(self._client.query, request, values))

    def take(self, request: EvaluationRequest, *, seconds: int) -> Lease | Held | None:
        """Take the lease of an attempt for `seconds`, and count the try.

        Held when another worker has it; None when there is nothing to do: the attempt is settled, asked for anew since
        (another round) or gone.
        """
        token = uuid4().hex
        now = int(self._now())
        try:
            item = self._update(
                _attempt_key(request.user_id, request.session_id, request.attempt_id),
                "SET lease = :token, lease_until = :until ADD tries :one REMOVE asked",
                "(#status = :pending OR attribute_exists(reevaluating)) AND round = :round "
                "AND (attribute_not_exists(lease) OR lease_until <= :now)",
                {
                    ":token": token,
                    ":until": now + seconds,
                    ":one": 1,
                    ":pending": Status.PENDING,
                    ":round": request.round,
                    ":now": now,
                },
            )
        except _ConditionsFailed as failed:
            item = failed.found[0] or {}
            open_ = item.get("status") == Status.PENDING or "reevaluating" in item
            if not open_ or item["round"] != request.round:
                return None
            if item["lease"] != token:
                return Held(item["lease_until"])
        return Lease(_attempt(item), token, item["tries"], item.get("unusable", 0))

    def release(self, lease: Lease, *, unusable: bool = False) -> None:
        """Give a lease back, so that the next delivery can have it at once; count an unusable reply."""
        attempt = lease.attempt
        try:
            self._update(
                _attempt_key(attempt.user_id, attempt.session_id, attempt.id),
                "REMOVE lease, lease_until ADD unusable :unusable",
                "lease = :token",
                {":token": lease.token, ":unusable": int(unusable)},
            )
        except _ConditionsFailed:
            return  # It has run out and is somebody else's, or the attempt is settled.

    def record(self, attempt: Attempt, evaluation: Evaluation) -> bool:
        """Write an evaluation and count it on the session, once: False when the attempt was settled before.

        `attempt` is what the lease was taken of. An evaluation that is replaced is kept in an item of its own, and the
        session's sum changes by the difference.
        """
        former = attempt.evaluation if attempt.reevaluating else None
        difference = evaluation.overall - (former.overall if former else 0)
        actions = [
            self._settle(
                attempt,
                "SET #status = :status, evaluation = :evaluation, evaluation_round = :round",
                {":status": Status.EVALUATED, ":evaluation": _evaluation_item(evaluation)},
            ),
            self._change(
                _session_key(attempt.user_id, attempt.session_id),
                "ADD scored_count :one, score_sum :score",
                "attribute_exists(pk)",
                {":one": 0 if former else 1, ":score": difference},
            ),
        ]
        if former:
            kept = {"session_id": attempt.session_id, "attempt_id": attempt.id, "round": attempt.evaluation_round}
            place = _round_key(attempt, "EVALUATION", attempt.evaluation_round)
            actions.append(self._put(place | kept | {"evaluation": _evaluation_item(former)}, None))
        if evaluation.raw_reply is not None:
            place = _round_key(attempt, "REPLY", attempt.round)
            actions.append(self._put(place | {"text": evaluation.raw_reply}, None))
        return self._applied(*actions)

    def fail(self, attempt: Attempt, failure: str) -> bool:
        """Mark an attempt failed, for a reason in a candidate's words, and count it on the session, once.

        An attempt that has an evaluation from before keeps it, and the reason is noted beside it.
        """
        if attempt.reevaluating:
            return self._applied(self._settle(attempt, "SET reevaluation_failure = :failure", {":failure": failure}))
        return self._applied(
            self._settle(
                attempt,
                "SET #status = :status, failure = :failure",
                {":status": Status.FAILED, ":failure": failure},
            ),
            self._change(
                _session_key(attempt.user_id, attempt.session_id),
                "ADD failed_count :one",
                "attribute_exists(pk)",
                {":one": 1},
            ),
        )

    def give_up(self, request: EvaluationRequest, failure: str) -> bool:
        """As `fail`, for an attempt that no worker will take again; False when it was settled meanwhile or is gone."""
        try:
            attempt = self.attempt(request.user_id, request.session_id, request.attempt_id)
        except NotFound:
            return False
        return attempt.round == request.round and self.fail(attempt, failure)

    def breaker(self) -> int:
        """Until when (epoch seconds) the model must not be called; 0 when it may be."""
        until: int = self._get(_BREAKER_KEY).get("until", 0)
        return until if until > self._now() else 0

    def trip_breaker(self, until: int) -> None:
        self._client.put_item(TableName=self._name, Item=_marshal(_BREAKER_KEY | {"until": until, "expires_at": until}))

    def answers(self) -> bool:
        """Whether the database answers when it is asked for an item."""
        try:
            self._get(_BREAKER_KEY)
        except (BotoCoreError, ClientError):
            return False
        return True

    # What DynamoDB is asked

    def _get(self, key: "Item") -> "Item":
        """An item as it is now, {} when there is none."""
        reply = self._client.get_item(TableName=self._name, Key=_marshal(key), ConsistentRead=True)
        return _unmarshal(reply.get("Item", {}))

    def _get_both(self, first: "Item", second: "Item") -> "tuple[Item, Item]":
        """Two items in one call, each {} when there is none."""
        found: dict[str, Item] = {}
        wanted: list[Any] = [_marshal(first), _marshal(second)]
        deadline = self._deadline()
        while wanted:
            reply = self._client.batch_get_item(RequestItems={self._name: {"Keys": wanted, "ConsistentRead": True}})
            found |= {item["sk"]: item for item in map(_unmarshal, reply["Responses"].get(self._name, []))}
            unprocessed: Any = reply.get("UnprocessedKeys", {})
            wanted = unprocessed[self._name]["Keys"] if unprocessed else []
            if wanted:
                self._pause(deadline, "The database is busy; try again")
        return found.get(first["sk"], {}), found.get(second["sk"], {})

    def _query(self, query: dict[str, Any], values: "Item", page_size: int) -> "Iterator[Item]":
        return self._pages(self._client.query, query | {"Limit": page_size}, values)

    def _pages(self, call: Callable[..., Any], request: dict[str, Any], values: "Item") -> "Iterator[Item]":
        """What a query or a scan finds, page by page."""
        request = {"TableName": self._name, "ConsistentRead": True, **request}
        if values:
            request["ExpressionAttributeValues"] = _marshal(values)
        while True:
            reply = call(**request)
            yield from map(_unmarshal, reply["Items"])
            if "LastEvaluatedKey" not in reply:
                return
            request["ExclusiveStartKey"] = reply["LastEvaluatedKey"]

    def _put_if_new(self, item: "Item") -> None:
        action = self._put(item, "attribute_not_exists(pk)")["Put"]
        self._once_free(lambda: self._client.put_item(**action))

    def _update(self, key: "Item", update: str, condition: str, values: "Item") -> "Item":
        """Change one item and return it as it is then. Raises _ConditionsFailed with the item as it is instead."""
        action = self._change(key, update, condition, values)["Update"]
        reply = self._once_free(lambda: self._client.update_item(**action, ReturnValues="ALL_NEW"))
        return _unmarshal(reply["Attributes"])

    def _once_free(self, call: Callable[[], Any]) -> Any:
        """Make a conditional write of one item, waiting for transactions that hold the item."""
        deadline = self._deadline()
        while True:
            try:
                return call()
            except self._client.exceptions.ConditionalCheckFailedException as failed:
                raise _ConditionsFailed([_unmarshal(cast("Item", failed.response.get("Item", {})))]) from None
            except self._client.exceptions.TransactionConflictException:
                self._pause(deadline, "The database is busy; try again")

    def _transact(self, *actions: "TransactWriteItemTypeDef") -> None:
        """Apply all actions or none. Raises _ConditionsFailed; waits out conflicts, which boto3 does not."""
        deadline = self._deadline()
        while True:
            try:
                self._client.transact_write_items(TransactItems=actions)
            except self._client.exceptions.TransactionCanceledException as cancelled:
                reasons: Any = cancelled.response["CancellationReasons"]
                codes = {reason.get("Code", "None") for reason in reasons} - {"None"}
                if "ConditionalCheckFailed" in codes:
                    raise _ConditionsFailed([_found(reason) for reason in reasons]) from None
                if not codes <= {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}:
                    raise
                self._pause(deadline, "The database is busy; try again")
            else:
                return

    def _applied(self, *actions: "TransactWriteItemTypeDef") -> bool:
        try:
            self._transact(*actions)
        except _ConditionsFailed:
            return False
        return True

    def _deadline(self) -> float:
        return time.monotonic() + WRITE_DEADLINE_SECONDS

    def _pause(self, deadline: float, otherwise: str) -> None:
        """Wait a moment, of another length each time, before a write is tried again. Raises Busy after the deadline."""
        if time.monotonic() > deadline:
            raise Busy(otherwise)
        time.sleep(random.uniform(0.005, 0.06))

    def _put(self, item: "Item", condition: str | None) -> "TransactWriteItemTypeDef":
        put: Any = {"TableName": self._name, "Item": _marshal(item)}
        if condition:
            put |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        return {"Put": put}

    def _change(self, key: "Item", update: str, condition: str | None, values: "Item") -> "TransactWriteItemTypeDef":
        change: Any = {
            "TableName": self._name,
            "Key": _marshal(key),
            "UpdateExpression": update,
            "ExpressionAttributeValues": _marshal(values),
        }
        if condition:
            change |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if "#status" in update or "#status" in (condition or ""):
            change |= {"ExpressionAttributeNames": {"#status": "status"}}
        return {"Update": change}

    def _settle(self, attempt: Attempt, update: str, values: "Item") -> "TransactWriteItemTypeDef":
        """Bring an attempt's round to its end, if it is the round that was worked on and has not ended before."""
        if attempt.reevaluating:
            is_open, status = "attribute_exists(reevaluating) AND #status = :before", Status.EVALUATED
        else:
            is_open, status = "#status = :before", Status.PENDING
        return self._change(
            _attempt_key(attempt.user_id, attempt.session_id, attempt.id),
            f"{update} REMOVE lease, lease_until, reevaluating, asked",
            f"{is_open} AND round = :round",
            values | {":before": status, ":round": attempt.round},
        )

    def _count_on_quota(self, user_id: str, daily_limit: int) -> "TransactWriteItemTypeDef":
        today = datetime.fromtimestamp(self._now(), UTC)
        return self._change(
            {"pk": _user_pk(user_id), "sk": f"QUOTA#{today:%Y-%m-%d}"},
            "ADD attempts :one SET expires_at = :expires",
            "attribute_not_exists(attempts) OR attempts < :limit",
            {
                ":one": 1,
                ":limit": daily_limit,
                ":expires": int((today + timedelta(days=QUOTA_KEPT_DAYS)).timestamp()),
            },
        )

    def _replayed(self, user_id: str, session_id: str, used: "Item", request: str) -> Attempt:
        if used["request"] != request:
            raise Conflict("This Idempotency-Key was used with another body")
        return self.attempt(user_id, session_id, used["attempt_id"])

    def _clock(self) -> str:
        return _text(datetime.fromtimestamp(self._now(), UTC))


# Keys

_UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_BREAKER_KEY: "Item" = {"pk": "BREAKER", "sk": "BREAKER"}


def _user_pk(user_id: str) -> str:
    return f"USER#{user_id}"


def _profile_key(user_id: str) -> "Item":
    return {"pk": _user_pk(user_id), "sk": "PROFILE"}


def _email_key(email: str) -> "Item":
    """One key for all spellings: in lower case, and composed, since a letter with accents can be spelt in two ways."""
    return {"pk": f"EMAIL#{unicodedata.normalize('NFC', email.lower())}", "sk": "EMAIL"}


def _session_key(user_id: str, session_id: str) -> "Item":
    """Raises NotFound for what cannot be a session's id, so that no other item is ever addressed as a session."""
    if not _UUID.fullmatch(session_id):
        raise NotFound("Session not found")
    return {"pk": _user_pk(user_id), "sk": f"SESSION#{session_id.lower()}"}


def _attempt_key(user_id: str, session_id: str, attempt_id: int) -> "Item":
    session = _session_key(user_id, session_id)
    return {"pk": session["pk"], "sk": f"{session['sk']}#ATTEMPT#{attempt_id:06d}"}


def _round_key(attempt: Attempt, kind: str, round_: int | None) -> "Item":
    """What is kept of one round of an attempt."""
    return {"pk": _user_pk(attempt.user_id), "sk": f"{kind}#{attempt.session_id}#{attempt.id:06d}#{round_}"}


def _answered_key(user_id: str, question_id: int) -> "Item":
    return {"pk": _user_pk(user_id), "sk": f"ANSWERED#{question_id:06d}"}


def _idempotency_key(user_id: str, session_id: str, key: str) -> "Item":
    session = _session_key(user_id, session_id)
    return {"pk": session["pk"], "sk": f"{session['sk']}#KEY#{hashlib.sha256(key.encode()).hexdigest()}"}


# Items


class _WholeNumbers(TypeDeserializer):
    """boto3's own, but numbers are ints: the table holds no others."""

    def _deserialize_n(self, value: str) -> int:
        return int(value)


_serialize = TypeSerializer().serialize
_deserialize = _WholeNumbers().deserialize


def _marshal(item: "Mapping[str, Any]") -> "Item":
    return {name: _serialize(value) for name, value in item.items() if value is not None}


def _unmarshal(item: "Mapping[str, Any]") -> "Item":
    return {name: _deserialize(value) for name, value in item.items()}


def _found(reason: "Mapping[str, Any]") -> "Item | None":
    """The item that a condition failed on ({} when there is none), or None when the condition held."""
    return _unmarshal(reason.get("Item", {})) if reason["Code"] == "ConditionalCheckFailed" else None


def _text(time_: datetime) -> str:
    return time_.astimezone(UTC).isoformat(timespec="microseconds")


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _user_item(user: User) -> "Item":
    return {
        "id": user.id,
        "email": user.email,
        "full_name": user.full_name,
        "is_active": user.is_active,
        "created_at": _text(user.created_at),
        "last_login": _text(user.last_login) if user.last_login else None,
    }


def _user(item: "Item") -> User:
    return User(
        id=item["id"],
        email=item["email"],
        full_name=item.get("full_name"),
        is_active=item["is_active"],
        created_at=datetime.fromisoformat(item["created_at"]),
        last_login=_time(item.get("last_login")),
    )


def _session_item(session: Session) -> "Item":
    return _session_key(session.user_id, session.id) | {
        "id": session.id,
        "user_id": session.user_id,
        "started": f"{_text(session.started_at)}#{session.id}",
        "category_filter": session.category_filter,
        "mode": session.mode,
        "timer_minutes": session.timer_minutes,
        "started_at": _text(session.started_at),
        "ended_at": _text(session.ended_at) if session.ended_at else None,
        "attempts_count": session.attempts_count,
        "scored_count": session.scored_count,
        "failed_count": session.failed_count,
        "score_sum": session.score_sum,
    }


def _session(item: "Item") -> Session:
    return Session(
        id=item["id"],
        user_id=item["user_id"],
        category_filter=Category(item["category_filter"]) if "category_filter" in item else None,
        mode=Mode(item["mode"]),
        timer_minutes=item.get("timer_minutes"),
        started_at=datetime.fromisoformat(item["started_at"]),
        ended_at=_time(item.get("ended_at")),
        attempts_count=item["attempts_count"],
        scored_count=item["scored_count"],
        failed_count=item["failed_count"],
        score_sum=item["score_sum"],
    )


def _attempt_item(attempt: Attempt) -> "Item":
    return _attempt_key(attempt.user_id, attempt.session_id, attempt.id) | {
        "id": attempt.id,
        "user_id": attempt.user_id,
        "session_id": attempt.session_id,
        "question_id": attempt.question_id,
        "answer_text": attempt.answer_text,
        "time_spent_sec": attempt.time_spent_sec,
        "status": attempt.status,
        "round": attempt.round,
        "created_at": _text(attempt.created_at),
    }


def _attempt(item: "Item") -> Attempt:
    return Attempt(
        id=item["id"],
        user_id=item["user_id"],
        session_id=item["session_id"],
        question_id=item["question_id"],
        answer_text=item["answer_text"],
        time_spent_sec=item.get("time_spent_sec"),
        status=Status(item["status"]),
        round=item["round"],
        evaluation=_evaluation(item["evaluation"]) if "evaluation" in item else None,
        failure=item.get("failure"),
        created_at=datetime.fromisoformat(item["created_at"]),
        evaluation_round=item.get("evaluation_round"),
        reevaluating=_time(item.get("reevaluating")),
        reevaluation_failure=item.get("reevaluation_failure"),
    )


def evaluation_request(image: "Mapping[str, Any]") -> EvaluationRequest:
    """From an attempt's image in a record of the table's stream."""
    item = _unmarshal(image)
    return EvaluationRequest(
        user_id=item["user_id"], session_id=item["session_id"], attempt_id=item["id"], round=item["round"]
    )


def _evaluation_item(evaluation: Evaluation) -> "Item":
    """Without the raw reply, which has an item of its own."""
    item = asdict(replace(evaluation, raw_reply=None)) | {"evaluated_at": _text(evaluation.evaluated_at)}
    return {name: value for name, value in item.items() if value is not None}


def _evaluation(item: "Item") -> Evaluation:
    return Evaluation(
        overall=item["overall"],
        framework=item["framework"],
        structure=item["structure"],
        completeness=item["completeness"],
        strengths=tuple(item["strengths"]),
        improvements=tuple(item["improvements"]),
        suggested_framework=item.get("suggested_framework"),
        example_point=item.get("example_point"),
        criteria=tuple(
            Criterion(
                name=criterion["name"],
                score=criterion["score"],
                evidence=tuple(criterion["evidence"]),
                comment=criterion["comment"],
            )
            for criterion in item["criteria"]
        ),
        evaluator=Evaluator(item["evaluator"]),
        model=item["model"],
        rubric_version=item["rubric_version"],
        evaluated_at=datetime.fromisoformat(item["evaluated_at"]),
        input_tokens=item["input_tokens"],
        output_tokens=item["output_tokens"],
        raw_reply=None,
        prompt=item.get("prompt"),
        effort=item.get("effort"),
        cost=item.get("cost"),
    )
