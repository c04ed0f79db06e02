"""What asking a model costs, in micro-dollars: whole millionths of a dollar, always rounded up."""

import json
from fractions import Fraction
from math import ceil

from coach.evaluation.claude.prompt import prompt, reply_schema
from coach.evaluation.rubric import rubric
from coach.model import Question

PRICES = {
    "claude-haiku-5-5": (Fraction("0.10"), Fraction("0.50")),
    "claude-sonnet-5-5": (Fraction(2), Fraction(10)),
    "claude-opus-5-5": (Fraction(4), Fraction(20)),
}
"""Micro-dollars per token in and out, which is dollars per million: Anthropic's list, without anybody's discount."""

CACHE_WRITE, CACHE_READ = Fraction("1.25"), Fraction("0.1")
"""What an input token costs that is put into the prompt cache, or found in it, as a share of its price."""

CHARS_PER_TOKEN = 3
"""English has about four; three errs on the dear side."""

TOKENS_PER_CHECK, OTHER_OUTPUT_TOKENS = 70, 3_000
"""Assumed size of a reply: a verdict with its quotes, and the thinking and feedback around all of them."""


def cost(
    model: str, input_tokens: int, output_tokens: int, *, cache_written: int = 0, cache_read: int = 0
) -> int | None:
    """None for tokens of a model without a known price. `input_tokens` are those that the cache has no part in."""
    if not (input_tokens or output_tokens or cache_written or cache_read):
        return 0
    for name, (price_in, price_out) in PRICES.items():
        if model == name or model.startswith(f"{name}-"):  # dated names of a model cost what the model does
            paid_in = input_tokens + cache_written * CACHE_WRITE + cache_read * CACHE_READ
            return ceil(paid_in * price_in + output_tokens * price_out)
    return None


def estimated_tokens(question: Question, answer_text: str) -> tuple[int, int]:
    """Tokens in and out that grading an answer will take: from the size of the prompt, assumed for the reply."""
    graded_by = rubric(question.category)
    texts = (prompt(graded_by), json.dumps(reply_schema(graded_by)), question.question_text)
    chars = sum(map(len, texts)) + len(question.sample_answer or "") + len(answer_text)
    return chars // CHARS_PER_TOKEN, TOKENS_PER_CHECK * len(graded_by.checks) + OTHER_OUTPUT_TOKENS


def dollars(micro_dollars: int | None) -> str:
    """As people read it, in whole cents, rounded up."""
    return "an unknown amount" if micro_dollars is None else f"${ceil(Fraction(micro_dollars, 10_000)) / 100:,.2f}"
