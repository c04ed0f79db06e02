"""The words of the domain: sessions, attempts, evaluations, questions, users. Pure: no AWS, no HTTP, no clock.

Scores are whole tenths from 10 to 100 inside (DynamoDB has no floats, and sums of tenths are exact); `points` turns
them into the 1.0 to 10.0 that people read.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

ANSWER_MIN_CHARS = 50
ANSWER_MAX_CHARS = 20_000
LOST_AFTER = timedelta(hours=1)
"""A pending attempt that was asked for so long ago may be asked for anew: its stream record or message is lost, or
waits for a spend limit. One that waits comes to nothing then, since it is of an earlier round."""
FOLLOW_UPS_MAX = 2
"""How many a first answer may have, one after the other."""
GRACE = timedelta(seconds=30)
"""How long after its timer a session still takes answers, since a request takes its time on the way."""
GATE_MODEL = "gate"
"""An evaluation's model where a gate stopped the answer and no grader was asked."""


class Category(StrEnum):
    PRODUCT_DESIGN = "product_design"
    STRATEGY = "strategy"
    EXECUTION = "execution"
    ANALYTICAL = "analytical"
    PROJECT_MANAGEMENT = "project_management"
    APP_CRITIQUE = "app_critique"
    CROSS_FUNCTIONAL = "cross_functional"

    @property
    def label(self) -> str:
        """As people write it: Product design, Cross-functional."""
        return self.replace("_", "-" if self is Category.CROSS_FUNCTIONAL else " ").capitalize()


class Difficulty(StrEnum):
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


class Mode(StrEnum):
    STANDARD = "standard"
    TIMED = "timed"
    EXAM = "exam"
    REVIEW = "review"


class Status(StrEnum):
    PENDING = "pending"
    EVALUATED = "evaluated"
    FAILED = "failed"


class Evaluator(StrEnum):
    CLAUDE = "claude"
    OFFLINE = "offline"


def points(tenths: int) -> float:
    """A score as people read it: 73 is 7.3."""
    return tenths / 10


def mean_points(total: int, count: int) -> float | None:
    """The mean of `count` scores, `total` tenths together, as people read it: to two decimals, half up."""
    return (20 * total + count) // (2 * count) / 100 if count else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of the bank."""

    id: int
    category: Category
    subcategory: str | None
    difficulty: Difficulty
    question_text: str
    source: str
    frameworks: tuple[str, ...]
    hint: str | None
    sample_answer: str | None
    created_at: datetime
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """What one criterion of the rubric got: its score in tenths, and the answer's own words that earned it."""

    name: str
    score: int
    evidence: tuple[str, ...]
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A question that an evaluation asks next, at the criterion that the answer was weakest in."""

    criterion: str
    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a candidate has said before: the first answer, to the question itself, or one to a probe (`asked`)."""

    asked: Probe | None
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What an answer follows up: the probe that it answers, and all that was said before, first answer first."""

    probe: Probe
    earlier: tuple[Turn, ...]

    @property
    def is_last(self) -> bool:
        """Whether nothing more is asked after it."""
        return len(self.earlier) >= FOLLOW_UPS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidReply:
    """What a model replied and what that cost, whether it was of use or not. `cost` is in micro-dollars (None: nobody
    knows)."""

    text: str
    model: str
    input_tokens: int
    output_tokens: int
    cost: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The scores (in tenths) and feedback of one attempt, and how they came about.

    `prompt` is a hash of the model's instructions, `effort` what it was told to make (None: its own default), `cost`
    what the reply cost in micro-dollars (None: nobody knows, as for what was recorded before costs were). `reply` is
    what it was made of; it has a record of its own, and is None for an evaluation that was read. `follow_up` is what it
    asks next.
    """

    overall: int
    framework: int
    structure: int
    completeness: int
    strengths: tuple[str, ...]
    improvements: tuple[str, ...]
    suggested_framework: str | None
    example_point: str | None
    criteria: tuple[Criterion, ...]
    evaluator: Evaluator
    model: str
    rubric_version: str
    evaluated_at: datetime
    input_tokens: int
    output_tokens: int
    prompt: str | None = None
    effort: str | None = None
    cost: int | None = 0
    reply: PaidReply | None = None
    follow_up: Probe | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One typed answer to one question inside one session.

    `round` counts how often its evaluation was asked for, the last time at `asked_at`; a message of an earlier round
    means nothing any more. While an evaluated attempt is `reevaluating` (since then), its evaluation stays in force; so
    it does, with the reason in `reevaluation_failure`, when no other comes of it. `evaluation_round` is the round that
    the evaluation came of. A follow-up answers `probe`, which attempt `follow_up_to` of its session asked.
    `answered` is the probe of this attempt that a follow-up has answered: it stays what it was, whatever another
    evaluation would ask. `category` is the question's. `imported_at` is when it was taken over from an export. Until
    `lease_until` (epoch seconds) a worker is at it.

    An attempt is `withheld` while its session is an exam that goes on: nothing that a grader said of it is shown.
    """

    id: int
    user_id: str
    session_id: str
    question_id: int
    category: Category
    answer_text: str
    time_spent_sec: int | None
    status: Status
    round: int
    evaluation: Evaluation | None
    failure: str | None
    created_at: datetime
    asked_at: datetime
    evaluation_round: int | None = None
    reevaluating: datetime | None = None
    reevaluation_failure: str | None = None
    follow_up_to: int | None = None
    withheld: bool = False
    probe: Probe | None = None
    answered: Probe | None = None
    imported_at: datetime | None = None
    lease_until: int | None = None

    @property
    def follow_up(self) -> Probe | None:
        """What its evaluation asks, or asked when that was answered."""
        return self.answered or (self.evaluation.follow_up if self.evaluation else None)

    @property
    def shown(self) -> "Attempt":
        """What its user may see of it."""
        return replace(self, evaluation=None, failure=None, answered=None) if self.withheld else self

    def is_lost(self, now: datetime) -> bool:
        """Whether it has been pending for longer than an evaluation takes with all its tries."""
        return self.status is Status.PENDING and now - self.asked_at >= LOST_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRequest:
    """What a message on the evaluation queue says: evaluate this attempt, for the n-th round.

    `created_at` is the attempt's, since another one may have its number once its session was deleted; None in a message
    of a version that did not tell.
    """

    user_id: str
    session_id: str
    attempt_id: int
    round: int
    created_at: datetime | None = None

    @classmethod
    def of(cls, attempt: Attempt) -> "EvaluationRequest":
        """For the attempt's present round."""
        return cls(
            user_id=attempt.user_id,
            session_id=attempt.session_id,
            attempt_id=attempt.id,
            round=attempt.round,
            created_at=attempt.created_at,
        )

    def means(self, attempt: Attempt) -> bool:
        """Whether this is the attempt, in the round that was asked for."""
        return self.round == attempt.round and self.created_at in (None, attempt.created_at)

    @classmethod
    def from_json(cls, text: str) -> "EvaluationRequest":
        """Raises TypeError or ValueError for what is no such message."""
        told = json.loads(text)
        if "created_at" in told:
            told["created_at"] = datetime.fromisoformat(told["created_at"])
        return cls(**told)

    def to_json(self) -> str:
        return json.dumps({name: value for name, value in asdict(self).items() if value}, default=datetime.isoformat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sitting. Its stats are counters and a sum, from which the rest is derived.

    `attempts_count` and `failed_count` are of all attempts, `scored_count` and `score_sum` of those that are no
    follow-ups.
    """

    id: str
    user_id: str
    category_filter: Category | None
    mode: Mode
    timer_minutes: int | None
    started_at: datetime
    ended_at: datetime | None
    attempts_count: int
    scored_count: int
    failed_count: int
    score_sum: int
    follow_ups_count: int = 0
    follow_ups_scored_count: int = 0

    @property
    def questions_count(self) -> int:
        return self.attempts_count - self.follow_ups_count

    @property
    def pending_count(self) -> int:
        return self.attempts_count - self.scored_count - self.follow_ups_scored_count - self.failed_count

    @property
    def is_open_exam(self) -> bool:
        """Whether it is an exam that goes on: until its end nothing that a grader said is shown."""
        return self.mode is Mode.EXAM and self.ended_at is None

    @property
    def takes_answers_for(self) -> timedelta | None:
        """How long after its start it takes answers; None for a session whose timer is only for the client to show."""
        if self.timer_minutes is None or self.mode not in (Mode.TIMED, Mode.EXAM):
            return None
        return timedelta(minutes=self.timer_minutes) + GRACE

    def takes_answers(self, now: datetime) -> bool:
        """Whether it has neither ended nor run out of time."""
        limit = self.takes_answers_for
        return self.ended_at is None and (limit is None or now - self.started_at <= limit)

    @property
    def avg_score(self) -> float | None:
        """The mean overall score of the evaluated attempts; None in an exam that goes on."""
        return None if self.is_open_exam else mean_points(self.score_sum, self.scored_count)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who practises."""

    id: str
    email: str | None
    full_name: str | None
    is_active: bool
    created_at: datetime
    last_login: datetime | None
