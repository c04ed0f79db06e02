"""What a candidate does, in a real browser."""

import re

import pytest
from playwright.sync_api import Browser, expect

from coach import questions
from local.stack import LocalStack
from tests.browser.conftest import PASSWORD, Visit
from tests.e2e.conftest import strong_answer
from tests.e2e.test_walk import STRONG

WEAK = (
    "I would build an app with a map that shows free spaces on each level. Weekend visitors would use it most, since "
    "they do not know the garage. I would measure how many people open it each week."
)
REPLY = "Not the sensors: they cost twenty times as much, and tell a driver the space where the level is enough."


def test_from_a_weak_first_try_to_a_better_second_one(visit: Visit) -> None:
    page = visit.page
    expect(page.get_by_role("heading", name="Next for you")).to_be_visible()
    page.get_by_role("link", name="Product design").click()

    visit.answer(WEAK)
    first = visit.graded()
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_text(WEAK)).to_be_visible()
    page.get_by_label("Your answer").fill(STRONG)
    page.keyboard.press("Control+Enter")
    visit.arrived("**/attempts/2")
    second = visit.graded()

    assert second > first
    expect(page.get_by_text(f"{second - first:+.1f} since earlier today")).to_be_visible()
    expect(page.get_by_text("New in this answer")).to_be_visible()
    page.get_by_role("link", name="History").click()
    expect(page.locator(".rows > li")).to_have_count(2)
    page.get_by_role("link", name="Progress").click()
    expect(page.locator(".figures dd").first).to_have_text("2")


def test_feedback_comes_in_place_and_moves_nothing(visit: Visit) -> None:
    visit.answer(STRONG)

    visit.graded()

    assert visit.shifts == []


def test_a_criterion_shows_its_sentences(visit: Visit) -> None:
    visit.answer(strong_answer(1))
    visit.graded()

    visit.page.get_by_role("button", name="Success metrics").click()

    chosen = visit.page.locator(".mark.chosen")
    expect(chosen.filter(has_text="four in five families in a wide bay within five minutes")).to_be_visible()
    assert 0 < chosen.count() < visit.page.locator(".mark").count()


def test_the_interviewer_asks_on(visit: Visit) -> None:
    visit.answer(STRONG)
    visit.graded()

    visit.page.get_by_label("Your reply").fill(REPLY)
    visit.page.get_by_role("button", name="Reply").click()
    visit.arrived("**/attempts/2")

    visit.graded()
    expect(visit.page.get_by_text("What you said first")).to_be_visible()


def test_a_draft_is_there_after_a_reload_and_gone_once_it_is_stored(visit: Visit) -> None:
    page = visit.page
    page.goto("/practice/strategy?question=2")
    page.get_by_label("Your answer").fill(WEAK)
    expect(page.get_by_text("Saved on this device")).to_be_visible()

    page.reload()

    expect(page.get_by_label("Your answer")).to_have_value(WEAK)
    page.get_by_role("button", name="Submit").click()
    visit.arrived("**/attempts/*")
    page.goto("/practice/strategy?question=2")
    expect(page.get_by_label("Your answer")).to_have_value("")


def test_an_answer_survives_a_lost_connection(visit: Visit) -> None:
    page = visit.page
    page.goto("/practice/strategy?question=2")
    page.get_by_label("Your answer").fill(WEAK)
    visit.context.set_offline(True)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("The coach cannot be reached")).to_be_visible()

    visit.context.set_offline(False)
    page.get_by_role("button", name="Submit").click()

    visit.arrived("**/attempts/1")
    assert all(line.startswith("htmx:") for line in visit.wrong), "htmx alone tells the console of it"
    visit.wrong.clear()


def test_an_answer_survives_that_the_session_of_the_browser_has_ended(visit: Visit) -> None:
    page = visit.page
    address = visit.register()
    page.goto("/practice/strategy?question=2")
    page.get_by_label("Your answer").fill(WEAK)
    visit.context.clear_cookies()

    page.get_by_role("button", name="Submit").click()

    page.get_by_label("E-mail").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/practice/strategy?question=2")
    expect(page.get_by_label("Your answer")).to_have_value(WEAK)


def test_a_timer_says_once_that_half_of_the_time_is_over(visit: Visit) -> None:
    page = visit.page
    page.clock.install()
    page.goto("/practice/strategy?question=2&timer=10")
    expect(page.get_by_text("10:00 left")).to_be_visible()

    page.clock.fast_forward("05:05")

    expect(page.get_by_role("status").filter(has_text="Half of the time is over.")).to_be_visible()
    page.clock.fast_forward("05:00")
    expect(page.get_by_text("Time is up")).to_be_visible()


def test_an_exam_shows_nothing_before_its_end(visit: Visit) -> None:
    page = visit.page
    page.goto("/practice")
    page.get_by_label("Exam").check()
    page.get_by_label("Minutes", exact=True).fill("15")
    page.get_by_role("button", name="Start the session").click()
    page.get_by_label("Your answer").fill(STRONG)
    page.get_by_role("button", name="Submit").click()
    visit.arrived("**/attempts/1")
    expect(page.get_by_text("This is an exam")).to_be_visible()
    expect(page.locator(".overall")).to_have_count(0)

    page.get_by_role("link", name="ended it").click()
    page.get_by_role("button", name="End the session").click()

    expect(page.get_by_role("heading", name="What you did")).to_be_visible()
    page.locator(".rows a").first.click()
    visit.graded()


def test_what_is_submitted_twice_is_stored_once(visit: Visit) -> None:
    visit.page.goto("/practice/strategy?question=2")
    visit.page.get_by_label("Your answer").fill(STRONG)
    visit.page.get_by_role("button", name="Submit").dblclick()
    visit.arrived("**/attempts/1")

    visit.page.goto("/history")

    expect(visit.page.locator(".rows > li")).to_have_count(1)


def test_an_answer_full_of_html_is_shown_as_text(visit: Visit) -> None:
    hostile = (
        f"{STRONG}\n<script>alert(1)</script><img src=x onerror=alert(2)> 👩‍👧 {{{{ 7 * 7 }}}} <b>הורים עם ילדים</b>"
    )

    visit.answer(hostile)
    visit.graded()

    shown = visit.page.locator(".answer").first.evaluate(
        "answer => { const copy = answer.cloneNode(true);"
        " copy.querySelectorAll('.mark-number, .mark-note').forEach(each => each.remove()); return copy.textContent; }"
    )
    assert shown == hostile
    assert visit.page.locator(".answer script, .answer img, .answer b").count() == 0


def test_everything_can_be_done_without_javascript(browser: Browser, offline: LocalStack) -> None:
    visit = Visit(browser, offline.url, java_script_enabled=False)
    visit.register()
    visit.answer(STRONG)
    page = visit.page

    expect(page.locator(".overall")).to_be_visible(timeout=30_000)

    page.get_by_role("link", name="Standard session").click()
    page.get_by_role("button", name="End the session").click()
    expect(page.get_by_role("heading", name="What you did")).to_be_visible()
    page.get_by_role("button", name="Light or dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    visit.context.close()


def test_all_of_it_can_be_done_with_the_keyboard(visit: Visit) -> None:
    page = visit.page
    page.goto("/practice/strategy?question=2")
    _tab_to(visit, "textarea")
    page.keyboard.insert_text(STRONG)
    _tab_to(visit, "button[type=submit]:not([data-theme-switch])")
    page.keyboard.press("Enter")
    visit.arrived("**/attempts/*")
    visit.graded()

    _tab_to(visit, "[data-criterion]")
    page.keyboard.press("Space")

    assert page.locator("[data-criterion][aria-pressed=true]").count() == 1


def _tab_to(visit: Visit, selector: str) -> None:
    """Press Tab until what has the focus is that; each stop on the way has to be seen."""
    for _ in range(60):
        visit.page.keyboard.press("Tab")
        focused = visit.page.locator(":focus")
        assert focused.evaluate("each => getComputedStyle(each).outlineStyle") != "none"
        if focused.evaluate("(each, selector) => each.matches(selector)", selector):
            return
    pytest.fail(f"Tab never comes to {selector}")


def test_light_or_dark_is_remembered(visit: Visit) -> None:
    page = visit.page
    page.emulate_media(color_scheme="dark")
    page.goto("/practice")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.get_by_role("button", name="Light or dark").click()
    page.goto("/history")

    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (dark, light) == ("rgb(3, 7, 18)", "rgb(255, 255, 255)")


def test_days_are_those_of_the_browser(browser: Browser, offline: LocalStack) -> None:
    visit = Visit(browser, offline.url, timezone_id="Pacific/Kiritimati")
    visit.register()
    visit.page.goto("/practice")

    names = [each["value"] for each in visit.context.cookies() if each["name"] == "pm_coach_zone"]

    assert [re.sub("%2F", "/", name) for name in names] == ["Pacific/Kiritimati"]
    visit.context.close()


def test_a_sample_answer_can_be_compared_with(visit: Visit) -> None:
    visit.answer(STRONG)
    visit.graded()

    visit.page.get_by_text("Compare with a sample answer").click()

    assert visit.page.locator("details .answer").last.inner_text()[:60] == str(questions.question(1).sample_answer)[:60]
