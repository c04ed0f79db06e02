"""Lists that can grow: one page of them, and the cursor that leads to the next."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from typing import Annotated, Generic, TypeVar
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response, content_types
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel

from coach.errors import Invalid
from coach.http.addresses import absolute
from coach.http.caller import Caller

T = TypeVar("T", bound=BaseModel)

MAX_BYTES = 5_000_000
"""How much a page holds at most. Lambda takes a response of 6 MB, headers and all."""

Limit = Annotated[int, Query(ge=1, le=100, description="How many to return at most")]
Cursor = Annotated[str | None, Query(max_length=1024, description="Where to go on: from the Link header of a page")]

NUMBERS = re.compile("[0-9]{1,9}")
"""Positions in a list that is ordered by number."""

_FOREIGN_CURSOR = Invalid(("query", "cursor"), "This cursor does not belong to this list", "cursor_invalid")


class Page(Generic[T]):
    """One page of a list that can grow, from the place on that the cursor stands for: at most `limit` things, fewer
    where they are large, and at least one.

    A cursor is a position and a digest that ties it to this user, path and filter: one that was altered, or that was
    made for somebody else or another list, is refused. It reveals and allows nothing: positions are only ever looked
    up in the caller's own partition.
    """

    def __init__(
        self,
        app: APIGatewayRestResolver,
        user: Caller,
        limit: int,
        cursor: str | None,
        positions: re.Pattern[str],
        **filters: str | None,
    ) -> None:
        """`positions` is what a position of this list looks like: whoever can make a digest can make up a position."""
        self._app = app
        self._path = str(app.current_event.path)
        self._filters = {name: value for name, value in filters.items() if value is not None}
        self._scope = json.dumps([user.id, self._path, self._filters])
        self.limit = limit
        self.after = self._position(cursor, positions) if cursor is not None else None

    @property
    def after_number(self) -> int | None:
        """The place to go on from in a list that is ordered by NUMBERS."""
        return int(self.after) if self.after is not None else None

    def response(self, found: Iterable[tuple[T, str]], onward: str | None = None) -> Response[list[T]]:
        """A JSON list of the first of (thing, its position), with a Link to the rest if there is any. `onward` is where
        to go on behind all that was found, if not all has been looked at."""
        body: list[T] = []
        size, last = 0, ""
        for thing, position in found:
            size += sent_bytes(thing.model_dump_json())
            if body and (len(body) == self.limit or size > MAX_BYTES):
                onward = last
                break
            body.append(thing)
            last = position
        headers = self.link(onward)
        return Response(status_code=200, content_type=content_types.APPLICATION_JSON, headers=headers, body=body)

    def link(self, onward: str | None) -> dict[str, str]:
        """The header that leads to the position to go on from; none at the end."""
        if onward is None:
            return {}
        query = self._filters | {"limit": str(self.limit), "cursor": self._cursor(onward)}
        return {"Link": f'<{absolute(self._app, f"{self._path}?{urlencode(query)}")}>; rel="next"'}

    def _cursor(self, position: str) -> str:
        return base64.urlsafe_b64encode(f"{self._digest(position)}{position}".encode()).decode()

    def _position(self, cursor: str, positions: re.Pattern[str]) -> str:
        try:
            position = base64.urlsafe_b64decode(cursor).decode()[16:]
        except ValueError:
            position = ""
        if cursor != self._cursor(position) or not positions.fullmatch(position):
            raise _FOREIGN_CURSOR
        return position

    def _digest(self, position: str) -> str:
        return hashlib.sha256(f"{self._scope}{position}".encode()).hexdigest()[:16]


def sent_bytes(text: str) -> int:
    """What a part of a body takes in a function's response at most: there a body is a text in JSON, and some of
    Lambda's runtimes (Python 3.11) escape each letter that is not ASCII."""
    return len(json.dumps(text))
