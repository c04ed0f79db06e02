"""A user's history: all attempts in order of time, as the index of attempts tells them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from coach.progress.history import PastAttempt
from coach.storage import keys, rows
from coach.storage.dynamo import Item, Table

_OPEN_EXAM = str(keys.OPEN_EXAM)


@dataclass(frozen=True)
class History:
    """`attempts` come oldest first; `sessions_count` is the number of all sessions, empty ones too.

    `open_exams` has the ids of the questions attempted in each session that is an exam and goes on.
    """

    attempts: list[PastAttempt]
    sessions_count: int
    open_exams: Mapping[str, frozenset[int]]


class Histories:
    def __init__(self, table: Table) -> None:
        self._table = table

    def of(self, user_id: str, *, criteria: Collection[str] = ()) -> History:
        """All of a user's attempts, in one query. Of their criteria only those that are named are told.

        What is read of an attempt is judged by the exams that are open later, since these are read last.
        """
        query = {"KeyConditionExpression": "pk = :pk", "ProjectionExpression": "sk, #at, #row, questions"}
        items = self._read(query, {":pk": keys.user(user_id)})
        found = [item for item in items if "row" in item]
        open_exams = _open_exams(items)
        names = rows.codes(criteria)
        attempts = []
        sessions = {_session_id(item) for item in items if "row" not in item}
        for item in found:
            session_id, number = _session_id(item), item["sk"]["S"].rpartition("#")[2]
            sessions.add(session_id)
            attempts.append(
                rows.read(
                    item["row"]["S"],
                    int(item["at"]["N"]),
                    session_id,
                    int(number),
                    in_open_exam=session_id in open_exams,
                    criteria=names,
                )
            )
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

    def _read(self, query: Mapping[str, Any], values: Item) -> list[Item]:
        pages = self._table.pages({"IndexName": keys.ATTEMPTS_BY_TIME, **query}, values)
        return [item for page in pages for item in page.items]


def _open_exams(items: list[Item]) -> dict[str, frozenset[int]]:
    return {
        _session_id(item): frozenset(map(int, item.get("questions", {"NS": ()})["NS"]))
        for item in items
        if item["at"]["N"] == _OPEN_EXAM
    }


def _session_id(item: Item) -> str:
    """Of an item of the index, which is a session or an attempt."""
    session_id: str = item["sk"]["S"][8:44]
    return session_id
