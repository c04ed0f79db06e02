"""Browsers: signing in by the form, what the cookie is good for, and what ends its session."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher

from coach import aws
from coach.errors import Conflict
from coach.identity import passwords
from coach.identity.tickets import Ticket
from coach.model import User
from coach.storage import Storage, keys
from coach.storage.accounts import Credentials
from tests.conftest import OTHER
from tests.unit.events import Answer, call, http, invoke
from tests.unit.faults import Faults, reply_lost_and_sent_again
from tests.unit.given import Clock, a_user
from tests.unit.schedules import Schedules

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EMAIL, PASSWORD = "ada@example.com", "correct horse battery staple"
OURS = {"Sec-Fetch-Site": "same-origin"}
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", lambda: CHEAP)


@pytest.fixture(autouse=True)
def clock(functions: None, dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Clock:  # noqa: ARG001
    """What sessions tell the time by."""
    clock = Clock()
    monkeypatch.setattr(aws, "storage", lambda: Storage(dynamodb, "coach", now=clock))
    return clock


@pytest.fixture
def ada(storage: Storage) -> User:
    user = a_user(EMAIL)
    storage.accounts.register(user, passwords.hashed(PASSWORD))
    return user


def sign_in(password: str = PASSWORD, email: str = EMAIL, onward: str | None = None, **headers: str | None) -> Answer:
    fields = {"email": email, "password": password} | ({"next": onward} if onward is not None else {})
    sent = {"Content-Type": "application/x-www-form-urlencoded", **OURS, **headers}
    return call("POST", "/auth/login/form", urlencode(fields), headers=sent)


def cookie(answer: Answer) -> str:
    return answer.headers["set-cookie"].partition(";")[0]


def is_signed_in(cookie: str | None) -> bool:
    page = call("GET", "/account", headers={"Cookie": cookie, "Accept": "text/html"})
    assert page.status in (200, 303)
    return page.status == 200


def change(user: User, cookie: str | None, password: str = PASSWORD) -> Answer:
    sent = {"current_password": password, "new_password": "another password"}
    return call("POST", "/auth/password", sent, user=user.id, headers={"Cookie": cookie})


# Signing in


@pytest.mark.usefixtures("ada")
def test_the_right_password_gives_the_browser_a_cookie_and_leads_on() -> None:
    answer = sign_in(onward="/practice/strategy?timer=10")

    value, *attributes = answer.headers["set-cookie"].split("; ")
    assert (answer.status, answer.headers["location"], answer.body) == (303, "/prod/practice/strategy?timer=10", "")
    assert re.fullmatch(r"pm_coach_session=[0-9a-f-]{36}\.[\w-]{43}", value)
    assert set(attributes) == {"Path=/prod", "Max-Age=2592000", "HttpOnly", "Secure", "SameSite=Lax"}
    assert answer.headers["cache-control"] == "no-store"
    assert is_signed_in(value)


PLACES = {
    "a domain of its own": ("coach.example.com", "https", "", "/", True),
    "below a base path": ("coach.example.com", "https", "/v1", "/v1", True),
    "this machine": ("localhost:8002", "http", "", "/", False),
    "this machine by number": ("127.0.0.1:8002", "http", "", "/", False),
    "this machine by IPv6": ("[::1]:8002", "http", "", "/", False),
    "this machine with a certificate": ("localhost:8002", "https", "", "/", True),
    "another machine without one": ("localhost.example.com", "http", "", "/", True),
}


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("case", PLACES)
def test_the_cookie_is_for_our_pages_and_for_encrypted_requests_but_on_this_machine(case: str) -> None:
    host, proto, base, path, secure = PLACES[case]
    fields = urlencode({"email": EMAIL, "password": PASSWORD})
    function, event = http(
        "POST", "/auth/login/form", fields, headers=OURS | {"Host": host, "X-Forwarded-Proto": proto}
    )
    event["path"] = base + event["path"]

    answer = invoke(function, event)

    assert answer.headers["location"] == f"{base}/practice"
    assert f"Path={path}; " in answer.headers["set-cookie"]
    assert ("; Secure" in answer.headers["set-cookie"]) == secure


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    "onward",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "",
        "/\t/evil.example",
        "evil",
        "/\r\nSet-Cookie: x=y",
        "\\\\evil.example",
        "/é",
    ],
)
def test_signing_in_leads_to_no_other_address(onward: str) -> None:
    assert sign_in(onward=onward).headers["location"] == "/prod/practice"
    assert 'name="next" value="/practice"' in call("GET", f"/auth/login?{urlencode({'next': onward})}").body


@pytest.mark.usefixtures("ada")
def test_a_wrong_password_shows_the_form_again_with_the_address_and_no_password() -> None:
    wrong, unknown = sign_in("wrong password"), sign_in("wrong password", "nobody@example.com")

    assert wrong.status == unknown.status == 401
    assert "set-cookie" not in wrong.headers
    assert f'value="{EMAIL}"' in wrong.body
    assert 'role="alert">Wrong e-mail address or password.</p>' in wrong.body
    assert "wrong password" not in wrong.body
    assert wrong.body.replace(EMAIL, "nobody@example.com") == unknown.body


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    "body", ["", "{", "%ff=%ff", "email=ada%40example.com", "&".join(["a=b"] * 50), '{"email": 1}']
)
def test_what_is_no_such_form_signs_nobody_in(body: str) -> None:
    answer = call("POST", "/auth/login/form", body, headers=OURS)

    assert (answer.status, "set-cookie" in answer.headers) == (401, False)


@pytest.mark.parametrize("email", ['"><script>alert(1)</script>', "{{ 7 * 7 }}@example.com"])
def test_what_was_typed_is_text_on_the_page(email: str) -> None:
    answer = sign_in(email=email)

    assert "<script>" not in answer.body
    assert "49@" not in answer.body


@pytest.mark.usefixtures("ada")
def test_the_form_counts_wrong_passwords_together_with_the_api_and_is_throttled_alike(clock: Clock) -> None:
    by_api = [call("POST", "/auth/login", {"email": EMAIL, "password": "wrong password"}).status for _ in range(4)]
    by_form = [sign_in("wrong password").status for _ in range(4)]
    clock.advance(30)

    throttled = sign_in()

    assert by_api + by_form == [401] * 8
    assert (throttled.status, throttled.headers["retry-after"]) == (429, "870")
    assert "Too many wrong passwords; try again later, in 15 minutes." in throttled.body
    assert "set-cookie" not in throttled.headers
    clock.advance(870)
    assert sign_in().status == 303


def test_an_inactive_account_is_not_opened(ada: User, storage: Storage) -> None:
    _set(storage, ada, "is_active", False)

    assert sign_in().status == 401


@pytest.mark.usefixtures("ada")
def test_signing_in_anew_ends_the_former_session_of_the_same_browser() -> None:
    former = cookie(sign_in())

    present = cookie(sign_in(Cookie=former))

    assert (is_signed_in(former), is_signed_in(present)) == (False, True)


def test_signing_in_is_noted_on_the_account(ada: User, storage: Storage, clock: Clock) -> None:
    clock.advance(60)
    sign_in()

    noted = storage.accounts.user(ada.id).last_login
    assert noted
    assert noted.timestamp() == clock.seconds


# Requests from other sites

SENDERS = {
    "a page of ours": ({"Sec-Fetch-Site": "same-origin"}, True),
    "the address bar": ({"Sec-Fetch-Site": "none"}, True),
    "another site": ({"Sec-Fetch-Site": "cross-site"}, False),
    "a sister site": ({"Sec-Fetch-Site": "same-site"}, False),
    "another site, from an origin that may call the API": (
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:8002"},
        False,
    ),
    "a page of ours in an old browser": ({"Origin": "https://coach.example.com"}, True),
    "a page of a configured origin in an old browser": ({"Origin": "http://localhost:8002"}, True),
    "another site in an old browser": ({"Origin": "https://evil.example"}, False),
    "a site that is named alike": ({"Origin": "https://coach.example.com.evil.example"}, False),
    "another port": ({"Origin": "https://coach.example.com:8443"}, False),
    "a sandboxed page": ({"Origin": "null"}, False),
    "a program": ({}, False),
}


def sent_by(case: str) -> dict[str, str | None]:
    return {"Host": "coach.example.com", "Sec-Fetch-Site": None} | SENDERS[case][0]


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("case", SENDERS)
def test_forms_are_taken_from_our_own_pages_only(case: str) -> None:
    fields = urlencode({"email": EMAIL, "password": PASSWORD})

    answer = call("POST", "/auth/login/form", fields, headers=sent_by(case))

    assert answer.status == (303 if SENDERS[case][1] else 403)
    assert ("set-cookie" in answer.headers) == SENDERS[case][1]


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("case", SENDERS)
def test_the_cookie_alone_signs_out_from_our_own_pages_only(case: str) -> None:
    held = cookie(sign_in())

    answer = call("POST", "/auth/logout", headers=sent_by(case) | {"Cookie": held})

    assert answer.status == (204 if SENDERS[case][1] else 403)
    assert is_signed_in(held) != SENDERS[case][1]


@pytest.mark.parametrize(
    "path", ["/auth/login/form", "/auth/logout/form", "/auth/password/forgot/form", "/auth/password/reset/form"]
)
def test_no_form_is_taken_from_another_site(path: str, faults: Faults) -> None:
    answer = call("POST", path, "email=ada%40example.com", headers={"Sec-Fetch-Site": "cross-site"})

    assert (answer.status, faults.calls) == (403, [])
    assert answer.json() == {"detail": "This request does not come from a page of this app"}


# Signing out


def test_a_token_signs_the_browser_of_the_cookie_out_wherever_it_is_sent_from(ada: User) -> None:
    held = cookie(sign_in())

    answer = call("POST", "/auth/logout", user=ada.id, headers={"Cookie": held, "Sec-Fetch-Site": "cross-site"})

    assert (answer.status, answer.body) == (204, "")
    assert answer.headers["set-cookie"] == "pm_coach_session=; Path=/prod; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
    assert not is_signed_in(held)


def test_a_token_without_a_cookie_ends_nothing(ada: User) -> None:
    held = cookie(sign_in())

    answer = call("POST", "/auth/logout", user=ada.id)

    assert (answer.status, "set-cookie" in answer.headers) == (204, False)
    assert is_signed_in(held)


@pytest.mark.parametrize(
    "held",
    [None, "pm_coach_session=", "pm_coach_session=x", "other=1", f"pm_coach_session={Ticket(OTHER, 'x' * 43).text}"],
)
def test_neither_token_nor_session_is_401(held: str | None) -> None:
    answer = call("POST", "/auth/logout", headers=OURS | {"Cookie": held})

    assert (answer.status, answer.json()) == (401, {"detail": "Not authenticated"})
    assert "set-cookie" not in answer.headers


@pytest.mark.usefixtures("ada")
def test_the_page_signs_out_and_leads_to_the_form() -> None:
    held = cookie(sign_in())

    answer = call("POST", "/auth/logout/form", headers=OURS | {"Cookie": held})

    assert (answer.status, answer.headers["location"]) == (303, "/prod/")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert not is_signed_in(held)


# What a session lasts


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("held", ["a=b; {}", "{}; a=b", " {} ", "a=b;{};c", "x={}; {}"])
def test_other_cookies_may_be_beside_it(held: str) -> None:
    assert is_signed_in(held.replace("{}", cookie(sign_in())))


@pytest.mark.usefixtures("ada")
def test_cookies_may_come_in_several_headers() -> None:
    held = cookie(sign_in())
    function, event = http("GET", "/account", headers={"Cookie": held})
    event["multiValueHeaders"]["Cookie"] = ["a=b", held]

    assert EMAIL in invoke(function, event).body


def test_whoever_has_no_such_secret_is_not_signed_in(ada: User) -> None:
    held = cookie(sign_in())

    made_up = [held[:-1] + ("A" if held[-1] != "A" else "B"), held.replace(ada.id, OTHER), held.upper(), held[:-1]]

    assert not any(is_signed_in(each) for each in [*made_up, None, "", f"pm_coach_session={ada.id}."])


@pytest.mark.usefixtures("ada")
def test_the_table_has_no_secret(dynamodb: "DynamoDBClient") -> None:
    secret = cookie(sign_in()).rpartition(".")[2]

    assert secret not in str(dynamodb.scan(TableName="coach")["Items"])


@pytest.mark.usefixtures("ada")
def test_a_session_ends_30_days_after_its_last_use(clock: Clock) -> None:
    held = cookie(sign_in())

    for _ in range(3):
        clock.advance(29 * 86_400)
        assert is_signed_in(held)
    clock.advance(30 * 86_400)

    assert not is_signed_in(held)


@pytest.mark.usefixtures("ada")
def test_a_use_writes_and_sets_the_cookie_anew_once_a_day(clock: Clock, faults: Faults) -> None:
    held = cookie(sign_in())
    clock.advance(86_000)
    faults.next()

    at_once = call("GET", "/account", headers={"Cookie": held})
    calls = [*faults.calls]
    clock.advance(1_000)
    a_day_later = [call("GET", "/account", headers={"Cookie": held}) for _ in range(2)]

    assert calls == ["BatchGetItem"]
    assert ["set-cookie" in answer.headers for answer in [at_once, *a_day_later]] == [False, True, False]
    assert cookie(a_day_later[0]) == held
    assert "Max-Age=2592000" in a_day_later[0].headers["set-cookie"]


def test_the_item_goes_by_itself_when_the_session_has_expired(ada: User, storage: Storage, clock: Clock) -> None:
    ticket = Ticket.read(cookie(sign_in()).partition("=")[2])
    assert ticket

    item = storage.table.get(keys.browser(ada.id, ticket.digest))

    assert item["expires_at"] == int(clock() + 30 * 86_400)


ENDS: dict[str, Callable[[Storage, User], None]] = {
    "its deletion has begun": lambda storage, user: _set(storage, user, "deletion", "token"),
    "it was closed": lambda storage, user: _set(storage, user, "is_active", False),
    "it is gone": lambda storage, user: storage.table.delete(keys.profile(user.id)),
}


@pytest.mark.parametrize("case", ENDS)
def test_no_browser_is_signed_in_to_an_account_when(ada: User, storage: Storage, case: str) -> None:
    held = cookie(sign_in())

    ENDS[case](storage, ada)

    assert not is_signed_in(held)
    assert sign_in().status == 401


# Changing the password


@pytest.mark.usefixtures("ada")
def test_changing_the_password_ends_every_other_browsers_session(ada: User) -> None:
    this, *others = [cookie(sign_in()) for _ in range(4)]

    answer = change(ada, this)

    assert answer.status == 204
    assert [is_signed_in(each) for each in [this, *others]] == [True, False, False, False]


@pytest.mark.parametrize("held", [None, "pm_coach_session=x", "one that has ended", "one of another account"])
def test_changing_it_without_a_session_of_the_account_ends_them_all(
    ada: User, storage: Storage, held: str | None
) -> None:
    storage.accounts.register(a_user("grace@example.com"), passwords.hashed(PASSWORD))
    graces = cookie(sign_in(email="grace@example.com"))
    ended, other = cookie(sign_in()), cookie(sign_in())
    call("POST", "/auth/logout", user=ada.id, headers={"Cookie": ended})

    answer = change(ada, {"one that has ended": ended, "one of another account": graces}.get(str(held), held))

    assert answer.status == 204
    assert [is_signed_in(each) for each in (ended, other, graces)] == [False, False, True]


def test_a_wrong_current_password_ends_no_session(ada: User) -> None:
    held = [cookie(sign_in()) for _ in range(2)]

    assert change(ada, held[0], "wrong password").status == 422
    assert [is_signed_in(each) for each in held] == [True, True]


def owner_of(storage: Storage) -> Credentials:
    found = storage.accounts.credentials(EMAIL)
    assert found
    return found


def test_no_session_survives_that_began_with_the_old_password_while_it_was_changed(schedules: Schedules) -> None:
    storage = schedules.storage
    user, outcomes = a_user(EMAIL), set()
    storage.accounts.register(user, "old")

    for run in schedules:
        began, _ = run.together(
            lambda: storage.browsers.sign_in(owner_of(storage), "digest"),
            lambda: storage.accounts.change_password(owner_of(storage), "new"),
        )

        is_there = storage.browsers.find(user.id, "digest") is not None
        with_new = owner_of(storage).password_hash == "new" and run.trace.index("B TransactWriteItems") < max(
            index for index, step in enumerate(run.trace) if step == "A GetItem"
        )
        assert is_there == (began is True and with_new)
        outcomes.add((began, is_there))
    assert outcomes == {(True, False), (False, False), (True, True)}


def test_of_two_changes_at_once_from_two_browsers_one_is_made_and_its_browser_stays(schedules: Schedules) -> None:
    storage = schedules.storage
    user = a_user(EMAIL)
    storage.accounts.register(user, "old")
    owner = owner_of(storage)
    for digest in ("first", "second"):
        assert storage.browsers.sign_in(owner, digest)

    def changed(after: str) -> None:
        storage.accounts.change_password(owner, after, storage.browsers.kept(user.id, after, "old", after))

    for run in schedules:
        outcomes = run.together(lambda: changed("first"), lambda: changed("second"))

        made = [outcome is None for outcome in outcomes]
        there = [storage.browsers.find(user.id, digest) is not None for digest in ("first", "second")]
        assert sorted(made) == [False, True]
        assert there == made
        assert all(outcome is None or isinstance(outcome, Conflict) for outcome in outcomes)


def test_a_session_that_ends_while_it_is_renewed_does_not_come_back(schedules: Schedules) -> None:
    storage = schedules.storage
    user = a_user(EMAIL)
    storage.accounts.register(user, "hash")
    assert storage.browsers.sign_in(owner_of(storage), "digest")
    schedules.clock.advance(2 * 86_400)

    def use() -> Any:
        browser = storage.browsers.find(user.id, "digest")
        return browser and storage.browsers.renew(browser)

    for run in schedules:
        run.together(use, lambda: storage.browsers.end(user.id, "digest"))

        assert storage.table.get(keys.browser(user.id, "digest")) == {}


def test_signing_in_survives_a_lost_reply(storage: Storage, faults: Faults) -> None:
    user = a_user(EMAIL)
    storage.accounts.register(user, "hash")
    owner = owner_of(storage)
    faults.next(reply_lost_and_sent_again)

    assert storage.browsers.sign_in(owner, "digest")
    assert storage.browsers.find(user.id, "digest")


# Pages


ENTRIES = ["/auth/login", "/auth/register", "/auth/password/forgot", "/auth/password/reset?token=x"]


@pytest.mark.parametrize("path", ENTRIES)
def test_a_page_runs_our_scripts_only_sends_its_forms_to_us_and_is_not_kept(path: str) -> None:
    answer = call("GET", path)

    policy = answer.headers["content-security-policy"].split("; ")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'"} <= set(policy)
    assert {"form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)
    assert not re.search(r"<script(?! src=)|<style|style=|\son\w+=", answer.body)
    assert all(each.startswith("/prod/") for each in re.findall(r'(?:action|src)="([^"]*)"', answer.body))


@pytest.mark.parametrize("path", ENTRIES)
def test_every_field_that_is_shown_has_a_label(path: str) -> None:
    body = call("GET", path).body

    shown = re.findall(r'<input id="(\w+)"', body)
    assert shown == re.findall(r'<label for="(\w+)"', body)
    assert len(shown) + body.count('type="hidden"') == body.count("<input")


def test_a_file_is_kept_for_a_year_under_the_address_that_pages_name() -> None:
    [named] = re.findall(r'href="/prod(/static/\w+/app.css)"', call("GET", "/auth/login").body)
    former = "/static/0123456789ab/app.css"

    style, outdated = (call("GET", path) for path in (named, former))

    assert (style.status, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert style.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (outdated.status, outdated.headers["cache-control"], outdated.body) == (200, "no-cache", style.body)


@pytest.mark.parametrize("name", ["..%2fsite.py", "nothing.css", "app.css%00"])
def test_no_other_file_is_served(name: str) -> None:
    answer = call("GET", f"/static/x/{name}", resource="/static/{version}/{name}")

    assert (answer.status, answer.json()) == (404, {"detail": "There is no such page"})


def _set(storage: Storage, user: User, name: str, value: object) -> None:
    storage.table.update(keys.profile(user.id), f"SET {name} = :value", "attribute_exists(pk)", {":value": value})
