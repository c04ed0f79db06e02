"""What a long history costs: read units, and a function's own time.

In this process, on the emulator's table, with typical items: ten answers of 2,000 characters a session, each evaluated
with five criteria. Units follow DynamoDB's rules; a query pays for what it looks at, whatever it returns of it.
"""

import contextlib
import io
import math
import os
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

from coach import questions
from coach.evaluation.rubric import rubric
from coach.http import browser
from coach.identity.tickets import Ticket
from coach.model import Attempt, Criterion, Evaluator, Status
from coach.storage import Storage, keys, rows
from coach.storage.attempts import attempt_of, evaluation_item
from coach.storage.dynamo import marshal
from local.emulator import Emulator
from tests.benchmarks.calls import ANSWER, read_units, size
from tests.conftest import USER, create_table, public_keys
from tests.unit.events import call
from tests.unit.given import a_session, add, an_evaluation

TABLE = "history"
HISTORIES = (100, 5000)
PER_SESSION = 10
ROUNDS = 7
ENDPOINTS = {
    "overview": "/api/stats/overview?tz=Europe/Berlin",
    "by-category": "/api/stats/by-category",
    "by-criterion": "/api/stats/by-criterion?category=strategy",
    "trend": "/api/stats/trend?days=366&tz=Europe/Berlin",
    "heatmap": "/api/stats/heatmap?days=366&tz=Europe/Berlin",
    "history, a page of 50": "/api/attempts",
    "history, filtered": "/api/attempts?category=strategy&status=evaluated",
    "history, nothing passes": "/api/attempts?status=failed",
    "next question": "/api/questions/next?tz=Europe/Berlin",
    "attempts at a question": "/api/questions/2/attempts",
}


PAGES = {
    "/practice": ("next question", "by-category"),
    "/progress": ("overview", "by-category", "by-criterion", "trend", "heatmap", "next question"),
    "/history": ("history, a page of 50",),
}
"""Pages, and the endpoints that tell what each of them shows."""


@dataclass
class Cost:
    """Of warm calls, in seconds: `own` is this process's, which other processes do not prolong; `whole` is what passes
    until the answer, the emulator's time with it. Medians."""

    read: int
    own: float
    whole: float


def measure(aws: Emulator) -> dict[int, dict[str, Cost]]:
    """By the number of attempts, per endpoint and page."""
    os.environ["TOKEN_PUBLIC_KEYS"] = public_keys()
    return {count: _measured(aws, count) for count in HISTORIES}


def _measured(aws: Emulator, count: int) -> dict[str, Cost]:
    from coach import aws as made_of_aws

    table = f"{TABLE}-{count}"
    client = aws.client("dynamodb")
    create_table(client, table)
    index_bytes = fill(client, table, count)
    meter = Meter(index_bytes / count)
    original = client._make_api_call
    client._make_api_call = lambda operation, arguments: meter.read(operation, original(operation, arguments))
    found = {}
    with patch.object(made_of_aws, "storage", lambda: Storage(client, table)):
        bearer: dict[str, Any] = {"user": USER}
        cookie: dict[str, Any] = {"headers": {"Cookie": _signed_in(made_of_aws.storage())}}
        targets = {name: (target, bearer) for name, target in ENDPOINTS.items()}
        for name, (target, who) in (targets | {path: (path, cookie) for path in PAGES}).items():
            times = []
            for _ in range(ROUNDS + 1):  # the first one is not warm
                meter.units = 0
                begun, own = time.perf_counter(), time.process_time()
                with contextlib.redirect_stdout(io.StringIO()):
                    answer = call("GET", target, **who)
                own, whole = time.process_time() - own, time.perf_counter() - begun
                if answer.status != 200:
                    raise RuntimeError(f"{name} answered {answer.status}: {answer.body}")
                times.append((own, whole))
            own, whole = (statistics.median(each) for each in zip(*times[1:], strict=True))
            found[name] = Cost(meter.units, own, whole)
    return found


def _signed_in(storage: Storage) -> str:
    """The cookie of a browser that the user has signed in on."""
    owner = storage.accounts.credentials(f"{USER}@example.com")
    assert owner
    ticket = Ticket.made(owner.user_id)
    storage.browsers.sign_in(owner, ticket.digest)
    return f"{browser.NAME}={ticket.text}"


class Meter:
    """Counts read units. `entry` is the mean size of an attempt in the index."""

    def __init__(self, entry: float) -> None:
        self.units = 0
        self._entry = entry

    def read(self, operation: str, reply: Any) -> Any:
        if operation == "Query":
            self.units += max(1, math.ceil(reply["ScannedCount"] * self._entry / 4096))
        elif operation == "BatchGetItem":
            self.units += sum(read_units([item]) for items in reply["Responses"].values() for item in items)
        else:
            self.units += read_units([reply.get("Item", {})])
        return reply


def fill(client: Any, table: str, count: int) -> int:
    """Give the table a user with so many attempts over two years; the bytes that the index holds of them."""
    storage = Storage(client, table)
    session, _ = storage.sessions.create(a_session())
    add(storage, session, answer=ANSWER)
    item = storage.table.get(keys.attempt(USER, session.id, 1))
    now = datetime.now(UTC)
    bank = [each.id for each in questions.questions()]
    index_bytes = 0
    items = []
    for number in range(count):
        own, place = UUID(int=number // PER_SESSION), number % PER_SESSION + 1
        at = now - timedelta(days=730) * (count - number) / count
        attempt = _evaluated(item, str(own), place, bank[number * 37 % len(bank)], at)
        indexed = {"at": keys.at_of(at), "row": rows.of(attempt)}
        key = keys.attempt(USER, attempt.session_id, place)
        evaluation = attempt.evaluation and evaluation_item(attempt.evaluation)
        items.append(
            item
            | key
            | indexed
            | {
                "id": place,
                "session_id": attempt.session_id,
                "question_id": attempt.question_id,
                "category": attempt.category,
                "created_at": keys.text_of(at),
                "status": attempt.status,
                "evaluation": evaluation,
            }
        )
        index_bytes += size(marshal(key | indexed))
    for start in range(0, count, 25):
        put = [{"PutRequest": {"Item": marshal(each)}} for each in items[start : start + 25]]
        client.batch_write_item(RequestItems={table: put})
    return index_bytes


def _evaluated(item: Mapping[str, Any], session_id: str, number: int, question_id: int, at: datetime) -> Attempt:
    category = questions.category(question_id)
    evaluation = replace(
        an_evaluation(40 + question_id * 7 % 60),
        evaluator=Evaluator.CLAUDE,
        model="claude-haiku-5-5",
        rubric_version="2026-11-21",
        criteria=tuple(
            Criterion(name=each.name, score=40 + question_id % 60, evidence=(ANSWER[:120],), comment=ANSWER[:160])
            for each in rubric(category).criteria
        ),
    )
    return replace(
        attempt_of(dict(item)),
        session_id=session_id,
        id=number,
        question_id=question_id,
        category=category,
        created_at=at,
        status=Status.EVALUATED,
        evaluation=evaluation,
    )
