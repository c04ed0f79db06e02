"""Which question to practise next, and why. The same for the same history on the same day.

1. Questions that rest (answered today, or waiting for an evaluation) come only when nothing else is left.
2. Who has not practised each category yet gets the first that is missing.
3. Then three take turns, one turn for each answer so far; who has nothing to offer passes the turn on:
   - what is due, by the interval that each evaluated answer moves;
   - the weakest category, for the sake of its weakest criterion: what is due there, else what is least practised;
   - what is new, in the category with the fewest questions answered.
4. If none of them has anything, the question that was answered longest ago.

Every answer counts as practice, whether pending, failed or in an exam that goes on. Only results that count move an
interval: each as it was graded, whoever did it, since a change of graders must not make anybody forget. Averages are
those of the default evaluator.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from coach.errors import NotFound
from coach.model import Category, Difficulty, Evaluator, Question, Status, points
from coach.progress.history import PastAttempt, Result, day_of
from coach.progress.statistics import by_category, by_criterion, weakest

INTERVALS = (1, 3, 7, 14, 30)
"""Days until a question is due again."""
GOOD, FAIR = 75, 60
"""From which score on the interval grows, and from which it stays."""

_CATEGORIES = tuple(Category)
_MEDIUM_FIRST = (Difficulty.MEDIUM, Difficulty.EASY, Difficulty.HARD)


@dataclass(frozen=True, slots=True)
class NextQuestion:
    question: Question
    reason: str
    """One sentence, which names the figure that the choice rests on."""


def next_question(
    attempts: Iterable[PastAttempt],
    candidates: Sequence[Question],
    criteria: Callable[[Category], Sequence[str]],
    *,
    zone: ZoneInfo,
    now: datetime,
    review: bool = False,
) -> NextQuestion:
    """The next of the candidates. `criteria` names a category's in the rubric's order, and is asked for one at most.

    In a `review` only what has been answered before passes. Raises NotFound, with the reason, when no question does.
    """
    choice = _Choice(attempts, criteria, zone, now)
    passing = [each for each in candidates if not review or choice.has_answered(each)]
    if not passing:
        raise NotFound(
            "You have not answered any question of this kind yet" if candidates else "There is no such question"
        )
    pool = choice.rested(passing)
    turn = choice.answers % 3
    turns = (choice.due, choice.weak, choice.new)
    offers = (offer(pool) for offer in (choice.newcomer, *turns[turn:], *turns[:turn]))
    return next((each for each in offers if each), None) or choice.longest_ago(pool)


def interval(scores: Iterable[int]) -> int:
    """Days until a question with these scores, oldest first, is due again. Before the first it stands at one day."""
    step = 0
    for score in scores:
        if score >= GOOD:
            step = min(step + 1, len(INTERVALS) - 1)
        elif score < FAIR:
            step = 0
    return INTERVALS[step]


class _Choice:
    """What can be offered, from a pool of questions, to who has this history on this day."""

    def __init__(
        self,
        attempts: Iterable[PastAttempt],
        criteria: Callable[[Category], Sequence[str]],
        zone: ZoneInfo,
        now: datetime,
    ) -> None:
        self._history = sorted(attempts, key=lambda each: each.order)
        self._criteria = criteria
        self._zone = zone
        self._today = day_of(now, zone)
        self._newest = {each.question_id: each for each in self._history}
        self._results: dict[int, list[tuple[PastAttempt, Result]]] = {}
        for each in self._history:
            if result := each.counted:
                self._results.setdefault(each.question_id, []).append((each, result))

    @property
    def answers(self) -> int:
        return sum(each.follow_up_to is None for each in self._history)

    def has_answered(self, question: Question) -> bool:
        return question.id in self._newest

    def rested(self, questions: Sequence[Question]) -> Sequence[Question]:
        waiting = {each.question_id for each in self._history if each.status is Status.PENDING}
        today = {each.question_id for each in self._history if self._days_since(each) == 0}
        graded = [each for each in questions if each.id not in waiting]
        return [each for each in graded if each.id not in today] or graded or questions

    def newcomer(self, pool: Sequence[Question]) -> NextQuestion | None:
        practised = {each.category for each in self._history}
        missing = [each for each in pool if each.category not in practised]
        if not missing:
            return None
        question = min(missing, key=lambda each: (_CATEGORIES.index(each.category), self._least_practised(each)))
        so_far = "1 category" if len(practised) == 1 else f"{len(practised) or 'no'} categories"
        return NextQuestion(question, f"You have practised {so_far} so far; {_name(question.category)} is new to you.")

    def due(self, pool: Sequence[Question]) -> NextQuestion | None:
        question = self._longest_overdue(pool)
        if not question:
            return None
        attempt, result = self._results[question.id][-1]
        score = f"{points(result.overall)}{_label(result.evaluator)}"
        return NextQuestion(question, f"You scored {score} on this {_ago(self._days_since(attempt))}.")

    def weak(self, pool: Sequence[Question]) -> NextQuestion | None:
        """Every question of a category exercises all its criteria, so that any of them will do."""
        offered = {each.category for each in pool}
        category = weakest(row for row in by_category(self._history) if row.category in offered)
        rows = by_criterion(self._history, category, self._criteria(category)) if category else ()
        scored = [row for row in rows if row.attempts]
        if not scored:
            return None
        row = min(scored, key=lambda each: Fraction(each.score_sum, each.attempts))
        there = [each for each in pool if each.category is category]
        question = self._longest_overdue(there) or min(there, key=self._least_practised)
        average = f"{row.average_score}{_label(row.evaluator)}"
        where = _name(question.category)
        return NextQuestion(question, f"Your weakest point in {where} is {row.criterion}, with {average} on average.")

    def new(self, pool: Sequence[Question]) -> NextQuestion | None:
        new = [each for each in pool if not self.has_answered(each)]
        if not new:
            return None
        answered = Counter(each.category for each in self._newest.values())
        question = min(
            new,
            key=lambda each: (answered[each.category], _CATEGORIES.index(each.category), self._least_practised(each)),
        )
        count = answered[question.category]
        so_far = f"{count} {_name(question.category)} question{'' if count == 1 else 's'}"
        return NextQuestion(question, f"You have answered {so_far} so far, and this one is new.")

    def longest_ago(self, pool: Sequence[Question]) -> NextQuestion:
        question = min(pool, key=self._least_practised)
        times = sum(each.question_id == question.id for each in self._history)
        ago = _ago(self._days_since(self._newest[question.id]))
        return NextQuestion(question, f"You have answered this {_times(times)}, last {ago}.")

    def _least_practised(self, question: Question) -> tuple[object, ...]:
        """The order of what has no answer, medium first, then of what was answered longest ago."""
        if newest := self._newest.get(question.id):
            return True, newest.order
        return False, _MEDIUM_FIRST.index(question.difficulty), question.id

    def _longest_overdue(self, questions: Sequence[Question]) -> Question | None:
        """For its interval: a bad answer of 3 days ago comes before a good one of 31. Of equals the worst."""
        due = [each for each in questions if self._overdue(each) >= 1]
        return max(
            due,
            key=lambda each: (self._overdue(each), -self._results[each.id][-1][1].overall, -each.id),
            default=None,
        )

    def _overdue(self, question: Question) -> Fraction:
        """Days since the last result for each day of the interval: from 1 on the question is due."""
        results = self._results.get(question.id)
        if not results:
            return Fraction(0)
        return Fraction(self._days_since(results[-1][0]), interval(result.overall for _, result in results))

    def _days_since(self, attempt: PastAttempt) -> int:
        return (self._today - day_of(attempt.created_at, self._zone)).days


def _name(category: Category) -> str:
    return category.label.lower()


def _label(evaluator: Evaluator | None) -> str:
    """An offline score is labelled wherever it is shown."""
    return " (offline)" if evaluator is Evaluator.OFFLINE else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _ago(days: int) -> str:
    if days <= 0:  # what was imported may be of a later day
        return "today"
    return "yesterday" if days == 1 else f"{days} days ago"
