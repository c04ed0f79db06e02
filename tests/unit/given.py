"""What tests of the table, the worker and the pipeline are given: sessions, attempts, evaluations, an evaluator that
says what the test wants, a clock that the test moves."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from coach import questions
from coach.model import (
    Attempt,
    Category,
    Criterion,
    Evaluation,
    EvaluationRequest,
    Evaluator,
    FollowUp,
    Mode,
    PaidReply,
    Probe,
    Question,
    Session,
    Status,
    User,
)
from coach.storage import Storage, keys, rows
from coach.storage.attempts import attempt_of
from coach.storage.dynamo import unmarshal
from coach.storage.limits import Allowance
from tests.conftest import USER
from tests.unit import events

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANSWER = (
    "Drivers circle for ten minutes because nobody tells them where a place is free, so I would show free places on "
    "a map, guide each driver to one, and measure the minutes from the gate to the parked car."
)
MORE = (
    "The malls pay for it, since a driver who gives up is a customer who does not come in.",
    "Revenue would make me sell the places nearest to the lifts by the hour, and guide the rest to the roof.",
    "Guards lose by it at first: two of five have nobody left to wave at on weekdays.",
    "On the busiest Saturday in May nine hundred cars arrive before noon, and half leave by three.",
    "Parents with prams would use another entrance, because the ramp there is flat and near a lift.",
)
"""What else there is to say: answers to probes, of which none repeats another."""

VISIBILITY_SECONDS = 540
LEASE_SECONDS = 95


class Clock:
    """Seconds since the epoch; they pass only when the test says so."""

    def __init__(self) -> None:
        self.seconds = NOW.timestamp() + 0.4

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


def a_session(user_id: str = USER, *, started_at: datetime = NOW, **settings: Any) -> Session:
    defaults: dict[str, Any] = {
        "id": str(uuid4()),
        "category_filter": None,
        "mode": Mode.STANDARD,
        "timer_minutes": None,
    }
    return Session(
        user_id=user_id,
        started_at=started_at,
        ended_at=None,
        attempts_count=0,
        scored_count=0,
        failed_count=0,
        score_sum=0,
        **defaults | settings,
    )


def a_user(email: str = "ada@example.com") -> User:
    return User(id=str(uuid4()), email=email, full_name="Ada", is_active=True, created_at=NOW, last_login=None)


PROBE = Probe(criterion="Goal", question="Why should the company build this and not something else?")


def an_evaluation(overall: int = 73, follow_up: Probe | None = None) -> Evaluation:
    return Evaluation(
        overall=overall,
        framework=70,
        structure=75,
        completeness=74,
        strengths=("Names a segment",),
        improvements=("Give a metric",),
        suggested_framework="CIRCLES",
        example_point=None,
        criteria=(Criterion(name="Goal", score=80, evidence=("Drivers circle",), comment="Clear"),),
        evaluator=Evaluator.OFFLINE,
        model="offline-1",
        rubric_version="1",
        evaluated_at=NOW,
        input_tokens=0,
        output_tokens=0,
        prompt="0123456789ab",
        effort="low",
        cost=1234,
        reply=a_reply(),
        follow_up=follow_up,
    )


def a_reply(text: str = "{}") -> PaidReply:
    return PaidReply(text=text, model="claude-haiku-5-5", input_tokens=3000, output_tokens=1000, cost=800)


def add(
    storage: Storage,
    session: Session,
    *,
    key: str | None = None,
    answer: str = ANSWER,
    limit: int = 200,
    budget: int = 0,
    question_id: int = 1,
    follow_up_to: int | None = None,
) -> tuple[Attempt, bool]:
    added = storage.attempts.add(
        session.user_id,
        session.id,
        question_id=question_id,
        category=questions.category(question_id) if questions.exists(question_id) else Category.PRODUCT_DESIGN,
        answer_text=answer,
        time_spent_sec=120,
        idempotency_key=key,
        allowance=Allowance(limit, budget),
        follow_up_to=follow_up_to,
    )
    return added.attempt, added.new


def request_for(attempt: Attempt) -> EvaluationRequest:
    return EvaluationRequest.of(attempt)


ALLOWANCE = Allowance(200)


def ask_again(storage: Storage, session: Session, attempt_id: int = 1, allowance: Allowance | None = ALLOWANCE) -> bool:
    """Ask for an attempt's evaluation: whether that started a new round."""
    return storage.evaluations.request(session.user_id, session.id, attempt_id, allowance).new


def evaluated_and_asked_for_again(storage: Storage, session: Session, overall: int = 50) -> Attempt:
    """A new attempt with an evaluation, on its way to another one."""
    attempt, _ = add(storage, session)
    storage.evaluations.record(attempt, an_evaluation(overall))
    assert storage.evaluations.request_reevaluation(
        storage.attempts.get(attempt.user_id, attempt.session_id, attempt.id)
    )
    return storage.attempts.get(attempt.user_id, attempt.session_id, attempt.id)


def former_scores(client: "DynamoDBClient") -> dict[tuple[int, int], int]:
    """The scores that others have replaced, by attempt and round."""
    items = [item for item in client.scan(TableName="coach")["Items"] if item["sk"]["S"].startswith("EVALUATION#")]
    return {
        (int(item["attempt_id"]["N"]), int(item["round"]["N"])): int(item["evaluation"]["M"]["overall"]["N"])
        for item in items
    }


def attempts_of(storage: Storage, session: Session) -> list[Attempt]:
    return list(storage.attempts.of_session(session.user_id, session.id, page_size=50))


def recounted(storage: Storage, session: Session) -> Session:
    """The session as it is stored, with its counters counted anew from its attempts."""
    attempts = attempts_of(storage, session)
    first = [attempt for attempt in attempts if attempt.follow_up_to is None]
    scores = [attempt.evaluation.overall for attempt in first if attempt.evaluation]
    evaluated = sum(attempt.status is Status.EVALUATED for attempt in attempts)
    return replace(
        storage.sessions.get(session.user_id, session.id),
        attempts_count=len(attempts),
        scored_count=len(scores),
        follow_ups_count=len(attempts) - len(first),
        follow_ups_scored_count=evaluated - len(scores),
        failed_count=sum(attempt.status is Status.FAILED for attempt in attempts),
        score_sum=sum(scores),
    )


def swept(storage: Storage) -> None:
    """All whose deletion has begun, as the table's stream has it done."""
    for key, mark in list(storage.deletions.marked()):
        storage.deletions.sweep(key, mark)


def owned_by(storage: Storage, user_id: str) -> dict[str, Any]:
    """What is in the partition of a user, by its sort key."""
    found = storage.table.query({"KeyConditionExpression": "pk = :pk"}, {":pk": keys.user(user_id)})
    return {item["sk"]: item for item in found}


class Grader:
    """An evaluator that does what the test says, call after call, the last for ever: give an overall score in tenths,
    raise an error, or await something that returns a score. `answered` are the questions and answers it was paid for,
    `followed_up` what each of them follows up.

    `around` is put around each call to the model. `asks` is the probe of each of its evaluations.
    """

    kind = Evaluator.CLAUDE

    def __init__(
        self,
        *script: "int | BaseException | Callable[[], Awaitable[int]]",
        around: Callable[[Callable[[], Evaluation]], Evaluation] = lambda call: call(),
        asks: Probe | None = None,
    ) -> None:
        self.answered: list[tuple[int, str]] = []
        self.followed_up: list[FollowUp | None] = []
        self._script = list(script or [73])
        self._around = around
        self._asks = asks

    @property
    def calls(self) -> int:
        return len(self.answered)

    async def evaluate(self, question: Question, answer_text: str, follow_up: FollowUp | None = None) -> Evaluation:
        step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        score = await step() if callable(step) else step

        def ask() -> Evaluation:
            self.answered.append((question.id, answer_text))
            self.followed_up.append(follow_up)
            if isinstance(score, BaseException):
                raise score
            return an_evaluation(score, self._asks)

        return self._around(ask)


def imbalances(client: "DynamoDBClient") -> list[str]:
    """What does not add up in the table: counters and the index against attempts, keys and addresses against what they
    lead to."""
    found = client.scan(TableName="coach")["Items"]
    items = [{name: next(iter(value.values())) for name, value in item.items()} for item in found]
    not_told = [item for item in map(unmarshal, found) if not _told_by_the_index(item)]
    return [f"{item['pk']} {item['sk']}" for item in not_told + [each for each in items if not _adds_up(each, items)]]


def _told_by_the_index(item: dict[str, Any]) -> bool:
    """Whether what the index holds of an item is what the item says."""
    match item["sk"].split("#"):
        case ["SESSION", _, "ATTEMPT", _]:
            attempt = attempt_of(item)
            return (item["at"], item["row"]) == (keys.at_of(attempt.created_at), rows.of(attempt))
        case ["SESSION", _]:
            is_open_exam = item["mode"] == "exam" and "ended_at" not in item
            alone = not item["attempts_count"] or item["mode"] == "exam"
            expected = keys.OPEN_EXAM if is_open_exam else keys.NO_TIME if alone else None
            return item.get("at") == expected and (not item.get("questions") or is_open_exam)
    return True


def _adds_up(item: dict[str, Any], items: list[dict[str, Any]]) -> bool:
    of_the_user = [other for other in items if other["pk"] == item["pk"] and "#ATTEMPT#" in other["sk"]]
    match item["sk"].split("#"):
        case ["SESSION", session_id]:
            own = [attempt for attempt in of_the_user if attempt["session_id"] == session_id]
            first = [attempt for attempt in own if "follow_up_to" not in attempt]
            scores = [int(attempt["evaluation"]["overall"]["N"]) for attempt in first if "evaluation" in attempt]
            evaluated = [attempt for attempt in own if "evaluation" in attempt]
            failed = [attempt for attempt in own if attempt["status"] == "failed"]
            counted = {
                "attempts_count": len(own),
                "scored_count": len(scores),
                "failed_count": len(failed),
                "score_sum": sum(scores),
                "follow_ups_count": len(own) - len(first),
                "follow_ups_scored_count": len(evaluated) - len(scores),
            }
            followed = sorted(int(attempt["follow_up_to"]) for attempt in own if "follow_up_to" in attempt)
            numbers = sorted(int(attempt["id"]) for attempt in own)
            return (
                {name: int(item[name]) for name in counted} == counted
                and (numbers == [*range(1, len(own) + 1)] or any("imported_at" in attempt for attempt in own))
                and int(item.get("last_id", len(own))) == max(numbers, default=0)
                and [each for each in followed if each in numbers]
                == sorted(int(attempt["id"]) for attempt in own if "answered" in attempt)
                and {each for each in followed if each not in numbers}
                == {int(each) for each in item.get("awaited", ())}
            )
        case ["SESSION", session_id, "KEY", _]:
            made = session_id, item["attempt_id"]
            return any((attempt["session_id"], attempt["id"]) == made for attempt in of_the_user)
        case ["QUOTA", _]:
            return int(item["attempts"]) >= sum("imported_at" not in attempt for attempt in of_the_user)
        case ["ANSWERED", question]:
            return int(item["attempts"]) == sum(int(attempt["question_id"]) == int(question) for attempt in of_the_user)
        case ["EVALUATION", session_id, number, round_]:
            replaced = [attempt for attempt in of_the_user if attempt["sk"] == f"SESSION#{session_id}#ATTEMPT#{number}"]
            return [int(attempt["evaluation_round"]) > int(round_) for attempt in replaced] == [True]
        case ["EMAIL"]:
            return any((other["pk"], other["sk"]) == (f"USER#{item['user_id']}", "PROFILE") for other in items)
        case ["PROFILE"]:
            return any(other["pk"] == f"EMAIL#{item['email'].casefold()}" for other in items)
    return True


# Events


class Queue:
    """Stands for the evaluation queue: what was sent, with which delays, and for how long messages were hidden."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.delays: list[int] = []
        self.hidden: dict[str, int] = {}

    def send(self, messages: list[str], *, delay_seconds: int = 0) -> list[int]:
        self.sent += messages
        self.delays += [delay_seconds] * len(messages)
        return []

    def delay(self, receipt_handle: str, seconds: int) -> None:
        self.hidden[receipt_handle] = seconds


def sqs_event(*bodies: str) -> events.Event:
    """A batch of messages m0, m1, ... with the receipt handles r0, r1, ..."""
    record = events.load("evaluate_attempt")["Records"][0]
    return {
        "Records": [
            record | {"messageId": f"m{index}", "receiptHandle": f"r{index}", "body": body}
            for index, body in enumerate(bodies)
        ]
    }


def metrics_in(output: str) -> dict[str, float]:
    """What the metrics in a function's output (EMF, a JSON object on a line) add up to, by name."""
    totals: dict[str, float] = {}
    for line in output.splitlines():
        blob = json.loads(line) if line.startswith("{") else {}
        for directive in blob.get("_aws", {}).get("CloudWatchMetrics", []):
            for metric in directive["Metrics"]:
                values = blob[metric["Name"]]
                totals[metric["Name"]] = totals.get(metric["Name"], 0) + sum(
                    values if isinstance(values, list) else [values]
                )
    return totals
