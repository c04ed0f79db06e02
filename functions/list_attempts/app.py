"""GET /api/sessions/{session_id}/attempts: a session's attempts, oldest first."""

from aws_lambda_powertools.event_handler import Response

from coach import aws
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser
from coach.http.pages import NUMBERS, Cursor, Limit, Page
from coach.http.responses import responses
from coach.http.schemas.attempts import AttemptOut

app = create_app()


@app.get(
    "/api/sessions/<session_id>/attempts",
    tags=["attempts"],
    summary="A session's attempts, oldest first",
    responses=responses({200: "One page; the next one is in the Link header"}, 401, 404, 503),
)
def list_attempts(
    session_id: str, user: CurrentUser, limit: Limit = 50, cursor: Cursor = None
) -> Response[list[AttemptOut]]:
    page = Page[AttemptOut](app, user, limit, cursor, NUMBERS)
    found = aws.storage().attempts.of_session(user.id, session_id, after=page.after_number, page_size=limit + 1)
    return page.response((AttemptOut.of(attempt), str(attempt.id)) for attempt in found)


handler = entrypoint(app)
