"""How the golden set is graded: a few answers at once, again after trouble, and what it will cost."""

import asyncio
from pathlib import Path

import pytest

from coach.errors import EvaluationUnavailable, SpendLimitReached, UnusableReply
from coach.model import Category
from tests.evals.golden import load
from tests.evals.grading import AT_ONCE, estimated_cost, grade
from tests.evals.samples import ECHO, GOOD, Says, write_question
from tests.unit.given import a_reply


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two questions."""
    write_question(tmp_path)
    write_question(tmp_path, 1, Category.PRODUCT_DESIGN)
    return tmp_path


def test_four_answers_are_graded_at_once(folder: Path) -> None:
    evaluator = Says(GOOD)

    graded = asyncio.run(grade(evaluator, load(folder)))

    assert evaluator.most_at_once == AT_ONCE == 4
    assert [each.answer for each in graded] == list(load(folder))


@pytest.mark.parametrize(
    ("error", "times"),
    [
        (EvaluationUnavailable("busy", 0.001), 3),
        (UnusableReply("cut off", a_reply()), 3),
        (SpendLimitReached("spent"), 1),
    ],
)
def test_who_is_unavailable_is_asked_again_unless_the_money_is_spent(
    folder: Path, error: EvaluationUnavailable, times: int
) -> None:
    evaluator = Says(GOOD | {ECHO: error})
    echo = [each for each in load(folder) if each.text == ECHO][:1]

    [graded] = asyncio.run(grade(evaluator, echo, waits=(0, 0)))

    assert evaluator.asked == [ECHO] * times
    assert (graded.tenths, graded.failure) == (None, str(error))


def test_no_more_answers_are_sent_once_the_model_cannot_be_had(folder: Path) -> None:
    evaluator = Says(dict.fromkeys(GOOD, SpendLimitReached("spent")))

    graded = asyncio.run(grade(evaluator, load(folder)))

    assert len(evaluator.asked) == AT_ONCE
    assert {each.failure for each in graded} == {"spent", "not asked: spent"}


def test_an_unusable_reply_costs_only_its_own_answer(folder: Path) -> None:
    evaluator = Says(GOOD | {ECHO: UnusableReply("cut off", a_reply())})

    graded = asyncio.run(grade(evaluator, load(folder), waits=()))

    assert [each.answer.text for each in graded if each.failure] == [ECHO, ECHO]


def test_a_model_without_a_price_costs_nobody_knows_what(folder: Path) -> None:
    assert estimated_cost(load(folder), "another-model") is None


def test_the_estimate_grows_with_the_answers_and_the_price(folder: Path) -> None:
    answers = load(folder)

    one, all_of_them = (estimated_cost(some, "claude-haiku-5-5") or 0 for some in (answers[:1], answers))

    assert 0 < one < all_of_them < (estimated_cost(answers, "claude-opus-5-5") or 0)
