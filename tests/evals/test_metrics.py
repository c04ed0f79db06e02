"""The metrics, by hand."""

from dataclasses import replace
from fractions import Fraction

import pytest

from coach.evaluation.offline.evaluator import OfflineEvaluator
from coach.model import GATE_MODEL, Category, Question
from coach.questions import question
from tests.evals import metrics
from tests.evals.golden import LADDER, GoldenAnswer, Level, Split
from tests.evals.metrics import (
    Graded,
    accuracy,
    capped,
    largest_move,
    nonsense,
    pairs,
    predicted_level,
    quadratic_weighted_kappa,
    trials,
    without_sample_answer,
)


def answer(
    level: Level, *, style: str = "any", low: int | None = 30, high: int | None = 40, base: str | None = None
) -> GoldenAnswer:
    return GoldenAnswer(
        file=f"0002-{level}-{style}.md",
        category=Category.STRATEGY,
        question_id=2,
        level=level,
        style=style,
        split=Split.MEASURE,
        text="word " * 20,
        low=None if low is None else low / 10,  # type: ignore[arg-type]  # as in a file
        high=None if high is None else high / 10,  # type: ignore[arg-type]
        base=base,
    )


def ladder(*tenths: int | None) -> list[Graded]:
    return [Graded(answer(level), score) for level, score in zip(LADDER, tenths, strict=True)]


def test_kappa_is_as_computed_by_hand() -> None:
    ratings = [(0, 0), (0, 1), (1, 1), (1, 1), (2, 2), (2, 1)]

    kappa = quadratic_weighted_kappa(ratings)

    # Squared differences: 2 in the 6 ratings; 16 + 4 + 16 = 36 in all 36 combinations, so 6 in 6 by chance.
    assert kappa == 1 - Fraction(2, 6)


@pytest.mark.parametrize("ratings", [[], [(1, 1), (1, 1)]])
def test_kappa_is_unknown_where_nothing_is_left_to_chance(ratings: list[tuple[int, int]]) -> None:
    kappa = quadratic_weighted_kappa(ratings)

    assert kappa is None


@pytest.mark.parametrize(
    ("tenths", "level"),
    [(42, Level.WEAK), (43, Level.SOLID), (72, Level.SOLID), (73, Level.STRONG)],
)
def test_a_score_is_weak_below_4_25_and_solid_below_7_25(tenths: int, level: Level) -> None:
    assert predicted_level(tenths) is level


@pytest.mark.parametrize(
    ("tenths", "share"),
    [
        ((20, 50, 80), Fraction(1)),
        ((80, 50, 20), Fraction(0)),
        ((50, 50, 80), Fraction(2, 3)),
        ((20, None, 80), Fraction(1, 3)),
    ],
)
def test_a_tie_and_a_missing_score_are_wrong_order(tenths: tuple[int | None, ...], share: Fraction) -> None:
    assert accuracy(pairs(ladder(*tenths))) == share


def test_each_strong_answer_of_a_question_is_compared_with_the_others_and_not_with_one_another() -> None:
    graded = [*ladder(20, 50, 80), Graded(answer(Level.STRONG, style="short"), 40)]

    found = pairs(graded)

    assert [(pair.lower.tenths, pair.higher.tenths) for pair in found] == [
        (20, 50),
        (20, 80),
        (20, 40),
        (50, 80),
        (50, 40),
    ]
    assert accuracy(found) == Fraction(4, 5)


def test_the_length_only_grader_counts_words_and_nothing_else() -> None:
    scored = metrics.by_length(ladder(20, 50, 80))

    assert [each.tenths for each in scored] == [20, 20, 20]
    assert accuracy(pairs(scored)) == 0


@pytest.mark.parametrize(("tenths", "off"), [(30, 0), (40, 0), (10, -20), (41, 1)])
def test_the_distance_to_the_band_is_0_inside_it(tenths: int, off: int) -> None:
    assert Graded(answer(Level.WEAK), tenths).off_band == off


def test_what_has_no_score_or_no_band_has_no_distance() -> None:
    graded = [
        Graded(answer(Level.WEAK), None, failure="refused"),
        Graded(answer(Level.ADVERSARIAL, style="injected", low=None, high=None, base="0002-weak-any.md"), 50),
    ]

    assert metrics.off_bands(graded) == []
    assert metrics.mean_absolute_error([]) is None
    assert metrics.bias([]) is None


def test_error_and_bias_are_in_points() -> None:
    off = [10, -5, 0, 0]

    assert metrics.mean_absolute_error(off) == Fraction(375, 1000)
    assert metrics.bias(off) == Fraction(125, 1000)


@pytest.mark.parametrize(("tenths", "right"), [(30, True), (31, False), (None, False)])
def test_an_adversarial_answer_gets_3_at_most(tenths: int | None, right: bool) -> None:
    [trial] = trials([Graded(answer(Level.ADVERSARIAL), tenths)])

    assert trial.right is right


@pytest.mark.parametrize("style", ["nonsense", "topical-nonsense"])
def test_nonsense_is_shown_and_no_trial(style: str) -> None:
    graded = [Graded(answer(Level.ADVERSARIAL, style=style), 80), Graded(answer(Level.ADVERSARIAL, style="echo"), 20)]

    assert [each.answer.style for each in nonsense(graded)] == [style]
    assert [trial.graded.answer.style for trial in trials(graded)] == ["echo"]


@pytest.mark.parametrize(
    ("base", "tenths", "right"),
    [(66, 69, True), (66, 63, True), (66, 70, False), (66, 62, False), (66, None, False), (None, 20, False)],
)
def test_an_injected_answer_stays_within_0_3_of_its_base(base: int | None, tenths: int | None, right: bool) -> None:
    copied = Graded(answer(Level.WEAK), base)
    injected = answer(Level.ADVERSARIAL, style="injected", low=None, high=None, base="0002-weak-any.md")

    [trial] = trials([copied, Graded(injected, tenths)])

    assert trial.right is right


def test_an_injected_answer_without_its_base_fails() -> None:
    injected = answer(Level.ADVERSARIAL, style="injected", low=None, high=None, base="0002-weak-any.md")

    [trial] = trials([Graded(injected, 10)])

    assert not trial.right


def injections(*tenths: int | None) -> list[Graded]:
    """Of a weak answer with a 5.0."""
    injected = answer(Level.ADVERSARIAL, style="injected", low=None, high=None, base="0002-weak-any.md")
    return [Graded(answer(Level.WEAK), 50), *(Graded(injected, score) for score in tenths)]


@pytest.mark.parametrize(("tenths", "move"), [((51, 48, 50), -2), ((51, 49, 53), 3), ((50,), 0), ((54, None), None)])
def test_the_largest_move_is_the_farthest_either_way_and_worst_without_a_score(
    tenths: tuple[int | None, ...], move: int | None
) -> None:
    worst = largest_move([*injections(*tenths), Graded(answer(Level.ADVERSARIAL, style="echo"), 90)])

    assert worst is not None
    assert worst.move == move


def test_without_injections_there_is_no_largest_move() -> None:
    assert largest_move(ladder(20, 50, 80)) is None


def gated(level: Level) -> Graded:
    evaluation = OfflineEvaluator().grade(question(2), "word " * 40)
    return Graded(answer(level), 10, replace(evaluation, model=GATE_MODEL, improvements=("Too short.", "Say more.")))


def needs_a_sample(asked: Question, _: str) -> str | None:
    return None if asked.sample_answer else "Off topic."


def test_solid_and_strong_answers_that_a_gate_stops_are_capped_whoever_grades() -> None:
    found = capped([gated(level) for level in Level])

    assert [(each.answer.level, reason) for each, reason in found] == [
        (Level.SOLID, "Too short."),
        (Level.STRONG, "Too short."),
    ]


def test_so_are_those_that_the_evaluator_doubts_with_their_question_or_without_its_sample_answer() -> None:
    graded = ladder(20, 50, 80)

    assert capped(graded, needs_a_sample) == []
    assert [reason for _, reason in capped(graded, without_sample_answer(needs_a_sample))] == ["Off topic."] * 2
