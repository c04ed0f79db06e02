"""Figures about a user's practice. Averages are of one evaluator's scores, which `evaluator` names."""

from datetime import date, datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel

from coach.model import Category, Evaluator, points
from coach.progress import statistics

Days = Annotated[int, Query(ge=1, le=366, description="How many, the last one today")]
WhoseScores = Annotated[
    Evaluator | None, Query(description="Whose scores count; without it, those of whom graded the newest answer")
]


class OverviewOut(BaseModel):
    """All at a glance. `average_score` is over `evaluated_attempts`; `other_evaluators` counts what others graded."""

    total_attempts: int
    evaluated_attempts: int
    average_score: float | None
    evaluator: Evaluator | None
    other_evaluators: int
    streak_days: int
    practised_days_30: int
    weakest_category: Category | None
    sessions_count: int

    @classmethod
    def of(cls, found: statistics.Overview) -> "OverviewOut":
        return cls(
            total_attempts=found.total_attempts,
            evaluated_attempts=found.evaluated_attempts,
            average_score=found.average_score,
            evaluator=found.evaluator,
            other_evaluators=found.other_evaluators,
            streak_days=found.streak_days,
            practised_days_30=found.practised_days_30,
            weakest_category=found.weakest_category,
            sessions_count=found.sessions_count,
        )


class CategoryProgressOut(BaseModel):
    """The attempts of a category that its average is over."""

    category: Category
    attempts: int
    average_score: float | None
    best_score: float | None
    last_score: float | None
    last_at: datetime | None
    evaluator: Evaluator | None

    @classmethod
    def of(cls, found: statistics.CategoryProgress) -> "CategoryProgressOut":
        return cls(
            category=found.category,
            attempts=found.attempts,
            average_score=found.average_score,
            best_score=_points(found.best_score),
            last_score=_points(found.last_score),
            last_at=found.last_at,
            evaluator=found.evaluator,
        )


class CriterionProgressOut(BaseModel):
    """The attempts in which a criterion was graded."""

    criterion: str
    attempts: int
    average_score: float | None
    last_score: float | None
    evaluator: Evaluator | None

    @classmethod
    def of(cls, found: statistics.CriterionProgress) -> "CriterionProgressOut":
        return cls(
            criterion=found.criterion,
            attempts=found.attempts,
            average_score=found.average_score,
            last_score=_points(found.last_score),
            evaluator=found.evaluator,
        )


class YardstickOut(BaseModel):
    """What scores were given by: they compare only with those of the same."""

    model: str
    rubric_version: str


class TrendDayOut(BaseModel):
    """A day with attempts that the average is over, and what they were graded by."""

    date: date
    attempts: int
    average_score: float | None
    evaluator: Evaluator | None
    graded_by: list[YardstickOut]

    @classmethod
    def of(cls, found: statistics.TrendDay) -> "TrendDayOut":
        return cls(
            date=found.date,
            attempts=found.attempts,
            average_score=found.average_score,
            evaluator=found.evaluator,
            graded_by=[YardstickOut(model=each.model, rubric_version=each.rubric_version) for each in found.graded_by],
        )


class HeatmapDayOut(BaseModel):
    """A day, and how many attempts it has."""

    date: date
    attempts: int

    @classmethod
    def of(cls, found: statistics.HeatmapDay) -> "HeatmapDayOut":
        return cls(date=found.date, attempts=found.attempts)


def _points(tenths: int | None) -> float | None:
    return None if tenths is None else points(tenths)
