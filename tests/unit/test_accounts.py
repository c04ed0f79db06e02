"""Accounts: registering, signing in, and what becomes of a password."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from coach import aws
from coach.aws import SecretParameter
from coach.identity import passwords
from coach.identity.keys import KeyRing
from coach.storage import Storage
from tests.unit.events import Answer, call, http, invoke
from tests.unit.faults import Faults
from tests.unit.given import Clock, a_user

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

EMAIL = "ada@example.com"
PASSWORD = "correct horse battery staple"
HASHER = passwords.hasher
HOME, ELSEWHERE = "203.0.113.24", "198.51.100.7"

pytestmark = pytest.mark.usefixtures("signing")


@pytest.fixture
def signing(functions: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: ARG001 - before this one
    """The accounts function signs with a key of the ring on moto, which everybody accepts."""
    monkeypatch.setenv("TOKEN_KEYS_PARAMETER", "/coach/token-keys")
    aws.signing_key.cache_clear()
    ring = KeyRing(SecretParameter("/coach/token-keys"))
    key, public_keys = ring.turn_to("1")
    monkeypatch.setenv("TOKEN_SIGNING_KID", key.kid)
    monkeypatch.setenv("TOKEN_PUBLIC_KEYS", json.dumps(public_keys))
    aws.verifier.cache_clear()
    yield
    ring.forget()
    aws.signing_key.cache_clear()
    aws.verifier.cache_clear()


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id with less memory and time than in production."""
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "hasher", lambda: cheap)


def register(email: Any = EMAIL, password: Any = PASSWORD, **more: Any) -> Answer:
    return call("POST", "/auth/register", {"email": email, "password": password, **more})


def login(email: Any = EMAIL, password: Any = PASSWORD) -> Answer:
    return call("POST", "/auth/login", {"email": email, "password": password})


def login_from(source_ip: str, password: str = PASSWORD, email: str = EMAIL, **headers: str) -> Answer:
    function, event = http("POST", "/auth/login", {"email": email, "password": password}, headers=headers)
    event["requestContext"]["identity"]["sourceIp"] = source_ip
    return invoke(function, event)


def change(signed_in: Answer, current: Any = PASSWORD, new: Any = "another password", source_ip: str = HOME) -> Answer:
    bearer = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    sent = {"current_password": current, "new_password": new}
    function, event = http("POST", "/auth/password", sent, headers=bearer)
    event["requestContext"]["identity"]["sourceIp"] = source_ip
    return invoke(function, event)


def me(signed_in: Answer) -> Answer:
    return call("GET", "/auth/me", headers={"Authorization": f"Bearer {signed_in.json()['access_token']}"})


def test_registering_makes_an_account_and_signs_in() -> None:
    answer = register(full_name="Ada Lovelace")

    found = answer.json()
    assert answer.status == 201
    assert found.keys() == {"user", "access_token", "token_type", "expires_in"}
    assert (found["token_type"], found["expires_in"]) == ("bearer", 12 * 3600)
    assert found["user"].keys() == {"id", "email", "full_name", "is_active", "created_at", "last_login"}
    assert str(UUID(found["user"]["id"])) == found["user"]["id"]
    assert (found["user"]["email"], found["user"]["full_name"]) == (EMAIL, "Ada Lovelace")
    assert found["user"]["is_active"] is True
    assert me(answer).json() == found["user"]


def test_a_name_may_be_left_out() -> None:
    answer = register()

    assert (answer.status, answer.json()["user"]["full_name"]) == (201, None)


def test_signing_in_is_for_the_account_that_was_made() -> None:
    made = register()

    answer = login()

    assert answer.status == 200
    assert answer.json()["user"]["id"] == made.json()["user"]["id"]
    assert me(answer).status == 200


def test_signing_in_notes_when() -> None:
    made = register().json()["user"]
    before = datetime.now(UTC)

    answer = login()

    assert datetime.fromisoformat(answer.json()["user"]["last_login"]) >= before
    assert me(answer).json()["last_login"] == answer.json()["user"]["last_login"] != made["last_login"]


def test_an_account_keeps_the_address_as_it_was_written() -> None:
    answer = register("Ada.Lovelace@Example.com")

    assert answer.json()["user"]["email"] == "Ada.Lovelace@example.com"


SPELLINGS = {
    "lower case": ("Ada@Example.COM", "ada@example.com"),
    "capitals": ("ada@example.com", "ADA@EXAMPLE.COM"),
    "space around it": ("ada@example.com", " ada@example.com\t"),
    "a name before it": ("ada@example.com", "Ada Lovelace <ada@example.com>"),
    "punycode": ("ada@bücher.example.com", "ada@xn--bcher-kva.example.com"),
    "wide letters in the domain": ("ada@example.com", "ada@ｅｘａｍｐｌｅ.com"),
    "an ideographic dot in the domain": ("ada@example.com", "ada@example。com"),
    "composed and decomposed": ("ad\u00e9@example.com", "ade\u0301@example.com"),
    "composed and decomposed domain": ("ada@caf\u00e9.example.com", "ada@cafe\u0301.example.com"),
    "capital umlauts": ("ärger@example.com", "ÄRGER@example.com"),
    "Greek capitals": ("άδα@example.com", "ΆΔΑ@example.com"),
    "final sigma": ("ζευς@example.com", "ΖΕΥΣ@example.com"),
    "Greek capitals, decomposed": ("\u0390@example.com", "\u03aa\u0301@example.com"),
}


@pytest.mark.parametrize("case", SPELLINGS)
def test_two_spellings_of_an_address_are_one_account(case: str) -> None:
    first, second = SPELLINGS[case]
    made = register(first)

    again, signed_in = register(second), login(second)

    assert made.status == 201
    assert (again.status, again.json()) == (409, {"detail": "This e-mail address is already registered"})
    assert signed_in.json()["user"] == made.json()["user"] | {"last_login": signed_in.json()["user"]["last_login"]}


@pytest.mark.parametrize("other", ["ada+pm@example.com", "a.da@example.com", "ada@example.org", "ada@mail.example.com"])
def test_another_address_is_another_account(other: str) -> None:
    register()

    answer = register(other)

    assert answer.status == 201


def test_a_taken_address_keeps_its_password() -> None:
    register()

    register(password="another password")

    assert (login().status, login(password="another password").status) == (200, 401)


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "ada@example..com",
        "ada@example.com.",
        ".ada@example.com",
        "adaexample.com",
        "a da@example.com",
        "ada@exa mple.com",
        "ada@[127.0.0.1]",
        "ada\x00@example.com",
        "ada@example.com\nBcc: x@example.com",
        "ada\ud800@example.com",
        f"ada@{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 63}.com",
        1,
        None,
        [],
        {},
        ["ada@example.com"],
        True,
    ],
    ids=lambda value: ascii(value)[:30],
)
@pytest.mark.parametrize("path", ["/auth/register", "/auth/login"])
def test_what_is_no_address_is_refused(path: str, email: Any) -> None:
    answer = call("POST", path, {"email": email, "password": PASSWORD})

    assert answer.errors()[0][0] == ["body", "email"]


def test_the_longest_address_is_taken() -> None:
    longest = f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 57}.com"

    answer = register(longest)

    assert len(longest) == 254
    assert answer.status == 201


@pytest.mark.parametrize(
    "password", ["xy" * 4, "x" * 128, "ü" * 128, "🙂" * 128, " " * 8, "pass\x00word", "пароль-密码-🔑"]
)
def test_a_password_of_8_to_128_characters_opens_the_account_and_no_other_does(password: str) -> None:
    made = register(password=password)

    right, wrong = login(password=password), login(password=password[:-1] + "z")

    assert (made.status, right.status, wrong.status) == (201, 200, 401)


def test_a_password_counts_beyond_72_bytes() -> None:
    register(password="x" * 72 + "the rest")

    answer = login(password="x" * 72 + "any rest")

    assert answer.status == 401


COMPOSITIONS = {
    "composed and decomposed": ("Zürich-café-9", "Zu\u0308rich-cafe\u0301-9"),
    "wide letters": ("Ｐarking９９", "Parking99"),
    "a ligature": ("eﬃcient-99", "efficient-99"),
}


@pytest.mark.parametrize("case", COMPOSITIONS)
def test_the_same_letters_are_the_same_password_however_they_are_composed(case: str) -> None:
    one, other = COMPOSITIONS[case]
    register("ada@example.com", one)
    register("grace@example.com", other)

    signed_in = [login(email, each) for email in ("ada@example.com", "grace@example.com") for each in (one, other)]

    assert [answer.status for answer in signed_in] == [200, 200, 200, 200]


@pytest.mark.parametrize(
    ("password", "status"),
    [("u\u0308" * 7, 422), ("u\u0308" * 8, 201), ("u\u0308" * 128, 201), ("u\u0308" * 129, 422), ("ﬃ" * 43, 422)],
)
def test_the_characters_of_a_password_are_counted_as_they_are_hashed(password: str, status: int) -> None:
    assert register(password=password).status == status


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "12345678",
        "iloveyou",
        "PassWord",
        "TRUSTNO1",
        "ｐａｓｓｗｏｒｄ",
        "jennifer",
        "p@ssw0rd",
        "paſſword",
    ],
)
def test_a_password_that_many_have_is_refused_whatever_its_case(password: str) -> None:
    answer = register(password=password)

    [error] = answer.json()["detail"]
    assert (answer.status, error["loc"], error["type"]) == (422, ["body", "password"], "password_too_common")
    assert error["msg"] == "This is one of the 10,000 commonest passwords, which are tried first; choose another"


@pytest.mark.parametrize("password", ["a long password", " password", "password!?", "aaaabbbb", "dfghjklö"])
def test_nothing_else_is_demanded_of_a_password(password: str) -> None:
    assert register(password=password).status == 201


def test_whoever_has_a_common_password_already_can_sign_in(storage: Storage) -> None:
    storage.accounts.register(a_user(EMAIL), passwords.hashed("password"))

    assert login(password="password").status == 200


@pytest.mark.parametrize("password", ["", "x" * 7, "x" * 129, "pass\ud800word", 12345678, None, ["x" * 8], True])
@pytest.mark.parametrize("path", ["/auth/register", "/auth/login"])
def test_another_password_is_refused(path: str, password: Any) -> None:
    answer = call("POST", path, {"email": EMAIL, "password": password})

    assert [loc for loc, _ in answer.errors()] == [["body", "password"]]
    assert not password or str(password) not in answer.body


@pytest.mark.parametrize(("name", "status"), [("x" * 100, 201), ("🙂" * 100, 201), ("x" * 101, 422), (1, 422)])
def test_a_name_has_at_most_100_characters(name: Any, status: int) -> None:
    answer = register(full_name=name)

    assert answer.status == status


@pytest.mark.parametrize("path", ["/auth/register", "/auth/login"])
@pytest.mark.parametrize("sent", [None, "", {}, {"email": EMAIL}, {"password": PASSWORD}])
def test_address_and_password_are_needed(path: str, sent: Any) -> None:
    answer = call("POST", path, sent)

    assert {kind for _, kind in answer.errors()} == {"missing"}


@pytest.mark.parametrize("path", ["/auth/register", "/auth/login"])
def test_unknown_fields_are_refused(path: str) -> None:
    answer = call("POST", path, {"email": EMAIL, "password": PASSWORD, "is_active": True})

    assert answer.errors() == [(["body", "is_active"], "extra_forbidden")]


# What is told, and what is kept


class Counted(PasswordHasher):
    """Counts what costs time."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.calls: list[str] = []
        self.failures: list[str] = []

    def hash(self, *args: Any, **options: Any) -> str:
        self.calls.append("hash")
        return super().hash(*args, **options)

    def verify(self, *args: Any, **options: Any) -> Any:
        self.calls.append("verify")
        try:
            return super().verify(*args, **options)
        except Exception as error:
            self.failures.append(type(error).__name__)
            raise


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer_for_the_same_work(
    monkeypatch: pytest.MonkeyPatch, faults: Faults
) -> None:
    register()
    wrong_work, unknown_work = Counted(), Counted()

    faults.next()
    monkeypatch.setattr(passwords, "hasher", lambda: wrong_work)
    wrong = login(password="wrong password")
    wrong_calls = faults.calls
    faults.next()
    monkeypatch.setattr(passwords, "hasher", lambda: unknown_work)
    unknown = login("nobody@example.com")

    assert wrong == unknown
    assert (wrong.status, wrong.json()) == (401, {"detail": "Wrong e-mail address or password"})
    assert wrong_work.calls == unknown_work.calls == ["verify"]
    assert wrong_calls == faults.calls == ["GetItem", "GetItem", "UpdateItem"]
    assert wrong_work.failures == unknown_work.failures == ["VerifyMismatchError"]


def test_nobodys_hash_costs_as_much_to_check_as_anybodys(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = PasswordHasher()
    monkeypatch.setattr(passwords, "hasher", lambda: hasher)

    nobodys, somebodys = passwords.nobodys_hash(), hasher.hash(PASSWORD)

    assert nobodys.split("$")[:4] == somebodys.split("$")[:4]
    assert [len(part) for part in nobodys.split("$")] == [len(part) for part in somebodys.split("$")]
    assert not hasher.check_needs_rehash(nobodys)


def test_a_password_is_kept_as_a_memory_hard_hash_and_nowhere_else(
    dynamodb: "DynamoDBClient", storage: Storage
) -> None:
    register()
    again = register("grace@example.com")

    first, second = storage.accounts.credentials(EMAIL), storage.accounts.credentials("grace@example.com")

    assert again.status == 201
    assert first
    assert second
    assert first.password_hash.startswith("$argon2id$")
    assert first.password_hash != second.password_hash
    assert PASSWORD not in json.dumps(dynamodb.scan(TableName="coach")["Items"])


def test_the_hasher_takes_64_mib_and_three_passes() -> None:
    assert (HASHER().memory_cost, HASHER().time_cost) == (64 * 1024, 3)


def test_an_inactive_account_cannot_be_opened(dynamodb: "DynamoDBClient") -> None:
    made = register().json()["user"]
    dynamodb.update_item(
        TableName="coach",
        Key={"pk": {"S": f"USER#{made['id']}"}, "sk": {"S": "PROFILE"}},
        UpdateExpression="SET is_active = :no",
        ExpressionAttributeValues={":no": {"BOOL": False}},
    )

    answer = login()

    assert (answer.status, answer.json()) == (401, {"detail": "Wrong e-mail address or password"})


def test_an_account_that_is_gone_has_no_token_that_holds(dynamodb: "DynamoDBClient") -> None:
    made = register()
    key = {"pk": {"S": f"USER#{made.json()['user']['id']}"}, "sk": {"S": "PROFILE"}}
    dynamodb.delete_item(TableName="coach", Key=key)

    answer = me(made)

    assert (answer.status, answer.json()) == (401, {"detail": "Not authenticated"})
    assert login().status == 401


def test_signing_out_clears_no_cookie_that_nobody_has_set() -> None:
    signed_in = register().json()

    answer = call("POST", "/auth/logout", headers={"Authorization": f"Bearer {signed_in['access_token']}"})

    assert (answer.status, answer.body) == (204, "")
    assert "set-cookie" not in answer.headers


STORE_FAILURES: dict[str, Exception] = {
    "refuses connections": EndpointConnectionError(endpoint_url="http://ssm"),
    "is silent": ReadTimeoutError(endpoint_url="http://ssm"),
    "is busy": ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "GetParameter"),
}


@pytest.mark.parametrize("case", STORE_FAILURES)
def test_while_the_store_of_keys_does_not_answer_a_login_is_503_and_afterwards_it_is_taken(
    monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    register()
    aws.signing_key.cache_clear()

    def fail(*_: Any, **__: Any) -> None:
        raise STORE_FAILURES[case]

    with monkeypatch.context() as patch:
        patch.setattr("botocore.client.BaseClient._make_api_call", only_of("ssm", fail))
        answer = login()

    assert answer.status == 503
    assert answer.json()["detail"].startswith("The store of keys")
    assert login().status == 200


def only_of(service: str, fail: Callable[..., None]) -> Callable[..., Any]:
    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(client: Any, operation: str, arguments: Any) -> Any:
        of_the_service = client.meta.service_model.service_name == service
        return (fail if of_the_service else original)(client, operation, arguments)

    return call


def test_where_the_account_is_comes_with_it() -> None:
    answer = register()

    assert answer.headers["location"].endswith("/auth/me")


# How many passwords may be tried

WRONG, TOO_MANY = 401, 429


@pytest.fixture
def clock(functions: None, dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Clock:  # noqa: ARG001
    """What the limit tells the time by."""
    clock = Clock()
    storage = Storage(dynamodb, "coach", now=clock)
    monkeypatch.setattr(aws, "storage", lambda: storage)
    return clock


def wrong_logins(times: int, source_ip: str = HOME, email: str = EMAIL) -> list[int]:
    return [login_from(source_ip, f"wrong password {n}", email).status for n in range(times)]


@pytest.mark.usefixtures("clock")
def test_the_eighth_wrong_password_is_told_and_then_no_login_is_tried_not_even_the_right_one() -> None:
    register()

    statuses = wrong_logins(10)
    right = login_from(HOME)

    assert statuses == [WRONG] * 8 + [TOO_MANY] * 2
    assert (right.status, right.json()) == (TOO_MANY, {"detail": "Too many wrong passwords; try again later"})
    assert right.headers["retry-after"] == "900"


def test_logins_are_taken_again_15_minutes_after_the_eighth_however_often_it_was_tried_meanwhile(clock: Clock) -> None:
    register()
    wrong_logins(8)

    clock.advance(899.5)
    meanwhile = login_from(HOME, "wrong password")
    clock.advance(0.5)
    after = login_from(HOME)

    assert (meanwhile.status, meanwhile.headers["retry-after"]) == (TOO_MANY, "1")
    assert after.status == 200


def test_the_15_minutes_count_from_the_eighth_and_not_from_the_first(clock: Clock) -> None:
    register()
    for _ in range(7):
        assert login_from(HOME, "wrong password").status == WRONG
        clock.advance(120)

    eighth = login_from(HOME, "wrong password")
    clock.advance(899)

    assert (eighth.status, login_from(HOME).status) == (WRONG, TOO_MANY)


def test_a_closed_way_in_opens_with_eight_tries(clock: Clock) -> None:
    wrong_logins(9)
    clock.advance(900)

    assert wrong_logins(9) == [WRONG] * 8 + [TOO_MANY]


def test_wrong_passwords_of_more_than_15_minutes_ago_do_not_count(clock: Clock) -> None:
    wrong_logins(3)
    clock.advance(600)
    wrong_logins(4)
    clock.advance(300)

    assert wrong_logins(5) == [WRONG] * 4 + [TOO_MANY]


@pytest.mark.usefixtures("clock")
def test_a_right_password_in_between_is_not_counted_and_resets_nothing() -> None:
    register()

    before, right, after = wrong_logins(7), [login_from(HOME).status for _ in range(9)], wrong_logins(2)

    assert (before, right, after) == ([WRONG] * 7, [200] * 9, [WRONG, TOO_MANY])


@pytest.mark.usefixtures("clock")
def test_nobody_else_is_slowed() -> None:
    register()
    register("grace@example.com")

    wrong_logins(8)

    assert login_from(ELSEWHERE).status == 200
    assert login_from(HOME, email="grace@example.com").status == 200


@pytest.mark.usefixtures("clock")
def test_an_address_without_an_account_gets_the_same_answers() -> None:
    register()

    known = [login_from(HOME, "wrong password") for _ in range(10)]
    unknown = [login_from(HOME, "wrong password", "nobody@example.com") for _ in range(10)]

    assert unknown == known


@pytest.mark.usefixtures("clock")
def test_all_spellings_of_an_address_are_counted_together() -> None:
    statuses = wrong_logins(4) + wrong_logins(4, email="ADA@Example.com") + wrong_logins(1, email=f" {EMAIL}")

    assert statuses == [WRONG] * 8 + [TOO_MANY]


@pytest.mark.usefixtures("clock")
def test_no_header_makes_a_caller_look_like_another() -> None:
    wrong_logins(8)
    headers = {"X-Forwarded-For": ELSEWHERE, "Forwarded": f"for={ELSEWHERE}", "X-Real-IP": ELSEWHERE}

    answer = login_from(HOME, **headers)

    assert answer.status == TOO_MANY


@pytest.mark.usefixtures("clock")
def test_a_64_bit_network_of_ipv6_is_one_address() -> None:
    wrong_logins(4, "2001:db8:0:1::1")
    wrong_logins(4, "2001:db8:0:1:ffff:ffff:ffff:ffff")

    assert wrong_logins(1, "2001:0db8:0000:0001::2") == [TOO_MANY]
    assert wrong_logins(1, "2001:db8:0:2::1") == [WRONG]


@pytest.mark.usefixtures("clock")
def test_a_throttled_login_takes_no_longer_for_the_right_password(monkeypatch: pytest.MonkeyPatch) -> None:
    register()
    wrong_logins(8)
    work = Counted()
    monkeypatch.setattr(passwords, "hasher", lambda: work)

    answers = [login_from(HOME), login_from(HOME, "wrong password")]

    assert answers[0] == answers[1]
    assert work.calls == []


def test_what_counts_wrong_passwords_says_nothing_of_whose_they_are_and_expires(
    clock: Clock, dynamodb: "DynamoDBClient"
) -> None:
    wrong_logins(1)

    [item] = [each for each in dynamodb.scan(TableName="coach")["Items"] if each["sk"] == {"S": "LOGIN"}]

    assert EMAIL not in json.dumps(item)
    assert HOME not in json.dumps(item)
    assert 900 <= int(item["expires_at"]["N"]) - clock() <= 902


# Changing the password


def test_after_a_change_the_new_password_opens_the_account_and_the_old_one_does_not() -> None:
    signed_in = register()

    answer = change(signed_in)

    assert (answer.status, answer.body) == (204, "")
    assert [login(password=each).status for each in ("another password", PASSWORD)] == [200, 401]
    assert me(signed_in).status == 200


def test_a_change_is_of_the_callers_own_password() -> None:
    register()
    grace = register("grace@example.com", "a password of hers")

    answer = change(grace, "a password of hers")

    assert answer.status == 204
    assert (login().status, login("grace@example.com", "another password").status) == (200, 200)


def test_a_wrong_current_password_changes_nothing() -> None:
    answer = change(register(), "wrong password")

    assert answer.errors() == [(["body", "current_password"], "wrong_password")]
    assert login().status == 200


@pytest.mark.parametrize("new", ["short", "x" * 129, "PASSWORD1", "pass\ud800word", None, 12345678])
def test_a_new_password_is_one_that_could_be_registered(new: Any) -> None:
    answer = change(register(), new=new)

    assert [loc for loc, _ in answer.errors()] == [["body", "new_password"]]
    assert login().status == 200


def test_nobody_changes_a_password_without_a_token() -> None:
    answer = call("POST", "/auth/password", {"current_password": PASSWORD, "new_password": "x"})

    assert answer.status == 401


@pytest.mark.usefixtures("clock")
def test_a_wrong_current_password_counts_as_one_at_a_login_and_is_throttled_alike() -> None:
    signed_in = register()

    statuses = [change(signed_in, "wrong password").status for _ in range(5)] + wrong_logins(3)
    throttled = change(signed_in)

    assert statuses == [422] * 5 + [WRONG] * 3
    assert (throttled.status, throttled.headers["retry-after"]) == (TOO_MANY, "900")
    assert login_from(HOME).status == TOO_MANY
    assert change(signed_in, source_ip=ELSEWHERE).status == 204


@pytest.mark.usefixtures("clock")
def test_a_new_password_that_is_refused_counts_for_nothing() -> None:
    signed_in = register()

    refused = {change(signed_in, "wrong password", "password").status for _ in range(9)}

    assert (refused, login_from(HOME).status) == ({422}, 200)


def test_the_password_of_an_account_that_is_gone_cannot_be_changed(dynamodb: "DynamoDBClient") -> None:
    signed_in = register()
    key = {"pk": {"S": f"USER#{signed_in.json()['user']['id']}"}, "sk": {"S": "PROFILE"}}
    dynamodb.delete_item(TableName="coach", Key=key)

    answer = change(signed_in)

    assert (answer.status, answer.json()) == (401, {"detail": "Not authenticated"})
