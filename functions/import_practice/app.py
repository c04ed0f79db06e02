"""POST /api/import: takes a page of an export into the caller's account."""

from coach import aws
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser, account_of
from coach.http.imports import MOST_BYTES, parts
from coach.http.responses import responses
from coach.http.schemas.exports import ImportOut
from coach.http.schemas.imports import ImportIn

app = create_app()


@app.post(
    "/api/import",
    tags=["accounts"],
    summary="Take a page of an export into your account",
    description="Pages may come in any order, and twice: what is there by the session's id and the attempt's number is "
    "left alone, what is missing is added. Scores come in as they were graded; an answer without scores comes in as "
    "failed, and its evaluation can be asked for. Nothing of it counts on the day's share. Nothing is written when "
    "anything of the document cannot be used.",
    responses=responses({200: "What was new, and what was there already"}, 401, 413, 503),
)
def import_page(body: ImportIn, user: CurrentUser) -> ImportOut:
    storage = aws.storage()
    if user.external:
        account_of(user)  # who comes for the first time has one from now on
    return ImportOut.of(storage.imports.take(user.id, parts(body, user.id, storage.table.moment)))


handler = entrypoint(app, aws.storage, most_bytes=MOST_BYTES)
