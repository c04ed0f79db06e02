"""The table's promises, on moto: one thread, the real schema, faults put in by the test."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from coach.errors import Busy, Conflict, NotFound, TooManyRequests
from coach.model import Category, Evaluation, EvaluationRequest, Mode, Session, Status
from coach.table import REEVALUATION_LOST_DAYS, Held, Lease, Table
from tests.conftest import OTHER, USER
from tests.unit.faults import Faults, item_conflict, reply_lost, reply_lost_and_sent_again, transaction_conflict
from tests.unit.given import (
    ANSWER,
    NOW,
    a_session,
    a_user,
    add,
    an_evaluation,
    evaluated_and_asked_for_again,
    former_scores,
    imbalances,
    request_for,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Sessions


def test_a_session_reads_back_as_it_was_stored(table: Table) -> None:
    session = a_session(category_filter=Category.STRATEGY, mode=Mode.TIMED, timer_minutes=10)

    stored, new = table.create_session(session)

    assert new
    assert stored == session == table.session(USER, session.id)


def test_the_same_session_sent_again_is_the_stored_one(table: Table) -> None:
    session = a_session(mode=Mode.EXAM)
    table.create_session(session)

    again, new = table.create_session(
        a_session(mode=Mode.EXAM).__class__(**_fields(session, started_at=NOW + timedelta(1)))
    )

    assert not new
    assert again == session


def _fields(session: Session, **changed: Any) -> dict[str, Any]:
    return {name: getattr(session, name) for name in session.__slots__} | changed


def test_the_same_id_with_other_settings_is_a_conflict(table: Table) -> None:
    session = a_session(timer_minutes=10)
    table.create_session(session)

    with pytest.raises(Conflict):
        table.create_session(Session(**_fields(session, timer_minutes=20, started_at=NOW + timedelta(1))))


def test_creating_a_session_survives_a_lost_reply(table: Table, faults: Faults) -> None:
    faults.next(reply_lost_and_sent_again)
    session = a_session()

    stored, new = table.create_session(session)

    assert new
    assert stored == session


@pytest.mark.parametrize("session_id", ["", "x", "PROFILE", "../x", "11111111-1111-4111-8111-11111111111Z"])
def test_what_is_no_session_id_is_not_found(table: Table, session_id: str) -> None:
    with pytest.raises(NotFound):
        table.session(USER, session_id)


def test_an_attempt_cannot_be_addressed_as_a_session(table: Table, session: Session) -> None:
    add(table, session)

    with pytest.raises(NotFound):
        table.session(USER, f"{session.id}#ATTEMPT#000001")


def test_another_users_session_does_not_exist(table: Table, session: Session) -> None:
    with pytest.raises(NotFound):
        table.session(OTHER, session.id)


def test_sessions_come_newest_first_and_page_by_page(table: Table) -> None:
    sessions = [table.create_session(a_session(started_at=NOW + timedelta(minutes=n)))[0] for n in range(5)]
    table.create_session(a_session(OTHER))

    first = [next(page) for page in [table.sessions(USER, page_size=2)] for _ in range(2)]
    rest = list(table.sessions(USER, after=first[-1][1], page_size=2))

    assert [session for session, _ in first + rest] == sessions[::-1]


def test_sessions_of_one_category_are_found_behind_others(table: Table) -> None:
    wanted = table.create_session(a_session(category_filter=Category.STRATEGY))[0]
    for minute in range(1, 8):
        table.create_session(a_session(started_at=NOW + timedelta(minutes=minute)))

    found = list(table.sessions(USER, Category.STRATEGY, page_size=2))

    assert [session for session, _ in found] == [wanted]


def test_ending_twice_keeps_the_first_time(dynamodb: "DynamoDBClient", session: Session) -> None:
    clock = iter([NOW.timestamp(), NOW.timestamp() + 60])
    table = Table(dynamodb, "coach", now=lambda: next(clock))

    first = table.end_session(USER, session.id)
    second = table.end_session(USER, session.id)

    assert first.ended_at == NOW
    assert second == first


def test_ending_what_is_not_there_is_not_found_and_makes_nothing(table: Table) -> None:
    missing = str(uuid4())

    with pytest.raises(NotFound):
        table.end_session(USER, missing)
    with pytest.raises(NotFound):
        table.session(USER, missing)


# Attempts


def test_attempts_are_numbered_and_counted(table: Table, session: Session) -> None:
    attempts = [add(table, session)[0] for _ in range(3)]

    assert [attempt.id for attempt in attempts] == [1, 2, 3]
    assert list(table.attempts(USER, session.id, page_size=2)) == attempts
    assert table.session(USER, session.id).pending_count == 3


def test_attempts_go_on_behind_a_number(table: Table, session: Session) -> None:
    attempts = [add(table, session)[0] for _ in range(5)]

    rest = list(table.attempts(USER, session.id, after=3, page_size=2))

    assert rest == attempts[3:]


def test_attempts_of_an_unknown_session_are_not_found(table: Table) -> None:
    with pytest.raises(NotFound):
        table.attempts(USER, str(uuid4()), page_size=2)


def test_a_session_without_attempts_lists_none_whatever_keys_were_used(table: Table, session: Session) -> None:
    assert list(table.attempts(USER, session.id, page_size=2)) == []


def test_an_ended_session_takes_no_attempt(table: Table, session: Session) -> None:
    table.end_session(USER, session.id)

    with pytest.raises(Conflict):
        add(table, session)


def test_an_idempotency_key_gives_the_first_attempt_again(table: Table, session: Session) -> None:
    first, new = add(table, session, key="k")
    add(table, session)

    again, second_new = add(table, session, key="k")

    assert (new, second_new) == (True, False)
    assert again == first
    assert table.session(USER, session.id).attempts_count == 2


def test_an_idempotency_key_works_after_the_end_too(table: Table, session: Session) -> None:
    first, _ = add(table, session, key="k")
    table.end_session(USER, session.id)

    assert add(table, session, key="k") == (first, False)


def test_an_idempotency_key_with_another_body_is_a_conflict(table: Table, session: Session) -> None:
    add(table, session, key="k")

    with pytest.raises(Conflict):
        add(table, session, key="k", answer=ANSWER + " More.")


def test_an_idempotency_key_counts_in_its_own_session_only(table: Table, session: Session) -> None:
    other = table.create_session(a_session())[0]
    add(table, session, key="k")

    attempt, new = add(table, other, key="k")

    assert new
    assert attempt.session_id == other.id


def test_a_replay_counts_nothing_even_at_the_limit(table: Table, session: Session) -> None:
    first, _ = add(table, session, key="k", limit=1)

    assert add(table, session, key="k", limit=1) == (first, False)


def test_the_daily_limit_holds(table: Table, session: Session) -> None:
    for _ in range(2):
        add(table, session, limit=2)

    with pytest.raises(TooManyRequests):
        add(table, session, limit=2)

    assert table.session(USER, session.id).attempts_count == 2


def test_the_daily_limit_starts_anew_each_day(dynamodb: "DynamoDBClient", session: Session) -> None:
    add(Table(dynamodb, "coach", now=NOW.timestamp), session, limit=1)

    _, new = add(Table(dynamodb, "coach", now=(NOW + timedelta(days=1)).timestamp), session, limit=1)

    assert new


def test_adding_survives_a_lost_reply(table: Table, session: Session, faults: Faults) -> None:
    faults.next(None, reply_lost_and_sent_again)

    attempt, new = add(table, session)

    assert (attempt.id, new) == (1, True)
    assert table.session(USER, session.id).attempts_count == 1


def test_adding_waits_out_conflicts(table: Table, session: Session, faults: Faults) -> None:
    faults.next(None, transaction_conflict, transaction_conflict)

    attempt, _ = add(table, session)

    assert attempt.id == 1
    assert faults.calls == ["GetItem", "TransactWriteItems", "TransactWriteItems", "TransactWriteItems"]


def test_conflicts_without_end_are_busy_and_write_nothing(
    table: Table, session: Session, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coach.table.WRITE_DEADLINE_SECONDS", 0.2)
    faults.next(None, *[transaction_conflict] * 200)

    with pytest.raises(Busy):
        add(table, session)

    faults.next()
    assert table.session(USER, session.id).attempts_count == 0


def test_an_answer_marks_its_question_as_answered(table: Table, session: Session) -> None:
    assert not table.has_answered(USER, 1)

    add(table, session)

    assert table.has_answered(USER, 1)
    assert not table.has_answered(OTHER, 1)


def test_the_largest_answer_in_four_byte_characters_fits(table: Table, session: Session) -> None:
    answer = "🚗" * 20_000

    attempt, _ = add(table, session, answer=answer)

    assert table.attempt(USER, session.id, attempt.id).answer_text == answer


# Evaluation


def test_an_evaluation_is_written_and_counted_once(table: Table, session: Session) -> None:
    attempt, _ = add(table, session)

    first = table.record(attempt, an_evaluation(80))
    second = table.record(attempt, an_evaluation(20))

    assert (first, second) == (True, False)
    stored = table.attempt(USER, session.id, 1)
    assert stored.status is Status.EVALUATED
    assert stored.evaluation
    assert stored.evaluation.overall == 80
    after = table.session(USER, session.id)
    assert (after.avg_score, after.pending_count) == (8.0, 0)


def test_an_evaluation_reads_back_whole_but_for_the_raw_reply(table: Table, session: Session) -> None:
    attempt, _ = add(table, session)
    evaluation = an_evaluation()

    table.record(attempt, evaluation)

    found = table.attempt(USER, session.id, 1).evaluation
    assert found == Evaluation(**{n: getattr(evaluation, n) for n in evaluation.__slots__} | {"raw_reply": None})


def test_the_average_is_the_mean_of_what_is_evaluated(table: Table, session: Session) -> None:
    attempts = [add(table, session)[0] for _ in range(4)]
    for attempt, overall in zip(attempts, [73, 81, 66], strict=False):
        table.record(attempt, an_evaluation(overall))

    after = table.session(USER, session.id)

    assert after.avg_score == pytest.approx((7.3 + 8.1 + 6.6) / 3)
    assert after.pending_count == 1


def test_a_late_evaluation_counts_after_the_end(table: Table, session: Session) -> None:
    attempt, _ = add(table, session)
    ended = table.end_session(USER, session.id)

    table.record(attempt, an_evaluation(90))

    after = table.session(USER, session.id)
    assert (ended.pending_count, ended.avg_score) == (1, None)
    assert (after.pending_count, after.avg_score, after.ended_at) == (0, 9.0, ended.ended_at)


def test_recording_survives_a_lost_reply(table: Table, session: Session, faults: Faults) -> None:
    attempt, _ = add(table, session)
    faults.next(reply_lost_and_sent_again)

    table.record(attempt, an_evaluation(80))

    assert table.session(USER, session.id).scored_count == 1


def test_recording_what_is_gone_brings_nothing_back(table: Table, session: Session, dynamodb: "DynamoDBClient") -> None:
    attempt, _ = add(table, session)
    for item in dynamodb.scan(TableName="coach")["Items"]:
        dynamodb.delete_item(TableName="coach", Key={"pk": item["pk"], "sk": item["sk"]})

    assert not table.record(attempt, an_evaluation())

    assert dynamodb.scan(TableName="coach")["Items"] == []


@pytest.mark.parametrize("gone", ["", "#ATTEMPT#000001"], ids=["session", "attempt"])
def test_settling_what_is_half_gone_brings_nothing_back(
    table: Table, session: Session, dynamodb: "DynamoDBClient", gone: str
) -> None:
    attempt, _ = add(table, session)
    key = {"pk": {"S": f"USER#{USER}"}, "sk": {"S": f"SESSION#{session.id}{gone}"}}
    dynamodb.delete_item(TableName="coach", Key=key)
    before = dynamodb.scan(TableName="coach")["Items"]

    settled = [table.record(attempt, an_evaluation()), table.fail(attempt, "Claude declined")]

    assert settled == [False, False]
    assert dynamodb.scan(TableName="coach")["Items"] == before


def test_one_worker_at_a_time_has_the_lease(table: Table, session: Session) -> None:
    attempt, _ = add(table, session)

    first = table.take(request_for(attempt), seconds=95)
    second = table.take(request_for(attempt), seconds=95)

    assert isinstance(first, Lease)
    assert isinstance(second, Held)


def test_a_lease_that_has_run_out_is_taken_over(dynamodb: "DynamoDBClient", session: Session) -> None:
    clock = [NOW.timestamp()]
    table = Table(dynamodb, "coach", now=lambda: clock[0])
    attempt, _ = add(table, session)
    table.take(request_for(attempt), seconds=95)

    clock[0] += 95
    second = table.take(request_for(attempt), seconds=95)

    assert isinstance(second, Lease)
    assert second.tries == 2


def test_a_lease_survives_a_lost_reply_and_counts_one_try(table: Table, session: Session, faults: Faults) -> None:
    attempt, _ = add(table, session)
    faults.next(reply_lost_and_sent_again)

    lease = table.take(request_for(attempt), seconds=95)

    assert isinstance(lease, Lease)
    assert lease.tries == 1


def test_a_lease_waits_for_a_transaction_that_holds_the_item(table: Table, session: Session, faults: Faults) -> None:
    attempt, _ = add(table, session)
    faults.next(item_conflict)

    assert isinstance(table.take(request_for(attempt), seconds=95), Lease)


def test_a_released_lease_is_free_and_remembers_what_was_unusable(table: Table, session: Session) -> None:
    attempt, _ = add(table, session)
    first = table.take(request_for(attempt), seconds=95)
    assert isinstance(first, Lease)

    table.release(first, unusable=True)
    second = table.take(request_for(attempt), seconds=95)

    assert isinstance(second, Lease)
    assert (second.tries, second.unusable) == (2, 1)


def test_somebody_elses_lease_is_not_released(dynamodb: "DynamoDBClient", session: Session) -> None:
    clock = [NOW.timestamp()]
    table = Table(dynamodb, "coach", now=lambda: clock[0])
    attempt, _ = add(table, session)
    late = table.take(request_for(attempt), seconds=95)
    clock[0] += 100
    table.take(request_for(attempt), seconds=95)
    assert isinstance(late, Lease)

    table.release(late)

    assert isinstance(table.take(request_for(attempt), seconds=95), Held)


def test_a_failed_attempt_can_be_asked_for_again(table: Table, session: Session) -> None:
    attempt, _ = add(table, session)
    table.fail(attempt, "Claude declined")

    before = table.request_evaluation(USER, session.id, 1)

    again = table.attempt(USER, session.id, 1)
    assert before is Status.FAILED
    assert (again.status, again.round, again.failure) == (Status.PENDING, 2, None)
    assert table.session(USER, session.id).pending_count == 1


def test_asking_twice_counts_once(table: Table, session: Session, faults: Faults) -> None:
    attempt, _ = add(table, session)
    table.fail(attempt, "Claude declined")
    faults.next(reply_lost_and_sent_again)

    table.request_evaluation(USER, session.id, 1)

    assert table.attempt(USER, session.id, 1).round == 2
    assert table.session(USER, session.id).failed_count == 0


def test_asking_for_what_is_evaluated_is_a_conflict(table: Table, session: Session) -> None:
    attempt, _ = add(table, session)
    table.record(attempt, an_evaluation())

    with pytest.raises(Conflict):
        table.request_evaluation(USER, session.id, 1)


def test_asking_for_what_is_not_there_is_not_found(table: Table, session: Session) -> None:
    with pytest.raises(NotFound):
        table.request_evaluation(USER, session.id, 1)


def test_a_message_of_an_earlier_round_means_nothing(table: Table, session: Session) -> None:
    attempt, _ = add(table, session)
    table.fail(attempt, "Claude declined")
    table.request_evaluation(USER, session.id, 1)

    assert table.take(request_for(attempt), seconds=95) is None
    assert not table.give_up(request_for(attempt), "late")
    assert not table.record(attempt, an_evaluation())
    assert table.attempt(USER, session.id, 1).status is Status.PENDING


def test_what_is_evaluated_once_more_keeps_its_evaluation_until_then(table: Table, session: Session) -> None:
    attempt = evaluated_and_asked_for_again(table, session, 50)

    assert (attempt.status, attempt.round, attempt.failure) == (Status.EVALUATED, 2, None)
    assert attempt.reevaluating
    assert attempt.evaluation
    assert attempt.evaluation.overall == 50
    after = table.session(USER, session.id)
    assert (after.avg_score, after.pending_count) == (5.0, 0)


def test_another_evaluation_replaces_the_former_one_which_is_kept(
    table: Table, session: Session, dynamodb: "DynamoDBClient"
) -> None:
    attempt = evaluated_and_asked_for_again(table, session, 50)
    lease = table.take(request_for(attempt), seconds=95)
    assert isinstance(lease, Lease)

    first = table.record(lease.attempt, an_evaluation(80))
    second = table.record(lease.attempt, an_evaluation(20))

    assert (first, second) == (True, False)
    stored = table.attempt(USER, session.id, 1)
    assert (stored.status, stored.reevaluating, stored.evaluation_round) == (Status.EVALUATED, None, 2)
    assert stored.evaluation
    assert stored.evaluation.overall == 80
    assert former_scores(dynamodb) == {(1, 1): 50}
    after = table.session(USER, session.id)
    assert (after.scored_count, after.score_sum) == (1, 80)


def test_every_former_evaluation_is_kept(table: Table, session: Session, dynamodb: "DynamoDBClient") -> None:
    table.record(evaluated_and_asked_for_again(table, session, 50), an_evaluation(60))
    for overall in (70, 40):
        table.request_reevaluation(table.attempt(USER, session.id, 1))
        table.record(table.attempt(USER, session.id, 1), an_evaluation(overall))

    assert former_scores(dynamodb) == {(1, 1): 50, (1, 2): 60, (1, 3): 70}
    assert table.session(USER, session.id).score_sum == 40
    assert imbalances(dynamodb) == []


def test_a_former_evaluation_is_kept_with_what_it_was_made_by(
    table: Table, session: Session, dynamodb: "DynamoDBClient"
) -> None:
    table.record(evaluated_and_asked_for_again(table, session), an_evaluation(60))

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
    table: Table, session: Session, how: str
) -> None:
    attempt = evaluated_and_asked_for_again(table, session, 50)

    settled = [
        table.fail(attempt, "Claude declined")
        if how == "fails"
        else table.give_up(request_for(attempt), "Claude declined")
        for _ in range(2)
    ]

    assert settled == [True, False]
    stored = table.attempt(USER, session.id, 1)
    assert (stored.status, stored.reevaluating, stored.failure) == (Status.EVALUATED, None, None)
    assert stored.reevaluation_failure == "Claude declined"
    assert stored.evaluation
    assert stored.evaluation.overall == 50
    after = table.session(USER, session.id)
    assert (after.score_sum, after.failed_count, after.pending_count) == (50, 0, 0)


def test_an_evaluation_after_one_that_came_to_nothing_replaces_that_of_the_first_round(
    table: Table, session: Session, dynamodb: "DynamoDBClient"
) -> None:
    table.fail(evaluated_and_asked_for_again(table, session, 50), "Claude declined")
    table.request_reevaluation(table.attempt(USER, session.id, 1))

    table.record(table.attempt(USER, session.id, 1), an_evaluation(70))

    stored = table.attempt(USER, session.id, 1)
    assert (stored.round, stored.evaluation_round, stored.reevaluation_failure) == (3, 3, None)
    assert former_scores(dynamodb) == {(1, 1): 50}


def test_asking_twice_for_another_evaluation_is_one_round(table: Table, session: Session, faults: Faults) -> None:
    attempt, _ = add(table, session)
    table.record(attempt, an_evaluation())
    read = table.attempt(USER, session.id, 1)
    faults.next(reply_lost_and_sent_again)

    asked = [table.request_reevaluation(read) for _ in range(2)]

    assert asked == [True, True]
    assert table.attempt(USER, session.id, 1).round == 2


def test_another_evaluation_has_all_its_tries(table: Table, session: Session) -> None:
    attempt, _ = add(table, session)
    for _ in range(3):
        lease = table.take(request_for(attempt), seconds=95)
        assert isinstance(lease, Lease)
        table.release(lease, unusable=True)
    table.record(attempt, an_evaluation())

    table.request_reevaluation(table.attempt(USER, session.id, 1))
    again = table.take(request_for(table.attempt(USER, session.id, 1)), seconds=95)

    assert isinstance(again, Lease)
    assert (again.tries, again.unusable) == (1, 0)


def test_what_comes_late_of_an_earlier_round_settles_no_later_one(table: Table, session: Session) -> None:
    late = evaluated_and_asked_for_again(table, session, 50)
    table.fail(late, "Claude declined")
    table.request_reevaluation(table.attempt(USER, session.id, 1))

    settled = [
        table.record(late, an_evaluation(20)),
        table.fail(late, "late"),
        table.give_up(request_for(late), "late"),
    ]

    assert settled == [False, False, False]
    stored = table.attempt(USER, session.id, 1)
    assert (stored.round, stored.reevaluation_failure) == (3, None)
    assert stored.reevaluating
    assert table.session(USER, session.id).score_sum == 50


def test_what_was_lost_on_its_way_can_be_asked_for_anew(dynamodb: "DynamoDBClient", session: Session) -> None:
    clock = [NOW.timestamp()]
    table = Table(dynamodb, "coach", now=lambda: clock[0])
    waiting = evaluated_and_asked_for_again(table, session)
    clock[0] += REEVALUATION_LOST_DAYS * 86_400

    rounds = []
    for seconds in (0, 1):
        clock[0] += seconds
        assert table.request_reevaluation(waiting)
        rounds.append(table.attempt(USER, session.id, 1).round)

    assert rounds == [2, 3]
    assert table.take(request_for(waiting), seconds=95) is None


def test_what_was_on_its_way_and_has_arrived_since_is_not_asked_for_again(table: Table, session: Session) -> None:
    waiting = evaluated_and_asked_for_again(table, session)
    table.record(waiting, an_evaluation(60))

    assert not table.request_reevaluation(waiting)

    assert table.attempt(USER, session.id, 1).round == 2


@pytest.mark.parametrize("status", ["pending", "failed", "evaluated since", "gone"])
def test_only_what_is_evaluated_and_unchanged_is_evaluated_once_more(
    table: Table, session: Session, dynamodb: "DynamoDBClient", status: str
) -> None:
    attempt, _ = add(table, session)
    if status == "failed":
        table.fail(attempt, "Claude declined")
    elif status == "evaluated since":
        table.fail(attempt, "Claude declined")
        table.request_evaluation(USER, session.id, 1)
        table.record(table.attempt(USER, session.id, 1), an_evaluation())
    elif status == "gone":
        dynamodb.delete_item(
            TableName="coach",
            Key={"pk": {"S": f"USER#{USER}"}, "sk": {"S": f"SESSION#{session.id}#ATTEMPT#000001"}},
        )
    before = dynamodb.scan(TableName="coach")["Items"]

    assert not table.request_reevaluation(attempt)

    assert dynamodb.scan(TableName="coach")["Items"] == before


def test_a_user_cannot_ask_again_for_what_is_evaluated_once_more(table: Table, session: Session) -> None:
    attempt = evaluated_and_asked_for_again(table, session)

    with pytest.raises(Conflict):
        table.request_evaluation(USER, session.id, 1)

    assert table.attempt(USER, session.id, 1) == attempt


def test_what_was_stored_before_costs_and_rounds_were_is_read_and_evaluated_once_more(
    table: Table, session: Session, dynamodb: "DynamoDBClient"
) -> None:
    attempt, _ = add(table, session)
    table.record(attempt, an_evaluation(50))
    dynamodb.update_item(
        TableName="coach",
        Key={"pk": {"S": f"USER#{USER}"}, "sk": {"S": f"SESSION#{session.id}#ATTEMPT#000001"}},
        UpdateExpression="REMOVE evaluation_round, evaluation.prompt, evaluation.effort, evaluation.cost",
    )

    old = table.attempt(USER, session.id, 1)
    table.request_reevaluation(old)
    table.record(table.attempt(USER, session.id, 1), an_evaluation(60))

    assert old.evaluation
    assert (old.evaluation.prompt, old.evaluation.effort, old.evaluation.cost) == (None, None, None)
    assert former_scores(dynamodb) == {(1, 1): 50}
    assert table.session(USER, session.id).score_sum == 60


def test_all_attempts_are_those_of_a_user_or_of_everybody(table: Table, session: Session) -> None:
    table.register(a_user(), "hash")
    others = table.create_session(a_session(OTHER))[0]
    mine = [evaluated_and_asked_for_again(table, session), add(table, session, key="k")[0]]
    theirs = add(table, others)[0]

    assert list(table.all_attempts(USER)) == mine
    assert sorted(table.all_attempts(), key=lambda each: (each.user_id, each.id)) == [*mine, theirs]


def test_giving_up_marks_the_attempt_failed_once(table: Table, session: Session) -> None:
    attempt, _ = add(table, session)

    first = table.give_up(request_for(attempt), "Too many tries")
    second = table.give_up(request_for(attempt), "Too many tries")

    assert (first, second) == (True, False)
    assert table.attempt(USER, session.id, 1).failure == "Too many tries"
    assert table.session(USER, session.id).failed_count == 1


def test_giving_up_what_is_gone_is_nothing(table: Table, session: Session) -> None:
    missing = EvaluationRequest(user_id=USER, session_id=session.id, attempt_id=7, round=1)

    assert not table.give_up(missing, "late")


def test_the_breaker_is_closed_until_it_expires(dynamodb: "DynamoDBClient") -> None:
    clock = [NOW.timestamp()]
    table = Table(dynamodb, "coach", now=lambda: clock[0])
    until = int(NOW.timestamp()) + 900
    assert table.breaker() == 0

    table.trip_breaker(until)

    assert table.breaker() == until
    clock[0] += 900
    assert table.breaker() == 0


# Accounts


def test_an_address_belongs_to_one_account_whatever_its_case(table: Table) -> None:
    user = a_user()
    table.register(user, "hash")

    with pytest.raises(Conflict):
        table.register(a_user("ADA@Example.com"), "hash")

    found = table.credentials("Ada@EXAMPLE.com")
    assert found
    assert found.user_id == user.id


def test_registering_survives_a_lost_reply(table: Table, faults: Faults) -> None:
    faults.next(reply_lost_and_sent_again)
    user = a_user()

    table.register(user, "hash")

    assert table.user(user.id) == user


def test_signing_in_is_noted(dynamodb: "DynamoDBClient") -> None:
    table = Table(dynamodb, "coach", now=NOW.timestamp)
    user = a_user()
    table.register(user, "hash")

    found = table.signed_in(user.id)

    assert found
    assert found.last_login == NOW


def test_an_inactive_account_cannot_sign_in(table: Table, dynamodb: "DynamoDBClient") -> None:
    user = a_user()
    table.register(user, "hash")
    dynamodb.update_item(
        TableName="coach",
        Key={"pk": {"S": f"USER#{user.id}"}, "sk": {"S": "PROFILE"}},
        UpdateExpression="SET is_active = :no",
        ExpressionAttributeValues={":no": {"BOOL": False}},
    )

    assert table.signed_in(user.id) is None


def test_a_database_that_does_not_answer_is_noticed(table: Table, faults: Faults) -> None:
    faults.next(reply_lost)

    assert not table.answers()
    assert table.answers()
