"""POST /api/sessions/{session_id}/end: end a session."""

from coach import api, services
from coach.schemas import SessionOut

app = api.create_app()


@app.post(
    "/api/sessions/<session_id>/end",
    tags=["sessions"],
    summary="End a session",
    description="No answers are taken after that; pending evaluations still come in. Ending again is harmless.",
    responses=api.answers({200: "The session, ended"}, 401, 404, 503),
)
def end_session(session_id: str, user: api.CurrentUser) -> SessionOut:
    return SessionOut.of(services.table().end_session(user.id, session_id))


handler = api.entrypoint(app)
