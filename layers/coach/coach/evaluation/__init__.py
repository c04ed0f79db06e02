"""Evaluating an answer: the seam between those who want an evaluation and the evaluators that make one.

    evaluator = configured(GraderSettings.read())              # graders.py: claude/ or offline/
    evaluation = await evaluate(evaluator, question, answer_text)
    evaluation = await evaluate(evaluator, question, answer_text, FollowUp(...))

`evaluate` looks through the gates first; whoever calls an evaluator directly skips them.

rubric, scoring, probes, text, gates, injection, frameworks, word_lists    what all graders share
claude/, offline/                                                          the graders, neither of which knows the other
graders                                                                    which of them grades
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from coach.evaluation.frameworks import suggested_framework
from coach.evaluation.gates import Stopped, gate
from coach.evaluation.rubric import Rubric, rubric
from coach.evaluation.scoring import quoted
from coach.evaluation.text import Source, readable
from coach.model import GATE_MODEL, Criterion, Evaluation, Evaluator, FollowUp, Question


class AnswerEvaluator(Protocol):
    """Who grades: an answer to a question, or one to a probe, which counts together with what was said before.

    Raises EvaluationRefused (this answer never), EvaluationUnavailable (not now), its kinds SpendLimitReached and
    UnusableReply, and NotFound when answers are no longer graded by the probe's criterion.
    """

    @property
    def kind(self) -> Evaluator: ...

    async def evaluate(self, question: Question, answer_text: str, follow_up: FollowUp | None = None) -> Evaluation: ...


async def evaluate(
    evaluator: AnswerEvaluator,
    question: Question,
    answer_text: str,
    follow_up: FollowUp | None = None,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Evaluation:
    """Evaluate an answer; what is no answer at all gets its low score here, and nobody is asked or paid."""
    answer = readable(answer_text)
    stopped = gate(question.question_text, answer, follow_up, question.sample_answer)
    if stopped is None:
        earlier = [turn.answer for turn in follow_up.earlier] if follow_up else []
        return _as_stored(await evaluator.evaluate(question, answer, follow_up), [answer_text, *earlier])
    return _gated(stopped, rubric(question.category).for_(follow_up), question, evaluator.kind, answer, clock())


def _as_stored(evaluation: Evaluation, answers: Sequence[str]) -> Evaluation:
    """With its evidence as the stored texts have it: a line of a form ends with CR LF there."""
    if all(readable(text) == text for text in answers):
        return evaluation
    sources = [Source(text) for text in answers]
    return replace(
        evaluation,
        criteria=tuple(
            replace(criterion, evidence=tuple(quoted(quote, sources) or quote for quote in criterion.evidence))
            for criterion in evaluation.criteria
        ),
    )


def _gated(
    stopped: Stopped, graded_by: Rubric, question: Question, kind: Evaluator, answer: str, now: datetime
) -> Evaluation:
    """Such an answer is asked nothing more: there is nothing to probe."""
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
