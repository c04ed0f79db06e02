"""What progress is told of an attempt, and nothing that the candidate or a grader wrote."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from coach.model import Category, Evaluator, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """An evaluation's scores, in tenths, and how they came about. `criteria` are names with their scores."""

    evaluator: Evaluator
    model: str
    rubric_version: str
    overall: int
    framework: int
    structure: int
    completeness: int
    criteria: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAttempt:
    """One attempt. It has a result if it is evaluated, also while its session is an exam that has not ended."""

    session_id: str
    id: int
    question_id: int
    category: Category
    created_at: datetime
    status: Status
    follow_up_to: int | None
    result: Result | None
    in_open_exam: bool

    @property
    def counted(self) -> Result | None:
        """The result, if figures may depend on it: no follow-up's, and none of an exam that goes on."""
        return None if self.in_open_exam or self.follow_up_to is not None else self.result

    @property
    def order(self) -> tuple[datetime, str, int]:
        """Oldest first. Two of one moment stand in the order of their sessions' ids, then of their numbers."""
        return self.created_at, self.session_id, self.id


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The day that a moment belongs to in a zone."""
    return moment.astimezone(zone).date()
