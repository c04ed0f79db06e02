"""`make practice`: made-up candidates practise for eight weeks, by the schedule and at random. docs/practice.md states
the model and has the table.

Each candidate is made by a seed, so the figures are the same on every run.
"""

import argparse
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

from coach.evaluation.rubric import rubric
from coach.model import Category, Evaluator, Question, Status
from coach.progress.history import PastAttempt, Result
from coach.progress.schedule import FAIR, next_question
from coach.questions import questions

WEEKS = 8
PER_DAY = (1, 3, 5)
START = datetime(2026, 1, 5, 18, tzinfo=UTC)
LONG_ENOUGH = 42
"""Bad answers of the first so many days are looked at: what comes back later than the end seems never to come back."""

START_MEAN, SPREAD = 5.0, 1.0
NOISE = 0.7
LEARNT = 0.02
FORGOTTEN = 0.01
REMEMBERED, HALF_LIFE = 1.5, 3.0


@cache
def criteria(category: Category) -> tuple[str, ...]:
    return tuple(each.name for each in rubric(category).criteria)


class Candidate:
    """Somebody whose skill at each criterion is known, for once."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311
        self._day = 0
        self._answers: dict[int, tuple[int, float]] = {}  # question id to the day of the last answer and the half-life
        self._start = {}
        for category in Category:
            level = self._random.gauss(START_MEAN, SPREAD)
            self._start[category] = [_within(self._random.gauss(level, SPREAD)) for _ in criteria(category)]
        self._skills = {category: list(skills) for category, skills in self._start.items()}

    def sleep(self) -> None:
        self._day += 1
        for category, start in self._start.items():
            self._skills[category] = [
                skill - FORGOTTEN * (skill - first) for skill, first in zip(self._skills[category], start, strict=True)
            ]

    def answer(self, question: Question) -> Result:
        """What a perfect grader would say of the answer, which is a lesson as well."""
        skills = self._skills[question.category]
        remembered = self._remembered(question)
        scores = [round(10 * _within(each + remembered + self._random.gauss(0, NOISE))) for each in skills]
        self._skills[question.category] = [each + LEARNT * (10 - each) for each in skills]
        overall = round(statistics.mean(scores))
        return Result(
            evaluator=Evaluator.CLAUDE,
            model="perfect",
            rubric_version=rubric(question.category).version,
            overall=overall,
            framework=overall,
            structure=overall,
            completeness=overall,
            criteria=tuple(zip(criteria(question.category), scores, strict=True)),
        )

    def _remembered(self, question: Question) -> float:
        last, half_life = self._answers.get(question.id, (None, HALF_LIFE / 2))
        self._answers[question.id] = (self._day, 2 * half_life)
        return 0.0 if last is None else REMEMBERED * 2 ** (-(self._day - last) / half_life)

    @property
    def skills(self) -> list[float]:
        """Of the seven categories."""
        return [statistics.mean(each) for each in self._skills.values()]


def _within(score: float) -> float:
    return min(max(score, 1.0), 10.0)


@dataclass
class Practice:
    """What has become of one candidate after eight weeks."""

    history: list[PastAttempt] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    skills: list[float] = field(default_factory=list)

    @property
    def days_until_all_categories(self) -> float:
        first = {each.category: _day(each) for each in reversed(self.history)}
        return 1 + max(first.values()) if len(first) == len(Category) else float("inf")

    @property
    def questions_seen(self) -> int:
        return len({each.question_id for each in self.history})

    @property
    def days_until_bad_comes_back(self) -> list[float]:
        waits = []
        for number, each in enumerate(self.history):
            if each.result and each.result.overall < FAIR and _day(each) < LONG_ENOUGH:
                later = (_day(one) for one in self.history[number + 1 :] if one.question_id == each.question_id)
                waits.append(next(later, float("inf")) - _day(each))
        return waits

    def share(self, beginning: str) -> float:
        return sum(each.startswith(beginning) for each in self.reasons) / len(self.reasons)


def _day(attempt: PastAttempt) -> int:
    return (attempt.created_at - START).days


Chooser = Callable[[Sequence[PastAttempt], datetime], tuple[Question, str]]


def by_schedule(history: Sequence[PastAttempt], now: datetime) -> tuple[Question, str]:
    found = next_question(history, questions(), criteria, zone=ZoneInfo("UTC"), now=now)
    return found.question, found.reason


def at_random(seed: int) -> Chooser:
    """Any question that was not answered today."""
    random = Random(-1 - seed)  # noqa: S311

    def choose(history: Sequence[PastAttempt], now: datetime) -> tuple[Question, str]:
        today = {each.question_id for each in history if each.created_at.date() == now.date()}
        return random.choice([each for each in questions() if each.id not in today]), "at random"

    return choose


def practise(seed: int, choose: Chooser, per_day: int) -> Practice:
    candidate, practice = Candidate(seed), Practice()
    for day in range(7 * WEEKS):
        for number in range(per_day):
            now = START + timedelta(days=day, minutes=30 * number)
            question, reason = choose(practice.history, now)
            practice.reasons.append(reason)
            practice.history.append(
                PastAttempt(
                    session_id=f"{day:02}",
                    id=number + 1,
                    question_id=question.id,
                    category=question.category,
                    created_at=now,
                    status=Status.EVALUATED,
                    follow_up_to=None,
                    result=candidate.answer(question),
                    in_open_exam=False,
                )
            )
        candidate.sleep()
    practice.skills = candidate.skills
    return practice


def row(name: str, per_day: int, found: Sequence[Practice]) -> str:
    waits = [days for each in found for days in each.days_until_bad_comes_back]
    wait = statistics.median(waits)
    back = sum(days < float("inf") for days in waits) / len(waits)
    cells = [
        str(per_day),
        name,
        f"{statistics.mean(each.days_until_all_categories for each in found):.1f}",
        f"{statistics.mean(each.questions_seen for each in found) / len(questions()):.0%}",
        "not within the eight weeks" if wait == float("inf") else f"{wait:.0f}",
        f"{back:.0%}",
        *(
            f"{statistics.mean(each.share(beginning) for each in found):.0%}" if name == "next" else ""
            for beginning in ("You scored", "Your weakest point", "You have answered")
        ),
        f"{statistics.mean(statistics.mean(each.skills) for each in found):.2f}",
        f"{statistics.mean(min(each.skills) for each in found):.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make practice", description=__doc__)
    parser.add_argument("--candidates", type=int, default=50)
    candidates = range(parser.parse_args().candidates)
    start = [Candidate(seed).skills for seed in candidates]
    print(f"{len(candidates)} candidates, mean skill {statistics.mean(map(statistics.mean, start)):.2f}, ", end="")
    print(f"weakest category {statistics.mean(map(min, start)):.2f} at the start\n")
    print(
        "| a day | chosen by | days until all categories | of the bank | median days until a bad answer comes back ",
        end="",
    )
    print("| of bad answers come back | due | weakest criterion | new | skill | weakest category |")
    print("|---" * 11 + "|")
    for per_day in PER_DAY:
        print(row("next", per_day, [practise(seed, by_schedule, per_day) for seed in candidates]), flush=True)
        print(row("random", per_day, [practise(seed, at_random(seed), per_day) for seed in candidates]), flush=True)


if __name__ == "__main__":
    main()
