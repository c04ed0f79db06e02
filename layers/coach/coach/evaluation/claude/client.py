"""Grades with Claude, through the Anthropic API or Amazon Bedrock. Importing this takes seconds: the SDK is large.

Claude says of each check whether it is met and quotes the answer for it. It never gives a score, its quotes are looked
up in the answer, and scoring.py does the rest.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any, NoReturn

import anthropic
import httpx2
from anthropic.types import Message, OutputConfigParam, TextBlockParam
from pydantic import BaseModel, ValidationError

from coach.errors import EvaluationRefused, EvaluationUnavailable, SpendLimitReached, UnusableReply
from coach.evaluation.claude.prices import cost
from coach.evaluation.claude.prompt import content, prompt, prompt_hash, reply_schema
from coach.evaluation.probes import askable, next_probe
from coach.evaluation.rubric import FRAMEWORK_MAX_CHARS, Rubric, rubric
from coach.evaluation.scoring import Finding, Scores, Verdict, quoted, score
from coach.evaluation.text import Source, readable
from coach.model import Evaluation, Evaluator, FollowUp, PaidReply, Probe, Question
from coach.settings import Effort, GraderSettings, InvalidSetting

ITEMS_MAX = 6
ITEM_MAX_CHARS = 600
REPLY_MAX_CHARS = 40_000
"""The most that is kept of one: an item has at most 400 KB."""

SPEND_LIMITS = frozenset({"enforced_spend_limit_reached", "contract_spend_limit_reached"})

NOT_THE_API = "what came with status 200 is no message of the API's"
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
    follow_up: Any = None

    def probe(self) -> Probe | None:
        """The question that Claude would ask next, if it is one. The evaluation does not depend on it."""
        match self.follow_up:
            case {"criterion": str(criterion), "question": str(question)}:
                return askable(criterion, question)
        return None


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

    async def evaluate(self, question: Question, answer_text: str, follow_up: FollowUp | None = None) -> Evaluation:
        started = time.monotonic()
        graded_by = rubric(question.category).for_(follow_up)
        try:
            message = _received(await self._ask(graded_by, question, answer_text, follow_up))
            paid = _paid(message)
            evaluation = self._evaluation(graded_by, answer_text, follow_up, _parsed(message, paid), paid)
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

    async def _ask(self, graded_by: Rubric, question: Question, answer: str, follow_up: FollowUp | None) -> object:
        """One call, one wall clock around it: a reply that drips outlives every timeout per read."""
        system: TextBlockParam = {
            "type": "text",
            "text": prompt(graded_by, follows_up=follow_up is not None),
            "cache_control": {"type": "ephemeral"},
        }
        output: OutputConfigParam = {"format": {"type": "json_schema", "schema": reply_schema(graded_by)}}
        if self._effort:
            output["effort"] = self._effort
        try:
            async with asyncio.timeout(self._deadline_seconds):
                return await self._client.messages.create(
                    model=self._model,
                    max_tokens=self._max_tokens,
                    system=[system],
                    messages=[{"role": "user", "content": content(question, answer, follow_up)}],
                    output_config=output,
                )
        except TimeoutError:
            raise EvaluationUnavailable(f"no complete reply within {self._deadline_seconds:g} s") from None
        except anthropic.APIStatusError as error:
            self._explain(error)
        except anthropic.APIConnectionError as error:
            raise EvaluationUnavailable(f"connection: {type(error.__cause__ or error).__name__}") from error
        except (json.JSONDecodeError, UnicodeDecodeError, anthropic.APIResponseValidationError):
            raise EvaluationUnavailable(NOT_THE_API) from None

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

    def _evaluation(
        self, graded_by: Rubric, answer: str, follow_up: FollowUp | None, reply: Reply, paid: PaidReply
    ) -> Evaluation:
        earlier = [turn.answer for turn in follow_up.earlier] if follow_up else []
        known = {check.id for check in graded_by.checks}
        if not any(finding.check in known for finding in reply.findings):
            raise UnusableReply("the reply has no finding for any check", paid)
        scores = score(
            graded_by,
            [Finding(finding.check, finding.verdict, tuple(finding.quotes)) for finding in reply.findings],
            answer,
            *earlier,
        )
        return Evaluation(
            overall=scores.overall,
            framework=scores.framework,
            structure=scores.structure,
            completeness=scores.completeness,
            strengths=_strengths(reply, scores, [answer, *earlier]),
            improvements=_items(reply.improvements),
            suggested_framework=reply.suggested_framework.strip()[:FRAMEWORK_MAX_CHARS] or None,
            example_point=reply.example_point.strip()[:ITEM_MAX_CHARS] or None,
            criteria=scores.criteria,
            evaluator=Evaluator.CLAUDE,
            model=paid.model,
            rubric_version=graded_by.version,
            evaluated_at=self._clock(),
            input_tokens=paid.input_tokens,
            output_tokens=paid.output_tokens,
            prompt=prompt_hash(graded_by, follows_up=follow_up is not None),
            effort=self._effort,
            cost=paid.cost,
            reply=paid,
            follow_up=next_probe(graded_by, scores, follow_up, reply.probe()),
        )


def on_anthropic(settings: GraderSettings) -> anthropic.AsyncAnthropic:
    """A client of the Anthropic API. The queue retries, not the client. Raises InvalidSetting without a key."""
    if not settings.anthropic_api_key:
        raise InvalidSetting("ANTHROPIC_API_KEY", "is not set, and EVALUATOR is claude")
    return anthropic.AsyncAnthropic(
        api_key=settings.anthropic_api_key,
        base_url=settings.anthropic_base_url or "https://api.anthropic.com",
        max_retries=0,
        timeout=settings.evaluation_deadline_seconds,
        http_client=_connections(),
    )


def on_bedrock(settings: GraderSettings) -> anthropic.AsyncAnthropicBedrockMantle:
    """A client of Claude on Amazon Bedrock. The function's role is the credential."""
    return anthropic.AsyncAnthropicBedrockMantle(
        aws_region=settings.aws_region,
        base_url=settings.anthropic_base_url,
        max_retries=0,
        timeout=settings.evaluation_deadline_seconds,
        http_client=_connections(),
    )


def _connections() -> httpx2.AsyncClient:
    return anthropic.DefaultAsyncHttpxClient(limits=httpx2.Limits(max_connections=100, max_keepalive_connections=0))


def _received(message: object) -> Message:
    """The message, where there is one: the SDK passes on whatever came with status 200, a proxy's page for instance.

    That is the connection's fault and not the model's. Raises EvaluationUnavailable.
    """
    usage: Any = getattr(message, "usage", None)
    counts = (getattr(usage, "input_tokens", None), getattr(usage, "output_tokens", None))
    if (
        not isinstance(message, Message)
        or not isinstance(message.content, list)
        or not isinstance(message.model, str)
        or not all(isinstance(count, int) for count in counts)
    ):
        raise EvaluationUnavailable(NOT_THE_API)
    return message


def _paid(message: Message) -> PaidReply:
    usage = message.usage
    cache_written, cache_read = usage.cache_creation_input_tokens or 0, usage.cache_read_input_tokens or 0
    return PaidReply(
        text=readable("".join(_texts(message)))[:REPLY_MAX_CHARS],
        model=message.model,
        input_tokens=usage.input_tokens + cache_written + cache_read,
        output_tokens=usage.output_tokens,
        cost=cost(
            message.model,
            usage.input_tokens,
            usage.output_tokens,
            cache_written=cache_written,
            cache_read=cache_read,
        ),
    )


def _texts(message: Message) -> list[str]:
    blocks: list[Any] = [block for block in message.content if getattr(block, "type", None) == "text"]
    return [block.text for block in blocks if isinstance(getattr(block, "text", None), str)]


def _parsed(message: Message, paid: PaidReply) -> Reply:
    """Raises EvaluationRefused and UnusableReply."""
    if message.stop_reason == "refusal":
        raise EvaluationRefused(REFUSED, paid)
    if message.stop_reason not in ("end_turn", "stop_sequence"):
        raise UnusableReply(f"the reply is cut off: {message.stop_reason}", paid)
    if not (texts := _texts(message)):
        raise UnusableReply("the reply has no text", paid)
    try:
        return Reply.model_validate_json(readable("".join(texts)))
    except ValidationError as error:
        raise UnusableReply(f"the reply does not fit: {error.error_count()} errors", paid) from None


def _strengths(reply: Reply, scores: Scores, answers: list[str]) -> tuple[str, ...]:
    """Those whose quote is in the answers: praise that rests on nothing is left out."""
    sources = [Source(text) for text in answers]
    if not any(finding.quotes for finding in scores.findings.values()):
        return ()
    return _items([strength.point for strength in reply.strengths if quoted(strength.quote, sources)])


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
