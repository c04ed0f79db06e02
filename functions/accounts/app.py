"""/auth: accounts and access tokens. The only function that holds the signing key."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

from aws_lambda_powertools.event_handler import Response, content_types
from pydantic import BaseModel, Field

from coach import aws
from coach.errors import Conflict, Invalid, Unauthorized
from coach.http import browser
from coach.http.addresses import trusted
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser, account_of
from coach.http.passwords import WRONG, opened, replaced
from coach.http.responses import created, responses
from coach.http.schemas.accounts import SignedIn, UserOut
from coach.http.schemas.fields import Body, Text
from coach.http.schemas.passwords import Email, NewPassword, Password
from coach.identity.passwords import hashed
from coach.identity.tokens import LIFETIME
from coach.model import User
from coach.storage.accounts import Credentials

app = create_app()

BAD_LINK = Invalid(("body", "token"), "This link was used, or is older than 30 minutes: ask for a new one", "bad_token")


class Registration(Body):
    """A new account."""

    email: Email
    password: NewPassword
    full_name: Annotated[Text, Field(max_length=100)] | None = None


class Login(Body):
    """What an account is opened with."""

    email: Email
    password: Password


class PasswordChange(Body):
    """A password in the place of another."""

    current_password: Password
    new_password: NewPassword


class Forgotten(Body):
    """Whose password is forgotten."""

    email: Email


class PasswordReset(Body):
    """A password in the place of a forgotten one. The token is that of the link."""

    token: Text
    new_password: NewPassword


class Nothing(BaseModel):
    """Nothing is said."""


@app.post(
    "/auth/register",
    status_code=201,
    tags=["accounts"],
    summary="Make an account",
    responses=responses({201: "Made, and signed in"}, 409, 503),
)
def register(body: Registration) -> Response[SignedIn]:
    now = datetime.now(UTC)
    user = User(
        id=str(uuid4()), email=body.email, full_name=body.full_name, is_active=True, created_at=now, last_login=now
    )
    aws.storage().accounts.register(user, hashed(body.password))
    return created(app, signed_in(user), "/auth/me", new=True)


@app.post(
    "/auth/login",
    tags=["accounts"],
    summary="Get an access token",
    description="After the eighth wrong password for an account from one network address within 15 minutes, every "
    "login to it from there is 429 for 15 minutes, with the right password too.",
    responses=responses({200: "Signed in"}, 401, 429, 503),
)
def login(body: Login) -> SignedIn:
    credentials = opened(body.email, body.password, source_ip())
    user = aws.storage().accounts.record_sign_in(credentials.user_id) if credentials else None
    if not user:
        raise Unauthorized(WRONG)
    return signed_in(user)


@app.post(
    "/auth/password",
    status_code=204,
    tags=["accounts"],
    summary="Change your password",
    description="A wrong current password counts as one at a login. All browsers are signed out, but for the one that "
    "sends its cookie along. Access tokens run out by themselves.",
    responses=responses({204: "Changed"}, 401, 409, 429, 503),
)
def change_password(body: PasswordChange, user: CurrentUser) -> Response[str]:
    accounts = aws.storage().accounts
    email = None if user.external else accounts.user(user.id).email
    if email is None:
        raise Conflict("This account has no password: tokens of another issuer open it")
    credentials = opened(email, body.current_password, source_ip())
    if not credentials:
        raise Invalid(("body", "current_password"), "This is not your password", "wrong_password")
    after = hashed(body.new_password)
    accounts.change_password(credentials, after, keeping=this_browser(credentials, after))
    return Response(status_code=204, body="")


@app.post(
    "/auth/password/forgot",
    status_code=202,
    tags=["accounts"],
    summary="Have a link for a new password mailed",
    description="The answer is the same whether there is such an account. Three links an hour are mailed at most, each "
    "is good for 30 minutes, and a new one ends the one before.",
    responses=responses({202: "If the address has an account, the link is on its way"}, 403, 503),
)
def forgot_password(body: Forgotten) -> Response[Nothing]:
    aws.storage().resets.ask(body.email, trusted(app))
    return Response(status_code=202, content_type=content_types.APPLICATION_JSON, body=Nothing())


@app.post(
    "/auth/password/reset",
    status_code=204,
    tags=["accounts"],
    summary="Choose a new password with the token of such a link",
    description="A token is used up by a password that is taken. All browsers are signed out.",
    responses=responses({204: "Changed"}, 503),
)
def reset_password(body: PasswordReset) -> Response[str]:
    if not replaced(body.token, body.new_password):
        raise BAD_LINK
    return Response(status_code=204, body="")


@app.post(
    "/auth/logout",
    status_code=204,
    tags=["accounts"],
    summary="End the browser's session",
    description="That of the cookie, if the request has one, which is enough without a token where the request comes "
    "from a page of this app. A token is good until it expires.",
    responses=responses({204: "Ended"}, 401, 403, 503),
)
def logout(_: CurrentUser) -> Response[str]:
    if not browser.ticket(app.current_event):
        return Response(status_code=204, body="")
    browser.end(app.current_event)
    return Response(status_code=204, body="", cookies=[browser.cookie(app, None)])


@app.get("/auth/me", tags=["accounts"], summary="Your account", responses=responses({200: "You"}, 401, 503))
def me(user: CurrentUser) -> UserOut:
    return UserOut.of(account_of(user))


def source_ip() -> str:
    found: str = app.current_event.request_context.identity.source_ip
    return found


def this_browser(owner: Credentials, after: str) -> Any:
    """The action that keeps this browser signed in when the owner's password changes, if it is the owner's."""
    ticket = browser.ticket(app.current_event)
    if not ticket or ticket.user_id != owner.user_id:
        return None
    return aws.storage().browsers.kept(owner.user_id, ticket.digest, owner.password_hash, after)


@app.delete(
    "/auth/me",
    status_code=204,
    tags=["accounts"],
    summary="Delete your account and all that it owns",
    description="The address is free at once. Tokens open nothing any more, 15 seconds later at the latest, and all "
    "that you own is erased within 15 minutes.",
    responses=responses({204: "Its deletion has begun"}, 401, 503),
)
def delete_me(user: CurrentUser) -> Response[str]:
    aws.storage().accounts.delete(user.id)
    return Response(status_code=204, body="")


def signed_in(user: User) -> SignedIn:
    return SignedIn(
        user=UserOut.of(user),
        access_token=aws.signing_key().sign(user.id, datetime.now(UTC)),
        token_type="bearer",  # noqa: S106 - the name of the scheme, from RFC 6750
        expires_in=int(LIFETIME.total_seconds()),
    )


handler = entrypoint(
    app,
    open_paths=("/auth/register", "/auth/login", "/auth/password/forgot", "/auth/password/reset"),
    cookie_paths=("/auth/logout",),
)
