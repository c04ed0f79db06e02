"""The HTTP edge: what every route does alike with callers, bodies, errors, origins, lists and the log."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from aws_lambda_powertools.event_handler import Response
from botocore.exceptions import EndpointConnectionError

from coach import aws
from coach.errors import Busy, CoachError, Conflict, NotFound, TooManyRequests
from coach.http.app import create_app, entrypoint
from coach.http.schemas.about import About
from coach.identity.tickets import Ticket
from coach.settings import TableSettings
from coach.storage import Storage, keys
from local import openapi
from tests.conftest import OTHER, USER, token
from tests.unit.documents import a_document, a_sitting, an_attempt
from tests.unit.events import ANSWER, PAGES, ROUTES, SESSION, Answer, Route, call, handler, http, invoke
from tests.unit.events import Context as LambdaContext
from tests.unit.given import an_evaluation

pytestmark = pytest.mark.usefixtures("functions")

OPEN = {"/", "/health", "/openapi.json", "/docs", "/auth/register", "/auth/login"} | {path for _, path in PAGES}
CLOSED = [route for route in ROUTES if route.method != "OPTIONS" and route.path not in OPEN]
OF_A_SESSION = [route for route in CLOSED if "{session_id}" in route.path]
OF_AN_ATTEMPT = [route for route in CLOSED if "{attempt_id}" in route.path]
UNKNOWN = "99999999-9999-4999-8999-999999999999"
ORIGINS = ["http://localhost:8002", "http://127.0.0.1:8002"]


NEEDED = {"/api/stats/by-criterion": "?category=strategy"}
"""Queries that routes do not go without."""


PASSWORD = "a long password"
TICKET = Ticket.made(USER)
COOKIE = {"Cookie": f"pm_coach_session={TICKET.text}"}
HASH = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)


def target(route: Route, *, session: object = SESSION, attempt: object = 1, question: object = 1) -> str:
    values = {
        "{version}": "0123456789ab",
        "{name}": "app.css",
        "{category}": "strategy",
        "{form}": "json",
        "{session_id}": str(session),
        "{attempt_id}": str(attempt),
        "{question_id}": str(question),
    }
    path = route.path
    for name, value in values.items():
        path = path.replace(name, value)
    return path + NEEDED.get(route.path, "")


def body(route: Route) -> Any:
    """What the route accepts."""
    if route.path.endswith("/attempts") and route.method == "POST":
        return {"question_id": 1, "answer_text": ANSWER}
    if route.path == "/api/import":
        return a_document(a_sitting(an_attempt()))
    if route.path == "/auth/password":
        return {"current_password": PASSWORD, "new_password": "another password"}
    if route.path in ("/auth/login", "/auth/register"):
        return {"email": "ada@example.com", "password": PASSWORD}
    if route.path == "/auth/password/forgot":
        return {"email": "ada@example.com"}
    if route.path == "/auth/password/reset":
        return {"token": TICKET.text, "new_password": "another password"}
    return None


@pytest.fixture
def owned(functions: None, storage: Storage) -> None:  # noqa: ARG001 - before this one
    """SESSION is USER's, and its first attempt has failed."""
    assert call("POST", "/api/sessions", {"id": SESSION}, user=USER).status == 201
    assert call("POST", f"/api/sessions/{SESSION}/attempts", {"question_id": 1, "answer_text": ANSWER}, user=USER)
    assert storage.evaluations.fail(storage.attempts.get(USER, SESSION, 1), "Claude declined to evaluate this answer")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the functions log, and everything else in the process."""
    stream = io.StringIO()
    for each in logging.getLogger("coach").handlers:
        monkeypatch.setattr(each, "stream", stream)
    others = logging.StreamHandler(stream)
    others.addFilter(lambda record: record.name != "coach")
    logging.getLogger().addHandler(others)
    yield stream
    logging.getLogger().removeHandler(others)


def break_the_table(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Whatever is asked of the table raises this."""

    class Broken:
        def __getattr__(self, name: str) -> Any:
            raise error

    monkeypatch.setattr(aws, "storage", Broken)


# Callers


@pytest.mark.parametrize("route", CLOSED, ids=str)
@pytest.mark.parametrize(
    ("session", "attempt", "query", "sent"),
    [
        (SESSION, 1, "", None),
        (UNKNOWN, 999, "", "{}"),
        ("no-uuid", "x", "?limit=x&cursor=x&category=x", "{"),
        ('"\\', '"\\', "", "[" * 100_000),
    ],
    ids=["good", "unknown", "invalid", "outlandish"],
)
def test_nobody_gets_401_before_anything_is_said_about_the_request(
    route: Route, session: str, attempt: object, query: str, sent: str | None
) -> None:
    path = target(route, session=session, attempt=attempt, question=attempt) + query

    answer = call(route.method, path, sent, resource=route.path, headers={"Content-Type": "text/plain"})

    assert (answer.status, answer.json()) == (401, {"detail": "Not authenticated"})


def with_password() -> None:
    """The account of USER is opened by PASSWORD."""
    for key in (keys.profile(USER), keys.email(f"{USER}@example.com")):
        aws.storage().table.delete(key)
    aws.storage().accounts.register(_account(USER), HASH)


@pytest.mark.usefixtures("owned")
@pytest.mark.parametrize("route", CLOSED, ids=str)
def test_the_api_never_looks_at_a_browsers_cookie(storage: Storage, route: Route) -> None:
    with_password()
    owner = storage.accounts.credentials("ada@example.com")
    assert owner
    assert storage.browsers.sign_in(owner, TICKET.digest)

    answer = call(route.method, target(route), body(route), headers=COOKIE | {"Sec-Fetch-Site": "same-origin"})

    assert answer.status == (204 if route.path == "/auth/logout" else 401)


@pytest.mark.usefixtures("owned")
@pytest.mark.parametrize("route", CLOSED, ids=str)
def test_the_owner_gets_what_is_theirs(route: Route) -> None:
    with_password()

    answer = call(route.method, target(route), body(route), user=USER)

    assert 200 <= answer.status < 300


@pytest.mark.usefixtures("owned")
@pytest.mark.parametrize("route", OF_A_SESSION, ids=str)
def test_another_users_session_looks_like_one_that_never_was(route: Route) -> None:
    theirs = call(route.method, target(route), body(route), user=OTHER)
    unknown = call(route.method, target(route, session=UNKNOWN), body(route), user=OTHER)

    assert theirs.status == unknown.status == 404
    assert theirs.body == unknown.body


@pytest.mark.usefixtures("owned")
@pytest.mark.parametrize("route", OF_A_SESSION, ids=str)
def test_what_is_no_id_of_a_session_is_not_found(route: Route) -> None:
    odd = ["x", "0", "null", "~", "%2e%2e", "é", "a b", "'", '"', "\\", "\x00", "PROFILE", f"{SESSION}x", SESSION[:-1]]
    odd += [f"{SESSION}#ATTEMPT#000001", f"{SESSION}%23ATTEMPT%23000001", "x" * 5000]

    answers = {
        session: call(route.method, target(route, session=session), body(route), user=USER, resource=route.path)
        for session in odd
    }

    assert {session: answer.status for session, answer in answers.items()} == dict.fromkeys(odd, 404)
    assert all(answer.json()["detail"] for answer in answers.values())


@pytest.mark.usefixtures("owned")
@pytest.mark.parametrize("route", OF_AN_ATTEMPT, ids=str)
def test_what_is_no_number_of_an_attempt_is_refused_or_not_found(route: Route) -> None:
    odd = [0, -1, 2, "1.5", "abc", "1e3", "0x1", "%31", "٣", " ", "é", "\\"]
    odd += [10**6, 10**30, 10**1500, "1" + "0" * 5000, -(10**30)]

    answers = {
        attempt: call(route.method, target(route, attempt=attempt), user=USER, resource=route.path) for attempt in odd
    }

    assert {attempt for attempt, answer in answers.items() if answer.status not in (404, 422)} == set()
    assert all(answer.json()["detail"] for answer in answers.values())


@pytest.mark.usefixtures("owned")
@pytest.mark.parametrize("route", [route for route in CLOSED if "{" in route.path], ids=str)
def test_what_stands_behind_an_id_makes_it_another_one(route: Route) -> None:
    ids: dict[str, object] = {"session": SESSION, "attempt": 1, "question": 1}
    last = re.findall(r"{(\w+)_id}", route.path)[-1]
    odd = ["\n", "\r\n", "\t", "\x00", "\x85", " ", "/", "//", "/x", ".", "..", ";", "%0a", "\u2028"]

    answers = {
        behind: call(
            *(route.method, target(route, **ids | {last: f"{ids[last]}{behind}"}), body(route)),
            user=USER,
            resource=route.path,
        )
        for behind in odd
    }

    assert {behind: answer.status for behind, answer in answers.items()} == dict.fromkeys(odd, 404)
    assert all(answer.json()["detail"] for answer in answers.values())


@pytest.mark.usefixtures("owned")
@pytest.mark.parametrize("number", ["01", "1.0", "1_0", "1e0", "1٣"])
def test_an_attempts_number_written_otherwise_is_another_id(number: str) -> None:
    answer = call("GET", f"/api/sessions/{SESSION}/attempts/{number}", user=USER)

    assert (answer.status, answer.json()) == (404, {"detail": "Not Found"})


@pytest.mark.usefixtures("owned")
def test_an_id_may_be_written_in_capitals() -> None:
    answer = call("GET", f"/api/sessions/{SESSION.upper()}", user=USER)

    assert answer.json()["id"] == SESSION


# Bodies

UNREADABLE = {
    "malformed": "{",
    "not JSON": "mode=exam",
    "blank": "  ",
    "two values": "{} {}",
    "single quotes": "{'mode': 'exam'}",
    "a list": "[]",
    "a list of one": '[{"mode": "exam"}]',
    "a text": '"{}"',
    "a number": "5",
    "a huge number": "1" + "0" * 5000,
    "null": "null",
    "true": "true",
    "NaN": '{"timer_minutes": NaN}',
    "Infinity": '{"timer_minutes": Infinity}',
    "minus Infinity": '{"timer_minutes": -Infinity}',
    "nested deep": "[" * 100_000,
    "objects nested deep": '{"mode":' * 100_000,
    "nested deep and closed": '{"mode":' * 50_000 + "1" + "}" * 50_000,
    "a byte order mark": "\ufeff{}",
    "a raw NUL": "\x00",
    "a raw line break in a text": '{"mode": "\n"}',
}


@pytest.mark.parametrize("path", ["/api/sessions", f"/api/sessions/{SESSION}/attempts"])
@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_json_object_is_refused_with_where_and_why(path: str, case: str) -> None:
    answer = call("POST", path, UNREADABLE[case], user=USER)

    assert [loc[0] for loc, _ in answer.errors()] == ["body"]
    assert all(error.keys() == {"loc", "msg", "type"} and error["msg"] for error in answer.json()["detail"])


def test_where_json_breaks_off_is_told_by_position() -> None:
    answer = call("POST", "/api/sessions", '{"mode": exam}', user=USER)

    assert answer.json() == {
        "detail": [{"loc": ["body", 9], "msg": "JSON decode error: Expecting value", "type": "json_invalid"}]
    }


@pytest.mark.parametrize(
    ("content_type", "sent"),
    [
        ("application/x-www-form-urlencoded", "mode=exam"),
        ("application/x-www-form-urlencoded", "{}"),
        ("application/x-www-form-urlencoded; charset=UTF-8", "timer_minutes=5"),
        ("multipart/form-data", "x"),
        ("multipart/form-data; boundary=x", '--x\r\nContent-Disposition: form-data; name="mode"\r\n\r\nexam\r\n--x--'),
        ("text/plain", "{}"),
        ("text/json", "{}"),
        ("application/jsonp", "{}"),
        ("application/xml", "<session/>"),
        ("json", "{}"),
    ],
)
def test_a_body_of_another_type_is_refused_in_clear_words(content_type: str, sent: str) -> None:
    answer = call("POST", "/api/sessions", sent, user=USER, headers={"Content-Type": content_type})

    assert answer.errors() == [(["body"], "unsupported_content_type")]
    assert "Content-Type: application/json" in answer.json()["detail"][0]["msg"]


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json", None],
)
def test_json_is_taken_under_all_its_names(content_type: str | None) -> None:
    answer = call("POST", "/api/sessions", {"mode": "exam"}, user=USER, headers={"Content-Type": content_type})

    assert (answer.status, answer.json()["mode"]) == (201, "exam")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_no_body_has_no_type(content_type: str) -> None:
    answer = call("POST", "/api/sessions", "", user=USER, headers={"Content-Type": content_type})

    assert answer.status == 201


def test_a_body_may_come_as_text() -> None:
    function, event = http("POST", "/api/sessions", user=USER)

    answer = invoke(function, event | {"body": '{"mode": "exam"}', "isBase64Encoded": False})

    assert (answer.status, answer.json()["mode"]) == (201, "exam")


@pytest.mark.usefixtures("owned")
@pytest.mark.parametrize("text", [b"\xff\xfe", b"\xc3", b"\xed\xa0\x80", ANSWER.encode("utf-16")])
def test_what_is_no_utf_8_is_refused_and_not_stored(text: bytes) -> None:
    before = call("GET", f"/api/sessions/{SESSION}", user=USER).json()
    sent = b'{"question_id": 1, "answer_text": "' + ANSWER.encode() + text + b'"}'

    answer = call("POST", f"/api/sessions/{SESSION}/attempts", sent, user=USER)

    assert answer.errors() == [(["body"], "unsupported_content_type")]
    assert call("GET", f"/api/sessions/{SESSION}", user=USER).json() == before


@pytest.mark.parametrize("sent", ["a", "!!!", "/w==", "żółw"], ids=["cut off", "no base64", "no UTF-8", "no ASCII"])
def test_base64_that_holds_no_text_is_refused(sent: str) -> None:
    function, event = http("POST", "/api/sessions", user=USER)

    answer = invoke(function, event | {"body": sent, "isBase64Encoded": True})

    assert answer.errors()[0][0][0] == "body"


def test_of_a_key_that_is_there_twice_the_last_one_counts() -> None:
    answer = call("POST", "/api/sessions", '{"mode": "exam", "mode": "timed"}', user=USER)

    assert answer.json()["mode"] == "timed"


@pytest.mark.parametrize("name", ["user_id", "Mode", "", "__proto__", "żółw", "\ud800", "x" * 10_000, "\x00"])
def test_unknown_fields_are_refused(name: str) -> None:
    answer = call("POST", "/api/sessions", {name: "exam"}, user=USER)

    assert answer.errors()[0][0][0] == "body"
    assert answer.body.encode()


def test_every_mistake_of_a_body_is_told_at_once() -> None:
    answer = call("POST", "/api/sessions", {"mode": "fast", "timer_minutes": 61, "colour": "red"}, user=USER)

    assert {loc[1] for loc, _ in answer.errors()} == {"mode", "timer_minutes", "colour"}


def test_a_request_without_headers_is_nobodys() -> None:
    function, event = http("GET", "/api/sessions", user=USER)

    answer = invoke(function, event | {"headers": None, "multiValueHeaders": None})

    assert answer.status == 401


# Errors


@pytest.mark.parametrize(
    ("error", "status"),
    [(NotFound("No"), 404), (Conflict("No"), 409), (TooManyRequests("No", 9), 429), (Busy("No"), 503)],
)
def test_an_error_of_ours_is_answered_with_its_status_and_text(
    monkeypatch: pytest.MonkeyPatch, error: CoachError, status: int
) -> None:
    break_the_table(monkeypatch, error)

    answer = call("GET", f"/api/sessions/{SESSION}", user=USER)

    assert (answer.status, answer.json()) == (status, {"detail": "No"})


@pytest.mark.parametrize("route", [route for route in CLOSED if not route.path.startswith("/auth/logout")], ids=str)
def test_an_unexpected_error_is_a_plain_500(monkeypatch: pytest.MonkeyPatch, route: Route, log: io.StringIO) -> None:
    break_the_table(monkeypatch, RuntimeError("the inside of it"))
    for reads in ("questions", "counts"):
        monkeypatch.setattr(f"coach.questions.{reads}", lambda *_: 1 / 0)

    answer = call(route.method, target(route), body(route), user=USER, headers={"Origin": ORIGINS[0]})

    assert (answer.status, answer.json()) == (500, {"detail": "Internal Server Error"})
    assert answer.headers["access-control-allow-origin"] == ORIGINS[0]
    assert [line["message"] for line in _lines(log)] == ["Unexpected error", "Answered"]
    assert "Traceback" in _lines(log)[0]["exception"]


def test_a_response_that_the_route_does_not_promise_is_our_mistake_and_not_the_callers(log: io.StringIO) -> None:
    app = create_app()

    @app.get("/api/sessions")
    def broken() -> Response[About]:
        return Response(status_code=200, content_type="application/json", body=ANSWER)  # type: ignore[arg-type]

    _, event = http("GET", "/api/sessions", user=USER)

    answer = Answer.of(entrypoint(app)(event, LambdaContext()))  # type: ignore[arg-type]

    assert (answer.status, answer.json()) == (500, {"detail": "Internal Server Error"})
    assert [line["message"] for line in _lines(log)] == ["Not the promised response", "Answered"]
    assert ANSWER not in log.getvalue()


@pytest.mark.parametrize("name", ["TABLE_NAME", "TOKEN_PUBLIC_KEYS"])
def test_a_missing_setting_is_named_in_one_line_of_the_log_and_not_to_the_caller(
    monkeypatch: pytest.MonkeyPatch, log: io.StringIO, name: str
) -> None:
    monkeypatch.delenv(name)
    monkeypatch.setattr(aws, "storage", lambda: TableSettings.read())
    aws.verifier.cache_clear()

    answer = call("GET", f"/api/sessions/{SESSION}", user=USER)

    assert (answer.status, answer.json()) == (500, {"detail": "Internal Server Error"})
    [line] = [line for line in _lines(log) if line["level"] == "ERROR"]
    assert line["message"].startswith(f"{name} is not set")
    assert "exception" not in line


def test_a_path_that_no_route_has_is_not_found() -> None:
    function, event = http("GET", "/api/sessions", user=USER)

    answer = invoke(function, event | {"resource": "/api/elsewhere"})

    assert (answer.status, answer.json()) == (404, {"detail": "Not Found"})


DOCUMENTED = [
    route for route in ROUTES if route.method not in ("OPTIONS", "HEAD") and (route.method, route.path) not in PAGES
]


@pytest.mark.parametrize("route", DOCUMENTED, ids=str)
def test_a_database_that_cannot_be_reached_is_503_where_the_document_says_so(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, route: Route
) -> None:
    def fail(*_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="http://dynamodb")

    monkeypatch.setattr(storage.table._client, "_make_api_call", fail)
    answer = call(route.method, target(route), body(route), user=USER, headers=COOKIE)

    document = json.loads(openapi.DOCUMENT.read_text(encoding="utf-8"))
    promised = document["paths"].get(route.path, {}).get(route.method.lower(), {"responses": {}})
    assert (answer.status == 503) == ("503" in promised["responses"])
    assert answer.status in (200, 204, 503)
    assert answer.status != 503 or route.path == "/health" or "database" in answer.json()["detail"]


# Parameters


@pytest.mark.usefixtures("owned")
@pytest.mark.parametrize("route", CLOSED, ids=str)
def test_a_parameter_that_a_route_does_not_have_is_refused(route: Route) -> None:
    unknown = {"=true": "", "colour=red": "colour", "colour=": "colour", "user_id=x": "user_id", "Limit=1": "Limit"}
    known = f"{target(route)}&" if route.path in NEEDED else f"{target(route)}?"

    answers = {query: call(route.method, f"{known}{query}", body(route), user=USER) for query in unknown}

    errors = {query: answer.errors() for query, answer in answers.items()}
    assert errors == {query: [(["query", name], "extra_forbidden")] for query, name in unknown.items()}


@pytest.mark.usefixtures("owned")
@pytest.mark.parametrize("route", [route for route in CLOSED if route.method == "POST"], ids=str)
def test_a_field_that_a_route_does_not_have_is_refused(route: Route) -> None:
    answer = call("POST", target(route), {**(body(route) or {}), "colour": "red"}, user=USER)

    assert answer.errors() == [(["body", "colour"], "extra_forbidden")]


def test_a_link_to_the_landing_page_may_have_parameters() -> None:
    assert call("GET", "/?utm_source=newsletter").status == 200


# Caches

KEPT = {
    ("GET", "/static/{version}/{name}"),
    ("GET", "/health"),
    ("HEAD", "/health"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
}


@pytest.mark.usefixtures("owned")
@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_no_cache_keeps_an_answer_that_could_be_somebodys(route: Route) -> None:
    answers = [call(route.method, target(route), body(route), user=user) for user in (USER, None)]

    kept = {answer.headers["cache-control"] for answer in answers}
    assert kept == ({"no-cache"} if (route.method, route.path) in KEPT else {"no-store"})


def test_no_cache_keeps_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    function, event = http("GET", "/api/sessions", user=USER)
    refused, unknown = call("GET", "/api/sessions?limit=0", user=USER), call("GET", "/api/sessions/x", user=USER)
    nowhere = invoke(function, event | {"resource": "/api/elsewhere"})
    break_the_table(monkeypatch, RuntimeError("broken"))

    answers = [refused, unknown, nowhere, call("GET", "/api/sessions", user=USER), call("GET", "/health")]

    assert [answer.status for answer in answers] == [422, 404, 404, 500, 500]
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}


# Origins

ANSWERS = {200: "/health", 401: "/api/sessions", 404: f"/api/sessions/{UNKNOWN}", 422: "/api/sessions?limit=0"}


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("status", ANSWERS)
def test_a_page_of_an_allowed_origin_may_read_answers_and_errors(status: int, origin: str) -> None:
    user = None if status == 401 else USER

    answer = call("GET", ANSWERS[status], user=user, headers={"Origin": origin})

    assert answer.status == status
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-expose-headers"] == "Link,Location,Retry-After,X-Quota-Remaining"
    assert "access-control-allow-credentials" not in answer.headers
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://localhost:8003",
        "http://localhost:8002.evil.example",
        "localhost:8002",
        "https://localhost:8002",
        "http://LOCALHOST:8002",
        "*",
        "",
    ],
)
@pytest.mark.parametrize("status", ANSWERS)
def test_a_page_of_another_origin_may_not(status: int, origin: str) -> None:
    user = None if status == 401 else USER

    answer = call("GET", ANSWERS[status], user=user, headers={"Origin": origin})

    assert answer.status == status
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["vary"] == "Origin"


OF_PROGRAMS = [route for route in ROUTES if route.method != "OPTIONS" and (route.method, route.path) not in PAGES]
"""No script of another origin reads pages."""


@pytest.mark.parametrize("route", OF_PROGRAMS, ids=str)
@pytest.mark.parametrize("origin", ORIGINS)
def test_a_browser_may_ask_before_every_request(route: Route, origin: str) -> None:
    asked = {"Access-Control-Request-Method": route.method, "Origin": origin}

    answer = call("OPTIONS", target(route), headers=asked)

    allowed = {
        name: answer.headers[f"access-control-allow-{name}"].lower().split(",") for name in ("methods", "headers")
    }
    assert (answer.status, answer.body) == (204, "")
    assert answer.headers["access-control-allow-origin"] == origin
    assert route.method.lower() in allowed["methods"]
    assert {"authorization", "content-type", "idempotency-key"} <= set(allowed["headers"])
    assert answer.headers["vary"] == "Origin"


def test_asking_from_another_origin_allows_nothing() -> None:
    answer = call("OPTIONS", "/api/sessions", headers={"Origin": "https://evil.example"})

    assert answer.status == 204
    assert "access-control-allow-origin" not in answer.headers


def test_origins_may_be_written_with_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", "https://a.example, https://b.example")
    app = create_app()
    _, event = http("GET", "/api/sessions", headers={"Origin": "https://b.example"})

    answer = Answer.of(entrypoint(app, open_to_all=True)(event, LambdaContext()))  # type: ignore[arg-type]

    assert answer.headers["access-control-allow-origin"] == "https://b.example"


# Addresses


@pytest.mark.parametrize(
    ("host", "proto", "address"),
    [
        (
            "k3x9d2m7qe.execute-api.us-east-1.amazonaws.com",
            "https",
            "https://k3x9d2m7qe.execute-api.us-east-1.amazonaws.com/prod",
        ),
        (
            "k3x9d2m7qe.execute-api.cn-north-1.amazonaws.com.cn",
            "https",
            "https://k3x9d2m7qe.execute-api.cn-north-1.amazonaws.com.cn/prod",
        ),
        (
            "K3X9D2M7QE.execute-api.us-east-1.amazonaws.com:443",
            "https",
            "https://K3X9D2M7QE.execute-api.us-east-1.amazonaws.com:443/prod",
        ),
        ("coach.example.com", "https", "https://coach.example.com"),
        ("coach.amazonaws.com", "https", "https://coach.amazonaws.com"),
        ("localhost:8002", "http", "http://localhost:8002"),
    ],
)
def test_addresses_are_those_that_the_client_knows(host: str, proto: str, address: str) -> None:
    headers = {"Host": host, "X-Forwarded-Proto": proto}

    answer = call("POST", "/api/sessions", {"id": SESSION}, user=USER, headers=headers)

    assert answer.headers["location"] == f"{address}/api/sessions/{SESSION}"


@pytest.mark.parametrize("base", ["/v1", "/coach/v1", "/api", "/api/sessions", "/prod", "/a%20b"])
@pytest.mark.usefixtures("owned")
def test_below_a_base_path_routes_are_found_and_addresses_lead_back(base: str) -> None:
    def asked(method: str, target: str, body: Any = None, **headers: str) -> Answer:
        function, event = http(method, target, body, user=USER, headers={"Host": "coach.example.com", **headers})
        context = event["requestContext"] | {"path": base + event["path"]}
        return invoke(function, event | {"path": base + event["path"], "requestContext": context})

    call("POST", f"/api/sessions/{SESSION}/attempts", {"question_id": 1, "answer_text": ANSWER}, user=USER)
    made = asked("POST", "/api/sessions", {"id": SESSION})
    listed = asked("GET", f"/api/sessions/{SESSION}/attempts?limit=1")
    page, document = asked("GET", "/", Accept="text/html"), asked("GET", "/openapi.json")

    address = f"https://coach.example.com{base}"
    assert made.headers["location"] == f"{address}/api/sessions/{SESSION}"
    assert listed.headers["link"].startswith(f"<{address}/api/sessions/{SESSION}/attempts?limit=1&cursor=")
    assert f"{address}/" in page.body
    assert document.json()["servers"] == [{"url": address}]


# The log


def test_the_log_holds_no_answer_no_password_and_no_token(
    storage: Storage, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_text = f"{ANSWER} MY-SECRET-ANSWER"
    path = f"/api/sessions/{SESSION}/attempts"
    credentials = {"email": "ada@example.com", "password": "MY-SECRET-PASSWORD"}
    sent = {"question_id": 1, "answer_text": answer_text}
    call("POST", "/auth/register", credentials | {"full_name": "x" * 101})
    call("POST", "/auth/login", credentials)
    call("POST", "/api/sessions", {"id": SESSION}, user=USER)
    call("POST", path, sent, user=USER, headers={"Idempotency-Key": "k"})
    call("POST", path, sent | {"time_spent_sec": "MY-SECRET-ANSWER"}, user=USER)
    call("POST", path, json.dumps(sent)[:-1], user=USER)
    call("POST", path, sent, headers={"Authorization": "Bearer MY-SECRET-TOKEN"})
    evaluation = an_evaluation()
    storage.evaluations.record(storage.attempts.get(USER, SESSION, 1), evaluation)
    call("GET", path, user=USER)
    call("GET", f"{path}/1", user=USER)
    break_the_table(monkeypatch, RuntimeError("broken"))
    call("POST", path, sent, user=USER)
    call("POST", "/auth/login", credentials)

    written = log.getvalue()

    assert [line["status"] for line in _lines(log) if line["message"] == "Answered"] == [
        *(422, 401, 201, 201, 422, 422, 401, 200, 200, 500, 500)
    ]
    assert "MY-SECRET" not in written
    assert ANSWER not in written
    assert token().split(".")[0] not in written
    assert "Bearer" not in written


def test_every_request_is_one_line_with_its_route_and_its_id(log: io.StringIO) -> None:
    function, event = http("GET", f"/api/sessions/{UNKNOWN}", user=USER)

    handler(function)(event, LambdaContext())

    [line] = _lines(log)
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/sessions/{session_id}", 404)
    assert line["correlation_id"] == event["requestContext"]["requestId"]


def _lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def _account(user_id: str) -> Any:
    from dataclasses import replace

    from tests.unit.given import a_user

    return replace(a_user(), id=user_id)
