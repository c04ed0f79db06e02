"""What happens to a session or an account while it is deleted, in every order of the DynamoDB calls: nothing of it is
left, and nothing comes back."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest

from coach.errors import Busy, NotFound, Unauthorized
from coach.model import Session
from coach.storage import Storage, deletions, keys
from coach.worker import Worker
from tests.conftest import USER
from tests.unit.given import (
    LEASE_SECONDS,
    NOW,
    Grader,
    a_session,
    a_user,
    add,
    an_evaluation,
    attempts_of,
    evaluated_and_asked_for_again,
    imbalances,
    owned_by,
    request_for,
    swept,
)
from tests.unit.schedules import Schedules

EMAIL = f"{USER}@example.com"


@pytest.fixture
def storage(schedules: Schedules) -> Storage:
    # Nothing interleaves with reading the breaker, and without it there are fewer schedules by far.
    schedules.storage.limits.breaker = lambda: 0  # type: ignore[method-assign]
    return schedules.storage


def sweep(storage: Storage) -> Callable[[], None]:
    """Marks the account, and then deletes what it owns."""
    storage.accounts.delete(USER)
    [(key, mark)] = storage.deletions.marked()
    return lambda: storage.deletions.sweep(key, mark)


def deletion(storage: Storage, session: Session) -> Callable[[], None]:
    return lambda: storage.deletions.delete_session(USER, session.id)


def delivery(schedules: Schedules, session: Session) -> Callable[[], str]:
    """Of the message of the session's new attempt."""
    request = request_for(add(schedules.storage, session)[0])
    worker = Worker(schedules.storage, Grader(73), lease_seconds=LEASE_SECONDS, now=schedules.clock)
    return lambda: asyncio.run(worker.work(request))


def kinds(*outcomes: Any) -> Counter[str]:
    """Outcomes as text, errors by their class."""
    return Counter(type(each).__name__ if isinstance(each, BaseException) else str(each) for each in outcomes)


def left_of(storage: Storage, session: Session) -> list[str]:
    return [sk for sk in owned_by(storage, USER) if session.id in sk]


# An account


def test_an_evaluation_brings_nothing_back_of_a_deleted_account(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    came_of_it: Counter[str] = Counter()
    evaluates, sweeps = delivery(schedules, session), sweep(storage)

    for run in schedules:
        outcome, _ = run.together(evaluates, sweeps)

        assert owned_by(storage, USER) == {}
        came_of_it += kinds(outcome)
    assert set(came_of_it) == {"evaluated", "nothing to do"}


def test_an_evaluation_once_more_brings_nothing_back_of_a_deleted_account(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    again = evaluated_and_asked_for_again(storage, session, 50)
    sweeps = sweep(storage)

    for run in schedules:
        run.together(lambda: storage.evaluations.record(again, an_evaluation(80)), sweeps)

        assert owned_by(storage, USER) == {}
    assert schedules.count > 5


def test_a_failure_brings_nothing_back_of_a_deleted_account(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    request = request_for(add(storage, session)[0])
    sweeps = sweep(storage)

    for run in schedules:
        run.together(lambda: storage.evaluations.give_up(request, "Too many tries"), sweeps)

        assert owned_by(storage, USER) == {}
    assert schedules.count > 10


def test_an_answer_brings_nothing_back_of_a_deleted_account(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    came_of_it: Counter[str] = Counter()
    sweeps = sweep(storage)

    for run in schedules:
        added, _ = run.together(lambda: add(storage, session, key="k"), sweeps)

        assert owned_by(storage, USER) == {}
        came_of_it[type(added).__name__] += 1
    assert set(came_of_it) == {"tuple", "NotFound"}


def test_two_sweeps_of_an_account_at_once_leave_nothing(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    assert session
    sweeps = sweep(storage)

    for run in schedules:
        assert run.together(sweeps, sweeps) == (None, None)
        assert owned_by(storage, USER) == {}
    assert schedules.count > 20


def test_a_session_and_its_account_deleted_at_once_leave_nothing(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    sweeps = sweep(storage)

    for run in schedules:
        outcome, _ = run.together(deletion(storage, session), sweeps)

        assert owned_by(storage, USER) == {}
        assert outcome is None or isinstance(outcome, NotFound)


def test_a_session_made_while_its_account_is_deleted_is_refused_or_swept(
    schedules: Schedules, storage: Storage
) -> None:
    came_of_it: Counter[str] = Counter()

    def delete() -> None:
        storage.accounts.delete(USER)
        swept(storage)

    for run in schedules:
        made, _ = run.together(lambda: storage.sessions.create(a_session()), delete)

        assert owned_by(storage, USER) == {}
        came_of_it[type(made).__name__] += 1
    assert set(came_of_it) == {"tuple", "Unauthorized"}


def test_a_login_while_the_account_is_deleted_brings_nothing_back(schedules: Schedules, storage: Storage) -> None:
    def login() -> bool:
        credentials = storage.accounts.credentials(EMAIL)
        return credentials is not None and storage.accounts.record_sign_in(credentials.user_id) is not None

    for run in schedules:
        run.together(login, lambda: storage.accounts.delete(USER))

        profile = owned_by(storage, USER)["PROFILE"]
        assert profile["is_active"] is False
        assert "email" not in profile
        assert storage.accounts.credentials(EMAIL) is None
    assert schedules.count > 5


def test_of_two_deletions_of_an_account_at_once_one_is_made(schedules: Schedules, storage: Storage) -> None:
    for run in schedules:
        outcomes = run.together(*[lambda: storage.accounts.delete(USER)] * 2)

        assert kinds(*outcomes) == Counter({"None": 1, "Unauthorized": 1})
        assert storage.accounts.credentials(EMAIL) is None


def test_who_registers_with_the_address_meanwhile_is_refused_or_has_an_account_that_stays(
    schedules: Schedules, storage: Storage
) -> None:
    user = a_user(EMAIL)
    came_of_it: Counter[str] = Counter()

    for run in schedules:
        registered, _ = run.together(
            lambda: storage.accounts.register(user, "another"), lambda: storage.accounts.delete(USER)
        )

        swept(storage)
        assert owned_by(storage, USER) == {}
        stays = storage.accounts.credentials(EMAIL)
        assert (stays is not None) is (registered is None)
        assert stays is None or stays.user_id == user.id
        came_of_it += kinds(registered)
    assert set(came_of_it) == {"None", "Conflict"}


def test_a_deletion_begun_twice_is_refused(storage: Storage) -> None:
    storage.accounts.delete(USER)

    with pytest.raises(Unauthorized):
        storage.accounts.delete(USER)


# A session


def test_an_evaluation_brings_nothing_back_of_a_deleted_session(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    came_of_it: Counter[str] = Counter()
    evaluates = delivery(schedules, session)
    storage.table.update(keys.session(USER, session.id), "SET deletion = :mark", "", {":mark": "m"})

    for run in schedules:
        outcome, _ = run.together(evaluates, lambda: storage.deletions.sweep(keys.session(USER, session.id), "m"))

        assert left_of(storage, session) == []
        assert imbalances(schedules.client) == []
        came_of_it += kinds(outcome)
    assert set(came_of_it) == {"evaluated", "nothing to do"}


def test_an_answer_brings_nothing_back_of_a_deleted_session(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    came_of_it: Counter[str] = Counter()

    for run in schedules:
        added, deleted = run.together(lambda: add(storage, session, key="k"), deletion(storage, session))

        assert deleted is None
        assert left_of(storage, session) == []
        assert imbalances(schedules.client) == []
        came_of_it[type(added).__name__] += 1
    assert set(came_of_it) == {"tuple", "NotFound"}


def test_an_end_brings_nothing_back_of_a_deleted_session(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    for run in schedules:
        ended, _ = run.together(lambda: storage.sessions.end(USER, session.id), deletion(storage, session))

        assert isinstance(ended, Session | NotFound)
        assert left_of(storage, session) == []


def test_two_deletions_of_a_session_at_once_delete_it(schedules: Schedules, storage: Storage, session: Session) -> None:
    for run in schedules:
        outcomes = run.together(*[deletion(storage, session)] * 2)

        assert set(kinds(*outcomes)) <= {"None", "NotFound"}
        assert None in outcomes
        assert left_of(storage, session) == []


def test_two_sweeps_of_a_session_at_once_count_each_answer_once(
    schedules: Schedules, storage: Storage, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = deletions._stages
    monkeypatch.setattr(deletions, "_stages", lambda owner: islice(stages(owner), 1))  # no replies are there
    kept = storage.sessions.create(a_session())[0]
    for each in (kept, session):
        add(storage, each)
    key = keys.session(USER, session.id)
    storage.table.update(key, "SET deletion = :mark", "", {":mark": "m"})

    for run in schedules:
        run.together(*[lambda: storage.deletions.sweep(key, "m")] * 2)

        assert left_of(storage, session) == []
        assert imbalances(schedules.client) == []
        assert storage.attempts.has_answered(USER, 1)


def test_a_session_made_anew_under_the_id_meanwhile_stays_whole(
    schedules: Schedules, storage: Storage, session: Session
) -> None:
    """Or the request is told to come again, by a client without patience."""
    hasty = Storage(schedules.client, "coach", now=schedules.clock)
    hasty.table.deadline = lambda: 0.0  # type: ignore[method-assign]
    came_of_it: Counter[str] = Counter()

    def make() -> bool:
        again, new = hasty.sessions.create(a_session(id=session.id, started_at=NOW + timedelta(seconds=1)))
        if new:
            add(hasty, again)
        return new

    for run in schedules:
        made, deleted = run.together(make, deletion(storage, session))

        assert deleted is None
        if made is True:
            assert len(attempts_of(storage, session)) == 1
        else:
            assert made is False or isinstance(made, Busy)
            assert left_of(storage, session) == []
        assert imbalances(schedules.client) == []
        came_of_it += kinds(made)
    assert set(came_of_it) == {"True", "False", "Busy"}
