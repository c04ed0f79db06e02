"""GET /api/sessions: the caller's sessions, newest first."""

from aws_lambda_powertools.event_handler import Response

from coach import aws
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser
from coach.http.pages import Cursor, Limit, Page
from coach.http.responses import responses
from coach.http.schemas.sessions import SessionOut
from coach.model import Category
from coach.storage.sessions import POSITION

app = create_app()


@app.get(
    "/api/sessions",
    tags=["sessions"],
    summary="Your sessions, newest first",
    responses=responses({200: "One page; the next one is in the Link header"}, 401, 503),
)
def list_sessions(
    user: CurrentUser, category: Category | None = None, limit: Limit = 50, cursor: Cursor = None
) -> Response[list[SessionOut]]:
    page = Page[SessionOut](app, user, limit, cursor, POSITION, category=category)
    found = aws.storage().sessions.newest_first(user.id, category, after=page.after, page_size=limit + 1)
    return page.response((SessionOut.of(session), position) for session, position in found)


handler = entrypoint(app)
