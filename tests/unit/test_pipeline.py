"""From the table's stream to the queue, to the worker, to the dead letters: what is let through, what comes again, and
whether the template's numbers hold together."""

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.stub import Stubber

from coach import aws
from coach.aws import EvaluationQueue
from coach.errors import EvaluationRefused, EvaluationUnavailable, SpendLimitReached
from coach.model import Attempt, EvaluationRequest, Session, Status
from coach.settings import GraderSettings
from coach.storage import Storage, keys
from coach.storage.attempts import evaluation_request
from coach.storage.deletions import begun
from coach.storage.dynamo import WRITE_DEADLINE_SECONDS
from coach.storage.evaluations import Lease
from coach.worker import MAX_DELAY_SECONDS, MAX_TRIES, NotNow, Worker
from functions.evaluate_attempt import app as evaluate_attempt
from functions.give_up_attempt import app as give_up_attempt
from functions.queue_evaluation import app as queue_evaluation
from functions.sweep_deleted import app as sweep_deleted
from local import example
from tests.conftest import USER, template
from tests.unit import events
from tests.unit.given import (
    LEASE_SECONDS,
    VISIBILITY_SECONDS,
    Grader,
    Queue,
    a_session,
    a_user,
    add,
    an_evaluation,
    ask_again,
    metrics_in,
    owned_by,
    recounted,
    request_for,
    sqs_event,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RESOURCES: dict[str, Any] = template()["Resources"]
GLOBALS: dict[str, Any] = template()["Globals"]["Function"]


@pytest.fixture
def queue(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Queue:
    """The functions' queue; their table is the test's."""
    queue = Queue()
    monkeypatch.setattr(aws, "storage", lambda: storage)
    monkeypatch.setattr(aws, "evaluation_queue", lambda: queue)
    return queue


# The stream


class Stream:
    """The records of the table's stream, each once, and the filter of the template between it and the function."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self._arn = client.describe_table(TableName="coach")["Table"]["LatestStreamArn"]
        # The address that moto answers at; botocore has another one since 1.43.
        self._client: Any = boto3.client(
            "dynamodbstreams", endpoint_url="https://streams.dynamodb.us-east-1.amazonaws.com"
        )
        self._seen = 0

    def records(self) -> list[dict[str, Any]]:
        """Those that have come since the last time."""
        (shard,) = self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"]
        iterator = self._client.get_shard_iterator(
            StreamArn=self._arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        records: list[dict[str, Any]] = self._client.get_records(ShardIterator=iterator)["Records"][self._seen :]
        self._seen += len(records)
        return records

    def let_through(self, function: str = "QueueEvaluation") -> list[dict[str, Any]]:
        [mapping] = RESOURCES[function]["Properties"]["Events"].values()
        patterns = [json.loads(each["Pattern"]) for each in mapping["Properties"]["FilterCriteria"]["Filters"]]
        return [record for record in self.records() if any(matches(pattern, record) for pattern in patterns)]


def matches(pattern: Any, record: Any) -> bool:
    """Lambda's event filter, as far as the template uses it: objects of lists of the strings that are let through, or
    of the demand that there be something."""
    for name, rule in pattern.items():
        if isinstance(rule, dict):
            if not matches(rule, record.get(name, {})):
                return False
            continue
        if rule == [{"exists": True}]:
            if name not in record:
                return False
            continue
        assert all(isinstance(value, str) for value in rule), "a rule that this matcher does not know"
        if record.get(name) not in rule:
            return False
    return True


@pytest.fixture
def stream(dynamodb: "DynamoDBClient", storage: Storage, session: Session) -> Stream:
    """Behind the making of the table and the session."""
    assert storage.sessions.get(USER, session.id) == session
    stream = Stream(dynamodb)
    stream.records()
    return stream


@pytest.mark.parametrize("function", example.BEFORE)
def test_the_example_of_make_invoke_is_left_to_the_function_that_is_invoked(
    stream: Stream, storage: Storage, function: str
) -> None:
    example.prepare(storage, function)

    assert stream.let_through() == []


@pytest.mark.parametrize(
    ("pattern", "record", "expected"),
    [
        ({"a": ["x", "y"]}, {"a": "y"}, True),
        ({"a": ["x"]}, {"a": "y"}, False),
        ({"a": ["x"]}, {}, False),
        ({"a": {"b": ["x"]}}, {"a": {"b": "x", "c": "z"}}, True),
        ({"a": {"b": ["x"]}}, {"c": "x"}, False),
        ({"a": ["x"], "b": ["y"]}, {"a": "x", "b": "z"}, False),
        ({"a": {"b": [{"exists": True}]}}, {"a": {"b": "x"}}, True),
        ({"a": {"b": [{"exists": True}]}}, {"a": {"c": "x"}}, False),
        ({"a": {"b": [{"exists": True}]}}, {}, False),
    ],
)
def test_the_matcher_matches_as_lambda_does(pattern: Any, record: Any, expected: bool) -> None:
    assert matches(pattern, record) is expected


def test_an_answer_is_let_through_and_nothing_that_is_written_with_it(
    stream: Stream, storage: Storage, session: Session
) -> None:
    attempt, _ = add(storage, session, key="k")

    records = stream.let_through()

    assert [queue_request(record) for record in records] == [request_for(attempt)]


def queue_request(record: dict[str, Any]) -> EvaluationRequest:
    return evaluation_request(record["dynamodb"]["NewImage"])


def take(storage: Storage, session: Session) -> Lease:
    lease = storage.evaluations.take_lease(
        request_for(storage.attempts.get(USER, session.id, 1)), seconds=LEASE_SECONDS
    )
    assert isinstance(lease, Lease)
    return lease


def stored(storage: Storage, session: Session) -> Attempt:
    return storage.attempts.get(USER, session.id, 1)


def once_more(storage: Storage, session: Session) -> Attempt:
    """The first attempt, evaluated and asked for once more."""
    storage.evaluations.record(stored(storage, session), an_evaluation(50))
    assert storage.evaluations.request_reevaluation(stored(storage, session))
    return stored(storage, session)


def evaluated_once_more(storage: Storage, session: Session) -> None:
    once_more(storage, session)
    storage.evaluations.release_lease(take(storage, session), unusable=True)
    assert storage.evaluations.record(take(storage, session).attempt, an_evaluation(80))


# What is written to the table after an answer has been stored, and whether the answer has to be queued for it.
WRITES: dict[str, tuple[Callable[[Storage, Session], Any], int]] = {
    "a session is made": (lambda storage, _: storage.sessions.create(a_session()), 0),
    "the session ends": (lambda storage, session: storage.sessions.end(USER, session.id), 0),
    "an account is made": (lambda storage, _: storage.accounts.register(a_user(), "hash"), 0),
    "the breaker trips": (lambda storage, _: storage.limits.trip_breaker(2_000_000_000), 0),
    "a lease is taken": (take, 0),
    "a lease is given back": (
        lambda storage, session: storage.evaluations.release_lease(take(storage, session), unusable=True),
        0,
    ),
    "it is evaluated": (
        lambda storage, s: storage.evaluations.record(storage.attempts.get(USER, s.id, 1), an_evaluation()),
        0,
    ),
    "it fails": (
        lambda storage, session: storage.evaluations.fail(storage.attempts.get(USER, session.id, 1), "Claude declined"),
        0,
    ),
    "the same request comes again": (lambda storage, session: add(storage, session, key="k"), 0),
    "another answer is stored": (lambda storage, session: add(storage, session), 1),
    "it fails and is asked for again": (
        lambda storage, session: (
            storage.evaluations.fail(storage.attempts.get(USER, session.id, 1), "Claude declined"),
            ask_again(storage, session),
        ),
        1,
    ),
    "it is evaluated and asked for once more": (lambda storage, session: once_more(storage, session), 1),
    "it is asked for once more by two at the same time": (
        lambda storage, session: storage.evaluations.request_reevaluation(once_more(storage, session)),
        1,
    ),
    "it is evaluated once more at the second try": (lambda storage, session: evaluated_once_more(storage, session), 1),
    "it is asked for once more and nothing comes of it": (
        lambda storage, session: storage.evaluations.fail(once_more(storage, session), "Claude declined"),
        1,
    ),
    "it is asked for again while it is pending": (
        lambda storage, session: ask_again(storage, session),
        0,
    ),
}


@pytest.mark.parametrize("write", WRITES)
def test_what_is_let_through_is_what_has_become_pending(
    stream: Stream, storage: Storage, session: Session, write: str
) -> None:
    happens, expected = WRITES[write]
    add(storage, session, key="k")
    stream.records()

    happens(storage, session)

    assert len(stream.let_through()) == expected


def test_what_was_written_is_in_the_stream_at_all(stream: Stream, storage: Storage, session: Session) -> None:
    add(storage, session, key="k")
    take(storage, session)

    records = stream.records()

    assert {record["eventName"] for record in records} == {"INSERT", "MODIFY"}
    assert "lease" in records[-1]["dynamodb"]["NewImage"]
    assert "lease" not in records[-1]["dynamodb"]["OldImage"]


def test_an_account_that_is_deleted_queues_nothing(
    stream: Stream, storage: Storage, session: Session, dynamodb: "DynamoDBClient"
) -> None:
    add(storage, session)
    stream.records()
    for item in dynamodb.scan(TableName="coach")["Items"]:
        dynamodb.delete_item(TableName="coach", Key={"pk": item["pk"], "sk": item["sk"]})

    assert stream.let_through() == []


def test_a_record_that_is_let_through_becomes_the_attempts_message(
    stream: Stream, storage: Storage, session: Session, queue: Queue
) -> None:
    attempts = [add(storage, session)[0] for _ in range(3)]

    queue_evaluation.handler({"Records": stream.let_through()}, events.Context())

    assert [EvaluationRequest.from_json(message) for message in queue.sent] == list(map(request_for, attempts))


def test_an_attempt_asked_for_again_is_queued_with_its_next_round(
    stream: Stream, storage: Storage, session: Session, queue: Queue
) -> None:
    attempt, _ = add(storage, session)
    storage.evaluations.fail(attempt, "Claude declined")
    stream.records()

    ask_again(storage, session)
    queue_evaluation.handler({"Records": stream.let_through()}, events.Context())

    (message,) = queue.sent
    assert EvaluationRequest.from_json(message).round == 2


def test_an_attempt_asked_for_once_more_is_queued_with_its_next_round(
    stream: Stream, storage: Storage, session: Session, queue: Queue
) -> None:
    add(storage, session)
    stream.records()

    again = once_more(storage, session)
    queue_evaluation.handler({"Records": stream.let_through()}, events.Context())

    (message,) = queue.sent
    assert EvaluationRequest.from_json(message) == request_for(again)


@pytest.mark.parametrize("taken", [False, True])
def test_a_table_that_is_restored_queues_what_was_on_its_way(
    stream: Stream, storage: Storage, session: Session, dynamodb: "DynamoDBClient", taken: bool
) -> None:
    add(storage, session)
    once_more(storage, session)
    if taken:
        take(storage, session)
    key = {"pk": {"S": f"USER#{USER}"}, "sk": {"S": f"SESSION#{session.id}#ATTEMPT#000001"}}
    item = dynamodb.get_item(TableName="coach", Key=key)["Item"]
    dynamodb.delete_item(TableName="coach", Key=key)
    stream.records()

    dynamodb.put_item(TableName="coach", Item=item)

    assert [queue_request(record).round for record in stream.let_through()] == [2]


def test_a_message_says_who_and_what_and_holds_no_answer(
    stream: Stream, storage: Storage, session: Session, queue: Queue
) -> None:
    attempt, _ = add(storage, session)

    queue_evaluation.handler({"Records": stream.let_through()}, events.Context())

    assert json.loads(queue.sent[0]) == {
        "user_id": USER,
        "session_id": session.id,
        "attempt_id": 1,
        "round": 1,
        "created_at": attempt.created_at.isoformat(),
    }


# Deletion


def test_the_sweep_is_told_of_accounts_and_sessions_whose_deletion_has_begun_and_of_nothing_else(
    stream: Stream, storage: Storage, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.evaluations.record(add(storage, session)[0], an_evaluation())
    storage.sessions.end(USER, session.id)
    assert stream.let_through("SweepDeleted") == []

    storage.accounts.delete(USER)
    [record] = stream.let_through("SweepDeleted")
    monkeypatch.setattr(aws, "patient_storage", lambda: storage)
    sweep_deleted.handler({"Records": [record]}, events.Context())

    assert record["dynamodb"]["Keys"]["sk"] == {"S": "PROFILE"}
    assert owned_by(storage, USER) == {}
    assert stream.let_through("SweepDeleted") == []


def test_the_sweep_is_told_of_what_is_put_with_a_mark_as_when_a_table_is_restored(
    stream: Stream, storage: Storage, session: Session
) -> None:
    item = storage.table.get(keys.session(USER, session.id)) | {"deletion": "m"}
    storage.table.delete(keys.session(USER, session.id))
    storage.table.overwrite(item)

    [record] = stream.let_through("SweepDeleted")

    assert (record["eventName"], begun(record["dynamodb"]["NewImage"])[1]) == ("INSERT", "m")


# The queue


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Stubber:
    """What SQS replies; the function's own queue talks to it."""
    client = boto3.client("sqs")
    monkeypatch.setattr(aws, "evaluation_queue", lambda: EvaluationQueue(client, "https://sqs/evaluations"))
    return Stubber(client)


def a_batch(number: int) -> events.Event:
    record = events.load("queue_evaluation")["Records"][0]
    return {"Records": [record] * number}


def reply(*, refused: tuple[int, ...] = (), of: int = 1) -> dict[str, Any]:
    taken = [index for index in range(of) if index not in refused]
    return {
        "Successful": [{"Id": str(index), "MessageId": "m", "MD5OfMessageBody": "5"} for index in taken],
        "Failed": [{"Id": str(index), "SenderFault": False, "Code": "ServiceUnavailable"} for index in refused],
    }


@pytest.mark.parametrize("refused", [(0,), (2,), (0, 1, 2)])
def test_when_sqs_refuses_some_the_stream_delivers_the_batch_again(sqs: Stubber, refused: tuple[int, ...]) -> None:
    sqs.add_response("send_message_batch", reply(refused=refused, of=3))

    with sqs, pytest.raises(RuntimeError, match=f"{len(refused)} of 3"):
        queue_evaluation.handler(a_batch(3), events.Context())


def test_when_sqs_fails_the_stream_delivers_the_batch_again(sqs: Stubber) -> None:
    sqs.add_client_error("send_message_batch", "ServiceUnavailable")

    with sqs, pytest.raises(sqs.client.exceptions.ClientError):
        queue_evaluation.handler(a_batch(3), events.Context())


def test_the_largest_batch_of_the_stream_is_one_call(sqs: Stubber) -> None:
    largest = RESOURCES["QueueEvaluation"]["Properties"]["Events"]["Pending"]["Properties"]["BatchSize"]
    record = a_batch(1)["Records"][0]
    message = queue_request(record).to_json()
    entries = [{"Id": str(index), "MessageBody": message, "DelaySeconds": 0} for index in range(largest)]
    sqs.add_response(
        "send_message_batch",
        reply(of=largest),
        {"QueueUrl": "https://sqs/evaluations", "Entries": entries},
    )

    with sqs:
        queue_evaluation.handler(a_batch(largest), events.Context())

    sqs.assert_no_pending_responses()


def test_a_wait_hides_the_message_from_now_on(sqs: Stubber) -> None:
    sqs.add_response(
        "change_message_visibility",
        {},
        {"QueueUrl": "https://sqs/evaluations", "ReceiptHandle": "r", "VisibilityTimeout": 45},
    )

    with sqs:
        aws.evaluation_queue().delay("r", 45)

    sqs.assert_no_pending_responses()


def test_an_attempt_whose_message_could_not_be_sent_is_evaluated_all_the_same(
    stream: Stream, storage: Storage, session: Session, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(storage, session)
    records = {"Records": stream.let_through()}
    with monkeypatch.context() as broken:
        broken.setattr(queue, "send", lambda messages: list(range(len(messages))))
        with pytest.raises(RuntimeError):
            queue_evaluation.handler(records, events.Context())

    queue_evaluation.handler(records, events.Context())
    worker = Worker(storage, Grader(73), lease_seconds=LEASE_SECONDS)
    outcomes = [asyncio.run(worker.work(EvaluationRequest.from_json(message))) for message in queue.sent]

    assert outcomes == ["evaluated"]
    assert storage.sessions.get(USER, session.id).score_sum == 73


# The dead letters


def give_up(*bodies: str) -> list[str]:
    """Send a batch of dead letters to the function; the messages that it reports as failed."""
    answer = give_up_attempt.handler(sqs_event(*bodies), events.Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.mark.usefixtures("queue")
def test_a_dead_letters_attempt_has_failed_and_is_counted(
    storage: Storage, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    attempts = [add(storage, session)[0] for _ in range(2)]

    failed = give_up(*[request_for(attempt).to_json() for attempt in attempts])

    assert failed == []
    assert {(each.status, each.failure) for each in storage.attempts.of_session(USER, session.id, page_size=5)} == {
        (Status.FAILED, give_up_attempt.GAVE_UP)
    }
    assert storage.sessions.get(USER, session.id) == recounted(storage, session)
    assert metrics_in(capsys.readouterr().out) == {"DeadLettersDelivered": 2, "EvaluationsGivenUp": 2}


@pytest.mark.usefixtures("queue")
def test_a_dead_letter_about_what_is_settled_changes_nothing(
    storage: Storage, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluated, again = (add(storage, session)[0] for _ in range(2))
    storage.evaluations.record(evaluated, an_evaluation(73))
    storage.evaluations.fail(again, "Claude declined")
    ask_again(storage, session, again.id)
    gone = EvaluationRequest(user_id=USER, session_id=session.id, attempt_id=9, round=1)

    failed = give_up(*[request.to_json() for request in (request_for(evaluated), request_for(again), gone)])

    assert failed == []
    stored = storage.sessions.get(USER, session.id)
    assert (stored.score_sum, stored.scored_count, stored.failed_count, stored.pending_count) == (73, 1, 0, 1)
    assert metrics_in(capsys.readouterr().out)["EvaluationsGivenUp"] == 0


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize("poison", ["no JSON", "[]", "{}", '{"user_id": 1}'])
def test_a_poisoned_dead_letter_fails_alone(storage: Storage, session: Session, poison: str) -> None:
    attempt, _ = add(storage, session)

    failed = give_up(poison, request_for(attempt).to_json())

    assert failed == ["m0"]
    assert storage.attempts.get(USER, session.id, 1).status is Status.FAILED


@pytest.mark.usefixtures("queue", "dynamodb")
def test_nothing_but_poison_among_the_dead_letters_stays_there_and_is_no_error() -> None:
    failed = give_up("no JSON", "[]")

    assert failed == ["m0", "m1"]


@pytest.mark.usefixtures("queue")
def test_a_dead_letter_about_another_evaluation_leaves_the_former_one_in_force(
    storage: Storage, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    add(storage, session)

    give_up(request_for(once_more(storage, session)).to_json())

    found = stored(storage, session)
    assert (found.status, found.reevaluating) == (Status.EVALUATED, None)
    assert found.reevaluation_failure == give_up_attempt.GAVE_UP
    assert storage.sessions.get(USER, session.id) == recounted(storage, session)
    assert metrics_in(capsys.readouterr().out)["EvaluationsGivenUp"] == 1


def test_who_is_given_up_may_ask_again(stream: Stream, storage: Storage, session: Session, queue: Queue) -> None:
    attempt, _ = add(storage, session)
    worker = Worker(storage, Grader(EvaluationUnavailable("overloaded")), lease_seconds=LEASE_SECONDS)
    receives = RESOURCES["EvaluationQueue"]["Properties"]["RedrivePolicy"]["maxReceiveCount"]
    for _ in range(receives):
        with pytest.raises(NotNow):
            asyncio.run(worker.work(request_for(attempt)))
    give_up(request_for(attempt).to_json())
    stream.records()

    ask_again(storage, session)
    queue_evaluation.handler({"Records": stream.let_through()}, events.Context())
    outcome = asyncio.run(
        Worker(storage, Grader(88), lease_seconds=LEASE_SECONDS).work(EvaluationRequest.from_json(queue.sent[0]))
    )

    assert outcome == "evaluated"
    stored = storage.sessions.get(USER, session.id)
    assert (stored.score_sum, stored.failed_count, stored.pending_count) == (88, 0, 0)


# The template's numbers


def timeout(function: str) -> int:
    seconds: int = RESOURCES[function]["Properties"].get("Timeout", GLOBALS["Timeout"])
    return seconds


def mapping(function: str, name: str) -> dict[str, Any]:
    properties: dict[str, Any] = RESOURCES[function]["Properties"]["Events"][name]["Properties"]
    return properties


EVALUATE = RESOURCES["EvaluateAttempt"]["Properties"]["Environment"]["Variables"]


@pytest.mark.parametrize(
    ("queue_name", "function"), [("EvaluationQueue", "EvaluateAttempt"), ("DeadLetterQueue", "GiveUpAttempt")]
)
def test_a_message_stays_hidden_for_six_times_its_functions_timeout(queue_name: str, function: str) -> None:
    assert RESOURCES[queue_name]["Properties"]["VisibilityTimeout"] >= 6 * timeout(function)


def test_a_lease_outlasts_its_worker_and_is_over_when_the_message_comes_again() -> None:
    lease_seconds = int(EVALUATE["LEASE_SECONDS"])

    assert timeout("EvaluateAttempt") < lease_seconds
    assert lease_seconds < RESOURCES["EvaluationQueue"]["Properties"]["VisibilityTimeout"]


def test_an_evaluation_is_over_in_time_to_be_written() -> None:
    deadline_seconds = int(EVALUATE["EVALUATION_DEADLINE_SECONDS"])

    assert deadline_seconds == GraderSettings().evaluation_deadline_seconds
    assert deadline_seconds + WRITE_DEADLINE_SECONDS < timeout("EvaluateAttempt")


def test_a_message_is_received_often_enough_for_all_its_tries() -> None:
    receives = RESOURCES["EvaluationQueue"]["Properties"]["RedrivePolicy"]["maxReceiveCount"]

    assert receives >= 5
    assert receives > MAX_TRIES


def test_a_message_is_kept_until_it_is_given_up() -> None:
    properties = RESOURCES["EvaluationQueue"]["Properties"]
    longest = max(MAX_DELAY_SECONDS, properties["VisibilityTimeout"]) + timeout("EvaluateAttempt")

    assert properties["MessageRetentionPeriod"] > 10 * properties["RedrivePolicy"]["maxReceiveCount"] * longest
    assert RESOURCES["DeadLetterQueue"]["Properties"]["MessageRetentionPeriod"] >= properties["MessageRetentionPeriod"]


def test_the_tests_numbers_are_the_templates() -> None:
    assert int(EVALUATE["LEASE_SECONDS"]) == LEASE_SECONDS
    assert RESOURCES["EvaluationQueue"]["Properties"]["VisibilityTimeout"] == VISIBILITY_SECONDS


def test_the_stream_is_delivered_until_it_is_queued_or_a_day_has_passed() -> None:
    properties = mapping("QueueEvaluation", "Pending")

    assert properties["BatchSize"] <= 10
    assert properties["MaximumRecordAgeInSeconds"] == 24 * 60 * 60
    assert properties["BisectBatchOnFunctionError"]
    assert properties["StartingPosition"] == "TRIM_HORIZON"
    assert "MaximumRetryAttempts" not in properties
    assert properties["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["UnqueuedRecords", "Arn"]}
    assert RESOURCES["Table"]["Properties"]["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"


@pytest.mark.parametrize(("function", "name"), [("EvaluateAttempt", "Requested"), ("GiveUpAttempt", "DeadLetter")])
def test_one_message_of_a_batch_may_fail_alone(function: str, name: str) -> None:
    assert mapping(function, name)["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_workers_number_is_limited_at_the_queue_and_not_by_reserved_concurrency() -> None:
    assert mapping("EvaluateAttempt", "Requested")["ScalingConfig"]["MaximumConcurrency"] >= 2
    assert "ReservedConcurrentExecutions" not in RESOURCES["EvaluateAttempt"]["Properties"]


@pytest.mark.usefixtures("queue")
def test_the_functions_metrics_have_alarms_that_somebody_hears(
    storage: Storage, session: Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = (request_for(add(storage, session)[0]).to_json() for _ in range(3))
    for error, message in [(EvaluationRefused("no"), first), (SpendLimitReached("no"), second)]:
        worker = Worker(storage, Grader(error), lease_seconds=LEASE_SECONDS)
        monkeypatch.setattr(evaluate_attempt, "worker", lambda worker=worker: worker)
        evaluate_attempt.handler(sqs_event(message), events.Context())
    give_up(third)

    emitted = {name for name, value in metrics_in(capsys.readouterr().out).items() if value}
    alarms = [each["Properties"] for each in RESOURCES.values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    of_logs = {
        each["Properties"]["MetricTransformations"][0]["MetricName"]
        for each in RESOURCES.values()
        if each["Type"] == "AWS::Logs::MetricFilter"
    }
    own = [a for a in alarms if a["Namespace"] == {"Ref": "AWS::StackName"} and a["MetricName"] not in of_logs]
    assert {alarm["MetricName"] for alarm in own} == emitted - {"EvaluationsDelivered", "DeadLettersDelivered"}
    assert all(alarm["Dimensions"] == [{"Name": "service", "Value": "coach"}] for alarm in own)
    assert GLOBALS["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == "coach"
    assert GLOBALS["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] == {"Ref": "AWS::StackName"}
    assert all(alarm["AlarmActions"] == [{"Ref": "Alarms"}] for alarm in alarms)
