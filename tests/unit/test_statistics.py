"""The figures of progress: the rules in examples, then against a count of the export."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.model import Category, Evaluator, Status
from coach.progress.history import PastAttempt
from coach.progress.statistics import (
    Overview,
    Yardstick,
    by_category,
    by_criterion,
    default_evaluator,
    heatmap,
    overview,
    trend,
)
from tests.unit.past import (
    BERLIN,
    CRITERIA,
    DAY,
    KOLKATA,
    LORD_HOWE,
    NEW_YORK,
    NOW,
    UTC_ZONE,
    a_result,
    answered,
    category_of,
)

CLAUDE, OFFLINE = Evaluator.CLAUDE, Evaluator.OFFLINE
DESIGN, STRATEGY, EXECUTION = Category.PRODUCT_DESIGN, Category.STRATEGY, Category.EXECUTION
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def seen(attempts: list[PastAttempt], zone: ZoneInfo = UTC_ZONE, now: datetime = NOW, **options: Any) -> Overview:
    return overview(attempts, sessions_count=1, zone=zone, now=now, **options)


def offline(overall: int, *criteria: int) -> Any:
    return a_result(overall, *criteria, evaluator=OFFLINE, model="offline-3")


def test_a_newcomer_has_zeros_and_nulls() -> None:
    found = overview([], sessions_count=0, zone=UTC_ZONE, now=NOW)

    assert found == Overview(
        total_attempts=0,
        evaluated_attempts=0,
        score_sum=0,
        evaluator=None,
        other_evaluators=0,
        streak_days=0,
        practised_days_30=0,
        weakest_category=None,
        sessions_count=0,
    )
    assert found.average_score is None
    assert [row.category for row in by_category([])] == list(Category)
    assert [row.criterion for row in by_criterion([], DESIGN, CRITERIA)] == list(CRITERIA)
    assert trend([], days=30, zone=UTC_ZONE, now=NOW) == ()
    assert [day.attempts for day in heatmap([], days=3, zone=UTC_ZONE, now=NOW)] == [0, 0, 0]


def test_whoever_graded_the_newest_attempt_counts_and_the_other_is_told_by_number() -> None:
    attempts = [answered(1, NOW, offline(60)), answered(2, NOW - DAY, 90), answered(3, NOW - 2 * DAY, 80)]

    found = seen(attempts)

    assert (found.evaluator, found.average_score, found.evaluated_attempts) == (OFFLINE, 6.0, 1)
    assert found.other_evaluators == 2


def test_a_chosen_evaluator_without_scores_has_no_average_and_no_name() -> None:
    found = seen([answered(1, NOW, offline(60))], evaluator=CLAUDE)

    assert (found.evaluator, found.average_score, found.other_evaluators) == (None, None, 1)


def test_neither_a_follow_up_nor_an_open_exam_decides_who_counts() -> None:
    attempts = [
        answered(1, NOW - DAY, 70, session_id="a"),
        answered(1, NOW - HOUR, offline(30), session_id="a", number=2, follow_up_to=1),
        answered(2, NOW, offline(30), in_open_exam=True),
    ]

    assert default_evaluator(attempts) is CLAUDE


def test_an_attempt_that_waits_or_has_failed_decides_nothing() -> None:
    attempts = [answered(1, NOW - DAY, offline(70)), answered(2, NOW), answered(3, NOW, status=Status.PENDING)]

    assert default_evaluator(attempts) is OFFLINE


def test_of_two_at_one_moment_the_higher_number_is_the_newer_then_the_later_session_id() -> None:
    first, second = answered(1, NOW, 70, session_id="b"), answered(2, NOW, offline(70), session_id="b", number=2)
    other = answered(3, NOW, 70, session_id="c")

    assert default_evaluator([second, first]) is OFFLINE
    assert default_evaluator([other, second, first]) is CLAUDE


def test_the_default_is_the_users_not_the_categorys() -> None:
    attempts = [answered(1, NOW, offline(60)), answered(2, NOW - DAY, a_result(90, 90))]

    assert by_category(attempts)[1].attempts == 0
    assert by_criterion(attempts, STRATEGY, CRITERIA)[0].attempts == 0
    assert trend(attempts, days=30, zone=UTC_ZONE, now=NOW, category=STRATEGY) == ()


def test_a_half_is_rounded_up() -> None:
    scores = [70, 70, 70, 71, 70, 70, 70, 71]  # 7.025

    assert seen([answered(1, NOW - n * DAY, score) for n, score in enumerate(scores)]).average_score == 7.03


def test_follow_ups_are_practice_and_in_no_average() -> None:
    attempts = [
        answered(1, NOW - DAY, a_result(70, 70), session_id="a"),
        answered(1, NOW, a_result(10, 10), session_id="a", number=2, follow_up_to=1),
    ]

    found = seen(attempts)

    assert (found.total_attempts, found.streak_days, found.practised_days_30) == (2, 2, 2)
    assert [day.attempts for day in heatmap(attempts, days=2, zone=UTC_ZONE, now=NOW)] == [1, 1]
    assert (found.evaluated_attempts, found.average_score, found.other_evaluators) == (1, 7.0, 0)
    assert (by_category(attempts)[0].attempts, by_category(attempts)[0].last_score) == (1, 70)
    assert by_criterion(attempts, DESIGN, CRITERIA)[0].attempts == 1
    assert len(trend(attempts, days=2, zone=UTC_ZONE, now=NOW)) == 1


def test_an_open_exam_is_practice_and_shows_no_score() -> None:
    exam = answered(1, NOW, a_result(10, 10), in_open_exam=True)

    found = seen([exam])

    assert (found.total_attempts, found.streak_days, found.practised_days_30) == (1, 1, 1)
    assert heatmap([exam], days=1, zone=UTC_ZONE, now=NOW)[0].attempts == 1
    assert (found.evaluated_attempts, found.other_evaluators, found.weakest_category) == (0, 0, None)
    assert seen([exam], evaluator=OFFLINE).other_evaluators == 0


def test_a_category_tells_its_mean_its_best_and_its_newest() -> None:
    attempts = [answered(2, NOW - DAY, 51), answered(9, NOW - 2 * DAY, 90), answered(2, NOW - 3 * DAY, 60)]

    row = by_category(attempts)[1]

    assert (row.category, row.attempts, row.average_score, row.evaluator) == (STRATEGY, 3, 6.7, CLAUDE)
    assert (row.best_score, row.last_score, row.last_at) == (90, 51, NOW - DAY)


def test_criteria_come_as_the_rubric_has_them_and_those_of_another_version_are_left_out() -> None:
    older = replace(a_result(50), criteria=(("Pitch", 10), ("Goal", 20)))
    attempts = [answered(1, NOW, a_result(50, 40, 60)), answered(1, NOW - DAY, older), answered(2, NOW, a_result(9, 9))]

    rows = by_criterion(attempts, DESIGN, CRITERIA)

    assert [(row.criterion, row.attempts, row.average_score, row.last_score, row.evaluator) for row in rows] == [
        ("Goal", 2, 3.0, 40, CLAUDE),
        ("Users", 1, 6.0, 60, CLAUDE),
        ("Metrics", 0, None, None, None),
    ]


def test_the_weakest_category_is_not_the_one_with_a_single_bad_answer() -> None:
    single = [answered(1, NOW, 45)]  # (4.5 + 16.5) / 4 = 5.25
    steady = [answered(2, NOW - n * DAY, 50) for n in range(9)]  # (45 + 16.5) / 12 = 5.125

    assert seen(single + steady).weakest_category is STRATEGY


@pytest.mark.parametrize(("once", "five_times"), [(2, 3), (3, 2)])
def test_of_two_categories_that_are_equally_weak_the_first_counts(once: int, five_times: int) -> None:
    single = answered(once, NOW, 40)  # (4.0 + 16.5) / 4 = 5.125
    steady = [answered(five_times, NOW - n * DAY, 49) for n in range(5)]  # (24.5 + 16.5) / 8 = 5.125

    assert seen([single, *steady]).weakest_category is STRATEGY


def test_a_streak_goes_on_while_today_has_no_attempt_yet() -> None:
    attempts = [answered(1, NOW - n * DAY) for n in (1, 2, 3, 5)]

    assert seen(attempts).streak_days == 3
    assert seen([*attempts, answered(1, NOW)]).streak_days == 4
    assert seen(attempts, now=NOW + DAY).streak_days == 0


def test_the_last_thirty_days_are_today_and_29_before() -> None:
    attempts = [answered(1, NOW - n * DAY) for n in (0, 0, 29, 30)]

    assert seen(attempts).practised_days_30 == 2


def test_the_last_days_of_a_trend_and_a_heatmap_end_today() -> None:
    attempts = [answered(1, NOW - n * DAY, 70) for n in (0, 2, 3)]

    assert [day.date.day for day in trend(attempts, days=3, zone=UTC_ZONE, now=NOW)] == [25, 27]
    assert [(day.date.day, day.attempts) for day in heatmap(attempts, days=3, zone=UTC_ZONE, now=NOW)] == [
        (25, 1),
        (26, 0),
        (27, 1),
    ]


@pytest.mark.parametrize(
    ("zone", "midnight", "hours"),
    [
        (BERLIN, "2026-03-28T23:00Z", 23),
        (BERLIN, "2026-10-24T22:00Z", 25),
        (NEW_YORK, "2026-03-08T05:00Z", 23),
        (NEW_YORK, "2026-11-01T04:00Z", 25),
        (LORD_HOWE, "2026-10-03T13:30Z", 23.5),
        (LORD_HOWE, "2026-04-04T13:00Z", 24.5),
        (KOLKATA, "2026-11-26T18:30Z", 24),
    ],
)
def test_a_day_is_as_long_as_it_is_in_the_zone(zone: ZoneInfo, midnight: str, hours: float) -> None:
    start = datetime.fromisoformat(midnight)
    end = start + hours * HOUR
    attempts = [answered(1, at, 70) for at in (start - MINUTE, start, end - MINUTE, end)]

    counts = [day.attempts for day in heatmap(attempts, days=3, zone=zone, now=end)]

    assert counts == [1, 2, 1]
    assert [day.attempts for day in trend(attempts, days=3, zone=zone, now=end)] == counts
    assert seen(attempts, zone, end).streak_days == 3


def test_who_moves_has_other_days_and_the_same_averages() -> None:
    attempts = [answered(1, datetime(2026, 11, day, 23, tzinfo=UTC), 70) for day in (24, 25)]

    at_home, in_india = seen(attempts, UTC_ZONE), seen(attempts, KOLKATA)

    assert [day.date.day for day in trend(attempts, days=9, zone=UTC_ZONE, now=NOW)] == [24, 25]
    assert [day.date.day for day in trend(attempts, days=9, zone=KOLKATA, now=NOW)] == [25, 26]
    assert (at_home.streak_days, in_india.streak_days) == (0, 2)
    assert at_home.average_score == in_india.average_score


def test_a_day_tells_what_it_was_graded_by_but_for_the_gate() -> None:
    graded = [
        a_result(70, rubric_version="2"),
        a_result(70),
        a_result(40, rubric_version="2"),
        a_result(10, model="gate", rubric_version="3"),
    ]
    attempts = [answered(number, NOW, result) for number, result in enumerate(graded, 1)]
    only_gate = [answered(1, NOW - DAY, a_result(10, model="gate"))]

    yesterday, today = trend(only_gate + attempts, days=2, zone=UTC_ZONE, now=NOW)

    assert today.graded_by == (Yardstick("claude-haiku-5-5", "2"), Yardstick("claude-haiku-5-5", "2026-11-21"))
    assert (today.attempts, today.average_score) == (4, 4.75)
    assert (yesterday.graded_by, yesterday.average_score) == ((), 1.0)


# Against a count of the export. It is made from the export alone, in decimals, and finds the days by their bounds.

SESSIONS = ("a", "b", "exam")
ZONES = [UTC_ZONE, BERLIN, NEW_YORK, KOLKATA, LORD_HOWE, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Pacific/Marquesas")]
CHANGES = [datetime.fromisoformat(day) for day in ("2026-03-08T18:00Z", "2026-03-30T02:00Z", "2026-04-05T14:00Z")] + [
    datetime.fromisoformat(day) for day in ("2026-10-04T12:30Z", "2026-10-25T23:30Z", "2026-11-02T04:59Z")
]
evaluators = st.sampled_from([None, CLAUDE, OFFLINE])
tenths = st.integers(10, 100)


def some_result(overall: int, evaluator: Evaluator, model: str, version: str, criteria: dict[str, int]) -> Any:
    graded = a_result(overall, evaluator=evaluator, model=model, rubric_version=version)
    return replace(graded, criteria=tuple(criteria.items()))


some_results = st.builds(
    some_result,
    tenths,
    st.sampled_from(Evaluator),
    st.sampled_from(["gate", "one", "other"]),
    st.sampled_from("12"),
    st.dictionaries(st.sampled_from([*CRITERIA, "Former"]), tenths, max_size=3),
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[PastAttempt], ZoneInfo, datetime]:
    """Some weeks up to a moment on one of the days on which clocks are changed, and the zone to look at it from."""
    zone, now = draw(st.sampled_from(ZONES)), draw(st.sampled_from(CHANGES))
    today = now.astimezone(zone).date()
    midnights = st.integers(0, 32).map(lambda back: bounds(today - back * DAY, zone)[0])
    moments = (
        midnights
        | midnights.map(lambda at: at - timedelta(seconds=1))
        | st.integers(0, 33 * 48).map(lambda halves: now - halves * HOUR / 2)
    )
    drawn = draw(st.lists(st.tuples(st.sampled_from(SESSIONS), st.integers(1, 9), moments), max_size=20))
    attempts: list[PastAttempt] = []
    for session, question_id, at in drawn:
        number = 1 + sum(each.session_id == session for each in attempts)
        result = draw(some_results | st.none())
        attempts.append(
            answered(
                question_id,
                at,
                result,
                status=None if result else draw(st.sampled_from([Status.PENDING, Status.FAILED])),
                session_id=session,
                number=number,
                follow_up_to=draw(st.sampled_from([None, None, 1])) if number > 1 else None,
                in_open_exam=session == "exam",
            )
        )
    return attempts, zone, now


def bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment of a day, and the first after it."""
    first, after = (datetime.combine(each, time(), zone).astimezone(UTC) for each in (day, day + DAY))
    return first, after


class Export:
    """What a user can count who has the export, the bank, and the words of the documentation."""

    def __init__(self, history: Iterable[PastAttempt], zone: ZoneInfo, now: datetime, evaluator: str | None) -> None:
        self.attempts = sorted(
            map(exported, history), key=lambda row: (row["created_at"], row["session_id"], row["id"])
        )
        self.evaluated = [row for row in self.attempts if row["evaluation"] and row["follow_up_to"] is None]
        chosen = evaluator or (self.evaluated[-1]["evaluation"]["evaluator"] if self.evaluated else None)
        self.averaged = [row for row in self.evaluated if row["evaluation"]["evaluator"] == chosen]
        self.zone, self.chosen = zone, chosen
        self.today = next(
            day
            for day in (now.date() + back * DAY for back in (-1, 0, 1))
            if bounds(day, zone)[0] <= now < bounds(day, zone)[1]
        )

    def on(self, rows: Iterable[dict[str, Any]], day: date) -> list[dict[str, Any]]:
        first, after = (moment.isoformat() for moment in bounds(day, self.zone))
        return [row for row in rows if first <= row["created_at"] < after]

    def last_days(self, count: int) -> list[date]:
        return [self.today - back * DAY for back in range(count - 1, -1, -1)]

    def streak(self) -> int:
        practised = [bool(self.on(self.attempts, self.today - back * DAY)) for back in range(50)]
        from_then = practised if practised[0] else practised[1:]
        return [*from_then, False].index(False)

    def weakest(self) -> str | None:
        scores = defaultdict(list)
        for row in self.averaged:
            scores[row["category"]].append(Fraction(str(row["overall_score"])))
        means = {name: (sum(each) + Fraction("16.5")) / (len(each) + 3) for name, each in scores.items()}
        lowest = [name for name in Category if name in means and means[name] == min(means.values())]
        return lowest[0] if lowest else None

    def whose(self, rows: list[Any]) -> str | None:
        return self.chosen if rows else None


def exported(attempt: PastAttempt) -> dict[str, Any]:
    shown = None if attempt.in_open_exam else attempt.result
    return {
        "session_id": attempt.session_id,
        "id": attempt.id,
        "category": category_of(attempt.question_id).value,
        "created_at": attempt.created_at.isoformat(),
        "follow_up_to": attempt.follow_up_to,
        "overall_score": shown and shown.overall / 10,
        "criteria": [{"name": name, "score": score / 10} for name, score in shown.criteria] if shown else [],
        "evaluation": shown
        and {"evaluator": shown.evaluator.value, "model": shown.model, "rubric_version": shown.rubric_version},
    }


def mean(scores: list[float]) -> float | None:
    if not scores:
        return None
    exact = sum((Decimal(str(score)) for score in scores), Decimal(0)) / len(scores)
    return float(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))


def overall(rows: list[dict[str, Any]]) -> list[float]:
    return [row["overall_score"] for row in rows]


@given(histories(), evaluators)
def test_the_overview_is_what_a_count_of_the_export_gives(
    history: tuple[list[PastAttempt], ZoneInfo, datetime], evaluator: Evaluator | None
) -> None:
    attempts, zone, now = history
    export = Export(attempts, zone, now, evaluator)

    found = overview(attempts, sessions_count=3, zone=zone, now=now, evaluator=evaluator)

    assert found.total_attempts == len(export.attempts)
    assert found.evaluated_attempts == len(export.averaged)
    assert found.average_score == mean(overall(export.averaged))
    assert found.evaluator == export.whose(export.averaged)
    assert found.other_evaluators == len(export.evaluated) - len(export.averaged)
    assert found.streak_days == export.streak()
    assert found.practised_days_30 == sum(bool(export.on(export.attempts, day)) for day in export.last_days(30))
    assert found.weakest_category == export.weakest()
    assert found.sessions_count == 3


@given(histories(), evaluators)
def test_the_categories_are_what_a_count_of_the_export_gives(
    history: tuple[list[PastAttempt], ZoneInfo, datetime], evaluator: Evaluator | None
) -> None:
    export = Export(*history, evaluator)

    found = by_category(history[0], evaluator=evaluator)

    assert [row.category for row in found] == list(Category)
    for row in found:
        rows = [each for each in export.averaged if each["category"] == row.category]
        assert (row.attempts, row.average_score, row.evaluator) == (len(rows), mean(overall(rows)), export.whose(rows))
        if rows:
            assert (row.best_score, row.last_score) == (10 * max(overall(rows)), 10 * overall(rows)[-1])
            assert row.last_at == datetime.fromisoformat(rows[-1]["created_at"])
        else:
            assert (row.best_score, row.last_score, row.last_at) == (None, None, None)


@given(histories(), evaluators, st.sampled_from([DESIGN, STRATEGY]))
def test_the_criteria_are_what_a_count_of_the_export_gives(
    history: tuple[list[PastAttempt], ZoneInfo, datetime], evaluator: Evaluator | None, category: Category
) -> None:
    export = Export(*history, evaluator)
    rows = [each for each in export.averaged if each["category"] == category]

    found = by_criterion(history[0], category, CRITERIA, evaluator=evaluator)

    assert [row.criterion for row in found] == list(CRITERIA)
    for row in found:
        scores = [each["score"] for one in rows for each in one["criteria"] if each["name"] == row.criterion]
        assert (row.attempts, row.average_score) == (len(scores), mean(scores))
        assert row.last_score == (round(10 * scores[-1]) if scores else None)
        assert row.evaluator == export.whose(scores)


@given(histories(), evaluators, st.sampled_from([None, DESIGN]), st.integers(1, 40))
def test_the_trend_is_what_a_count_of_the_export_gives(
    history: tuple[list[PastAttempt], ZoneInfo, datetime],
    evaluator: Evaluator | None,
    category: Category | None,
    days: int,
) -> None:
    attempts, zone, now = history
    export = Export(attempts, zone, now, evaluator)
    averaged = [row for row in export.averaged if category in (None, row["category"])]
    expected = []
    for day in export.last_days(days):
        if rows := export.on(averaged, day):
            graded_by = {(row["evaluation"]["model"], row["evaluation"]["rubric_version"]) for row in rows}
            expected.append(
                (day, len(rows), mean(overall(rows)), export.chosen, {each for each in graded_by if each[0] != "gate"})
            )

    found = trend(attempts, days=days, zone=zone, now=now, category=category, evaluator=evaluator)

    assert [
        (
            row.date,
            row.attempts,
            row.average_score,
            row.evaluator,
            {(by.model, by.rubric_version) for by in row.graded_by},
        )
        for row in found
    ] == expected
    assert all(len(set(row.graded_by)) == len(row.graded_by) for row in found)


@given(histories(), st.integers(1, 40))
def test_the_heatmap_is_what_a_count_of_the_export_gives(
    history: tuple[list[PastAttempt], ZoneInfo, datetime], days: int
) -> None:
    attempts, zone, now = history
    export = Export(attempts, zone, now, None)

    found = heatmap(attempts, days=days, zone=zone, now=now)

    assert [(row.date, row.attempts) for row in found] == [
        (day, len(export.on(export.attempts, day))) for day in export.last_days(days)
    ]
