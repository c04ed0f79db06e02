"""/auth: the pages that make an account, sign in and out, and give a new password for a forgotten one."""

from datetime import UTC, datetime
from math import ceil
from typing import Annotated
from uuid import uuid4

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import BaseModel, Field, ValidationError

from coach import aws
from coach.errors import Conflict, TooManyRequests
from coach.http import browser
from coach.http.addresses import trusted
from coach.http.passwords import WRONG, opened, replaced
from coach.http.schemas.fields import Text
from coach.http.schemas.passwords import Email, NewPassword, Password
from coach.identity.passwords import hashed
from coach.identity.tickets import Ticket
from coach.model import User
from coach.web import words
from coach.web.refusals import said
from coach.web.site import Site, ours

router = APIGatewayRouter()  # type: ignore[no-untyped-call]

PRACTICE = "/practice"
"""Where to go on who was on the way to nowhere else."""


class Registration(BaseModel):
    email: Email
    password: NewPassword
    full_name: Annotated[Text, Field(max_length=100)] | None = None


class SignIn(BaseModel):
    email: Email
    password: Password


class Forgotten(BaseModel):
    email: Email


class NewChoice(BaseModel):
    new_password: NewPassword


@router.get("/auth/register", include_in_schema=False, enable_validation=False, compress=True)
def register_page() -> Response[str]:
    site = Site(router)
    return site.page("register.html", sent={}, onward=ours(site.asked("next"), PRACTICE))


@router.post("/auth/register/form", include_in_schema=False, enable_validation=False, compress=True)
def register_form() -> Response[str]:
    site = Site(router)
    sent = site.form()
    onward = ours(sent.get("next"), PRACTICE)
    try:
        new = Registration.model_validate({name: value for name, value in sent.items() if value})
    except ValidationError as refused:
        return site.page("register.html", 422, sent=sent, onward=onward, problem=said(refused))
    now = datetime.now(UTC)
    user = User(
        id=str(uuid4()), email=new.email, full_name=new.full_name, is_active=True, created_at=now, last_login=now
    )
    try:
        aws.storage().accounts.register(user, hashed(new.password))
    except Conflict as taken:
        return site.page("register.html", 409, sent=sent, onward=onward, problem=f"{taken.detail}. Sign in instead?")
    return begun(site, new.email, new.password, onward) or site.go("/auth/login")


@router.get("/auth/login", include_in_schema=False, enable_validation=False, compress=True)
def login_page() -> Response[str]:
    site = Site(router)
    return site.page("login.html", email="", onward=ours(site.asked("next"), PRACTICE), changed=site.asked("changed"))


@router.post("/auth/login/form", include_in_schema=False, enable_validation=False, compress=True)
def login_form() -> Response[str]:
    site = Site(router)
    sent = site.form()
    again = {"email": sent.get("email", ""), "onward": ours(sent.get("next"), PRACTICE), "changed": ""}
    try:
        known = SignIn.model_validate(sent)
        answer = begun(site, known.email, known.password, again["onward"])
    except ValidationError:
        answer = None
    except TooManyRequests as throttled:
        wait = words.counted(ceil(throttled.retry_after / 60), "minute")
        answer = site.page("login.html", 429, problem=f"{throttled.detail}, in {wait}.", **again)
        answer.headers["Retry-After"] = str(throttled.retry_after)
    return answer or site.page("login.html", 401, problem=f"{WRONG}.", **again)


def begun(site: Site, email: str, password: str, onward: str) -> Response[str] | None:
    """A session of this browser for who has the right password, and on with it. Raises TooManyRequests."""
    credentials = opened(email, password, site.source_ip)
    if not credentials:
        return None
    ticket = Ticket.made(credentials.user_id)
    if not aws.storage().browsers.sign_in(credentials, ticket.digest):
        return None
    browser.end(site.current_event)
    answer = site.go(onward)
    answer.cookies.append(browser.cookie(site, ticket))
    return answer


@router.post("/auth/logout/form", include_in_schema=False, enable_validation=False)
def logout_form() -> Response[str]:
    site = Site(router)
    browser.end(site.current_event)
    answer = site.go("/")
    answer.cookies.append(browser.cookie(site, None))
    return answer


@router.get("/auth/password/forgot", include_in_schema=False, enable_validation=False, compress=True)
def forgot_page() -> Response[str]:
    return Site(router).page("forgot.html", email="")


@router.post("/auth/password/forgot/form", include_in_schema=False, enable_validation=False, compress=True)
def forgot_form() -> Response[str]:
    site = Site(router)
    sent = site.form()
    try:
        email = Forgotten.model_validate(sent).email
    except ValidationError:
        return site.page("forgot.html", 422, problem="This is no e-mail address.", email=sent.get("email", ""))
    aws.storage().resets.ask(email, trusted(site))
    return site.page("asked.html", email=email)


@router.get("/auth/password/reset", include_in_schema=False, enable_validation=False, compress=True)
def reset_page() -> Response[str]:
    """Uses nothing up: mail programs open links to see what is behind them."""
    site = Site(router)
    return _reset(site, site.asked("token"))


@router.post("/auth/password/reset/form", include_in_schema=False, enable_validation=False, compress=True)
def reset_form() -> Response[str]:
    site = Site(router)
    sent = site.form()
    token = sent.get("token", "")
    try:
        password = NewChoice.model_validate(sent).new_password
    except ValidationError as refused:
        return _reset(site, token, 422, said(refused))
    return site.go("/auth/login", changed="1") if replaced(token, password) else site.page("bad_link.html", 422)


def _reset(site: Site, token: str, status: int = 200, problem: str | None = None) -> Response[str]:
    """The form, on a page whose address may hold the token, which no other page is told."""
    answer = site.page("reset.html", status, token=token, problem=problem)
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
