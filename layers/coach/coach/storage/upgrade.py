"""What the version before has stored, as this one stores it: it knew no index of attempts."""

from collections.abc import Callable, Collection

from coach import questions
from coach.errors import NotFound
from coach.model import Category, Mode
from coach.storage import keys, rows
from coach.storage.attempts import attempt_of
from coach.storage.dynamo import Item


def missing(item: Item, questions_attempted: Callable[[], Collection[int]]) -> Item:
    """The attributes that this version stores with an item besides, {} when it has them all.

    `questions_attempted` are the ids of those attempted in the session that the item is; they are asked for where it
    is an exam that goes on.
    """
    match item["sk"].split("#"):
        case ["SESSION", _, "ATTEMPT", _] if "row" not in item:
            category = {"category": _category(item["question_id"])}
            attempt = attempt_of(item | category)
            return category | {"at": keys.at_of(attempt.created_at), "row": rows.of(attempt)}
        case ["SESSION", _] if "at" not in item:
            is_exam = item["mode"] == Mode.EXAM
            if is_exam and "ended_at" not in item:
                return {"at": keys.OPEN_EXAM, "questions": set(questions_attempted()) or None}
            return {"at": keys.NO_TIME} if is_exam or not item["attempts_count"] else {}
    return {}


def _category(question_id: int) -> Category:
    """What is left of a question that the bank has no more is that somebody has practised; it counts for the first."""
    try:
        return questions.category(question_id)
    except NotFound:
        return next(iter(Category))
