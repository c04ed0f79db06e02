"""POST /api/sessions: start a session."""

from datetime import UTC, datetime
from uuid import uuid4

from aws_lambda_powertools.event_handler import Response

from coach import aws
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser, account_of
from coach.http.responses import created, responses
from coach.http.schemas.sessions import SessionIn, SessionOut
from coach.model import Session

app = create_app()


@app.post(
    "/api/sessions",
    status_code=201,
    tags=["sessions"],
    summary="Start a session",
    description="The client may choose the `id`: the same one sent again returns the session as it is stored.\n\n"
    "A `timed` session and an `exam` take answers until 30 seconds after their `timer_minutes`, if they have them; in "
    "other modes these are for the client to show. An `exam` holds back what the grader says until it has ended. In a "
    "`review` the next question is one that you have answered before.",
    responses=responses({201: "Started", 200: "Started before by the same request"}, 401, 409, 503),
)
def create_session(user: CurrentUser, body: SessionIn = SessionIn()) -> Response[SessionOut]:  # noqa: B008 - it is frozen
    if user.external:
        account_of(user)  # who comes for the first time has one from now on
    session, new = aws.storage().sessions.create(
        Session(
            id=body.id or str(uuid4()),
            user_id=user.id,
            category_filter=body.category_filter,
            mode=body.mode,
            timer_minutes=body.timer_minutes,
            started_at=datetime.now(UTC),
            ended_at=None,
            attempts_count=0,
            scored_count=0,
            failed_count=0,
            score_sum=0,
        )
    )
    return created(app, SessionOut.of(session), f"/api/sessions/{session.id}", new=new)


handler = entrypoint(app)
