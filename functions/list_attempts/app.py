"""GET /api/sessions/{session_id}/attempts: a session's attempts, oldest first."""

from aws_lambda_powertools.event_handler import Response

from coach import api, services
from coach.schemas import AttemptOut

app = api.create_app()


@app.get(
    "/api/sessions/<session_id>/attempts",
    tags=["attempts"],
    summary="A session's attempts, oldest first",
    responses=api.answers({200: "One page; the next one is in the Link header"}, 401, 404),
)
def list_attempts(
    session_id: str, user: api.CurrentUser, limit: api.Limit = 50, cursor: api.Cursor = None
) -> Response[list[AttemptOut]]:
    page = api.Page[AttemptOut](app, user, limit, cursor)
    found = services.table().attempts(user.id, session_id, after=page.after_number, page_size=limit + 1)
    return page.answer((AttemptOut.of(attempt), str(attempt.id)) for attempt in found)


handler = api.entrypoint(app)
