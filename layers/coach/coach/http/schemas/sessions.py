"""Sessions."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from coach.http.schemas.fields import Body, SessionId, WholeNumber
from coach.model import Category, Mode, Session

TimerMinutes = Annotated[WholeNumber, Field(ge=1, le=60)]


class SessionIn(Body):
    """A session to start. All fields are optional."""

    id: SessionId | None = None
    category_filter: Category | None = None
    mode: Mode = Mode.STANDARD
    timer_minutes: TimerMinutes | None = None


class SessionOut(BaseModel):
    """One sitting, with its stats. An exam has no `avg_score` before it has ended."""

    id: str
    session_id: str
    user_id: str
    category_filter: Category | None
    mode: Mode
    timer_minutes: int | None
    started_at: datetime
    ended_at: datetime | None
    questions_count: int
    avg_score: float | None
    pending_count: int

    @classmethod
    def of(cls, session: Session) -> "SessionOut":
        return cls(
            id=session.id,
            session_id=session.id,
            user_id=session.user_id,
            category_filter=session.category_filter,
            mode=session.mode,
            timer_minutes=session.timer_minutes,
            started_at=session.started_at,
            ended_at=session.ended_at,
            questions_count=session.questions_count,
            avg_score=session.avg_score,
            pending_count=session.pending_count,
        )
