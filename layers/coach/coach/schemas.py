"""What requests and responses look like: the field names, types and limits of the API."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from coach.characters import trimmed
from coach.model import (
    ANSWER_MAX_CHARS,
    ANSWER_MIN_CHARS,
    Attempt,
    Category,
    Difficulty,
    Evaluator,
    Mode,
    Question,
    Session,
    Status,
    User,
    points,
)

if TYPE_CHECKING:  # reading rubrics is for the function that serves them
    from coach.evaluation.rubric import Rubric


def _encodable(text: str) -> str:
    """JSON can spell half of a surrogate pair, which no UTF-8 text can hold."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"character {error.start} is half of a surrogate pair") from None
    return text


def _long_enough(text: str) -> str:
    if len(trimmed(text)) < ANSWER_MIN_CHARS:
        around = "space and invisible characters around it"
        raise ValueError(f"an answer has at least {ANSWER_MIN_CHARS} characters, not counting {around}")
    return text


UUID_PATTERN = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"

Text = Annotated[str, AfterValidator(_encodable)]
SessionId = Annotated[str, StringConstraints(pattern=UUID_PATTERN, to_lower=True)]
WholeNumber = Annotated[int, Field(strict=True)]
Subscore = Literal["framework", "structure", "completeness"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SessionIn(_Body):
    """A session to start. All fields are optional."""

    id: SessionId | None = None
    category_filter: Category | None = None
    mode: Mode = Mode.STANDARD
    timer_minutes: Annotated[WholeNumber, Field(ge=1, le=60)] | None = None


class AttemptIn(_Body):
    """An answer to a question of the bank."""

    question_id: Annotated[WholeNumber, Field(ge=1)]
    answer_text: Annotated[
        Text, Field(min_length=ANSWER_MIN_CHARS, max_length=ANSWER_MAX_CHARS), AfterValidator(_long_enough)
    ]
    time_spent_sec: Annotated[WholeNumber, Field(ge=0, le=86_400)] | None = None
    session_id: SessionId | None = None


class SessionOut(BaseModel):
    """One sitting, with its stats."""

    id: str
    session_id: str
    user_id: str
    category_filter: Category | None
    mode: Mode
    timer_minutes: int | None
    started_at: datetime
    ended_at: datetime | None
    questions_count: int
    avg_score: float | None
    pending_count: int

    @classmethod
    def of(cls, session: Session) -> "SessionOut":
        return cls(
            id=session.id,
            session_id=session.id,
            user_id=session.user_id,
            category_filter=session.category_filter,
            mode=session.mode,
            timer_minutes=session.timer_minutes,
            started_at=session.started_at,
            ended_at=session.ended_at,
            questions_count=session.attempts_count,
            avg_score=session.avg_score,
            pending_count=session.pending_count,
        )


class CriterionOut(BaseModel):
    """What one criterion of the rubric got, with the answer's own words that earned it."""

    name: str
    score: float
    evidence: list[str]
    comment: str


class EvaluationOut(BaseModel):
    """How the scores came about."""

    evaluator: Evaluator
    model: str
    rubric_version: str
    evaluated_at: datetime
    input_tokens: int
    output_tokens: int


class AttemptOut(BaseModel):
    """One answer and, once it is evaluated, its scores on 1.0 to 10.0 and its feedback."""

    id: int
    question_id: int
    session_id: str
    answer_text: str
    time_spent_sec: int | None
    status: Status
    overall_score: float | None
    framework_score: float | None
    structure_score: float | None
    completeness_score: float | None
    strengths: list[str]
    improvements: list[str]
    suggested_framework: str | None
    example_point: str | None
    criteria: list[CriterionOut]
    evaluation: EvaluationOut | None
    failure: str | None
    created_at: datetime

    @classmethod
    def of(cls, attempt: Attempt) -> "AttemptOut":
        found = attempt.evaluation
        return cls(
            id=attempt.id,
            question_id=attempt.question_id,
            session_id=attempt.session_id,
            answer_text=attempt.answer_text,
            time_spent_sec=attempt.time_spent_sec,
            status=attempt.status,
            overall_score=points(found.overall) if found else None,
            framework_score=points(found.framework) if found else None,
            structure_score=points(found.structure) if found else None,
            completeness_score=points(found.completeness) if found else None,
            strengths=list(found.strengths) if found else [],
            improvements=list(found.improvements) if found else [],
            suggested_framework=found.suggested_framework if found else None,
            example_point=found.example_point if found else None,
            criteria=[
                CriterionOut(
                    name=criterion.name,
                    score=points(criterion.score),
                    evidence=list(criterion.evidence),
                    comment=criterion.comment,
                )
                for criterion in (found.criteria if found else ())
            ],
            evaluation=EvaluationOut(
                evaluator=found.evaluator,
                model=found.model,
                rubric_version=found.rubric_version,
                evaluated_at=found.evaluated_at,
                input_tokens=found.input_tokens,
                output_tokens=found.output_tokens,
            )
            if found
            else None,
            failure=attempt.failure,
            created_at=attempt.created_at,
        )


class EvaluationRequested(BaseModel):
    """The evaluation of an attempt is queued; the attempt itself is at the address in Location."""

    id: int
    session_id: str
    status: Status


class QuestionOut(BaseModel):
    """A question of the bank."""

    id: int
    category: Category
    subcategory: str | None
    difficulty: Difficulty
    question_text: str
    source: str
    frameworks: list[str]
    hint: str | None
    sample_answer: str | None
    created_at: datetime
    updated_at: datetime | None

    @classmethod
    def of(cls, question: Question, *, with_sample: bool = False) -> "QuestionOut":
        """Without the sample answer unless it is asked for: it is for those who have answered the question."""
        return cls(
            id=question.id,
            category=question.category,
            subcategory=question.subcategory,
            difficulty=question.difficulty,
            question_text=question.question_text,
            source=question.source,
            frameworks=list(question.frameworks),
            hint=question.hint,
            sample_answer=question.sample_answer if with_sample else None,
            created_at=question.created_at,
            updated_at=question.updated_at,
        )


class FrameworkOut(BaseModel):
    """A framework that suits a category, and what applying it looks like."""

    name: str
    use: str


class CheckOut(BaseModel):
    """One thing that an answer has or has not; the text completes "The answer ..."."""

    id: str
    text: str


class RubricCriterionOut(BaseModel):
    """What an interviewer looks at: what it takes at three levels, and the checks that show it.

    `weight` is its share of the whole, so that those of a category add up to 1; `feeds` says for which scores of an
    attempt it counts; `probes` are what an interviewer would ask on.
    """

    name: str
    weight: Annotated[float, Field(gt=0, le=1)]
    feeds: list[Subscore]
    weak: str
    solid: str
    outstanding: str
    mistakes: list[str]
    probes: list[str]
    checks: list[CheckOut]


class CategoryOut(BaseModel):
    """A kind of question: how many the bank has, which frameworks suit it, and what its answers are graded by."""

    id: Category
    name: str
    questions: int
    rubric_version: str
    frameworks: list[FrameworkOut]
    criteria: list[RubricCriterionOut]

    @classmethod
    def of(cls, rubric: "Rubric", questions: int) -> "CategoryOut":
        whole = sum(criterion.weight for criterion in rubric.criteria)
        return cls(
            id=rubric.category,
            name=rubric.category.label,
            questions=questions,
            rubric_version=rubric.version,
            frameworks=[FrameworkOut(name=each.name, use=each.use) for each in rubric.frameworks],
            criteria=[
                RubricCriterionOut(
                    name=criterion.name,
                    weight=criterion.weight / whole,
                    feeds=cast("list[Subscore]", list(criterion.feeds)),
                    weak=criterion.weak,
                    solid=criterion.solid,
                    outstanding=criterion.outstanding,
                    mistakes=list(criterion.mistakes),
                    probes=list(criterion.probes),
                    checks=[CheckOut(id=check.id, text=check.text) for check in criterion.checks],
                )
                for criterion in rubric.criteria
            ],
        )


class Health(BaseModel):
    """Whether the API works, really asked."""

    status: Literal["healthy", "unhealthy"]
    database: Literal["connected", "unavailable"]
    anthropic_api: Literal["configured", "missing"]


class About(BaseModel):
    """What answers here."""

    app: str
    version: str
    status: Literal["running"]


class UserOut(BaseModel):
    """An account."""

    id: str
    email: str
    full_name: str | None
    is_active: bool
    created_at: datetime
    last_login: datetime | None

    @classmethod
    def of(cls, user: User) -> "UserOut":
        return cls(
            id=user.id,
            email=user.email,
            full_name=user.full_name,
            is_active=user.is_active,
            created_at=user.created_at,
            last_login=user.last_login,
        )


class SignedIn(BaseModel):
    """A user and the token that their requests carry; `expires_in` is in seconds."""

    user: UserOut
    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
