"""Follow-ups as they are stored, evaluated and asked for: which probe takes an answer, and what is counted where."""

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from coach import questions
from coach.errors import Conflict, Invalid, NotFound, QuotaUsedUp
from coach.evaluation.offline.evaluator import OfflineEvaluator
from coach.model import Attempt, Evaluation, FollowUp, Mode, Probe, Session, Status, Turn
from coach.storage import Storage
from coach.worker import Worker
from tests.conftest import USER
from tests.unit.events import SESSION, Answer, call
from tests.unit.faults import Call, Faults, reply_lost_and_sent_again, transaction_conflict
from tests.unit.given import (
    ANSWER,
    LEASE_SECONDS,
    MORE,
    PROBE,
    Grader,
    a_session,
    add,
    an_evaluation,
    ask_again,
    attempts_of,
    imbalances,
    recounted,
    request_for,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SECOND_PROBE = Probe(criterion="Goal", question="What would you do differently if the goal were revenue?")


def asking(storage: Storage, session: Session, probe: Probe = PROBE, overall: int = 50) -> Attempt:
    """A new attempt of which the evaluation asks something."""
    attempt, _ = add(storage, session)
    return evaluated(storage, attempt, an_evaluation(overall, probe))


def evaluated(storage: Storage, attempt: Attempt, evaluation: Evaluation) -> Attempt:
    assert storage.evaluations.record(attempt, evaluation)
    return storage.attempts.get(USER, attempt.session_id, attempt.id)


def deliver(storage: Storage, attempt: Attempt, grader: Any) -> str:
    return asyncio.run(Worker(storage, grader, lease_seconds=LEASE_SECONDS).work(request_for(attempt)))


def stats(storage: Storage, session: Session) -> tuple[int, float | None, int]:
    stored = storage.sessions.get(USER, session.id)
    assert stored == recounted(storage, session)
    return stored.questions_count, stored.avg_score, stored.pending_count


# Adding


def test_a_follow_up_is_an_attempt_with_what_it_was_asked(storage: Storage, session: Session) -> None:
    first = asking(storage, session)

    follow_up, new = add(storage, session, answer=MORE[0], follow_up_to=1)

    assert new
    assert (follow_up.id, follow_up.follow_up_to, follow_up.probe) == (2, 1, PROBE)
    assert storage.attempts.get(USER, session.id, 2) == follow_up
    assert (first.follow_up, first.answered) == (PROBE, None)
    assert storage.attempts.get(USER, session.id, 1).answered == PROBE


def test_a_follow_up_is_pending_and_no_question_and_in_no_average(storage: Storage, session: Session) -> None:
    asking(storage, session, overall=50)
    assert stats(storage, session) == (1, 5.0, 0)

    follow_up, _ = add(storage, session, follow_up_to=1)
    assert stats(storage, session) == (1, 5.0, 1)
    evaluated(storage, follow_up, an_evaluation(90))
    assert stats(storage, session) == (1, 5.0, 0)


def test_a_first_answer_has_two_follow_ups_one_after_the_other(storage: Storage, session: Session) -> None:
    asking(storage, session)
    second = add(storage, session, follow_up_to=1)[0]
    with pytest.raises(Conflict, match="not evaluated yet"):
        add(storage, session, follow_up_to=2)
    evaluated(storage, second, an_evaluation(60, SECOND_PROBE))

    third, _ = add(storage, session, follow_up_to=2)

    assert (third.follow_up_to, third.probe) == (2, SECOND_PROBE)
    assert [each.id for each in storage.attempts.earlier(third)] == [1, 2]
    evaluated(storage, third, an_evaluation(70))
    with pytest.raises(Conflict, match="asks nothing more"):
        add(storage, session, follow_up_to=3)
    assert stats(storage, session) == (1, 5.0, 0)
    with pytest.raises(Conflict, match="has been answered"):
        add(storage, session, follow_up_to=1)


def test_what_cannot_be_followed_up_says_why_and_writes_nothing(storage: Storage, session: Session) -> None:
    add(storage, session)
    failed, _ = add(storage, session)
    storage.evaluations.fail(failed, "Claude declined")
    evaluated(storage, add(storage, session)[0], an_evaluation(100))

    for number, reason in ((1, "not evaluated yet"), (2, "has failed"), (3, "asks nothing more")):
        with pytest.raises(Conflict, match=reason):
            add(storage, session, follow_up_to=number)
    with pytest.raises(NotFound):
        add(storage, session, follow_up_to=4)
    assert len(attempts_of(storage, session)) == 3


def test_a_follow_up_is_to_the_question_of_the_first_answer(storage: Storage, session: Session) -> None:
    asking(storage, session)

    with pytest.raises(Invalid) as refused:
        add(storage, session, question_id=2, follow_up_to=1)

    assert refused.value.loc == ("body", "question_id")


def test_an_exam_asks_no_follow_ups(storage: Storage) -> None:
    session, _ = storage.sessions.create(a_session(mode=Mode.EXAM))
    evaluated(storage, add(storage, session)[0], an_evaluation(50, PROBE))

    with pytest.raises(Conflict, match="exam"):
        add(storage, session, follow_up_to=1)


def test_an_ended_session_takes_no_follow_up(storage: Storage, session: Session) -> None:
    asking(storage, session)
    storage.sessions.end(USER, session.id)

    with pytest.raises(Conflict, match="has ended"):
        add(storage, session, follow_up_to=1)


def test_a_follow_up_counts_on_the_day(storage: Storage, session: Session) -> None:
    asking(storage, session)

    with pytest.raises(QuotaUsedUp):
        add(storage, session, follow_up_to=1, limit=1)

    assert storage.attempts.get(USER, session.id, 1).answered is None


def test_a_follow_up_sent_again_with_its_key_is_the_first_one(storage: Storage, session: Session) -> None:
    asking(storage, session)

    first = add(storage, session, key="k", follow_up_to=1)
    again = add(storage, session, key="k", follow_up_to=1)

    assert (first[0], True) == first
    assert again == (first[0], False)
    with pytest.raises(Conflict, match="another body"):
        add(storage, session, key="k")


def test_a_key_that_was_used_before_there_were_follow_ups_still_gives_its_attempt(
    storage: Storage, session: Session, dynamodb: "DynamoDBClient"
) -> None:
    first, _ = add(storage, session, key="k")
    before = hashlib.sha256(repr((1, ANSWER, 120)).encode()).hexdigest()
    (used,) = [item for item in dynamodb.scan(TableName="coach")["Items"] if "#KEY#" in item["sk"]["S"]]
    dynamodb.put_item(TableName="coach", Item=used | {"request": {"S": before}})

    assert add(storage, session, key="k") == (first, False)


@pytest.mark.parametrize("fault", [reply_lost_and_sent_again, transaction_conflict])
def test_a_follow_up_survives_lost_replies_and_conflicts(
    storage: Storage, session: Session, faults: Faults, dynamodb: "DynamoDBClient", fault: Any
) -> None:
    asking(storage, session)
    faults.next_of("TransactWriteItems", fault)

    follow_up, new = add(storage, session, follow_up_to=1)

    assert (follow_up.id, new) == (2, True)
    assert imbalances(dynamodb) == []


def test_sessions_and_attempts_from_before_follow_ups_go_on_as_they_were(
    storage: Storage, session: Session, dynamodb: "DynamoDBClient"
) -> None:
    asking(storage, session, overall=50)
    for sk, gone in (
        (f"SESSION#{session.id}", "follow_ups_count, follow_ups_scored_count"),
        (f"SESSION#{session.id}#ATTEMPT#000001", "evaluation.follow_up"),
    ):
        key = {"pk": {"S": f"USER#{USER}"}, "sk": {"S": sk}}
        dynamodb.update_item(TableName="coach", Key=key, UpdateExpression=f"REMOVE {gone}")

    assert stats(storage, session) == (1, 5.0, 0)
    assert storage.attempts.get(USER, session.id, 1).follow_up is None
    with pytest.raises(Conflict, match="asks nothing more"):
        add(storage, session, follow_up_to=1)
    asking(storage, session, overall=70)
    evaluated(storage, add(storage, session, follow_up_to=2)[0], an_evaluation(90))
    assert stats(storage, session) == (2, 6.0, 0)


# Failing, asking again, evaluating once more


def test_a_follow_up_that_fails_is_asked_for_again_and_counted_once(storage: Storage, session: Session) -> None:
    asking(storage, session)
    follow_up, _ = add(storage, session, follow_up_to=1)

    storage.evaluations.fail(follow_up, "Claude declined")
    assert stats(storage, session) == (1, 5.0, 0)
    ask_again(storage, session, 2)
    assert stats(storage, session) == (1, 5.0, 1)
    again = storage.attempts.get(USER, session.id, 2)
    assert again.probe == PROBE
    evaluated(storage, again, an_evaluation(80))
    assert stats(storage, session) == (1, 5.0, 0)


def test_a_follow_up_evaluated_once_more_changes_no_sum(
    storage: Storage, session: Session, dynamodb: "DynamoDBClient"
) -> None:
    asking(storage, session)
    follow_up = evaluated(storage, add(storage, session, follow_up_to=1)[0], an_evaluation(80))

    storage.evaluations.request_reevaluation(follow_up)
    again = evaluated(storage, storage.attempts.get(USER, session.id, 2), an_evaluation(20))

    assert again.evaluation
    assert again.evaluation.overall == 20
    assert stats(storage, session) == (1, 5.0, 0)
    assert imbalances(dynamodb) == []


def test_a_probe_that_was_answered_stays_what_it_was_when_its_attempt_is_evaluated_once_more(
    storage: Storage, session: Session
) -> None:
    first = asking(storage, session)
    add(storage, session, follow_up_to=1)

    storage.evaluations.request_reevaluation(storage.attempts.get(USER, session.id, 1))
    again = evaluated(storage, storage.attempts.get(USER, session.id, 1), an_evaluation(80, SECOND_PROBE))

    assert again.follow_up == first.follow_up == PROBE
    assert storage.attempts.get(USER, session.id, 2).probe == PROBE
    with pytest.raises(Conflict, match="has been answered"):
        add(storage, session, follow_up_to=1)


def test_a_probe_that_nobody_answered_is_that_of_the_newest_evaluation(storage: Storage, session: Session) -> None:
    storage.evaluations.request_reevaluation(asking(storage, session))
    evaluated(storage, storage.attempts.get(USER, session.id, 1), an_evaluation(80, SECOND_PROBE))

    follow_up, _ = add(storage, session, follow_up_to=1)

    assert follow_up.probe == SECOND_PROBE


def test_an_answer_to_a_question_that_changes_meanwhile_is_not_taken_for_one_to_the_next(
    storage: Storage, session: Session, faults: Faults
) -> None:
    asking(storage, session)

    def evaluated_once_more(transact: Call) -> Any:
        storage.evaluations.request_reevaluation(storage.attempts.get(USER, session.id, 1))
        evaluated(storage, storage.attempts.get(USER, session.id, 1), an_evaluation(80, SECOND_PROBE))
        return transact()

    faults.next_of("TransactWriteItems", evaluated_once_more)
    with pytest.raises(Conflict, match="has changed"):
        add(storage, session, follow_up_to=1)

    assert stats(storage, session) == (1, 8.0, 0)


# The worker


def test_the_worker_tells_the_grader_what_was_said_and_asked_before(storage: Storage, session: Session) -> None:
    asking(storage, session)
    second, _ = add(storage, session, answer=MORE[0], follow_up_to=1)
    grader = Grader(60, asks=SECOND_PROBE)
    assert deliver(storage, second, grader) == "evaluated"
    third, _ = add(storage, session, answer=MORE[1], follow_up_to=2)

    assert deliver(storage, third, grader) == "evaluated"

    first_turn = Turn(asked=None, answer=ANSWER)
    assert grader.answered == [(1, MORE[0]), (1, MORE[1])]
    assert grader.followed_up == [
        FollowUp(probe=PROBE, earlier=(first_turn,)),
        FollowUp(probe=SECOND_PROBE, earlier=(first_turn, Turn(asked=PROBE, answer=MORE[0]))),
    ]


def test_a_first_answer_follows_up_nothing(storage: Storage, session: Session) -> None:
    grader = Grader(60)

    deliver(storage, add(storage, session)[0], grader)

    assert grader.followed_up == [None]


def test_a_follow_up_to_what_is_gone_fails_with_the_reason(
    storage: Storage, session: Session, dynamodb: "DynamoDBClient"
) -> None:
    asking(storage, session)
    follow_up, _ = add(storage, session, follow_up_to=1)
    key = {"pk": {"S": f"USER#{USER}"}, "sk": {"S": f"SESSION#{session.id}#ATTEMPT#000001"}}
    dynamodb.delete_item(TableName="coach", Key=key)
    grader = Grader(60)

    assert deliver(storage, follow_up, grader) == "failed"

    stored = storage.attempts.get(USER, session.id, 2)
    assert (stored.status, stored.failure) == (
        Status.FAILED,
        "The answer that this one follows up is no longer there.",
    )
    assert grader.calls == 0


def test_a_follow_up_at_a_criterion_that_is_gone_fails_with_the_reason(storage: Storage, session: Session) -> None:
    asking(storage, session, Probe(criterion="Charm", question="How charming is it?"))
    follow_up, _ = add(storage, session, answer=MORE[0], follow_up_to=1)

    assert deliver(storage, follow_up, OfflineEvaluator()) == "failed"

    assert storage.attempts.get(USER, session.id, 2).failure == "Answers are not graded by “Charm” any more."


# As a client sees it


ATTEMPTS = f"/api/sessions/{SESSION}/attempts"


@pytest.fixture
def sitting(functions: None, storage: Storage) -> Session:  # noqa: ARG001 - before this one
    """A session with one answer that was graded offline."""
    session, _ = storage.sessions.create(a_session(id=SESSION))
    deliver(storage, add(storage, session)[0], OfflineEvaluator())
    return session


def post(body: dict[str, Any], key: str | None = None) -> Answer:
    sent = {"question_id": 1, "answer_text": MORE[0], "follow_up_to": 1} | body
    return call("POST", ATTEMPTS, sent, user=USER, headers={"Idempotency-Key": key})


@pytest.mark.usefixtures("sitting")
def test_the_question_that_an_evaluation_asks_is_answered_and_graded_on_its_criterion(storage: Storage) -> None:
    first = call("GET", f"{ATTEMPTS}/1", user=USER).json()
    assert set(first["follow_up"]) == {"criterion", "question"}
    assert (first["follow_up_to"], first["imported_at"]) == (None, None)

    answer = post({})
    assert (answer.status, answer.json()["id"], answer.json()["follow_up_to"]) == (201, 2, 1)
    deliver(storage, storage.attempts.get(USER, SESSION, 2), OfflineEvaluator())

    second = call("GET", f"{ATTEMPTS}/2", user=USER).json()
    assert [each["name"] for each in second["criteria"]] == [first["follow_up"]["criterion"]]
    assert second["overall_score"] == second["criteria"][0]["score"]
    session = call("GET", f"/api/sessions/{SESSION}", user=USER).json()
    assert (session["questions_count"], session["avg_score"]) == (1, first["overall_score"])
    assert call("GET", f"{ATTEMPTS}/1", user=USER).json()["follow_up"] == first["follow_up"]
    assert (post({}).status, len(call("GET", ATTEMPTS, user=USER).json())) == (409, 2)


@pytest.mark.usefixtures("sitting")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"follow_up_to": 2}, 404),
        ({"follow_up_to": 999_999}, 404),
        ({"follow_up_to": 0}, 422),
        ({"follow_up_to": -1}, 422),
        ({"follow_up_to": 1_000_000}, 404),
        ({"follow_up_to": "1"}, 422),
        ({"follow_up_to": 1.5}, 422),
        ({"follow_up_to": True}, 422),
        ({"question_id": 2}, 422),
        ({"answer_text": "Too short, as an answer to a probe may be too"}, 422),
    ],
    ids=str,
)
def test_what_follows_up_nothing_is_refused(body: dict[str, Any], status: int) -> None:
    answer = post(body)

    assert answer.status == status
    assert len(call("GET", ATTEMPTS, user=USER).json()) == 1
    if status == 422:
        assert [loc for loc, _ in answer.errors()] == [["body", next(iter(body))]]


@pytest.mark.usefixtures("sitting")
def test_no_follow_up_is_a_first_answer() -> None:
    answer = post({"follow_up_to": None})

    assert (answer.status, answer.json()["follow_up_to"]) == (201, None)


def test_a_pending_attempt_asks_nothing_yet(sitting: Session, storage: Storage) -> None:
    add(storage, sitting)

    answer = post({"follow_up_to": 2})

    assert (answer.status, answer.json()) == (409, {"detail": "This attempt is not evaluated yet, and so asks nothing"})


@pytest.mark.usefixtures("sitting")
def test_a_follow_up_sent_again_with_its_key_is_the_same_attempt() -> None:
    first, again = post({}, key="k"), post({}, key="k")

    assert (first.status, again.status) == (201, 200)
    assert again.json() == first.json()
    assert post({"follow_up_to": None}, key="k").json() == {"detail": "This Idempotency-Key was used with another body"}


@pytest.mark.usefixtures("sitting")
def test_a_follow_up_at_the_limit_is_refused_as_an_answer_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAILY_ATTEMPT_LIMIT", "1")

    assert post({}).status == 429


def test_every_question_of_the_bank_can_be_followed_up_offline() -> None:
    asked = [OfflineEvaluator().grade(question, ANSWER).follow_up for question in questions.questions()]

    assert None not in asked
