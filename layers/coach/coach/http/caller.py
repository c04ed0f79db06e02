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
    """`id` is the user's."""

    id: str


def authenticated(authorization: str | None) -> Caller:
    """Whose request carries this Authorization header. Raises Unauthorized."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized(REFUSED)
    return Caller(aws.verifier().user_id(token.strip()))


def caller(request: Request) -> Caller:
    """Whose request this is. Raises Unauthorized."""
    known: Caller | None = request.context.get("caller")
    return known or authenticated(request.headers.get("authorization"))


CurrentUser = Annotated[Caller, Depends(caller)]
"""A route with a parameter of this type answers 401 to whoever has no valid token."""
