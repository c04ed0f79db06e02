"""How the answers to one question compare."""

from dataclasses import replace
from typing import Any

import pytest

from coach.model import Attempt, Category, Criterion, Evaluator, Status
from coach.progress.change import Change, Comparison, comparisons
from tests.conftest import USER
from tests.unit.given import ANSWER, NOW, an_evaluation

NOTHING = Comparison(None, None)
NO_EXAM: list[str] = []


def an_attempt(session_id: str = "a", follow_up_to: int | None = None, **evaluation: Any) -> Attempt:
    """An evaluated attempt, whose evaluation differs from the usual one as said."""
    return Attempt(
        id=1,
        user_id=USER,
        session_id=session_id,
        question_id=1,
        category=Category.PRODUCT_DESIGN,
        answer_text=ANSWER,
        time_spent_sec=None,
        status=Status.EVALUATED,
        round=1,
        evaluation=replace(an_evaluation(), **evaluation),
        failure=None,
        created_at=NOW,
        asked_at=NOW,
        follow_up_to=follow_up_to,
    )


def criteria(**scores: int) -> tuple[Criterion, ...]:
    return tuple(Criterion(name=name, score=score, evidence=(), comment="") for name, score in scores.items())


def test_each_answer_is_compared_with_the_one_before() -> None:
    attempts = [
        an_attempt(overall=60, framework=50, structure=70, completeness=40),
        an_attempt(overall=75, framework=50, structure=60, completeness=90),
        an_attempt(overall=70, framework=55, structure=60, completeness=90),
    ]

    first, second, third = comparisons(attempts, NO_EXAM)

    assert first == NOTHING
    unchanged = (("Goal", 0),)
    assert second.change == Change(overall=15, framework=0, structure=-10, completeness=50, criteria=unchanged)
    assert third.change == Change(overall=-5, framework=5, structure=0, completeness=0, criteria=unchanged)
    assert (second.comparable, third.comparable) == (True, True)


def test_criteria_that_only_one_of_them_has_are_left_out() -> None:
    before = an_attempt(criteria=criteria(Goal=50, Users=40, Pitch=70))
    after = an_attempt(criteria=criteria(Metrics=60, Users=65, Goal=45))

    _, found = comparisons([before, after], NO_EXAM)

    assert found.change
    assert found.change.criteria == (("Users", 25), ("Goal", -5))


@pytest.mark.parametrize(
    "other", [{"evaluator": Evaluator.CLAUDE}, {"model": "offline-2"}, {"model": "gate"}, {"rubric_version": "2"}]
)
def test_where_the_yardstick_has_moved_nothing_is_compared(other: dict[str, Any]) -> None:
    attempts = [an_attempt(), an_attempt(**other), an_attempt(**other, overall=80), an_attempt()]

    assert [each.comparable for each in comparisons(attempts, NO_EXAM)] == [None, False, True, False]
    assert [each.change is None for each in comparisons(attempts, NO_EXAM)] == [True, True, False, True]


def test_what_is_not_evaluated_is_stepped_over() -> None:
    waits = replace(an_attempt(), status=Status.PENDING, evaluation=None)
    failed = replace(an_attempt(), status=Status.FAILED, evaluation=None)

    found = comparisons([waits, an_attempt(overall=60), failed, an_attempt(overall=70)], NO_EXAM)

    assert found[:3] == [NOTHING] * 3
    assert found[3].change
    assert found[3].change.overall == 10


def test_follow_ups_are_stepped_over() -> None:
    found = comparisons(
        [an_attempt(overall=60), an_attempt(overall=20, follow_up_to=1), an_attempt(overall=70)], NO_EXAM
    )

    assert found[:2] == [NOTHING] * 2
    assert found[2].change
    assert found[2].change.overall == 10


def test_exams_that_go_on_are_stepped_over() -> None:
    attempts = [an_attempt(overall=60), an_attempt("exam", overall=20), an_attempt(overall=70)]

    found = comparisons(attempts, {"exam"})

    assert found[:2] == [NOTHING] * 2
    assert found[2].change
    assert found[2].change.overall == 10
    assert comparisons(attempts, NO_EXAM)[1].comparable
