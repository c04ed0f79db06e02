"""Accounts and access tokens."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from coach.model import User


class UserOut(BaseModel):
    """An account. It has no `email` if tokens of another issuer open it."""

    id: str
    email: str | None
    full_name: str | None
    is_active: bool
    created_at: datetime
    last_login: datetime | None

    @classmethod
    def of(cls, user: User) -> "UserOut":
        return cls(
            id=user.id,
            email=user.email,
            full_name=user.full_name,
            is_active=user.is_active,
            created_at=user.created_at,
            last_login=user.last_login,
        )


class SignedIn(BaseModel):
    """A user and the token that their requests carry; `expires_in` is in seconds."""

    user: UserOut
    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
