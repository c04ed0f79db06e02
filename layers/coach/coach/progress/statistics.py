"""Figures from a user's attempts, in whatever order these come.

`evaluator` says whose scores count; None is `default_evaluator`. A row's `evaluator` is None where it has no average.
Scores are tenths; averages are rounded only when they are read.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from coach.model import GATE_MODEL, Category, Evaluator, mean_points
from coach.progress.history import PastAttempt, Result, day_of

PRIOR_COUNT, PRIOR_SCORE = 3, 55
"""What a category is taken for before anything is known of it: three answers of 5.5. One bad answer is no weakness."""

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Averaged:
    """The attempts that an average is over, and the exact sum of their scores."""

    attempts: int
    score_sum: int
    evaluator: Evaluator | None

    @property
    def average_score(self) -> float | None:
        return mean_points(self.score_sum, self.attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryProgress(Averaged):
    category: Category
    best_score: int | None
    last_score: int | None
    last_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionProgress(Averaged):
    criterion: str
    last_score: int | None


@dataclass(frozen=True, slots=True, order=True)
class Yardstick:
    """What scores were given by: they compare only with those of the same."""

    model: str
    rubric_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendDay(Averaged):
    date: date
    graded_by: tuple[Yardstick, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatmapDay:
    date: date
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    total_attempts: int
    evaluated_attempts: int
    score_sum: int
    evaluator: Evaluator | None
    other_evaluators: int
    streak_days: int
    practised_days_30: int
    weakest_category: Category | None
    sessions_count: int

    @property
    def average_score(self) -> float | None:
        return mean_points(self.score_sum, self.evaluated_attempts)


def default_evaluator(attempts: Iterable[PastAttempt]) -> Evaluator | None:
    """Who evaluated the newest of the attempts that count; of two of one moment, the later by `PastAttempt.order`."""
    newest = max(((each.order, result.evaluator) for each in attempts if (result := each.counted)), default=None)
    return newest and newest[1]


def overview(
    attempts: Collection[PastAttempt],
    *,
    sessions_count: int,
    zone: ZoneInfo,
    now: datetime,
    evaluator: Evaluator | None = None,
) -> Overview:
    categories = by_category(attempts, evaluator=evaluator)
    evaluated = sum(row.attempts for row in categories)
    today = day_of(now, zone)
    days = {day_of(each.created_at, zone) for each in attempts}
    return Overview(
        total_attempts=len(attempts),
        evaluated_attempts=evaluated,
        score_sum=sum(row.score_sum for row in categories),
        evaluator=next((row.evaluator for row in categories if row.evaluator), None),
        other_evaluators=sum(each.counted is not None for each in attempts) - evaluated,
        streak_days=_streak(days, today),
        practised_days_30=len(days.intersection(_last_days(30, today))),
        weakest_category=weakest(categories),
        sessions_count=sessions_count,
    )


def by_category(
    attempts: Collection[PastAttempt], *, evaluator: Evaluator | None = None
) -> tuple[CategoryProgress, ...]:
    """All categories, in their order."""
    found: dict[Category, list[tuple[PastAttempt, Result]]] = {category: [] for category in Category}
    for attempt, result in _graded(attempts, evaluator):
        found[attempt.category].append((attempt, result))
    return tuple(_category(category, graded) for category, graded in found.items())


def by_criterion(
    attempts: Collection[PastAttempt],
    category: Category,
    criteria: Sequence[str],
    *,
    evaluator: Evaluator | None = None,
) -> tuple[CriterionProgress, ...]:
    """The criteria of the category's rubric, in its order. What another version of it called otherwise is left out."""
    scores: dict[str, list[int]] = {name: [] for name in criteria}
    graded = [result for attempt, result in _graded(attempts, evaluator) if attempt.category is category]
    for result in graded:
        for name, score in dict(result.criteria).items():
            if name in scores:
                scores[name].append(score)
    return tuple(
        CriterionProgress(
            criterion=name,
            attempts=len(found),
            score_sum=sum(found),
            evaluator=graded[0].evaluator if found else None,
            last_score=found[-1] if found else None,
        )
        for name, found in scores.items()
    )


def trend(
    attempts: Collection[PastAttempt],
    *,
    days: int,
    zone: ZoneInfo,
    now: datetime,
    category: Category | None = None,
    evaluator: Evaluator | None = None,
) -> tuple[TrendDay, ...]:
    """Those of the last `days` days that have something to average, oldest first."""
    found: dict[date, list[Result]] = {day: [] for day in _last_days(days, day_of(now, zone))}
    for attempt, result in _graded(attempts, evaluator):
        if category in (None, attempt.category) and (day := day_of(attempt.created_at, zone)) in found:
            found[day].append(result)
    return tuple(
        TrendDay(
            date=day,
            attempts=len(results),
            score_sum=sum(result.overall for result in results),
            evaluator=results[0].evaluator,
            graded_by=tuple(
                sorted({Yardstick(each.model, each.rubric_version) for each in results if not _gated(each)})
            ),
        )
        for day, results in found.items()
        if results
    )


def heatmap(attempts: Iterable[PastAttempt], *, days: int, zone: ZoneInfo, now: datetime) -> tuple[HeatmapDay, ...]:
    """The last `days` days, oldest first; the last one is today."""
    counts = Counter(day_of(each.created_at, zone) for each in attempts)
    return tuple(HeatmapDay(date=day, attempts=counts[day]) for day in _last_days(days, day_of(now, zone)))


def weakest(categories: Iterable[CategoryProgress]) -> Category | None:
    """The lowest mean of those with an evaluated attempt, each with the prior; the first of equals."""
    evaluated = [row for row in categories if row.attempts]
    return min(evaluated, key=_with_prior).category if evaluated else None


def _with_prior(row: CategoryProgress) -> Fraction:
    return Fraction(row.score_sum + PRIOR_COUNT * PRIOR_SCORE, row.attempts + PRIOR_COUNT)


def _graded(attempts: Collection[PastAttempt], evaluator: Evaluator | None) -> list[tuple[PastAttempt, Result]]:
    """What averages are over, oldest first."""
    chosen = evaluator or default_evaluator(attempts)
    graded = [(each, result) for each in attempts if (result := each.counted) and result.evaluator is chosen]
    return sorted(graded, key=lambda pair: pair[0].order)


def _category(category: Category, graded: Sequence[tuple[PastAttempt, Result]]) -> CategoryProgress:
    scores = [result.overall for _, result in graded]
    return CategoryProgress(
        category=category,
        attempts=len(scores),
        score_sum=sum(scores),
        evaluator=graded[-1][1].evaluator if graded else None,
        best_score=max(scores, default=None),
        last_score=scores[-1] if scores else None,
        last_at=graded[-1][0].created_at if graded else None,
    )


def _gated(result: Result) -> bool:
    return result.model == GATE_MODEL


def _last_days(count: int, today: date) -> list[date]:
    return [today - back * _ONE_DAY for back in reversed(range(count))]


def _streak(days: Collection[date], today: date) -> int:
    day = last = today if today in days else today - _ONE_DAY
    while day in days:
        day -= _ONE_DAY
    return (last - day).days
