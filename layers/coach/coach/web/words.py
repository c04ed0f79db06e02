"""Numbers and times as people say them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from coach.model import GATE_MODEL, Evaluator

BANDS = ((85, "outstanding"), (70, "strong"), (55, "solid"), (40, "getting there"), (0, "a beginning"))
"""What a score is called, in tenths from where on."""


def band(tenths: int) -> str:
    return next(word for least, word in BANDS if tenths >= least)


def counted(number: int, one: str, many: str | None = None) -> str:
    """1 answer, 2 answers."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def day(moment: datetime | date, zone: ZoneInfo, *, today: date) -> str:
    """today, yesterday, 3 November, 3 November 2025."""
    found = moment.astimezone(zone).date() if isinstance(moment, datetime) else moment
    ago = (today - found).days
    if ago in (0, 1):
        return "yesterday" if ago else "today"
    year = "" if found.year == today.year else f" {found.year}"
    return f"{found.day} {found:%B}{year}"


def clock(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M}"


def minutes(seconds: int) -> str:
    """45 s, 2 min, 1 h 5 min."""
    if seconds < 60:
        return f"{seconds} s"
    whole = round(seconds / 60)
    return f"{whole} min" if whole < 60 else f"{whole // 60} h {whole % 60} min"


def grader(evaluator: Evaluator, model: str) -> str:
    """Who gave a score."""
    if model == GATE_MODEL:
        return "stopped before any grader was asked"
    return "graded offline" if evaluator is Evaluator.OFFLINE else f"graded by Claude ({model})"


def first_sentence(text: str) -> str:
    """What a list shows of a question."""
    # Not at the top: templates are compiled where the layer's own libraries may be another machine's.
    from coach.evaluation.text import pieces

    return pieces(text.split("\n", 1)[0])[0]
