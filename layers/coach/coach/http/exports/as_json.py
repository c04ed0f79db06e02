"""An export in JSON: `ExportOut`, put together from texts whose length is known."""

from collections.abc import Sequence

from coach.http.schemas.accounts import UserOut
from coach.http.schemas.attempts import AttemptOut
from coach.http.schemas.exports import ExportOut
from coach.http.schemas.sessions import SessionOut
from coach.model import Attempt, Session, User

CONTENT_TYPE = "application/json"
FILE_NAME = "pm-interview-coach.json"


def session(session: Session) -> str:
    return SessionOut.of(session).model_dump_json()


def attempt(session: Session, attempt: Attempt) -> str:  # noqa: ARG001 - as every format
    return AttemptOut.of(attempt).model_dump_json()


def page(user: User, sessions: Sequence[tuple[str, Sequence[str]]]) -> str:
    whole = ExportOut(format="pm-interview-coach", version=1, user=UserOut.of(user), sessions=[]).model_dump_json()
    inside = ",".join(f'{head.removesuffix("}")},"attempts":[{",".join(attempts)}]}}' for head, attempts in sessions)
    return f"{whole.removesuffix(']}')}{inside}]}}"
