"""What a user takes along: all sessions, oldest first, each with its attempts, page after page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from coach.model import Attempt, Session
from coach.storage import keys
from coach.storage.attempts import attempt_of
from coach.storage.dynamo import Item, Table, marshal, size_of
from coach.storage.sessions import session_of

MOST_SESSIONS = 100
"""How many are on one page, since some may be empty. As many as one BatchGetItem takes."""
MOST_BYTES = 3_000_000
"""About how many are read for one page."""

POSITION = re.compile(f"[0-9T:.+-]{{32}}#{keys.UUID}#[0-9]{{6}}")
"""Where an export goes on: the time and id of a session, and the number of its last attempt before; 000000 for none."""


@dataclass(frozen=True, slots=True)
class Part:
    """A session, and those of its attempts that are on a page: their numbers follow one another without a gap."""

    session: Session
    attempts: Sequence[Attempt]


@dataclass(frozen=True, slots=True)
class ExportPage:
    """`onward` is the position to go on from; None at the end."""

    parts: Sequence[Part]
    onward: str | None


def position(session: Session, attempt_id: int) -> str:
    return _position(f"{keys.text_of(session.started_at)}#{session.id}", attempt_id)


class Exports:
    def __init__(self, table: Table) -> None:
        self._table = table

    def page(self, user_id: str, *, after: str | None = None, limit: int) -> ExportPage:
        """The next `limit` attempts at most, in their sessions, whole but for what an exam that goes on withholds.

        A session that goes on behind the page stands on the next one again. So it does where numbers skip, which an
        import may have left so: within a page they do not, or it could not be imported.
        """
        found: list[tuple[str, list[Attempt]]] = []
        onward, last = None, after
        left, size = limit, 0
        for started, number, has_attempts in self._sessions(user_id, after):
            if not left or size >= MOST_BYTES or len(found) == MOST_SESSIONS:
                onward = last
                break
            attempts: list[Attempt] = []
            for item in self._attempts(user_id, started, number or 0, left + 1) if has_attempts else ():
                is_next = not attempts or item["id"] == attempts[-1].id + 1
                if len(attempts) == left or size >= MOST_BYTES or not is_next:
                    onward = _position(started, attempts[-1].id)
                    break
                attempts.append(attempt_of(item))
                size += size_of(item)
            if attempts or number is None:
                found.append((started, attempts))
                last = _position(started, attempts[-1].id if attempts else 0)
            if onward:
                break
            left -= len(attempts)
        return ExportPage(self._shown(user_id, found), onward)

    def _sessions(self, user_id: str, after: str | None) -> Iterator[tuple[str, int | None, bool]]:
        """The sessions from a position on, as the index names them: whether it may have attempts, and for the one that
        goes on the number behind which they are to be read."""
        query: dict[str, Any] = {"IndexName": keys.SESSIONS_BY_START, "KeyConditionExpression": "pk = :pk"}
        query["Limit"] = MOST_SESSIONS + 1
        if after:
            started, _, number = after.rpartition("#")
            yield started, int(number), True
            query["ExclusiveStartKey"] = marshal(keys.session(user_id, _session_id(started)) | {"started": started})
        for item in self._table.query(query, {":pk": keys.user(user_id)}):
            if "deletion" not in item:
                yield item["started"], None, item["attempts_count"] > 0

    def _attempts(self, user_id: str, started: str, number: int, page_size: int) -> Iterator[Item]:
        """A session's attempts behind a number."""
        before = keys.attempt(user_id, _session_id(started), number)["sk"]
        query = {"KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last", "Limit": page_size}
        # What sorts right behind that number, and behind all numbers.
        values = {":pk": keys.user(user_id), ":first": f"{before}+", ":last": f"{before.rpartition('#')[0]}#~"}
        return self._table.query(query, values)

    def _shown(self, user_id: str, found: Sequence[tuple[str, list[Attempt]]]) -> list[Part]:
        """Sessions are read after their attempts: what these tell may be shown if their exam is not open then."""
        items = self._table.get_all([keys.session(user_id, _session_id(started)) for started, _ in found])
        parts = []
        for item, (_, attempts) in zip(items, found, strict=True):
            if item and "deletion" not in item:
                session = session_of(item)
                shown = [replace(attempt, withheld=session.is_open_exam) for attempt in attempts]
                parts.append(Part(session, shown))
        return parts


def _position(started: str, number: int) -> str:
    return f"{started}#{number:06d}"


def _session_id(started: str) -> str:
    return started.rpartition("#")[2]
