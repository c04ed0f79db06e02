"""POST /api/sessions/{session_id}/attempts/{attempt_id}/evaluation: evaluate a failed attempt again."""

from aws_lambda_powertools.event_handler import Response

from coach import aws
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser
from coach.http.responses import accepted, responses
from coach.http.schemas.attempts import AttemptId, EvaluationRequested
from coach.model import Status

app = create_app()


@app.post(
    "/api/sessions/<session_id>/attempts/<attempt_id>/evaluation",
    status_code=202,
    tags=["attempts"],
    summary="Queue the evaluation of a failed attempt again",
    description="Harmless for an attempt that is pending already; one that has been pending for an hour was lost, and "
    "is queued again. Each time counts like an answer on the day's share.",
    responses=responses({202: "Queued"}, 401, 404, 409, 429, 503),
)
def request_evaluation(session_id: str, attempt_id: AttemptId, user: CurrentUser) -> Response[EvaluationRequested]:
    asked = aws.storage().evaluations.request(user.id, session_id, attempt_id, aws.allowance())
    queued = EvaluationRequested(id=attempt_id, session_id=session_id.lower(), status=Status.PENDING)
    return accepted(app, queued, f"/api/sessions/{queued.session_id}/attempts/{attempt_id}", remaining=asked.remaining)


handler = entrypoint(app)
