"""DELETE /api/sessions/{session_id}: delete a session with its attempts."""

from aws_lambda_powertools.event_handler import Response

from coach import aws
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser
from coach.http.responses import responses

app = create_app()


@app.delete(
    "/api/sessions/<session_id>",
    status_code=204,
    tags=["sessions"],
    summary="Delete a session with its attempts",
    description="They are in no list and no figure any more, and an evaluation under way comes to nothing. The day's "
    "share stays used.",
    responses=responses({204: "Deleted"}, 401, 404, 503),
)
def delete_session(session_id: str, user: CurrentUser) -> Response[str]:
    aws.storage().deletions.delete_session(user.id, session_id)
    return Response(status_code=204, body="")


handler = entrypoint(app)
