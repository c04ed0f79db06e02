"""Has attempts evaluated again that were not graded by the present rubric and model.

An attempt keeps its evaluation until a new one replaces it, so that nothing is lost by stopping anywhere. Only so many
are asked for at a time: the queue is the one that new answers wait in as well.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from coach import questions
from coach.errors import Conflict, NotFound
from coach.evaluation.claude.prices import cost, estimated_tokens
from coach.evaluation.rubric import rubric
from coach.model import GATE_MODEL, Attempt, Category, Evaluation, Evaluator, Status
from coach.storage import Storage

AT_ONCE = 50
"""Half of what the template lets workers evaluate at the same time: new answers always find a free one."""

POLL_SECONDS = 1.0


class Standing(StrEnum):
    """What is to be done about an attempt, if anything."""

    OUTDATED = "to be evaluated again"
    FAILED = "failed, to be tried again"
    LOST = "pending for over an hour, to be asked for again"
    WAITING = "on its way already"
    CURRENT = "up to date"
    PENDING = "pending, left alone"
    CLAUDES = "graded by Claude, left alone"
    RETIRED = "question or criterion no longer there, left alone"


TO_DO = frozenset({Standing.OUTDATED, Standing.FAILED, Standing.LOST, Standing.WAITING})


class StillOld(Exception):
    """The stack goes on grading as it did."""


@dataclass(frozen=True)
class Grader:
    """Who grades now. `replaces_claude`: whether an offline evaluation may take the place of one of Claude's."""

    kind: Evaluator
    model: str
    replaces_claude: bool = False
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def standing(self, attempt: Attempt) -> Standing:
        found, category = attempt.evaluation, category_of(attempt)
        if category is None or not _is_graded(attempt, category):
            return Standing.RETIRED
        if attempt.reevaluating:
            return Standing.WAITING
        if attempt.status is Status.PENDING:
            return Standing.LOST if attempt.is_lost(self.clock()) else Standing.PENDING
        if found is None:
            return Standing.FAILED
        if self.made(found, category):
            return Standing.CURRENT
        downgrade = self.kind is Evaluator.OFFLINE and found.evaluator is Evaluator.CLAUDE
        return Standing.CLAUDES if downgrade and not self.replaces_claude else Standing.OUTDATED

    def made(self, evaluation: Evaluation, category: Category) -> bool:
        """Whether an evaluation is such as would be made now. What a gate stopped, it would stop again."""
        if evaluation.rubric_version != rubric(category).version:
            return False
        if evaluation.model == GATE_MODEL:
            return True
        return evaluation.evaluator is self.kind and _same_model(self.model, evaluation.model)

    def estimate(self, attempt: Attempt) -> int | None:
        """Micro-dollars for grading an attempt: by the tokens that it took before, or by its size."""
        found = attempt.evaluation
        if self.kind is Evaluator.OFFLINE or (found and found.model == GATE_MODEL):
            return 0
        if found and found.input_tokens:
            return cost(self.model, found.input_tokens, found.output_tokens)
        return cost(self.model, *estimated_tokens(questions.question(attempt.question_id), attempt.answer_text))


def _is_graded(attempt: Attempt, category: Category) -> bool:
    """Whether answers are still graded by what a follow-up was asked about."""
    names = {criterion.name for criterion in rubric(category).criteria}
    return attempt.probe is None or attempt.probe.criterion in names


def _same_model(wanted: str, found: str) -> bool:
    """A model's dated name is the model too; Bedrock puts regions and the provider before it."""
    wanted, found = (name[max(name.find("claude"), 0) :] for name in (wanted, found))
    return found == wanted or (found.startswith(wanted) and found[len(wanted)] in "-@:")


def category_of(attempt: Attempt) -> Category | None:
    """None for an attempt whose question has left the bank."""
    try:
        return questions.question(attempt.question_id).category
    except NotFound:
        return None


@dataclass
class Survey:
    """Counts of attempts, and what those that are to be done will cost."""

    rows: Counter[tuple[str, str, str, Standing]] = field(default_factory=Counter)
    cost: int | None = 0

    @classmethod
    def of(cls, attempts: Iterable[Attempt], grader: Grader) -> "Survey":
        made = cls()
        for attempt in attempts:
            made._add(attempt, grader)
        return made

    def count(self, *standings: Standing) -> int:
        return sum(number for (*_, standing), number in self.rows.items() if standing in standings)

    def _add(self, attempt: Attempt, grader: Grader) -> None:
        found, standing = attempt.evaluation, grader.standing(attempt)
        graded_by = f"{found.evaluator} {found.model}" if found else attempt.status
        self.rows[category_of(attempt) or "?", graded_by, found.rubric_version if found else "", standing] += 1
        if standing in (Standing.OUTDATED, Standing.FAILED, Standing.LOST) and self.cost is not None:
            more = grader.estimate(attempt)
            self.cost = None if more is None else self.cost + more


@dataclass
class Progress:
    """What has come of it so far. Changes are in tenths of a point, the cost in micro-dollars."""

    under_way: int = 0
    up: int = 0
    down: int = 0
    same: int = 0
    first: int = 0
    change: int = 0
    cost: int | None = 0
    failures: Counter[str] = field(default_factory=Counter)
    overtaken: int = 0
    spend_limit_until: int = 0

    @property
    def compared(self) -> int:
        return self.up + self.down + self.same

    @property
    def evaluated(self) -> int:
        return self.compared + self.first

    @property
    def failed(self) -> int:
        return self.failures.total()

    def add(self, before: Evaluation | None, after: Evaluation) -> None:
        if self.cost is not None:
            self.cost = None if after.cost is None else self.cost + after.cost
        if before is None:
            self.first += 1
            return
        self.change += after.overall - before.overall
        self.up += after.overall > before.overall
        self.down += after.overall < before.overall
        self.same += after.overall == before.overall


class Reevaluation:
    """Asks for attempts, and watches them until they are settled."""

    def __init__(
        self, storage: Storage, grader: Grader, *, at_once: int = AT_ONCE, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.progress = Progress()
        self._storage = storage
        self._grader = grader
        self._at_once = at_once
        self._sleep = sleep
        self._watched: dict[tuple[str, str, int], Attempt] = {}

    def run(self, attempts: Iterable[Attempt]) -> Iterator[Progress]:
        """Do all that is to be done, and say how far it is, about once a second.

        The first one goes alone. Raises StillOld when it comes back graded as before, so that no more are paid for.
        """
        for attempt in attempts:
            if self._ask(attempt):
                self._watched[attempt.user_id, attempt.session_id, attempt.id] = attempt
                self.progress.under_way = len(self._watched)
            while len(self._watched) >= (self._at_once if self.progress.evaluated else 1):
                yield self._watch()
        while self._watched:
            yield self._watch()

    def _ask(self, attempt: Attempt) -> bool:
        """Whether an attempt is on its way now."""
        standing = self._grader.standing(attempt)
        if standing not in TO_DO:
            return False
        try:
            if standing in (Standing.FAILED, Standing.LOST):
                self._storage.evaluations.request(attempt.user_id, attempt.session_id, attempt.id, None)
                return True
            if (
                self._storage.evaluations.request_reevaluation(attempt) or standing is Standing.WAITING
            ):  # it may have arrived since
                return True
        except (Conflict, NotFound):
            pass
        self.progress.overtaken += 1
        return False

    def _watch(self) -> Progress:
        """Look at all that are under way, once."""
        watched = list(self._watched.items())
        for key, before in watched:
            now = self._now(before)
            if now is None or not (now.reevaluating or now.status is Status.PENDING):
                del self._watched[key]
                self.progress.under_way = len(self._watched)
                self._note(before, now)
        self.progress.spend_limit_until = self._storage.limits.breaker() if self._watched else 0
        if len(self._watched) == len(watched):
            self._sleep(POLL_SECONDS)
        return self.progress

    def _now(self, before: Attempt) -> Attempt | None:
        try:
            return self._storage.attempts.get(before.user_id, before.session_id, before.id)
        except NotFound:
            return None

    def _note(self, before: Attempt, now: Attempt | None) -> None:
        """Count what came of an attempt, which may be gone."""
        if now is None:
            self.progress.overtaken += 1
        elif now.evaluation is None or now.evaluation_round == (before.evaluation_round or before.round):
            self.progress.failures[now.failure or now.reevaluation_failure or "It was not evaluated."] += 1
        else:
            self.progress.add(before.evaluation, now.evaluation)
            category = category_of(now)
            if category and not self._grader.made(now.evaluation, category):
                raise StillOld(
                    f"the stack grades by rubric {now.evaluation.rubric_version} with {now.evaluation.model}, but "
                    f"here it is rubric {rubric(category).version} and {self._grader.model}"
                )
