"""Attempts and their evaluations."""

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import AfterValidator, BaseModel, Field

from coach.characters import trimmed
from coach.http.schemas.fields import AS_WRITTEN, Body, SessionId, Text, WholeNumber
from coach.model import ANSWER_MAX_CHARS, ANSWER_MIN_CHARS, Attempt, Evaluation, Evaluator, Status, points

AttemptId = Annotated[
    Annotated[int, Field(ge=1), AS_WRITTEN],
    Path(description="1 for the first attempt of its session, and so on"),
]


def _long_enough(text: str) -> str:
    if len(trimmed(text)) < ANSWER_MIN_CHARS:
        around = "space and invisible characters around it"
        raise ValueError(f"an answer has at least {ANSWER_MIN_CHARS} characters, not counting {around}")
    return text


AnswerText = Annotated[
    Text, Field(min_length=ANSWER_MIN_CHARS, max_length=ANSWER_MAX_CHARS), AfterValidator(_long_enough)
]
SecondsSpent = Annotated[WholeNumber, Field(ge=0, le=86_400)]


class AttemptIn(Body):
    """An answer to a question of the bank."""

    question_id: Annotated[WholeNumber, Field(ge=1)]
    answer_text: AnswerText
    time_spent_sec: SecondsSpent | None = None
    session_id: SessionId | None = None
    follow_up_to: Annotated[
        Annotated[WholeNumber, Field(ge=1)] | None,
        Field(description="The number of the attempt whose `follow_up` this answers; the question is the same"),
    ] = None


class ProbeOut(BaseModel):
    """What the evaluation asks next, at the criterion that the answer was weakest in."""

    criterion: str
    question: str


class CriterionOut(BaseModel):
    """What one criterion of the rubric got, with the answer's own words that earned it; of a follow-up, also those of
    the answers before it."""

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

    @classmethod
    def of(cls, evaluation: Evaluation) -> "EvaluationOut":
        return cls(
            evaluator=evaluation.evaluator,
            model=evaluation.model,
            rubric_version=evaluation.rubric_version,
            evaluated_at=evaluation.evaluated_at,
            input_tokens=evaluation.input_tokens,
            output_tokens=evaluation.output_tokens,
        )


class AttemptOut(BaseModel):
    """One answer and, once it is evaluated, its scores on 1.0 to 10.0 and its feedback. In an exam that goes on, these
    and the reason of a failure are held back."""

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
    follow_up: ProbeOut | None
    follow_up_to: int | None
    imported_at: datetime | None

    @classmethod
    def of(cls, attempt: Attempt) -> "AttemptOut":
        attempt = attempt.shown
        found, probe = attempt.evaluation, attempt.follow_up
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
            evaluation=EvaluationOut.of(found) if found else None,
            failure=attempt.failure,
            created_at=attempt.created_at,
            follow_up=ProbeOut(criterion=probe.criterion, question=probe.question) if probe else None,
            follow_up_to=attempt.follow_up_to,
            imported_at=attempt.imported_at,
        )


class EvaluationRequested(BaseModel):
    """The evaluation of an attempt is queued; the attempt itself is at the address in Location."""

    id: int
    session_id: str
    status: Status
