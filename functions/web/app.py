"""What is there before anybody has signed in: /, /health, /openapi.json, /docs, and the pages that sign in and out."""

import json
import re
from functools import cache
from html import escape
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.swagger_ui import generate_swagger_html
from aws_lambda_powertools.shared.cookies import Cookie
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ValidationError

from coach import __version__, aws
from coach.errors import NotFound, TooManyRequests
from coach.http import browser
from coach.http.addresses import absolute, trusted
from coach.http.app import create_app, entrypoint
from coach.http.passwords import WRONG, opened, replaced
from coach.http.responses import responses
from coach.http.schemas.about import About, Health
from coach.http.schemas.passwords import Email, NewPassword, Password
from coach.identity.tickets import Ticket
from coach.settings import GraderSettings

NAME = "PM Interview Coach"
HERE = Path(__file__).parent
BY_ACCEPT = {"Vary": "Accept"}
NOBODYS = {"Cache-Control": "no-cache"}
"""For what holds nobody's data: it may be kept, and is asked for anew."""
ABOUT: dict[int, Any] = responses({}) | {
    200: {
        "description": "What answers",
        "content": {"application/json": {"model": About}, "text/html": {"schema": {"type": "string"}}},
    }
}
SWAGGER_UI = Path(generate_swagger_html.__code__.co_filename).parent

STATIC = {"style.css": "text/css; charset=utf-8"}
GUARDED = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

app = create_app()
app.use([browser.own_pages_only, browser.with_cookies])


class SignIn(BaseModel):
    """What the form of the sign-in page sends, beside where to go on."""

    email: Email
    password: Password


class Forgotten(BaseModel):
    """What the form for a forgotten password sends."""

    email: Email


class NewChoice(BaseModel):
    """What the form for a new password sends, beside its token."""

    new_password: NewPassword


# Not validated: who follows a link from elsewhere comes with parameters that are none of ours.
@app.get(
    "/",
    tags=["about"],
    summary="What answers here; the landing page for a browser",
    responses=ABOUT,
    enable_validation=False,
)
def root() -> Response[About | str]:
    accept = app.current_event.headers.get("accept", "")
    if quality(accept, "text/html") > quality(accept, "application/json"):
        return page(landing_page().replace("{{origin}}", escape(absolute(app, ""))), BY_ACCEPT)
    about = About(app=NAME, version=__version__, status="running").model_dump_json()
    return Response(status_code=200, content_type=content_types.APPLICATION_JSON, body=about, headers=BY_ACCEPT)


def quality(accept: str, media_type: str) -> float:
    """How much a client wants a media type, 0 to 1: what its most specific range says (RFC 9110, 12.5.1)."""
    said = {}
    for each in accept.lower().split(","):
        q = re.search(r";\s*q=([01](\.\d{0,3})?)\s*(;|$)", each)
        said[each.partition(";")[0].strip()] = float(q[1]) if q else 1.0
    ranges = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    return next((said[name] for name in ranges if name in said), 0.0)


@app.get(
    "/health",
    tags=["about"],
    summary="Whether the API and its database work",
    responses=responses({200: "Healthy", 503: "Unhealthy"}),
)
def health() -> Response[Health]:
    connected = aws.storage().table.is_reachable()
    found = Health(
        status="healthy" if connected else "unhealthy",
        database="connected" if connected else "unavailable",
        anthropic_api="configured" if GraderSettings.read().grader == "claude" else "missing",
    )
    status = 200 if connected else 503
    return Response(status_code=status, content_type=content_types.APPLICATION_JSON, headers=NOBODYS, body=found)


@app.get("/openapi.json", include_in_schema=False, enable_validation=False)
def openapi() -> Response[str]:
    text = json.dumps(document(), ensure_ascii=False)
    return Response(status_code=200, content_type=content_types.APPLICATION_JSON, headers=NOBODYS, body=text)


@app.get("/docs", include_in_schema=False, enable_validation=False)
def docs() -> Response[str]:
    spec = json.dumps(document()).replace("</", "<\\/")
    script = (SWAGGER_UI / "swagger-ui-bundle.min.js").read_text(encoding="utf-8")
    style = (SWAGGER_UI / "swagger-ui.min.css").read_text(encoding="utf-8")
    return page(generate_swagger_html(spec, script, style, "", None, persist_authorization=True))


@app.get("/static/<name>", include_in_schema=False, enable_validation=False)
def static(name: str) -> Response[str]:
    if name not in STATIC:
        raise NotFound("Not Found")
    text = (HERE / "static" / name).read_text(encoding="utf-8")
    return Response(status_code=200, content_type=STATIC[name], headers=NOBODYS, body=text)


# Signing in and out


@app.get("/auth/login", include_in_schema=False, enable_validation=False)
def login_page() -> Response[str]:
    user = browser.signed_in(app)
    if user:
        return rendered("signed_in.html", user=user)
    asked = app.current_event.query_string_parameters
    notice = "Your new password is set. Sign in with it." if "changed" in asked else ""
    return rendered("login.html", next=ours(asked.get("next")), email="", notice=notice)


@app.post("/auth/login/form", include_in_schema=False, enable_validation=False)
def login_form() -> Response[str]:
    sent = form()
    onward = ours(sent.get("next"))
    again: dict[str, Any] = {"next": onward, "email": sent.get("email", "")}
    try:
        ticket = session_for(SignIn.model_validate(sent))
    except ValidationError:
        ticket = None
    except TooManyRequests as error:
        mistake = f"{error.detail}, in {ceil(error.retry_after / 60)} minutes."
        headers = {"Retry-After": str(error.retry_after)}
        return rendered("login.html", 429, mistake=mistake, headers=headers, **again)
    if not ticket:
        return rendered("login.html", 401, mistake=f"{WRONG}.", **again)
    browser.end(app.current_event)
    return see_other(onward, browser.cookie(app, ticket))


def session_for(sent: SignIn) -> Ticket | None:
    """A session of this browser for who has the right password. Raises TooManyRequests."""
    credentials = opened(sent.email, sent.password, app.current_event.request_context.identity.source_ip)
    ticket = Ticket.made(credentials.user_id) if credentials else None
    if credentials and ticket and aws.storage().browsers.sign_in(credentials, ticket.digest):
        return ticket
    return None


@app.post("/auth/logout/form", include_in_schema=False, enable_validation=False)
def logout_form() -> Response[str]:
    browser.end(app.current_event)
    return see_other("/auth/login", browser.cookie(app, None))


# A forgotten password


@app.get("/auth/password/forgot", include_in_schema=False, enable_validation=False)
def forgot_page() -> Response[str]:
    return rendered("forgot.html", email="")


@app.post("/auth/password/forgot/form", include_in_schema=False, enable_validation=False)
def forgot_form() -> Response[str]:
    sent = form()
    try:
        email = Forgotten.model_validate(sent).email
    except ValidationError:
        return rendered("forgot.html", 422, mistake="This is no e-mail address.", email=sent.get("email", ""))
    aws.storage().resets.ask(email, trusted(app))
    return rendered("asked.html", email=email)


@app.get("/auth/password/reset", include_in_schema=False, enable_validation=False)
def reset_page() -> Response[str]:
    """Uses nothing up: mail programs open links to see what is behind them."""
    return reset_again(app.current_event.query_string_parameters.get("token", ""))


@app.post("/auth/password/reset/form", include_in_schema=False, enable_validation=False)
def reset_form() -> Response[str]:
    sent = form()
    token = sent.get("token", "")
    try:
        password = NewChoice.model_validate(sent).new_password
    except ValidationError as error:
        return reset_again(token, 422, f"{error.errors()[0]['msg']}.")
    return see_other("/auth/login?changed") if replaced(token, password) else rendered("bad_link.html", 422)


def reset_again(token: str, status: int = 200, mistake: str = "") -> Response[str]:
    """The form, on a page whose address may hold the token, which no other page is told."""
    return rendered("reset.html", status, {"Referrer-Policy": "no-referrer"}, token=token, mistake=mistake)


# What pages are made of


def form() -> dict[str, str]:
    """The fields of the form that was sent."""
    try:
        return dict(parse_qsl(app.current_event.body or "", keep_blank_values=True, max_num_fields=20))
    except ValueError:  # more fields than any form has
        return {}


def ours(sent: str | None) -> str:
    """Where to go on: a path of ours, and the root in the place of any other address."""
    return sent if sent and re.fullmatch(r"/(?!/)[!-\[\]-~]*", sent) else "/"


def rendered(
    template: str, status: int = 200, headers: dict[str, str] | None = None, **values: object
) -> Response[str]:
    shown = {"base": app.context["base_path"], "mistake": "", "notice": ""} | values
    body = templates().get_template(template).render(shown)
    html_type = f"{content_types.TEXT_HTML}; charset=utf-8"
    return Response(status_code=status, content_type=html_type, headers=GUARDED | (headers or {}), body=body)


def see_other(path: str, *cookies: Cookie) -> Response[str]:
    """To another page, by GET."""
    headers = {"Location": f"{app.context['base_path']}{path}"}
    return Response(status_code=303, headers=headers, body="", cookies=list(cookies))


@cache
def templates() -> Environment:
    return Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)


def document() -> dict[str, Any]:
    """The OpenAPI document that is made from the code of all functions, with the address that it was asked at."""
    return schema() | {"servers": [{"url": absolute(app, "")}]}


@cache
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / "openapi.json").read_text(encoding="utf-8"))
    return found


@cache
def landing_page() -> str:
    return (HERE / "landing.html").read_text(encoding="utf-8")


def page(html: str, headers: dict[str, str] | None = None) -> Response[Any]:
    html_type = f"{content_types.TEXT_HTML}; charset=utf-8"
    return Response(status_code=200, content_type=html_type, body=html, headers=NOBODYS | (headers or {}))


handler = entrypoint(app, aws.storage, templates, open_to_all=True)
