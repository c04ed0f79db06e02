"""The browser's session: its cookie, and which requests that come with it count.

Only pages look at the cookie, and `/auth/logout`; the API knows tokens alone. A browser sends the cookie along with
requests that other sites make it send, so that the cookie alone is never enough for what changes something.
"""

from urllib.parse import urlsplit

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.shared.cookies import Cookie, SameSite
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from coach import aws
from coach.errors import Forbidden
from coach.http.addresses import Asked, is_loopback
from coach.identity.tickets import Ticket
from coach.model import User
from coach.settings import OriginSettings
from coach.storage.browsers import LIFETIME, Browser

NAME = "pm_coach_session"


def held(event: APIGatewayProxyEvent, name: str) -> str | None:
    """The value of a cookie of the request. HTTP/2 may send the cookies in several headers."""
    lines = [line for header, line in event.resolved_headers_field.items() if header.lower() == "cookie"]
    sent = ";".join(";".join(line) if isinstance(line, list) else line for line in lines)
    pairs = (each.strip().partition("=") for each in sent.split(";"))
    return next((value for found, _, value in pairs if found == name), None)


def ticket(event: APIGatewayProxyEvent) -> Ticket | None:
    """What the request's cookie holds."""
    value = held(event, NAME)
    return None if value is None else Ticket.read(value)


def session(event: APIGatewayProxyEvent) -> Browser | None:
    """The session that the request's cookie is for."""
    found = ticket(event)
    return aws.storage().browsers.find(found.user_id, found.digest) if found else None


def signed_in(app: Asked) -> User | None:
    """Who has signed in on this browser. Now and then that prolongs the session: `with_cookies` has the browser keep
    its cookie for as long."""
    browser = session(app.current_event)
    if browser and aws.storage().browsers.renew(browser):
        sent = ticket(app.current_event)
        app.context["cookies"] = [cookie(app, sent)] if sent else []
    return browser.user if browser else None


def with_cookies(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[str]:
    response: Response[str] = next_middleware(app)
    response.cookies += app.context.get("cookies", [])
    return response


def cookie(app: Asked, ticket: Ticket | None) -> Cookie:
    """The cookie that holds a ticket, for the pages below our stage only; None takes it away."""
    headers = app.current_event.headers
    insecure = headers.get("x-forwarded-proto") == "http" and is_loopback(headers.get("host", ""))
    return Cookie(
        NAME,
        ticket.text if ticket else "",
        path=app.context["base_path"] or "/",
        secure=not insecure,
        http_only=True,
        max_age=int(LIFETIME.total_seconds()) if ticket else 0,
        same_site=SameSite.LAX_MODE,
    )


def end(event: APIGatewayProxyEvent) -> None:
    """End the session of the request's cookie, if it has one."""
    if found := ticket(event):
        aws.storage().browsers.end(found.user_id, found.digest)


def demand_own_page(event: APIGatewayProxyEvent) -> None:
    """Raises Forbidden for what a browser was made to send by a page that is not ours.

    Browsers say in Sec-Fetch-Site whose page it was; those of before 2023 have Origin only.
    """
    site, origin = event.headers.get("sec-fetch-site"), event.headers.get("origin")
    if site:
        ours = site in ("same-origin", "none")
    else:
        ours = bool(origin) and (
            urlsplit(origin).netloc.lower() == event.headers.get("host", "").lower()
            or origin in OriginSettings.read().cors_origins
        )
    if not ours:
        raise Forbidden("This request does not come from a page of this app")


def own_pages_only(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[str]:
    """Forms are taken from our own pages alone: nor shall another site sign a browser in as somebody else."""
    if app.current_event.http_method == "POST":
        demand_own_page(app.current_event)
    return next_middleware(app)
