"""Figures, the history and the next question, as a client sees them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import pytest

from coach import questions as bank
from coach.evaluation.rubric import rubric
from coach.model import Attempt, Category, Criterion, Evaluator, Mode, Probe, Session
from coach.storage import Storage, history
from tests.conftest import OTHER, USER
from tests.unit.events import Answer, call
from tests.unit.faults import Faults
from tests.unit.given import ANSWER, Clock, a_session, add, an_evaluation, imbalances

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.usefixtures("functions")

DAY = 86_400
STATS = ["overview", "by-category", "by-criterion?category=strategy", "trend", "heatmap"]


@pytest.fixture
def storage(dynamodb: "DynamoDBClient", clock: Clock) -> Storage:
    return Storage(dynamodb, "coach", now=clock)


def get(path: str, user: str = USER, **query: Any) -> Any:
    answer = asked(path, user, **query)
    assert answer.status == 200, answer.body
    return answer.json()


def asked(path: str, user: str = USER, **query: Any) -> Answer:
    return call("GET", f"{path}?{urlencode(query)}" if query else path, user=user)


def following(answer: Answer) -> str | None:
    """The path and query that a page's Link leads to."""
    if "link" not in answer.headers:
        return None
    parts = urlsplit(answer.headers["link"].partition(">")[0].removeprefix("<"))
    return f"{parts.path.removeprefix('/prod')}?{parts.query}"


def all_of(path: str, **query: Any) -> list[dict[str, Any]]:
    """A whole list, page after page."""
    found: list[dict[str, Any]] = []
    target: str | None = f"{path}?{urlencode(query)}"
    while target:
        answer = call("GET", target, user=USER)
        assert answer.status == 200, answer.body
        found += answer.json()
        target = following(answer)
    return found


def practised(
    storage: Storage, session: Session, question_id: int, overall: int | None = None, **evaluation: Any
) -> Attempt:
    """An answer, evaluated if it has a score."""
    attempt, _ = add(storage, session, question_id=question_id)
    if overall:
        assert storage.evaluations.record(attempt, replace(an_evaluation(overall), **evaluation))
    return attempt


# Whoever has not practised yet


def test_a_newcomer_has_zeros_and_nulls() -> None:
    assert get("/api/stats/overview") == {
        "total_attempts": 0,
        "evaluated_attempts": 0,
        "average_score": None,
        "evaluator": None,
        "other_evaluators": 0,
        "streak_days": 0,
        "practised_days_30": 0,
        "weakest_category": None,
        "sessions_count": 0,
    }
    nothing = {"attempts": 0, "average_score": None, "last_score": None, "evaluator": None}
    assert get("/api/stats/by-category") == [
        {"category": each, "best_score": None, "last_at": None, **nothing} for each in Category
    ]
    assert get("/api/stats/by-criterion", category="strategy") == [
        {"criterion": each.name, **nothing} for each in rubric(Category.STRATEGY).criteria
    ]
    assert get("/api/stats/trend") == get("/api/attempts") == get("/api/questions/1/attempts") == []
    assert [day["attempts"] for day in get("/api/stats/heatmap")] == [0] * 365
    assert get("/api/questions/next")["category"] == "product_design"


def test_what_others_practise_is_in_nobody_elses_figures(storage: Storage) -> None:
    before = [get(f"/api/stats/{each}") for each in STATS]
    practised(storage, storage.sessions.create(a_session(OTHER))[0], 1, 73)

    assert [get(f"/api/stats/{each}") for each in STATS] == before
    assert get("/api/attempts") == get("/api/questions/1/attempts") == []


# Parameters


@pytest.mark.parametrize("tz", ["", "+02:00", "localtime", "europe/berlin", "../etc/passwd", "/etc/localtime", "UTC+2"])
@pytest.mark.parametrize("path", [*(f"/api/stats/{each}" for each in STATS), "/api/questions/next"])
def test_only_names_of_the_iana_database_are_time_zones(path: str, tz: str) -> None:
    separator = "&" if "?" in path else "?"

    answer = call("GET", f"{path}{separator}{urlencode({'tz': tz})}", user=USER)

    assert answer.errors() == [(["query", "tz"], "value_error")]


@pytest.mark.parametrize(
    "time",
    [
        *("2026-11-21", "2026-11-21T12:00:00", "2026-11-21 12:00", "1795262400", "yesterday", "", "12:00+01:00"),
        *("2026-11-21x12:00:00Z", "2026-11-21T12:00:00.Z", "2026-11-21T12:00:00 +01:00", "2026-11-31T12:00:00Z"),
        "2026-11-21T12:00:00.1234567Z",  # between two times that attempts have
    ],
)
@pytest.mark.parametrize("name", ["since", "until"])
def test_a_time_has_a_date_and_an_offset(name: str, time: str) -> None:
    assert asked("/api/attempts", **{name: time}).errors() == [(["query", name], "value_error")]


def test_a_days_length_is_within_a_year() -> None:
    for path in ("trend", "heatmap"):
        assert len(get("/api/stats/heatmap", days=366)) == 366
        for days in (0, 367):
            assert asked(f"/api/stats/{path}", days=days).status == 422


def test_by_criterion_needs_a_category() -> None:
    assert asked("/api/stats/by-criterion").errors() == [(["query", "category"], "missing")]


def test_a_day_is_a_day_of_the_zone(storage: Storage, clock: Clock) -> None:
    session, _ = storage.sessions.create(a_session())
    clock.seconds = datetime(2026, 11, 21, 23, 30, tzinfo=UTC).timestamp()
    practised(storage, session, 1, 73)

    assert [day["date"] for day in get("/api/stats/trend")] == ["2026-11-21"]
    assert [day["date"] for day in get("/api/stats/trend", tz="Europe/Berlin")] == ["2026-11-22"]
    assert get("/api/stats/heatmap", days=1, tz="Europe/Berlin") == [{"date": "2026-11-22", "attempts": 1}]


# The history


def test_the_history_has_all_but_the_texts(storage: Storage) -> None:
    session, _ = storage.sessions.create(a_session())
    practised(storage, session, 2, 73)

    (row,) = get("/api/attempts")

    whole = get(f"/api/sessions/{session.id}/attempts/1")
    texts = {
        "answer_text",
        "strengths",
        "improvements",
        "suggested_framework",
        "example_point",
        "criteria",
        "follow_up",
    }
    beside = {"category": "strategy", "imported_at": None}
    assert row == {name: value for name, value in whole.items() if name not in texts} | beside


def test_the_history_comes_in_pages_newest_first(storage: Storage, clock: Clock) -> None:
    sessions = [storage.sessions.create(a_session())[0] for _ in range(2)]
    made = []
    for number in range(7):
        clock.advance(1)
        made.append(practised(storage, sessions[number % 2], 1))

    pages, target = [], "/api/attempts?limit=3"
    while target:
        answer = call("GET", target, user=USER)
        pages.append([(row["session_id"], row["id"]) for row in answer.json()])
        target = following(answer) or ""

    assert [len(page) for page in pages] == [3, 3, 1]
    assert [place for page in pages for place in page] == [(each.session_id, each.id) for each in reversed(made)]


def test_a_page_that_holds_the_last_attempt_has_no_link(storage: Storage) -> None:
    session, _ = storage.sessions.create(a_session())
    for _ in range(3):
        practised(storage, session, 1, 73)

    for query in ({}, {"status": "evaluated"}, {"category": "strategy"}):
        assert "link" not in asked("/api/attempts", limit=3, **query).headers


@pytest.mark.parametrize("plus", ["%2B", "+"])
def test_since_is_inclusive_and_until_exclusive(storage: Storage, clock: Clock, plus: str) -> None:
    session, _ = storage.sessions.create(a_session())
    times = []
    for _ in range(4):
        clock.advance(0.000001)
        times.append(practised(storage, session, 1).created_at)
    since, until = (
        each.astimezone(ZoneInfo("Europe/Berlin")).isoformat().replace("+", plus) for each in (times[1], times[3])
    )

    answer = call("GET", f"/api/attempts?since={since}&until={until}", user=USER)

    assert [row["id"] for row in answer.json()] == [3, 2]
    assert get("/api/attempts", since=times[1].isoformat(), until=times[1].isoformat()) == []


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_filters_let_pass_what_they_name(
    storage: Storage, clock: Clock, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "FILTERED_ROWS", 2)
    monkeypatch.setattr(history, "MOST_ROWS", 4)
    session, _ = storage.sessions.create(a_session())
    for number in range(12):
        clock.advance(1)
        graded_by = (Evaluator.CLAUDE, Evaluator.OFFLINE)[number % 4 // 2]
        practised(storage, session, number % 3 + 1, (None, 73)[number % 2], evaluator=graded_by)
    everything = all_of("/api/attempts")

    def passing(passes: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        return [row for row in everything if passes(row)]

    assert len(everything) == 12
    for category in Category:
        found = all_of("/api/attempts", limit=limit, category=category)
        assert found == passing(lambda row: row["category"] == category)  # noqa: B023
    for status in ("pending", "evaluated", "failed"):
        found = all_of("/api/attempts", limit=limit, status=status)
        assert found == passing(lambda row: row["status"] == status)  # noqa: B023
    for evaluator in Evaluator:
        found = all_of("/api/attempts", limit=limit, evaluator=evaluator, category="strategy")
        assert found == passing(
            lambda row: (row["evaluation"] or {}).get("evaluator") == evaluator and row["category"] == "strategy"  # noqa: B023
        )


def test_what_passes_rarely_is_looked_for_within_bounds(
    storage: Storage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "FILTERED_ROWS", 2)
    monkeypatch.setattr(history, "MOST_ROWS", 4)
    session, _ = storage.sessions.create(a_session())
    for question_id in (2, *[1] * 6):
        clock.advance(1)
        practised(storage, session, question_id)

    answer = asked("/api/attempts", category="strategy")

    assert answer.json() == []
    assert following(answer)
    assert [row["id"] for row in all_of("/api/attempts", category="strategy")] == [1]


def test_a_cursor_of_another_filter_is_refused(storage: Storage) -> None:
    session, _ = storage.sessions.create(a_session())
    for _ in range(2):
        practised(storage, session, 1)
    link = following(asked("/api/attempts", limit=1, status="pending"))
    assert link

    answer = call("GET", link.replace("status=pending", "status=failed"), user=USER)

    assert answer.errors() == [(["query", "cursor"], "cursor_invalid")]


# Attempts at one question


def test_answers_to_a_question_are_compared_with_the_one_before(storage: Storage, clock: Clock) -> None:
    sessions = [storage.sessions.create(a_session())[0] for _ in range(2)]
    for number, overall in enumerate([60, None, 75, 70]):
        clock.advance(1)
        practised(storage, sessions[number % 2], 1, overall)
        practised(storage, sessions[0], 2, 99)

    found = get("/api/questions/1/attempts")

    assert [each["overall_score"] for each in found] == [6.0, None, 7.5, 7.0]
    assert [each["change"] and each["change"]["overall_score"] for each in found] == [None, None, 1.5, -0.5]
    assert [each["comparable"] for each in found] == [None, None, True, True]
    assert found[2]["change"]["criteria"] == [{"name": "Goal", "score": 0.0}]
    whole = get(f"/api/sessions/{sessions[0].id}/attempts/1")
    assert {name: found[0][name] for name in whole} == whole


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_the_one_before_may_be_on_the_page_before(storage: Storage, clock: Clock, limit: int) -> None:
    session, _ = storage.sessions.create(a_session())
    for overall in (60, 75, None, None, 70):
        clock.advance(1)
        practised(storage, session, 1, overall)

    assert all_of("/api/questions/1/attempts", limit=limit) == get("/api/questions/1/attempts")


def test_a_question_that_the_bank_lacks_has_no_attempts() -> None:
    assert asked("/api/questions/999999/attempts").status == 404


# Exams


def test_what_an_open_exam_withholds_is_in_no_figure_and_no_list(storage: Storage, clock: Clock) -> None:
    exam, _ = storage.sessions.create(a_session(mode=Mode.EXAM))
    practised(storage, exam, 1, 20, evaluator=Evaluator.CLAUDE)

    seen = get("/api/stats/overview")
    assert (seen["total_attempts"], seen["evaluated_attempts"], seen["evaluator"]) == (1, 0, None)
    assert (seen["other_evaluators"], seen["weakest_category"]) == (0, None)
    assert get("/api/stats/trend") == []
    assert get("/api/stats/heatmap", days=1)[0]["attempts"] == 1
    (row,) = get("/api/attempts")
    assert (row["status"], row["overall_score"], row["evaluation"]) == ("evaluated", None, None)
    assert get("/api/attempts", evaluator="claude") == get("/api/attempts", evaluator="offline") == []
    (attempt,) = get("/api/questions/1/attempts")
    assert (attempt["overall_score"], attempt["criteria"], attempt["comparable"]) == (None, [], None)

    clock.advance(1)
    call("POST", f"/api/sessions/{exam.id}/end", user=USER)

    assert get("/api/stats/overview")["average_score"] == 2.0
    assert [row["overall_score"] for row in get("/api/attempts", evaluator="claude")] == [2.0]
    assert get("/api/questions/1/attempts")[0]["overall_score"] == 2.0


# The next question


def test_the_next_question_is_a_question_without_its_answer_and_a_reason() -> None:
    found = get("/api/questions/next")

    assert found.pop("reason") == "You have practised no categories so far; product design is new to you."
    assert found == get(f"/api/questions/{found['id']}")
    assert found["sample_answer"] is None


def test_filters_and_the_session_say_what_may_be_next(storage: Storage) -> None:
    session, _ = storage.sessions.create(a_session(category_filter=Category.ANALYTICAL))

    assert get("/api/questions/next", session_id=session.id)["category"] == "analytical"
    assert get("/api/questions/next", session_id=session.id, category="strategy")["category"] == "strategy"
    assert get("/api/questions/next", difficulty="hard")["difficulty"] == "hard"


def test_a_review_serves_what_has_been_answered(storage: Storage) -> None:
    review, _ = storage.sessions.create(a_session(mode=Mode.REVIEW))
    assert asked("/api/questions/next", session_id=review.id).status == 404

    practised(storage, storage.sessions.create(a_session())[0], 17, 73)

    assert get("/api/questions/next", session_id=review.id)["id"] == 17
    assert get("/api/questions/next")["id"] != 17


@pytest.mark.parametrize("session_id", ["7c9e6679-7425-40de-944b-e07fc1f90ae7", "x", ""])
def test_the_next_question_of_a_session_that_is_not_ones_own_is_not_found(storage: Storage, session_id: str) -> None:
    storage.sessions.create(a_session(OTHER, id="7c9e6679-7425-40de-944b-e07fc1f90ae7"))

    assert asked("/api/questions/next", session_id=session_id).status == 404


# Cost, and when the database does not answer


def test_figures_take_one_query(storage: Storage, dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> None:
    practised(storage, storage.sessions.create(a_session())[0], 1, 73)
    get("/api/stats/overview")  # for a while after that it is known that the account lives
    counted = Faults(dynamodb, monkeypatch)

    for path in STATS:
        before = len(counted.calls)
        get(f"/api/stats/{path}")
        assert counted.calls[before:] == ["Query"]


# Every figure is what an independent count of the API's own lists gives

ZONES = ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]
QUESTIONS = [1, 2, 3, 9]
STEPS = {"add": 6, "evaluate": 8, "follow": 4, "fail": 3, "ask": 2, "reevaluate": 3, "end": 1, "wait": 4}
"""With how often each comes, against the others."""


class Practice:
    """Carries out steps through the handlers, and as a worker does."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock
        self._sessions = [
            storage.sessions.create(a_session(mode=mode, id=f"{number}c9e6679-7425-40de-944b-e07fc1f90ae7"))[0]
            for number, mode in enumerate((Mode.STANDARD, Mode.EXAM, Mode.EXAM, Mode.REVIEW))
        ]
        self._attempts: list[tuple[str, int]] = []

    def do(self, step: str, which: int, score: int) -> None:
        session = self._sessions[which % 4]
        if step == "add":
            self._add(session.id, {"question_id": QUESTIONS[which % 5 % 4]})
        elif step == "end":
            call("POST", f"/api/sessions/{session.id}/end", user=USER)
        elif step == "wait":
            self._clock.advance(score * 1800)
        elif self._attempts:
            self._change(step, *self._attempts[which % len(self._attempts)], which, score)

    def _add(self, session_id: str, body: dict[str, Any]) -> None:
        added = call("POST", f"/api/sessions/{session_id}/attempts", body | {"answer_text": ANSWER}, user=USER)
        if added.status == 201:
            self._attempts.append((session_id, added.json()["id"]))

    def _change(self, step: str, session_id: str, number: int, which: int, score: int) -> None:
        attempt = self._storage.attempts.get(USER, session_id, number)
        if step == "follow":
            self._add(session_id, {"question_id": attempt.question_id, "follow_up_to": number})
        elif step == "evaluate":
            self._storage.evaluations.record(attempt, _graded(attempt, which, score))
        elif step == "fail":
            self._storage.evaluations.fail(attempt, "No")
        elif step == "ask":
            call("POST", f"/api/sessions/{session_id}/attempts/{number}/evaluation", user=USER)
        else:
            self._storage.evaluations.request_reevaluation(attempt)


def _graded(attempt: Attempt, which: int, score: int) -> Any:
    evaluator, model = [
        (Evaluator.CLAUDE, "claude-haiku-5-5"),
        (Evaluator.CLAUDE, "gate"),
        (Evaluator.OFFLINE, "offline-1"),
    ][which % 3]
    names = [each.name for each in rubric(attempt.category).criteria]
    return replace(
        an_evaluation(score, Probe(criterion="Goal", question="Which goal would you drop?")),
        evaluator=evaluator,
        model=model,
        rubric_version=["2026-11-21", "2026-12-24"][which % 2],
        criteria=tuple(
            Criterion(name=name, score=(score + 7 * place) % 91 + 10, evidence=(), comment="")
            for place, name in enumerate(names[which % 2 :])
        ),
    )


class Count:
    """What the lists of sessions, of attempts and of questions add up to, counted plainly."""

    def __init__(self) -> None:
        self.sessions = all_of("/api/sessions")
        categories = {each["id"]: each["category"] for each in all_of("/api/questions", limit=100)}
        self.attempts = [
            attempt | {"category": categories[attempt["question_id"]]}
            for session in self.sessions
            for attempt in all_of(f"/api/sessions/{session['id']}/attempts")
        ]
        self.attempts.sort(key=lambda each: (each["created_at"], each["session_id"], each["id"]))
        self.scored = [each for each in self.attempts if _counts(each)]

    def default_evaluator(self) -> str | None:
        return self.scored[-1]["evaluation"]["evaluator"] if self.scored else None

    def of(self, evaluator: str | None) -> list[dict[str, Any]]:
        return [each for each in self.scored if each["evaluation"]["evaluator"] == evaluator]


def _counts(attempt: dict[str, Any]) -> bool:
    return attempt["overall_score"] is not None and attempt["follow_up_to"] is None


def mean(scores: list[float]) -> float | None:
    if not scores:
        return None
    exact = sum((Decimal(str(score)) for score in scores), Decimal()) / len(scores)
    return float(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))


def day(attempt: dict[str, Any], zone: str) -> date:
    return datetime.fromisoformat(attempt["created_at"]).astimezone(ZoneInfo(zone)).date()


@pytest.mark.parametrize("seed", range(8))
def test_every_figure_is_what_a_plain_count_gives(
    dynamodb: "DynamoDBClient", storage: Storage, clock: Clock, seed: int
) -> None:
    random = Random(seed)  # noqa: S311
    practice = Practice(storage, clock)
    for step in random.choices(list(STEPS), list(STEPS.values()), k=40):
        clock.advance(0.5)
        practice.do(step, random.randrange(1000), random.randint(10, 100))

    # A quota is of one day, and this practice of several.
    assert [each for each in imbalances(dynamodb) if "QUOTA#" not in each] == []
    now = datetime.fromtimestamp(clock(), UTC)
    _compare(Count(), now, random.choice(ZONES), random.choice([None, "claude", "offline"]))


def _compare(count: Count, now: datetime, zone: str, chosen: str | None) -> None:
    evaluator = chosen or count.default_evaluator()
    averaged = count.of(evaluator)
    today = now.astimezone(ZoneInfo(zone)).date()
    days = {day(each, zone) for each in count.attempts}
    whose = {"tz": zone} | ({"evaluator": chosen} if chosen else {})

    def scores(rows: list[dict[str, Any]]) -> list[float]:
        return [row["overall_score"] for row in rows]

    seen = get("/api/stats/overview", **whose)
    assert seen["total_attempts"] == len(count.attempts)
    assert seen["evaluated_attempts"] == len(averaged)
    assert seen["average_score"] == mean(scores(averaged))
    assert seen["evaluator"] == (evaluator if averaged else None)
    assert seen["other_evaluators"] == len(count.scored) - len(averaged)
    assert seen["sessions_count"] == len(count.sessions)
    assert seen["practised_days_30"] == sum((today - each).days < 30 for each in days)
    streak, last = 0, today if today in days else today - timedelta(days=1)
    while last - timedelta(days=streak) in days:
        streak += 1
    assert seen["streak_days"] == streak

    by_category = {each: [row for row in averaged if row["category"] == each] for each in Category}
    found = {
        each: (sum(Decimal(str(score)) for score in scores(rows)) + Decimal("16.5")) / (len(rows) + 3)
        for each, rows in by_category.items()
        if rows
    }
    assert seen["weakest_category"] == (min(found, key=lambda each: found[each]) if found else None)
    assert get("/api/stats/by-category", **whose) == [
        {
            "category": category,
            "attempts": len(rows),
            "average_score": mean(scores(rows)),
            "best_score": max(scores(rows), default=None),
            "last_score": rows[-1]["overall_score"] if rows else None,
            "last_at": rows[-1]["created_at"] if rows else None,
            "evaluator": evaluator if rows else None,
        }
        for category, rows in by_category.items()
    ]
    for category in {bank.category(each) for each in QUESTIONS}:
        points: dict[str, list[float]] = {each.name: [] for each in rubric(category).criteria}
        for row in by_category[category]:
            for criterion in row["criteria"]:
                points[criterion["name"]].append(criterion["score"])
        assert get("/api/stats/by-criterion", category=category, **whose) == [
            {
                "criterion": name,
                "attempts": len(given),
                "average_score": mean(given),
                "last_score": given[-1] if given else None,
                "evaluator": evaluator if given else None,
            }
            for name, given in points.items()
        ]
    recent = [today - timedelta(days=back) for back in reversed(range(30))]
    by_day = {each: [row for row in averaged if day(row, zone) == each] for each in recent}
    assert get("/api/stats/trend", **whose) == [
        {
            "date": each.isoformat(),
            "attempts": len(rows),
            "average_score": mean(scores(rows)),
            "evaluator": evaluator,
            "graded_by": [
                {"model": model, "rubric_version": version}
                for model, version in sorted(
                    {(row["evaluation"]["model"], row["evaluation"]["rubric_version"]) for row in rows}
                )
                if model != "gate"
            ],
        }
        for each, rows in by_day.items()
        if rows
    ]
    assert get("/api/stats/heatmap", tz=zone, days=30) == [
        {"date": each.isoformat(), "attempts": sum(day(row, zone) == each for row in count.attempts)} for each in recent
    ]
    history_rows = all_of("/api/attempts", limit=4)
    assert history_rows == [
        {name: row[name] for name in history_rows[0] if name in row} | {"imported_at": None}
        for row in reversed(count.attempts)
    ]
    for question_id in QUESTIONS:
        rows = [row for row in count.attempts if row["question_id"] == question_id]
        compared = all_of(f"/api/questions/{question_id}/attempts", limit=3)
        assert [(each["session_id"], each["id"]) for each in compared] == [
            (row["session_id"], row["id"]) for row in rows
        ]
        before = None
        for each in compared:
            if not _counts(each):
                assert (each["change"], each["comparable"]) == (None, None)
                continue
            _assert_compared(before, each)
            before = each


def _assert_compared(before: dict[str, Any] | None, after: dict[str, Any]) -> None:
    if before is None:
        assert (after["change"], after["comparable"]) == (None, None)
        return
    names = ("evaluator", "model", "rubric_version")
    same = all(before["evaluation"][name] == after["evaluation"][name] for name in names)
    assert after["comparable"] is same
    if not same:
        assert after["change"] is None
        return
    assert after["change"]["overall_score"] == pytest.approx(after["overall_score"] - before["overall_score"])
    earlier = {each["name"]: each["score"] for each in before["criteria"]}
    assert after["change"]["criteria"] == [
        {"name": each["name"], "score": pytest.approx(each["score"] - earlier[each["name"]])}
        for each in after["criteria"]
        if each["name"] in earlier
    ]
