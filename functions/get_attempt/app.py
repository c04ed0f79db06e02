"""GET /api/sessions/{session_id}/attempts/{attempt_id}: one attempt, which a client polls until it is evaluated."""

from coach import aws
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser
from coach.http.responses import responses
from coach.http.schemas.attempts import AttemptId, AttemptOut

app = create_app()


@app.get(
    "/api/sessions/<session_id>/attempts/<attempt_id>",
    tags=["attempts"],
    summary="One attempt, with its evaluation once there is one",
    responses=responses({200: "The attempt"}, 401, 404, 503),
)
def get_attempt(session_id: str, attempt_id: AttemptId, user: CurrentUser) -> AttemptOut:
    return AttemptOut.of(aws.storage().attempts.get(user.id, session_id, attempt_id))


handler = entrypoint(app)
