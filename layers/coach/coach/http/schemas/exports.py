"""A page of an export, and what came of importing one."""

from typing import Literal

from pydantic import BaseModel

from coach.http.schemas.accounts import UserOut
from coach.http.schemas.attempts import AttemptOut
from coach.http.schemas.sessions import SessionOut
from coach.storage.imports import Imported


class ExportedSession(SessionOut):
    """A session with those of its attempts that are on this page."""

    attempts: list[AttemptOut]


class ExportOut(BaseModel):
    """A page of what you own. A session that goes on on the next page stands on both."""

    format: Literal["pm-interview-coach"]
    version: Literal[1]
    user: UserOut
    sessions: list[ExportedSession]


class Counts(BaseModel):
    """How many were new, and how many were there already and left alone."""

    imported: int
    already_there: int


class ImportOut(BaseModel):
    """What came of an import."""

    sessions: Counts
    attempts: Counts

    @classmethod
    def of(cls, found: Imported) -> "ImportOut":
        return cls(
            sessions=Counts(imported=found.sessions, already_there=found.sessions_there),
            attempts=Counts(imported=found.attempts, already_there=found.attempts_there),
        )
