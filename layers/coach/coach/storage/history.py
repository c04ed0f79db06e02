"""A user's history: all attempts in order of time, as the index of attempts tells them."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from coach.model import Attempt, Category, Evaluator, Status
from coach.progress.history import PastAttempt
from coach.storage import keys, rows
from coach.storage.attempts import attempt_of
from coach.storage.dynamo import Item, Table, marshal

FILTERED_ROWS = 1000
"""How many rows are read at once where a filter may leave out most of them,"""
MOST_ROWS = 5000
"""and about how many for one page: some 900 KB, 220 read units."""

POSITION = re.compile(f"([0-9]{{1,17}})#({keys.UUID})#([0-9]{{6}})")
"""Where an attempt stands: its time, its session and its number."""
_OPEN_EXAM = str(keys.OPEN_EXAM)


@dataclass(frozen=True)
class History:
    """`attempts` come oldest first; `sessions_count` is the number of all sessions, empty ones too.

    `open_exams` has the ids of the questions attempted in each session that is an exam and goes on.
    """

    attempts: list[PastAttempt]
    sessions_count: int
    open_exams: Mapping[str, frozenset[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which attempts are meant; None lets all pass. `since` is inclusive, `until` exclusive."""

    category: Category | None = None
    status: Status | None = None
    evaluator: Evaluator | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def leave_out(self) -> bool:
        """Whether some of what is read may not pass."""
        return any((self.category, self.status, self.evaluator))

    def let_pass(self, category: Category, status: Status, evaluator: Evaluator | None) -> bool:
        return (
            self.category in (None, category) and self.status in (None, status) and self.evaluator in (None, evaluator)
        )


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Attempts with their positions, and the position to go on from; None at the end."""

    attempts: Sequence[tuple[Attempt, str]]
    onward: str | None


@dataclass(frozen=True, slots=True)
class QuestionPage:
    """Attempts at one question with their positions, and `before` them the one, if any, that the first is compared
    with. `onward` is the position to go on from; None at the end."""

    before: Sequence[Attempt]
    attempts: Sequence[tuple[Attempt, str]]
    onward: str | None


class Histories:
    def __init__(self, table: Table) -> None:
        self._table = table

    def of(self, user_id: str, *, criteria: Collection[str] = ()) -> History:
        """All of a user's attempts, in one query. Of their criteria only those that are named are told.

        What is read of an attempt is judged by the exams that are open later, since these are read last.
        """
        query = {"KeyConditionExpression": "pk = :pk", "ProjectionExpression": "sk, #at, #row, questions"}
        items = self._read(query, {":pk": keys.user(user_id)})
        open_exams = _open_exams(items)
        attempts = list(_past(items, open_exams, criteria))
        sessions = {_session_id(item) for item in items}
        return History(attempts, len(sessions), open_exams)

    def open_exams(self, user_id: str) -> dict[str, frozenset[int]]:
        """The user's sessions that are exams and go on, each with the ids of the questions attempted in it.

        Read after attempts, never before: what these tell may be shown if its exam is not open now.
        """
        query = {"KeyConditionExpression": "pk = :pk AND #at = :open", "ProjectionExpression": "sk, #at, questions"}
        return _open_exams(self._read(query, {":pk": keys.user(user_id), ":open": keys.OPEN_EXAM}))

    def is_examined(self, user_id: str, question_id: int) -> bool:
        """Whether a question has been answered in an exam that goes on. Read after whatever tells of an answer."""
        return any(question_id in questions for questions in self.open_exams(user_id).values())

    def newest_first(self, user_id: str, filters: Filters, *, after: str | None = None, limit: int) -> HistoryPage:
        """The next attempts that pass, newest first, whole but for what an exam that goes on withholds.

        It reads the index up to `limit` attempts that pass or MOST_ROWS: what passes rarely comes in short pages. What
        an open exam withholds passes no filter by evaluator.
        """
        low = keys.at_of(filters.since) if filters.since else keys.NO_TIME + 1
        high = keys.at_of(filters.until) - 1 if filters.until else keys.OPEN_EXAM - 1
        if low > high:
            return HistoryPage([], None)
        if after and _parts(after)[0] < low:  # as an address of last month: DynamoDB refuses to go on from outside
            return HistoryPage([], None)
        if after and _parts(after)[0] > high:
            after = None
        query = {
            "KeyConditionExpression": "pk = :pk AND #at BETWEEN :low AND :high",
            "ProjectionExpression": "sk, #at, #row",
            "ScanIndexForward": False,
            "Limit": FILTERED_ROWS if filters.leave_out else limit + 1,
        }
        if after:
            query["ExclusiveStartKey"] = marshal(_key_at(user_id, after))
        values = {":pk": keys.user(user_id), ":low": low, ":high": high}
        # Only to leave out what passes no filter; what is shown is judged once more, after it was read.
        open_exams = self.open_exams(user_id) if filters.evaluator else {}
        found: list[PastAttempt] = []
        examined, last = 0, {}
        for page in self._table.pages({"IndexName": keys.ATTEMPTS_BY_TIME, **query}, values):
            read = _past(page.items, open_exams, ())
            found += (each for each in read if filters.let_pass(each.category, each.status, _told_evaluator(each)))
            examined, last = examined + len(page.items), page.last
            if len(found) > limit or examined >= MOST_ROWS:
                break
        onward = _position(last) if last else None
        if len(found) > limit:
            del found[limit:]
            onward = _position(_index_key(user_id, found[-1]))
        attempts = [
            (attempt, _position(_index_key(user_id, each)))
            for each, attempt in zip(found, self._whole(user_id, found), strict=True)
            if attempt and filters.let_pass(attempt.category, attempt.status, _shown_evaluator(attempt))
        ]
        return HistoryPage(attempts, onward)

    def at_question(self, user_id: str, question_id: int, *, after: str | None = None, limit: int) -> QuestionPage:
        """The next attempts at one question, oldest first, whole but for what an exam that goes on withholds."""
        query = {
            "KeyConditionExpression": "pk = :pk",
            "FilterExpression": "contains(#row, :question) OR attribute_exists(questions)",
            "ProjectionExpression": "sk, #at, #row, questions",
        }
        # What it looks for may stand in another place of a row as well.
        items = self._read(query, {":pk": keys.user(user_id), ":question": f"|{question_id}|"})
        read = _past(items, _open_exams(items), ())
        past = sorted((each for each in read if each.question_id == question_id), key=lambda each: each.order)
        done = _order_at(after) if after else None
        earlier = [each for each in past if done and each.order <= done]
        before = [each for each in earlier if each.counted][-1:]
        found = past[len(earlier) :][:limit]
        whole = self._whole(user_id, [*before, *found])
        positions = [_position(_index_key(user_id, each)) for each in found]
        more = len(earlier) + len(found) < len(past)
        return QuestionPage(
            [attempt for attempt in whole[: len(before)] if attempt],
            [(each, place) for each, place in zip(whole[len(before) :], positions, strict=True) if each],
            positions[-1] if more else None,
        )

    def _whole(self, user_id: str, attempts: Iterable[PastAttempt]) -> list[Attempt | None]:
        items = self._table.get_all([keys.attempt(user_id, each.session_id, each.id) for each in attempts])
        open_exams = self.open_exams(user_id) if items else {}
        read = (attempt_of(item) if item else None for item in items)
        return [each and replace(each, withheld=each.session_id in open_exams) for each in read]

    def _read(self, query: Mapping[str, Any], values: Item) -> list[Item]:
        pages = self._table.pages({"IndexName": keys.ATTEMPTS_BY_TIME, **query}, values)
        return [item for page in pages for item in page.items]


def _open_exams(items: list[Item]) -> dict[str, frozenset[int]]:
    return {
        _session_id(item): frozenset(map(int, item.get("questions", {"NS": ()})["NS"]))
        for item in items
        if item["at"]["N"] == _OPEN_EXAM
    }


def _past(items: Iterable[Item], open_exams: Collection[str], criteria: Collection[str]) -> Iterator[PastAttempt]:
    names = rows.codes(criteria)
    for item in items:
        if "row" in item:
            session_id = _session_id(item)
            yield rows.read(
                item["row"]["S"],
                int(item["at"]["N"]),
                session_id,
                int(item["sk"]["S"].rpartition("#")[2]),
                in_open_exam=session_id in open_exams,
                criteria=names,
            )


def _told_evaluator(attempt: PastAttempt) -> Evaluator | None:
    return attempt.result.evaluator if attempt.result and not attempt.in_open_exam else None


def _shown_evaluator(attempt: Attempt) -> Evaluator | None:
    evaluation = attempt.shown.evaluation
    return evaluation.evaluator if evaluation else None


def _index_key(user_id: str, attempt: PastAttempt) -> Item:
    return keys.attempt(user_id, attempt.session_id, attempt.id) | {"at": keys.at_of(attempt.created_at)}


def _position(index_key: Item) -> str:
    _, session_id, _, number = index_key["sk"].split("#")
    return f"{index_key['at']}#{session_id}#{number}"


def _key_at(user_id: str, position: str) -> Item:
    at, session_id, number = _parts(position)
    return keys.attempt(user_id, session_id, number) | {"at": at}


def _order_at(position: str) -> tuple[datetime, str, int]:
    """As PastAttempt.order."""
    at, session_id, number = _parts(position)
    return keys.time_at(at), session_id, number


def _parts(position: str) -> tuple[int, str, int]:
    at, session_id, number = position.split("#")
    return int(at), session_id, int(number)


def _session_id(item: Item) -> str:
    """Of an item of the index, which is a session or an attempt."""
    session_id: str = item["sk"]["S"][8:44]
    return session_id
