"""What an import takes: a page of an export, each field with the type and the limits that it has there.

What follows from other fields is looked at and not used: an import counts anew.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, FailFast, Field

from coach.http.schemas.attempts import AnswerText, SecondsSpent
from coach.http.schemas.fields import Body, SessionId, Text, Time, WholeNumber
from coach.http.schemas.sessions import TimerMinutes
from coach.model import Category, Evaluator, Mode, Status
from coach.storage.keys import ATTEMPTS_MAX

MOST_SESSIONS = 200
MOST_ATTEMPTS = 1000
"""How many a document may hold, all together: a page has 100 at most."""


def _one_decimal(score: float) -> float:
    if round(score, 1) != score:
        raise ValueError("a score has one decimal")
    return score


def _whole(number: Any) -> Any:
    """`true` and 1.0 equal 1."""
    if type(number) is not int:
        raise ValueError("a version is a whole number")
    return number


# Of a list that is wrong the first mistake is told: there may be millions.
Score = Annotated[float, Field(strict=True, ge=1, le=10, allow_inf_nan=False), AfterValidator(_one_decimal)]
Texts = Annotated[list[Text], FailFast()]
Count = Annotated[WholeNumber, Field(ge=0)]
Number = Annotated[WholeNumber, Field(ge=1, le=ATTEMPTS_MAX)]
ShortText = Annotated[Text, Field(max_length=100)]


class ImportedProbe(Body):
    """What the evaluation asked next."""

    criterion: Text
    question: Text


class ImportedCriterion(Body):
    """What one criterion of the rubric got."""

    name: Text
    score: Score
    evidence: Texts
    comment: Text


class ImportedEvaluation(Body):
    """How the scores came about."""

    evaluator: Evaluator
    model: Annotated[Text, Field(max_length=2048)]
    rubric_version: ShortText
    evaluated_at: Time
    input_tokens: Count
    output_tokens: Count


class ImportedAttempt(Body):
    """One answer as an export has it."""

    id: Number
    question_id: Annotated[WholeNumber, Field(ge=1)]
    session_id: SessionId
    answer_text: AnswerText
    time_spent_sec: SecondsSpent | None
    status: Status
    overall_score: Score | None
    framework_score: Score | None
    structure_score: Score | None
    completeness_score: Score | None
    strengths: Texts
    improvements: Texts
    suggested_framework: ShortText | None
    example_point: Text | None
    criteria: Annotated[list[ImportedCriterion], FailFast()]
    evaluation: ImportedEvaluation | None
    failure: Text | None
    created_at: Time
    follow_up: ImportedProbe | None
    follow_up_to: Number | None
    imported_at: Time | None


class ImportedSession(Body):
    """A session as an export has it, with attempts whose numbers follow one another."""

    id: SessionId
    session_id: SessionId
    user_id: Text
    category_filter: Category | None
    mode: Mode
    timer_minutes: TimerMinutes | None
    started_at: Time
    ended_at: Time | None
    questions_count: Count
    avg_score: Annotated[float, Field(strict=True, ge=1, le=10, allow_inf_nan=False)] | None
    pending_count: Count
    attempts: Annotated[list[ImportedAttempt], Field(max_length=MOST_ATTEMPTS)]


class ImportedUser(Body):
    """Whose export it is; nothing of it is used."""

    id: Text
    email: Text | None
    full_name: Text | None
    is_active: Annotated[bool, Field(strict=True)]
    created_at: Time
    last_login: Time | None


class ImportIn(Body):
    """A page of an export in JSON, as it was answered."""

    format: Literal["pm-interview-coach"]
    version: Annotated[Literal[1], BeforeValidator(_whole)]
    user: ImportedUser
    sessions: Annotated[list[ImportedSession], FailFast(), Field(max_length=MOST_SESSIONS)]
