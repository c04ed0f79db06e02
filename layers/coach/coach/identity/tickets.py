"""Tickets: what a browser's cookie and a link for a new password hold. Whoever has one needs nothing else.

A ticket names its user, so that what is kept of it is found by key, and holds a random secret. Only a digest of the
secret is kept: who reads the table has no ticket.
"""

import re
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_urlsafe
from typing import Self

_TEXT = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([\w-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Ticket:
    user_id: str
    secret: str = field(repr=False)

    @classmethod
    def made(cls, user_id: str) -> Self:
        """A new one, with 256 random bits."""
        return cls(user_id, token_urlsafe(32))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The ticket that a text stands for; None for what cannot be one."""
        found = _TEXT.fullmatch(text)
        return cls(found[1], found[2]) if found else None

    @property
    def text(self) -> str:
        """In characters that a cookie and an address take as they are."""
        return f"{self.user_id}.{self.secret}"

    @property
    def digest(self) -> str:
        return sha256(self.secret.encode()).hexdigest()
