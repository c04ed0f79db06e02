"""GET /api/attempts: the caller's attempts of all sessions, newest first."""

from aws_lambda_powertools.event_handler import Response

from coach import aws
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser
from coach.http.pages import Cursor, Limit, Page
from coach.http.responses import responses
from coach.http.schemas.fields import Moment
from coach.http.schemas.history import HistoryRowOut
from coach.model import Category, Evaluator, Status
from coach.storage.history import POSITION, Filters

app = create_app()


@app.get(
    "/api/attempts",
    tags=["progress"],
    summary="Your attempts of all sessions, newest first",
    description="Without their texts. `since` is inclusive and `until` exclusive: ISO 8601 with an offset. A page may "
    "be short although there are more: go on as long as there is a Link.",
    responses=responses({200: "One page; the next one is in the Link header"}, 401, 503),
)
def list_history(
    user: CurrentUser,
    category: Category | None = None,
    status: Status | None = None,
    evaluator: Evaluator | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[list[HistoryRowOut]]:
    page = Page[HistoryRowOut](
        app,
        user,
        limit,
        cursor,
        POSITION,
        category=category,
        status=status,
        evaluator=evaluator,
        since=since.isoformat() if since else None,
        until=until.isoformat() if until else None,
    )
    filters = Filters(category=category, status=status, evaluator=evaluator, since=since, until=until)
    found = aws.storage().histories.newest_first(user.id, filters, after=page.after, limit=limit)
    rows = ((HistoryRowOut.of(attempt), position) for attempt, position in found.attempts)
    return page.response(rows, found.onward)


handler = entrypoint(app)
