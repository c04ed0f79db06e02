"""Who sent the request: the user that the access token was made for."""

from dataclasses import dataclass
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.request import Request

from coach import aws
from coach.errors import Unauthorized
from coach.identity.tokens import REFUSED


@dataclass(frozen=True, slots=True)
class Caller:
    """`id` is the user's. Who is `external` comes with a token of another issuer, and may have no account yet."""

    id: str
    external: bool = False


def authenticated(authorization: str | None) -> Caller:
    """Whose request carries this Authorization header. Raises Unauthorized, and Busy when nobody can tell just now."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized(REFUSED)
    token, issuer = token.strip(), aws.issuer()
    if issuer and issuer.is_named_in(token):
        return Caller(issuer.user_id(token), external=True)
    return Caller(aws.verifier().user_id(token))


def caller(request: Request) -> Caller:
    """Whose request this is. Raises Unauthorized and Busy."""
    known: Caller | None = request.context.get("caller")
    return known or authenticated(request.headers.get("authorization"))


CurrentUser = Annotated[Caller, Depends(caller)]
"""A route with a parameter of this type answers 401 to whoever has no valid token."""
