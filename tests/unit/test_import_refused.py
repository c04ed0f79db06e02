"""POST /api/import: what cannot be used is refused with the places of its mistakes, and nothing is written."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import OTHER, USER
from tests.unit.documents import (
    A_CRITERION,
    A_PROBE,
    AN_EVALUATION,
    SITTING,
    UNSCORED,
    Document,
    a_document,
    a_sitting,
    an_attempt,
    counted,
    imported,
    without,
)
from tests.unit.events import http, invoke

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.usefixtures("functions")

TEXT = "t" * 100_000


def at_attempt(**changes: Any) -> Document:
    return a_document(a_sitting(), a_sitting(an_attempt(1, OTHER), an_attempt(2, OTHER) | changes, session_id=OTHER))


def at_session(**changes: Any) -> Document:
    return a_document(a_sitting() | changes)


def each_of(mistakes: dict[str, list[Any]]) -> list[tuple[str, Any]]:
    return [(name, value) for name, values in mistakes.items() for value in values]


HUGE = 10**4000
ATTEMPT_MISTAKES: dict[str, list[Any]] = {
    "id": [0, -1, 1_000_000, HUGE, "2", 2.0, True, None, 1, 4],
    "question_id": [0, 99_999, "1", None],
    "session_id": [SITTING, "no id", None],
    "answer_text": ["too short", " " * 60, "x" * 20_001, 5, None, "\ud800" * 60],
    "time_spent_sec": [-1, 86_401, 1.5, "60", False],
    "status": ["done", None, "pending", "failed", "Evaluated"],
    "overall_score": [0.9, 10.1, 6.45, "6.4", True, HUGE, 1e300, -6.4, None],
    "framework_score": [None],
    "structure_score": [11],
    "completeness_score": [[]],
    "strengths": [None, "good", [1], ["\udfff"]],
    "improvements": [{}],
    "suggested_framework": ["x" * 101],
    "example_point": [1],
    "criteria": [
        None,
        [{}],
        [A_CRITERION | {"score": 0}],
        [A_CRITERION | {"weight": 1}],
        [A_CRITERION | {"evidence": None}],
        ["Goal"],
    ],
    "evaluation": [
        None,
        {},
        AN_EVALUATION | {"evaluator": "gpt"},
        AN_EVALUATION | {"evaluator": None},
        AN_EVALUATION | {"input_tokens": -1},
        AN_EVALUATION | {"evaluated_at": "yesterday"},
        AN_EVALUATION | {"prompt": "x"},
        AN_EVALUATION | {"model": "x" * 2049},
    ],
    "failure": ["It failed", 1],
    "created_at": [
        "2026-11-20T09:00:00",
        "2026-11-20",
        1795252503,
        None,
        "1969-12-31T23:59:59Z",
        "5000-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "2026-11-20T09:00:00 01:00",
    ],
    "follow_up": [{}, "Why?", A_PROBE | {"question": None}],
    "follow_up_to": [2, 3, 0, "1"],
    "imported_at": ["now", False],
    "change": [None],
    "user_id": [USER],
}


@pytest.mark.parametrize(("name", "value"), each_of(ATTEMPT_MISTAKES))
def test_a_mistake_in_an_attempt_is_named_with_its_place_and_nothing_is_written(
    dynamodb: "DynamoDBClient", name: str, value: Any
) -> None:
    before = dynamodb.scan(TableName="coach")["Items"]

    errors = imported(at_attempt(**{name: value})).errors()

    places = [loc for loc, _ in errors]
    ours = [loc for loc in places if loc[:5] == ["body", "sessions", 1, "attempts", 1]]
    assert ours == places
    told = {loc[5] for loc in ours}
    assert name in told or (name, told) == ("status", {"overall_score"})
    assert len(errors) <= 20
    assert dynamodb.scan(TableName="coach")["Items"] == before


@pytest.mark.parametrize("name", [*an_attempt()])
def test_each_field_of_an_attempt_is_needed(name: str) -> None:
    document = a_document(a_sitting(without(an_attempt(), name)))

    assert imported(document).errors() == [(["body", "sessions", 0, "attempts", 0, name], "missing")]


@pytest.mark.parametrize("name", [*UNSCORED][4:])
def test_what_has_no_scores_has_nothing_else_of_an_evaluation(name: str) -> None:
    attempt = an_attempt(**UNSCORED) | {name: an_attempt(follow_up=A_PROBE, example_point="So")[name]}

    assert imported(a_document(a_sitting(attempt))).errors() == [
        (["body", "sessions", 0, "attempts", 0, name], "not_evaluated")
    ]


SESSION_MISTAKES: dict[str, list[Any]] = {
    "id": ["1", None, 1],
    "session_id": [OTHER],
    "user_id": [None],
    "category_filter": ["cooking"],
    "mode": ["fast", None],
    "timer_minutes": [0, 61, 10.5, "10"],
    "started_at": [None, "2026-11-20T09:00"],
    "ended_at": ["never", "5000-01-01T00:00:00Z"],
    "questions_count": [-1, "1", None],
    "avg_score": [0, "6"],
    "pending_count": [None],
    "attempts": [None, {}, [1], [[]]],
    "score_sum": [1],
}


@pytest.mark.parametrize(("name", "value"), each_of(SESSION_MISTAKES))
def test_a_mistake_in_a_session_is_named_with_its_place(name: str, value: Any) -> None:
    errors = imported(at_session(**{name: value})).errors()

    assert {tuple(loc[:4]) for loc, _ in errors} <= {
        ("body", "sessions", 0, name),
        ("body", "sessions", 0, "session_id"),
    }
    assert any(loc[3] == name for loc, _ in errors)


@pytest.mark.parametrize("name", [*a_sitting()])
def test_each_field_of_a_session_is_needed(name: str) -> None:
    errors = imported(a_document(without(a_sitting(), name))).errors()

    assert errors == [(["body", "sessions", 0, name], "missing")]


DOCUMENT_MISTAKES: dict[str, list[Any]] = {
    "format": ["pm-coach", None, 1],
    "version": [2, 0, "1", True, 1.5],
    "user": [None, []],
    "sessions": [None, {}, [None]],
    "next": [1],
}


@pytest.mark.parametrize(("name", "value"), each_of(DOCUMENT_MISTAKES))
def test_a_mistake_in_the_document_is_named_with_its_place(name: str, value: Any) -> None:
    assert {tuple(loc[:2]) for loc, _ in imported(a_document(**{name: value})).errors()} == {("body", name)}


@pytest.mark.parametrize("name", [*a_document()["user"]])
def test_each_field_of_the_user_is_needed(name: str) -> None:
    document = a_document(user=without(a_document()["user"], name))

    assert imported(document).errors() == [(["body", "user", name], "missing")]


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ("", {"missing"}),
        ("{}", {"missing"}),
        ("[]", {"dict_type"}),
        ("null", {"dict_type"}),
        ("{", {"json_invalid"}),
        ('{"version": NaN}', {"json_invalid"}),
        ('{"version": Infinity}', {"json_invalid"}),
        ('{"version": ' + "1" * 5000 + "}", {"json_invalid"}),
        ('{"sessions": ' + "[" * 100_000 + "]" * 100_000 + "}", {"json_invalid"}),
        (b"\xff\xfe", {"json_invalid", "missing", "unsupported_content_type"}),
    ],
)
def test_what_is_no_document_is_refused(body: Any, kinds: set[str]) -> None:
    assert {kind for _, kind in imported(body).errors()} <= kinds


@pytest.mark.parametrize("depth", [100, 900])
def test_deep_nesting_in_a_place_of_its_own_is_refused(depth: int) -> None:
    text = json.dumps(a_document()).replace('"sessions": []', f'"sessions": {"[" * depth}{"]" * depth}')

    assert imported(text).status == 422


def test_a_session_may_stand_in_a_document_once() -> None:
    errors = imported(a_document(a_sitting(an_attempt(1)), a_sitting(an_attempt(2)))).errors()

    assert errors == [(["body", "sessions", 1, "id"], "session_repeated")]


def test_mistakes_of_fields_that_agree_with_none_are_told_together() -> None:
    errors = imported(a_document(a_sitting(*(an_attempt(n, question_id=9999) for n in range(1, 31))))).errors()

    assert errors == [(["body", "sessions", 0, "attempts", n, "question_id"], "question_unknown") for n in range(20)]


@pytest.mark.parametrize(
    "texts",
    [
        {"strengths": [TEXT] * 5},
        {"criteria": [A_CRITERION | {"comment": "ж" * 110_000}, A_CRITERION | {"evidence": [TEXT] * 2, "name": "x"}]},
        {"follow_up": A_PROBE | {"question": "x" * 210_000}},
        {"strengths": [""] * 420_000},
    ],
)
def test_what_an_item_of_the_table_cannot_hold_is_refused(texts: Document) -> None:
    errors = imported(a_document(a_sitting(an_attempt(1), an_attempt(2, **texts)))).errors()

    assert errors == [(["body", "sessions", 0, "attempts", 1], "too_large")]


def test_what_an_item_of_the_table_just_holds_is_taken() -> None:
    many = [an_attempt(number, strengths=["x" * 380_000]) for number in range(1, 11)]

    assert counted(imported(a_document(a_sitting(*many)))) == (1, 0, 10, 0)


def test_more_sessions_or_attempts_than_a_document_may_hold_are_refused() -> None:
    many = [a_sitting(session_id=f"{number:08d}-5f60-4a38-8c14-2e7d9a0b6f35") for number in range(201)]

    assert imported(a_document(*many)).errors() == [(["body", "sessions"], "too_long")]
    two = [{**each, "attempts": [an_attempt(number, each["id"]) for number in range(1, 502)]} for each in many[:2]]
    assert imported(a_document(*two)).errors() == [(["body", "sessions", 1, "attempts"], "too_long")]


@pytest.mark.parametrize("filler", ["{},", "1,", '{"attempts":[{},{}]},', "[],"])
def test_millions_of_mistakes_are_told_in_a_moment(filler: str) -> None:
    room = 3_900_000 // len(filler)
    documents = [
        json.dumps(a_document()).replace('"sessions": []', f'"sessions": [{(filler * room)[:-1]}]'),
        json.dumps(a_document(a_sitting(an_attempt(criteria=[])))).replace(
            '"criteria": []', f'"criteria": [{(filler * room)[:-1]}]'
        ),
        json.dumps(a_document(a_sitting())).replace('"attempts": []', f'"attempts": [{(filler * room)[:-1]}]'),
    ]

    assert all(1 <= len(imported(document).errors()) <= 20 for document in documents)


@pytest.mark.parametrize(("size", "status"), [(4_000_000, 422), (4_000_001, 413)])
def test_more_bytes_than_are_taken_are_refused_before_they_are_read(size: int, status: int) -> None:
    assert imported("x" * size).status == status


def test_who_has_no_token_is_told_nothing_of_the_size() -> None:
    function, event = http("POST", "/api/import", "x" * 4_000_001)

    assert invoke(function, event).status == 401
