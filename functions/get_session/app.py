"""GET /api/sessions/{session_id}: one session with its stats."""

from coach import api, services
from coach.schemas import SessionOut

app = api.create_app()


@app.get(
    "/api/sessions/<session_id>",
    tags=["sessions"],
    summary="One session with its stats",
    responses=api.answers({200: "The session"}, 401, 404),
)
def get_session(session_id: str, user: api.CurrentUser) -> SessionOut:
    return SessionOut.of(services.table().session(user.id, session_id))


handler = api.entrypoint(app)
