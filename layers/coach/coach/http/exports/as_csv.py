"""An export in CSV (RFC 4180): a line an attempt, with its session's settings behind it."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from coach.http.schemas.attempts import AttemptOut
from coach.http.schemas.sessions import SessionOut
from coach.model import Attempt, Session, User

CONTENT_TYPE = "text/csv; charset=utf-8; header=present"
FILE_NAME = "pm-interview-coach.csv"

COLUMNS = (*AttemptOut.model_fields, "category_filter", "mode", "started_at", "ended_at")
_OF_SESSION = set(COLUMNS) - set(AttemptOut.model_fields)
_LISTS = ("strengths", "improvements")
_IN_JSON = ("criteria", "evaluation", "follow_up")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula, or skips before one."""


def session(session: Session) -> str:  # noqa: ARG001 - it has no line of its own
    return ""


def attempt(session: Session, attempt: Attempt) -> str:
    values = AttemptOut.of(attempt).model_dump(mode="json") | SessionOut.of(session).model_dump(
        mode="json", include=_OF_SESSION
    )
    return _line([_cell(name, values[name]) for name in COLUMNS])


def page(user: User, sessions: Sequence[tuple[str, Sequence[str]]]) -> str:  # noqa: ARG001 - there is no place for one
    return _line(COLUMNS) + "".join(line for _, attempts in sessions for line in attempts)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in _LISTS:
        text = " | ".join(value)
    elif name in _IN_JSON:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    else:
        text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: Sequence[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(cells)
    return line.getvalue()
