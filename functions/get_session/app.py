"""GET /api/sessions/{session_id}: one session with its stats."""

from coach import aws
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser
from coach.http.responses import responses
from coach.http.schemas.sessions import SessionOut

app = create_app()


@app.get(
    "/api/sessions/<session_id>",
    tags=["sessions"],
    summary="One session with its stats",
    responses=responses({200: "The session"}, 401, 404, 503),
)
def get_session(session_id: str, user: CurrentUser) -> SessionOut:
    return SessionOut.of(aws.storage().sessions.get(user.id, session_id))


handler = entrypoint(app)
