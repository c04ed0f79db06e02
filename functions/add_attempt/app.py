"""POST /api/sessions/{session_id}/attempts: submit an answer. The table's stream queues its evaluation."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header

from coach import aws, questions
from coach.errors import Invalid
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser
from coach.http.responses import created, responses
from coach.http.schemas.attempts import AttemptIn, AttemptOut

app = create_app()

IdempotencyKey = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)]


@app.post(
    "/api/sessions/<session_id>/attempts",
    status_code=201,
    tags=["attempts"],
    summary="Submit an answer",
    description="It is stored as pending and evaluated in the background: read the attempt until its status changes. "
    "With `follow_up_to` it answers the `follow_up` of an earlier attempt, which takes one answer; a first answer has "
    "at most two follow-ups, one after the other, and they are in no average. 409 when the session has ended, or its "
    "time is up.",
    responses=responses({201: "Stored", 200: "Stored before under the same Idempotency-Key"}, 401, 404, 409, 429, 503),
)
def add_attempt(
    session_id: str, user: CurrentUser, body: AttemptIn, idempotency_key: IdempotencyKey = None
) -> Response[AttemptOut]:
    if body.session_id and body.session_id != session_id.lower():
        raise Invalid(("body", "session_id"), "This is not the session of the path", "session_mismatch")
    if not questions.exists(body.question_id):
        raise Invalid(("body", "question_id"), "There is no question with this id", "question_unknown")
    added = aws.storage().attempts.add(
        user.id,
        session_id,
        question_id=body.question_id,
        category=questions.category(body.question_id),
        answer_text=body.answer_text,
        time_spent_sec=body.time_spent_sec,
        idempotency_key=idempotency_key,
        allowance=aws.allowance(),
        follow_up_to=body.follow_up_to,
    )
    path = f"/api/sessions/{added.attempt.session_id}/attempts/{added.attempt.id}"
    return created(app, AttemptOut.of(added.attempt), path, new=added.new, remaining=added.remaining)


handler = entrypoint(app)
