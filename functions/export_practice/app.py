"""GET /api/export: all that the caller owns, page by page."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from coach import aws
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser
from coach.http.exports import FORMATS, ExportFormat, written
from coach.http.pages import Cursor, Limit, Page
from coach.http.responses import responses
from coach.http.schemas.exports import ExportedSession, ExportOut
from coach.storage.exports import POSITION

app = create_app()

TEXT: dict[str, Any] = {"schema": {"type": "string"}}
A_PAGE: dict[int, Any] = {
    200: {
        "description": "One page; the next one is in the Link header",
        "content": {"application/json": {"model": ExportOut}, "text/csv": TEXT, "text/markdown": TEXT},
    }
}


@app.get(
    "/api/export",
    tags=["accounts"],
    summary="All that you own, to take along",
    description="Sessions come oldest first. Every page is valid by itself, and has at most `limit` attempts and 3 MB; "
    "a session that goes on on the next page stands on both. A JSON page can be sent to `/api/import`. Of an exam "
    "that goes on there is no evaluation.",
    responses=responses({}, 401, 503) | A_PAGE,
)
def export(
    user: CurrentUser,
    form: Annotated[ExportFormat, Query(alias="format")] = ExportFormat.JSON,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[str]:
    page = Page[ExportedSession](app, user, limit, cursor, POSITION, format=form)
    storage = aws.storage()
    account = storage.accounts.guest(user.id) if user.external else storage.accounts.user(user.id)
    chosen = FORMATS[form]
    text, onward = written(chosen, account, storage.exports.page(user.id, after=page.after, limit=limit))
    headers = {"Content-Disposition": f'attachment; filename="{chosen.FILE_NAME}"'} | page.link(onward)
    return Response(status_code=200, content_type=chosen.CONTENT_TYPE, headers=headers, body=text)


handler = entrypoint(app, aws.storage)
