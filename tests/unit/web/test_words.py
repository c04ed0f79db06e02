"""Numbers and times as people say them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from coach.model import Evaluator
from coach.web import words

TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 11, 27, 1, tzinfo=UTC), "today"),
        (datetime(2026, 11, 26, 23, 30, tzinfo=UTC), "today"),
        (datetime(2026, 11, 26, 1, tzinfo=UTC), "yesterday"),
        (datetime(2026, 11, 3, 12, tzinfo=UTC), "3 November"),
        (date(2025, 11, 3), "3 November 2025"),
    ],
)
def test_a_day_is_said_as_in_the_readers_zone(moment: datetime | date, said: str) -> None:
    assert words.day(moment, ZoneInfo("Europe/Berlin"), today=TODAY) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "1 h 0 min"), (7500, "2 h 5 min")]
)
def test_a_time_spent_is_said_in_one_unit_or_two(seconds: int, said: str) -> None:
    assert words.minutes(seconds) == said


@pytest.mark.parametrize(("number", "said"), [(0, "0 answers"), (1, "1 answer"), (1200, "1,200 answers")])
def test_a_number_has_its_word_in_the_right_form(number: int, said: str) -> None:
    assert words.counted(number, "answer") == said


def test_every_score_has_a_band() -> None:
    found = [words.band(tenths) for tenths in (10, 40, 55, 70, 85, 100)]

    assert found == ["a beginning", "getting there", "solid", "strong", "outstanding", "outstanding"]


def test_an_offline_grade_is_called_so() -> None:
    assert words.grader(Evaluator.OFFLINE, "offline-9") == "graded offline"
    assert words.grader(Evaluator.CLAUDE, "claude-haiku-5-5") == "graded by Claude (claude-haiku-5-5)"
    assert words.grader(Evaluator.OFFLINE, "gate") == "stopped before any grader was asked"
