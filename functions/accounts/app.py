"""/auth: accounts and access tokens. The only function that holds the signing key, and the only one that hashes."""

from base64 import b64encode
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from secrets import token_bytes
from typing import Annotated
from unicodedata import normalize
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from argon2.low_level import ARGON2_VERSION
from aws_lambda_powertools.event_handler import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field
from pydantic_core import PydanticCustomError

from coach import aws
from coach.errors import Invalid, Unauthorized
from coach.http.app import create_app, entrypoint
from coach.http.caller import CurrentUser
from coach.http.responses import created, responses
from coach.http.schemas.accounts import SignedIn, UserOut
from coach.http.schemas.fields import Text
from coach.identity.tokens import LIFETIME
from coach.model import User
from coach.storage.accounts import Credentials

app = create_app()

WRONG = "Wrong e-mail address or password"

Email = Annotated[EmailStr, Field(max_length=255)]
Password = Annotated[Text, AfterValidator(partial(normalize, "NFKC")), Field(min_length=8, max_length=128)]
"""In NFKC: the same letters are the same password, however a keyboard composes them."""


@cache
def common_passwords() -> frozenset[str]:
    """The commonest passwords that are long enough to be one; common_passwords.md tells where they are from."""
    return frozenset(Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").splitlines())


def _uncommon(password: str) -> str:
    if password.casefold() in common_passwords():
        msg = "This is one of the 10,000 commonest passwords, which are tried first; choose another"
        raise PydanticCustomError("password_too_common", msg)
    return password


NewPassword = Annotated[Password, AfterValidator(_uncommon), Field(description="None of the 10,000 commonest")]
"""Nothing else is demanded (NIST SP 800-63B): rules about kinds of characters make passwords no better."""


class Registration(BaseModel):
    """A new account."""

    model_config = ConfigDict(extra="forbid")
    email: Email
    password: NewPassword
    full_name: Annotated[Text, Field(max_length=100)] | None = None


class Login(BaseModel):
    """What an account is opened with."""

    model_config = ConfigDict(extra="forbid")
    email: Email
    password: Password


class PasswordChange(BaseModel):
    """A password in the place of another."""

    model_config = ConfigDict(extra="forbid")
    current_password: Password
    new_password: NewPassword


@cache
def hasher() -> PasswordHasher:
    """Argon2id with the library's parameters, the second recommended option of RFC 9106: 64 MiB, three passes."""
    return PasswordHasher()


def nobodys_hash() -> str:
    """A hash of no password at all, to be checked when there is no account, so that the answer takes as long as when
    there is one. Making it costs nothing, which hashing would."""
    salt, digest = (
        b64encode(token_bytes(size)).decode().rstrip("=") for size in (hasher().salt_len, hasher().hash_len)
    )
    costs = f"m={hasher().memory_cost},t={hasher().time_cost},p={hasher().parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${costs}${salt}${digest}"


def opened(email: str, password: str) -> Credentials | None:
    """The account that the password opens, or None, for the same work whether or not there is an account.

    Counts wrong passwords. Raises TooManyRequests, and that before it is known whether this one is right.
    """
    source_ip = app.current_event.request_context.identity.source_ip
    tries = aws.storage().limits.password_tries(email, source_ip)
    tries.demand()
    credentials = aws.storage().accounts.credentials(email)
    try:
        hasher().verify(credentials.password_hash if credentials else nobodys_hash(), password)
    except VerifyMismatchError:
        credentials = None
    tries.record(wrong=credentials is None)
    return credentials


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
    aws.storage().accounts.register(user, hasher().hash(body.password))
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
    credentials = opened(body.email, body.password)
    user = aws.storage().accounts.record_sign_in(credentials.user_id) if credentials else None
    if not user:
        raise Unauthorized(WRONG)
    return signed_in(user)


@app.post(
    "/auth/password",
    status_code=204,
    tags=["accounts"],
    summary="Change your password",
    description="A wrong current password counts as one at a login. Access tokens run out by themselves.",
    responses=responses({204: "Changed"}, 401, 409, 429, 503),
)
def change_password(body: PasswordChange, user: CurrentUser) -> Response[str]:
    accounts = aws.storage().accounts
    email = accounts.user(user.id).email
    credentials = opened(email, body.current_password)
    if not credentials:
        raise Invalid(("body", "current_password"), "This is not your password", "wrong_password")
    accounts.change_password(email, before=credentials.password_hash, after=hasher().hash(body.new_password))
    return Response(status_code=204, body="")


@app.post(
    "/auth/logout",
    status_code=204,
    tags=["accounts"],
    summary="End the browser's session",
    description="There is none yet, so that nothing ends: a token is good until it expires.",
    responses=responses({204: "Ended"}, 401, 503),
)
def logout(_: CurrentUser) -> Response[str]:
    return Response(status_code=204, body="")


@app.get("/auth/me", tags=["accounts"], summary="Your account", responses=responses({200: "You"}, 401, 503))
def me(user: CurrentUser) -> UserOut:
    return UserOut.of(aws.storage().accounts.user(user.id))


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


handler = entrypoint(app, open_paths=("/auth/register", "/auth/login"))
