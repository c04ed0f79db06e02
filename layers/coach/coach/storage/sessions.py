"""Sessions and their counters, from which their stats are derived."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from coach.errors import Conflict, NotFound, Unauthorized
from coach.model import Category, Mode, Session
from coach.storage import keys
from coach.storage.accounts import Accounts
from coach.storage.dynamo import ConditionsFailed, Item, Table, marshal

POSITION = re.compile(f"[0-9T:.+-]{{32}}#{keys.UUID}")
"""Where a session stands: its time and its id."""

_SETTINGS = ("category_filter", "mode", "timer_minutes")
THERE = "attribute_exists(pk) AND attribute_not_exists(deletion)"
"""The condition that there is such a session: one whose deletion has begun is none any more."""


class Sessions:
    def __init__(self, table: Table, accounts: Accounts) -> None:
        self._table = table
        self._accounts = accounts

    def create(self, session: Session) -> tuple[Session, bool]:
        """Store a session unless its id is there already: (the stored session, whether it is new).

        Raises Conflict when the id is there with other settings, and Unauthorized when the account is not there, or its
        deletion has begun. Waits for the end of the deletion of a session that had the id before.
        """
        item = session_item(session)
        actions = [self._table.put(item, "attribute_not_exists(pk)"), self._accounts.living(session.user_id)]
        deadline = self._table.deadline()
        while True:
            try:
                self._table.transact(*actions)
            except ConditionsFailed as failed:
                stored, account = failed.found
                if account is not None:
                    raise Unauthorized from None
                if not stored or "deletion" in stored:
                    self._table.pause(deadline, "A session with this id is being deleted; try again")
                    continue
                if session_of(stored) == session:
                    return session, True
                if any(stored.get(name) != item.get(name) for name in _SETTINGS):
                    raise Conflict("A session with this id exists with other settings") from None
                return session_of(stored), False
            return session, True

    def get(self, user_id: str, session_id: str) -> Session:
        """Raises NotFound."""
        item = self._table.get(keys.session(user_id, session_id))
        if not is_there(item):
            raise NotFound("Session not found")
        return session_of(item)

    def newest_first(
        self, user_id: str, category: Category | None = None, *, after: str | None = None, page_size: int
    ) -> Iterator[tuple[Session, str]]:
        """A user's sessions, each with its position; `after` is the position to go on from.

        Pages of `page_size` items are read as they are needed; of whole megabytes where there is a filter, which
        DynamoDB applies to what it has read: one page holds some two thousand sessions, be they of the category or not.
        """
        query: dict[str, Any] = {
            "IndexName": keys.SESSIONS_BY_START,
            "KeyConditionExpression": "pk = :pk",
            "ScanIndexForward": False,
        }
        values: Item = {":pk": keys.user(user_id)}
        if category:
            query["FilterExpression"] = "category_filter = :category"
            values[":category"] = category
        else:
            query["Limit"] = page_size
        if after:
            session_id = after.rpartition("#")[2]
            query["ExclusiveStartKey"] = marshal(keys.session(user_id, session_id) | {"started": after})
        for item in self._table.query(query, values):
            yield session_of(item), item["started"]

    def end(self, user_id: str, session_id: str) -> Session:
        """End a session, or return it as it is when it has ended. Raises NotFound."""
        key = keys.session(user_id, session_id)
        end = "SET ended_at = if_not_exists(ended_at, :now)"
        values: Item = {":now": keys.text_of(self._table.moment)}
        try:
            item = self._table.update(key, end, f"{THERE} AND #mode <> :exam", values | {":exam": Mode.EXAM})
        except ConditionsFailed:
            # An exam, which is open no more from this moment on, or nothing.
            end = f"{end}, #at = :at REMOVE questions"
            try:
                item = self._table.update(key, end, THERE, values | {":at": keys.NO_TIME})
            except ConditionsFailed:
                raise NotFound("Session not found") from None
        return session_of(item)


def session_item(session: Session) -> Item:
    started = keys.text_of(session.started_at)
    return keys.session(session.user_id, session.id) | {
        "id": session.id,
        "user_id": session.user_id,
        "started": f"{started}#{session.id}",
        "category_filter": session.category_filter,
        "mode": session.mode,
        "timer_minutes": session.timer_minutes,
        "started_at": started,
        "ended_at": keys.text_of(session.ended_at) if session.ended_at else None,
        "attempts_count": session.attempts_count,
        "scored_count": session.scored_count,
        "failed_count": session.failed_count,
        "score_sum": session.score_sum,
        "follow_ups_count": session.follow_ups_count,
        "follow_ups_scored_count": session.follow_ups_scored_count,
        "at": keys.OPEN_EXAM if session.mode is Mode.EXAM else keys.NO_TIME,
    }


def is_there(item: Item) -> bool:
    """Whether an item that was read is such a session."""
    return bool(item) and "deletion" not in item


def session_of(item: Item) -> Session:
    return Session(
        id=item["id"],
        user_id=item["user_id"],
        category_filter=Category(item["category_filter"]) if "category_filter" in item else None,
        mode=Mode(item["mode"]),
        timer_minutes=item.get("timer_minutes"),
        started_at=datetime.fromisoformat(item["started_at"]),
        ended_at=keys.time_of(item.get("ended_at")),
        attempts_count=item["attempts_count"],
        scored_count=item["scored_count"],
        failed_count=item["failed_count"],
        score_sum=item["score_sum"],
        follow_ups_count=item.get("follow_ups_count", 0),
        follow_ups_scored_count=item.get("follow_ups_scored_count", 0),
    )
