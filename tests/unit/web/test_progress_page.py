"""/progress: figures and pictures of somebody's practice."""

from dataclasses import replace

import pytest

from coach.model import Category, Evaluator, Mode, Session
from coach.storage import Storage
from tests.conftest import OTHER
from tests.unit.faults import Faults
from tests.unit.given import Clock, a_session, add, an_evaluation
from tests.unit.web.browsing import Browser

pytestmark = pytest.mark.usefixtures("functions")


def titles(html: str) -> list[str]:
    """What the pictures say when somebody points at them."""
    return [part.partition("</title>")[0] for part in html.split("<title>")[2:]]


def test_a_newcomer_is_told_what_will_be_here(ada: Browser) -> None:
    page = ada.page("/progress")

    assert "After your first answer this page shows your scores" in page.text
    assert not [tag for tag, attributes in page.tags if attributes.get("class") == "chart"]


def test_answers_without_a_score_have_figures_and_no_average(ada: Browser, storage: Storage, session: Session) -> None:
    add(storage, session)

    text = ada.page("/progress").text

    assert "Answers 1 Average – Days practised of the last 30 1 Days in a row 1" in text
    assert "No score in the last 90 days yet." in text


def test_the_figures_name_their_grader_and_the_weakest_category_is_a_link(
    ada: Browser, storage: Storage, session: Session
) -> None:
    storage.evaluations.record(add(storage, session)[0], an_evaluation(62))
    storage.evaluations.record(add(storage, session, question_id=4)[0], an_evaluation(41))

    page = ada.page("/progress")

    assert "Average, offline 5.2" in page.text or "Average, offline 5.1" in page.text
    assert "Your weakest category is Analytical." in page.text
    assert {"/prod/practice/analytical", "/prod/progress?category=strategy"} <= set(page.links)
    assert "Analytical, by criterion" in page.text
    assert "Product design, by criterion" in ada.page("/progress?category=product_design").text


def test_what_another_grader_said_is_left_out_and_one_link_away(
    ada: Browser, storage: Storage, session: Session, clock: Clock
) -> None:
    by_claude = replace(an_evaluation(81), evaluator=Evaluator.CLAUDE, model="claude-haiku-5-5")
    storage.evaluations.record(add(storage, session)[0], by_claude)
    clock.advance(60)
    storage.evaluations.record(add(storage, session)[0], an_evaluation(41))

    page = ada.page("/progress")
    [other] = [link for link in page.links if "evaluator=" in link]

    assert "Average, offline 4.1" in page.text
    assert "1 answer of another grader is left out" in page.text
    assert "Average, by Claude 8.1" in ada.page(other.removeprefix("/prod")).text


def test_the_trend_marks_where_the_yardstick_moved_and_has_a_table(
    ada: Browser, storage: Storage, session: Session, clock: Clock
) -> None:
    for model in ("offline-1", "offline-1", "offline-2"):
        storage.evaluations.record(add(storage, session)[0], replace(an_evaluation(62), model=model))
        clock.advance(86_400)

    page = ada.page("/progress")

    assert len([tag for tag, attributes in page.tags if attributes.get("class") == "moved"]) == 1
    assert "yesterday 1 6.2 offline-2, rubric 1" in page.text


@pytest.mark.parametrize(
    ("zone", "said"), [("UTC", "today: 1 answer"), ("Asia%2FTokyo", "yesterday: 1 answer"), ("Mars", "today: 1 answer")]
)
def test_days_are_those_of_the_browser(
    ada: Browser, storage: Storage, session: Session, clock: Clock, zone: str, said: str
) -> None:
    add(storage, session)
    clock.advance(11.5 * 3600)
    ada.cookies["pm_coach_zone"] = zone

    answer = ada.get("/progress")

    assert titles(answer.body) == [said]


@pytest.mark.parametrize(
    "query", ["category=cooking", "category=", "evaluator=gate", "evaluator=", "category=%00", "x=1", "days=x"]
)
def test_what_an_address_says_wrongly_is_passed_over(
    ada: Browser, storage: Storage, session: Session, query: str
) -> None:
    storage.evaluations.record(add(storage, session)[0], an_evaluation(62))

    assert ada.get(f"/progress?{query}").body == ada.get("/progress").body


@pytest.mark.parametrize("category", Category)
def test_every_category_has_a_page_of_its_criteria(
    ada: Browser, storage: Storage, session: Session, category: Category
) -> None:
    add(storage, session)

    assert f"{category.label}, by criterion" in ada.page(f"/progress?category={category}").text


def test_an_exam_that_goes_on_and_what_is_anothers_are_in_no_score(ada: Browser, storage: Storage) -> None:
    exam, _ = storage.sessions.create(a_session(mode=Mode.EXAM))
    storage.evaluations.record(add(storage, exam)[0], an_evaluation(37))
    storage.evaluations.record(add(storage, storage.sessions.create(a_session(OTHER))[0])[0], an_evaluation(37))

    text = ada.page("/progress").text

    assert "Answers 1 Average –" in text
    assert "3.7" not in text


def test_the_page_reads_the_table_twice(ada: Browser, storage: Storage, session: Session, faults: Faults) -> None:
    """The browser's session with its account, and the history."""
    add(storage, session)
    faults.next()

    ada.page("/progress")

    assert faults.calls == ["BatchGetItem", "Query"]
