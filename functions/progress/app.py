"""GET /api/stats/...: figures about the caller's practice."""

from zoneinfo import ZoneInfo

from coach import aws
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser
from coach.http.responses import responses
from coach.http.schemas.fields import Zone
from coach.http.schemas.progress import (
    CategoryProgressOut,
    CriterionProgressOut,
    Days,
    HeatmapDayOut,
    OverviewOut,
    TrendDayOut,
    WhoseScores,
)
from coach.model import Category
from coach.progress import statistics

app = create_app()


@app.get(
    "/api/stats/overview",
    tags=["progress"],
    summary="Your practice at a glance",
    responses=responses({200: "The figures"}, 401, 503),
)
def overview(user: CurrentUser, evaluator: WhoseScores = None, tz: Zone = "UTC") -> OverviewOut:
    storage = aws.storage()
    history = storage.histories.of(user.id)
    found = statistics.overview(
        history.attempts,
        sessions_count=history.sessions_count,
        zone=ZoneInfo(tz),
        now=storage.table.moment,
        evaluator=evaluator,
    )
    return OverviewOut.model_validate(found)


@app.get(
    "/api/stats/by-category",
    tags=["progress"],
    summary="Your scores in each category",
    responses=responses({200: "All seven categories"}, 401, 503),
)
def by_category(
    user: CurrentUser,
    evaluator: WhoseScores = None,
    tz: Zone = "UTC",  # noqa: ARG001 - as all figures; these are of no day
) -> list[CategoryProgressOut]:
    attempts = aws.storage().histories.of(user.id).attempts
    return [CategoryProgressOut.model_validate(row) for row in statistics.by_category(attempts, evaluator=evaluator)]


@app.get(
    "/api/stats/by-criterion",
    tags=["progress"],
    summary="Your scores at each criterion of a category",
    responses=responses({200: "The criteria of its rubric"}, 401, 503),
)
def by_criterion(
    user: CurrentUser,
    category: Category,
    evaluator: WhoseScores = None,
    tz: Zone = "UTC",  # noqa: ARG001 - as above
) -> list[CriterionProgressOut]:
    # Not at the top: the other figures need no rubric.
    from coach.evaluation.rubric import rubric

    criteria = [each.name for each in rubric(category).criteria]
    attempts = aws.storage().histories.of(user.id, criteria=criteria).attempts
    found = statistics.by_criterion(attempts, category, criteria, evaluator=evaluator)
    return [CriterionProgressOut.model_validate(row) for row in found]


@app.get(
    "/api/stats/trend",
    tags=["progress"],
    summary="Your scores day by day",
    responses=responses({200: "The days with something to average, oldest first"}, 401, 503),
)
def trend(
    user: CurrentUser,
    days: Days = 30,
    category: Category | None = None,
    evaluator: WhoseScores = None,
    tz: Zone = "UTC",
) -> list[TrendDayOut]:
    storage = aws.storage()
    found = statistics.trend(
        storage.histories.of(user.id).attempts,
        days=days,
        zone=ZoneInfo(tz),
        now=storage.table.moment,
        category=category,
        evaluator=evaluator,
    )
    return [TrendDayOut.model_validate(day) for day in found]


@app.get(
    "/api/stats/heatmap",
    tags=["progress"],
    summary="How much you have practised day by day",
    responses=responses({200: "All days, oldest first, the last one today"}, 401, 503),
)
def heatmap(user: CurrentUser, days: Days = 365, tz: Zone = "UTC") -> list[HeatmapDayOut]:
    storage = aws.storage()
    attempts = storage.histories.of(user.id).attempts
    found = statistics.heatmap(attempts, days=days, zone=ZoneInfo(tz), now=storage.table.moment)
    return [HeatmapDayOut.model_validate(day) for day in found]


handler = entrypoint(app)
