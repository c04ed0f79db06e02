"""A table as the version before has stored it: without an index of attempts."""

from typing import TYPE_CHECKING

from coach.model import Mode, Session
from coach.storage import Storage
from tests.conftest import USER
from tests.unit.given import a_session, a_user, add, an_evaluation

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NEW_ATTRIBUTES = {"at", "row", "questions", "category", "exam"}


def as_before(client: "DynamoDBClient", table: str) -> None:
    """Make the items of this version those of the one before."""
    for item in client.scan(TableName=table)["Items"]:
        kept = {name: value for name, value in item.items() if name not in NEW_ATTRIBUTES}
        client.put_item(TableName=table, Item=kept)


def practise(storage: Storage) -> list[Session]:
    """All that there may be: open and ended, empty, exams, pending, failed and evaluated attempts."""
    storage.accounts.register(a_user(), "hash")
    sessions = [
        storage.sessions.create(a_session(mode=mode))[0]
        for mode in (Mode.STANDARD, Mode.EXAM, Mode.EXAM, Mode.STANDARD, Mode.EXAM)
    ]
    for session in sessions[:3]:
        for question_id in (1, 2, 2, 3):
            add(storage, session, question_id=question_id, key=str(question_id))
        storage.evaluations.record(storage.attempts.get(USER, session.id, 1), an_evaluation())
        storage.evaluations.fail(storage.attempts.get(USER, session.id, 2), "No")
    storage.sessions.end(USER, sessions[2].id)
    storage.sessions.end(USER, sessions[4].id)
    return sessions
