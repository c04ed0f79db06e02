"""Which question comes next for somebody, of what is stored about them and of the bank."""

from functools import cache
from zoneinfo import ZoneInfo

from coach import questions as bank
from coach.model import Category, Difficulty, Mode, Session
from coach.progress.schedule import NextQuestion, next_question
from coach.storage import Storage
from coach.storage.history import History


def history(storage: Storage, user_id: str) -> History:
    """A user's history with all that a choice rests on."""
    return storage.histories.of(user_id, criteria=[name for each in Category for name in criteria(each)])


def choose(
    found: History,
    storage: Storage,
    *,
    zone: ZoneInfo,
    category: Category | None = None,
    difficulty: Difficulty | None = None,
    session: Session | None = None,
) -> NextQuestion:
    """The next question, in a session if there is one. Raises NotFound, with the reason, when none passes."""
    if session and category is None:
        category = session.category_filter
    return next_question(
        found.attempts,
        bank.questions(category, difficulty),
        criteria,
        zone=zone,
        now=storage.table.moment,
        review=session is not None and session.mode is Mode.REVIEW,
    )


@cache
def criteria(category: Category) -> tuple[str, ...]:
    """The names of a category's criteria, in the rubric's order."""
    # Not at the top: who needs none of them need not wait until rubrics are imported.
    from coach.evaluation.rubric import rubric

    return tuple(each.name for each in rubric(category).criteria)
