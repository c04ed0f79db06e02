"""GET /api/sessions: the caller's sessions, newest first."""

from aws_lambda_powertools.event_handler import Response

from coach import api, services
from coach.model import Category
from coach.schemas import SessionOut

app = api.create_app()


@app.get(
    "/api/sessions",
    tags=["sessions"],
    summary="Your sessions, newest first",
    responses=api.answers({200: "One page; the next one is in the Link header"}, 401),
)
def list_sessions(
    user: api.CurrentUser, category: Category | None = None, limit: api.Limit = 50, cursor: api.Cursor = None
) -> Response[list[SessionOut]]:
    page = api.Page[SessionOut](app, user, limit, cursor, category=category)
    found = services.table().sessions(user.id, category, after=page.after, page_size=limit + 1)
    return page.answer((SessionOut.of(session), position) for session, position in found)


handler = api.entrypoint(app)
