"""What two requests or workers do to each other, in every order of their DynamoDB calls."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from coach.errors import Conflict, TooManyRequests, Unauthorized
from coach.http.caller import Caller, demand_living
from coach.http.schemas.attempts import AttemptOut
from coach.model import Attempt, Evaluation, EvaluationRequest, Mode, Session, Status
from coach.storage import Storage
from coach.storage.evaluations import Held, Lease
from coach.storage.limits import PasswordTries
from coach.worker import NotNow, Worker
from tests.conftest import OTHER, USER
from tests.unit import schedules as scheduling
from tests.unit.events import call
from tests.unit.given import (
    ANSWER,
    LEASE_SECONDS,
    MORE,
    PROBE,
    Grader,
    a_session,
    a_user,
    add,
    an_evaluation,
    ask_again,
    attempts_of,
    evaluated_and_asked_for_again,
    former_scores,
    imbalances,
    recounted,
    request_for,
)
from tests.unit.schedules import Run, Schedules, Stuck


@pytest.fixture
def storage(schedules: Schedules) -> Storage:
    return schedules.storage


def a_grader(run: Run, *script: Any) -> Grader:
    """An evaluator whose calls are steps."""

    def around(call: Callable[[], Evaluation]) -> Evaluation:
        run.step("model")
        return call()

    return Grader(*script, around=around)


def delivery(schedules: Schedules, grader: Grader, request: EvaluationRequest) -> Callable[[], str]:
    worker = Worker(schedules.storage, grader, lease_seconds=LEASE_SECONDS, now=schedules.clock)
    return lambda: asyncio.run(worker.work(request))


def kinds(outcomes: tuple[Any, ...]) -> Counter[str]:
    """Outcomes as text, errors by their class."""
    return Counter(
        type(outcome).__name__ if isinstance(outcome, BaseException) else str(outcome) for outcome in outcomes
    )


# The scheduler itself


def test_two_workers_of_two_and_three_steps_have_ten_schedules(schedules: Schedules) -> None:
    traces = set()
    for run in schedules:

        def steps(number: int, run: Run = run) -> None:
            for n in range(number):
                run.step(str(n))

        run.together(lambda: steps(2), lambda: steps(3))
        traces.add(tuple(run.trace))

    assert schedules.count == len(traces) == 10


def test_three_workers_of_two_steps_have_ninety_schedules(schedules: Schedules) -> None:
    for run in schedules:

        def steps(run: Run = run) -> None:
            run.step("1")
            run.step("2")

        run.together(steps, steps, steps)

    assert schedules.count == 90


def test_the_scheduler_finds_a_lost_update_and_its_absence(schedules: Schedules) -> None:
    found = set()
    for run in schedules:
        shelf = {"books": 0}

        async def count(run: Run = run, shelf: dict[str, int] = shelf) -> None:
            await asyncio.to_thread(run.step, "read")
            books = shelf["books"]
            await asyncio.to_thread(run.step, "write")
            shelf["books"] = books + 1

        run.together(lambda: asyncio.run(count()), lambda: asyncio.run(count()))
        found.add(shelf["books"])

    assert schedules.count == 6
    assert found == {1, 2}


def test_a_workers_error_is_its_outcome(schedules: Schedules, storage: Storage) -> None:
    missing = a_session()

    for run in schedules:
        outcomes = run.together(
            lambda: storage.sessions.get(USER, missing.id), lambda: storage.attempts.has_answered(USER, 1)
        )

        assert kinds(outcomes) == Counter({"NotFound": 1, "False": 1})
    assert schedules.count == 2


def test_a_worker_that_waits_for_another_one_is_an_error(schedules: Schedules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "PATIENCE_SECONDS", 0.2)
    never = threading.Event()
    run = next(iter(schedules))

    with pytest.raises(Stuck):
        run.together(lambda: never.wait(1), lambda: run.step("1"))


def test_workers_without_an_end_are_an_error(schedules: Schedules) -> None:
    run = next(iter(schedules))

    def endless() -> None:
        while True:
            run.step("again")

    with pytest.raises(Stuck):
        run.together(endless, endless)


# Evaluation


def test_a_message_delivered_twice_at_once_is_one_call_and_one_write(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    losers: Counter[str] = Counter()
    request = request_for(add(storage, session)[0])

    for run in schedules:
        grader = a_grader(run, 73)

        outcomes = run.together(delivery(schedules, grader, request), delivery(schedules, grader, request))

        assert grader.calls == 1
        stored = storage.sessions.get(USER, session.id)
        assert (stored.scored_count, stored.score_sum, stored.pending_count) == (1, 73, 0)
        assert stored == recounted(storage, session)
        losers += kinds(outcomes) - Counter(["evaluated"])
    assert set(losers) == {"NotNow", "nothing to do"}
    assert sum(losers.values()) == schedules.count > 10


def test_of_three_workers_at_once_one_gets_the_lease_and_writes(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    attempt, _ = add(storage, session)

    def evaluate() -> bool | None:
        lease = storage.evaluations.take_lease(request_for(attempt), seconds=LEASE_SECONDS)
        return storage.evaluations.record(lease.attempt, an_evaluation(73)) if isinstance(lease, Lease) else None

    for run in schedules:
        outcomes = run.together(evaluate, evaluate, evaluate)

        assert kinds(outcomes) == Counter({"True": 1, "None": 2})
        assert storage.sessions.get(USER, session.id).score_sum == 73
    assert schedules.count > 10


def test_who_finds_the_lease_held_is_told_to_come_back_when_it_is_free(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    held = 0
    request = request_for(add(storage, session)[0])

    for run in schedules:
        outcomes = run.together(*[delivery(schedules, a_grader(run), request) for _ in range(2)])

        for outcome in outcomes:
            if isinstance(outcome, NotNow):
                held += 1
                assert LEASE_SECONDS <= outcome.seconds <= LEASE_SECONDS + 2
    assert held > 1


def test_two_attempts_of_a_session_evaluated_at_once_add_up(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    first, second = (request_for(add(storage, session)[0]) for _ in range(2))

    for run in schedules:
        outcomes = run.together(delivery(schedules, Grader(73), first), delivery(schedules, Grader(88), second))

        assert outcomes == ("evaluated", "evaluated")
        stored = storage.sessions.get(USER, session.id)
        assert (stored.score_sum, stored.scored_count, stored.pending_count) == (161, 2, 0)
        assert stored.avg_score == pytest.approx(8.05)
    assert schedules.count == 70


def test_one_evaluated_and_one_refused_at_once_are_both_counted(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    first, second = (add(storage, session)[0] for _ in range(2))

    for run in schedules:
        outcomes = run.together(
            lambda: storage.evaluations.record(first, an_evaluation(73)),
            lambda: storage.evaluations.fail(second, "Claude declined"),
        )

        assert outcomes == (True, True)
        stored = storage.sessions.get(USER, session.id)
        assert (stored.scored_count, stored.failed_count, stored.pending_count) == (1, 1, 0)
    assert schedules.count == 2


def test_when_a_lease_runs_out_meanwhile_only_the_first_result_counts(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    calls: Counter[int] = Counter()
    request = request_for(add(storage, session)[0])
    # Nothing interleaves with reading the breaker, and without it there are fewer schedules by far.
    storage.limits.breaker = lambda: 0  # type: ignore[method-assign]

    for run in schedules:
        grader = a_grader(run, 60, 90)
        late = delivery(schedules, grader, request)

        def after_the_lease(run: Run = run, late: Callable[[], str] = late) -> str:
            run.step("time passes")
            schedules.clock.advance(LEASE_SECONDS)
            return late()

        outcomes = run.together(delivery(schedules, grader, request), after_the_lease)

        assert kinds(outcomes)["evaluated"] == 1
        attempt = storage.attempts.get(USER, session.id, 1)
        assert attempt.evaluation
        stored = storage.sessions.get(USER, session.id)
        assert (stored.scored_count, stored.pending_count) == (1, 0)
        assert stored.score_sum == attempt.evaluation.overall in (60, 90)
        calls[grader.calls] += 1
    assert set(calls) == {1, 2}


def test_a_late_release_does_not_free_the_lease_of_the_next_worker(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    request = request_for(add(storage, session)[0])
    late = storage.evaluations.take_lease(request, seconds=LEASE_SECONDS)
    assert isinstance(late, Lease)
    schedules.clock.advance(LEASE_SECONDS)

    for run in schedules:
        _, (second, third) = run.together(
            lambda: storage.evaluations.release_lease(late),
            lambda: [storage.evaluations.take_lease(request, seconds=LEASE_SECONDS) for _ in range(2)],
        )

        assert isinstance(second, Lease)
        assert second.tries == 2
        assert third == Held(int(schedules.clock()) + LEASE_SECONDS)
    assert schedules.count == 3


def test_an_evaluation_and_a_giving_up_settle_the_attempt_once(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    winners: Counter[str] = Counter()
    attempt, _ = add(storage, session)

    for run in schedules:
        recorded, given_up = run.together(
            lambda: storage.evaluations.record(attempt, an_evaluation(73)),
            lambda: storage.evaluations.give_up(request_for(attempt), "Too many tries"),
        )

        assert recorded is not given_up
        stored = storage.attempts.get(USER, session.id, 1)
        assert stored.status is (Status.EVALUATED if recorded else Status.FAILED)
        assert bool(stored.failure) is given_up
        assert storage.sessions.get(USER, session.id) == recounted(storage, session)
        assert storage.sessions.get(USER, session.id).pending_count == 0
        winners[stored.status] += 1
    assert set(winners) == {"evaluated", "failed"}


def test_a_worker_and_a_giving_up_leave_exact_stats(schedules: Schedules, storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)
    request = request_for(attempt)

    for run in schedules:
        outcome, given_up = run.together(
            delivery(schedules, a_grader(run), request), lambda: storage.evaluations.give_up(request, "Too many tries")
        )

        assert (outcome == "evaluated") is not given_up
        assert storage.sessions.get(USER, session.id) == recounted(storage, session)
    assert schedules.count > 10


def test_two_failures_at_once_are_counted_once(schedules: Schedules, storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)
    request = request_for(attempt)

    for run in schedules:
        failed = run.together(
            lambda: storage.evaluations.fail(attempt, "Claude declined"),
            lambda: storage.evaluations.give_up(request, "Too many tries"),
        )

        assert sorted(failed) == [False, True]
        assert storage.sessions.get(USER, session.id).failed_count == 1
    assert schedules.count > 1


def test_asking_again_twice_at_once_is_one_more_round(schedules: Schedules, storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)
    storage.evaluations.fail(attempt, "Claude declined")

    for run in schedules:
        before = run.together(*[lambda: ask_again(storage, session)] * 2)

        assert sorted(before) == [False, True]
        assert storage.attempts.get(USER, session.id, 1).round == 2
        stored = storage.sessions.get(USER, session.id)
        assert (stored.failed_count, stored.pending_count) == (0, 1)
    assert schedules.count > 1


def test_the_late_result_of_an_earlier_round_never_counts(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    attempt, _ = add(storage, session)
    storage.evaluations.fail(attempt, "Claude declined")

    for run in schedules:
        recorded, before = run.together(
            lambda: storage.evaluations.record(attempt, an_evaluation(20)),
            lambda: ask_again(storage, session),
        )

        assert (recorded, before) == (False, True)
        stored = storage.attempts.get(USER, session.id, 1)
        assert (stored.status, stored.round, stored.evaluation) == (Status.PENDING, 2, None)
        assert storage.sessions.get(USER, session.id) == recounted(storage, session)
    assert schedules.count == 3


def test_the_late_giving_up_of_an_earlier_round_never_counts(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    attempt, _ = add(storage, session)
    storage.evaluations.fail(attempt, "Claude declined")

    for run in schedules:
        given_up, _ = run.together(
            lambda: storage.evaluations.give_up(request_for(attempt), "Too many tries"),
            lambda: ask_again(storage, session),
        )

        assert not given_up
        assert storage.attempts.get(USER, session.id, 1).status is Status.PENDING
        assert storage.sessions.get(USER, session.id).failed_count == 0
    assert schedules.count > 1


def test_the_message_of_an_earlier_round_and_that_of_the_next_are_one_call(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    attempt, _ = add(storage, session)
    storage.evaluations.fail(attempt, "Claude declined")
    ask_again(storage, session)
    again = storage.attempts.get(USER, session.id, 1)

    for run in schedules:
        grader = a_grader(run)

        outcomes = run.together(
            delivery(schedules, grader, request_for(attempt)), delivery(schedules, grader, request_for(again))
        )

        assert outcomes == ("nothing to do", "evaluated")
        assert grader.calls == 1
    assert schedules.count > 10


# Follow-ups


def asking(storage: Storage, session: Session) -> Attempt:
    """A new attempt of which the evaluation asks something."""
    attempt, _ = add(storage, session)
    storage.evaluations.record(attempt, an_evaluation(50, PROBE))
    return storage.attempts.get(USER, session.id, attempt.id)


def test_of_two_answers_to_one_probe_at_once_one_is_taken(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    asking(storage, session)

    for run in schedules:
        outcomes = run.together(*[lambda: add(storage, session, follow_up_to=1)[0].id] * 2)

        assert kinds(outcomes) == Counter({"2": 1, "Conflict": 1})
        assert storage.sessions.get(USER, session.id) == recounted(storage, session)
        assert imbalances(schedules.client) == []
    assert schedules.count > 5


def test_a_follow_up_sent_twice_at_once_with_one_key_is_one_attempt(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    asking(storage, session)

    for run in schedules:
        outcomes = run.together(*[lambda: add(storage, session, key="k", follow_up_to=1)] * 2)

        assert sorted((attempt.id, new) for attempt, new in outcomes) == [(2, False), (2, True)]
        assert imbalances(schedules.client) == []
    assert schedules.count > 5


def test_a_follow_up_and_another_answer_at_once_are_both_taken(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    asking(storage, session)

    for run in schedules:
        follow_up, other = run.together(
            lambda: add(storage, session, follow_up_to=1)[0], lambda: add(storage, session)[0]
        )

        assert {follow_up.id, other.id} == {2, 3}
        stored = storage.sessions.get(USER, session.id)
        assert (stored.questions_count, stored.pending_count, stored.follow_ups_count) == (2, 2, 1)
        assert imbalances(schedules.client) == []
    assert schedules.count > 5


def test_a_follow_up_keeps_the_question_that_it_answers_while_the_one_that_asked_is_evaluated_once_more(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    asked = Counter[str]()
    storage.evaluations.request_reevaluation(asking(storage, session))
    again = storage.attempts.get(USER, session.id, 1)
    other = replace(PROBE, question="Who loses by it?")

    for run in schedules:
        follow_up, recorded = run.together(
            lambda: add(storage, session, follow_up_to=1)[0],
            lambda: storage.evaluations.record(again, an_evaluation(80, other)),
        )

        assert recorded
        first, *stored = attempts_of(storage, session)
        if isinstance(follow_up, Conflict):  # it was written to a question that is asked no more
            assert (stored, first.answered, first.follow_up) == ([], None, other)
        else:
            [answered] = stored
            assert follow_up.probe == answered.probe == first.answered == first.follow_up
        asked[first.answered.question if first.answered else "nothing"] += 1
        assert imbalances(schedules.client) == []
    assert set(asked) == {PROBE.question, other.question, "nothing"}


def test_a_follow_up_and_its_first_answer_evaluated_at_once_add_up(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    storage.evaluations.request_reevaluation(asking(storage, session))
    again = storage.attempts.get(USER, session.id, 1)
    follow_up, _ = add(storage, session, follow_up_to=1)

    for run in schedules:
        outcomes = run.together(
            lambda: storage.evaluations.record(again, an_evaluation(80)),
            lambda: storage.evaluations.record(follow_up, an_evaluation(30)),
            lambda: storage.sessions.end(USER, session.id),
        )

        assert outcomes[:2] == (True, True)
        stored = storage.sessions.get(USER, session.id)
        assert (stored.avg_score, stored.questions_count, stored.pending_count) == (8.0, 1, 0)
        assert imbalances(schedules.client) == []
    assert schedules.count > 5


def test_a_follow_up_delivered_twice_at_once_is_one_call_and_counted_once(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    asking(storage, session)
    request = request_for(add(storage, session, answer=MORE[0], follow_up_to=1)[0])
    storage.limits.breaker = lambda: 0  # type: ignore[method-assign]

    for run in schedules:
        grader = a_grader(run, 73)

        outcomes = run.together(*[delivery(schedules, grader, request)] * 2)

        assert kinds(outcomes)["evaluated"] == grader.calls == 1
        stored = storage.sessions.get(USER, session.id)
        assert (stored.follow_ups_scored_count, stored.scored_count, stored.pending_count) == (1, 1, 0)
    assert schedules.count == 10


# Evaluation once more


def test_an_evaluation_once_more_delivered_twice_at_once_is_one_call_and_one_write(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    request = request_for(evaluated_and_asked_for_again(storage, session, 50))

    for run in schedules:
        grader = a_grader(run, 80)

        outcomes = run.together(*[delivery(schedules, grader, request)] * 2)

        assert kinds(outcomes)["evaluated"] == grader.calls == 1
        assert storage.sessions.get(USER, session.id) == recounted(storage, session)
        assert storage.sessions.get(USER, session.id).score_sum == 80
        assert former_scores(schedules.client) == {(1, 1): 50}
    assert schedules.count > 10


def test_the_books_agree_at_every_moment_of_an_evaluation_once_more(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    other, _ = add(storage, session)
    storage.evaluations.record(other, an_evaluation(30))
    again = storage.attempts.get(USER, session.id, other.id)
    request = request_for(evaluated_and_asked_for_again(storage, session, 50))

    for run in schedules:
        asked, outcome, out_of_balance = run.together(
            lambda: storage.evaluations.request_reevaluation(again),
            delivery(schedules, a_grader(run, 80), request),
            lambda: imbalances(schedules.client),
        )

        assert (asked, outcome, out_of_balance) == (True, "evaluated", [])
        assert (
            storage.sessions.get(USER, session.id).scored_count,
            storage.sessions.get(USER, session.id).score_sum,
        ) == (2, 110)
        assert imbalances(schedules.client) == []
    assert schedules.count > 10


def test_asking_once_more_twice_at_once_is_one_more_round(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    attempt, _ = add(storage, session)
    storage.evaluations.record(attempt, an_evaluation(50))
    read = storage.attempts.get(USER, session.id, 1)

    for run in schedules:
        asked = run.together(*[lambda: storage.evaluations.request_reevaluation(read)] * 2)

        assert asked == (True, True)
        assert storage.attempts.get(USER, session.id, 1).round == 2
    assert schedules.count == 2


def test_asking_once_more_meets_the_first_evaluation_and_takes_nothing_away(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    came_of_it: Counter[bool] = Counter()
    attempt, _ = add(storage, session)

    for run in schedules:
        recorded, asked = run.together(
            lambda: storage.evaluations.record(attempt, an_evaluation(50)),
            lambda: storage.evaluations.request_reevaluation(storage.attempts.get(USER, session.id, 1)),
        )

        assert recorded
        stored = storage.attempts.get(USER, session.id, 1)
        assert (stored.status, bool(stored.reevaluating), stored.round) == (Status.EVALUATED, asked, 1 + asked)
        assert storage.sessions.get(USER, session.id) == recounted(storage, session)
        came_of_it[asked] += 1
    assert set(came_of_it) == {True, False}


def test_a_late_message_of_the_first_round_and_an_evaluation_once_more_are_one_call(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    again = evaluated_and_asked_for_again(storage, session, 50)
    late = request_for(replace(again, round=1))

    for run in schedules:
        grader = a_grader(run, 80)

        outcomes = run.together(delivery(schedules, grader, late), delivery(schedules, grader, request_for(again)))

        assert outcomes == ("nothing to do", "evaluated")
        assert grader.calls == 1
        assert storage.sessions.get(USER, session.id).score_sum == 80
    assert schedules.count > 10


def test_the_late_result_of_a_lease_that_ran_out_never_counts_in_an_evaluation_once_more(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    again = evaluated_and_asked_for_again(storage, session, 50)
    late = storage.evaluations.take_lease(request_for(again), seconds=LEASE_SECONDS)
    assert isinstance(late, Lease)
    schedules.clock.advance(LEASE_SECONDS)
    winners: Counter[int] = Counter()

    for run in schedules:

        def next_worker() -> bool:
            lease = storage.evaluations.take_lease(request_for(again), seconds=LEASE_SECONDS)
            return isinstance(lease, Lease) and storage.evaluations.record(lease.attempt, an_evaluation(80))

        recorded = run.together(lambda: storage.evaluations.record(late.attempt, an_evaluation(20)), next_worker)

        assert sorted(recorded) == [False, True]
        stored = storage.sessions.get(USER, session.id)
        assert stored == recounted(storage, session)
        assert former_scores(schedules.client) == {(1, 1): 50}
        winners[stored.score_sum] += 1
    assert set(winners) == {20, 80}


def test_the_late_result_of_a_round_that_was_given_up_never_replaces_anything(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    again = evaluated_and_asked_for_again(storage, session, 50)

    for run in schedules:

        def give_up_and_ask_anew() -> bool:
            storage.evaluations.fail(again, "Claude declined")
            return storage.evaluations.request_reevaluation(storage.attempts.get(USER, session.id, 1))

        recorded, _ = run.together(lambda: storage.evaluations.record(again, an_evaluation(20)), give_up_and_ask_anew)

        stored = storage.attempts.get(USER, session.id, 1)
        assert stored.evaluation
        assert stored.evaluation.overall == (20 if recorded else 50)
        assert storage.sessions.get(USER, session.id) == recounted(storage, session)
        assert stored.reevaluating
        assert stored.round == 3
    assert schedules.count > 3


def test_an_evaluation_once_more_and_a_giving_up_settle_it_once(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    came_of_it: Counter[bool] = Counter()
    request = request_for(evaluated_and_asked_for_again(storage, session, 50))

    for run in schedules:
        outcome, given_up = run.together(
            delivery(schedules, a_grader(run, 80), request),
            lambda: storage.evaluations.give_up(request, "Too many tries"),
        )

        assert (outcome == "evaluated") is not given_up
        stored = storage.attempts.get(USER, session.id, 1)
        assert (stored.status, stored.reevaluating, bool(stored.reevaluation_failure)) == (
            Status.EVALUATED,
            None,
            given_up,
        )
        assert storage.sessions.get(USER, session.id).score_sum == (50 if given_up else 80)
        assert imbalances(schedules.client) == []
        came_of_it[given_up] += 1
    assert set(came_of_it) == {True, False}


def test_a_users_request_is_a_conflict_all_along_an_evaluation_once_more(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    request = request_for(evaluated_and_asked_for_again(storage, session, 50))

    for run in schedules:
        outcomes = run.together(
            delivery(schedules, a_grader(run, 80), request),
            lambda: ask_again(storage, session),
        )

        assert kinds(outcomes) == Counter({"evaluated": 1, "Conflict": 1})
        assert storage.attempts.get(USER, session.id, 1).round == 2
    assert schedules.count > 3


def test_an_end_and_an_evaluation_once_more_both_stand(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    again = evaluated_and_asked_for_again(storage, session, 50)

    for run in schedules:
        ended, recorded = run.together(
            lambda: storage.sessions.end(USER, session.id), lambda: storage.evaluations.record(again, an_evaluation(80))
        )

        assert recorded
        assert ended.score_sum in (50, 80)
        stored = storage.sessions.get(USER, session.id)
        assert (stored.ended_at, stored.score_sum, stored.pending_count) == (ended.ended_at, 80, 0)
    assert schedules.count == 2


def test_two_attempts_evaluated_once_more_at_once_are_both_in_the_sum(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    first, second = (evaluated_and_asked_for_again(storage, session, overall) for overall in (50, 60))

    for run in schedules:
        outcomes = run.together(
            delivery(schedules, a_grader(run, 80), request_for(first)),
            lambda: storage.evaluations.record(second, an_evaluation(30)),
        )

        assert outcomes == ("evaluated", True)
        assert storage.sessions.get(USER, session.id).score_sum == 110
    assert schedules.count > 3


# Sessions and attempts


def test_no_attempt_enters_a_session_behind_its_end(schedules: Schedules, storage: Storage, session: Session) -> None:
    came_of_it: Counter[str] = Counter()

    for run in schedules:
        added, ended = run.together(lambda: add(storage, session), lambda: storage.sessions.end(USER, session.id))

        stored = attempts_of(storage, session)
        assert ended.attempts_count == len(stored)
        assert isinstance(added, Conflict) is (stored == [])
        assert storage.sessions.get(USER, session.id) == ended == recounted(storage, session)
        came_of_it[type(added).__name__] += 1
    assert came_of_it == {"Conflict": 2, "tuple": 1}


def test_an_end_and_an_evaluation_both_stand(schedules: Schedules, storage: Storage, session: Session) -> None:
    attempt, _ = add(storage, session)

    for run in schedules:
        run.together(
            lambda: storage.sessions.end(USER, session.id),
            lambda: storage.evaluations.record(attempt, an_evaluation(73)),
        )

        stored = storage.sessions.get(USER, session.id)
        assert stored.ended_at
        assert (stored.score_sum, stored.pending_count) == (73, 0)
    assert schedules.count == 2


def test_two_ends_at_once_have_one_time(schedules: Schedules, storage: Storage, session: Session) -> None:
    def end(seconds: float) -> Session:
        slow = Storage(schedules.client, "coach", now=lambda: schedules.clock() + seconds)
        return slow.sessions.end(USER, session.id)

    for run in schedules:
        first, second = run.together(lambda: end(1), lambda: end(2))

        assert first == second == storage.sessions.get(USER, session.id)
    assert schedules.count == 2


def test_two_answers_at_once_are_numbered_one_and_two(schedules: Schedules, storage: Storage, session: Session) -> None:
    for run in schedules:
        added = run.together(lambda: add(storage, session), lambda: add(storage, session, question_id=2))

        assert {(attempt.id, new) for attempt, new in added} == {(1, True), (2, True)}
        assert attempts_of(storage, session) == sorted(
            (attempt for attempt, _ in added), key=lambda attempt: attempt.id
        )
        assert storage.sessions.get(USER, session.id).attempts_count == 2
    assert schedules.count > 5


def test_one_request_sent_twice_at_once_is_one_attempt(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    for run in schedules:
        (first, first_new), (second, second_new) = run.together(*[lambda: add(storage, session, key="k")] * 2)

        assert first == second
        assert first_new is not second_new
        assert attempts_of(storage, session) == [first]
        assert storage.sessions.get(USER, session.id).attempts_count == 1
    assert schedules.count > 5


def test_one_request_sent_twice_at_once_counts_once_even_at_the_limit(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    for run in schedules:
        (first, _), (second, _) = run.together(*[lambda: add(storage, session, key="k", limit=1)] * 2)

        assert first == second
        assert len(attempts_of(storage, session)) == 1
    assert schedules.count > 5


def test_one_key_with_two_bodies_at_once_is_one_attempt_and_a_conflict(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    for run in schedules:
        outcomes = run.together(
            lambda: add(storage, session, key="k"),
            lambda: add(storage, session, key="k", answer=f"{ANSWER} And a price."),
        )

        assert kinds(outcomes)["Repeated"] == 1
        assert storage.sessions.get(USER, session.id).attempts_count == 1
    assert schedules.count > 5


def test_two_answers_at_a_limit_of_one_are_one_attempt(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    for run in schedules:
        outcomes = run.together(*[lambda: add(storage, session, limit=1)] * 2)

        assert sum(isinstance(outcome, TooManyRequests) for outcome in outcomes) == 1
        assert storage.sessions.get(USER, session.id) == recounted(storage, session)
        assert len(attempts_of(storage, session)) == 1
    assert schedules.count > 5


def test_two_sessions_of_one_user_share_the_limit(schedules: Schedules, storage: Storage, session: Session) -> None:
    sessions = [session, storage.sessions.create(a_session())[0]]

    for run in schedules:
        outcomes = run.together(*[lambda s=s: add(storage, s, limit=1) for s in sessions])

        assert sum(isinstance(outcome, TooManyRequests) for outcome in outcomes) == 1
        assert sum(storage.sessions.get(USER, session.id).attempts_count for session in sessions) == 1
    assert schedules.count > 5


def test_a_session_made_twice_at_once_is_one_session(schedules: Schedules, storage: Storage) -> None:
    session = a_session(mode=Mode.EXAM)
    later = a_session(mode=Mode.EXAM, started_at=session.started_at.replace(minute=1), id=session.id)

    for run in schedules:
        (first, first_new), (second, second_new) = run.together(
            lambda: storage.sessions.create(session), lambda: storage.sessions.create(later)
        )

        assert first == second == storage.sessions.get(USER, session.id)
        assert first_new is not second_new
    assert schedules.count == 2


def test_a_session_made_twice_at_once_with_other_settings_is_a_conflict(schedules: Schedules, storage: Storage) -> None:
    session = a_session(timer_minutes=10)
    other = a_session(timer_minutes=20, id=session.id)

    for run in schedules:
        outcomes = run.together(lambda: storage.sessions.create(session), lambda: storage.sessions.create(other))

        (made, _), refused = sorted(outcomes, key=lambda outcome: isinstance(outcome, Conflict))
        assert isinstance(refused, Conflict)
        assert storage.sessions.get(USER, session.id) == made
    assert schedules.count == 2


def test_the_same_session_id_of_two_users_is_two_sessions(schedules: Schedules, storage: Storage) -> None:
    session = a_session()
    other = a_session(OTHER, id=session.id)

    for run in schedules:
        outcomes = run.together(lambda: storage.sessions.create(session), lambda: storage.sessions.create(other))

        assert outcomes == ((session, True), (other, True))
    assert schedules.count == 2


def test_two_registrations_of_an_address_at_once_are_one_account(schedules: Schedules, storage: Storage) -> None:
    users = [a_user("ada@example.com"), a_user("Ada@Example.com")]

    for run in schedules:
        outcomes = run.together(*[lambda u=u: storage.accounts.register(u, u.id) for u in users])

        assert kinds(outcomes) == Counter({"None": 1, "Conflict": 1})
        credentials = storage.accounts.credentials("ada@example.com")
        winner, loser = users if outcomes[0] is None else users[::-1]
        assert credentials
        assert (credentials.user_id, credentials.password_hash) == (winner.id, winner.id)
        assert storage.accounts.user(winner.id) == winner
        with pytest.raises(Unauthorized):
            storage.accounts.user(loser.id)
    assert schedules.count == 2


# Exams


def seen_by_reading(storage: Storage, exam: Session) -> AttemptOut:
    return AttemptOut.of(storage.attempts.get(USER, exam.id, 1))


def seen_by_listing(storage: Storage, exam: Session) -> AttemptOut:
    [attempt] = attempts_of(storage, exam)
    return AttemptOut.of(attempt)


def seen_by_repeating(storage: Storage, exam: Session) -> AttemptOut:
    return AttemptOut.of(add(storage, exam, key="k")[0])


def when(run: Run, actor: str) -> list[int]:
    """The places of an actor's steps in the schedule."""
    return [place for place, step in enumerate(run.trace) if step.startswith(actor)]


@pytest.mark.parametrize("look", [seen_by_reading, seen_by_listing, seen_by_repeating])
def test_an_attempt_of_an_exam_shows_nothing_before_the_end_and_everything_after(
    schedules: Schedules, storage: Storage, look: Callable[[Storage, Session], AttemptOut]
) -> None:
    exam = storage.sessions.create(a_session(mode=Mode.EXAM))[0]
    attempt, _ = add(storage, exam, key="k")
    came_of_it: Counter[bool] = Counter()

    for run in schedules:
        seen, *_ = run.together(
            lambda: look(storage, exam),
            lambda: storage.sessions.end(USER, exam.id),
            lambda: storage.evaluations.record(attempt, an_evaluation(73)),
        )

        (*_, ended), (recorded,), looked = (when(run, actor) for actor in "BCA")
        is_shown = seen.overall_score is not None
        if is_shown:
            assert ended < looked[-1]
            assert recorded < looked[-1]
        else:
            assert (seen.criteria, seen.evaluation, seen.strengths) == ([], None, [])
            assert max(ended, recorded) > looked[0]
        assert look(storage, exam).overall_score == 7.3
        came_of_it[is_shown] += 1
    assert set(came_of_it) == {True, False}


def test_an_answer_an_evaluation_and_the_end_of_an_exam_leave_exact_figures(
    schedules: Schedules, storage: Storage
) -> None:
    exam = storage.sessions.create(a_session(mode=Mode.EXAM))[0]
    attempt, _ = add(storage, exam)

    for run in schedules:
        added, _, ended = run.together(
            lambda: add(storage, exam, question_id=2),
            lambda: storage.evaluations.record(attempt, an_evaluation(73)),
            lambda: storage.sessions.end(USER, exam.id),
        )

        assert ended.avg_score == (7.3 if when(run, "B")[-1] < when(run, "C")[-1] else None)
        stored = storage.sessions.get(USER, exam.id)
        assert stored == recounted(storage, exam)
        assert (stored.avg_score, stored.attempts_count) == (7.3, 1 if isinstance(added, Conflict) else 2)
        assert not any(each.withheld for each in attempts_of(storage, exam))
        assert imbalances(schedules.client) == []
    assert schedules.count > 20


@pytest.mark.usefixtures("functions")
def test_the_sample_answer_of_an_exams_question_is_held_back_from_its_answer_to_the_end(
    schedules: Schedules, storage: Storage
) -> None:
    exam = storage.sessions.create(a_session(mode=Mode.EXAM))[0]
    came_of_it: Counter[bool] = Counter()
    demand_living(Caller(USER))

    for run in schedules:
        question, *_ = run.together(
            lambda: call("GET", "/api/questions/1", user=USER).json(),
            lambda: add(storage, exam),
            lambda: storage.sessions.end(USER, exam.id),
        )

        looked, (*_, answered), (*_, ended) = (when(run, actor) for actor in "ABC")
        is_shown = question["sample_answer"] is not None
        assert not is_shown or answered < looked[0] < ended < looked[-1] or answered < ended < looked[0]
        came_of_it[is_shown] += 1
    assert set(came_of_it) == {True, False}


def test_a_request_that_is_sent_twice_around_the_end_of_its_time_is_at_most_one_attempt(
    schedules: Schedules, storage: Storage
) -> None:
    session = storage.sessions.create(a_session(mode=Mode.TIMED, timer_minutes=1))[0]
    late = Storage(schedules.client, "coach", now=lambda: schedules.clock() + 91)
    came_of_it: Counter[str] = Counter()

    for run in schedules:
        first, second = run.together(lambda: add(storage, session, key="k"), lambda: add(late, session, key="k"))

        assert first == (attempts_of(storage, session)[0], True)
        assert isinstance(second, Conflict) or second == (first[0], False)
        assert add(late, session, key="k") == (first[0], False)
        came_of_it[type(second).__name__] += 1
    assert set(came_of_it) == {"Conflict", "tuple"}


# How many passwords may be tried


def a_try(storage: Storage, *, wrong: bool) -> str:
    """What a login learns about the password that it tries."""
    tries = storage.limits.password_tries("ada@example.com", "203.0.113.24")
    try:
        tries.demand()
        tries.record(wrong=wrong)
    except TooManyRequests:
        return "too many"
    return "wrong" if wrong else "right"


def test_of_two_eighth_wrong_passwords_at_once_one_is_told(schedules: Schedules, storage: Storage) -> None:
    for _ in range(7):
        a_try(storage, wrong=True)

    for run in schedules:
        outcomes = run.together(lambda: a_try(storage, wrong=True), lambda: a_try(storage, wrong=True))

        assert sorted(outcomes) == ["too many", "wrong"]
        assert a_try(storage, wrong=False) == "too many"
    assert schedules.count == 6  # all orders of two calls each


def test_the_first_wrong_passwords_at_once_are_all_counted(schedules: Schedules, storage: Storage) -> None:
    for run in schedules:
        outcomes = run.together(lambda: a_try(storage, wrong=True), lambda: a_try(storage, wrong=True))

        assert outcomes == ("wrong", "wrong")
        assert [a_try(storage, wrong=True) for _ in range(7)] == ["wrong"] * 6 + ["too many"]


def test_a_right_password_is_told_before_the_eighth_wrong_one_or_not_at_all(
    schedules: Schedules, storage: Storage
) -> None:
    for _ in range(7):
        a_try(storage, wrong=True)
    came_of_it: Counter[str] = Counter()

    for run in schedules:
        wrong, right = run.together(lambda: a_try(storage, wrong=True), lambda: a_try(storage, wrong=False))

        writes = [step for step in run.trace if step.endswith("UpdateItem")]
        assert wrong == "wrong"
        assert right == "too many" or writes == ["B UpdateItem", "A UpdateItem"]
        came_of_it[right] += 1
    assert set(came_of_it) == {"right", "too many"}


def test_of_twenty_wrong_passwords_that_are_checked_at_once_eight_are_told(storage: Storage) -> None:
    tries = [storage.limits.password_tries("ada@example.com", "203.0.113.24") for _ in range(20)]
    for each in tries:
        each.demand()

    def told(each: PasswordTries) -> bool:
        try:
            each.record(wrong=True)
        except TooManyRequests:
            return False
        return True

    assert [told(each) for each in tries] == [True] * 8 + [False] * 12


def test_of_two_changes_of_a_password_at_once_one_is_made(schedules: Schedules, storage: Storage) -> None:
    storage.accounts.register(a_user(), "hash")

    def change(after: str) -> bool:
        found = storage.accounts.credentials("ada@example.com")
        if not found or found.password_hash != "hash":
            return False
        storage.accounts.change_password(found, after)
        return True

    for run in schedules:
        outcomes = run.together(lambda: change("first"), lambda: change("second"))

        stored = storage.accounts.credentials("ada@example.com")
        made = [outcome is True for outcome in outcomes]
        assert stored
        assert made == [stored.password_hash == "first", stored.password_hash == "second"]
        assert all(outcome in (True, False) or isinstance(outcome, Conflict) for outcome in outcomes)
