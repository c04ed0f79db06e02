"""/account: the password, taking one's practice along, bringing it back, deleting it all."""

import csv
import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from argon2 import PasswordHasher

from coach.http import exports
from coach.identity import passwords
from coach.model import Session, User
from coach.storage import Storage, keys
from coach.storage.accounts import Standing
from coach.web import account
from tests.conftest import OTHER, USER
from tests.unit.documents import SITTING, a_document, a_sitting, an_attempt
from tests.unit.events import Answer, call
from tests.unit.given import a_session, a_user, add, attempts_of, owned_by
from tests.unit.web import browsing
from tests.unit.web.browsing import Browser, Page, upload

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.usefixtures("functions")

CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
PASSWORD, AFTER = "correct horse battery staple", "another password"
ADDRESS = f"{USER}@example.com"


@pytest.fixture
def eve(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> User:
    """Somebody with a password."""
    monkeypatch.setattr(passwords, "hasher", lambda: CHEAP)
    monkeypatch.setattr(browsing, "PASSWORD_HASH", passwords.hashed(PASSWORD))
    user = a_user()
    storage.accounts.register(user, browsing.PASSWORD_HASH)
    return user


@pytest.fixture
def hers(storage: Storage, eve: User) -> Browser:
    return Browser(storage, eve.id, eve.email)


def without_address(dynamodb: "DynamoDBClient") -> None:
    """The account of who came with a token of another issuer."""
    key: Any = {name: {"S": value} for name, value in keys.profile(USER).items()}
    dynamodb.update_item(TableName="coach", Key=key, UpdateExpression="REMOVE email")


def alert(answer: Answer) -> str:
    [said] = Page(answer.body).alerts
    return said


# The password


def changed(browser: Browser, current: str = PASSWORD, new: str = AFTER) -> Answer:
    return browser.sent(browser.page("/account"), "/account/password", current_password=current, new_password=new)


def test_a_changed_password_signs_all_other_browsers_out(storage: Storage, eve: User, hers: Browser) -> None:
    other = Browser(storage, eve.id, eve.email)

    answer = changed(hers)

    assert "Your password is changed. All other browsers are signed out." in Page(answer.body).text
    assert (hers.get("/account").status, other.get("/account").status) == (200, 303)


REFUSED = {
    "the wrong one": ("not the password", AFTER, "The current password is not right."),
    "nothing": ("", "", "The current password has at least 8 characters. The new password has at least 8 characters."),
    "too short": (PASSWORD, "short", "The new password has at least 8 characters."),
    "too long": (PASSWORD, "x" * 129, "The new password has at most 128 characters."),
    "a common one": (
        PASSWORD,
        "password123",
        "This is one of the 10,000 commonest passwords, which are tried first; choose another.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_password_that_cannot_be_says_why_and_is_on_no_page(hers: Browser, case: str) -> None:
    current, new, said = REFUSED[case]

    answer = changed(hers, current, new)

    assert (answer.status, alert(answer)) == (422, said)
    assert not (current and current in answer.body)
    assert not (new and new in answer.body)


def test_wrong_passwords_are_counted_as_at_the_door(hers: Browser) -> None:
    for _ in range(8):
        assert changed(hers, "not the password").status == 422

    throttled = changed(hers)

    assert (throttled.status, "retry-after" in throttled.headers) == (429, True)
    assert alert(throttled) == "Too many wrong passwords; try again later."


@pytest.mark.parametrize("body", ["", "{", "%ff=%ff", "&".join(["a=b"] * 50), "current_password=a&current_password=b"])
def test_what_is_no_such_form_changes_nothing(hers: Browser, body: str) -> None:
    assert hers.post("/account/password", body).status == 422
    assert hers.post("/account/delete", body).status == 422
    assert hers.post("/account/import", body).status == 422
    assert changed(hers).status == 200


def test_signing_out_everywhere_ends_this_browser_too(storage: Storage, ada: Browser) -> None:
    other = Browser(storage)

    answer = ada.sent(ada.page("/account"), "/account/browsers/end")

    assert (answer.status, answer.headers["location"]) == (303, "/prod/auth/login")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert (ada.get("/account").status, other.get("/account").status) == (303, 303)


# Taking it along


def test_the_files_are_what_the_api_exports(ada: Browser, storage: Storage, session: Session) -> None:
    add(storage, session)

    for form, suffix in (("json", "json"), ("csv", "csv"), ("markdown", "md")):
        answer = ada.get(f"/account/export/{form}")
        assert answer.headers["content-disposition"] == f'attachment; filename="pm-interview-coach.{suffix}"'
        assert answer.body == call("GET", f"/api/export?format={form}&limit=100", user=USER).body


def test_a_practice_that_is_too_large_comes_in_parts_that_are_all_of_it(
    ada: Browser, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST_BYTES", 1500)
    for _ in range(3):
        session, _ = storage.sessions.create(a_session())
        for _ in range(2):
            add(storage, session)

    page = ada.page("/account/export/csv")
    parts = [link.removeprefix("/prod") for link in page.links if "/account/export/" in link]
    files = [ada.get(part) for part in parts]

    assert len(parts) > 1
    assert f"Here are all {len(parts)}:" in page.text
    names = [each.headers["content-disposition"].partition("filename=")[2] for each in files]
    assert names == [f'"pm-interview-coach-{number}.csv"' for number, _ in enumerate(parts, 1)]
    assert sum(len(list(csv.DictReader(StringIO(each.body.lstrip("\ufeff"))))) for each in files) == 6


def test_no_file_holds_more_answers_than_can_be_brought_back_at_once(
    ada: Browser, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "MOST_ATTEMPTS", 2)
    session, _ = storage.sessions.create(a_session())
    for _ in range(5):
        add(storage, session)

    links = [link.removeprefix("/prod") for link in ada.page("/account/export/json").links if "/export/" in link]

    held = [sum(len(each["attempts"]) for each in ada.get(link).json()["sessions"]) for link in links]
    assert held == [2, 2, 1]


@pytest.mark.parametrize("path", ["yaml", "json?after=x", "json?after=%00&part=1", "csv?part=1&after=2026"])
def test_what_is_no_file_is_not_there(ada: Browser, path: str) -> None:
    assert "That is not here" in ada.page(f"/account/export/{path}", 404).text


@pytest.mark.parametrize("part", ["x", "²", "9" * 5000, "", '"; x="'])
def test_a_part_that_is_no_number_names_no_file(ada: Browser, part: str) -> None:
    answer = ada.get(f"/account/export/json?{browsing.query(part=part)}")

    assert answer.headers["content-disposition"] == 'attachment; filename="pm-interview-coach.json"'


# Bringing it back


def test_an_export_comes_back_into_another_account(ada: Browser, storage: Storage, session: Session) -> None:
    add(storage, session)
    file = ada.get("/account/export/json").body
    other = Browser(storage, OTHER)

    first, second = (upload(other, file, name='my "best".json') for _ in range(2))

    assert "1 answer was new, 0 were there already." in Page(first.body).text
    assert "0 answers were new, 1 was there already." in Page(second.body).text
    [(found, _)] = storage.sessions.newest_first(OTHER, page_size=9)
    assert [each.answer_text for each in attempts_of(storage, found)] == [
        each.answer_text for each in attempts_of(storage, session)
    ]


def test_a_file_is_taken_as_it_is_whatever_its_lines_end_with(ada: Browser, storage: Storage) -> None:
    answer_text = "\r\n--------\r\n\r\nÜber „alles“ 👩‍👧: " + an_attempt()["answer_text"]
    document = a_document(a_sitting(an_attempt(answer_text=answer_text)))

    answer = upload(ada, json.dumps(document, indent=1).replace("\n", "\r\n") + "\r\n")

    assert answer.status == 200, alert(answer)
    assert storage.attempts.get(USER, SITTING, 1).answer_text == answer_text


NO_EXPORT = "Nothing was taken in: this is no JSON file from here. Choose one that “All of it” above has given you."
MISTAKE = "Nothing was taken in. The first mistake of the file is at"
WRONG_FILES: dict[str, tuple[str | bytes, int, str]] = {
    "none": ("", 422, NO_EXPORT),
    "a journal": ("# PM Interview Coach\n\nYour practice.", 422, NO_EXPORT),
    "a picture": (bytes(range(256)), 422, NO_EXPORT),
    "in Latin-1": ('{"format": "pm-interview-coach", "user": "Käthe"}'.encode("latin-1"), 422, NO_EXPORT),
    "half a letter": ('{"format": "\\ud800"}', 422, NO_EXPORT),
    "a list": ("[]", 422, NO_EXPORT),
    "deep": ("[" * 100_000, 422, NO_EXPORT),
    "of another app": ('{"format": "notes", "version": 1}', 422, NO_EXPORT),
    "of a later version": (json.dumps(a_document() | {"version": 2}), 422, NO_EXPORT),
    "with a mistake": (
        json.dumps(a_document(a_sitting(an_attempt(time_spent_sec=-1)))),
        422,
        f"{MISTAKE} sessions → 0 → attempts → 0 → time_spent_sec: Input should be greater than or equal to 0.",
    ),
    "with a contradiction": (
        json.dumps(a_document(a_sitting(an_attempt(question_id=9999)))),
        422,
        f"{MISTAKE} sessions → 0 → attempts → 0 → question_id: There is no question with this id.",
    ),
    "too large": (
        " " * 4_000_001,
        413,
        "Nothing was taken in: the file has more than 4 MB, and none from here has.",
    ),
}


@pytest.mark.parametrize("case", WRONG_FILES)
def test_a_wrong_file_says_why_and_changes_nothing(ada: Browser, storage: Storage, case: str) -> None:
    content, status, said = WRONG_FILES[case]
    before = owned_by(storage, USER)

    answer = upload(ada, content)

    assert (answer.status, alert(answer)) == (status, said)
    assert owned_by(storage, USER) == before


def test_what_a_file_says_is_text_on_the_page(ada: Browser) -> None:
    answer = upload(ada, json.dumps(a_document() | {"<b>{{ 7 * 7 }}</b>": 1}))

    assert "at <b>{{ 7 * 7 }}</b>: " in alert(answer)
    assert "b" not in [tag for tag, _ in Page(answer.body).tags]


# Deleting it


@pytest.mark.parametrize("typed", [ADDRESS, f" {ADDRESS.upper()} "])
def test_the_address_typed_deletes_the_account(ada: Browser, storage: Storage, typed: str) -> None:
    answer = ada.sent(ada.page("/account"), "/account/delete", email=typed)

    assert (answer.status, "Your account is deleted" in answer.body) == (200, True)
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert "/prod/auth/login" in Page(answer.body).links
    assert storage.accounts.standing(USER) is Standing.DELETED
    assert ada.get("/account").status == 303


@pytest.mark.parametrize("typed", ["", f"{OTHER}@example.com", "delete"])
def test_anything_else_deletes_nothing(ada: Browser, storage: Storage, typed: str) -> None:
    answer = ada.sent(ada.page("/account"), "/account/delete", email=typed)

    assert answer.status == 422
    assert alert(answer) == "This is not the address of this account. Nothing was deleted."
    assert storage.accounts.standing(USER) is Standing.LIVING


# Without an e-mail address


@pytest.fixture
def external(ada: Browser, dynamodb: "DynamoDBClient") -> Browser:
    without_address(dynamodb)
    return ada


def test_an_account_without_an_address_has_no_password_to_change(external: Browser) -> None:
    page = external.page("/account")

    assert "You sign in with another account" in page.text
    assert "/prod/account/password" not in page.forms
    answer = external.post("/account/password", {"current_password": PASSWORD, "new_password": AFTER})
    assert (answer.status, "This account has no password" in answer.body) == (409, True)


@pytest.mark.parametrize(
    "path", ["/practice", "/history", "/progress", "/account/export/json", "/account/export/markdown"]
)
def test_an_account_without_an_address_has_every_page(external: Browser, path: str) -> None:
    assert external.get(path).status == 200


def test_an_account_without_an_address_is_deleted_by_the_word_for_it(external: Browser, storage: Storage) -> None:
    page = external.page("/account")
    assert "Type delete to say that you mean it" in page.text

    wrong = external.sent(page, "/account/delete", email="")
    right = external.sent(page, "/account/delete", email="Delete")

    assert alert(wrong) == "This is not the word “delete”. Nothing was deleted."
    assert "Your account is deleted" in right.body
    assert storage.accounts.standing(USER) is Standing.DELETED
