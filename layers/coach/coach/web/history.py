"""/history: all answers, newest first."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from coach import aws
from coach import questions as bank
from coach.model import Attempt, Category, Evaluator, Question
from coach.storage.history import POSITION, Filters
from coach.web.site import Site
from coach.web.visitors import visitor

router = APIGatewayRouter()  # type: ignore[no-untyped-call]

A_PAGE = 30
DAYS = ((7, "last 7 days"), (30, "last 30 days"), (365, "last year"))


@router.get("/history", include_in_schema=False, enable_validation=False, compress=True)
def history() -> Response[str]:
    site = Site(router)
    user = visitor(site)
    chosen = {
        "category": site.asked("category") if site.asked("category") in set(Category) else "",
        "evaluator": site.asked("evaluator") if site.asked("evaluator") in set(Evaluator) else "",
        "days": site.asked("days") if site.asked("days") in {str(days) for days, _ in DAYS} else "",
    }
    after = site.asked("after")
    found = aws.storage().histories.newest_first(
        user.id,
        Filters(
            category=Category(chosen["category"]) if chosen["category"] else None,
            evaluator=Evaluator(chosen["evaluator"]) if chosen["evaluator"] else None,
            since=_begins(site, int(chosen["days"])) if chosen["days"] else None,
        ),
        after=after if POSITION.fullmatch(after) else None,
        limit=A_PAGE,
    )
    attempts = [each.shown for each, _ in found.attempts]
    days = groupby(attempts, key=lambda each: each.created_at.astimezone(site.zone).date())
    return site.page(
        "history.html",
        visitor=user,
        days=[(day, [(each, _question(each)) for each in rows]) for day, rows in days],
        filters=[
            ("Category", _links(chosen, "category", [(each.value, each.label) for each in Category])),
            ("Graded", _links(chosen, "evaluator", [("claude", "by Claude"), ("offline", "offline")])),
            ("When", _links(chosen, "days", [(str(days), words) for days, words in DAYS])),
        ],
        is_filtered=any(chosen.values()),
        onward=urlencode({**_set(chosen), "after": found.onward}) if found.onward else None,
    )


def _question(attempt: Attempt) -> Question | None:
    return bank.question(attempt.question_id) if bank.exists(attempt.question_id) else None


def _begins(site: Site, days: int) -> datetime:
    """The beginning of the first of so many days, of which today is the last."""
    first: date = site.today - timedelta(days=days - 1)
    return datetime.combine(first, time(), site.zone).astimezone(UTC)


def _set(chosen: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in chosen.items() if value}


def _links(chosen: dict[str, str], name: str, values: list[tuple[str, str]]) -> list[tuple[str, str, bool]]:
    """What one filter can be set to: the query, the words, and whether it is set to that."""
    all_values = [("", "all"), *values]
    return [(urlencode(_set(chosen | {name: value})), label, chosen[name] == value) for value, label in all_values]
