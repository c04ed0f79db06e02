"""A user's attempts over all sessions, and how those at one question compare."""

from datetime import datetime

from pydantic import BaseModel

from coach.http.schemas.attempts import AttemptOut, EvaluationOut
from coach.model import Attempt, Category, Status, points
from coach.progress.change import Change, Comparison


class HistoryRowOut(BaseModel):
    """One attempt without its texts. In an exam that goes on, scores and the reason of a failure are held back."""

    id: int
    session_id: str
    question_id: int
    category: Category
    created_at: datetime
    time_spent_sec: int | None
    status: Status
    overall_score: float | None
    framework_score: float | None
    structure_score: float | None
    completeness_score: float | None
    evaluation: EvaluationOut | None
    failure: str | None
    follow_up_to: int | None
    imported_at: datetime | None

    @classmethod
    def of(cls, attempt: Attempt) -> "HistoryRowOut":
        attempt = attempt.shown
        found = attempt.evaluation
        return cls(
            id=attempt.id,
            session_id=attempt.session_id,
            question_id=attempt.question_id,
            category=attempt.category,
            created_at=attempt.created_at,
            time_spent_sec=attempt.time_spent_sec,
            status=attempt.status,
            overall_score=points(found.overall) if found else None,
            framework_score=points(found.framework) if found else None,
            structure_score=points(found.structure) if found else None,
            completeness_score=points(found.completeness) if found else None,
            evaluation=EvaluationOut.of(found) if found else None,
            failure=attempt.failure,
            follow_up_to=attempt.follow_up_to,
            imported_at=attempt.imported_at,
        )


class CriterionChange(BaseModel):
    """How much more a criterion has got than before."""

    name: str
    score: float


class ChangeOut(BaseModel):
    """How much more an answer has got than the one before; less is negative."""

    overall_score: float
    framework_score: float
    structure_score: float
    completeness_score: float
    criteria: list[CriterionChange]

    @classmethod
    def of(cls, change: Change) -> "ChangeOut":
        return cls(
            overall_score=points(change.overall),
            framework_score=points(change.framework),
            structure_score=points(change.structure),
            completeness_score=points(change.completeness),
            criteria=[CriterionChange(name=name, score=points(score)) for name, score in change.criteria],
        )


class ComparedAttemptOut(AttemptOut):
    """An attempt beside the evaluated one before it at the same question. `comparable` is false where the two were not
    graded by the same evaluator, model and rubric version, and null where there is nothing to compare."""

    change: ChangeOut | None
    comparable: bool | None

    @classmethod
    def compared(cls, attempt: Attempt, comparison: Comparison) -> "ComparedAttemptOut":
        change = ChangeOut.of(comparison.change) if comparison.change else None
        return cls(**dict(AttemptOut.of(attempt)), change=change, comparable=comparison.comparable)
