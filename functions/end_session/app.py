"""POST /api/sessions/{session_id}/end: end a session."""

from coach import aws
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser
from coach.http.responses import responses
from coach.http.schemas.sessions import SessionOut

app = create_app()


@app.post(
    "/api/sessions/<session_id>/end",
    tags=["sessions"],
    summary="End a session",
    description="No answers are taken after that; pending evaluations still come in. An exam shows its scores from "
    "then on. Ending again is harmless.",
    responses=responses({200: "The session, ended"}, 401, 404, 503),
)
def end_session(session_id: str, user: CurrentUser) -> SessionOut:
    return SessionOut.of(aws.storage().sessions.end(user.id, session_id))


handler = entrypoint(app)
