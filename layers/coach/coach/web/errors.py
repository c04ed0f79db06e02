"""What a page says when something goes wrong: what happened, that nothing is lost, and one thing to do."""

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from coach.errors import CoachError, NotFound
from coach.http.errors import no_such_path, response_to
from coach.web.site import Site
from coach.web.visitors import SignInNeeded

logger = Logger()


def page_of(app: APIGatewayRestResolver, error: Exception) -> Response[str]:
    """A page for who wants one, and what the API says for the others."""
    if isinstance(error, NotFoundError):
        error = NotFound("There is no such page")
        told = no_such_path(error)
    else:
        told = response_to(error)
    if "text/html" not in app.current_event.headers.get("accept", "") and not app.current_event.headers.get(
        "hx-request"
    ):
        return told
    site = Site(app)
    if isinstance(error, SignInNeeded):
        return site.go("/auth/login", next=error.onward)
    detail = error.detail if isinstance(error, CoachError) else "Something went wrong on our side"
    answer = site.page(
        "error.html", told.status_code, visitor=app.context.get("visitor"), code=told.status_code, detail=detail
    )
    if "Retry-After" in told.headers:
        answer.headers["Retry-After"] = told.headers["Retry-After"]
    return answer
