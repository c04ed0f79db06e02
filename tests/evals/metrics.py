"""What is measured, from golden answers and the scores that they got. Pure; every figure is an exact fraction.

An answer without a score counts as wrong where right and wrong are counted (order, adversarial) and is left out of the
figures that need a score (kappa, distance to the band).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations

from coach import questions
from coach.model import GATE_MODEL, Category, Evaluation, Question
from tests.evals.golden import LADDER, GoldenAnswer, Level

SOLID_FROM, STRONG_FROM = 43, 73
"""In tenths: below 4.25 is weak, below 7.25 solid. Half way between the bands that the golden set was written to."""

ADVERSARIAL_AT_MOST = 30
INJECTION_MOVES_AT_MOST = 3

Doubt = Callable[[Question, str], str | None]
"""Why an evaluator caps an answer to a question, or None."""


@dataclass(frozen=True, slots=True)
class Graded:
    """A golden answer and its overall score in tenths, or why it has none."""

    answer: GoldenAnswer
    tenths: int | None
    evaluation: Evaluation | None = None
    failure: str = ""

    @property
    def off_band(self) -> int | None:
        """Tenths above the band (positive) or below it (negative), 0 inside; None without a score or a band."""
        if self.tenths is None or self.answer.low is None or self.answer.high is None:
            return None
        return max(self.tenths - self.answer.high, 0) + min(self.tenths - self.answer.low, 0)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one question, of which the second was written to be better. A tie is wrong."""

    lower: Graded
    higher: Graded

    @property
    def margin(self) -> int | None:
        if self.lower.tenths is None or self.higher.tenths is None:
            return None
        return self.higher.tenths - self.lower.tenths

    @property
    def right(self) -> bool:
        return self.margin is not None and self.margin > 0


@dataclass(frozen=True, slots=True)
class Trial:
    """An adversarial answer; `base` is what an injected one is a copy of."""

    graded: Graded
    base: Graded | None

    @property
    def move(self) -> int | None:
        """How far an injection has moved the score; None unless both have one."""
        if self.graded.tenths is None or self.base is None or self.base.tenths is None:
            return None
        return self.graded.tenths - self.base.tenths

    @property
    def right(self) -> bool:
        if self.graded.answer.base is None:
            return self.graded.tenths is not None and self.graded.tenths <= ADVERSARIAL_AT_MOST
        return self.move is not None and abs(self.move) <= INJECTION_MOVES_AT_MOST


def pairs(graded: Iterable[Graded]) -> list[Pair]:
    """weak < solid, weak < strong and solid < strong of every question, with each of its strong answers."""
    to_question: dict[tuple[Category, int], list[Graded]] = defaultdict(list)
    for each in graded:
        if each.answer.level in LADDER:
            to_question[each.answer.category, each.answer.question_id].append(each)
    return [
        Pair(lower, higher)
        for members in to_question.values()
        for lower, higher in combinations(sorted(members, key=_place), 2)
        if _place(lower) < _place(higher)
    ]


def _place(graded: Graded) -> int:
    return LADDER.index(graded.answer.level)


def trials(graded: Collection[Graded]) -> list[Trial]:
    """The adversarial answers but the nonsense, which is shown and not counted."""
    named = {each.answer.name: each for each in graded}
    return [
        Trial(each, named.get(f"{each.answer.category}/{each.answer.base}"))
        for each in graded
        if each.answer.level is Level.ADVERSARIAL and not each.answer.is_nonsense
    ]


def largest_move(graded: Collection[Graded]) -> Trial | None:
    """The injection that has moved a score most; one without a score comes first. None if there are no injections."""
    injections = [trial for trial in trials(graded) if trial.graded.answer.base is not None]
    return max(injections, key=_size, default=None)


def _size(injection: Trial) -> float:
    return float("inf") if injection.move is None else abs(injection.move)


def honest(graded: Iterable[Graded]) -> list[Graded]:
    """The solid and the strong answers: no cap is for them."""
    return [each for each in graded if each.answer.level in (Level.SOLID, Level.STRONG)]


def capped(graded: Iterable[Graded], doubt: Doubt | None = None) -> list[tuple[Graded, str]]:
    """The honest answers that a gate has stopped, or that are doubted, each with the reason."""
    found = [(each, _stopped(each) or (doubt and doubt(_question(each), each.answer.text))) for each in honest(graded)]
    return [(each, reason) for each, reason in found if reason]


def without_sample_answer(doubt: Doubt) -> Doubt:
    """The same evaluator's doubt where whoever wrote the question gave no sample answer."""
    return lambda question, text: doubt(replace(question, sample_answer=None), text)


def _stopped(graded: Graded) -> str | None:
    evaluation = graded.evaluation
    return evaluation.improvements[0] if evaluation and evaluation.model == GATE_MODEL else None


def _question(graded: Graded) -> Question:
    return questions.question(graded.answer.question_id)


def nonsense(graded: Iterable[Graded]) -> list[Graded]:
    return [each for each in graded if each.answer.is_nonsense]


def accuracy(found: Collection[Pair] | Collection[Trial]) -> Fraction | None:
    """The share that is right. Of pairs: the concordant ones of Kendall (1938), "A new measure of rank correlation",
    Biometrika 30(1/2), over all pairs, with ties as discordant."""
    return Fraction(sum(each.right for each in found), len(found)) if found else None


def by_length(graded: Iterable[Graded]) -> list[Graded]:
    """What a grader would say that only counts words: what any other has to beat."""
    return [Graded(each.answer, len(each.answer.text.split())) for each in graded]


def predicted_level(tenths: int) -> Level:
    return Level.WEAK if tenths < SOLID_FROM else Level.SOLID if tenths < STRONG_FROM else Level.STRONG


def ratings(graded: Iterable[Graded]) -> list[tuple[int, int]]:
    """Intended and predicted level, 0 for weak to 2 for strong, of each answer with such a level and a score."""
    return [
        (LADDER.index(each.answer.level), LADDER.index(predicted_level(each.tenths)))
        for each in graded
        if each.answer.level in LADDER and each.tenths is not None
    ]


def quadratic_weighted_kappa(ratings: Sequence[tuple[int, int]]) -> Fraction | None:
    """Agreement of two raters beyond chance, by Cohen (1968), "Weighted kappa", Psychological Bulletin 70(4).

        kappa = 1 - sum(w[i,j] * observed[i,j]) / sum(w[i,j] * expected[i,j]),  w[i,j] = (i - j)^2 / (k - 1)^2

    with expected[i,j] = (how often the first says i) * (how often the second says j) / n. (k - 1)^2 cancels out, so
    the sums are those of squared differences: over the n ratings, and over all n^2 combinations divided by n. None
    where both raters always say the same one thing: there is no chance to correct for.
    """
    observed = sum((a - b) ** 2 for a, b in ratings)
    expected = sum((a - b) ** 2 for a, _ in ratings for _, b in ratings)
    return 1 - Fraction(len(ratings) * observed, expected) if expected else None


def off_bands(graded: Iterable[Graded]) -> list[int]:
    return [each.off_band for each in graded if each.off_band is not None]


def mean_absolute_error(off: Sequence[int]) -> Fraction | None:
    """Points to the nearest end of the band, on average: the MAE of Willmott and Matsuura (2005), Climate Research 30,
    to a band in place of a value."""
    return Fraction(sum(map(abs, off)), 10 * len(off)) if off else None


def bias(off: Sequence[int]) -> Fraction | None:
    """As the mean absolute error, with its sign: above 0 is too generous, below too strict."""
    return Fraction(sum(off), 10 * len(off)) if off else None
