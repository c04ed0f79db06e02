"""The next question: each rule in examples, then what holds for every history."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.errors import NotFound
from coach.model import Category, Difficulty, Evaluator, Question, Status
from coach.progress.history import PastAttempt
from coach.progress.schedule import NextQuestion, interval, next_question
from tests.unit.past import (
    BANK,
    BERLIN,
    CRITERIA,
    DAY,
    KOLKATA,
    NEW_YORK,
    NOW,
    UTC_ZONE,
    a_question,
    a_result,
    answered,
)

OFFLINE: dict[str, Any] = {"evaluator": Evaluator.OFFLINE, "model": "offline-3"}


def chosen(
    attempts: list[PastAttempt],
    candidates: list[Question] = BANK,
    *,
    zone: ZoneInfo = UTC_ZONE,
    now: datetime = NOW,
    review: bool = False,
) -> NextQuestion:
    return next_question(attempts, candidates, lambda _: CRITERIA, zone=zone, now=now, review=review)


def told(*arguments: Any, **options: Any) -> tuple[int, str]:
    found = chosen(*arguments, **options)
    return found.question.id, found.reason


def all_categories(days_ago: int = 0, score: int | None = None) -> list[PastAttempt]:
    """One answer in each category, to questions 1 to 7."""
    return [answered(number, NOW - days_ago * DAY, score) for number in range(1, 8)]


def turns_for(attempts: list[PastAttempt], turn: int) -> list[PastAttempt]:
    """With failed answers of long ago, until it is that turn."""
    answers = sum(each.follow_up_to is None for each in attempts)
    fill = [answered(1, NOW - 99 * DAY, number=number) for number in range(1, 1 + (turn - answers) % 3)]
    return attempts + fill


DUE, WEAK, NEW = 0, 1, 2


def test_a_newcomer_begins_with_the_first_category() -> None:
    assert told([]) == (1, "You have practised no categories so far; product design is new to you.")


def test_a_newcomer_goes_through_the_categories_in_their_order() -> None:
    attempts: list[PastAttempt] = []
    asked = []
    for minute in range(7):
        asked.append(chosen(attempts).question.id)
        attempts.append(answered(asked[-1], NOW + timedelta(minutes=minute), 50))

    assert asked == [1, 2, 3, 4, 5, 6, 7]


def test_the_order_of_the_categories_comes_before_difficulty_and_number() -> None:
    execution, strategy = a_question(3), a_question(9, Difficulty.HARD)

    assert chosen([answered(1)], [execution, strategy]).question is strategy
    assert chosen(turns_for(all_categories(score=90), NEW), [a_question(10), a_question(16)]).question.id == 16


def test_a_newcomer_is_told_how_many_categories_have_been_practised() -> None:
    one = [answered(1, NOW - DAY, 50)]

    assert told(one) == (2, "You have practised 1 category so far; strategy is new to you.")
    assert told([*one, answered(3)]) == (2, "You have practised 2 categories so far; strategy is new to you.")


def test_a_newcomer_gets_medium_first_then_easy_then_hard() -> None:
    hard, easy, medium = (a_question(8, Difficulty.HARD), a_question(15, Difficulty.EASY), a_question(22))

    assert chosen([], [hard, easy, medium]).question is medium
    assert chosen([], [hard, easy]).question is easy
    assert chosen([], [hard]).question is hard


@pytest.mark.parametrize(
    "practised", [{"status": Status.PENDING}, {"status": Status.FAILED}, {"result": 50, "in_open_exam": True}]
)
def test_a_category_is_practised_whatever_came_of_the_answer(practised: dict[str, Any]) -> None:
    assert chosen([answered(1, NOW - DAY, **practised)]).question.id == 2


def test_a_newcomer_who_chooses_a_category_that_is_not_new_has_a_turn_there() -> None:
    attempts = [answered(1, NOW - 2 * DAY, 52)]

    assert told(attempts, [a_question(1)]) == (1, "You scored 5.2 on this 2 days ago.")
    assert (
        told(attempts, [a_question(8)])[1] == "You have answered 1 product design question so far, and this one is new."
    )


def test_what_is_due_comes_with_its_last_score_and_its_day() -> None:
    twice = [answered(8, NOW - 9 * DAY, 41), answered(8, NOW - 3 * DAY, 52)]
    attempts = turns_for([*all_categories(), *twice], DUE)

    assert told(attempts) == (8, "You scored 5.2 on this 3 days ago.")


def test_an_offline_score_is_labelled() -> None:
    bad = a_result(52, 40, **OFFLINE)
    attempts = [*all_categories(days_ago=1), answered(8, NOW - DAY, bad)]

    assert told(turns_for(attempts, DUE)) == (8, "You scored 5.2 (offline) on this yesterday.")
    assert told(turns_for(attempts, WEAK))[1] == (
        "Your weakest point in product design is Goal, with 4.0 (offline) on average."
    )


def test_what_is_not_due_yet_waits() -> None:
    attempts = turns_for([*all_categories(days_ago=40), answered(8, NOW - 2 * DAY, 90)], DUE)

    assert chosen(attempts).question.id != 8
    assert told(attempts, now=NOW + DAY) == (8, "You scored 9.0 on this 3 days ago.")


def test_due_is_a_day_of_the_zone_and_not_24_hours() -> None:
    late = answered(8, datetime(2026, 11, 26, 17, tzinfo=UTC), 50)  # 22:30 in Kolkata
    attempts = turns_for([*all_categories(days_ago=40), late], DUE)
    soon = datetime(2026, 11, 26, 18, 30, tzinfo=UTC)  # midnight there

    assert told(attempts, zone=KOLKATA, now=soon) == (8, "You scored 5.0 on this yesterday.")
    assert chosen(attempts, zone=UTC_ZONE, now=soon).question.id != 8
    assert chosen(attempts, zone=KOLKATA, now=soon - timedelta(seconds=1)).question.id != 8


def test_of_what_is_due_the_longest_overdue_for_its_interval_comes_first() -> None:
    month = [answered(9, NOW - days * DAY, 80) for days in (99, 98, 97, 96, 34)]  # due four days ago, after 30 days
    fair = answered(8, NOW - 3 * DAY, 65)  # due two days ago, after one
    bad = answered(10, NOW - DAY, 20)  # due today, after one

    assert chosen(turns_for([*all_categories(), *month, fair, bad], DUE)).question.id == 8


def test_of_what_is_equally_overdue_the_worst_comes_first() -> None:
    attempts = [*all_categories(), *(answered(number, NOW - DAY, score) for number, score in ((8, 50), (9, 30)))]

    assert chosen(turns_for(attempts, DUE)).question.id == 9


@pytest.mark.parametrize(
    ("scores", "days"),
    [
        ([10], 1),
        ([74], 1),
        ([75], 3),
        ([60, 75], 3),
        ([75, 75], 7),
        ([75, 75, 75], 14),
        ([75, 75, 75, 75], 30),
        ([75, 75, 75, 75, 75], 30),
        ([75, 75, 60], 7),
        ([75, 75, 74], 7),
        ([75, 75, 59], 1),
        ([75, 75, 59, 75], 3),
    ],
)
def test_the_interval_grows_stays_and_goes_back(scores: list[int], days: int) -> None:
    assert interval(scores) == days


@given(st.lists(st.integers(10, 100), min_size=1))
def test_the_interval_is_as_the_documentation_spells_it_out(scores: list[int]) -> None:
    days = 3 if scores[0] / 10 >= 7.5 else 1
    for score in scores[1:]:
        if score / 10 >= 7.5:
            days = {1: 3, 3: 7, 7: 14, 14: 30, 30: 30}[days]
        elif score / 10 < 6.0:
            days = 1

    assert interval(scores) == days


def test_what_does_not_count_moves_no_interval() -> None:
    """A follow-up, an answer that failed, one in an exam that goes on: the question stays due as it was."""
    due = answered(8, NOW - 9 * DAY, 52, session_id="a")
    later = NOW - 2 * DAY
    others = [
        answered(8, later, 90, session_id="a", number=2, follow_up_to=1),
        answered(8, later, 90, in_open_exam=True),
        answered(8, later),
    ]

    assert {told(turns_for([*all_categories(), due, other], DUE)) for other in others} == {
        (8, "You scored 5.2 on this 9 days ago.")
    }


def test_the_exam_moves_the_interval_when_it_has_ended() -> None:
    exam = answered(8, NOW - 2 * DAY, 90)

    assert chosen(turns_for([*all_categories(), answered(8, NOW - 9 * DAY, 52), exam], DUE)).question.id != 8


def test_an_answer_is_due_by_whoever_graded_it() -> None:
    attempts = [*all_categories(score=90), answered(8, NOW - DAY, a_result(52, **OFFLINE))]

    assert told(turns_for(attempts, DUE)) == (8, "You scored 5.2 (offline) on this yesterday.")


def test_the_weakest_category_comes_for_the_sake_of_its_weakest_criterion() -> None:
    strategy = [answered(2, NOW, a_result(40, 60, 30, 45)), answered(9, NOW - DAY, a_result(40, 60, 35, 45))]
    overdue_elsewhere = answered(10, NOW - 9 * DAY, 50)
    attempts = [*all_categories(score=80), *strategy, overdue_elsewhere]

    assert told(turns_for(attempts, WEAK)) == (
        9,
        "Your weakest point in strategy is Users, with 3.25 on average.",
    )


def test_of_two_criteria_that_are_equally_weak_the_rubrics_first_is_named() -> None:
    attempts = [*all_categories(score=80), answered(2, NOW, a_result(40, 50, 30, 30))]

    assert "strategy is Users" in chosen(turns_for(attempts, WEAK)).reason


def test_the_weakest_criterion_is_trained_on_what_is_due_then_what_is_new_then_what_was_answered_longest_ago() -> None:
    strategy = [answered(2, NOW - 2 * DAY, a_result(75, 30)), answered(9, NOW - DAY, a_result(75, 30))]
    attempts = turns_for([*all_categories(score=95)[2:], answered(1, NOW, 95), *strategy], WEAK)
    hard, medium = a_question(16, Difficulty.HARD), a_question(23)

    assert chosen(attempts, [*BANK, hard, medium], now=NOW + DAY).question.id == 2
    assert chosen(attempts, [*BANK, hard, medium]).question is medium
    assert chosen(attempts, [*BANK, hard]).question is hard
    assert chosen(attempts, BANK).question.id == 2


def test_averages_are_of_the_default_evaluator_alone() -> None:
    former = [answered(2, NOW - DAY, a_result(10, 10, **OFFLINE))]
    attempts = turns_for([*former, *(answered(number, NOW, a_result(70, 60)) for number in range(1, 8))], WEAK)

    assert told(attempts)[1] == "Your weakest point in product design is Goal, with 6.0 on average."


def test_the_weakest_category_is_the_weakest_of_those_that_pass() -> None:
    attempts = turns_for([answered(number, NOW, a_result(10 * number, 50)) for number in range(1, 8)], WEAK)

    assert chosen(attempts).question.id == 8
    assert chosen(attempts, [each for each in BANK if each.category is Category.ANALYTICAL]).question.id == 11


def test_what_is_new_comes_from_the_category_with_the_fewest_questions_answered() -> None:
    attempts = [*all_categories(score=90), *(answered(number, NOW, 90) for number in (8, 9, 11, 12, 13, 14))]

    assert told(turns_for(attempts, NEW), [a_question(number) for number in range(1, 22)]) == (
        10,
        "You have answered 1 execution question so far, and this one is new.",
    )


def test_what_is_new_is_medium_first() -> None:
    new = [a_question(8, Difficulty.HARD), a_question(15, Difficulty.EASY), a_question(22)]

    assert chosen(turns_for(all_categories(score=90), NEW), new).question.id == 22


def test_what_is_due_what_is_weak_and_what_is_new_take_turns() -> None:
    due = [answered(number, NOW - DAY, a_result(50, 40)) for number in range(1, 8)]

    reasons = [chosen(turns_for(due, turn)).reason for turn in (DUE, WEAK, NEW)]

    assert reasons == [
        "You scored 5.0 on this yesterday.",
        "Your weakest point in product design is Goal, with 4.0 on average.",
        "You have answered 1 product design question so far, and this one is new.",
    ]


def test_a_follow_up_takes_no_turn() -> None:
    attempts = turns_for(
        [answered(number, NOW - DAY, a_result(50, 40), session_id="a") for number in range(1, 8)], WEAK
    )
    follow_up = answered(1, NOW - DAY, 90, session_id="a", number=2, follow_up_to=1)

    assert told([*attempts, follow_up]) == told(attempts)


def test_who_has_nothing_to_offer_passes_the_turn_on() -> None:
    nothing_due = [answered(number, NOW - DAY, a_result(80, 40)) for number in range(1, 8)]
    no_criteria = [answered(number, NOW - DAY, 50) for number in range(1, 8)]
    nothing_new = [answered(number, NOW - DAY, a_result(50, 40)) for number in range(1, 15)]

    assert "weakest point" in chosen(turns_for(nothing_due, DUE)).reason
    assert "this one is new" in chosen(turns_for(no_criteria, WEAK)).reason
    assert "You scored" in chosen(turns_for(nothing_new, NEW)).reason


def test_if_nothing_is_due_weak_or_new_the_question_of_longest_ago_comes() -> None:
    attempts = [answered(number, NOW - number * DAY) for number in range(1, 8)]

    assert told(attempts, BANK[:7]) == (7, "You have answered this once, last 7 days ago.")


def test_a_question_that_waits_for_its_evaluation_rests() -> None:
    attempts = [
        answered(8, NOW - 9 * DAY, 20),
        answered(8, NOW - DAY, status=Status.PENDING),
        answered(1, NOW - DAY, 90),
    ]

    assert chosen(attempts, [a_question(1), a_question(8)]).question.id == 1


@pytest.mark.parametrize("today", [{"result": 20}, {}, {"result": 20, "in_open_exam": True}])
def test_a_question_that_was_answered_today_rests(today: dict[str, Any]) -> None:
    attempts = [answered(8, NOW - 9 * DAY, 20), answered(8, NOW, **today), answered(1, NOW - DAY, 90)]

    assert chosen(attempts, [a_question(1), a_question(8)]).question.id == 1


def test_today_is_today_in_the_zone() -> None:
    attempts = [answered(8, datetime(2026, 11, 27, 3, tzinfo=UTC), 20), answered(1, NOW - 2 * DAY, 90)]

    assert chosen(attempts, [a_question(1), a_question(8)]).question.id == 1
    assert chosen(attempts, [a_question(1), a_question(8)], zone=NEW_YORK).question.id == 8


def test_when_all_rest_one_that_is_graded_comes_again() -> None:
    waiting, graded = answered(1, NOW, status=Status.PENDING), answered(8, NOW, 50)

    assert told([waiting, graded], [a_question(1), a_question(8)]) == (8, "You have answered this once, last today.")
    assert told([waiting], [a_question(1)]) == (1, "You have answered this once, last today.")


def test_a_review_serves_only_what_has_been_answered() -> None:
    assert told([answered(9, NOW - DAY, 50)], review=True) == (9, "You scored 5.0 on this yesterday.")


def test_an_empty_review_and_an_empty_choice_say_why() -> None:
    with pytest.raises(NotFound, match="not answered any question of this kind yet"):
        chosen([], review=True)
    with pytest.raises(NotFound, match="no such question"):
        chosen([], [])


def test_what_was_imported_from_a_day_to_come_is_practice_like_any_other() -> None:
    assert told([answered(1, NOW + 3 * DAY, 50)], [a_question(1)]) == (1, "You have answered this once, last today.")


moments = st.integers(0, 40 * 24).map(lambda hours: NOW - timedelta(hours=hours))
results = st.builds(
    lambda overall, goal, users, grader: a_result(overall, goal, users, **grader),
    st.integers(10, 100),
    st.integers(10, 100),
    st.integers(10, 100),
    st.sampled_from([{}, OFFLINE]),
)
histories = st.lists(
    st.builds(
        lambda question_id, at, result, waits, exam: answered(
            question_id,
            at,
            result,
            status=Status.PENDING if waits and not result else None,
            in_open_exam=exam,
        ),
        st.integers(1, 14),
        moments,
        results | st.none(),
        st.booleans(),
        st.integers(0, 4).map(lambda number: number == 0),
    ),
    unique_by=lambda attempt: (attempt.question_id, attempt.created_at),
    max_size=25,
)
pools = st.lists(st.sampled_from(BANK), min_size=1, unique_by=lambda question: question.id)
zones = st.sampled_from([UTC_ZONE, BERLIN, NEW_YORK, KOLKATA])


@given(histories, pools, zones)
def test_a_question_that_rests_comes_only_when_all_others_rest(
    attempts: list[PastAttempt], pool: list[Question], zone: ZoneInfo
) -> None:
    waiting = {each.question_id for each in attempts if each.status is Status.PENDING}
    today = {
        each.question_id
        for each in attempts
        if each.created_at.astimezone(zone).strftime("%x") == NOW.astimezone(zone).strftime("%x")
    }

    found = chosen(attempts, pool, zone=zone).question.id

    if found in waiting | today:
        assert {each.id for each in pool} <= waiting | today
    if found in waiting:
        assert {each.id for each in pool} <= waiting


@given(histories, pools, zones, st.randoms())
def test_the_choice_follows_from_the_history_and_the_day(
    attempts: list[PastAttempt], pool: list[Question], zone: ZoneInfo, random: Any
) -> None:
    before = chosen(attempts, pool, zone=zone)
    day = NOW.astimezone(zone).replace(hour=0, minute=0)

    random.shuffle(attempts)
    random.shuffle(pool)

    assert chosen(attempts, pool, zone=zone, now=(day + timedelta(minutes=random.randrange(24 * 60)))) == before


@given(histories, pools, results)
def test_nothing_that_was_graded_in_an_exam_that_goes_on_tells(
    attempts: list[PastAttempt], pool: list[Question], other: Any
) -> None:
    graded_otherwise = [replace(each, result=other) if each.in_open_exam and each.result else each for each in attempts]

    assert chosen(attempts, pool) == chosen(graded_otherwise, pool)


@given(histories, pools)
def test_a_reason_is_one_sentence_with_a_figure_and_no_count_of_what_is_left(
    attempts: list[PastAttempt], pool: list[Question]
) -> None:
    reason = chosen(attempts, pool).reason

    assert re.search(r"\d|yesterday|today|no categories", reason)
    assert re.fullmatch(r"You(r)? [^.]*(\d\.\d+[^.]*)?\.", reason)
    assert not re.search(r" of \d|left|remaining|due|waiting", reason)
