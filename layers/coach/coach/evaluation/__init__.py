"""Evaluating an answer: the seam between those who want an evaluation and the evaluators that make one.

    evaluator = configured(os.environ)
    evaluation = await evaluate(evaluator, question, answer_text)

`evaluate` looks through the gates first; whoever calls an evaluator directly skips them.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal, Protocol, cast, get_args

from coach.errors import EvaluationUnavailable, MissingSetting
from coach.evaluation.gates import Stopped, gate
from coach.evaluation.offline import MODEL as OFFLINE_MODEL
from coach.evaluation.offline import OfflineEvaluator, suggested_framework
from coach.evaluation.rubric import rubric
from coach.evaluation.text import Source, readable
from coach.model import Criterion, Evaluation, Evaluator, Question

GATE_MODEL = "gate"

DEFAULT_MODEL = "claude-haiku-5-5"
DEFAULT_BEDROCK_MODEL = "anthropic.claude-haiku-5-5"
DEFAULT_MAX_TOKENS = 16_000
DEFAULT_DEADLINE_SECONDS = 75.0

Effort = Literal["low", "medium", "high", "xhigh", "max"]


class AnswerEvaluator(Protocol):
    """Who grades.

    Raises EvaluationRefused (this answer never), EvaluationUnavailable (not now), and its kinds SpendLimitReached and
    UnusableReply.
    """

    @property
    def kind(self) -> Evaluator: ...

    async def evaluate(self, question: Question, answer_text: str) -> Evaluation: ...


class UnusableReply(EvaluationUnavailable):
    """The model replied and the reply is no evaluation. Asking once more may help; a second time is a failure."""


class InvalidSetting(Exception):
    """A variable of the environment that has no usable value; the text names it and never shows a key."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name} {problem}")


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


def configured(environment: Mapping[str, str]) -> AnswerEvaluator:
    """The evaluator that the environment asks for: `EVALUATOR` claude, bedrock or offline.

    When it says nothing: claude with an ANTHROPIC_API_KEY, offline without. Raises InvalidSetting or MissingSetting.
    """
    wanted = _wanted(environment)
    if wanted == "offline":
        return OfflineEvaluator()

    api_key = environment.get("ANTHROPIC_API_KEY", "").strip()
    base_url = environment.get("ANTHROPIC_BASE_URL", "").strip() or None
    if base_url and not base_url.startswith(("http://", "https://")):
        raise InvalidSetting("ANTHROPIC_BASE_URL", "must begin with http:// or https://")
    _, model = grader(environment)
    max_tokens = int(_number(environment, "ANTHROPIC_MAX_TOKENS", DEFAULT_MAX_TOKENS))
    deadline_seconds = _number(environment, "EVALUATION_DEADLINE_SECONDS", DEFAULT_DEADLINE_SECONDS)
    effort = _effort(environment)
    if wanted == "claude" and not api_key:
        raise MissingSetting("ANTHROPIC_API_KEY")
    if not api_key.isascii() or any(map(str.isspace, api_key)):
        raise InvalidSetting("ANTHROPIC_API_KEY", "has characters that no key has")

    # Not at the top: importing the SDK takes seconds, which only the function that evaluates should spend.
    from coach.evaluation.claude import ClaudeEvaluator

    if wanted == "bedrock":
        return ClaudeEvaluator.on_bedrock(
            model=model,
            max_tokens=max_tokens,
            deadline_seconds=deadline_seconds,
            effort=effort,
            region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or None,
        )
    return ClaudeEvaluator.on_anthropic(
        api_key=api_key,
        base_url=base_url,
        model=model,
        max_tokens=max_tokens,
        deadline_seconds=deadline_seconds,
        effort=effort,
    )


def grader(environment: Mapping[str, str]) -> tuple[Evaluator, str]:
    """Who grades with these settings, and the model's name. Raises InvalidSetting."""
    wanted = _wanted(environment)
    if wanted == "offline":
        return Evaluator.OFFLINE, OFFLINE_MODEL
    default = DEFAULT_BEDROCK_MODEL if wanted == "bedrock" else DEFAULT_MODEL
    return Evaluator.CLAUDE, environment.get("ANTHROPIC_MODEL", "").strip() or default


def _wanted(environment: Mapping[str, str]) -> str:
    """claude, bedrock or offline."""
    has_key = bool(environment.get("ANTHROPIC_API_KEY", "").strip())
    wanted = environment.get("EVALUATOR", "").strip().lower() or ("claude" if has_key else "offline")
    if wanted not in ("claude", "bedrock", "offline"):
        raise InvalidSetting("EVALUATOR", "must be claude, bedrock or offline")
    return wanted


def _effort(environment: Mapping[str, str]) -> Effort | None:
    """None leaves it to the API."""
    effort = environment.get("ANTHROPIC_EFFORT", "").strip().lower()
    if effort and effort not in get_args(Effort):
        raise InvalidSetting("ANTHROPIC_EFFORT", f"must be one of {', '.join(get_args(Effort))}")
    return cast("Effort", effort) if effort else None


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= 1_000_000):
        raise InvalidSetting(name, "must be a whole number above 0")
    return float(text)


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
        raw_reply=None,
    )
