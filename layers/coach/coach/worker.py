"""How an evaluation that was asked for gets done, whatever is delivered twice, late, in parallel or after a crash.

Each message is one round of one attempt. Whoever takes the attempt's lease evaluates it and writes the result; the
table's conditions make sure that only the first result counts. What cannot be done now is left to the queue, hidden for
a while that grows with every try.
"""

import asyncio
import math
import random
import time
from collections.abc import Callable
from itertools import pairwise

from coach import questions
from coach.errors import EvaluationRefused, EvaluationUnavailable, NotFound, SpendLimitReached, UnusableReply
from coach.evaluation import AnswerEvaluator, evaluate
from coach.model import Attempt, EvaluationRequest, FollowUp, PaidReply, Turn
from coach.storage import Storage
from coach.storage.evaluations import Held, Lease

MAX_TRIES = 8
UNUSABLE_LIMIT = 2
FIRST_DELAY_SECONDS = 5.0
DELAY_GROWTH = 3.0
MAX_DELAY_SECONDS = 900
BREAKER_SECONDS = 600
"""With the probe and the evaluation itself, what waits is done within a quarter of an hour after the limit is lifted,
whatever the API thinks how long it lasts."""

UNREADABLE = "Claude's reply could not be used, twice. Your answer is saved: ask for the evaluation again."


class NotNow(Exception):
    """The message must be delivered again after `seconds`."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        # Rounded up: who comes back a moment early finds nothing changed, and has used up a delivery. Not longer than
        # the ceiling, whatever a server asks for.
        self.seconds = math.ceil(min(max(seconds, 0), MAX_DELAY_SECONDS))


class SpendLimit(NotNow):
    """No message can be worked: the spend limit is reached. Waiting for that must use up no delivery."""

    def __init__(self, seconds: float) -> None:
        super().__init__("the spend limit is reached", seconds)


class Worker:
    """Evaluates attempts. `lease_seconds` must outlast the evaluator's own deadline."""

    def __init__(
        self,
        storage: Storage,
        evaluator: AnswerEvaluator,
        *,
        lease_seconds: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._attempts = storage.attempts
        self._evaluations = storage.evaluations
        self._limits = storage.limits
        self._evaluator = evaluator
        self._lease_seconds = lease_seconds
        self._now = now

    async def work(self, request: EvaluationRequest) -> str:
        """Do one request and return what came of it: `evaluated`, `failed` or `nothing to do`.

        Raises NotNow when the request has to come again.
        """
        closed_until = await asyncio.to_thread(self._limits.breaker)
        if closed_until > self._now():
            raise SpendLimit(closed_until - self._now())
        lease = await asyncio.to_thread(self._evaluations.take_lease, request, seconds=self._lease_seconds)
        if lease is None:
            return "nothing to do"
        if isinstance(lease, Held):
            raise NotNow("another worker has the attempt", lease.until - self._now() + 1)
        if lease.tries > MAX_TRIES:
            # No more calls. The queue moves the message to the dead-letter queue, where it is given up and seen.
            await asyncio.to_thread(self._evaluations.release_lease, lease)
            raise NotNow("the tries are used up", 0)
        if closed_until and not await self._probes(closed_until):
            await asyncio.to_thread(self._evaluations.release_lease, lease, tried=False)
            raise SpendLimit(self._lease_seconds)
        return await self._evaluate(lease, probing=closed_until > 0)

    async def _probes(self, closed_until: int) -> bool:
        """Whether this call may find out if the limit is lifted: one does, and the others wait for what it finds."""
        return await asyncio.to_thread(self._limits.take_probe, closed_until, seconds=self._lease_seconds)

    async def _evaluate(self, lease: Lease, *, probing: bool) -> str:
        attempt = lease.attempt
        try:
            question = questions.question(attempt.question_id)
            follow_up = await self._follow_up(attempt)
            evaluation = await evaluate(self._evaluator, question, attempt.answer_text, follow_up)
        except NotFound as gone:
            await asyncio.to_thread(self._evaluations.fail, attempt, str(gone))
            return "failed"
        except EvaluationRefused as refused:
            await self._note(lease, refused.reply, "refused", probing=probing)
            await asyncio.to_thread(self._evaluations.fail, attempt, str(refused))
            return "failed"
        except UnusableReply as unusable:
            await self._note(lease, unusable.reply, "unusable", probing=probing)
            if lease.unusable + 1 >= UNUSABLE_LIMIT:
                await asyncio.to_thread(self._evaluations.fail, attempt, UNREADABLE)
                return "failed"
            await asyncio.to_thread(self._evaluations.release_lease, lease, unusable=True)
            raise NotNow(str(unusable), _delay(lease.tries)) from unusable
        except SpendLimitReached as reached:
            await asyncio.to_thread(self._limits.trip_breaker, int(self._now() + BREAKER_SECONDS))
            await asyncio.to_thread(self._evaluations.release_lease, lease, tried=False)
            raise SpendLimit(BREAKER_SECONDS) from reached
        except EvaluationUnavailable as unavailable:
            await asyncio.to_thread(self._evaluations.release_lease, lease)
            raise NotNow(str(unavailable), max(_delay(lease.tries), unavailable.retry_after or 0)) from unavailable
        await self._note(lease, evaluation.reply, "evaluated", probing=probing)
        recorded = await asyncio.to_thread(self._evaluations.record, attempt, evaluation)
        return "evaluated" if recorded else "nothing to do"

    async def _follow_up(self, attempt: Attempt) -> FollowUp | None:
        """What an attempt follows up, if it does. Raises NotFound."""
        if attempt.follow_up_to is None:
            return None
        earlier = await asyncio.to_thread(self._attempts.earlier, attempt)
        # What was imported before the attempt that asked knows only whom it answers.
        asked = [None, *(each.probe or before.follow_up for before, each in pairwise((*earlier, attempt)))]
        probe = asked.pop()
        if probe is None:
            raise NotFound("The question that this answer follows up is not known.")
        turns = tuple(Turn(asked=each, answer=before.answer_text) for each, before in zip(asked, earlier, strict=True))
        return FollowUp(probe=probe, earlier=turns)

    async def _note(self, lease: Lease, reply: PaidReply | None, outcome: str, *, probing: bool) -> None:
        """Put a reply on record before anything is made of it. Whoever probes has found out by one."""
        if reply:
            await asyncio.to_thread(self._evaluations.record_reply, lease, reply, outcome)
            if probing:
                await asyncio.to_thread(self._limits.reset_breaker)


def _delay(tries: int) -> float:
    """Seconds until the next try: three times as long after each, with jitter, so that retries do not march in step."""
    longest = min(FIRST_DELAY_SECONDS * DELAY_GROWTH ** (tries - 1), MAX_DELAY_SECONDS)
    return random.uniform(longest / 2, longest)
