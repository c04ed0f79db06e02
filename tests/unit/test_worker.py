"""The worker with an evaluator that misbehaves, alone and in a batch, and with Claude's on a stub that misbehaves."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from coach import aws
from coach.errors import EvaluationRefused, EvaluationUnavailable, SpendLimitReached, UnusableReply
from coach.evaluation.graders import configured
from coach.model import Attempt, EvaluationRequest, Session, Status
from coach.settings import GraderSettings
from coach.storage import Storage
from coach.storage.evaluations import Lease
from coach.worker import (
    BREAKER_SECONDS,
    DELAY_GROWTH,
    FIRST_DELAY_SECONDS,
    MAX_DELAY_SECONDS,
    MAX_TRIES,
    UNREADABLE,
    NotNow,
    SpendLimit,
    Worker,
)
from functions.evaluate_attempt import app
from tests.anthropic_stub import AnthropicStub
from tests.conftest import USER
from tests.unit import events, snapshots
from tests.unit.given import (
    ALLOWANCE,
    ANSWER,
    LEASE_SECONDS,
    Clock,
    Grader,
    Queue,
    a_reply,
    add,
    ask_again,
    evaluated_and_asked_for_again,
    metrics_in,
    recounted,
    request_for,
    sqs_event,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


Deliver = Callable[..., list[str]]


@pytest.fixture
def storage(dynamodb: "DynamoDBClient", clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """A table that many threads may use: one at a time gets through to moto."""
    one_at_a_time = threading.Lock()
    call = dynamodb._make_api_call  # type: ignore[attr-defined]

    def locked(operation: str, arguments: Any) -> Any:
        with one_at_a_time:
            return call(operation, arguments)

    monkeypatch.setattr(dynamodb, "_make_api_call", locked)
    snapshots.restore(snapshots.taken())
    return Storage(dynamodb, "coach", now=clock)


@pytest.fixture
def attempt(storage: Storage, session: Session) -> Attempt:
    return add(storage, session)[0]


def work(storage: Storage, clock: Clock, grader: Any, attempt: Attempt) -> str:
    worker = Worker(storage, grader, lease_seconds=LEASE_SECONDS, now=clock)
    return asyncio.run(worker.work(request_for(attempt)))


def now_of(storage: Storage, attempt: Attempt) -> Attempt:
    return storage.attempts.get(attempt.user_id, attempt.session_id, attempt.id)


# One message


def test_an_answer_is_evaluated_and_counted(storage: Storage, clock: Clock, session: Session, attempt: Attempt) -> None:
    grader = Grader(73)

    outcome = work(storage, clock, grader, attempt)

    assert outcome == "evaluated"
    assert grader.answered == [(1, ANSWER)]
    assert now_of(storage, attempt).status is Status.EVALUATED
    assert storage.sessions.get(USER, session.id).score_sum == 73


def test_the_breaker_is_asked_before_the_lease_and_before_the_model(
    storage: Storage, clock: Clock, attempt: Attempt
) -> None:
    storage.limits.trip_breaker(int(clock()) + 60)
    grader = Grader()

    with pytest.raises(SpendLimit):
        work(storage, clock, grader, attempt)

    assert grader.calls == 0
    lease = storage.evaluations.take_lease(request_for(attempt), seconds=LEASE_SECONDS)
    assert isinstance(lease, Lease)
    assert lease.tries == 1


def test_a_refused_answer_has_failed_with_the_reason(
    storage: Storage, clock: Clock, session: Session, attempt: Attempt
) -> None:
    grader = Grader(EvaluationRefused("Claude declined to evaluate this answer."))

    outcome = work(storage, clock, grader, attempt)

    assert outcome == "failed"
    assert grader.calls == 1
    assert now_of(storage, attempt).failure == "Claude declined to evaluate this answer."
    assert storage.sessions.get(USER, session.id).failed_count == 1


def test_an_attempt_whose_question_has_left_the_bank_has_failed_and_asks_nobody(
    storage: Storage, clock: Clock, session: Session
) -> None:
    attempt, _ = add(storage, session, question_id=999)
    grader = Grader()

    outcome = work(storage, clock, grader, attempt)

    assert outcome == "failed"
    assert grader.calls == 0
    assert now_of(storage, attempt).failure == "Question not found"


def test_one_unusable_reply_is_asked_for_again(
    storage: Storage, clock: Clock, session: Session, attempt: Attempt
) -> None:
    grader = Grader(UnusableReply("no JSON", a_reply()), 73)

    with pytest.raises(NotNow, match="no JSON") as later:
        work(storage, clock, grader, attempt)
    clock.advance(later.value.seconds)

    assert 2 <= later.value.seconds <= 5
    assert work(storage, clock, grader, attempt) == "evaluated"
    assert grader.calls == 2
    assert storage.sessions.get(USER, session.id).failed_count == 0


def test_two_unusable_replies_are_a_failure(storage: Storage, clock: Clock, session: Session, attempt: Attempt) -> None:
    grader = Grader(UnusableReply("no JSON", a_reply()))
    with pytest.raises(NotNow):
        work(storage, clock, grader, attempt)

    outcome = work(storage, clock, grader, attempt)

    assert outcome == "failed"
    assert grader.calls == 2
    assert now_of(storage, attempt).failure == UNREADABLE
    assert storage.sessions.get(USER, session.id).pending_count == 0


def test_two_unusable_replies_are_a_failure_whatever_comes_between(
    storage: Storage, clock: Clock, attempt: Attempt
) -> None:
    grader = Grader(
        UnusableReply("no JSON", a_reply()), EvaluationUnavailable("overloaded"), UnusableReply("no JSON", a_reply())
    )
    for _ in range(2):
        with pytest.raises(NotNow):
            work(storage, clock, grader, attempt)

    outcome = work(storage, clock, grader, attempt)

    assert outcome == "failed"


def test_after_an_unusable_reply_one_more_is_allowed_in_the_next_round(
    storage: Storage, clock: Clock, attempt: Attempt
) -> None:
    grader = Grader(UnusableReply("no JSON", a_reply()))
    with pytest.raises(NotNow):
        work(storage, clock, grader, attempt)
    work(storage, clock, grader, attempt)
    storage.evaluations.request(USER, attempt.session_id, attempt.id, ALLOWANCE)

    with pytest.raises(NotNow):
        work(storage, clock, grader, now_of(storage, attempt))


def test_the_spend_limit_stops_all_calls_until_the_breaker_expires(
    storage: Storage, clock: Clock, session: Session, attempt: Attempt
) -> None:
    others = [add(storage, session)[0] for _ in range(3)]
    grader = Grader(SpendLimitReached("spend limit"), 73)

    with pytest.raises(SpendLimit) as first:
        work(storage, clock, grader, attempt)
    clock.advance(10)
    waits = []
    for other in others:
        with pytest.raises(SpendLimit) as later:
            work(storage, clock, grader, other)
        waits.append(later.value.seconds)

    assert grader.calls == 1
    assert first.value.seconds == BREAKER_SECONDS
    assert all(BREAKER_SECONDS - 11 <= wait <= BREAKER_SECONDS for wait in waits)
    clock.advance(max(waits))
    assert [work(storage, clock, grader, each) for each in [attempt, *others]] == ["evaluated"] * 4
    assert storage.limits.breaker() == 0


def test_after_the_breakers_time_one_call_finds_out_if_the_limit_is_lifted(
    storage: Storage, clock: Clock, session: Session
) -> None:
    first, second = (add(storage, session)[0] for _ in range(2))
    storage.limits.trip_breaker(int(clock()))

    async def meanwhile() -> int:
        with pytest.raises(SpendLimit) as later:
            await Worker(storage, grader, lease_seconds=LEASE_SECONDS, now=clock).work(request_for(second))
        assert later.value.seconds <= LEASE_SECONDS
        raise SpendLimitReached("spend limit")

    grader = Grader(meanwhile, 73)
    with pytest.raises(SpendLimit):
        work(storage, clock, grader, first)

    assert grader.calls == 0
    assert storage.limits.breaker() == int(clock() + BREAKER_SECONDS)


def test_a_spend_limit_of_five_days_gives_up_nothing_and_ends_within_a_quarter_of_an_hour(
    deliver: Deliver, storage: Storage, clock: Clock, session: Session, queue: Queue
) -> None:
    answers = [request_for(add(storage, session)[0]).to_json() for _ in range(4)]
    broke, lifted = Grader(SpendLimitReached("spend limit", 31 * 86_400)), Grader(73)
    waiting = [(clock(), message) for message in answers]
    lifted_at = clock() + 5 * 86_400
    reported: list[str] = []
    while waiting:
        waiting.sort()
        due, message = waiting.pop(0)
        clock.seconds = max(clock(), due)
        before = len(queue.sent)
        reported += deliver(lifted if clock() >= lifted_at else broke, message)
        waiting += [
            (clock() + delay, sent) for delay, sent in zip(queue.delays[before:], queue.sent[before:], strict=True)
        ]

    assert reported == []
    assert queue.hidden == {}
    assert clock() - lifted_at <= 900
    assert broke.calls <= 5 * 86_400 / BREAKER_SECONDS + 1
    assert lifted.calls == 4
    assert storage.sessions.get(USER, session.id).scored_count == 4


def test_who_waits_for_the_breaker_never_comes_back_before_it_expires(
    storage: Storage, clock: Clock, session: Session
) -> None:
    until = int(clock()) + 100
    storage.limits.trip_breaker(until)
    grader = Grader(73)

    for moment in (0.0, 0.1, 0.3, 0.5):
        clock.advance(moment)
        attempt, _ = add(storage, session)
        with pytest.raises(SpendLimit) as later:
            work(storage, clock, grader, attempt)
        assert clock() + later.value.seconds >= until


def test_the_breaker_does_not_last_as_long_as_the_model_asks_since_somebody_may_raise_the_limit(
    storage: Storage, clock: Clock, attempt: Attempt
) -> None:
    grader = Grader(SpendLimitReached("spend limit", 31 * 86_400))

    with pytest.raises(SpendLimit):
        work(storage, clock, grader, attempt)

    assert storage.limits.breaker() == int(clock() + BREAKER_SECONDS)


def test_a_wait_that_the_model_asks_for_has_a_ceiling(storage: Storage, clock: Clock, attempt: Attempt) -> None:
    grader = Grader(EvaluationUnavailable("overloaded", 86_400))

    with pytest.raises(NotNow) as later:
        work(storage, clock, grader, attempt)

    assert later.value.seconds == MAX_DELAY_SECONDS


def test_the_breaker_does_not_count_the_tries_that_it_prevents(
    storage: Storage, clock: Clock, attempt: Attempt
) -> None:
    grader = Grader(SpendLimitReached("spend limit"), 73)
    for _ in range(MAX_TRIES * 2):
        with pytest.raises(SpendLimit):
            work(storage, clock, grader, attempt)
    clock.advance(BREAKER_SECONDS)

    outcome = work(storage, clock, grader, attempt)

    assert outcome == "evaluated"


def test_each_wait_is_longer_than_the_one_before_up_to_a_limit(
    storage: Storage, clock: Clock, attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    grader = Grader(EvaluationUnavailable("overloaded"))
    drawn: list[tuple[float, float]] = []

    def longest(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    monkeypatch.setattr("coach.worker.random.uniform", longest)
    waits = []
    for _ in range(MAX_TRIES):
        with pytest.raises(NotNow) as later:
            work(storage, clock, grader, attempt)
        waits.append(later.value.seconds)

    assert waits == [5, 15, 45, 135, 405, 900, 900, 900]
    assert waits[:2] == [FIRST_DELAY_SECONDS, FIRST_DELAY_SECONDS * DELAY_GROWTH]
    assert [low / high for low, high in drawn] == [0.5] * MAX_TRIES
    assert max(waits) == MAX_DELAY_SECONDS


def test_waits_differ_so_that_retries_do_not_march_in_step(storage: Storage, clock: Clock, session: Session) -> None:
    grader = Grader(EvaluationUnavailable("overloaded"))
    attempts = [add(storage, session)[0] for _ in range(5)]

    waits = []
    for attempt in attempts * 4:
        with pytest.raises(NotNow) as later:
            work(storage, clock, grader, attempt)
        waits.append(later.value.seconds)

    fourth = waits[-len(attempts) :]
    assert len(set(fourth)) > 1
    assert all(67 <= wait <= 135 for wait in fourth)


@pytest.mark.parametrize(
    ("retry_after", "shortest", "longest"),
    [(None, 3, 5), (0, 3, 5), (1, 3, 5), (7.2, 8, 8), (120, 120, 120), (100_000, 900, 900)],
)
def test_the_wait_is_as_long_as_the_model_asks_but_within_the_limit(
    storage: Storage, clock: Clock, attempt: Attempt, retry_after: float | None, shortest: int, longest: int
) -> None:
    grader = Grader(EvaluationUnavailable("rate limit", retry_after))

    with pytest.raises(NotNow) as later:
        work(storage, clock, grader, attempt)

    assert shortest <= later.value.seconds <= longest


def test_what_is_unavailable_gives_its_lease_back_at_once(storage: Storage, clock: Clock, attempt: Attempt) -> None:
    grader = Grader(EvaluationUnavailable("overloaded"), 73)
    with pytest.raises(NotNow):
        work(storage, clock, grader, attempt)

    outcome = work(storage, clock, grader, attempt)

    assert outcome == "evaluated"


def test_when_the_tries_are_used_up_nobody_is_asked_any_more(
    storage: Storage, clock: Clock, session: Session, attempt: Attempt
) -> None:
    grader = Grader(EvaluationUnavailable("overloaded"))
    for _ in range(MAX_TRIES):
        with pytest.raises(NotNow):
            work(storage, clock, grader, attempt)

    for _ in range(4):
        with pytest.raises(NotNow, match="tries are used up") as later:
            work(storage, clock, grader, attempt)
        assert later.value.seconds == 0

    assert grader.calls == MAX_TRIES
    assert storage.sessions.get(USER, session.id).pending_count == 1


def test_an_attempt_that_another_worker_has_is_left_to_it(storage: Storage, clock: Clock, attempt: Attempt) -> None:
    storage.evaluations.take_lease(request_for(attempt), seconds=LEASE_SECONDS)
    clock.advance(30.3)
    grader = Grader()

    with pytest.raises(NotNow, match="another worker") as later:
        work(storage, clock, grader, attempt)

    assert grader.calls == 0
    assert LEASE_SECONDS - 31 < later.value.seconds <= LEASE_SECONDS - 28
    clock.advance(later.value.seconds)
    assert work(storage, clock, grader, attempt) == "evaluated"


@pytest.mark.parametrize("settled", ["evaluated", "failed", "asked for again", "gone"])
def test_a_message_about_what_is_settled_costs_nothing(
    storage: Storage, clock: Clock, session: Session, attempt: Attempt, settled: str
) -> None:
    request = request_for(attempt)
    if settled == "evaluated":
        work(storage, clock, Grader(60), attempt)
    elif settled == "gone":
        request = EvaluationRequest(user_id=USER, session_id=session.id, attempt_id=9, round=1)
    else:
        storage.evaluations.fail(attempt, "Claude declined")
        if settled == "asked for again":
            ask_again(storage, session, attempt.id)
    before = now_of(storage, attempt)
    grader = Grader(99)

    outcome = asyncio.run(Worker(storage, grader, lease_seconds=LEASE_SECONDS, now=clock).work(request))

    assert outcome == "nothing to do"
    assert grader.calls == 0
    assert now_of(storage, attempt) == before
    assert storage.sessions.get(USER, session.id) == recounted(storage, session)


# An attempt that is evaluated once more


@pytest.fixture
def again(storage: Storage, session: Session) -> Attempt:
    """An attempt with 5.0, on its way to another evaluation."""
    return evaluated_and_asked_for_again(storage, session, 50)


def test_another_evaluation_replaces_the_former_one_and_its_score_in_the_sum(
    storage: Storage, clock: Clock, session: Session, again: Attempt
) -> None:
    other, _ = add(storage, session)
    work(storage, clock, Grader(30), other)

    outcomes = [work(storage, clock, Grader(80), again) for _ in range(2)]

    assert outcomes == ["evaluated", "nothing to do"]
    stored = storage.sessions.get(USER, session.id)
    assert (stored.scored_count, stored.score_sum, stored.avg_score) == (2, 110, 5.5)
    assert stored == recounted(storage, session)


@pytest.mark.parametrize(
    ("script", "deliveries"), [([EvaluationRefused("Claude declined")], 1), ([UnusableReply("no JSON", a_reply())], 2)]
)
def test_an_evaluation_once_more_that_fails_leaves_the_former_one_in_force(
    storage: Storage, clock: Clock, session: Session, again: Attempt, script: list[Any], deliveries: int
) -> None:
    grader = Grader(*script)
    for _ in range(deliveries - 1):
        with pytest.raises(NotNow):
            work(storage, clock, grader, again)

    outcome = work(storage, clock, grader, again)

    assert outcome == "failed"
    found = now_of(storage, again)
    assert (found.status, found.evaluation, found.failure) == (Status.EVALUATED, again.evaluation, None)
    assert found.reevaluation_failure
    assert storage.sessions.get(USER, session.id) == recounted(storage, session)


def test_an_evaluation_once_more_has_all_its_tries_and_comes_back_as_any_other(
    storage: Storage, clock: Clock, session: Session, again: Attempt
) -> None:
    grader = Grader(EvaluationUnavailable("overloaded"))
    for _ in range(MAX_TRIES):
        with pytest.raises(NotNow, match="overloaded"):
            work(storage, clock, grader, again)

    with pytest.raises(NotNow, match="tries are used up"):
        work(storage, clock, grader, again)

    assert grader.calls == MAX_TRIES
    assert now_of(storage, again) == again
    assert storage.sessions.get(USER, session.id).score_sum == 50


# A batch, through the function


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    stream = StringIO()
    monkeypatch.setattr(app.logger.registered_handler, "stream", stream)
    return stream


@pytest.fixture
def deliver(storage: Storage, clock: Clock, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> Deliver:
    """Sends a batch to the function, whose evaluator comes first; returns the messages that it reports as failed."""
    monkeypatch.setattr(aws, "evaluation_queue", lambda: queue)

    def send(grader: Any, *bodies: str) -> list[str]:
        worker = Worker(storage, grader, lease_seconds=LEASE_SECONDS, now=clock)
        monkeypatch.setattr(app, "worker", lambda: worker)
        answer = app.handler(sqs_event(*bodies), events.Context())
        return sorted(failure["itemIdentifier"] for failure in answer["batchItemFailures"])

    return send


POISON = ["", "no JSON", "[]", "{}", '{"user_id": 1}', '{"user_id":"u","session_id":"s","attempt_id":"x","round":1}']


def test_a_batch_of_good_and_bad_messages_leaves_the_good_ones_done(
    deliver: Deliver, storage: Storage, session: Session, queue: Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    good, refused, busy, other = (request_for(add(storage, session, answer=f"{ANSWER} {n}.")[0]) for n in range(4))
    graded: dict[str, Any] = {
        "0": 60,
        "1": EvaluationRefused("Claude declined"),
        "2": EvaluationUnavailable("busy", 50),
        "3": 90,
    }

    class ByAnswer(Grader):
        async def evaluate(self, question: Any, answer_text: str, follow_up: Any = None) -> Any:
            return await Grader(graded[answer_text[-2]]).evaluate(question, answer_text, follow_up)

    failed = deliver(
        ByAnswer(),
        good.to_json(),
        "poison",
        refused.to_json(),
        busy.to_json(),
        other.to_json(),
    )

    assert failed == ["m1", "m3"]
    assert queue.hidden == {"r3": 50}
    statuses = [attempt.status for attempt in storage.attempts.of_session(USER, session.id, page_size=10)]
    assert statuses == [Status.EVALUATED, Status.FAILED, Status.PENDING, Status.EVALUATED]
    assert storage.sessions.get(USER, session.id) == recounted(storage, session)
    assert metrics_in(capsys.readouterr().out) == {"EvaluationsDelivered": 5, "EvaluationsFailed": 1}


@pytest.mark.parametrize("poison", POISON)
def test_a_poison_message_fails_alone(
    deliver: Deliver, storage: Storage, attempt: Attempt, queue: Queue, poison: str
) -> None:
    failed = deliver(Grader(), poison, request_for(attempt).to_json(), poison)

    assert failed == ["m0", "m2"]
    assert queue.hidden == {}
    assert now_of(storage, attempt).status is Status.EVALUATED


def test_a_batch_of_nothing_but_poison_is_reported_logged_and_no_error(
    deliver: Deliver, queue: Queue, logged: StringIO
) -> None:
    failed = deliver(Grader(), *POISON)

    assert failed == [f"m{index}" for index in range(len(POISON))]
    assert queue.hidden == {}
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert sorted(line["message_id"] for line in lines) == failed
    assert {line["level"] for line in lines} == {"ERROR"}


def test_an_error_that_nobody_foresaw_fails_its_message_alone_and_is_logged(
    deliver: Deliver, storage: Storage, session: Session, queue: Queue, logged: StringIO
) -> None:
    requests = [request_for(add(storage, session)[0]).to_json() for _ in range(2)]

    failed = deliver(Grader(KeyError("findings"), 70), *requests)

    assert len(failed) == 1
    assert queue.hidden == {}
    assert storage.sessions.get(USER, session.id).score_sum == 70
    assert "KeyError" in logged.getvalue()


def test_a_queue_that_cannot_be_told_to_wait_fails_that_message_alone(
    deliver: Deliver, storage: Storage, session: Session, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [request_for(add(storage, session)[0]).to_json() for _ in range(2)]

    def refuse(*_: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(queue, "delay", refuse)

    failed = deliver(Grader(EvaluationUnavailable("busy"), 70), *requests)

    assert len(failed) == 1
    assert storage.sessions.get(USER, session.id).scored_count == 1


def test_ten_answers_are_with_the_model_at_the_same_time(deliver: Deliver, storage: Storage, session: Session) -> None:
    requests = [request_for(add(storage, session)[0]).to_json() for _ in range(10)]
    with_the_model = 0
    all_there = asyncio.Event()

    async def together() -> int:
        nonlocal with_the_model
        with_the_model += 1
        if with_the_model == 10:
            all_there.set()
        await asyncio.wait_for(all_there.wait(), 60)
        return 50

    failed = deliver(Grader(together), *requests)

    assert failed == []
    assert storage.sessions.get(USER, session.id).score_sum == 500


def test_one_message_ten_times_in_a_batch_is_one_call(
    deliver: Deliver, storage: Storage, session: Session, attempt: Attempt, queue: Queue
) -> None:
    grader = Grader(73)

    failed = deliver(grader, *[request_for(attempt).to_json()] * 10)

    assert grader.calls == 1
    assert len(queue.hidden) == len(failed) < 10
    assert storage.sessions.get(USER, session.id).score_sum == 73


def test_a_batch_at_the_spend_limit_raises_the_alarm(
    deliver: Deliver, storage: Storage, clock: Clock, session: Session, queue: Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    storage.limits.trip_breaker(int(clock()) + 300)
    requests = [request_for(add(storage, session)[0]).to_json() for _ in range(3)]
    grader = Grader()

    failed = deliver(grader, *requests)

    assert failed == []  # a copy waits in the place of each
    assert (sorted(queue.sent), set(queue.delays)) == (sorted(requests), {300})
    assert grader.calls == 0
    assert metrics_in(capsys.readouterr().out)["SpendLimitReached"] == 3


def test_the_log_names_each_outcome_and_no_answer(
    deliver: Deliver, storage: Storage, session: Session, logged: StringIO
) -> None:
    requests = [request_for(add(storage, session)[0]).to_json() for _ in range(2)]

    deliver(Grader(73, EvaluationUnavailable("overloaded")), *requests)

    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert sorted(line["message"] for line in lines) == ["Later", "Worked"]
    assert {line["session"] for line in lines} == {session.id}
    assert "Drivers circle" not in logged.getvalue()


# Claude's evaluator, whose API is a stub


@pytest.fixture
def stub() -> Iterator[AnthropicStub]:
    with AnthropicStub() as stub:
        yield stub


def claude(stub: AnthropicStub, deadline_seconds: int = 30) -> Any:
    return configured(
        GraderSettings(
            evaluator="claude",
            anthropic_api_key="test-key",
            anthropic_base_url=stub.base_url,
            evaluation_deadline_seconds=deadline_seconds,
        )
    )


NOT_THE_API = ["html", "wrong-shape", "no-content", "no-usage", "truncated-body"]
LATER = ["429", "500", "503", "529", "hang", "drip=0.05", "reset", "401", "403", "404", "400-on-hold", *NOT_THE_API]
SLOW = ["hang", "drip=0.05"]
UNUSABLE = [
    "no-text",
    "odd-content",
    "truncated-json",
    "prose",
    "no-findings",
    "max-tokens",
    "context-window",
]
NEVER = ["refusal", "400", "413"]
NO_MONEY = ["402", "429-spend"]


@pytest.mark.parametrize("behaviour", LATER)
def test_what_claude_cannot_do_now_is_done_later(
    deliver: Deliver, storage: Storage, attempt: Attempt, queue: Queue, stub: AnthropicStub, behaviour: str
) -> None:
    stub.script(behaviour)
    message = request_for(attempt).to_json()

    failed = deliver(claude(stub, 1 if behaviour in SLOW else 30), message)
    asked = len(stub.requests)
    again = deliver(claude(stub), message)

    assert (failed, again) == (["m0"], [])
    assert 3 <= queue.hidden["r0"] <= 5
    assert (asked, len(stub.requests)) == (1, 2)
    assert now_of(storage, attempt).status is Status.EVALUATED


def test_claudes_retry_after_is_the_wait(deliver: Deliver, attempt: Attempt, queue: Queue, stub: AnthropicStub) -> None:
    stub.script("429=77")

    deliver(claude(stub), request_for(attempt).to_json())

    assert queue.hidden == {"r0": 77}


@pytest.mark.parametrize("behaviour", UNUSABLE)
def test_garbage_of_claudes_is_asked_for_once_more_and_then_a_failure(
    deliver: Deliver,
    storage: Storage,
    session: Session,
    attempt: Attempt,
    queue: Queue,
    stub: AnthropicStub,
    behaviour: str,
) -> None:
    stub.script(f"{behaviour}*2")
    message = request_for(attempt).to_json()

    first = deliver(claude(stub), message)
    second = deliver(claude(stub), message)

    assert (first, second) == (["m0"], [])
    assert 3 <= queue.hidden["r0"] <= 5
    assert len(stub.requests) == 2
    assert now_of(storage, attempt).failure == UNREADABLE
    assert storage.sessions.get(USER, session.id).failed_count == 1


@pytest.mark.parametrize("behaviour", NEVER)
def test_a_definite_no_of_claudes_is_a_failure_after_one_request(
    deliver: Deliver, storage: Storage, attempt: Attempt, queue: Queue, stub: AnthropicStub, behaviour: str
) -> None:
    stub.script(behaviour)

    failed = deliver(claude(stub), request_for(attempt).to_json())

    assert failed == []
    assert queue.hidden == {}
    assert len(stub.requests) == 1
    assert now_of(storage, attempt).status is Status.FAILED
    assert now_of(storage, attempt).failure


@pytest.mark.parametrize("behaviour", NO_MONEY)
def test_the_spend_limit_of_claudes_account_stops_the_next_batch_before_any_request(
    deliver: Deliver,
    storage: Storage,
    clock: Clock,
    session: Session,
    attempt: Attempt,
    queue: Queue,
    stub: AnthropicStub,
    behaviour: str,
) -> None:
    stub.script(behaviour)
    others = [request_for(add(storage, session)[0]).to_json() for _ in range(3)]

    message = request_for(attempt).to_json()
    deliver(claude(stub), message)
    failed = deliver(claude(stub), *others)

    assert len(stub.requests) == 1
    assert failed == []
    assert sorted(queue.sent) == sorted([message, *others])
    assert all(BREAKER_SECONDS - 1 <= seconds <= BREAKER_SECONDS for seconds in queue.delays)
    clock.advance(BREAKER_SECONDS)
    assert deliver(claude(stub), *others) == []


def test_a_batch_in_which_claude_does_everything_wrong_leaves_the_good_ones_unharmed(
    deliver: Deliver, storage: Storage, session: Session, queue: Queue, stub: AnthropicStub
) -> None:
    answers = [f"{ANSWER} [[stub:{what}]]" for what in ("529", "html", "hang", "reset", "refusal", "429=30")]
    bad = [request_for(add(storage, session, answer=answer)[0]).to_json() for answer in answers]
    good = [request_for(add(storage, session, answer=f"{ANSWER} {n}")[0]).to_json() for n in range(4)]

    failed = deliver(claude(stub, 3), *bad, *good)

    assert failed == ["m0", "m1", "m2", "m3", "m5"]
    assert queue.hidden["r5"] == 30
    stored = storage.sessions.get(USER, session.id)
    assert (stored.scored_count, stored.failed_count, stored.pending_count) == (4, 1, 5)
    assert len(stub.requests) == 10


def test_ten_answers_are_with_claude_at_the_same_time(deliver: Deliver, storage: Storage, session: Session) -> None:
    messages = [request_for(add(storage, session)[0]).to_json() for _ in range(10)]

    with AnthropicStub() as stub:
        stub.meeting = threading.Barrier(10, timeout=60)
        failed = deliver(claude(stub), *messages)

    assert failed == []
    assert stub.max_in_flight == 10


@pytest.mark.parametrize("behaviour", NOT_THE_API)
def test_what_is_no_reply_of_the_api_twice_within_seconds_is_no_failure(
    deliver: Deliver, storage: Storage, attempt: Attempt, stub: AnthropicStub, behaviour: str
) -> None:
    stub.script(f"{behaviour}*3")
    message = request_for(attempt).to_json()

    failed = [deliver(claude(stub), message) for _ in range(4)]

    assert failed == [["m0"], ["m0"], ["m0"], []]
    assert now_of(storage, attempt).status is Status.EVALUATED


# What was paid for


def replies(client: "DynamoDBClient") -> list[tuple[str, str, int, int, int]]:
    """The place of each reply on record, what it was good for, its tokens and what it cost."""
    items = [item for item in client.scan(TableName="coach")["Items"] if item["sk"]["S"].startswith("REPLY#")]
    return sorted(
        (
            item["sk"]["S"].split("#", 2)[2],
            item["outcome"]["S"],
            int(item["input_tokens"]["N"]),
            int(item["output_tokens"]["N"]),
            int(item["cost"]["N"]),
        )
        for item in items
    )


def test_every_reply_that_was_paid_for_is_on_record_with_its_cost(
    deliver: Deliver, storage: Storage, attempt: Attempt, stub: AnthropicStub, dynamodb: "DynamoDBClient"
) -> None:
    stub.script("prose", "max-tokens", "refusal", "ok")
    for _ in range(2):
        deliver(claude(stub), request_for(attempt).to_json())
    for _ in range(2):
        storage.evaluations.request(USER, attempt.session_id, attempt.id, ALLOWANCE)
        deliver(claude(stub), request_for(now_of(storage, attempt)).to_json())

    found = replies(dynamodb)

    outcomes = [(place, outcome) for place, outcome, *_ in found]
    assert outcomes == [
        ("000001#1#1", "unusable"),
        ("000001#1#2", "unusable"),
        ("000001#2#1", "refused"),
        ("000001#3#1", "evaluated"),
    ]
    assert all(tokens_in > 0 and cost > 0 for _, _, tokens_in, _, cost in found)


def test_a_reply_about_an_attempt_that_is_gone_leaves_nothing_behind(
    storage: Storage, clock: Clock, attempt: Attempt, dynamodb: "DynamoDBClient"
) -> None:
    async def deleted_meanwhile() -> int:
        for item in dynamodb.scan(TableName="coach")["Items"]:
            dynamodb.delete_item(TableName="coach", Key={name: item[name] for name in ("pk", "sk")})
        return 73

    outcome = work(storage, clock, Grader(deleted_meanwhile), attempt)

    assert outcome == "nothing to do"
    assert dynamodb.scan(TableName="coach")["Items"] == []
