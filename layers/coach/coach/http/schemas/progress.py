"""Figures about a user's practice. Averages are of one evaluator's scores, which `evaluator` names."""

from datetime import date, datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict

from coach.model import Category, Evaluator, points

Days = Annotated[int, Query(ge=1, le=366, description="How many, the last one today")]
WhoseScores = Annotated[
    Evaluator | None, Query(description="Whose scores count; without it, those of whom graded the newest answer")
]


def _points(tenths: int | None) -> float | None:
    return None if tenths is None else points(tenths)


Points = Annotated[float | None, BeforeValidator(_points)]


class _Row(BaseModel):
    """What `coach.progress.statistics` has found, by the same names."""

    model_config = ConfigDict(from_attributes=True)


class OverviewOut(_Row):
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


class CategoryProgressOut(_Row):
    """The attempts of a category that its average is over."""

    category: Category
    attempts: int
    average_score: float | None
    best_score: Points
    last_score: Points
    last_at: datetime | None
    evaluator: Evaluator | None


class CriterionProgressOut(_Row):
    """The attempts in which a criterion was graded."""

    criterion: str
    attempts: int
    average_score: float | None
    last_score: Points
    evaluator: Evaluator | None


class YardstickOut(_Row):
    """What scores were given by: they compare only with those of the same."""

    model: str
    rubric_version: str


class TrendDayOut(_Row):
    """A day with attempts that the average is over, and what they were graded by."""

    date: date
    attempts: int
    average_score: float | None
    evaluator: Evaluator | None
    graded_by: list[YardstickOut]


class HeatmapDayOut(_Row):
    """A day, and how many attempts it has."""

    date: date
    attempts: int
