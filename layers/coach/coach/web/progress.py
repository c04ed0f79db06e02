"""/progress: figures and pictures of somebody's practice."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from coach import aws, choosing
from coach.model import Category, Evaluator
from coach.progress import statistics
from coach.web import charts
from coach.web.site import Site
from coach.web.visitors import visitor

router = APIGatewayRouter()  # type: ignore[no-untyped-call]

TREND_DAYS = 90
HEATMAP_DAYS = 365


@router.get("/progress", include_in_schema=False, enable_validation=False, compress=True)
def progress() -> Response[str]:
    site = Site(router)
    user = visitor(site)
    storage = aws.storage()
    history = choosing.history(storage, user.id)
    now = storage.table.moment
    asked = site.asked("evaluator")
    whose = Evaluator(asked) if asked in set(Evaluator) else None
    overview = statistics.overview(
        history.attempts, sessions_count=history.sessions_count, zone=site.zone, now=now, evaluator=whose
    )
    days = statistics.trend(history.attempts, days=TREND_DAYS, zone=site.zone, now=now, evaluator=whose)
    heat = statistics.heatmap(history.attempts, days=HEATMAP_DAYS, zone=site.zone, now=now)
    wanted = site.asked("category")
    category = Category(wanted) if wanted in set(Category) else overview.weakest_category
    return site.page(
        "progress.html",
        visitor=user,
        overview=overview,
        whose=whose or overview.evaluator,
        trend=charts.trend(days, site.today, days=TREND_DAYS),
        heatmap=charts.heatmap(heat),
        practised=[each for each in heat if each.attempts],
        rows=statistics.by_category(history.attempts, evaluator=whose),
        category=category,
        criteria=statistics.by_criterion(history.attempts, category, choosing.criteria(category), evaluator=whose)
        if category
        else (),
        next=choosing.choose(history, storage, zone=site.zone),
    )
