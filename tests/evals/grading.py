"""Has the golden set graded, a few answers at once, and says what that costs."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal

from coach import questions
from coach.errors import EvaluationRefused, EvaluationUnavailable, SpendLimitReached
from coach.evaluation import AnswerEvaluator, UnusableReply, evaluate
from coach.evaluation.rubric import rubric
from tests.evals.golden import GoldenAnswer
from tests.evals.metrics import Graded

AT_ONCE = 4
WAITS_SECONDS = (5.0, 20.0)
RETRY_AFTER_MAX_SECONDS = 120.0

PRICES = {
    "claude-haiku-5-5": (Decimal("0.10"), Decimal("0.50")),
    "claude-sonnet-5-5": (Decimal(2), Decimal(10)),
    "claude-opus-5-5": (Decimal(4), Decimal(20)),
}
"""US dollars per million tokens in and out: the list price, without discount or surcharge for cached tokens."""

CHARS_PER_TOKEN = 3
"""English has about four; three errs on the dear side."""

TOKENS_PER_CHECK, OTHER_OUTPUT_TOKENS = 70, 3_000
"""Assumed size of a reply: a verdict with its quotes, and the thinking and feedback around all of them."""


async def grade(
    evaluator: AnswerEvaluator, answers: Sequence[GoldenAnswer], waits: Sequence[float] = WAITS_SECONDS
) -> list[Graded]:
    """Every answer with its score or why it has none. Once the model cannot be had, no more answers are sent."""
    seats = asyncio.Semaphore(AT_ONCE)
    unavailable = ""

    async def one(answer: GoldenAnswer) -> Graded:
        nonlocal unavailable
        failure = ""
        async with seats:
            for wait in (*waits, None):
                if unavailable:
                    return Graded(answer, None, failure=failure or f"not asked: {unavailable}")
                try:
                    evaluation = await evaluate(evaluator, questions.question(answer.question_id), answer.text)
                    return Graded(answer, evaluation.overall, evaluation)
                except EvaluationRefused as error:
                    return Graded(answer, None, failure=str(error))
                except EvaluationUnavailable as error:
                    failure = str(error)
                    if wait is not None and not isinstance(error, SpendLimitReached):
                        await asyncio.sleep(min(error.retry_after or wait, RETRY_AFTER_MAX_SECONDS))
                    elif not isinstance(error, UnusableReply):
                        unavailable = failure
        return Graded(answer, None, failure=failure)

    return await asyncio.gather(*map(one, answers))


def estimated_cost(answers: Iterable[GoldenAnswer], model: str) -> Decimal | None:
    """Dollars, from the size of the prompts and answers and an assumed size of the replies; None without a price."""
    from coach.evaluation.claude import prompt, reply_schema  # imports the SDK, which takes seconds

    chars_in = tokens_out = 0
    for answer in answers:
        asked = questions.question(answer.question_id)
        texts = (prompt(asked.category), json.dumps(reply_schema(asked.category)), asked.question_text, answer.text)
        chars_in += sum(map(len, texts)) + len(asked.sample_answer or "")
        tokens_out += TOKENS_PER_CHECK * len(rubric(asked.category).checks) + OTHER_OUTPUT_TOKENS
    return cost(model, chars_in // CHARS_PER_TOKEN, tokens_out)


def cost(model: str, input_tokens: int, output_tokens: int) -> Decimal | None:
    """Dollars; None for tokens of a model without a price. Dated names of a model cost what the model does."""
    if not input_tokens and not output_tokens:
        return Decimal(0)
    for name, (price_in, price_out) in PRICES.items():
        if model.startswith(name):
            return (input_tokens * price_in + output_tokens * price_out) / 1_000_000
    return None
