"""The practice that the events of events/ are about: one user, one session, one answer.

It is made anew in the running stack before each event, as the event needs it: `request_evaluation` wants an attempt
that has failed, `create_session` that there is no session yet.
"""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from coach.evaluation.offline.evaluator import OfflineEvaluator
from coach.model import EvaluationRequest, Mode, Session, User
from coach.questions import question
from coach.storage import Storage, keys
from coach.storage.accounts import Standing
from coach.storage.attempts import attempt_of
from coach.storage.dynamo import unmarshal
from local.process import ROOT

EVENTS = ROOT / "events"
FAILURE = "The evaluation could not be finished after several tries. Your answer is saved: ask for it again later."


class Practice(StrEnum):
    """What there is before the event."""

    NOTHING = "no session yet"
    SESSION = "a session without attempts"
    PENDING = "a session with a pending attempt"
    FAILED = "a session with a failed attempt"
    EVALUATED = "a session with an evaluated attempt"


BEFORE = {
    "create_session": Practice.NOTHING,
    "add_attempt": Practice.SESSION,
    "queue_evaluation": Practice.PENDING,
    "evaluate_attempt": Practice.PENDING,
    "give_up_attempt": Practice.PENDING,
    "request_evaluation": Practice.FAILED,
}
"""By function; for the others the attempt is evaluated."""

ABOUT = EvaluationRequest.from_json(json.loads((EVENTS / "evaluate_attempt.json").read_text())["Records"][0]["body"])
"""Whose attempt the events are about, and which."""

EXAMPLE = User(
    id=ABOUT.user_id,
    email="example@example.com",
    full_name=None,
    is_active=True,
    created_at=datetime(2026, 11, 21, tzinfo=UTC),
    last_login=None,
)


def is_about(event: str) -> bool:
    """Whether an event is about the example: its user, or the account that the event of `accounts` makes."""
    return any(text in event for text in ("${TOKEN}", ABOUT.user_id, _event("accounts")["body"]))


def prepare(storage: Storage, function: str) -> Practice:
    """Make the example user's practice, and nobody else's, what a function's event needs."""
    practice = BEFORE.get(function, Practice.EVALUATED)
    if storage.accounts.standing(EXAMPLE.id) is Standing.ABSENT:
        storage.accounts.register(EXAMPLE, "!")
    for item in list(_partition(storage, ABOUT.user_id)):
        if item["sk"] != keys.PROFILE:
            storage.table.delete({"pk": item["pk"], "sk": item["sk"]})
    if function == "accounts":
        _forget(storage, _body("accounts")["email"])
    if practice is Practice.NOTHING:
        return practice
    stored = unmarshal(_event("queue_evaluation")["Records"][0]["dynamodb"]["NewImage"])
    attempt = attempt_of(stored)
    chosen = _body("create_session")
    session = Session(
        id=chosen["id"],
        user_id=ABOUT.user_id,
        category_filter=chosen["category_filter"],
        mode=Mode(chosen["mode"]),
        timer_minutes=chosen["timer_minutes"],
        started_at=attempt.created_at,
        ended_at=None,
        attempts_count=int(practice is not Practice.SESSION),
        scored_count=0,
        failed_count=0,
        score_sum=0,
    )
    storage.sessions.create(session)
    if practice is Practice.SESSION:
        return practice
    # In two steps: the stack would evaluate at once what is inserted as pending, before the function comes to it.
    storage.table.overwrite({"pk": stored["pk"], "sk": stored["sk"]})
    storage.table.overwrite(stored)
    if practice is Practice.FAILED:
        storage.evaluations.fail(attempt, FAILURE)
    elif practice is Practice.EVALUATED:
        grade = OfflineEvaluator().grade(question(attempt.question_id), attempt.answer_text)
        storage.evaluations.record(attempt, grade)
    return practice


def _forget(storage: Storage, email: str) -> None:
    """Remove the account that the event of `accounts` has made before, unless somebody has practised with it."""
    there = storage.accounts.credentials(email)
    if there and [item["sk"] for item in _partition(storage, there.user_id)] == [keys.PROFILE]:
        storage.table.delete(keys.profile(there.user_id))
        storage.table.delete(keys.email(email))


def _partition(storage: Storage, user_id: str) -> Any:
    return storage.table.query({"KeyConditionExpression": "pk = :pk"}, {":pk": keys.user(user_id)})


def _event(function: str) -> Any:
    return json.loads((EVENTS / f"{function}.json").read_text(encoding="utf-8"))


def _body(function: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(base64.b64decode(_event(function)["body"]))
    return found
