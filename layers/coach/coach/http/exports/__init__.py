"""An export's page in one of its formats: as many attempts as its bytes allow, and the position to go on from.

as_json      what an import takes
as_csv       a line an attempt, for a spreadsheet
as_markdown  a journal to read
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from coach.http.exports import as_csv, as_json, as_markdown
from coach.http.pages import MAX_BYTES, sent_bytes
from coach.model import Attempt, Session, User
from coach.storage.exports import ExportPage, position

MOST_BYTES = 3_000_000
"""A page's own."""
_BETWEEN = 100
"""More than a format puts around a session and its attempts."""


class ExportFormat(StrEnum):
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


class Format(Protocol):
    """How a page is written: what is said of each session and each attempt, and the page that these make."""

    CONTENT_TYPE: str
    FILE_NAME: str

    def session(self, session: Session) -> str: ...

    def attempt(self, session: Session, attempt: Attempt) -> str: ...

    def page(self, user: User, sessions: Sequence[tuple[str, Sequence[str]]]) -> str: ...


FORMATS: dict[ExportFormat, Format] = {
    ExportFormat.JSON: as_json,
    ExportFormat.CSV: as_csv,
    ExportFormat.MARKDOWN: as_markdown,
}


def written(chosen: Format, user: User, found: ExportPage) -> tuple[str, str | None]:
    """The page, with at least one attempt or session of what was found, and the position to go on from, if there is
    more."""
    room = _Room()
    room.take(chosen.page(user, []))
    sessions: list[tuple[str, list[str]]] = []
    last = None
    for part in found.parts:
        heading = chosen.session(part.session)
        texts: list[str] = []
        for attempt in part.attempts:
            text = chosen.attempt(part.session, attempt)
            if not room.take(text if texts else heading + text) and last:
                return chosen.page(user, sessions), last
            if not texts:
                sessions.append((heading, texts))
            texts.append(text)
            last = position(part.session, attempt.id)
        if not part.attempts:
            if not room.take(heading) and last:
                return chosen.page(user, sessions), last
            sessions.append((heading, texts))
            last = position(part.session, 0)
    return chosen.page(user, sessions), found.onward


class _Room:
    """What is left of a page's own bytes, and of those that Lambda takes."""

    def __init__(self) -> None:
        self._own, self._sent = MOST_BYTES, MAX_BYTES

    def take(self, text: str) -> bool:
        self._own -= len(text.encode()) + _BETWEEN
        self._sent -= sent_bytes(text) + _BETWEEN
        return min(self._own, self._sent) >= 0
