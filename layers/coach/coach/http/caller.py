"""Who sent the request: the user that the access token was made for."""

from dataclasses import dataclass
from time import monotonic
from typing import Annotated

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.request import Request

from coach import aws
from coach.errors import Unauthorized
from coach.storage.accounts import Standing

LIVING_FOR = 15.0
"""Seconds: how long an account that was found living is taken for that, in one process."""
LIVING_KEPT = 1000
"""Of how many accounts a process keeps that."""
_living: dict[str, float] = {}
"""Until when on the monotonic clock, the earliest first."""


@dataclass(frozen=True, slots=True)
class Caller:
    """`id` is the user's."""

    id: str


def authenticated(authorization: str | None) -> Caller:
    """Whose request carries this Authorization header. Raises Unauthorized."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized
    found = Caller(aws.verifier().user_id(token.strip()))
    demand_living(found.id)
    return found


def demand_living(user_id: str) -> None:
    """Raises Unauthorized when there is no such account, or its deletion has begun; it may be LIVING_FOR late."""
    now = monotonic()
    if _living.get(user_id, now) > now:
        return
    _living.pop(user_id, None)
    if aws.storage().accounts.standing(user_id) is not Standing.LIVING:
        raise Unauthorized
    if len(_living) >= LIVING_KEPT:
        _living.pop(next(iter(_living)))
    _living[user_id] = now + LIVING_FOR


def forget_living() -> None:
    """All are asked after anew."""
    _living.clear()


def caller(request: Request) -> Caller:
    """Whose request this is. Raises Unauthorized."""
    known: Caller | None = request.context.get("caller")
    return known or authenticated(request.headers.get("authorization"))


CurrentUser = Annotated[Caller, Depends(caller)]
"""A route with a parameter of this type answers 401 to whoever has no valid token."""
