"""What becomes of an answer, for who reads with the keyboard, a finger, a screen reader or a bad connection."""

from playwright.sync_api import Browser, Page, Route, expect

from local.stack import LocalStack
from tests.browser.conftest import Visit
from tests.browser.test_journey import WEAK
from tests.e2e.client import waiting
from tests.e2e.conftest import strong_answer

NEWS = """
    window.news = [];
    new MutationObserver(() => window.news.push(document.querySelector("[data-told]").textContent))
      .observe(document.querySelector("[data-told]"), { childList: true });
"""


def note_in_view(page: Page) -> str:
    """What the one note says that is shown, all of it inside the window."""
    note = page.locator(".mark-note").filter(visible=True)
    expect(note).to_have_count(1)
    assert note.evaluate("""note => {
      const box = note.getBoundingClientRect();
      return box.left >= 0 && box.top >= 0 && box.right <= document.documentElement.clientWidth
        && box.bottom <= innerHeight;
    }"""), note.bounding_box()
    return note.inner_text()


def test_each_mark_names_its_criteria_within_a_small_phone(browser: Browser, offline: LocalStack) -> None:
    visit = Visit(browser, offline.url, viewport={"width": 360, "height": 640})
    visit.register()
    visit.answer(strong_answer(1))
    visit.graded()
    marks = visit.page.locator(".mark")
    visit.page.mouse.move(0, 0)

    notes = []
    for place in range(marks.count()):
        marks.nth(place).focus()
        notes.append(note_in_view(visit.page))

    assert any("Success metrics" in note for note in notes)
    assert any(", " in note for note in notes), "no two quotes overlap"
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 360
    visit.context.close()


def test_a_mark_at_the_end_of_the_window_has_its_note_above(visit: Visit) -> None:
    page = visit.page
    visit.answer(strong_answer(1))
    visit.graded()
    mark = page.locator(".mark").last
    mark.evaluate("mark => scrollBy(0, mark.getBoundingClientRect().bottom - innerHeight + 4)")

    mark.hover(force=True)

    assert note_in_view(page)


def test_a_first_tap_names_the_criterion_and_a_second_one_goes_there(browser: Browser, offline: LocalStack) -> None:
    visit = Visit(browser, offline.url, viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    visit.register()
    visit.answer(strong_answer(1))
    visit.graded()
    mark = visit.page.locator(".mark").first

    mark.tap()
    assert note_in_view(visit.page)
    assert "#" not in visit.page.url
    mark.tap()

    visit.page.wait_for_url("**/attempts/1#criterion-*")
    visit.context.close()


def test_nothing_moves_below_a_long_answer_either(visit: Visit) -> None:
    page = visit.page
    page.goto("/practice/product_design?question=1")
    page.get_by_label("Your answer").fill("\n\n".join([strong_answer(1)] * 3))
    page.get_by_role("button", name="Submit").click()
    visit.arrived("**/attempts/*")
    page.locator(".steps").scroll_into_view_if_needed()

    visit.graded()

    assert visit.shifts == []


def test_the_keyboard_goes_on_from_the_heading_and_is_not_lost_when_the_grade_comes(visit: Visit) -> None:
    page = visit.page
    visit.answer(WEAK)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page).to_have_title("Your answer · PM Interview Coach")
    page.locator("#go-on").focus()

    visit.graded()

    expect(page.locator("#main")).to_be_focused()


def test_a_screen_reader_hears_each_news_once(visit: Visit) -> None:
    visit.answer(WEAK)
    visit.page.evaluate(NEWS)

    score = visit.graded()

    expect(visit.page.locator("[data-told]")).to_have_text(f"{score}, a beginning, graded offline.")
    news = visit.page.evaluate("window.news")
    assert len(news) <= 2, news
    assert len(set(news)) == len(news)


def test_a_screen_reader_hears_of_a_grade_that_is_there_at_once(visit: Visit) -> None:
    def late(route: Route) -> None:
        stored = route.fetch(max_redirects=0)
        for _ in waiting("its grade"):
            if "answer-waiting" not in visit.context.request.get(stored.headers["location"]).text():
                break
        route.fulfill(response=stored)

    visit.page.route("**/practice/answers", late)
    visit.answer(WEAK)

    assert visit.page.locator(".answer-waiting").count() == 0
    score = visit.graded()
    expect(visit.page.locator("[data-told]")).to_have_text(f"{score}, a beginning, graded offline.")


def test_a_connection_that_is_lost_while_an_answer_is_graded_comes_back(visit: Visit) -> None:
    visit.answer(WEAK)
    visit.context.set_offline(True)
    expect(visit.page.get_by_text("The coach cannot be reached. Trying again.")).to_be_visible()

    visit.context.set_offline(False)

    visit.graded()
    assert all(line.startswith("htmx:") for line in visit.wrong), "htmx alone tells the console of it"
    visit.wrong.clear()


def test_a_sign_in_that_ends_while_an_answer_is_graded_leads_back_to_it(visit: Visit) -> None:
    visit.answer(WEAK)
    here = visit.page.url
    visit.context.clear_cookies()

    visit.page.wait_for_url("**/auth/login?next=*")

    assert visit.page.locator("input[name=next]").get_attribute("value") == here.removeprefix(visit.url)


def test_an_answer_survives_a_server_in_trouble(visit: Visit) -> None:
    page = visit.page

    def trouble(route: Route) -> None:
        route.fulfill(status=500, body="")

    page.route("**/practice/answers", trouble)
    page.goto("/practice/strategy?question=2")
    page.get_by_label("Your answer").fill(WEAK)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Your answer is saved on this device")).to_be_visible()

    page.unroute("**/practice/answers")
    page.get_by_role("button", name="Submit").click()

    visit.arrived("**/attempts/1")
    visit.wrong.clear()


def test_back_leads_to_the_question_and_forward_to_the_answer(visit: Visit) -> None:
    page = visit.page
    visit.answer(WEAK)
    visit.graded()

    page.go_back()
    page.wait_for_url("**/practice/product_design?question=1")
    expect(page.get_by_label("Your answer")).to_be_visible()
    page.go_forward()

    page.wait_for_url("**/attempts/1")
    visit.graded()
