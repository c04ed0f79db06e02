"""POST /api/import: what is taken, and what stands after pages in any order, twice, in parallel or after a crash."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from coach.http.imports import WAS_FAILED, WAS_PENDING, WAS_WITHHELD
from coach.model import FOLLOW_UPS_MAX, Probe, Status
from coach.storage import Storage, keys
from coach.worker import Worker
from tests.conftest import OTHER, USER
from tests.unit.documents import (
    A_PROBE,
    SITTING,
    UNSCORED,
    Document,
    a_document,
    a_sitting,
    an_attempt,
    counted,
    imported,
)
from tests.unit.events import call
from tests.unit.faults import (
    Crash,
    Fault,
    Faults,
    crash_after,
    crash_before,
    reply_lost,
    reply_lost_and_sent_again,
    transaction_conflict,
)
from tests.unit.given import (
    ANSWER,
    LEASE_SECONDS,
    MORE,
    Grader,
    a_session,
    add,
    ask_again,
    attempts_of,
    imbalances,
    request_for,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.usefixtures("functions")


def exported(user: str = USER) -> Document:
    found: Document = call("GET", "/api/export?limit=100", user=user).json()
    return found


# What is taken


def test_ids_numbers_times_scores_and_texts_are_kept(storage: Storage) -> None:
    attempt = an_attempt(3, answer_text=f"  {ANSWER}\n😀 ", created_at="2026-11-20T11:00:00.25+02:00")

    assert counted(imported(a_document(a_sitting(attempt, ended_at="2026-11-20T10:00:00Z")))) == (1, 0, 1, 0)

    (session,) = exported()["sessions"]
    (found,) = session["attempts"]
    assert session | {"attempts": []} == a_sitting(user_id=USER, ended_at="2026-11-20T10:00:00Z")
    assert found.pop("imported_at")
    assert found == {k: v for k, v in attempt.items() if k != "imported_at"} | {
        "created_at": "2026-11-20T09:00:00.250000Z"
    }
    row = call("GET", "/api/attempts", user=USER).json()[0]
    assert row["imported_at"] == storage.attempts.get(USER, SITTING, 3).imported_at.isoformat().replace("+00:00", "Z")  # type: ignore[union-attr]


def test_what_is_there_is_left_alone_and_counted() -> None:
    first, second = an_attempt(1), an_attempt(2)
    imported(a_document(a_sitting(first)))
    before = exported()["sessions"][0]["attempts"][0]

    assert counted(imported(a_document(a_sitting(first | {"overall_score": 9.9}, second, mode="review")))) == (
        0,
        1,
        1,
        1,
    )

    (session,) = exported()["sessions"]
    assert (session["mode"], session["attempts"][0]) == ("standard", before)
    assert (session["questions_count"], session["avg_score"]) == (2, 6.4)
    assert counted(imported(a_document(a_sitting(first, second)))) == (0, 1, 0, 2)


def test_somebody_elses_session_of_the_same_id_is_another_one() -> None:
    imported(a_document(a_sitting(an_attempt())), OTHER)

    assert counted(imported(a_document(a_sitting(an_attempt())))) == (1, 0, 1, 0)


@pytest.mark.parametrize(
    ("attempt", "reason"),
    [
        (UNSCORED | {"status": "pending"}, WAS_PENDING),
        (UNSCORED | {"status": "evaluated"}, WAS_WITHHELD),
        (UNSCORED | {"status": "failed"}, WAS_FAILED),
        (UNSCORED | {"status": "failed", "failure": "Claude declined."}, "Claude declined."),
    ],
)
def test_an_answer_without_scores_comes_in_as_failed_and_can_be_evaluated(
    storage: Storage, attempt: Document, reason: str
) -> None:
    imported(a_document(a_sitting(an_attempt(**attempt))))

    assert [(each.status, each.failure) for each in attempts_of(storage, a_session(id=SITTING))] == [
        (Status.FAILED, reason)
    ]
    assert call("POST", f"/api/sessions/{SITTING}/attempts/1/evaluation", user=USER).status == 202
    assert storage.sessions.get(USER, SITTING).pending_count == 1


def test_the_next_own_attempt_has_the_number_behind_the_highest(storage: Storage, dynamodb: "DynamoDBClient") -> None:
    imported(a_document(a_sitting(an_attempt(7))))
    body = {"question_id": 1, "answer_text": ANSWER}

    assert call("POST", f"/api/sessions/{SITTING}/attempts", body, user=USER).json()["id"] == 8
    imported(a_document(a_sitting(an_attempt(1))))
    assert call("POST", f"/api/sessions/{SITTING}/attempts", body, user=USER).json()["id"] == 9
    assert storage.sessions.get(USER, SITTING).questions_count == 4
    assert imbalances(dynamodb) == []


def test_a_session_from_before_imports_goes_on_from_its_count(storage: Storage) -> None:
    session = storage.sessions.create(a_session(id=SITTING))[0]
    add(storage, session)
    key = keys.session(USER, SITTING)
    storage.table.update(key, "REMOVE last_id SET #mode = :mode", "attribute_exists(pk)", {":mode": "standard"})

    imported(a_document(a_sitting(an_attempt(1), an_attempt(2))))

    assert add(storage, session)[0].id == 3


def test_a_session_without_a_number_left_takes_no_more_answers() -> None:
    imported(a_document(a_sitting(an_attempt(keys.ATTEMPTS_MAX))))
    body = {"question_id": 1, "answer_text": ANSWER}

    assert call("POST", f"/api/sessions/{SITTING}/attempts", body, user=USER).status == 409


def test_importing_counts_on_no_share_but_asking_again_does() -> None:
    imported(a_document(a_sitting(an_attempt(**UNSCORED, status="failed"))))

    again = call("POST", f"/api/sessions/{SITTING}/attempts/1/evaluation", user=USER)

    assert again.headers["x-quota-remaining"] == "199"


def test_sample_answers_are_there_for_what_was_imported() -> None:
    assert call("GET", "/api/questions/1", user=USER).json()["sample_answer"] is None

    imported(a_document(a_sitting(an_attempt())))

    assert call("GET", "/api/questions/1", user=USER).json()["sample_answer"]


def test_an_exam_that_goes_on_holds_back_and_its_sample_answers_too() -> None:
    imported(a_document(a_sitting(an_attempt(), mode="exam")))

    (session,) = exported()["sessions"]
    (attempt,) = session["attempts"]
    assert (attempt["status"], attempt["overall_score"], session["avg_score"]) == ("evaluated", None, None)
    assert call("GET", "/api/questions/1", user=USER).json()["sample_answer"] is None
    ended = call("POST", f"/api/sessions/{SITTING}/end", user=USER).json()
    assert ended["avg_score"] == 6.4


def test_nothing_to_take_is_fine() -> None:
    assert counted(imported(a_document())) == (0, 0, 0, 0)


# What follows up


CHAIN = (
    an_attempt(1, follow_up=A_PROBE),
    an_attempt(2, follow_up_to=1, follow_up=A_PROBE | {"question": "And then?"}),
    an_attempt(3, follow_up_to=2),
)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0), (0, 2, 1), (2, 0, 1)])
def test_follow_ups_find_what_they_answer_in_whatever_order_they_come(
    storage: Storage, dynamodb: "DynamoDBClient", order: tuple[int, ...]
) -> None:
    for index in order:
        imported(a_document(a_sitting(CHAIN[index])))
        assert imbalances(dynamodb) == []

    first, second, third = attempts_of(storage, a_session(id=SITTING))
    assert (first.answered, second.answered, third.answered) == (first.follow_up, second.follow_up, None)
    session = storage.sessions.get(USER, SITTING)
    assert (session.questions_count, session.follow_ups_scored_count, session.avg_score) == (1, 2, 6.4)
    more = call(
        "POST",
        f"/api/sessions/{SITTING}/attempts",
        {"question_id": 1, "answer_text": ANSWER, "follow_up_to": 1},
        user=USER,
    )
    assert more.status == 409


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_follow_up_is_evaluated_again_with_what_it_answers(storage: Storage, order: tuple[int, ...]) -> None:
    failed = an_attempt(2, follow_up_to=1, answer_text=MORE[0], **UNSCORED | {"status": "failed"})
    pages = [an_attempt(1, follow_up=A_PROBE), failed]
    for index in order:
        imported(a_document(a_sitting(pages[index])))
    assert ask_again(storage, a_session(id=SITTING), 2)
    grader = Grader(80)

    outcome = work(storage, grader, 2)

    assert outcome == "evaluated"
    (followed,) = grader.followed_up
    assert followed
    assert followed.probe == Probe(**A_PROBE)
    assert [(turn.asked, turn.answer) for turn in followed.earlier] == [(None, ANSWER)]


@pytest.mark.parametrize(
    "attempts",
    [
        [an_attempt(2, follow_up_to=1, **UNSCORED | {"status": "failed"})],
        [an_attempt(1), an_attempt(2, follow_up_to=1, **UNSCORED | {"status": "failed"})],
        [
            *(an_attempt(n, follow_up=A_PROBE, follow_up_to=n - 1 or None) for n in range(1, FOLLOW_UPS_MAX + 2)),
            an_attempt(FOLLOW_UPS_MAX + 2, follow_up_to=FOLLOW_UPS_MAX + 1, **UNSCORED | {"status": "failed"}),
        ],
    ],
    ids=["the first answer is not there", "it asks nothing", "too many"],
)
def test_a_follow_up_that_cannot_be_graded_fails_with_a_reason_and_no_model_is_asked(
    storage: Storage, attempts: list[Document]
) -> None:
    imported(a_document(a_sitting(*attempts)))
    number = attempts[-1]["id"]
    assert ask_again(storage, a_session(id=SITTING), number)
    grader = Grader(80)

    assert work(storage, grader, number) == "failed"
    assert grader.calls == 0
    assert storage.attempts.get(USER, SITTING, number).failure


def work(storage: Storage, grader: Grader, number: int) -> str:
    worker = Worker(storage, grader, lease_seconds=LEASE_SECONDS)
    return asyncio.run(worker.work(request_for(storage.attempts.get(USER, SITTING, number))))


# At the same time, and after a crash


def test_an_account_that_is_not_there_takes_nothing(dynamodb: "DynamoDBClient") -> None:
    gone = "33333333-3333-4333-8333-333333333333"
    before = dynamodb.scan(TableName="coach")["Items"]

    assert imported(a_document(a_sitting(an_attempt())), gone).status == 401
    assert dynamodb.scan(TableName="coach")["Items"] == before


@pytest.mark.parametrize("key", [keys.profile(USER), keys.session(USER, SITTING)], ids=["account", "session"])
def test_what_is_being_deleted_takes_nothing(storage: Storage, key: keys.Key, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coach.storage.dynamo.WRITE_DEADLINE_SECONDS", 0)
    imported(a_document(a_sitting(an_attempt(1))))
    storage.table.update(key, "SET deletion = :token", "attribute_exists(pk)", {":token": "t"})

    answer = imported(a_document(a_sitting(an_attempt(2))))

    assert answer.status == (401 if key["sk"] == "PROFILE" else 503)
    assert storage.table.get(keys.attempt(USER, SITTING, 2)) == {}


DOCUMENT = a_document(
    a_sitting(*CHAIN, an_attempt(4, question_id=2, **UNSCORED | {"status": "failed"})),
    a_sitting(an_attempt(1, OTHER), session_id=OTHER, mode="exam"),
    a_sitting(session_id=USER),
)
CALLS = 9
"""Of an import of it: three sessions, each read with its attempts and written."""


@pytest.mark.parametrize("fault", [crash_before, crash_after, reply_lost])
@pytest.mark.parametrize("at", range(CALLS))
def test_after_a_crash_at_any_call_the_same_import_again_brings_the_rest(
    dynamodb: "DynamoDBClient", faults: Faults, at: int, fault: Fault
) -> None:
    faults.next(*[None] * at, fault)
    with contextlib.suppress(Crash):
        imported(DOCUMENT)
    faults.next()
    assert imbalances(dynamodb) == []

    answer = imported(DOCUMENT)

    assert answer.status == 200
    sessions, sessions_there, attempts, attempts_there = counted(answer)
    assert (sessions + sessions_there, attempts + attempts_there) == (3, 5)
    assert imbalances(dynamodb) == []
    assert counted(imported(DOCUMENT)) == (0, 3, 0, 5)


@pytest.mark.parametrize("fault", [reply_lost_and_sent_again, transaction_conflict])
@pytest.mark.parametrize("skip", range(3))
def test_a_write_that_is_sent_again_counts_once(
    dynamodb: "DynamoDBClient", faults: Faults, fault: Fault, skip: int
) -> None:
    faults.next_of("TransactWriteItems", fault, skip=skip)

    assert counted(imported(DOCUMENT)) == (3, 0, 5, 0)
    assert imbalances(dynamodb) == []


@pytest.mark.parametrize("at", range(CALLS))
def test_the_other_page_and_an_own_answer_may_come_at_any_call(
    storage: Storage, dynamodb: "DynamoDBClient", faults: Faults, at: int
) -> None:
    """In the middle of the import of a follow-up its first answer comes, and the user submits another one."""
    imported(a_document(a_sitting(an_attempt(10))))

    def meanwhile(call: Callable[[], Any]) -> Any:
        faults.next()
        imported(a_document(a_sitting(CHAIN[0])))
        add(storage, a_session(id=SITTING))
        return call()

    faults.next(*[None] * at, meanwhile)
    answer = imported(a_document(a_sitting(CHAIN[1])))

    assert counted(answer)[2] == 1
    assert imbalances(dynamodb) == []


@pytest.mark.parametrize("at", range(4))
def test_an_exam_may_end_at_any_call(storage: Storage, dynamodb: "DynamoDBClient", faults: Faults, at: int) -> None:
    imported(a_document(a_sitting(an_attempt(1), mode="exam")))

    def ends(call: Callable[[], Any]) -> Any:
        storage.sessions.end(USER, SITTING)
        return call()

    faults.next(*[None] * at, ends)
    assert counted(imported(a_document(a_sitting(an_attempt(2, question_id=2), mode="exam"))))[2] == 1

    assert imbalances(dynamodb) == []
