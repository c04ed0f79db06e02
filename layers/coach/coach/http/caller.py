"""Who sent the request: the user that the access token was made for."""

from dataclasses import dataclass
from time import monotonic
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.request import Request

from coach import aws
from coach.errors import Unauthorized
from coach.model import User
from coach.storage.accounts import Standing

LIVING_FOR = 15.0
"""Seconds: how long an account that was found living is taken for that, in one process."""
LIVING_KEPT = 1000
"""Of how many accounts a process keeps that."""
_living: dict[str, float] = {}
"""Until when on the monotonic clock, the earliest first."""


@dataclass(frozen=True, slots=True)
class Caller:
    """`id` is the user's. Who is `external` comes with a token of another issuer, and may have no account yet."""

    id: str
    external: bool = False


def authenticated(authorization: str | None) -> Caller:
    """Whose request carries this Authorization header. Raises Unauthorized, and Busy when nobody can tell just now."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized
    token, issuer = token.strip(), aws.issuer()
    if issuer and issuer.is_named_in(token):
        found = Caller(issuer.user_id(token), external=True)
    else:
        found = Caller(aws.verifier().user_id(token))
    demand_living(found)
    return found


def demand_living(who: Caller) -> None:
    """Raises Unauthorized when there is no such account, unless it is made when it is needed, or when its deletion has
    begun; it may be LIVING_FOR late."""
    now = monotonic()
    if _living.get(who.id, now) > now:
        return
    _living.pop(who.id, None)
    standing = aws.storage().accounts.standing(who.id)
    if standing is Standing.ABSENT and who.external:
        return
    if standing is not Standing.LIVING:
        raise Unauthorized
    if len(_living) >= LIVING_KEPT:
        _living.pop(next(iter(_living)))
    _living[who.id] = now + LIVING_FOR


def account_of(who: Caller) -> User:
    """The caller's account. Raises Unauthorized when there is none."""
    accounts = aws.storage().accounts
    return accounts.join(who.id) if who.external else accounts.user(who.id)


def forget_living() -> None:
    """All are asked after anew."""
    _living.clear()


def caller(request: Request) -> Caller:
    """Whose request this is. Raises Unauthorized and Busy."""
    known: Caller | None = request.context.get("caller")
    return known or authenticated(request.headers.get("authorization"))


CurrentUser = Annotated[Caller, Depends(caller)]
"""A route with a parameter of this type answers 401 to whoever has no valid token."""
