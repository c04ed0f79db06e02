"""Grades with Claude, through the Anthropic API or Amazon Bedrock. Importing this takes seconds: the SDK is large.

Claude says of each check whether it is met and quotes the answer for it. It never gives a score, its quotes are looked
up in the answer, and scoring.py does the rest.
"""

import asyncio
import json
import logging
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

import anthropic
import httpx2
from anthropic.types import Message, OutputConfigParam, TextBlockParam
from pydantic import BaseModel, ValidationError

from coach.errors import EvaluationRefused, EvaluationUnavailable, SpendLimitReached
from coach.evaluation import Effort, UnusableReply
from coach.evaluation.prices import cost
from coach.evaluation.rubric import FRAMEWORK_MAX_CHARS, RubricCriterion, rubric
from coach.evaluation.scoring import Finding, Scores, Verdict, score
from coach.evaluation.text import Source, readable
from coach.model import Category, Evaluation, Evaluator, Question

ITEMS_MAX = 6
ITEM_MAX_CHARS = 600
RAW_REPLY_MAX_CHARS = 40_000
"""With the answer and its quotes, an attempt stays under DynamoDB's 400 KB."""

SPEND_LIMITS = frozenset({"enforced_spend_limit_reached", "contract_spend_limit_reached"})

REFUSED = "Claude declined to evaluate this answer."
NOT_ACCEPTED = "This answer could not be sent to Claude for evaluation."

_log = logging.getLogger(__name__)
logging.getLogger("anthropic").setLevel(logging.INFO)  # its DEBUG lines hold the whole request


class ReportedFinding(BaseModel):
    check: str
    quotes: list[str]
    verdict: Verdict


class ReportedStrength(BaseModel):
    point: str
    quote: str


class Reply(BaseModel):
    """What Claude is asked to reply with. Whatever else it says, a score for instance, is not looked at."""

    findings: list[ReportedFinding]
    strengths: list[ReportedStrength]
    improvements: list[str]
    suggested_framework: str
    example_point: str


class ClaudeEvaluator:
    """Safe to share between event loops: no connection outlives its request (a frozen Lambda would break it anyway)."""

    kind = Evaluator.CLAUDE

    def __init__(
        self,
        client: anthropic.AsyncAnthropic | anthropic.AsyncAnthropicBedrockMantle,
        *,
        model: str,
        max_tokens: int,
        deadline_seconds: float,
        effort: Effort | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._model = model
        self._max_tokens = max_tokens
        self._deadline_seconds = deadline_seconds
        self._effort = effort
        self._clock = clock

    @classmethod
    def on_anthropic(
        cls,
        *,
        api_key: str,
        base_url: str | None = None,
        model: str,
        max_tokens: int,
        deadline_seconds: float,
        effort: Effort | None = None,
    ) -> "ClaudeEvaluator":
        client = anthropic.AsyncAnthropic(
            api_key=api_key,
            base_url=base_url or "https://api.anthropic.com",
            max_retries=0,
            timeout=deadline_seconds,
            http_client=_connections(),
        )
        return cls(client, model=model, max_tokens=max_tokens, deadline_seconds=deadline_seconds, effort=effort)

    @classmethod
    def on_bedrock(
        cls,
        *,
        region: str | None,
        base_url: str | None = None,
        model: str,
        max_tokens: int,
        deadline_seconds: float,
        effort: Effort | None = None,
    ) -> "ClaudeEvaluator":
        """The function's role is the credential; `region` None is the environment's."""
        client = anthropic.AsyncAnthropicBedrockMantle(
            aws_region=region,
            base_url=base_url,
            max_retries=0,
            timeout=deadline_seconds,
            http_client=_connections(),
        )
        return cls(client, model=model, max_tokens=max_tokens, deadline_seconds=deadline_seconds, effort=effort)

    async def evaluate(self, question: Question, answer_text: str) -> Evaluation:
        started = time.monotonic()
        try:
            message, reply, raw = _read(await self._ask(question, answer_text))
            evaluation = self._evaluation(question, answer_text, message, reply, raw)
        except (EvaluationRefused, EvaluationUnavailable) as outcome:
            _log.warning(
                "claude gave no evaluation",
                extra={"outcome": type(outcome).__name__, "reason": str(outcome), "question_id": question.id},
            )
            raise
        _log.info(
            "claude evaluated",
            extra={
                "question_id": question.id,
                "model": evaluation.model,
                "prompt": evaluation.prompt,
                "effort": evaluation.effort,
                "input_tokens": evaluation.input_tokens,
                "cached_tokens": message.usage.cache_read_input_tokens or 0,
                "output_tokens": evaluation.output_tokens,
                "cost": evaluation.cost,
                "seconds": round(time.monotonic() - started, 1),
            },
        )
        return evaluation

    async def _ask(self, question: Question, answer: str) -> object:
        """One call, one wall clock around it: a reply that drips outlives every timeout per read."""
        system: TextBlockParam = {
            "type": "text",
            "text": prompt(question.category),
            "cache_control": {"type": "ephemeral"},
        }
        output: OutputConfigParam = {"format": {"type": "json_schema", "schema": reply_schema(question.category)}}
        if self._effort:
            output["effort"] = self._effort
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await self._client.messages.create(
                    model=self._model,
                    max_tokens=self._max_tokens,
                    system=[system],
                    messages=[{"role": "user", "content": _content(question, answer)}],
                    output_config=output,
                )
        except TimeoutError:
            raise EvaluationUnavailable(f"no complete reply within {self._deadline_seconds:g} s") from None
        except anthropic.APIStatusError as error:
            self._explain(error)
        except anthropic.APIConnectionError as error:
            raise EvaluationUnavailable(f"connection: {type(error.__cause__ or error).__name__}") from error
        except (json.JSONDecodeError, UnicodeDecodeError, anthropic.APIResponseValidationError):
            raise UnusableReply("the reply's body is not the JSON of a message") from None

    def _explain(self, error: anthropic.APIStatusError) -> NoReturn:
        """An error status as what it means for the attempt."""
        reason = f"status {error.status_code} {error.error_code or error.type or ''} ({error.request_id})"
        retry_after = _retry_after(error.response.headers.get("retry-after"), self._clock())
        match error.status_code:
            case 402:
                raise SpendLimitReached(reason, retry_after) from error
            case 429 if error.error_code in SPEND_LIMITS:
                raise SpendLimitReached(reason, retry_after) from error
            case 400 if "credit balance" in (error.api_message or ""):  # the only sign of an account without credit
                raise SpendLimitReached(reason, retry_after) from error
            case 400 if error.type == "invalid_request_error" and error.error_code is None:
                raise EvaluationRefused(NOT_ACCEPTED) from error
            case 413 | 422:
                raise EvaluationRefused(NOT_ACCEPTED) from error
            case 400 | 401 | 403 | 404:
                _log.error("claude cannot be used with these settings", extra={"reason": reason, "model": self._model})
        raise EvaluationUnavailable(reason, retry_after) from error

    def _evaluation(self, question: Question, answer: str, message: Message, reply: Reply, raw: str) -> Evaluation:
        graded_by = rubric(question.category)
        known = {check.id for check in graded_by.checks}
        if not any(finding.check in known for finding in reply.findings):
            raise UnusableReply("the reply has no finding for any check")
        scores = score(
            graded_by,
            [Finding(finding.check, finding.verdict, tuple(finding.quotes)) for finding in reply.findings],
            answer,
        )
        usage = message.usage
        cache_written, cache_read = usage.cache_creation_input_tokens or 0, usage.cache_read_input_tokens or 0
        return Evaluation(
            overall=scores.overall,
            framework=scores.framework,
            structure=scores.structure,
            completeness=scores.completeness,
            strengths=_strengths(reply, scores, answer),
            improvements=_items(reply.improvements),
            suggested_framework=reply.suggested_framework.strip()[:FRAMEWORK_MAX_CHARS] or None,
            example_point=reply.example_point.strip()[:ITEM_MAX_CHARS] or None,
            criteria=scores.criteria,
            evaluator=Evaluator.CLAUDE,
            model=message.model,
            rubric_version=graded_by.version,
            evaluated_at=self._clock(),
            input_tokens=usage.input_tokens + cache_written + cache_read,
            output_tokens=usage.output_tokens,
            raw_reply=raw[:RAW_REPLY_MAX_CHARS],
            prompt=prompt_hash(question.category),
            effort=self._effort,
            cost=cost(
                message.model,
                usage.input_tokens,
                usage.output_tokens,
                cache_written=cache_written,
                cache_read=cache_read,
            ),
        )


@cache
def prompt(category: Category) -> str:
    """The system prompt: the same for every answer of a category, so that it can be cached."""
    graded_by = rubric(category)
    template = Path(__file__).with_name("prompt.md").read_text(encoding="utf-8")
    return template.format(
        category=category.replace("_", " "),
        frameworks=", ".join(framework.name for framework in graded_by.frameworks),
        version=graded_by.version,
        criteria="\n\n".join(map(_described, graded_by.criteria)),
    )


def prompt_hash(category: Category) -> str:
    return sha256(prompt(category).encode()).hexdigest()[:12]


@cache
def reply_schema(category: Category) -> dict[str, object]:
    """In the subset of JSON Schema that structured outputs know: everything required, no lengths, no limits."""
    return _object(
        findings=_array(
            _object(
                check={"type": "string", "enum": [check.id for check in rubric(category).checks]},
                quotes=_array({"type": "string"}),
                verdict={"type": "string", "enum": [verdict.value for verdict in Verdict]},
            )
        ),
        strengths=_array(_object(point={"type": "string"}, quote={"type": "string"})),
        improvements=_array({"type": "string"}),
        suggested_framework={"type": "string"},
        example_point={"type": "string"},
    )


def _object(**properties: dict[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _array(items: dict[str, object]) -> dict[str, object]:
    return {"type": "array", "items": items}


def _described(criterion: RubricCriterion) -> str:
    checks = "\n".join(f"- `{check.id}`: the answer {check.text}" for check in criterion.checks)
    return (
        f"## {criterion.name}\n\n{checks}\n\n"
        f"Weak: {criterion.weak}\nSolid: {criterion.solid}\nOutstanding: {criterion.outstanding}\n"
        f"Common mistakes: {'; '.join(criterion.mistakes)}."
    )


def _content(question: Question, answer: str) -> list[TextBlockParam]:
    """The question, then the answer as data in a block of its own, between tags that it cannot foresee."""
    tag = f"answer-{secrets.token_hex(8)}"
    asked = [f"Question ({question.difficulty}): {question.question_text}"]
    if question.sample_answer:
        asked.append(f"Reference answer:\n{question.sample_answer}")
    asked.append(f"The candidate's answer is the whole of the next block, between <{tag}> and </{tag}>.")
    return [
        {"type": "text", "text": readable("\n\n".join(asked))},
        {"type": "text", "text": f"<{tag}>\n{readable(answer)}\n</{tag}>"},
    ]


def _connections() -> httpx2.AsyncClient:
    return anthropic.DefaultAsyncHttpxClient(limits=httpx2.Limits(max_connections=100, max_keepalive_connections=0))


def _read(message: object) -> tuple[Message, Reply, str]:
    """The message, the reply in it and the reply's text; the SDK passes on whatever came with status 200."""
    if not isinstance(message, Message) or not isinstance(message.content, list) or not _counted(message):
        raise UnusableReply("the reply is no message")
    if message.stop_reason == "refusal":
        raise EvaluationRefused(REFUSED)
    if message.stop_reason not in ("end_turn", "stop_sequence"):
        raise UnusableReply(f"the reply is cut off: {message.stop_reason}")
    texts: list[Any] = [
        getattr(block, "text", None) for block in message.content if getattr(block, "type", None) == "text"
    ]
    if not texts or not all(isinstance(text, str) for text in texts):
        raise UnusableReply("the reply has no text")
    raw = readable("".join(texts))
    try:
        return message, Reply.model_validate_json(raw), raw
    except ValidationError as error:
        raise UnusableReply(f"the reply does not fit: {error.error_count()} errors") from None


def _counted(message: Message) -> bool:
    usage: Any = message.usage
    counts = (getattr(usage, "input_tokens", None), getattr(usage, "output_tokens", None))
    return isinstance(message.model, str) and all(isinstance(count, int) for count in counts)


def _strengths(reply: Reply, scores: Scores, answer: str) -> tuple[str, ...]:
    """Those whose quote is in the answer: praise that rests on nothing is left out."""
    source = Source(answer)
    if not any(finding.quotes for finding in scores.findings.values()):
        return ()
    return _items([strength.point for strength in reply.strengths if source.quote(strength.quote)])


def _items(texts: list[str]) -> tuple[str, ...]:
    return tuple(text.strip()[:ITEM_MAX_CHARS] for text in texts if text.strip())[:ITEMS_MAX]


def _retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds from a retry-after header, which holds seconds or a date; None without one that can be read."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            date = parsedate_to_datetime(header)
        except ValueError:
            return None
        seconds = (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds()
    return max(seconds, 0.0) if isfinite(seconds) else None
