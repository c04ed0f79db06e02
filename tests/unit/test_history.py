"""A user's history: what the index tells of all attempts, in one reading."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.model import Attempt, Category, Criterion, Evaluation, Evaluator, Mode, Status
from coach.progress.history import PastAttempt, Result
from coach.storage import Storage, keys, rows
from tests.conftest import OTHER, USER
from tests.unit.given import (
    ANSWER,
    NOW,
    Clock,
    a_session,
    add,
    an_evaluation,
    ask_again,
    evaluated_and_asked_for_again,
)

SCORES = st.integers(10, 100)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


@st.composite
def evaluations(draw: st.DrawFn) -> Evaluation:
    names = draw(st.lists(st.sampled_from(["Goal", "Users", "Metrics", "Risks"]), unique=True))
    return Evaluation(
        overall=draw(SCORES),
        framework=draw(SCORES),
        structure=draw(SCORES),
        completeness=draw(SCORES),
        strengths=(),
        improvements=(),
        suggested_framework=None,
        example_point=None,
        criteria=tuple(Criterion(name=name, score=draw(SCORES), evidence=(), comment="") for name in names),
        evaluator=draw(st.sampled_from(Evaluator)),
        model=draw(TEXTS),
        rubric_version=draw(TEXTS),
        evaluated_at=NOW,
        input_tokens=0,
        output_tokens=0,
    )


@st.composite
def attempts(draw: st.DrawFn) -> Attempt:
    evaluation = draw(st.none() | evaluations())
    return Attempt(
        id=draw(st.integers(1, 999_999)),
        user_id=USER,
        session_id="7c9e6679-7425-40de-944b-e07fc1f90ae7",
        question_id=draw(st.integers(1, 10**6)),
        category=draw(st.sampled_from(Category)),
        answer_text=ANSWER,
        time_spent_sec=None,
        status=Status.EVALUATED if evaluation else draw(st.sampled_from([Status.PENDING, Status.FAILED])),
        round=1,
        evaluation=evaluation,
        failure=None,
        created_at=draw(st.datetimes(timezones=st.just(NOW.tzinfo))),
        asked_at=NOW,
        follow_up_to=draw(st.none() | st.integers(1, 999_999)),
    )


def past(attempt: Attempt, *, in_open_exam: bool = False) -> PastAttempt:
    found = attempt.evaluation
    return PastAttempt(
        session_id=attempt.session_id,
        id=attempt.id,
        question_id=attempt.question_id,
        category=attempt.category,
        created_at=attempt.created_at,
        status=attempt.status,
        follow_up_to=attempt.follow_up_to,
        in_open_exam=in_open_exam,
        result=Result(
            evaluator=found.evaluator,
            model=found.model,
            rubric_version=found.rubric_version,
            overall=found.overall,
            framework=found.framework,
            structure=found.structure,
            completeness=found.completeness,
            criteria=tuple((each.name, each.score) for each in found.criteria),
        )
        if found
        else None,
    )


@given(attempts())
def test_a_row_tells_all_that_figures_are_made_of(attempt: Attempt) -> None:
    names = rows.codes(["Goal", "Users", "Metrics", "Risks"])

    found = rows.read(
        rows.of(attempt),
        keys.at_of(attempt.created_at),
        attempt.session_id,
        attempt.id,
        in_open_exam=False,
        criteria=names,
    )

    assert found == past(attempt)


def test_all_attempts_come_in_order_of_time(storage: Storage, clock: Clock) -> None:
    first, second = (storage.sessions.create(a_session())[0] for _ in range(2))
    storage.sessions.create(a_session(OTHER))
    storage.table.now = clock
    made = []
    for session in (second, first, second):
        clock.advance(0.000001)
        made.append(add(storage, session)[0])
    storage.evaluations.record(made[1], an_evaluation())

    history = storage.histories.of(USER, criteria=["Goal"])

    stored = [storage.attempts.get(USER, each.session_id, each.id) for each in made]
    assert history.attempts == [past(each) for each in stored]
    assert [each.created_at - made[0].created_at for each in stored] == [timedelta(microseconds=n) for n in range(3)]
    assert storage.histories.of(OTHER).attempts == []


def test_only_criteria_that_are_named_are_told(storage: Storage) -> None:
    attempt, _ = add(storage, storage.sessions.create(a_session())[0])
    storage.evaluations.record(attempt, an_evaluation())

    (told,) = storage.histories.of(USER, criteria=["Users"]).attempts

    assert told.result
    assert told.result.criteria == ()


def test_a_row_follows_its_attempt_through_failure_and_evaluation(storage: Storage) -> None:
    session, _ = storage.sessions.create(a_session())
    attempt, _ = add(storage, session)
    seen = []

    def see() -> None:
        (told,) = storage.histories.of(USER).attempts
        seen.append((told.status, told.result and told.result.overall))

    see()
    storage.evaluations.fail(attempt, "refused")
    see()
    ask_again(storage, session)
    see()
    storage.evaluations.record(storage.attempts.get(USER, session.id, 1), an_evaluation(64))
    see()

    assert seen == [("pending", None), ("failed", None), ("pending", None), ("evaluated", 64)]


def test_while_an_attempt_is_evaluated_again_its_row_tells_of_the_former_evaluation(storage: Storage) -> None:
    session, _ = storage.sessions.create(a_session())
    attempt = evaluated_and_asked_for_again(storage, session, 50)

    assert [each.result and each.result.overall for each in storage.histories.of(USER).attempts] == [50]
    storage.evaluations.record(attempt, an_evaluation(61))
    assert [each.result and each.result.overall for each in storage.histories.of(USER).attempts] == [61]


# Exams


def test_an_exam_is_open_until_it_is_ended(storage: Storage) -> None:
    exam, _ = storage.sessions.create(a_session(mode=Mode.EXAM))
    other, _ = storage.sessions.create(a_session())
    for session, question_id in ((exam, 1), (exam, 2), (exam, 1), (other, 3)):
        add(storage, session, question_id=question_id)

    history = storage.histories.of(USER)
    assert history.open_exams == storage.histories.open_exams(USER) == {exam.id: {1, 2}}
    assert {each.session_id: each.in_open_exam for each in history.attempts} == {exam.id: True, other.id: False}

    storage.sessions.end(USER, exam.id)
    history = storage.histories.of(USER)
    assert history.open_exams == storage.histories.open_exams(USER) == {}
    assert not any(each.in_open_exam for each in history.attempts)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("answers", [0, 2])
def test_all_sessions_are_counted_once(storage: Storage, mode: Mode, answers: int) -> None:
    session, _ = storage.sessions.create(a_session(mode=mode))
    for _ in range(answers):
        add(storage, session)

    assert storage.histories.of(USER).sessions_count == 1
    for _ in range(2):
        storage.sessions.end(USER, session.id)
        assert storage.histories.of(USER).sessions_count == 1
