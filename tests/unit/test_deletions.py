"""Deleting a session and an account: nothing is left, nothing comes back, and nobody else is touched."""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import pytest

from coach import aws
from coach.errors import Busy, NotFound, Unauthorized
from coach.http import caller
from coach.identity.tokens import SigningKey
from coach.model import Attempt, EvaluationRequest, Mode, Session
from coach.storage import Storage, deletions, dynamo, keys
from coach.storage.accounts import Standing
from coach.storage.evaluations import Lease
from coach.worker import Worker
from tests.conftest import OTHER, SEED, USER
from tests.unit import snapshots
from tests.unit.events import ANSWER, SESSION, Answer, call
from tests.unit.faults import Crash, Fault, Faults, crash_after, crash_before, reply_lost_and_sent_again
from tests.unit.given import (
    LEASE_SECONDS,
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
from tests.unit.schedules import no_sleep

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.usefixtures("functions")

BODY = {"question_id": 1, "answer_text": ANSWER}
ACCOUNT = {"email": "ada@example.com", "password": "correct horse battery staple"}


@pytest.fixture(autouse=True)
def at_once(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody sleeps, a few items fill a transaction, and the table keeps no stream, which moto copies each time."""
    assert storage
    no_sleep(monkeypatch)
    monkeypatch.setattr(deletions, "ITEMS_AT_ONCE", 2)
    monkeypatch.setattr(aws, "signing_key", lambda: SigningKey.made(SEED))
    snapshots.restore(snapshots.taken())


def delete(session_id: str = SESSION, user: str = USER) -> Answer:
    return call("DELETE", f"/api/sessions/{session_id}", user=user)


def evaluated(storage: Storage, session: Session, score: int = 73, **how: Any) -> Attempt:
    """A new attempt with an evaluation, whose reply is on record."""
    attempt, _ = add(storage, session, **how)
    worker = Worker(storage, Grader(score), lease_seconds=LEASE_SECONDS, now=storage.table.now)
    assert asyncio.run(worker.work(request_for(attempt))) == "evaluated"
    return attempt


def a_full_session(storage: Storage, mode: Mode = Mode.STANDARD) -> Session:
    """SESSION, with everything that can be kept of one: attempts, a key, replies, a replaced evaluation."""
    session = storage.sessions.create(a_session(id=SESSION, mode=mode))[0]
    evaluated(storage, session, key="k")
    again = evaluated_and_asked_for_again(storage, session)
    storage.evaluations.record(again, an_evaluation(80))
    add(storage, session)
    return session


def marked(storage: Storage, session_id: str = SESSION) -> str:
    """Begin the deletion of a session, as a request that then is interrupted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamo, "WRITE_DEADLINE_SECONDS", -1.0)
        with pytest.raises(Busy):
            storage.deletions.delete_session(USER, session_id)
    return str(owned_by(storage, USER)[f"SESSION#{session_id}"]["deletion"])


# A session


@pytest.mark.parametrize("mode", [Mode.STANDARD, Mode.EXAM])
def test_of_a_deleted_session_nobody_sees_anything_any_more(storage: Storage, mode: Mode) -> None:
    nothing = {path: call("GET", path, user=USER).body for path in ("/api/stats/overview", "/api/stats/by-category")}
    a_full_session(storage, mode)

    answer = delete()

    assert (answer.status, answer.body) == (204, "")
    paths = [f"/api/sessions/{SESSION}", f"/api/sessions/{SESSION}/attempts", f"/api/sessions/{SESSION}/attempts/1"]
    assert {call("GET", path, user=USER).status for path in paths} == {404}
    assert call("GET", "/api/sessions", user=USER).json() == call("GET", "/api/attempts", user=USER).json() == []
    assert {path: call("GET", path, user=USER).body for path in nothing} == nothing
    assert call("GET", "/api/questions/1", user=USER).json()["sample_answer"] is None


def test_a_deleted_session_leaves_nothing_but_the_days_count(storage: Storage) -> None:
    session = a_full_session(storage)
    kinds = {sk.split("#")[0] for sk in owned_by(storage, USER)}
    assert kinds == {"PROFILE", "SESSION", "REPLY", "EVALUATION", "ANSWERED", "QUOTA"}

    storage.deletions.delete_session(USER, session.id)

    quota, answered = keys.quota(USER, storage.table.moment)["sk"], keys.answered_sk(1)
    left = owned_by(storage, USER)
    assert left.keys() == {"PROFILE", quota, answered}
    assert (left[quota]["attempts"], left[answered]["attempts"]) == (3, 0)


def test_a_deleted_session_is_not_found_when_it_is_deleted_again(storage: Storage) -> None:
    a_full_session(storage)

    assert [delete().status for _ in range(2)] == [204, 404]
    assert delete("no-uuid").status == 404


def test_another_users_session_stays(storage: Storage) -> None:
    session = a_full_session(storage)
    before = owned_by(storage, USER)

    answer = delete(user=OTHER)

    assert (answer.status, answer.json()) == (404, {"detail": "Session not found"})
    assert owned_by(storage, USER) == before
    assert storage.sessions.get(USER, session.id)


def test_the_other_sessions_stay_and_so_does_the_sample_answer_that_they_have_earned(
    storage: Storage, dynamodb: "DynamoDBClient"
) -> None:
    a_full_session(storage)
    other = storage.sessions.create(a_session())[0]
    evaluated(storage, other, 60)
    evaluated(storage, other, 70, question_id=2)

    delete()

    assert imbalances(dynamodb) == []
    overview = call("GET", "/api/stats/overview", user=USER).json()
    assert (overview["total_attempts"], overview["average_score"], overview["sessions_count"]) == (2, 6.5, 1)
    assert call("GET", "/api/questions/1", user=USER).json()["sample_answer"]


def test_a_session_of_more_than_one_transaction_is_deleted_whole(storage: Storage, dynamodb: "DynamoDBClient") -> None:
    session = storage.sessions.create(a_session(id=SESSION))[0]
    for number in range(10):
        evaluated(storage, session, question_id=1 + number % 3, key=str(number))

    delete()

    assert {sk.split("#")[0] for sk in owned_by(storage, USER)} == {"PROFILE", "QUOTA", "ANSWERED"}
    assert imbalances(dynamodb) == []


def test_the_id_sent_again_makes_a_new_session_without_the_old_keys(storage: Storage) -> None:
    a_full_session(storage, Mode.EXAM)
    delete()

    again = call("POST", "/api/sessions", {"id": SESSION}, user=USER)
    added = call("POST", f"/api/sessions/{SESSION}/attempts", BODY, user=USER, headers={"Idempotency-Key": "k"})

    assert (again.status, again.json()["questions_count"], again.json()["mode"]) == (201, 0, "standard")
    assert (added.status, added.json()["id"]) == (201, 1)


# A session whose deletion was interrupted

REQUESTS = [
    ("GET", f"/api/sessions/{SESSION}", None),
    ("GET", f"/api/sessions/{SESSION}/attempts", None),
    ("GET", f"/api/sessions/{SESSION}/attempts/1", None),
    ("POST", f"/api/sessions/{SESSION}/end", None),
    ("POST", f"/api/sessions/{SESSION}/attempts", BODY),
    ("POST", f"/api/sessions/{SESSION}/attempts/3/evaluation", None),
    ("GET", f"/api/questions/next?session_id={SESSION}", None),
]


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_a_session_whose_deletion_has_begun_is_not_found(storage: Storage, method: str, path: str, body: Any) -> None:
    a_full_session(storage)
    marked(storage)
    before = owned_by(storage, USER)

    answer = call(method, path, body, user=USER)

    assert answer.status == 404
    assert owned_by(storage, USER) == before
    assert call("GET", "/api/sessions", user=USER).json() == []


def test_a_deletion_that_was_interrupted_goes_on_when_it_is_asked_for_again(storage: Storage) -> None:
    a_full_session(storage)
    mark = marked(storage)
    assert marked(storage) == mark

    assert delete().status == 204
    assert not [sk for sk in owned_by(storage, USER) if SESSION in sk]


def test_a_new_session_with_the_id_waits_for_the_end_of_the_deletion(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_full_session(storage)
    marked(storage)
    with monkeypatch.context() as patch:
        patch.setattr(dynamo, "WRITE_DEADLINE_SECONDS", 0.0)
        waiting = call("POST", "/api/sessions", {"id": SESSION}, user=USER)

    monkeypatch.setattr(storage.table, "pause", lambda *_: swept(storage))
    made = call("POST", "/api/sessions", {"id": SESSION}, user=USER)

    assert (waiting.status, waiting.json()) == (503, {"detail": "A session with this id is being deleted; try again"})
    assert (made.status, made.json()["questions_count"]) == (201, 0)


def test_a_sweep_that_comes_late_leaves_the_new_session_with_the_id_alone(storage: Storage) -> None:
    a_full_session(storage)
    mark = marked(storage)
    swept(storage)
    session = storage.sessions.create(a_session(id=SESSION))[0]
    add(storage, session)
    before = owned_by(storage, USER)

    storage.deletions.sweep(keys.session(USER, SESSION), mark)

    assert owned_by(storage, USER) == before


# An evaluation in flight when its session is deleted, and another one has its id


@pytest.fixture
def in_flight(storage: Storage) -> Lease:
    """The lease of the first attempt of SESSION, which was deleted since and made again, with another first attempt."""
    session = storage.sessions.create(a_session(id=SESSION))[0]
    lease = storage.evaluations.take_lease(request_for(add(storage, session)[0]), seconds=LEASE_SECONDS)
    assert isinstance(lease, Lease)
    storage.deletions.delete_session(USER, SESSION)
    add(storage, storage.sessions.create(a_session(id=SESSION))[0])
    return lease


def test_what_comes_of_it_is_dropped(storage: Storage, in_flight: Lease) -> None:
    before = owned_by(storage, USER)
    attempt = in_flight.attempt

    reply = an_evaluation().reply
    assert reply
    storage.evaluations.record_reply(in_flight, reply, "evaluated")
    recorded = storage.evaluations.record(attempt, an_evaluation())
    failed = storage.evaluations.fail(attempt, "No")
    given_up = storage.evaluations.give_up(request_for(attempt), "No")
    lease = storage.evaluations.take_lease(request_for(attempt), seconds=LEASE_SECONDS)
    storage.evaluations.release_lease(in_flight)

    assert (recorded, failed, given_up, lease) == (False, False, False, None)
    assert owned_by(storage, USER) == before


@pytest.mark.usefixtures("in_flight")
def test_the_new_attempt_is_evaluated_also_by_a_message_of_a_version_that_knew_no_time(storage: Storage) -> None:
    message = f'{{"user_id": "{USER}", "session_id": "{SESSION}", "attempt_id": 1, "round": 1}}'
    worker = Worker(storage, Grader(73), lease_seconds=LEASE_SECONDS, now=storage.table.now)

    assert asyncio.run(worker.work(EvaluationRequest.from_json(message))) == "evaluated"
    assert storage.sessions.get(USER, SESSION).score_sum == 73


# An account


@pytest.fixture
def ada(storage: Storage) -> str:
    """The id of a user who has practised, with the address of ACCOUNT."""
    user_id = str(call("POST", "/auth/register", ACCOUNT).json()["user"]["id"])
    for _ in range(2):
        session = storage.sessions.create(a_session(user_id))[0]
        for number in range(4):
            add(storage, session, key=str(number))
    return user_id


def test_a_deleted_account_leaves_nothing(storage: Storage, dynamodb: "DynamoDBClient", ada: str) -> None:
    add(storage, storage.sessions.create(a_session())[0])
    others = owned_by(storage, USER)

    answer = call("DELETE", "/auth/me", user=ada)
    swept(storage)

    assert (answer.status, answer.body) == (204, "")
    assert owned_by(storage, ada) == {}
    assert owned_by(storage, USER) == others
    assert ada not in str(dynamodb.scan(TableName="coach")["Items"])
    assert storage.accounts.standing(ada) is Standing.ABSENT


def test_before_it_is_swept_an_account_is_gone_for_its_owner(storage: Storage, ada: str) -> None:
    call("DELETE", "/auth/me", user=ada)

    # This process still takes it for living.
    own = [call("GET", "/auth/me", user=ada), call("DELETE", "/auth/me", user=ada)]
    created = call("POST", "/api/sessions", {}, user=ada)
    change = {"current_password": ACCOUNT["password"], "new_password": "another password"}

    assert {(answer.status, answer.body) for answer in (*own, created)} == {(401, '{"detail": "Not authenticated"}')}
    assert call("POST", "/auth/password", change, user=ada).status == 401
    assert call("POST", "/auth/login", ACCOUNT).status == 401
    caller.forget_living()
    assert call("GET", "/api/sessions", user=ada).status == 401
    profile = owned_by(storage, ada)["PROFILE"]
    assert not {"email", "full_name"} & profile.keys()


def test_the_address_can_be_registered_again_at_once_and_finds_nothing(storage: Storage, ada: str) -> None:
    call("DELETE", "/auth/me", user=ada)

    again = call("POST", "/auth/register", ACCOUNT)

    user_id = again.json()["user"]["id"]
    assert again.status == 201
    assert user_id != ada
    assert call("GET", "/api/sessions", user=user_id).json() == []
    swept(storage)
    assert owned_by(storage, user_id).keys() == {"PROFILE"}
    assert call("POST", "/auth/login", ACCOUNT).status == 200


def test_an_account_whose_address_is_somebody_elses_is_deleted_and_the_other_one_stays(storage: Storage) -> None:
    former, now = a_user(), a_user()
    storage.accounts.register(former, "hash")
    storage.table.delete(keys.email("ada@example.com"))
    storage.accounts.register(now, "hash")

    storage.accounts.delete(former.id)
    swept(storage)

    assert owned_by(storage, former.id) == {}
    assert storage.accounts.credentials("ada@example.com")
    assert storage.accounts.user(now.id) == now


def test_what_another_process_takes_for_living_is_read_for_fifteen_seconds_more(
    storage: Storage, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("coach.http.caller.monotonic", lambda: now[0])
    assert call("GET", "/api/sessions", user=ada).status == 200
    storage.accounts.delete(ada)

    now[0] += caller.LIVING_FOR - 0.1
    before = call("GET", "/api/sessions", user=ada).status
    now[0] += 0.2
    after = call("GET", "/api/sessions", user=ada)

    assert (before, after.status, after.json()) == (200, 401, {"detail": "Not authenticated"})


def test_whether_an_account_lives_is_asked_once_and_kept_of_so_many(
    storage: Storage, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert storage.accounts.standing(USER) is Standing.LIVING
    monkeypatch.setattr(caller, "LIVING_KEPT", 1)
    asked = []
    for user in (USER, USER, OTHER, USER):
        faults.next()
        caller.demand_living(caller.Caller(user))
        asked.append(len(faults.calls))

    assert asked == [1, 0, 1, 1]


def test_an_account_that_nobody_may_use_opens_nothing(storage: Storage) -> None:
    storage.table.update(keys.profile(USER), "SET is_active = :no", "attribute_exists(pk)", {":no": False})

    assert call("GET", "/api/sessions", user=USER).status == 401
    with pytest.raises(Unauthorized):
        storage.accounts.user(USER)


# Crashes, at every call

FAULTS = (crash_before, crash_after, reply_lost_and_sent_again)


def deletes_session(storage: Storage) -> None:
    storage.deletions.delete_session(USER, SESSION)


def deletes_account(storage: Storage) -> None:
    storage.accounts.delete(USER)


@pytest.fixture(scope="module")
def opening() -> dict[str, Any]:
    """A full session and another one, and the table with both, once it is known."""
    return {}


@pytest.fixture
def other(storage: Storage, opening: dict[str, Any]) -> Session:
    """Not the full session, which is there too."""
    if not opening:
        a_full_session(storage)
        opening["other"] = storage.sessions.create(a_session())[0]
        add(storage, opening["other"])
        opening["table"] = snapshots.taken()
    snapshots.restore(opening["table"])
    return cast("Session", opening["other"])


@pytest.mark.parametrize("at", range(12))
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("repeats", [True, False], ids=["repeated", "swept"])
def test_a_deletion_of_a_session_that_crashes_anywhere_comes_to_its_end(
    storage: Storage, other: Session, faults: Faults, dynamodb: "DynamoDBClient", repeats: bool, fault: Fault, at: int
) -> None:
    """By the same request once more, or by the stream."""
    faults.next(*[None] * at, fault)

    crashed = False
    try:
        deletes_session(storage)
    except Crash:
        crashed = True
    assert len(faults.calls) == (at + 1 if crashed else 12)
    faults.next()
    assert [each for each in imbalances(dynamodb) if SESSION not in each] == []  # counters of questions above all
    if crashed and not repeats:
        swept(storage)
    if crashed and (repeats or (at, fault) == (0, crash_before)):
        with suppress(NotFound):
            deletes_session(storage)

    assert not [sk for sk in owned_by(storage, USER) if SESSION in sk]
    assert imbalances(dynamodb) == []
    assert attempts_of(storage, other)


@pytest.mark.parametrize("at", range(10))
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_sweep_of_an_account_that_crashes_anywhere_comes_to_its_end(
    storage: Storage, faults: Faults, fault: Fault, at: int
) -> None:
    session = storage.sessions.create(a_session())[0]
    for number in range(3):
        add(storage, session, key=str(number))
    storage.accounts.delete(USER)
    [(key, mark)] = storage.deletions.marked()
    faults.next(*[None] * at, fault)

    try:
        storage.deletions.sweep(key, mark)
    except Crash:
        assert len(faults.calls) == at + 1
        assert at == 9 or storage.accounts.standing(USER) is Standing.DELETED
    faults.next()
    swept(storage)

    assert owned_by(storage, USER) == {}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("at", range(3))
def test_the_deletion_of_an_account_begins_whole_or_not_at_all(
    storage: Storage, faults: Faults, fault: Fault, at: int
) -> None:
    faults.next(*[None] * at, fault)
    try:
        deletes_account(storage)
    except Crash:
        faults.next()

    email = storage.accounts.credentials(f"{USER}@example.com")
    begun = storage.accounts.standing(USER) is Standing.DELETED
    assert begun is (email is None)
    assert begun is (fault is reply_lost_and_sent_again or (at, fault) == (2, crash_after))


def test_a_full_session_of_many_answers_is_swept_by_the_stream_when_the_request_has_no_time_left(
    storage: Storage,
) -> None:
    session = a_full_session(storage)
    marked(storage)
    assert len(attempts_left(storage)) == 3

    swept(storage)

    assert attempts_left(storage) == []
    with pytest.raises(NotFound):
        attempts_of(storage, session)


def attempts_left(storage: Storage) -> list[str]:
    return [sk for sk in owned_by(storage, USER) if "#ATTEMPT#" in sk]
