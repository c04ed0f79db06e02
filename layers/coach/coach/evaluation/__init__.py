"""Evaluating an answer: the seam between those who want an evaluation and the evaluators that make one.

    evaluator = configured(GraderSettings.read())              # graders.py: claude/ or offline/
    evaluation = await evaluate(evaluator, question, answer_text)

`evaluate` looks through the gates first; whoever calls an evaluator directly skips them.

rubric, scoring, text, gates, injection, frameworks, word_lists    what all graders share
claude/, offline/                                                  the graders, of which neither knows the other
graders                                                            which of them grades
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from coach.evaluation.frameworks import suggested_framework
from coach.evaluation.gates import Stopped, gate
from coach.evaluation.rubric import rubric
from coach.evaluation.text import Source, readable
from coach.model import GATE_MODEL, Criterion, Evaluation, Evaluator, Question


class AnswerEvaluator(Protocol):
    """Who grades.

    Raises EvaluationRefused (this answer never), EvaluationUnavailable (not now), and its kinds SpendLimitReached and
    UnusableReply.
    """

    @property
    def kind(self) -> Evaluator: ...

    async def evaluate(self, question: Question, answer_text: str) -> Evaluation: ...


async def evaluate(
    evaluator: AnswerEvaluator,
    question: Question,
    answer_text: str,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Evaluation:
    """Evaluate an answer; what is no answer at all gets its low score here, and nobody is asked or paid."""
    answer = readable(answer_text)
    stopped = gate(question.question_text, answer)
    if stopped is None:
        return _as_stored(await evaluator.evaluate(question, answer), answer_text)
    return _gated(stopped, question, evaluator.kind, answer, clock())


def _as_stored(evaluation: Evaluation, answer_text: str) -> Evaluation:
    """With its evidence as the stored text has it: a line of a form ends with CR LF there."""
    if readable(answer_text) == answer_text:
        return evaluation
    source = Source(answer_text)
    return replace(
        evaluation,
        criteria=tuple(
            replace(criterion, evidence=tuple(source.quote(quote) or quote for quote in criterion.evidence))
            for criterion in evaluation.criteria
        ),
    )


def _gated(stopped: Stopped, question: Question, kind: Evaluator, answer: str, now: datetime) -> Evaluation:
    graded_by = rubric(question.category)
    return Evaluation(
        overall=stopped.tenths,
        framework=stopped.tenths,
        structure=stopped.tenths,
        completeness=stopped.tenths,
        strengths=(),
        improvements=(stopped.reason, stopped.advice),
        suggested_framework=suggested_framework(graded_by, question, answer),
        example_point=graded_by.criteria[0].example,
        criteria=tuple(
            Criterion(name=criterion.name, score=10, evidence=(), comment=stopped.reason)
            for criterion in graded_by.criteria
        ),
        evaluator=kind,
        model=GATE_MODEL,
        rubric_version=graded_by.version,
        evaluated_at=now,
        input_tokens=0,
        output_tokens=0,
    )
