"""The modes of a session: how long it takes answers, and what an exam shows before its end."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from coach import questions as bank
from coach.errors import Conflict, NotFound
from coach.http.schemas.attempts import AttemptOut
from coach.model import Category, Criterion, Evaluation, Evaluator, Mode, Probe, Session, Status
from coach.storage import Storage
from local import openapi
from tests.conftest import USER
from tests.unit import snapshots
from tests.unit.events import PAGES, ROUTES, SESSION, Answer, call
from tests.unit.faults import Faults
from tests.unit.given import (
    ANSWER,
    NOW,
    Clock,
    a_session,
    add,
    an_evaluation,
    ask_again,
    attempts_of,
    imbalances,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.usefixtures("functions")

REVIEW = "0f8fad5b-d9cb-469f-a165-70867728950e"
TEN_MINUTES_AND_GRACE = 10 * 60 + 30


@pytest.fixture
def storage(dynamodb: "DynamoDBClient", clock: Clock) -> Storage:
    return Storage(dynamodb, "coach", now=clock)


def started(storage: Storage, mode: Mode, timer_minutes: int | None = None) -> Session:
    return storage.sessions.create(a_session(id=SESSION, mode=mode, timer_minutes=timer_minutes))[0]


def answered(question_id: int = 1, key: str | None = None, **more: Any) -> Answer:
    body = {"question_id": question_id, "answer_text": ANSWER, "time_spent_sec": 120, **more}
    return call("POST", f"/api/sessions/{SESSION}/attempts", body, user=USER, headers={"Idempotency-Key": key})


# Time


@pytest.mark.parametrize("mode", [Mode.TIMED, Mode.EXAM])
def test_answers_are_taken_until_half_a_minute_after_the_timer(
    storage: Storage, clock: Clock, dynamodb: "DynamoDBClient", mode: Mode
) -> None:
    started(storage, mode, timer_minutes=10)
    clock.seconds = NOW.timestamp() + TEN_MINUTES_AND_GRACE
    in_time = answered()
    clock.advance(0.001)

    late = answered()

    assert in_time.status == 201
    assert (late.status, late.json()) == (409, {"detail": "Time is up: the session took answers for 10 minutes"})
    assert [attempt.id for attempt in attempts_of(storage, storage.sessions.get(USER, SESSION))] == [1]
    assert imbalances(dynamodb) == []


def test_a_follow_up_comes_in_time_as_well(storage: Storage, clock: Clock) -> None:
    session = started(storage, Mode.TIMED, timer_minutes=10)
    for _ in range(2):
        storage.evaluations.record(add(storage, session)[0], SAID)
    in_time = answered(follow_up_to=1)
    clock.advance(TEN_MINUTES_AND_GRACE)

    late = answered(follow_up_to=2)

    assert (in_time.status, late.status) == (201, 409)
    assert late.json()["detail"].startswith("Time is up")


@pytest.mark.parametrize(
    ("mode", "timer_minutes"), [(Mode.STANDARD, 10), (Mode.REVIEW, 10), (Mode.TIMED, None), (Mode.EXAM, None)]
)
def test_answers_are_taken_at_any_time_where_there_is_no_limit(
    storage: Storage, clock: Clock, mode: Mode, timer_minutes: int | None
) -> None:
    started(storage, mode, timer_minutes)
    clock.advance(30 * 24 * 3600)

    assert answered().status == 201


def test_a_request_that_is_repeated_when_time_is_up_gets_its_first_attempt(storage: Storage, clock: Clock) -> None:
    started(storage, Mode.TIMED, timer_minutes=10)
    first = answered(key="k")
    clock.advance(TEN_MINUTES_AND_GRACE)

    again = answered(key="k")

    assert (again.status, again.json()) == (200, first.json())


def test_when_time_is_up_a_failed_answer_is_evaluated_again_and_the_session_ends_with_it(
    storage: Storage, clock: Clock
) -> None:
    session = started(storage, Mode.TIMED, timer_minutes=10)
    storage.evaluations.fail(add(storage, session)[0], "Claude declined")
    clock.advance(TEN_MINUTES_AND_GRACE)

    asked = ask_again(storage, session)
    ended = call("POST", f"/api/sessions/{SESSION}/end", user=USER)
    storage.evaluations.record(storage.attempts.get(USER, SESSION, 1), an_evaluation(73))

    assert asked
    assert ended.status == 200
    assert storage.sessions.get(USER, SESSION).avg_score == 7.3


def test_an_answer_is_held_to_the_session_that_is_there_when_it_is_written(
    storage: Storage, clock: Clock, faults: Faults
) -> None:
    session = started(storage, Mode.TIMED, timer_minutes=10)
    clock.advance(TEN_MINUTES_AND_GRACE / 2)

    def replaced_by_an_older_one(write: Any) -> Any:
        before = session.started_at.replace(hour=1)
        storage.table.delete({"pk": f"USER#{USER}", "sk": f"SESSION#{SESSION}"})
        storage.sessions.create(replace(session, started_at=before))
        return write()

    faults.next_of("TransactWriteItems", replaced_by_an_older_one)

    with pytest.raises(Conflict, match="Time is up"):
        add(storage, session)


def test_an_answer_to_a_session_that_has_become_an_exam_belongs_to_the_exam(storage: Storage, faults: Faults) -> None:
    session = started(storage, Mode.STANDARD)

    def replaced_by_an_exam(write: Any) -> Any:
        storage.table.delete({"pk": f"USER#{USER}", "sk": f"SESSION#{SESSION}"})
        storage.sessions.create(replace(session, mode=Mode.EXAM))
        return write()

    faults.next_of("TransactWriteItems", replaced_by_an_exam)

    attempt, new = add(storage, session)

    assert new
    assert attempt.withheld
    assert storage.attempts.get(USER, SESSION, 1).withheld


# What an exam shows

SAID = replace(
    an_evaluation(97),
    framework=98,
    structure=92,
    completeness=99,
    strengths=("grader-said strength",),
    improvements=("grader-said improvement",),
    suggested_framework="grader-said framework",
    example_point="grader-said point",
    criteria=(
        Criterion(name="grader-said criterion", score=96, evidence=("Drivers circle",), comment="grader-said comment"),
    ),
    evaluator=Evaluator.CLAUDE,
    model="grader-said-model",
    rubric_version="grader-said-version",
    follow_up=Probe(criterion="grader-said criterion", question="grader-said question?"),
)
SAID_OTHERWISE = an_evaluation(14)

VALUES = {"{session_id}": (SESSION,), "{attempt_id}": ("1", "2"), "{question_id}": ("1", "2")}
"""Of the parameters of paths: those of the exam."""

QUERIED: dict[str, list[Any]] = {
    "session_id": [SESSION, REVIEW],
    "limit": [1],
    "category": [bank.question(1).category, Category.EXECUTION],
}
"""Of parameters whose values the document does not list, or of which a few are enough."""

DOCUMENT = json.loads(openapi.DOCUMENT.read_text(encoding="utf-8"))


@pytest.fixture
def exam(storage: Storage, clock: Clock) -> Session:
    """An exam that goes on, with pending answers to question 1, which was answered before, and to question 2. There is
    a review too."""
    before = storage.sessions.create(a_session(started_at=NOW.replace(day=14)))[0]
    clock.advance(-7 * 24 * 3600)
    storage.evaluations.record(add(storage, before)[0], an_evaluation(60))
    storage.sessions.end(USER, before.id)
    clock.advance(7 * 24 * 3600)
    storage.sessions.create(a_session(id=REVIEW, mode=Mode.REVIEW))
    exam = started(storage, Mode.EXAM)
    for question_id in (1, 2):
        add(storage, exam, question_id=question_id, key=f"k{question_id}")
    return exam


def evaluate(storage: Storage, exam: Session, evaluation: Evaluation) -> None:
    for attempt in attempts_of(storage, exam):
        storage.evaluations.record(attempt, evaluation)


def reads() -> Iterator[str]:
    """What can be read by GET: every path of the API, with each value that the document lists for a parameter."""
    for path in (route.path for route in ROUTES if route.method == "GET" and ("GET", route.path) not in PAGES):
        parameters = DOCUMENT["paths"].get(path, {}).get("get", {}).get("parameters", [])
        queried = {each["name"]: each for each in parameters if each["in"] == "query"}
        choices = {name: QUERIED.get(name, listed(each["schema"])) for name, each in queried.items()}
        needed = {name: choices[name][0] for name, each in queried.items() if each["required"]}
        chosen_one_by_one = [{name: value} for name, values in choices.items() for value in values]
        names = [name for name in VALUES if name in path]
        for values, chosen in product(product(*[VALUES[name] for name in names]), [{}, *chosen_one_by_one]):
            target = path
            for name, value in zip(names, values, strict=True):
                target = target.replace(name, value)
            yield f"{target}?{urlencode(needed | chosen)}"


def listed(schema: dict[str, Any]) -> list[Any]:
    """The values that a schema lists, [] for one that lists none."""
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return [*schema.get("enum", []), *(value for each in schema.get("anyOf", []) for value in listed(each))]


def views() -> dict[str, Answer]:
    """All that the owner of the exam can read, and what requests that are sent again answer."""
    found = {target: call("GET", target, user=USER) for target in reads()}
    found |= {f"answer {n} again": answered(n, key=f"k{n}") for n in (1, 2)}
    found["session again"] = call("POST", "/api/sessions", {"id": SESSION, "mode": "exam"}, user=USER)
    found["follow-up"] = answered(1, follow_up_to=1)
    found["evaluation again"] = call("POST", f"/api/sessions/{SESSION}/attempts/1/evaluation", user=USER)
    return found


def test_an_exam_that_goes_on_shows_nothing_that_a_grader_said(storage: Storage, exam: Session) -> None:
    evaluate(storage, exam, SAID)

    found = views()

    assert {target: answer.status for target, answer in found.items() if answer.status != 200} == {
        "follow-up": 409,
        "evaluation again": 409,
    }
    assert [target for target, answer in found.items() if re.search(r"grader-said|\b9\.[6-9]\b", answer.body)] == []


@pytest.mark.parametrize("practised_since", [False, True])
def test_an_exam_that_goes_on_looks_the_same_whatever_a_grader_said(
    storage: Storage, exam: Session, clock: Clock, practised_since: bool
) -> None:
    if practised_since:
        clock.advance(60)
        session = storage.sessions.create(a_session())[0]
        storage.evaluations.record(add(storage, session)[0], an_evaluation(70))
    before = snapshots.taken()
    evaluate(storage, exam, SAID)
    praised = views()
    snapshots.restore(before)
    evaluate(storage, exam, SAID_OTHERWISE)

    blamed = views()

    assert [target for target, answer in praised.items() if answer != blamed[target]] == []


def test_an_exam_that_goes_on_shows_no_sample_answer_of_its_questions(storage: Storage, exam: Session) -> None:
    evaluate(storage, exam, SAID)
    samples = [(bank.question(n).sample_answer or "")[:40] for n in (1, 2)]

    found = views()

    assert all(samples)
    assert [target for target, answer in found.items() if any(sample in answer.body for sample in samples)] == []


def test_an_exam_that_goes_on_says_which_answers_are_settled(storage: Storage, exam: Session) -> None:
    first, _ = attempts_of(storage, exam)
    storage.evaluations.record(first, SAID)

    attempts = call("GET", f"/api/sessions/{SESSION}/attempts", user=USER).json()
    session = call("GET", f"/api/sessions/{SESSION}", user=USER).json()

    assert [attempt["status"] for attempt in attempts] == ["evaluated", "pending"]
    assert (session["questions_count"], session["pending_count"], session["avg_score"]) == (2, 1, None)


def test_an_exam_that_goes_on_does_not_say_why_an_evaluation_failed(storage: Storage, exam: Session) -> None:
    storage.evaluations.fail(attempts_of(storage, exam)[0], "Claude declined to evaluate this answer")
    path = f"/api/sessions/{SESSION}/attempts/1"

    before = call("GET", path, user=USER).json()
    call("POST", f"/api/sessions/{SESSION}/end", user=USER)
    after = call("GET", path, user=USER).json()

    assert (before["status"], before["failure"]) == ("failed", None)
    assert after["failure"] == "Claude declined to evaluate this answer"


def test_the_end_of_an_exam_shows_everything(storage: Storage, exam: Session) -> None:
    evaluate(storage, exam, SAID)

    ended = call("POST", f"/api/sessions/{SESSION}/end", user=USER)
    found = views()

    assert ended.json()["avg_score"] == 9.7
    everything = [
        *(f"/api/sessions/{SESSION}/attempts?", f"/api/sessions/{SESSION}/attempts/1?"),
        *("answer 1 again", "answer 2 again"),
    ]
    for target in everything:
        assert all(f"grader-said {part}" in found[target].body for part in ("strength", "criterion", "question"))
        assert "9.7" in found[target].body
    assert found[f"/api/sessions/{SESSION}?"].json()["avg_score"] == 9.7
    assert found["session again"].json()["avg_score"] == 9.7
    assert found["/api/questions/2?"].json()["sample_answer"]


def test_an_attempt_that_was_stored_before_exams_held_back_is_held_back(
    storage: Storage, exam: Session, dynamodb: "DynamoDBClient"
) -> None:
    evaluate(storage, exam, SAID)
    key = {"pk": {"S": f"USER#{USER}"}, "sk": {"S": f"SESSION#{SESSION}#ATTEMPT#000001"}}
    dynamodb.update_item(TableName="coach", Key=key, UpdateExpression="REMOVE exam")

    before = storage.attempts.get(USER, SESSION, 1)
    storage.sessions.end(USER, SESSION)
    after = storage.attempts.get(USER, SESSION, 1)

    assert (AttemptOut.of(before).evaluation, AttemptOut.of(before).status) == (None, Status.EVALUATED)
    assert AttemptOut.of(after).overall_score == 9.7


def test_an_attempt_whose_exam_is_gone_is_held_back(storage: Storage, exam: Session) -> None:
    evaluate(storage, exam, SAID)
    storage.table.delete({"pk": f"USER#{USER}", "sk": f"SESSION#{SESSION}"})

    with pytest.raises(NotFound):
        storage.attempts.get(USER, SESSION, 1)


@pytest.mark.parametrize("mode", [Mode.STANDARD, Mode.EXAM])
def test_an_answer_and_whether_it_may_be_shown_is_one_call(storage: Storage, faults: Faults, mode: Mode) -> None:
    session = storage.sessions.create(a_session(mode=mode))[0]
    add(storage, session)
    faults.next()

    storage.attempts.get(USER, session.id, 1)

    assert faults.calls == ["BatchGetItem"]
