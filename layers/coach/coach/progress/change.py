"""How the answers to one question compare: each with the evaluated one before it."""

from collections.abc import Container, Iterable
from dataclasses import dataclass

from coach.model import Attempt, Evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Differences in tenths. `criteria` has those that both evaluations have, in the later one's order."""

    overall: int
    framework: int
    structure: int
    completeness: int
    criteria: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`comparable` is None where there is nothing to compare, False where the yardstick has moved in between."""

    change: Change | None
    comparable: bool | None


NOTHING = Comparison(None, None)


def comparisons(attempts: Iterable[Attempt], open_exams: Container[str]) -> list[Comparison]:
    """One for each of the attempts at a question, which come oldest first.

    `open_exams` are the ids of sessions that are exams and go on: nothing is told of what was graded there, and nothing
    is compared with it.
    """
    found = []
    before: Evaluation | None = None
    for attempt in attempts:
        evaluation = attempt.evaluation
        if evaluation is None or attempt.follow_up_to is not None or attempt.session_id in open_exams:
            found.append(NOTHING)
            continue
        found.append(_compared(before, evaluation) if before else NOTHING)
        before = evaluation
    return found


def _compared(before: Evaluation, after: Evaluation) -> Comparison:
    if _yardstick(before) != _yardstick(after):
        return Comparison(None, False)
    scores = {each.name: each.score for each in before.criteria}
    change = Change(
        overall=after.overall - before.overall,
        framework=after.framework - before.framework,
        structure=after.structure - before.structure,
        completeness=after.completeness - before.completeness,
        criteria=tuple((each.name, each.score - scores[each.name]) for each in after.criteria if each.name in scores),
    )
    return Comparison(change, True)


def _yardstick(evaluation: Evaluation) -> tuple[str, str, str]:
    return evaluation.evaluator, evaluation.model, evaluation.rubric_version
