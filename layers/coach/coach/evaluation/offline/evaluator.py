"""Grades without a model, by how much an answer says that is particular to its question.

    specificity = worth of the sentences that have to do with the question
                  / words of those sentences, or half of all words if that is more
    overall     = 1.5 at -0.25, 3.0 at 0.2, 4.5 at 0.3, 7.5 at 0.65 and 10.0 at 1.3, with straight lines between

A criterion shows, for each of its checks, the sentence that comes closest, found by a few words. It differs from the
overall score by half of what these sentences differ from those of the other criteria, so that the weighted mean of the
criteria is the overall score. English only. It sees form and not truth, which is why its scores are labelled offline
wherever they are shown.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from statistics import fmean

from coach.evaluation.frameworks import suggested_framework
from coach.evaluation.offline import MODEL, feedback
from coach.evaluation.offline.cues import check_cues
from coach.evaluation.offline.feedback import SPECIFIC_FROM, Closest, Found
from coach.evaluation.offline.reading import Reading, read
from coach.evaluation.probes import next_probe
from coach.evaluation.rubric import Rubric, RubricCriterion, Subscore, rubric
from coach.evaluation.scoring import Finding, Scores, Verdict
from coach.model import Criterion, Evaluation, Evaluator, FollowUp, Question

SCORE_AT = ((-0.25, 1.5), (0.2, 3.0), (0.3, 4.5), (0.65, 7.5), (1.3, 10.0))
"""Specificity and score, with straight lines between: fitted to the bands of the part of the golden set to build on."""

LOWEST, HIGHEST = 1.0, 10.0

SHOWN_MALUS = 0.3
"""What a sentence loses in the choice of the closest for each other check that it is shown for."""

CRITERION_SPREAD, FOLLOW_UP_SHARE = 0.5, 0.75
"""How much of what its sentences differ a criterion gets: from the other criteria, and by answers to a probe."""


class OfflineEvaluator:
    """Deterministic, no network. Safe to share between threads and event loops."""

    kind = Evaluator.OFFLINE

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock

    async def evaluate(self, question: Question, answer_text: str, follow_up: FollowUp | None = None) -> Evaluation:
        return self.grade(question, answer_text, follow_up)

    def grade(self, question: Question, answer_text: str, follow_up: FollowUp | None = None) -> Evaluation:
        """The criterion of a follow-up gets what it got in the first answer, and what the answers after it add."""
        graded_by = rubric(question.category).for_(follow_up)
        answers = [*(turn.answer for turn in follow_up.earlier), answer_text] if follow_up else [answer_text]
        readings = read(question, answers, follow_up)
        of_first = _closest(rubric(question.category), readings[:1])
        scores = _scores(rubric(question.category), readings[0], of_first)
        found: Found = of_first
        if follow_up:
            found = _closest(graded_by, readings)
            scores = _followed_up(graded_by, scores, readings, found)
        weakest = min(zip(graded_by.criteria, scores.criteria, strict=True), key=lambda pair: pair[1].score)[0]
        return Evaluation(
            overall=scores.overall,
            framework=scores.framework,
            structure=scores.structure,
            completeness=scores.completeness,
            strengths=() if readings[-1].doubt else tuple(feedback.strengths(graded_by, found, readings[-1].sentences)),
            improvements=tuple(_improvements(readings[-1], weakest, found)),
            suggested_framework=suggested_framework(graded_by, question, answer_text),
            example_point=weakest.example,
            criteria=scores.criteria,
            evaluator=Evaluator.OFFLINE,
            model=MODEL,
            rubric_version=graded_by.version,
            evaluated_at=self._clock(),
            input_tokens=0,
            output_tokens=0,
            follow_up=next_probe(graded_by, scores, follow_up),
        )


def overall(specificity: float) -> float:
    """From 1.5 to 10.0."""
    for (left, low), (right, high) in pairwise(SCORE_AT):
        if specificity <= right:
            return low + (high - low) * max(specificity - left, 0.0) / (right - left)
    return SCORE_AT[-1][1]


def _closest(graded_by: Rubric, readings: Sequence[Reading]) -> dict[str, Closest]:
    """Per check the sentence that comes closest, if any does. One that was shown for other checks comes last.

    An answer to a probe is about the probe's criterion: each of its sentences is taken for a check, cues or not.
    """
    found: dict[str, Closest] = {}
    shown: Counter[str] = Counter()
    patterns = check_cues(graded_by.category)
    for check in graded_by.checks:
        near = [
            Closest(sentence.quote, sentence.specificity, cues)
            for place, reading in enumerate(readings)
            for sentence in reading.sentences
            if (cues := len({match.lastindex for match in patterns[check.id].finditer(sentence.row)}))
            or (place and not shown[sentence.quote])
        ]
        if near:
            best = max(near, key=lambda each: each.strength - SHOWN_MALUS * shown[each.quote])
            shown[best.quote] += 1
            found[check.id] = replace(best, level=max(each.strength for each in near))
    return found


def _scores(graded_by: Rubric, reading: Reading, found: Found) -> Scores:
    """Of one answer. What was found spreads the criteria about the overall score, which is their weighted mean."""
    center = min(overall(reading.specificity), reading.doubt.most if reading.doubt else HIGHEST)
    levels = {criterion.name: _level(criterion, found) for criterion in graded_by.criteria}
    mean = _mean(graded_by.criteria, levels)
    above, below = max(levels.values()) - mean, mean - min(levels.values())
    spread = min(CRITERION_SPREAD, (HIGHEST - center) / max(above, 1e-9), (center - LOWEST) / max(below, 1e-9))
    return _made(graded_by, found, {name: center + spread * (level - mean) for name, level in levels.items()})


def _followed_up(graded_by: Rubric, first: Scores, readings: Sequence[Reading], found: Found) -> Scores:
    """Of the criterion that a probe asked about: no answer to one takes anything away."""
    [criterion] = graded_by.criteria
    before = next(each.score for each in first.criteria if each.name == criterion.name) / 10
    levels = [_level(criterion, _closest(graded_by, readings[:many])) for many in range(1, len(readings) + 1)]
    gained = FOLLOW_UP_SHARE * (max(levels) - levels[0])
    return _made(graded_by, found, {criterion.name: min(before + gained, HIGHEST)})


def _made(graded_by: Rubric, found: Found, points: Mapping[str, float]) -> Scores:
    def tenths(criteria: Sequence[RubricCriterion]) -> int:
        return int(10 * _mean(criteria, points) + 0.5)

    return Scores(
        overall=tenths(graded_by.criteria),
        **{
            kind.value: tenths([each for each in graded_by.criteria if kind in each.feeds] or graded_by.criteria)
            for kind in Subscore
        },
        criteria=tuple(
            Criterion(
                name=criterion.name,
                score=tenths([criterion]),
                evidence=tuple(dict.fromkeys(found[check.id].quote for check in criterion.checks if check.id in found)),
                comment=feedback.comment(criterion, found),
            )
            for criterion in graded_by.criteria
        ),
        findings={
            check.id: Finding(check.id, found[check.id].verdict if check.id in found else Verdict.ABSENT)
            for check in graded_by.checks
        },
    )


def _level(criterion: RubricCriterion, found: Found) -> float:
    """A general sentence is worth no more than none."""
    levels = [found[check.id].level if check.id in found else 0.0 for check in criterion.checks]
    return fmean(overall(level) if level >= SPECIFIC_FROM else LOWEST for level in levels)


def _mean(criteria: Sequence[RubricCriterion], points: Mapping[str, float]) -> float:
    return fmean([points[each.name] for each in criteria], [each.weight for each in criteria])


def _improvements(reading: Reading, weakest: RubricCriterion, found: Found) -> list[str]:
    """One thing to do next; and what was not graded, since nothing that somebody wrote is passed over in silence."""
    said = [reading.doubt.reason if reading.doubt else feedback.next_thing(weakest, found)]
    if reading.unrelated and not reading.doubt:
        said.append(feedback.unrelated(reading.unrelated))
    if reading.left_out > 0:
        said.append(feedback.left_out(reading.left_out))
    return said
