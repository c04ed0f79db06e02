"""GET /api/sessions/{session_id}/attempts/{attempt_id}: one attempt, which a client polls until it is evaluated."""

from coach import api, services
from coach.schemas import AttemptOut

app = api.create_app()


@app.get(
    "/api/sessions/<session_id>/attempts/<attempt_id>",
    tags=["attempts"],
    summary="One attempt, with its evaluation once there is one",
    responses=api.answers({200: "The attempt"}, 401, 404),
)
def get_attempt(session_id: str, attempt_id: api.AttemptId, user: api.CurrentUser) -> AttemptOut:
    return AttemptOut.of(services.table().attempt(user.id, session_id, attempt_id))


handler = api.entrypoint(app)
