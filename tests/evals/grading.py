"""Has the golden set graded, a few answers at once, and says what that costs."""

import asyncio
from collections.abc import Iterable, Sequence

from coach import questions
from coach.errors import EvaluationRefused, EvaluationUnavailable, SpendLimitReached, UnusableReply
from coach.evaluation import AnswerEvaluator, evaluate
from coach.evaluation.claude.prices import cost, estimated_tokens
from coach.evaluation.offline.reading import read
from coach.model import Question
from tests.evals.golden import GoldenAnswer
from tests.evals.metrics import Graded

AT_ONCE = 4
WAITS_SECONDS = (5.0, 20.0)
RETRY_AFTER_MAX_SECONDS = 120.0


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


def offline_doubt(question: Question, answer: str) -> str | None:
    """Why the offline evaluator gives an answer a low score whatever else it says, or None."""
    [reading] = read(question, [answer])
    return reading.doubt.reason if reading.doubt else None


def estimated_cost(answers: Iterable[GoldenAnswer], model: str) -> int | None:
    """Micro-dollars, from the size of the prompts and answers and an assumed size of the replies; None without a
    price."""
    tokens_in = tokens_out = 0
    for answer in answers:
        more_in, more_out = estimated_tokens(questions.question(answer.question_id), answer.text)
        tokens_in, tokens_out = tokens_in + more_in, tokens_out + more_out
    return cost(model, tokens_in, tokens_out)
