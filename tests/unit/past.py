"""What the tests of progress are given: attempts in few words, a bank of few questions, and zones."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from coach.model import Category, Difficulty, Evaluator, Question, Status
from coach.progress.history import PastAttempt, Result

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
DAY = timedelta(days=1)
UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
KOLKATA = ZoneInfo("Asia/Kolkata")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
"""Its summer time is half an hour ahead."""

CRITERIA = ("Goal", "Users", "Metrics")


def category_of(question_id: int) -> Category:
    """Of the bank of the tests: questions 1 to 7 have the seven categories, then 8 to 14, and so on."""
    return list(Category)[(question_id - 1) % 7]


def a_question(question_id: int, difficulty: Difficulty = Difficulty.MEDIUM) -> Question:
    return Question(
        id=question_id,
        category=category_of(question_id),
        subcategory=None,
        difficulty=difficulty,
        question_text="How would you improve it?",
        source="test",
        frameworks=(),
        hint=None,
        sample_answer=None,
        created_at=NOW,
        updated_at=None,
    )


BANK = [a_question(number) for number in range(1, 15)]


def a_result(
    overall: int,
    *criteria: int,
    evaluator: Evaluator = Evaluator.CLAUDE,
    model: str = "claude-haiku-5-5",
    rubric_version: str = "2026-11-21",
) -> Result:
    """Its criteria, if any, are the first of CRITERIA."""
    return Result(
        evaluator=evaluator,
        model=model,
        rubric_version=rubric_version,
        overall=overall,
        framework=overall,
        structure=overall,
        completeness=overall,
        criteria=tuple(zip(CRITERIA, criteria, strict=False)),
    )


def answered(
    question_id: int,
    at: datetime = NOW,
    result: Result | int | None = None,
    *,
    status: Status | None = None,
    session_id: str | None = None,
    number: int = 1,
    follow_up_to: int | None = None,
    in_open_exam: bool = False,
) -> PastAttempt:
    """An attempt: evaluated if it has a result, else failed. By default it has a session of its own."""
    return PastAttempt(
        session_id=session_id or f"session of {at.isoformat()}, {question_id}",
        id=number,
        question_id=question_id,
        category=category_of(question_id),
        created_at=at,
        status=status or (Status.FAILED if result is None else Status.EVALUATED),
        follow_up_to=follow_up_to,
        result=a_result(result) if isinstance(result, int) else result,
        in_open_exam=in_open_exam,
    )
