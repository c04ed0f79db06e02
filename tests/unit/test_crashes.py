"""A process that dies at any point of what it does, or whose call is refused or unanswered, and what stands in the end.

Every operation is broken at each of its calls, in turn: right before the call is applied and right after, by a
transaction that holds the item, by a reply that is lost. Then whoever asked asks again: the client repeats its request,
the queue delivers its message once more.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from coach.errors import (
    Busy,
    CoachError,
    Conflict,
    EvaluationRefused,
    EvaluationUnavailable,
    QuotaUsedUp,
    Repeated,
    SpendLimitReached,
    UnusableReply,
)
from coach.model import Attempt, EvaluationRequest, Mode, Session, Status
from coach.storage import Storage
from coach.storage.evaluations import Lease
from coach.storage.limits import Allowance
from coach.worker import MAX_TRIES, UNUSABLE_LIMIT, NotNow, Worker
from tests.conftest import USER, create_table, template
from tests.unit import snapshots
from tests.unit.faults import (
    Crash,
    Fault,
    Faults,
    crash_after,
    crash_before,
    item_conflict,
    reply_lost,
    reply_lost_and_sent_again,
    transaction_conflict,
)
from tests.unit.given import (
    ANSWER,
    LEASE_SECONDS,
    MORE,
    PROBE,
    VISIBILITY_SECONDS,
    Clock,
    Grader,
    a_reply,
    a_session,
    a_user,
    add,
    an_evaluation,
    ask_again,
    attempts_of,
    former_scores,
    imbalances,
    request_for,
)
from tests.unit.schedules import no_sleep

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def storage(dynamodb: "DynamoDBClient", clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Storage:
    no_sleep(monkeypatch)
    return Storage(dynamodb, "coach", now=clock)


@dataclass
class Scene:
    """What an operation works on: a session, one attempt in it, a second session without any."""

    storage: Storage
    clock: Clock
    faults: Faults
    session: Session
    attempt: Attempt
    empty: Session
    client: "DynamoDBClient"
    grader: Grader = field(default_factory=Grader)

    def deliver(self) -> str:
        """The attempt's message reaches a worker."""
        worker = Worker(self.storage, self.grader, lease_seconds=LEASE_SECONDS, now=self.clock)
        return asyncio.run(worker.work(request_for(self.attempt)))

    def grade(self, *script: Any) -> None:
        """From here on the evaluator does this; its calls are calls at which faults strike."""
        self.grader = Grader(*script, around=lambda call: self.faults.around("model", call))

    def counts(self) -> tuple[int, int, int, int]:
        """Of the session, as it is stored: scored, their sum, failed, pending."""
        stored = self.storage.sessions.get(USER, self.session.id)
        return stored.scored_count, stored.score_sum, stored.failed_count, stored.pending_count

    def tries(self) -> int:
        """How many leases of the attempt's round were counted."""
        item = self.client.get_item(
            TableName="coach",
            Key={
                "pk": {"S": f"USER#{USER}"},
                "sk": {"S": f"SESSION#{self.session.id}#ATTEMPT#{self.attempt.id:06d}"},
            },
        )["Item"]
        return int(item.get("tries", {"N": "0"})["N"])


@pytest.fixture(scope="module")
def opening() -> dict[str, Any]:
    """How every scene opens, once it is known: the table, its sessions and the attempt."""
    return {}


@pytest.fixture
def scene(dynamodb: "DynamoDBClient", storage: Storage, clock: Clock, faults: Faults, opening: dict[str, Any]) -> Scene:
    if not opening:
        session, empty = (storage.sessions.create(a_session())[0] for _ in range(2))
        opening["attempt"] = add(storage, session)[0]
        opening |= {"session": session, "empty": empty, "table": snapshots.taken()}
    snapshots.restore(opening["table"])
    scene = Scene(storage, clock, faults, opening["session"], opening["attempt"], opening["empty"], dynamodb)
    scene.grade(73)
    faults.next()
    return scene


# One evaluation

REFUSAL = ["GetItem", "UpdateItem", "model", "TransactWriteItems"]
EVALUATION = [*REFUSAL, "TransactWriteItems"]  # what the reply cost goes on record before what was made of it
# Where it crashes: tries and paid calls when it is over.
CRASHES = [
    (0, crash_before, 1, 1),
    (0, crash_after, 1, 1),
    (1, crash_before, 1, 1),
    (1, crash_after, 2, 1),
    (2, crash_before, 2, 1),
    (2, crash_after, 2, 2),
    (3, crash_before, 2, 2),
    (3, crash_after, 2, 2),
    (4, crash_before, 2, 2),
    (4, crash_after, 1, 1),
]


def where(value: Any) -> str | None:
    return value.__name__ if callable(value) else None


def test_one_evaluation_makes_four_calls_beside_that_of_the_model(scene: Scene) -> None:
    outcome = scene.deliver()

    assert outcome == "evaluated"
    assert scene.faults.calls == EVALUATION


@pytest.mark.parametrize(("at", "crash", "tries", "paid"), CRASHES, ids=where)
def test_an_evaluation_that_crashes_anywhere_is_finished_by_the_next_delivery(
    scene: Scene, at: int, crash: Fault, tries: int, paid: int
) -> None:
    scene.faults.next(*[None] * at, crash)
    with pytest.raises(Crash):
        scene.deliver()
    scene.clock.advance(VISIBILITY_SECONDS)

    outcome = scene.deliver()

    assert outcome == ("nothing to do" if (at, crash) == (4, crash_after) else "evaluated")
    assert scene.counts() == (1, 73, 0, 0)
    assert imbalances(scene.client) == []
    assert (scene.tries(), scene.grader.calls) == (tries, paid)


@pytest.mark.parametrize("second", range(5))
@pytest.mark.parametrize("first", range(4))
def test_an_evaluation_that_crashes_twice_is_finished_by_the_third_delivery(
    scene: Scene, first: int, second: int
) -> None:
    for at in (first, second):
        scene.faults.next(*[None] * at, crash_after)
        with pytest.raises(Crash):
            scene.deliver()
        scene.clock.advance(VISIBILITY_SECONDS)

    scene.deliver()

    assert scene.counts() == (1, 73, 0, 0)
    assert imbalances(scene.client) == []
    assert scene.grader.calls <= 3


@pytest.mark.parametrize("at", range(len(EVALUATION)))
def test_a_delivery_before_the_crashed_ones_lease_is_over_comes_back_when_it_is(scene: Scene, at: int) -> None:
    scene.faults.next(*[None] * at, crash_before)
    with pytest.raises(Crash):
        scene.deliver()
    scene.clock.advance(0.7)
    taken = scene.tries() > 0

    try:
        outcome = scene.deliver()
    except NotNow as later:
        assert taken
        scene.clock.advance(later.seconds)
        outcome = scene.deliver()

    assert outcome == "evaluated"
    assert scene.tries() == 1 + taken


def test_crashes_after_each_answer_are_paid_for_eight_times_and_then_given_up(scene: Scene) -> None:
    receives = template()["Resources"]["EvaluationQueue"]["Properties"]["RedrivePolicy"]["maxReceiveCount"]
    for _ in range(MAX_TRIES):
        scene.faults.next(None, None, crash_after)
        with pytest.raises(Crash):
            scene.deliver()
        scene.clock.advance(VISIBILITY_SECONDS)
    for _ in range(receives - MAX_TRIES):
        with pytest.raises(NotNow, match="tries are used up"):
            scene.deliver()

    given_up = scene.storage.evaluations.give_up(request_for(scene.attempt), "Too many tries")

    assert given_up
    assert scene.grader.calls == MAX_TRIES == 8
    assert scene.counts() == (0, 0, 1, 0)


def test_who_asks_again_after_a_giving_up_has_all_tries_again(scene: Scene) -> None:
    scene.grade(EvaluationUnavailable("overloaded"))
    for _ in range(MAX_TRIES + 1):
        with pytest.raises(NotNow):
            scene.deliver()
    scene.storage.evaluations.give_up(request_for(scene.attempt), "Too many tries")
    ask_again(scene.storage, scene.session, scene.attempt.id)
    scene.attempt = scene.storage.attempts.get(USER, scene.session.id, scene.attempt.id)

    scene.grade(EvaluationUnavailable("overloaded"), *[EvaluationUnavailable("overloaded")] * (MAX_TRIES - 2), 80)
    for _ in range(MAX_TRIES - 1):
        with pytest.raises(NotNow):
            scene.deliver()
    outcome = scene.deliver()

    assert outcome == "evaluated"
    assert scene.counts() == (1, 80, 0, 0)


# Every operation, broken at every call


@dataclass(frozen=True)
class Operation:
    """What somebody asks for and may ask for again, the calls that it makes, and what must hold in the end.

    `free` are the places of calls whose item is never part of a transaction, and so never held by one.
    """

    name: str
    calls: list[str]
    run: Callable[[Scene], Any]
    holds: Callable[[Scene], bool]
    prepare: Callable[[Scene], Any] = lambda _: None
    free: tuple[int, ...] = ()


NEW_SESSION = a_session(timer_minutes=10)
NEW_EXAM = a_session(mode=Mode.EXAM)
NEW_USER = a_user()


def deliver_until_settled() -> Callable[[Scene], None]:
    """Delivers a message as the queue does, until a worker has nothing to say against it."""

    def run(scene: Scene) -> None:
        for _ in range(12):
            try:
                scene.deliver()
            except NotNow as later:
                scene.clock.advance(later.seconds)
            else:
                return

    return run


def graded(*script: Any) -> Callable[[Scene], None]:
    return lambda scene: scene.grade(*script)


def has_one_attempt(scene: Scene) -> bool:
    return [attempt.id for attempt in attempts_of(scene.storage, scene.empty)] == [1]


def has_an_exam_that_goes_on(scene: Scene) -> None:
    exam, _ = scene.storage.sessions.create(NEW_EXAM)
    add(scene.storage, exam)


def has_ended_the_exam(scene: Scene) -> bool:
    ended = scene.storage.sessions.get(USER, NEW_EXAM.id).ended_at is not None
    return ended and not scene.storage.histories.open_exams(USER)


def is_evaluated(scene: Scene) -> bool:
    return scene.counts() == (1, 73, 0, 0)


def has_failed(scene: Scene) -> bool:
    return scene.counts() == (0, 0, 1, 0)


def is_asked_for_again(scene: Scene) -> bool:
    attempt = scene.storage.attempts.get(USER, scene.session.id, scene.attempt.id)
    return (attempt.round, attempt.status) == (2, Status.PENDING) and scene.counts() == (0, 0, 0, 1)


def asked_once_more(*script: Any) -> Callable[[Scene], None]:
    """The scene's attempt has 5.0 and is on its way to another evaluation, by an evaluator that does this."""

    def prepare(scene: Scene) -> None:
        ask_once_more(scene)
        scene.grade(*script)

    return prepare


def ask_once_more(scene: Scene) -> None:
    scene.storage.evaluations.record(scene.attempt, an_evaluation(50))
    scene.storage.evaluations.request_reevaluation(scene.storage.attempts.get(USER, scene.session.id, 1))
    scene.attempt = scene.storage.attempts.get(USER, scene.session.id, 1)


def read_evaluated(scene: Scene) -> None:
    scene.storage.evaluations.record(scene.attempt, an_evaluation(50))
    scene.attempt = scene.storage.attempts.get(USER, scene.session.id, 1)


def is_asked_for_once_more(scene: Scene) -> bool:
    attempt = scene.storage.attempts.get(USER, scene.session.id, 1)
    return (attempt.round, bool(attempt.reevaluating)) == (2, True) and scene.counts() == (1, 50, 0, 0)


def is_evaluated_once_more(scene: Scene) -> bool:
    return is_evaluated(scene) and former_scores(scene.client) == {(1, 1): 50}


def is_as_it_was(scene: Scene) -> bool:
    attempt = scene.storage.attempts.get(USER, scene.session.id, 1)
    return scene.counts() == (1, 50, 0, 0) and not attempt.reevaluating and bool(attempt.reevaluation_failure)


def ask_on(scene: Scene) -> None:
    """The scene's attempt asks something, and nobody has answered."""
    scene.storage.evaluations.record(scene.attempt, an_evaluation(50, PROBE))


def ask_on_and_answer(scene: Scene) -> None:
    """What is worked on from here is the follow-up."""
    ask_on(scene)
    scene.attempt = add(scene.storage, scene.session, answer=MORE[0], follow_up_to=1)[0]


def ask_on_and_refuse(scene: Scene) -> None:
    ask_on_and_answer(scene)
    scene.grade(EvaluationRefused("Claude declined"))


def follow_up(scene: Scene) -> Any:
    return add(scene.storage, scene.session, answer=MORE[0], key="k", follow_up_to=1)


def has_one_follow_up(scene: Scene) -> bool:
    asking, *others = attempts_of(scene.storage, scene.session)
    stored = scene.storage.sessions.get(USER, scene.session.id)
    return (
        [(each.follow_up_to, each.probe) for each in others] == [(1, PROBE)]
        and asking.answered == PROBE
        and (stored.questions_count, stored.pending_count) == (1, 1)
    )


def follow_up_is_evaluated(scene: Scene) -> bool:
    stored = scene.storage.sessions.get(USER, scene.session.id)
    return scene.counts() == (1, 50, 0, 0) and stored.follow_ups_scored_count == 1


def is_registered(scene: Scene) -> bool:
    credentials = scene.storage.accounts.credentials(NEW_USER.email or "")
    return credentials is not None and scene.storage.accounts.user(credentials.user_id) == NEW_USER


OPERATIONS = [
    Operation(
        "add_attempt",
        ["BatchGetItem", "TransactWriteItems"],
        lambda scene: add(scene.storage, scene.empty, key="k"),
        has_one_attempt,
    ),
    Operation("follow_up", ["BatchGetItem", "TransactWriteItems"], follow_up, has_one_follow_up, ask_on),
    Operation(
        "evaluate_follow_up",
        ["GetItem", "UpdateItem", "GetItem", "model", "TransactWriteItems", "TransactWriteItems"],
        deliver_until_settled(),
        follow_up_is_evaluated,
        ask_on_and_answer,
    ),
    Operation(
        "refuse_follow_up",
        ["GetItem", "UpdateItem", "GetItem", "model", "TransactWriteItems"],
        deliver_until_settled(),
        lambda scene: scene.counts() == (1, 50, 1, 0),
        ask_on_and_refuse,
    ),
    Operation(
        "create_session",
        ["TransactWriteItems"],
        lambda scene: scene.storage.sessions.create(NEW_SESSION),
        lambda scene: scene.storage.sessions.get(USER, NEW_SESSION.id) == NEW_SESSION,
    ),
    Operation(
        "end_session",
        ["UpdateItem"],
        lambda scene: scene.storage.sessions.end(USER, scene.session.id),
        lambda scene: scene.storage.sessions.get(USER, scene.session.id).ended_at is not None,
    ),
    Operation(
        "end_exam",
        ["UpdateItem", "UpdateItem"],
        lambda scene: scene.storage.sessions.end(USER, NEW_EXAM.id),
        has_ended_the_exam,
        has_an_exam_that_goes_on,
    ),
    Operation(
        "request_evaluation",
        ["BatchGetItem", "TransactWriteItems"],
        lambda scene: ask_again(scene.storage, scene.session),
        is_asked_for_again,
        lambda scene: scene.storage.evaluations.fail(scene.attempt, "Claude declined"),
    ),
    Operation(
        "give_up",
        ["GetItem", "TransactWriteItems"],
        lambda scene: scene.storage.evaluations.give_up(request_for(scene.attempt), "Too many tries"),
        has_failed,
    ),
    Operation(
        "register",
        ["TransactWriteItems"],
        lambda scene: scene.storage.accounts.register(NEW_USER, "hash"),
        is_registered,
    ),
    Operation("evaluate", EVALUATION, deliver_until_settled(), is_evaluated),
    Operation(
        "refuse",
        REFUSAL,
        deliver_until_settled(),
        has_failed,
        graded(EvaluationRefused("Claude declined")),
    ),
    Operation(
        "try_twice",
        ["GetItem", "UpdateItem", "model", "UpdateItem", *EVALUATION],
        deliver_until_settled(),
        is_evaluated,
        graded(EvaluationUnavailable("overloaded"), 73),
    ),
    Operation(
        "reach_the_spend_limit",
        [
            *(
                "GetItem",
                "UpdateItem",
                "model",
                "PutItem",
                "UpdateItem",
            ),  # the breaker is tripped, the lease given back
            *("GetItem", "UpdateItem", "UpdateItem", "model"),  # the lease is taken, and the probe
            *("TransactWriteItems", "DeleteItem", "TransactWriteItems"),
        ],
        deliver_until_settled(),
        is_evaluated,
        graded(SpendLimitReached("spend limit"), 73),
        free=(3, 7),
    ),
    Operation(
        "request_reevaluation",
        ["UpdateItem"],
        lambda scene: scene.storage.evaluations.request_reevaluation(scene.attempt),
        is_asked_for_once_more,
        read_evaluated,
    ),
    Operation("evaluate_once_more", EVALUATION, deliver_until_settled(), is_evaluated_once_more, ask_once_more),
    Operation(
        "refuse_once_more",
        REFUSAL,
        deliver_until_settled(),
        is_as_it_was,
        asked_once_more(EvaluationRefused("Claude declined")),
    ),
    Operation(
        "try_twice_once_more",
        ["GetItem", "UpdateItem", "model", "UpdateItem", *EVALUATION],
        deliver_until_settled(),
        is_evaluated_once_more,
        asked_once_more(EvaluationUnavailable("overloaded"), 73),
    ),
    Operation(
        "give_up_once_more",
        ["GetItem", "TransactWriteItems"],
        lambda scene: scene.storage.evaluations.give_up(request_for(scene.attempt), "Too many tries"),
        is_as_it_was,
        ask_once_more,
    ),
    Operation(
        "fail_for_two_unusable_replies",
        ["GetItem", "UpdateItem", "model", "TransactWriteItems", "UpdateItem", *EVALUATION],
        deliver_until_settled(),
        has_failed,
        graded(UnusableReply("no JSON", a_reply())),
    ),
]


FAULTS = (crash_before, crash_after, reply_lost, reply_lost_and_sent_again, transaction_conflict, item_conflict)


def boundaries(*faults: Fault) -> Iterator[Any]:
    """Each operation at each of its calls with each fault (of these, or of all) that can strike there."""
    for operation in OPERATIONS:
        for at, call in enumerate(operation.calls):
            for fault in faults or FAULTS:
                if strikes(fault, call) and not (at in operation.free and fault is item_conflict):
                    name = f"{operation.name}-{at}-{call}-{fault.__name__}"
                    yield pytest.param(operation, at, fault, id=name)


def strikes(fault: Fault, call: str) -> bool:
    """Nothing refuses a read; the model's calls are broken in other tests."""
    if fault is transaction_conflict:
        return call == "TransactWriteItems"
    if fault is item_conflict:
        return call in ("PutItem", "UpdateItem")
    return call != "model" or fault in (crash_before, crash_after)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_an_operation_makes_these_calls(scene: Scene, operation: Operation) -> None:
    operation.prepare(scene)
    scene.faults.next()

    operation.run(scene)

    assert scene.faults.calls == operation.calls
    assert operation.holds(scene)


@pytest.mark.parametrize(("operation", "at", "fault"), list(boundaries()))
def test_an_operation_broken_at_any_call_and_asked_for_again_is_done_once(
    scene: Scene, operation: Operation, at: int, fault: Fault
) -> None:
    operation.prepare(scene)
    scene.faults.next(*[None] * at, fault)

    try:
        operation.run(scene)
    except (Crash, Busy):
        assert imbalances(scene.client) == []
        scene.clock.advance(VISIBILITY_SECONDS)
        operation.run(scene)

    assert operation.holds(scene)
    assert imbalances(scene.client) == []


@pytest.mark.parametrize(("operation", "at", "fault"), list(boundaries(reply_lost_and_sent_again)))
def test_a_lost_reply_costs_no_further_call(scene: Scene, operation: Operation, at: int, fault: Fault) -> None:
    operation.prepare(scene)
    scene.faults.next(*[None] * at, fault)

    operation.run(scene)

    assert scene.faults.calls == operation.calls


@pytest.mark.parametrize(("operation", "at", "fault"), list(boundaries(transaction_conflict, item_conflict)))
def test_a_conflict_costs_one_further_call(scene: Scene, operation: Operation, at: int, fault: Fault) -> None:
    operation.prepare(scene)
    scene.faults.next(*[None] * at, fault)

    operation.run(scene)

    assert scene.faults.calls == [*operation.calls[: at + 1], *operation.calls[at:]]


# A whole life


@dataclass
class Expected:
    """What the model says of one attempt."""

    round: int = 1
    status: Status = Status.PENDING
    score: int = 0
    tries: int = 0
    unusable: int = 0
    holder: object = None
    held_until: float = 0
    reevaluating: bool = False
    evaluation_round: int = 0
    asked_at: float = 0
    former: dict[int, int] = field(default_factory=dict)
    follow_up_to: int | None = None
    asks: bool = False
    answered: bool = False

    @property
    def is_open(self) -> bool:
        return self.status is Status.PENDING or self.reevaluating

    def evaluated(self, score: int, *, asks: bool) -> None:
        self.asks = asks
        if self.reevaluating:
            self.former[self.evaluation_round] = self.score
        self.status, self.score, self.evaluation_round, self.reevaluating = Status.EVALUATED, score, self.round, False

    def failed(self) -> None:
        self.status = Status.EVALUATED if self.reevaluating else Status.FAILED
        self.reevaluating = False


@dataclass
class Work:
    """What a slow worker has in its hands, and whose name the lease bears in the model."""

    lease: Lease
    attempt: Expected
    round: int


ANSWERS = st.sampled_from([ANSWER, f"{ANSWER} And a price."])
OUTCOMES = st.one_of(
    st.integers(10, 100),
    st.sampled_from(
        [
            EvaluationRefused("Claude declined"),
            UnusableReply("no JSON", a_reply()),
            EvaluationUnavailable("overloaded"),
            Crash(),
        ]
    ),
)
LIMIT = 5  # few, so that what happens meets
LIFE_FAULTS = st.sampled_from([None, reply_lost_and_sent_again, transaction_conflict])


class SessionLife(RuleBasedStateMachine):
    """An exam that everybody talks to: its owner, whose client repeats itself; a queue that never forgets a message
    and delivers any of them any time; workers that crash and workers that finish late; the dead-letter queue.

    Beside it runs a model of a dozen lines, and after every step the books must agree.
    """

    def __init__(self, client: "DynamoDBClient", faults: Faults) -> None:
        super().__init__()
        faults.next()
        create_table(client)
        snapshots.restore(snapshots.taken())
        self.client = client
        self.faults = faults
        self.clock = Clock()
        self.storage = Storage(client, "coach", now=self.clock)
        self.session = self.storage.sessions.create(a_session(mode=Mode.EXAM))[0]
        self.ended = False
        self.attempts: list[Expected] = []
        self.counted = 0
        self.keys: dict[str, tuple[int, str]] = {}
        self.messages: list[EvaluationRequest] = []
        self.works: list[Work] = []
        self.add(None, ANSWER, None)

    def teardown(self) -> None:
        self.faults.next()
        self.client.delete_table(TableName="coach")

    @rule(key=st.sampled_from([None, "a", "b"]), answer=ANSWERS, fault=LIFE_FAULTS)
    def add(self, key: str | None, answer: str, fault: Fault | None) -> None:
        self.faults.next_of("TransactWriteItems", fault)
        known = self.keys.get(key) if key else None
        expected: Any = len(self.attempts) + 1, True
        if known:
            expected = (known[0], False) if known[1] == answer else Repeated
        elif self.ended:
            expected = Conflict
        elif self.counted >= LIMIT:
            expected = QuotaUsedUp

        outcome: Any
        try:
            attempt, new = add(self.storage, self.session, key=key, answer=answer, limit=LIMIT)
            outcome = attempt.id, new
        except CoachError as refused:
            outcome = type(refused)

        assert outcome == expected
        if outcome == (len(self.attempts) + 1, True):
            self.counted += 1
            self.attempts.append(Expected(asked_at=self.clock()))
            self.messages.append(request_for(attempt))
            if key:
                self.keys[key] = attempt.id, answer

    @rule(data=st.data(), fault=LIFE_FAULTS)
    def follow_up(self, data: st.DataObject, fault: Fault | None) -> None:
        number = data.draw(st.integers(1, len(self.attempts)))
        asking = self.attempts[number - 1]
        self.faults.next_of("TransactWriteItems", fault)
        can_be_answered = asking.status is Status.EVALUATED and asking.asks and not asking.answered
        expected: Any = len(self.attempts) + 1
        if self.ended or not can_be_answered:
            expected = Conflict
        elif self.counted >= LIMIT:
            expected = QuotaUsedUp

        outcome: Any
        try:
            text = MORE[len(self.attempts)]
            attempt, _ = add(self.storage, self.session, answer=text, limit=LIMIT, follow_up_to=number)
            outcome = attempt.id
        except CoachError as refused:
            outcome = type(refused)

        assert outcome == expected
        if outcome == len(self.attempts) + 1:
            self.counted += 1
            asking.answered = True
            self.attempts.append(Expected(asked_at=self.clock(), follow_up_to=number))
            self.messages.append(request_for(attempt))

    @rule()
    def end(self) -> None:
        before = self.storage.sessions.get(USER, self.session.id).ended_at

        ended = self.storage.sessions.end(USER, self.session.id)

        assert ended.ended_at
        assert before in (None, ended.ended_at)
        self.ended = True

    @precondition(lambda self: any(attempt.holder for attempt in self.attempts))
    @rule()
    def a_leases_time_passes(self) -> None:
        self.clock.advance(LEASE_SECONDS)

    @precondition(lambda self: self.messages)
    @rule(data=st.data(), outcome=OUTCOMES, fault=LIFE_FAULTS)
    def deliver(self, data: st.DataObject, outcome: Any, fault: Fault | None) -> None:
        message, attempt = self.some_message(data)
        grader = Grader(outcome, asks=PROBE)
        worker = Worker(self.storage, grader, lease_seconds=LEASE_SECONDS, now=self.clock)
        at = data.draw(st.integers(0, 1))  # a reply goes on record before what is made of it
        self.faults.next_of("TransactWriteItems", fault, skip=at)
        expected, calls = self.work(message, attempt, outcome)
        if fault is reply_lost_and_sent_again and expected == "evaluated" and at == 1:
            expected = "nothing to do"  # the first reply was lost, and the second says that it was written before

        try:
            came_of_it: Any = asyncio.run(worker.work(message))
        except (NotNow, Crash) as error:
            came_of_it = type(error)

        assert came_of_it == expected
        assert grader.calls == calls

    def work(self, message: EvaluationRequest, attempt: Expected, outcome: Any) -> tuple[Any, int]:
        """What one delivery does to the model: (what comes of it, the calls that are paid for)."""
        if not attempt.is_open or attempt.round != message.round:
            return "nothing to do", 0
        if attempt.holder and attempt.held_until > int(self.clock()):
            return NotNow, 0
        attempt.tries += 1
        attempt.holder = None
        if attempt.tries > MAX_TRIES:
            return NotNow, 0
        if isinstance(outcome, int):
            attempt.evaluated(outcome, asks=True)
            return "evaluated", 1
        if isinstance(outcome, Crash):
            attempt.holder, attempt.held_until = outcome, int(self.clock()) + LEASE_SECONDS
            return Crash, 1
        attempt.unusable += isinstance(outcome, UnusableReply)
        if isinstance(outcome, EvaluationRefused) or (
            isinstance(outcome, UnusableReply) and attempt.unusable >= UNUSABLE_LIMIT
        ):
            attempt.failed()
            return "failed", 1
        return NotNow, 1

    @precondition(lambda self: self.messages)
    @rule(data=st.data())
    def a_slow_worker_begins(self, data: st.DataObject) -> None:
        message, attempt = self.some_message(data)
        free = (
            attempt.is_open
            and attempt.round == message.round
            and not (attempt.holder and attempt.held_until > int(self.clock()))
        )

        lease = self.storage.evaluations.take_lease(message, seconds=LEASE_SECONDS)

        assert isinstance(lease, Lease) is free
        if isinstance(lease, Lease):
            attempt.tries += 1
            work = Work(lease, attempt, attempt.round)
            attempt.holder, attempt.held_until = work, int(self.clock()) + LEASE_SECONDS
            assert (lease.tries, lease.unusable) == (attempt.tries, attempt.unusable)
            self.works.append(work)

    @precondition(lambda self: self.works)
    @rule(data=st.data(), outcome=st.sampled_from([33, "fail", "release", "unusable"]))
    def a_slow_worker_finishes(self, data: st.DataObject, outcome: int | str) -> None:
        work = self.works.pop(data.draw(st.integers(0, len(self.works) - 1)))
        attempt, stored = work.attempt, work.lease.attempt
        counts = attempt.is_open and attempt.round == work.round

        if isinstance(outcome, int):
            assert self.storage.evaluations.record(stored, an_evaluation(outcome)) is counts
            if counts:
                attempt.evaluated(outcome, asks=False)
        elif outcome == "fail":
            assert self.storage.evaluations.fail(stored, "Claude declined") is counts
            if counts:
                attempt.failed()
        else:
            self.storage.evaluations.release_lease(work.lease, unusable=outcome == "unusable")
            if attempt.holder is work:
                attempt.unusable += outcome == "unusable"
                attempt.holder = None

    @precondition(lambda self: self.messages)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        message, attempt = self.some_message(data)
        counts = attempt.is_open and attempt.round == message.round

        assert self.storage.evaluations.give_up(message, "Too many tries") is counts

        if counts:
            attempt.failed()

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), fault=LIFE_FAULTS)
    def ask_again(self, data: st.DataObject, fault: Fault | None) -> None:
        number = data.draw(st.integers(1, len(self.attempts)))
        attempt = self.attempts[number - 1]
        self.faults.next_of("TransactWriteItems", fault)
        is_held = attempt.holder is not None and attempt.held_until > int(self.clock())
        is_lost = attempt.status is Status.PENDING and not is_held and self.clock() - attempt.asked_at >= 3600
        starts = attempt.status is Status.FAILED or is_lost
        expected: Any = starts
        if attempt.status is Status.EVALUATED:
            expected = Conflict
        elif starts and self.counted >= LIMIT:
            expected = QuotaUsedUp

        outcome: Any
        try:
            outcome = ask_again(self.storage, self.session, number, Allowance(LIMIT))
        except CoachError as refused:
            outcome = type(refused)

        assert outcome == expected
        if outcome is True:
            self.counted += 1
            attempt.__init__(  # type: ignore[misc]
                round=attempt.round + 1, asked_at=self.clock(), follow_up_to=attempt.follow_up_to
            )
            self.messages.append(request_for(self.storage.attempts.get(USER, self.session.id, number)))

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), fault=st.sampled_from([None, reply_lost_and_sent_again, item_conflict]))
    def ask_once_more(self, data: st.DataObject, fault: Fault | None) -> None:
        number = data.draw(st.integers(1, len(self.attempts)))
        attempt = self.attempts[number - 1]
        read = self.storage.attempts.get(USER, self.session.id, number)
        self.faults.next_of("UpdateItem", fault)

        asked = self.storage.evaluations.request_reevaluation(read)

        assert asked is (attempt.status is Status.EVALUATED)
        if asked and not attempt.reevaluating:
            attempt.round, attempt.reevaluating = attempt.round + 1, True
            attempt.tries, attempt.unusable, attempt.holder = 0, 0, None
            self.messages.append(request_for(self.storage.attempts.get(USER, self.session.id, number)))

    def some_message(self, data: st.DataObject) -> tuple[EvaluationRequest, Expected]:
        message = data.draw(st.sampled_from(self.messages))
        return message, self.attempts[message.attempt_id - 1]

    @invariant()
    def the_books_agree(self) -> None:
        self.faults.next()
        session = self.storage.sessions.get(USER, self.session.id)
        evaluated = [attempt for attempt in self.attempts if attempt.status is Status.EVALUATED]
        scores = [attempt.score for attempt in evaluated if attempt.follow_up_to is None]
        assert session.questions_count == sum(attempt.follow_up_to is None for attempt in self.attempts)
        assert session.attempts_count == len(self.attempts)
        assert session.pending_count == sum(attempt.status is Status.PENDING for attempt in self.attempts)
        assert (session.scored_count, session.score_sum) == (len(scores), sum(scores))
        assert (session.ended_at is not None) is self.ended
        attempts = attempts_of(self.storage, self.session)
        assert {attempt.withheld for attempt in attempts} == {not self.ended}
        assert self.storage.histories.open_exams(USER) == ({} if self.ended else {self.session.id: {1}})
        assert bool(session.avg_score) is (self.ended and bool(scores))
        assert [
            (attempt.id, attempt.round, attempt.status, attempt.evaluation.overall if attempt.evaluation else 0)
            for attempt in attempts
        ] == [(n, expected.round, expected.status, expected.score) for n, expected in enumerate(self.attempts, 1)]
        assert former_scores(self.client) == {
            (n, round_): score
            for n, expected in enumerate(self.attempts, 1)
            for round_, score in expected.former.items()
        }


def test_a_session_keeps_its_books_whatever_happens_to_it(
    moto: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    no_sleep(monkeypatch)
    faults = Faults(moto, monkeypatch)

    class Life(SessionLife):
        def __init__(self) -> None:
            super().__init__(moto, faults)

    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=10,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes here
        ),
    )
