"""The table's promises, on moto: one thread, the real schema, faults put in by the test."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from coach.errors import BudgetUsedUp, Busy, Conflict, NotFound, TooManyRequests
from coach.model import Category, Evaluation, EvaluationRequest, Mode, Session, Status
from coach.storage import Storage
from coach.storage.dynamo import marshal, unmarshal
from coach.storage.evaluations import REEVALUATION_LOST_AFTER, Held, Lease
from tests.conftest import OTHER, USER
from tests.unit.faults import Faults, item_conflict, reply_lost, reply_lost_and_sent_again, transaction_conflict
from tests.unit.given import (
    ANSWER,
    NOW,
    a_session,
    a_user,
    add,
    an_evaluation,
    ask_again,
    evaluated_and_asked_for_again,
    former_scores,
    imbalances,
    request_for,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Items

WHOLE = st.integers(-(10**37), 10**37)
VALUES = st.recursive(
    st.none() | st.booleans() | WHOLE | st.text() | st.sampled_from(Status) | st.sets(WHOLE, min_size=1),
    lambda values: st.lists(values) | st.dictionaries(st.text(), values),
)


@given(VALUES)
def test_an_item_is_written_as_boto3_writes_it_and_reads_back(value: Any) -> None:
    item = {"attribute": [value]}

    assert marshal(item) == {"attribute": TypeSerializer().serialize([value])}
    assert unmarshal(marshal(item)) == item


# Sessions


def test_a_session_reads_back_as_it_was_stored(storage: Storage) -> None:
    session = a_session(category_filter=Category.STRATEGY, mode=Mode.TIMED, timer_minutes=10)

    stored, new = storage.sessions.create(session)

    assert new
    assert stored == session == storage.sessions.get(USER, session.id)


def test_the_same_session_sent_again_is_the_stored_one(storage: Storage) -> None:
    session = a_session(mode=Mode.EXAM)
    storage.sessions.create(session)

    again, new = storage.sessions.create(
        a_session(mode=Mode.EXAM).__class__(**_fields(session, started_at=NOW + timedelta(1)))
    )

    assert not new
    assert again == session


def _fields(session: Session, **changed: Any) -> dict[str, Any]:
    return {name: getattr(session, name) for name in session.__slots__} | changed


def test_the_same_id_with_other_settings_is_a_conflict(storage: Storage) -> None:
    session = a_session(timer_minutes=10)
    storage.sessions.create(session)

    with pytest.raises(Conflict):
        storage.sessions.create(Session(**_fields(session, timer_minutes=20, started_at=NOW + timedelta(1))))


def test_creating_a_session_survives_a_lost_reply(storage: Storage, faults: Faults) -> None:
    faults.next(reply_lost_and_sent_again)
    session = a_session()

    stored, new = storage.sessions.create(session)

    assert new
    assert stored == session


@pytest.mark.parametrize("session_id", ["", "x", "PROFILE", "../x", "11111111-1111-4111-8111-11111111111Z"])
def test_what_is_no_session_id_is_not_found(storage: Storage, session_id: str) -> None:
    with pytest.raises(NotFound):
        storage.sessions.get(USER, session_id)


def test_an_attempt_cannot_be_addressed_as_a_session(storage: Storage, session: Session) -> None:
    add(storage, session)

    with pytest.raises(NotFound):
        storage.sessions.get(USER, f"{session.id}#ATTEMPT#000001")


def test_another_users_session_does_not_exist(storage: Storage, session: Session) -> None:
    with pytest.raises(NotFound):
        storage.sessions.get(OTHER, session.id)


def test_sessions_come_newest_first_and_page_by_page(storage: Storage) -> None:
    sessions = [storage.sessions.create(a_session(started_at=NOW + timedelta(minutes=n)))[0] for n in range(5)]
    storage.sessions.create(a_session(OTHER))

    first = [next(page) for page in [storage.sessions.newest_first(USER, page_size=2)] for _ in range(2)]
    rest = list(storage.sessions.newest_first(USER, after=first[-1][1], page_size=2))

    assert [session for session, _ in first + rest] == sessions[::-1]


def test_sessions_of_one_category_are_found_behind_others(storage: Storage) -> None:
    wanted = storage.sessions.create(a_session(category_filter=Category.STRATEGY))[0]
    for minute in range(1, 8):
        storage.sessions.create(a_session(started_at=NOW + timedelta(minutes=minute)))

    found = list(storage.sessions.newest_first(USER, Category.STRATEGY, page_size=2))

    assert [session for session, _ in found] == [wanted]


def test_ending_twice_keeps_the_first_time(dynamodb: "DynamoDBClient", session: Session) -> None:
    clock = iter([NOW.timestamp(), NOW.timestamp() + 60])
    storage = Storage(dynamodb, "coach", now=lambda: next(clock))

    first = storage.sessions.end(USER, session.id)
    second = storage.sessions.end(USER, session.id)

    assert first.ended_at == NOW
    assert second == first


def test_ending_what_is_not_there_is_not_found_and_makes_nothing(storage: Storage) -> None:
    missing = str(uuid4())

    with pytest.raises(NotFound):
        storage.sessions.end(USER, missing)
    with pytest.raises(NotFound):
        storage.sessions.get(USER, missing)


# Attempts


def test_attempts_are_numbered_and_counted(storage: Storage, session: Session) -> None:
    attempts = [add(storage, session)[0] for _ in range(3)]

    assert [attempt.id for attempt in attempts] == [1, 2, 3]
    assert list(storage.attempts.of_session(USER, session.id, page_size=2)) == attempts
    assert storage.sessions.get(USER, session.id).pending_count == 3


def test_attempts_go_on_behind_a_number(storage: Storage, session: Session) -> None:
    attempts = [add(storage, session)[0] for _ in range(5)]

    rest = list(storage.attempts.of_session(USER, session.id, after=3, page_size=2))

    assert rest == attempts[3:]


def test_attempts_of_an_unknown_session_are_not_found(storage: Storage) -> None:
    with pytest.raises(NotFound):
        storage.attempts.of_session(USER, str(uuid4()), page_size=2)


def test_a_session_without_attempts_lists_none_whatever_keys_were_used(storage: Storage, session: Session) -> None:
    assert list(storage.attempts.of_session(USER, session.id, page_size=2)) == []


def test_an_ended_session_takes_no_attempt(storage: Storage, session: Session) -> None:
    storage.sessions.end(USER, session.id)

    with pytest.raises(Conflict):
        add(storage, session)


def test_an_idempotency_key_gives_the_first_attempt_again(storage: Storage, session: Session) -> None:
    first, new = add(storage, session, key="k")
    add(storage, session)

    again, second_new = add(storage, session, key="k")

    assert (new, second_new) == (True, False)
    assert again == first
    assert storage.sessions.get(USER, session.id).attempts_count == 2


def test_an_idempotency_key_works_after_the_end_too(storage: Storage, session: Session) -> None:
    first, _ = add(storage, session, key="k")
    storage.sessions.end(USER, session.id)

    assert add(storage, session, key="k") == (first, False)


def test_an_idempotency_key_with_another_body_is_a_conflict(storage: Storage, session: Session) -> None:
    add(storage, session, key="k")

    with pytest.raises(Conflict):
        add(storage, session, key="k", answer=ANSWER + " More.")


def test_an_idempotency_key_counts_in_its_own_session_only(storage: Storage, session: Session) -> None:
    other = storage.sessions.create(a_session())[0]
    add(storage, session, key="k")

    attempt, new = add(storage, other, key="k")

    assert new
    assert attempt.session_id == other.id


def test_a_replay_counts_nothing_even_at_the_limit(storage: Storage, session: Session) -> None:
    first, _ = add(storage, session, key="k", limit=1)

    assert add(storage, session, key="k", limit=1) == (first, False)


def test_the_daily_limit_holds(storage: Storage, session: Session) -> None:
    for _ in range(2):
        add(storage, session, limit=2)

    with pytest.raises(TooManyRequests):
        add(storage, session, limit=2)

    assert storage.sessions.get(USER, session.id).attempts_count == 2


def test_the_daily_limit_starts_anew_each_day(dynamodb: "DynamoDBClient", session: Session) -> None:
    add(Storage(dynamodb, "coach", now=NOW.timestamp), session, limit=1)

    _, new = add(Storage(dynamodb, "coach", now=(NOW + timedelta(days=1)).timestamp), session, limit=1)

    assert new


def test_adding_survives_a_lost_reply(storage: Storage, session: Session, faults: Faults) -> None:
    faults.next(None, reply_lost_and_sent_again)

    attempt, new = add(storage, session)

    assert (attempt.id, new) == (1, True)
    assert storage.sessions.get(USER, session.id).attempts_count == 1


def test_adding_waits_out_conflicts(storage: Storage, session: Session, faults: Faults) -> None:
    faults.next(None, transaction_conflict, transaction_conflict)

    attempt, _ = add(storage, session)

    assert attempt.id == 1
    assert faults.calls == ["BatchGetItem", "TransactWriteItems", "TransactWriteItems", "TransactWriteItems"]


def test_conflicts_without_end_are_busy_and_write_nothing(
    storage: Storage, session: Session, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coach.storage.dynamo.WRITE_DEADLINE_SECONDS", 0.2)
    faults.next(None, *[transaction_conflict] * 200)

    with pytest.raises(Busy):
        add(storage, session)

    faults.next()
    assert storage.sessions.get(USER, session.id).attempts_count == 0


def test_an_answer_marks_its_question_as_answered(storage: Storage, session: Session) -> None:
    assert not storage.attempts.has_answered(USER, 1)

    add(storage, session)

    assert storage.attempts.has_answered(USER, 1)
    assert not storage.attempts.has_answered(OTHER, 1)


def test_the_largest_answer_in_four_byte_characters_fits(storage: Storage, session: Session) -> None:
    answer = "🚗" * 20_000

    attempt, _ = add(storage, session, answer=answer)

    assert storage.attempts.get(USER, session.id, attempt.id).answer_text == answer


# Evaluation


def test_an_evaluation_is_written_and_counted_once(storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)

    first = storage.evaluations.record(attempt, an_evaluation(80))
    second = storage.evaluations.record(attempt, an_evaluation(20))

    assert (first, second) == (True, False)
    stored = storage.attempts.get(USER, session.id, 1)
    assert stored.status is Status.EVALUATED
    assert stored.evaluation
    assert stored.evaluation.overall == 80
    after = storage.sessions.get(USER, session.id)
    assert (after.avg_score, after.pending_count) == (8.0, 0)


def test_an_evaluation_reads_back_whole_but_for_the_reply(storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)
    evaluation = an_evaluation()

    storage.evaluations.record(attempt, evaluation)

    found = storage.attempts.get(USER, session.id, 1).evaluation
    assert found == Evaluation(**{n: getattr(evaluation, n) for n in evaluation.__slots__} | {"reply": None})


def test_the_average_is_the_mean_of_what_is_evaluated(storage: Storage, session: Session) -> None:
    attempts = [add(storage, session)[0] for _ in range(4)]
    for attempt, overall in zip(attempts, [73, 81, 66], strict=False):
        storage.evaluations.record(attempt, an_evaluation(overall))

    after = storage.sessions.get(USER, session.id)

    assert after.avg_score == 7.33
    assert after.pending_count == 1


def test_a_late_evaluation_counts_after_the_end(storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)
    ended = storage.sessions.end(USER, session.id)

    storage.evaluations.record(attempt, an_evaluation(90))

    after = storage.sessions.get(USER, session.id)
    assert (ended.pending_count, ended.avg_score) == (1, None)
    assert (after.pending_count, after.avg_score, after.ended_at) == (0, 9.0, ended.ended_at)


def test_recording_survives_a_lost_reply(storage: Storage, session: Session, faults: Faults) -> None:
    attempt, _ = add(storage, session)
    faults.next(reply_lost_and_sent_again)

    storage.evaluations.record(attempt, an_evaluation(80))

    assert storage.sessions.get(USER, session.id).scored_count == 1


def test_recording_what_is_gone_brings_nothing_back(
    storage: Storage, session: Session, dynamodb: "DynamoDBClient"
) -> None:
    attempt, _ = add(storage, session)
    for item in dynamodb.scan(TableName="coach")["Items"]:
        dynamodb.delete_item(TableName="coach", Key={"pk": item["pk"], "sk": item["sk"]})

    assert not storage.evaluations.record(attempt, an_evaluation())

    assert dynamodb.scan(TableName="coach")["Items"] == []


@pytest.mark.parametrize("gone", ["", "#ATTEMPT#000001"], ids=["session", "attempt"])
def test_settling_what_is_half_gone_brings_nothing_back(
    storage: Storage, session: Session, dynamodb: "DynamoDBClient", gone: str
) -> None:
    attempt, _ = add(storage, session)
    key = {"pk": {"S": f"USER#{USER}"}, "sk": {"S": f"SESSION#{session.id}{gone}"}}
    dynamodb.delete_item(TableName="coach", Key=key)
    before = dynamodb.scan(TableName="coach")["Items"]

    settled = [
        storage.evaluations.record(attempt, an_evaluation()),
        storage.evaluations.fail(attempt, "Claude declined"),
    ]

    assert settled == [False, False]
    assert dynamodb.scan(TableName="coach")["Items"] == before


def test_one_worker_at_a_time_has_the_lease(storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)

    first = storage.evaluations.take_lease(request_for(attempt), seconds=95)
    second = storage.evaluations.take_lease(request_for(attempt), seconds=95)

    assert isinstance(first, Lease)
    assert isinstance(second, Held)


def test_a_lease_that_has_run_out_is_taken_over(dynamodb: "DynamoDBClient", session: Session) -> None:
    clock = [NOW.timestamp()]
    storage = Storage(dynamodb, "coach", now=lambda: clock[0])
    attempt, _ = add(storage, session)
    storage.evaluations.take_lease(request_for(attempt), seconds=95)

    clock[0] += 95
    second = storage.evaluations.take_lease(request_for(attempt), seconds=95)

    assert isinstance(second, Lease)
    assert second.tries == 2


def test_a_lease_survives_a_lost_reply_and_counts_one_try(storage: Storage, session: Session, faults: Faults) -> None:
    attempt, _ = add(storage, session)
    faults.next(reply_lost_and_sent_again)

    lease = storage.evaluations.take_lease(request_for(attempt), seconds=95)

    assert isinstance(lease, Lease)
    assert lease.tries == 1


def test_a_lease_waits_for_a_transaction_that_holds_the_item(
    storage: Storage, session: Session, faults: Faults
) -> None:
    attempt, _ = add(storage, session)
    faults.next(item_conflict)

    assert isinstance(storage.evaluations.take_lease(request_for(attempt), seconds=95), Lease)


def test_a_released_lease_is_free_and_remembers_what_was_unusable(storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)
    first = storage.evaluations.take_lease(request_for(attempt), seconds=95)
    assert isinstance(first, Lease)

    storage.evaluations.release_lease(first, unusable=True)
    second = storage.evaluations.take_lease(request_for(attempt), seconds=95)

    assert isinstance(second, Lease)
    assert (second.tries, second.unusable) == (2, 1)


def test_somebody_elses_lease_is_not_released(dynamodb: "DynamoDBClient", session: Session) -> None:
    clock = [NOW.timestamp()]
    storage = Storage(dynamodb, "coach", now=lambda: clock[0])
    attempt, _ = add(storage, session)
    late = storage.evaluations.take_lease(request_for(attempt), seconds=95)
    clock[0] += 100
    storage.evaluations.take_lease(request_for(attempt), seconds=95)
    assert isinstance(late, Lease)

    storage.evaluations.release_lease(late)

    assert isinstance(storage.evaluations.take_lease(request_for(attempt), seconds=95), Held)


def test_a_failed_attempt_can_be_asked_for_again(storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)
    storage.evaluations.fail(attempt, "Claude declined")

    before = ask_again(storage, session)

    again = storage.attempts.get(USER, session.id, 1)
    assert before
    assert (again.status, again.round, again.failure) == (Status.PENDING, 2, None)
    assert storage.sessions.get(USER, session.id).pending_count == 1


def test_asking_twice_counts_once(storage: Storage, session: Session, faults: Faults) -> None:
    attempt, _ = add(storage, session)
    storage.evaluations.fail(attempt, "Claude declined")
    faults.next(reply_lost_and_sent_again)

    ask_again(storage, session)

    assert storage.attempts.get(USER, session.id, 1).round == 2
    assert storage.sessions.get(USER, session.id).failed_count == 0


def test_asking_for_what_is_evaluated_is_a_conflict(storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)
    storage.evaluations.record(attempt, an_evaluation())

    with pytest.raises(Conflict):
        ask_again(storage, session)


def test_asking_for_what_is_not_there_is_not_found(storage: Storage, session: Session) -> None:
    with pytest.raises(NotFound):
        ask_again(storage, session)


def test_a_message_of_an_earlier_round_means_nothing(storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)
    storage.evaluations.fail(attempt, "Claude declined")
    ask_again(storage, session)

    assert storage.evaluations.take_lease(request_for(attempt), seconds=95) is None
    assert not storage.evaluations.give_up(request_for(attempt), "late")
    assert not storage.evaluations.record(attempt, an_evaluation())
    assert storage.attempts.get(USER, session.id, 1).status is Status.PENDING


def test_what_is_evaluated_once_more_keeps_its_evaluation_until_then(storage: Storage, session: Session) -> None:
    attempt = evaluated_and_asked_for_again(storage, session, 50)

    assert (attempt.status, attempt.round, attempt.failure) == (Status.EVALUATED, 2, None)
    assert attempt.reevaluating
    assert attempt.evaluation
    assert attempt.evaluation.overall == 50
    after = storage.sessions.get(USER, session.id)
    assert (after.avg_score, after.pending_count) == (5.0, 0)


def test_another_evaluation_replaces_the_former_one_which_is_kept(
    storage: Storage, session: Session, dynamodb: "DynamoDBClient"
) -> None:
    attempt = evaluated_and_asked_for_again(storage, session, 50)
    lease = storage.evaluations.take_lease(request_for(attempt), seconds=95)
    assert isinstance(lease, Lease)

    first = storage.evaluations.record(lease.attempt, an_evaluation(80))
    second = storage.evaluations.record(lease.attempt, an_evaluation(20))

    assert (first, second) == (True, False)
    stored = storage.attempts.get(USER, session.id, 1)
    assert (stored.status, stored.reevaluating, stored.evaluation_round) == (Status.EVALUATED, None, 2)
    assert stored.evaluation
    assert stored.evaluation.overall == 80
    assert former_scores(dynamodb) == {(1, 1): 50}
    after = storage.sessions.get(USER, session.id)
    assert (after.scored_count, after.score_sum) == (1, 80)


def test_every_former_evaluation_is_kept(storage: Storage, session: Session, dynamodb: "DynamoDBClient") -> None:
    storage.evaluations.record(evaluated_and_asked_for_again(storage, session, 50), an_evaluation(60))
    for overall in (70, 40):
        storage.evaluations.request_reevaluation(storage.attempts.get(USER, session.id, 1))
        storage.evaluations.record(storage.attempts.get(USER, session.id, 1), an_evaluation(overall))

    assert former_scores(dynamodb) == {(1, 1): 50, (1, 2): 60, (1, 3): 70}
    assert storage.sessions.get(USER, session.id).score_sum == 40
    assert imbalances(dynamodb) == []


def test_a_former_evaluation_is_kept_with_what_it_was_made_by(
    storage: Storage, session: Session, dynamodb: "DynamoDBClient"
) -> None:
    storage.evaluations.record(evaluated_and_asked_for_again(storage, session), an_evaluation(60))

    key = {"pk": {"S": f"USER#{USER}"}, "sk": {"S": f"EVALUATION#{session.id}#000001#1"}}
    kept = dynamodb.get_item(TableName="coach", Key=key)["Item"]["evaluation"]["M"]
    assert {name: kept[name] for name in ("model", "rubric_version", "prompt", "effort", "cost")} == {
        "model": {"S": "offline-1"},
        "rubric_version": {"S": "1"},
        "prompt": {"S": "0123456789ab"},
        "effort": {"S": "low"},
        "cost": {"N": "1234"},
    }
    assert kept["evaluated_at"]


@pytest.mark.parametrize("how", ["fails", "is given up"])
def test_when_nothing_comes_of_it_the_evaluation_stays_in_force_and_the_reason_is_noted(
    storage: Storage, session: Session, how: str
) -> None:
    attempt = evaluated_and_asked_for_again(storage, session, 50)

    settled = [
        storage.evaluations.fail(attempt, "Claude declined")
        if how == "fails"
        else storage.evaluations.give_up(request_for(attempt), "Claude declined")
        for _ in range(2)
    ]

    assert settled == [True, False]
    stored = storage.attempts.get(USER, session.id, 1)
    assert (stored.status, stored.reevaluating, stored.failure) == (Status.EVALUATED, None, None)
    assert stored.reevaluation_failure == "Claude declined"
    assert stored.evaluation
    assert stored.evaluation.overall == 50
    after = storage.sessions.get(USER, session.id)
    assert (after.score_sum, after.failed_count, after.pending_count) == (50, 0, 0)


def test_an_evaluation_after_one_that_came_to_nothing_replaces_that_of_the_first_round(
    storage: Storage, session: Session, dynamodb: "DynamoDBClient"
) -> None:
    storage.evaluations.fail(evaluated_and_asked_for_again(storage, session, 50), "Claude declined")
    storage.evaluations.request_reevaluation(storage.attempts.get(USER, session.id, 1))

    storage.evaluations.record(storage.attempts.get(USER, session.id, 1), an_evaluation(70))

    stored = storage.attempts.get(USER, session.id, 1)
    assert (stored.round, stored.evaluation_round, stored.reevaluation_failure) == (3, 3, None)
    assert former_scores(dynamodb) == {(1, 1): 50}


def test_asking_twice_for_another_evaluation_is_one_round(storage: Storage, session: Session, faults: Faults) -> None:
    attempt, _ = add(storage, session)
    storage.evaluations.record(attempt, an_evaluation())
    read = storage.attempts.get(USER, session.id, 1)
    faults.next(reply_lost_and_sent_again)

    asked = [storage.evaluations.request_reevaluation(read) for _ in range(2)]

    assert asked == [True, True]
    assert storage.attempts.get(USER, session.id, 1).round == 2


def test_another_evaluation_has_all_its_tries(storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)
    for _ in range(3):
        lease = storage.evaluations.take_lease(request_for(attempt), seconds=95)
        assert isinstance(lease, Lease)
        storage.evaluations.release_lease(lease, unusable=True)
    storage.evaluations.record(attempt, an_evaluation())

    storage.evaluations.request_reevaluation(storage.attempts.get(USER, session.id, 1))
    again = storage.evaluations.take_lease(request_for(storage.attempts.get(USER, session.id, 1)), seconds=95)

    assert isinstance(again, Lease)
    assert (again.tries, again.unusable) == (1, 0)


def test_what_comes_late_of_an_earlier_round_settles_no_later_one(storage: Storage, session: Session) -> None:
    late = evaluated_and_asked_for_again(storage, session, 50)
    storage.evaluations.fail(late, "Claude declined")
    storage.evaluations.request_reevaluation(storage.attempts.get(USER, session.id, 1))

    settled = [
        storage.evaluations.record(late, an_evaluation(20)),
        storage.evaluations.fail(late, "late"),
        storage.evaluations.give_up(request_for(late), "late"),
    ]

    assert settled == [False, False, False]
    stored = storage.attempts.get(USER, session.id, 1)
    assert (stored.round, stored.reevaluation_failure) == (3, None)
    assert stored.reevaluating
    assert storage.sessions.get(USER, session.id).score_sum == 50


def test_what_was_lost_on_its_way_can_be_asked_for_anew(dynamodb: "DynamoDBClient", session: Session) -> None:
    clock = [NOW.timestamp()]
    storage = Storage(dynamodb, "coach", now=lambda: clock[0])
    waiting = evaluated_and_asked_for_again(storage, session)
    clock[0] += REEVALUATION_LOST_AFTER.total_seconds()

    rounds = []
    for seconds in (0, 1):
        clock[0] += seconds
        assert storage.evaluations.request_reevaluation(waiting)
        rounds.append(storage.attempts.get(USER, session.id, 1).round)

    assert rounds == [2, 3]
    assert storage.evaluations.take_lease(request_for(waiting), seconds=95) is None


def test_what_was_on_its_way_and_has_arrived_since_is_not_asked_for_again(storage: Storage, session: Session) -> None:
    waiting = evaluated_and_asked_for_again(storage, session)
    storage.evaluations.record(waiting, an_evaluation(60))

    assert not storage.evaluations.request_reevaluation(waiting)

    assert storage.attempts.get(USER, session.id, 1).round == 2


@pytest.mark.parametrize("status", ["pending", "failed", "evaluated since", "gone"])
def test_only_what_is_evaluated_and_unchanged_is_evaluated_once_more(
    storage: Storage, session: Session, dynamodb: "DynamoDBClient", status: str
) -> None:
    attempt, _ = add(storage, session)
    if status == "failed":
        storage.evaluations.fail(attempt, "Claude declined")
    elif status == "evaluated since":
        storage.evaluations.fail(attempt, "Claude declined")
        ask_again(storage, session)
        storage.evaluations.record(storage.attempts.get(USER, session.id, 1), an_evaluation())
    elif status == "gone":
        dynamodb.delete_item(
            TableName="coach",
            Key={"pk": {"S": f"USER#{USER}"}, "sk": {"S": f"SESSION#{session.id}#ATTEMPT#000001"}},
        )
    before = dynamodb.scan(TableName="coach")["Items"]

    assert not storage.evaluations.request_reevaluation(attempt)

    assert dynamodb.scan(TableName="coach")["Items"] == before


def test_a_user_cannot_ask_again_for_what_is_evaluated_once_more(storage: Storage, session: Session) -> None:
    attempt = evaluated_and_asked_for_again(storage, session)

    with pytest.raises(Conflict):
        ask_again(storage, session)

    assert storage.attempts.get(USER, session.id, 1) == attempt


def test_what_was_stored_before_costs_and_rounds_were_is_read_and_evaluated_once_more(
    storage: Storage, session: Session, dynamodb: "DynamoDBClient"
) -> None:
    attempt, _ = add(storage, session)
    storage.evaluations.record(attempt, an_evaluation(50))
    dynamodb.update_item(
        TableName="coach",
        Key={"pk": {"S": f"USER#{USER}"}, "sk": {"S": f"SESSION#{session.id}#ATTEMPT#000001"}},
        UpdateExpression="REMOVE evaluation_round, evaluation.prompt, evaluation.effort, evaluation.cost",
    )

    old = storage.attempts.get(USER, session.id, 1)
    storage.evaluations.request_reevaluation(old)
    storage.evaluations.record(storage.attempts.get(USER, session.id, 1), an_evaluation(60))

    assert old.evaluation
    assert (old.evaluation.prompt, old.evaluation.effort, old.evaluation.cost) == (None, None, None)
    assert former_scores(dynamodb) == {(1, 1): 50}
    assert storage.sessions.get(USER, session.id).score_sum == 60


def test_all_attempts_are_those_of_a_user_or_of_everybody(storage: Storage, session: Session) -> None:
    storage.accounts.register(a_user(), "hash")
    others = storage.sessions.create(a_session(OTHER))[0]
    mine = [evaluated_and_asked_for_again(storage, session), add(storage, session, key="k")[0]]
    theirs = add(storage, others)[0]

    assert list(storage.attempts.all(USER)) == mine
    assert sorted(storage.attempts.all(), key=lambda each: (each.user_id, each.id)) == [*mine, theirs]


def test_giving_up_marks_the_attempt_failed_once(storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)

    first = storage.evaluations.give_up(request_for(attempt), "Too many tries")
    second = storage.evaluations.give_up(request_for(attempt), "Too many tries")

    assert (first, second) == (True, False)
    assert storage.attempts.get(USER, session.id, 1).failure == "Too many tries"
    assert storage.sessions.get(USER, session.id).failed_count == 1


def test_giving_up_what_is_gone_is_nothing(storage: Storage, session: Session) -> None:
    missing = EvaluationRequest(user_id=USER, session_id=session.id, attempt_id=7, round=1)

    assert not storage.evaluations.give_up(missing, "late")


def test_after_the_breakers_time_one_may_call_and_the_others_wait_for_what_it_finds(dynamodb: "DynamoDBClient") -> None:
    clock = [NOW.timestamp()]
    storage = Storage(dynamodb, "coach", now=lambda: clock[0])
    until = int(NOW.timestamp()) + 600
    assert storage.limits.breaker() == 0
    storage.limits.trip_breaker(until)
    clock[0] += 600

    probes = [storage.limits.take_probe(storage.limits.breaker(), seconds=95)]
    probes.append(storage.limits.take_probe(until, seconds=95))

    assert probes == [True, False]
    assert storage.limits.breaker() == until + 95
    storage.limits.reset_breaker()
    assert storage.limits.breaker() == 0


def try_a_password(storage: Storage, *, wrong: bool = True) -> None:
    tries = storage.limits.password_tries("ada@example.com", "203.0.113.24")
    tries.demand()
    tries.record(wrong=wrong)


def test_recording_a_right_password_makes_the_calls_that_a_wrong_one_makes(storage: Storage, faults: Faults) -> None:
    calls = []
    for wrong in (False, True, False, True):
        faults.next()
        try_a_password(storage, wrong=wrong)
        calls.append(faults.calls)

    assert calls == [["GetItem", "UpdateItem"]] * 4


@pytest.mark.parametrize("before", [0, 7])
def test_a_wrong_password_is_counted_once_when_the_reply_is_lost(storage: Storage, faults: Faults, before: int) -> None:
    for _ in range(before):
        try_a_password(storage)
    faults.next(None, reply_lost_and_sent_again)

    try_a_password(storage)

    for _ in range(7 - before):
        try_a_password(storage)
    with pytest.raises(TooManyRequests):
        try_a_password(storage)


def test_an_address_belongs_to_one_account_whatever_its_case(storage: Storage) -> None:
    user = a_user()
    storage.accounts.register(user, "hash")

    with pytest.raises(Conflict):
        storage.accounts.register(a_user("ADA@Example.com"), "hash")

    found = storage.accounts.credentials("Ada@EXAMPLE.com")
    assert found
    assert found.user_id == user.id


def test_registering_survives_a_lost_reply(storage: Storage, faults: Faults) -> None:
    faults.next(reply_lost_and_sent_again)
    user = a_user()

    storage.accounts.register(user, "hash")

    assert storage.accounts.user(user.id) == user


def test_changing_a_password_survives_a_lost_reply(storage: Storage, faults: Faults) -> None:
    storage.accounts.register(a_user(), "hash")
    owner = storage.accounts.credentials("ada@example.com")
    assert owner
    faults.next(reply_lost_and_sent_again)

    storage.accounts.change_password(owner, "another hash")

    found = storage.accounts.credentials("ada@example.com")
    assert found
    assert found.password_hash == "another hash"


def test_signing_in_is_noted(dynamodb: "DynamoDBClient") -> None:
    storage = Storage(dynamodb, "coach", now=NOW.timestamp)
    user = a_user()
    storage.accounts.register(user, "hash")

    found = storage.accounts.record_sign_in(user.id)

    assert found
    assert found.last_login == NOW


def test_an_inactive_account_cannot_sign_in(storage: Storage, dynamodb: "DynamoDBClient") -> None:
    user = a_user()
    storage.accounts.register(user, "hash")
    dynamodb.update_item(
        TableName="coach",
        Key={"pk": {"S": f"USER#{user.id}"}, "sk": {"S": "PROFILE"}},
        UpdateExpression="SET is_active = :no",
        ExpressionAttributeValues={":no": {"BOOL": False}},
    )

    assert storage.accounts.record_sign_in(user.id) is None


def test_a_database_that_does_not_answer_is_noticed(storage: Storage, faults: Faults) -> None:
    faults.next(reply_lost)

    assert not storage.table.is_reachable()
    assert storage.table.is_reachable()


def test_a_pending_attempt_is_asked_for_anew_after_an_hour_and_not_before(dynamodb: "DynamoDBClient") -> None:
    clock = [NOW.timestamp()]
    storage = Storage(dynamodb, "coach", now=lambda: clock[0])
    session, _ = storage.sessions.create(a_session())
    attempt, _ = add(storage, session)

    started = []
    for seconds in (3599, 1, 60):
        clock[0] += seconds
        started.append(ask_again(storage, session))

    assert started == [False, True, False]
    assert storage.attempts.get(USER, session.id, 1).round == 2
    assert storage.evaluations.take_lease(request_for(attempt), seconds=95) is None
    assert storage.sessions.get(USER, session.id).pending_count == 1


def test_an_attempt_that_a_worker_holds_is_not_lost_however_old(dynamodb: "DynamoDBClient") -> None:
    clock = [NOW.timestamp()]
    storage = Storage(dynamodb, "coach", now=lambda: clock[0])
    session, _ = storage.sessions.create(a_session())
    attempt, _ = add(storage, session)
    clock[0] += 7200
    storage.evaluations.take_lease(request_for(attempt), seconds=95)

    assert not ask_again(storage, session)


def test_a_budget_bounds_all_users_together(storage: Storage) -> None:
    mine, others = (storage.sessions.create(a_session(user))[0] for user in (USER, OTHER))
    add(storage, mine, budget=2)
    add(storage, others, budget=2)

    with pytest.raises(BudgetUsedUp):
        add(storage, mine, budget=2)

    assert storage.sessions.get(USER, mine.id).attempts_count == 1
