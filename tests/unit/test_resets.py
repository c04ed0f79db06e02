"""Forgotten passwords: asking for a link, the mail with it, and what it is good for."""

import io
import json
import re
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

import boto3
import pytest
from argon2 import PasswordHasher
from botocore.exceptions import ClientError

from coach import aws
from coach.identity import passwords
from coach.identity.tickets import Ticket
from coach.model import User
from coach.storage import Storage, keys
from functions.mail_reset_link import app as mail_reset_link
from local.errors import LocalError
from operations import reset_password
from operations.stacks import Stack, StackError
from tests.conftest import OTHER, USER
from tests.unit.events import Answer, Context, call, http, invoke, load
from tests.unit.faults import Faults, reply_lost_and_sent_again
from tests.unit.given import Clock, a_user
from tests.unit.schedules import Schedules

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from coach.aws import EvaluationQueue

EMAIL, NEW = "ada@example.com", "a new password"
OURS = {"Sec-Fetch-Site": "same-origin"}
HOST = "k3x9d2m7qe.execute-api.us-east-1.amazonaws.com"
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", lambda: CHEAP)


@pytest.fixture(autouse=True)
def clock(functions: None, dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Clock:  # noqa: ARG001
    """What links tell the time by."""
    clock = Clock()
    monkeypatch.setattr(aws, "storage", lambda: Storage(dynamodb, "coach", now=clock))
    return clock


class Mailbox:
    """Stands for SES: what was sent. It refuses as often as the test says."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.refusals = 0

    def send(self, to: str, subject: str, text: str) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ClientError({"Error": {"Code": "MessageRejected", "Message": "not verified"}}, "SendEmail")
        self.sent.append((to, subject, text))

    @property
    def links(self) -> list[str]:
        return [link for _, _, text in self.sent for link in re.findall(r"https?://\S+", text)]

    @property
    def token(self) -> str:
        return self.links[-1].partition("?token=")[2]


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    mailbox = Mailbox()
    monkeypatch.setattr(aws, "mailer", lambda: mailbox)
    return mailbox


@pytest.fixture
def ada(storage: Storage) -> User:
    user = a_user(EMAIL)
    storage.accounts.register(user, passwords.hashed("the old password"))
    return user


def forget(email: Any = EMAIL, **headers: str) -> Answer:
    return call("POST", "/auth/password/forgot", {"email": email}, headers=headers)


def records(dynamodb: "DynamoDBClient") -> list[dict[str, Any]]:
    """What the stream has of the links that were asked for and are not mailed, as the filter of the template lets it
    through."""
    record = load("mail_reset_link")["Records"][0]
    items = [item for item in dynamodb.scan(TableName="coach")["Items"] if "asking" in item]
    assert all(item["sk"] == {"S": "FORGOT"} for item in items)
    return [record | {"dynamodb": record["dynamodb"] | {"NewImage": item}} for item in items]


def deliver(*records: dict[str, Any]) -> None:
    for record in records:
        mail_reset_link.handler({"Records": [record]}, Context())


def link_for(user: User) -> str:
    """The token of a new link."""
    ticket = Ticket.made(user.id)
    assert aws.storage().resets.make(user.id, ticket.digest)
    return ticket.text


def reset(token: Any, password: Any = NEW) -> Answer:
    return call("POST", "/auth/password/reset", {"token": token, "new_password": password})


def opens(storage: Storage, password: str) -> bool:
    found = storage.accounts.credentials(EMAIL)
    return passwords.is_right(password, found.password_hash if found else None)


# Asking


@pytest.mark.usefixtures("ada")
def test_who_asks_hears_the_same_for_the_same_calls_whether_there_is_an_account(faults: Faults) -> None:
    known, calls = forget(), [*faults.calls]
    faults.next()
    unknown = forget("nobody@example.com")

    assert known == unknown
    assert (known.status, known.json()) == (202, {})
    assert calls[-2:] == faults.calls == ["GetItem", "UpdateItem"]


@pytest.mark.parametrize("email", ["", "ada", None, 1, "x" * 250 + "@example.com"])
def test_what_is_no_address_is_refused(email: Any) -> None:
    assert [loc for loc, _ in forget(email).errors()] == [["body", "email"]]


@pytest.mark.usefixtures("ada")
def test_the_link_is_mailed_to_the_account_and_leads_to_where_it_was_asked_for(
    dynamodb: "DynamoDBClient", mailbox: Mailbox
) -> None:
    forget()

    deliver(*records(dynamodb))

    [(to, subject, text)] = mailbox.sent
    assert (to, subject) == (EMAIL, "A new password for PM Interview Coach")
    assert re.search(rf"^https://{HOST}/prod/auth/password/reset\?token=[\w.-]+$", text, re.MULTILINE)
    assert reset(mailbox.token).status == 204


def test_the_mail_goes_to_the_address_that_the_account_has_however_it_is_spelt(
    storage: Storage, dynamodb: "DynamoDBClient", mailbox: Mailbox
) -> None:
    storage.accounts.register(a_user("Zoe\u0308@example.com"), "hash")
    forget("ZO\u00cb@EXAMPLE.com")

    deliver(*records(dynamodb))

    assert [to for to, _, _ in mailbox.sent] == ["Zoe\u0308@example.com"]


def test_nobody_is_mailed_for_an_address_without_an_account(dynamodb: "DynamoDBClient", mailbox: Mailbox) -> None:
    forget("nobody@example.com")

    deliver(*records(dynamodb))

    assert mailbox.sent == []


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("host", ["evil.example", f"{HOST}.evil.example", "localhost.evil.example", "evil.example:443"])
def test_nobody_makes_the_link_lead_elsewhere(host: str, dynamodb: "DynamoDBClient") -> None:
    by_api = forget(Host=host, **{"X-Forwarded-Host": "evil.example"})
    by_form = call("POST", "/auth/password/forgot/form", urlencode({"email": EMAIL}), headers=OURS | {"Host": host})

    assert [by_api.status, by_form.status] == [403, 403]
    assert records(dynamodb) == []


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("host", "domain", "proto", "origin"),
    [
        ("localhost:8002", "k3x9d2m7qe.execute-api.localhost", "http", "http://localhost:8002"),
        ("127.0.0.1:8002", "k3x9d2m7qe.execute-api.localhost", "http", "http://127.0.0.1:8002"),
        ("Coach.example.com", "coach.example.com", "https", "https://Coach.example.com/v1"),
    ],
)
def test_the_link_leads_to_the_address_that_the_asker_knows(
    dynamodb: "DynamoDBClient", mailbox: Mailbox, host: str, domain: str, proto: str, origin: str
) -> None:
    sent = {"Host": host, "X-Forwarded-Proto": proto}
    function, event = http("POST", "/auth/password/forgot", {"email": EMAIL}, headers=sent)
    event["requestContext"] = event["requestContext"] | {"domainName": domain}
    event["path"] = ("/v1" if origin.endswith("/v1") else "") + event["path"]
    assert invoke(function, event).status == 202

    deliver(*records(dynamodb))

    assert mailbox.links[0].startswith(f"{origin}/auth/password/reset?token=")


@pytest.mark.usefixtures("ada")
def test_three_links_an_hour_are_mailed(clock: Clock, dynamodb: "DynamoDBClient", mailbox: Mailbox) -> None:
    def ask(times: int) -> None:
        for spelling in [EMAIL, "ADA@example.com", "Ada@EXAMPLE.com", EMAIL][:times]:
            assert forget(spelling) == forget("nobody@example.com")
            deliver(*records(dynamodb))

    ask(2)
    clock.advance(1_800)
    ask(4)
    within = len(mailbox.sent)
    clock.advance(1_801)
    ask(4)

    assert (within, len(mailbox.sent)) == (3, 5)


@pytest.mark.usefixtures("ada")
def test_the_address_is_forgotten_once_it_is_mailed(clock: Clock, dynamodb: "DynamoDBClient", mailbox: Mailbox) -> None:
    for email in (EMAIL, "nobody@example.com"):
        forget(email)

    deliver(*records(dynamodb))

    items = [item for item in dynamodb.scan(TableName="coach")["Items"] if item["sk"]["S"] == "FORGOT"]
    assert len(mailbox.sent) == 1
    assert [item.keys() for item in items] == [{"pk", "sk", "asked", "expires_at"}] * 2
    assert "example.com" not in json.dumps(items)
    assert {int(item["expires_at"]["N"]) for item in items} == {int(clock() + 3_600) + 1}


@pytest.mark.usefixtures("ada")
def test_a_mail_that_is_not_taken_fails_the_record_and_is_sent_when_it_comes_again(
    dynamodb: "DynamoDBClient", mailbox: Mailbox
) -> None:
    forget()
    [record] = records(dynamodb)
    mailbox.refusals = 1

    with pytest.raises(ClientError, match="MessageRejected"):
        deliver(record)
    deliver(record)

    assert len(mailbox.sent) == 1
    assert reset(mailbox.token).status == 204


@pytest.mark.usefixtures("ada")
def test_a_record_that_comes_twice_mails_once(dynamodb: "DynamoDBClient", mailbox: Mailbox) -> None:
    forget()
    [record] = records(dynamodb)

    deliver(record, record)

    assert len(mailbox.sent) == 1


@pytest.mark.usefixtures("ada")
def test_who_asks_twice_before_the_first_is_mailed_gets_one_mail(dynamodb: "DynamoDBClient", mailbox: Mailbox) -> None:
    forget()
    first = records(dynamodb)
    forget()
    second = records(dynamodb)

    deliver(*first, *second)

    assert len(mailbox.sent) == 1
    assert reset(mailbox.token).status == 204


@pytest.mark.usefixtures("ada")
def test_no_link_is_mailed_that_nobody_waits_for_any_more(
    clock: Clock, dynamodb: "DynamoDBClient", mailbox: Mailbox
) -> None:
    forget()
    late = records(dynamodb)
    clock.advance(1_801)

    deliver(*late)

    assert (mailbox.sent, records(dynamodb)) == ([], [])


@pytest.mark.usefixtures("ada")
def test_without_mails_a_warning_says_so_and_not_for_whom(
    dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAIL_FROM", raising=False)
    aws.mailer.cache_clear()
    log = io.StringIO()
    monkeypatch.setattr(mail_reset_link.logger.handlers[0], "stream", log)
    forget()

    deliver(*records(dynamodb))

    [line] = [json.loads(line) for line in log.getvalue().splitlines() if '"WARNING"' in line]
    assert line["message"] == "No link for a new password is mailed: MailFrom is not set"
    assert EMAIL not in log.getvalue()
    assert records(dynamodb) == []


@pytest.mark.usefixtures("ada")
def test_ses_gets_the_mail(dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.ses.models import ses_backends

    boto3.client("sesv2").create_email_identity(EmailIdentity="coach@example.com")
    monkeypatch.setenv("MAIL_FROM", "coach@example.com")
    aws.mailer.cache_clear()
    forget()

    deliver(*records(dynamodb))

    sent = ses_backends["123456789012"]["us-east-1"].sent_messages[-1]
    aws.mailer.cache_clear()
    assert (sent.source, sent.destinations["ToAddresses"]) == ("coach@example.com", [EMAIL])
    assert "/auth/password/reset?token=" in sent.body


# The link


def test_a_link_sets_a_new_password_once(ada: User, storage: Storage) -> None:
    token = link_for(ada)

    first, again = reset(token), reset(token, "yet another password")

    assert (first.status, first.body) == (204, "")
    assert again.errors() == [(["body", "token"], "bad_token")]
    assert [opens(storage, each) for each in (NEW, "the old password", "yet another password")] == [True, False, False]


def test_a_link_is_good_for_30_minutes(ada: User, clock: Clock) -> None:
    tokens = []
    for seconds in (1_799, 1_801):
        tokens.append(link_for(ada))
        clock.advance(seconds)
        status = reset(tokens[-1]).status
        assert status == (204 if seconds < 1_800 else 422)


def test_a_new_link_ends_the_one_before(ada: User) -> None:
    former, present = link_for(ada), link_for(ada)

    assert (reset(former).status, reset(present).status) == (422, 204)


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    "token", ["", "x", f"{USER}.", f"{USER}.{'x' * 43}", "\u0661" * 80, "x" * 100_000, "{}\n", " {}"]
)
def test_what_was_never_a_link_is_refused_and_tells_nothing(ada: User, token: str) -> None:
    made = link_for(ada)

    answer = reset(token.replace("{}", made))

    assert answer.errors() == [(["body", "token"], "bad_token")]
    assert made not in answer.body


def test_a_link_is_for_its_own_account(ada: User, storage: Storage) -> None:
    grace = a_user("grace@example.com")
    storage.accounts.register(grace, "hash")
    token = link_for(grace)

    assert reset(token.replace(grace.id, ada.id)).status == reset(token.replace(grace.id, OTHER)).status == 422
    assert opens(storage, "the old password")


@pytest.mark.parametrize("password", ["short", "x" * 129, "PASSWORD1", None, 12345678])
def test_a_password_that_is_refused_does_not_use_the_link_up(ada: User, password: Any) -> None:
    token = link_for(ada)

    answer = reset(token, password)

    assert [loc for loc, _ in answer.errors()] == [["body", "new_password"]]
    assert reset(token).status == 204


def test_a_reset_signs_all_browsers_out(ada: User, storage: Storage) -> None:
    owner = storage.accounts.credentials(EMAIL)
    assert owner
    digests = ["first", "second"]
    assert all(aws.storage().browsers.sign_in(owner, digest) for digest in digests)

    reset(link_for(ada))

    assert [aws.storage().browsers.find(ada.id, digest) for digest in digests] == [None, None]


@pytest.mark.parametrize("change", [("deletion", "token"), ("is_active", False), None])
def test_an_account_that_is_gone_has_no_link(ada: User, storage: Storage, change: tuple[str, object] | None) -> None:
    token = link_for(ada)

    if change:
        set_it = f"SET {change[0]} = :value"
        storage.table.update(keys.profile(ada.id), set_it, "attribute_exists(pk)", {":value": change[1]})
    else:
        storage.table.delete(keys.profile(ada.id))

    assert reset(token).status == 422
    assert storage.accounts.owner(EMAIL) is None


def test_no_link_is_made_in_the_partition_of_an_account_that_is_gone(storage: Storage) -> None:
    storage.accounts.delete(OTHER)

    assert not storage.resets.make(OTHER, "digest")

    assert storage.table.get(keys.reset(OTHER)) == {}


def test_of_two_resets_at_once_with_one_link_one_is_made(schedules: Schedules) -> None:
    storage = schedules.storage
    user = a_user(EMAIL)
    storage.accounts.register(user, "old")
    assert storage.resets.make(user.id, "digest")

    def use(after: str) -> bool:
        email = storage.resets.email(user.id, "digest")
        return email is not None and storage.resets.use(user.id, "digest", email, after)

    for run in schedules:
        outcomes = run.together(lambda: use("first"), lambda: use("second"))

        found = storage.accounts.credentials(EMAIL)
        assert found
        assert sorted(outcomes) == [False, True]
        assert outcomes == (found.password_hash == "first", found.password_hash == "second")


def test_of_a_reset_and_a_newer_link_at_once_no_used_link_comes_back(schedules: Schedules) -> None:
    storage = schedules.storage
    user = a_user(EMAIL)
    storage.accounts.register(user, "old")
    assert storage.resets.make(user.id, "first")

    for run in schedules:
        used, _ = run.together(
            lambda: storage.resets.use(user.id, "first", EMAIL, "new"), lambda: storage.resets.make(user.id, "second")
        )

        found = storage.accounts.credentials(EMAIL)
        assert found
        assert (found.password_hash == "new") == used
        assert storage.resets.email(user.id, "first") is None
        assert storage.resets.email(user.id, "second") == EMAIL


def test_a_link_that_gets_too_old_while_the_password_is_hashed_is_not_used(ada: User, clock: Clock) -> None:
    ticket = Ticket.read(link_for(ada))
    assert ticket
    clock.advance(1_801)

    assert not aws.storage().resets.use(ada.id, ticket.digest, EMAIL, "another hash")


def test_who_ask_at_once_are_counted_exactly(schedules: Schedules) -> None:
    storage = schedules.storage

    for run in schedules:
        run.together(lambda: storage.resets.ask(EMAIL, "https://a"), lambda: storage.resets.ask(EMAIL, "https://b"))

        assert len(storage.table.get(keys.forgot(EMAIL))["asked"]) == 2


def test_a_reset_survives_a_lost_reply(ada: User, faults: Faults) -> None:
    ticket = Ticket.read(link_for(ada))
    assert ticket
    faults.next(reply_lost_and_sent_again)

    assert aws.storage().resets.use(ada.id, ticket.digest, EMAIL, "another hash")


def test_asking_survives_a_lost_reply(storage: Storage, faults: Faults) -> None:
    faults.next(None, reply_lost_and_sent_again)

    storage.resets.ask(EMAIL, "https://a")

    assert len(storage.table.get(keys.forgot(EMAIL))["asked"]) == 1


# The pages


def form(path: str, **fields: str) -> Answer:
    return call("POST", path, urlencode(fields), headers=OURS)


@pytest.mark.usefixtures("ada")
def test_a_forgotten_password_from_page_to_page(dynamodb: "DynamoDBClient", mailbox: Mailbox) -> None:
    asked = form("/auth/password/forgot/form", email=EMAIL)
    deliver(*records(dynamodb))
    opened = [call("GET", f"/auth/password/reset?token={mailbox.token}") for _ in range(2)]
    refused = form("/auth/password/reset/form", token=mailbox.token, new_password="PASSWORD1")
    done = form("/auth/password/reset/form", token=mailbox.token, new_password=NEW)
    used = form("/auth/password/reset/form", token=mailbox.token, new_password="yet another password")
    signed_in = form("/auth/login/form", email=EMAIL, password=NEW)

    assert (asked.status, "Look into your mailbox" in asked.body) == (200, True)
    for page in (*opened, refused):
        assert f'name="token" value="{mailbox.token}"' in page.body
        assert page.headers["referrer-policy"] == "no-referrer"
    assert (refused.status, "10,000 commonest" in refused.body, "PASSWORD1" in refused.body) == (422, True, False)
    assert (done.status, done.headers["location"]) == (303, "/prod/auth/login?changed=1")
    assert "Your new password is set" in call("GET", "/auth/login?changed=1").body
    assert (used.status, "does not work any more" in used.body) == (422, True)
    assert signed_in.status == 303


@pytest.mark.usefixtures("ada")
def test_the_page_tells_as_little_as_the_api() -> None:
    known = form("/auth/password/forgot/form", email=EMAIL)
    unknown = form("/auth/password/forgot/form", email="eve@example.com")

    assert known.body.replace(EMAIL, "eve@example.com") == unknown.body


@pytest.mark.parametrize("email", ["", "ada", '"><script>alert(1)</script>'])
def test_the_page_asks_again_for_what_is_no_address(email: str) -> None:
    answer = form("/auth/password/forgot/form", email=email)

    assert (answer.status, "This is no e-mail address." in answer.body) == (422, True)
    assert "<script>" not in answer.body


# The operator's link


def printed(capsys: pytest.CaptureFixture[str], storage: Storage, *arguments: str) -> tuple[int, str, str]:
    stack = Stack(storage, cast("EvaluationQueue", None), {}, "https://coach.example.com/prod")
    code = reset_password.main(arguments, find=lambda _: stack)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("more", "origin"),
    [([], "https://coach.example.com/prod"), (["--url", "https://coach.example.com/"], "https://coach.example.com")],
)
def test_an_operator_gets_a_link_that_works(capsys: pytest.CaptureFixture[str], more: list[str], origin: str) -> None:
    code, out, _ = printed(capsys, aws.storage(), "ADA@example.com", *more)

    assert code == 0
    assert out.startswith(f"{origin}/auth/password/reset?token=")
    assert reset(out.strip().partition("?token=")[2]).status == 204


def test_an_operator_hears_that_nobody_has_an_address(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = printed(capsys, aws.storage(), "nobody@example.com")

    assert (code, out) == (1, "")
    assert err == "make reset-password: nobody has an account with the address nobody@example.com\n"


@pytest.mark.parametrize("error", [StackError("no stack"), LocalError("no stack")])
def test_an_operator_hears_that_there_is_no_stack(capsys: pytest.CaptureFixture[str], error: Exception) -> None:
    def find(_: object) -> Stack:
        raise error

    code = reset_password.main([EMAIL], find=find)

    assert (code, capsys.readouterr().err) == (2, "make reset-password: no stack\n")
