"""POST /api/sessions/{session_id}/attempts/{attempt_id}/evaluation: evaluate a failed attempt again."""

from aws_lambda_powertools.event_handler import Response

from coach import api, services
from coach.model import Status
from coach.schemas import EvaluationRequested

app = api.create_app()


@app.post(
    "/api/sessions/<session_id>/attempts/<attempt_id>/evaluation",
    status_code=202,
    tags=["attempts"],
    summary="Queue the evaluation of a failed attempt again",
    description="Harmless for an attempt that is pending already.",
    responses=api.answers({202: "Queued"}, 401, 404, 409, 503),
)
def request_evaluation(
    session_id: str, attempt_id: api.AttemptId, user: api.CurrentUser
) -> Response[EvaluationRequested]:
    services.table().request_evaluation(user.id, session_id, attempt_id)
    queued = EvaluationRequested(id=attempt_id, session_id=session_id.lower(), status=Status.PENDING)
    return api.accepted(app, queued, f"/api/sessions/{queued.session_id}/attempts/{attempt_id}")


handler = api.entrypoint(app)
