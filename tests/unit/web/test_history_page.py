"""/history: all answers by day, newest first."""

import re
from datetime import timedelta

import pytest

from coach.model import Mode, Session
from coach.storage import Storage
from coach.storage.history import Filters
from tests.conftest import OTHER
from tests.unit.faults import Faults
from tests.unit.given import NOW, Clock, a_session, add, an_evaluation
from tests.unit.web.browsing import Browser, Page

pytestmark = pytest.mark.usefixtures("functions")


def listed(page: Page) -> list[str]:
    """The answers on a page, as session and number."""
    return [f"{link.split('/')[4]}.{link.split('/')[6]}" for link in page.links if "/attempts/" in link]


def numbers(page: Page) -> list[int]:
    return [int(each.rpartition(".")[2]) for each in listed(page)]


def headings(html: str) -> list[str]:
    return re.findall(r'id="day-[\d-]+">([^<]+)<', html)


def test_a_newcomer_is_told_what_will_be_here(ada: Browser) -> None:
    page = ada.page("/history")

    assert "Your answers will be here" in page.text
    assert "/prod/practice" in page.links


def test_answers_stand_under_their_days_the_newest_first(storage: Storage, session: Session, clock: Clock) -> None:
    for days in (0, 200, 17, 1):
        clock.advance(days * 86_400)
        add(storage, session)

    answer = Browser(storage).get("/history")

    assert numbers(Page(answer.body)) == [4, 3, 2, 1]
    assert headings(answer.body) == ["Today", "Yesterday", "9 June", "21 November 2026"]


def test_days_are_those_of_the_browser(ada: Browser, storage: Storage, session: Session, clock: Clock) -> None:
    add(storage, session)
    clock.advance(11.5 * 3600)

    found = {}
    for zone in ("", "UTC", "Asia/Tokyo", "Asia%2FTokyo", "Mars/Olympus", "%ff", "localtime", "../etc/passwd", '"><b>'):
        ada.cookies["pm_coach_zone"] = zone
        answer = ada.get("/history")
        found[zone] = headings(answer.body)
        assert "<b>" not in answer.body

    assert found.pop("Asia/Tokyo") == found.pop("Asia%2FTokyo") == ["Yesterday"]
    assert set(map(tuple, found.values())) == {("Today",)}


def test_a_row_says_what_became_of_the_answer(ada: Browser, storage: Storage, session: Session) -> None:
    exam, _ = storage.sessions.create(a_session(mode=Mode.EXAM))
    add(storage, session)
    storage.evaluations.record(add(storage, session)[0], an_evaluation(62))
    storage.evaluations.fail(add(storage, session)[0], "Why")
    storage.evaluations.record(add(storage, exam)[0], an_evaluation(37))

    text = ada.page("/history").text

    for said in ("6.2 offline", "could not be graded", "being graded", "held back until the exam ends"):
        assert text.count(said) == 1, said
    assert "Product design, 2 min" in text
    assert "3.7" not in text


def test_filters_are_links_that_keep_each_other(ada: Browser, storage: Storage, session: Session, clock: Clock) -> None:
    storage.evaluations.record(add(storage, session)[0], an_evaluation())
    add(storage, session, question_id=4)
    clock.advance(8 * 86_400)
    add(storage, session)

    page = ada.page("/history?category=product_design")

    assert numbers(page) == [3, 1]
    assert numbers(ada.page("/history?category=product_design&evaluator=offline")) == [1]
    assert numbers(ada.page("/history?category=product_design&days=7")) == [3]
    assert "/prod/history?category=product_design&days=7" in page.links
    assert "/prod/history" in page.links
    assert "Nothing of this kind." in ada.page("/history?category=strategy").text


BAD_QUERIES = [
    *(
        "category=cooking",
        "category=",
        "evaluator=gate",
        "days=8",
        "days=x",
        "days=²",
        "after=",
        "after=x",
        "after=%00",
    ),
    *(f"days={'9' * 5000}", f"after={'9' * 17}%23x%23000001", "nonsense=1", "category=strategy&category=cooking"),
]


@pytest.mark.parametrize("query", BAD_QUERIES, ids=lambda each: each[:30])
def test_what_an_address_says_wrongly_is_passed_over(
    ada: Browser, storage: Storage, session: Session, query: str
) -> None:
    add(storage, session)

    assert numbers(ada.page(f"/history?{query}")) == [1]


def test_more_than_a_page_goes_on(ada: Browser, storage: Storage, session: Session, clock: Clock) -> None:
    for _ in range(31):
        clock.advance(1)
        add(storage, session)

    page = ada.page("/history?category=product_design")
    [onward] = [link for link in page.links if "after=" in link]

    assert numbers(page) == list(range(31, 1, -1))
    assert numbers(ada.page(onward.removeprefix("/prod"))) == [1]


@pytest.mark.parametrize(("days", "found"), [(-40, []), (2, [1])])
def test_an_address_that_goes_on_from_outside_of_its_days_is_no_error(
    ada: Browser, storage: Storage, session: Session, faults: Faults, days: int, found: list[int]
) -> None:
    """DynamoDB refuses to go on from a key that is outside of the condition."""
    add(storage, session)
    at = int((NOW + timedelta(days=days)).timestamp() * 10**6)
    until = NOW + timedelta(days=1)
    faults.next()

    page = storage.histories.newest_first(
        session.user_id,
        Filters(since=NOW - timedelta(days=7), until=until),
        after=f"{at}#{session.id}#000001",
        limit=30,
    )

    assert [attempt.id for attempt, _ in page.attempts] == found
    if not found:
        assert faults.calls == []
        assert ada.get(f"/history?days=7&after={at}%23{session.id}%23000001").status == 200


def test_what_is_anothers_is_in_no_list(ada: Browser, storage: Storage) -> None:
    add(storage, storage.sessions.create(a_session(OTHER))[0])

    assert numbers(ada.page("/history")) == []


def test_the_page_reads_the_table_a_few_times(ada: Browser, storage: Storage, session: Session, faults: Faults) -> None:
    """The browser's session with its account; the index, the answers, what exams that go on withhold of them."""
    for question in range(1, 8):
        add(storage, session, question_id=question)
    faults.next()

    ada.page("/history")

    assert faults.calls == ["BatchGetItem", "Query", "BatchGetItem", "Query"]
