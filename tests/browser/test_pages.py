"""Every page: for everybody to read, on every screen, and safe. The run writes a picture of each."""

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, expect

from local.stack import LocalStack
from tests.browser.conftest import PASSWORD, Visit
from tests.browser.test_journey import WEAK
from tests.e2e.test_walk import STRONG

SCREENS = {"desktop": (1200, 800), "phone": (390, 844)}
THEMES = ("light", "dark")
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}


@pytest.fixture(scope="module")
def practised(browser: Browser, offline: LocalStack) -> Iterator[dict[str, str]]:
    """The pages of somebody who has answered a question twice and runs an exam, by what they are; and the cookies."""
    visit = Visit(browser, offline.url)
    visit.register()
    page = visit.page
    visit.answer(WEAK)
    visit.graded()
    visit.answer(STRONG)
    visit.graded()
    attempt = page.url
    session = attempt.rpartition("/attempts/")[0]
    page.goto("/practice")
    page.get_by_label("Exam").check()
    page.get_by_role("button", name="Start the session").click()
    page.get_by_label("Your answer").fill(STRONG)
    page.get_by_role("button", name="Submit").click()
    visit.arrived("**/attempts/1")
    exam = page.url
    places = {
        "practice": "/practice",
        "question": "/practice/strategy?question=2&timer=10",
        "attempt": attempt,
        "exam": exam,
        "session": session,
        "history": "/history",
        "progress": "/progress",
        "account": "/account",
        "missing": "/practice/nothing",
        "landing": "/",
    }
    state = page.context.storage_state()
    yield {**places, "cookies": state["cookies"]}  # type: ignore[dict-item]
    visit.context.close()


OPEN_PAGES = {
    "landing-open": "/",
    "register": "/auth/register",
    "sign-in": "/auth/login",
    "forgotten": "/auth/password/forgot",
}
NAMES = ("practice", "question", "attempt", "exam", "session", "history", "progress", "account", "missing", "landing")


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", [*NAMES, *OPEN_PAGES])
def test_a_page_can_be_read_by_everybody(
    browser: Browser, offline: LocalStack, practised: dict[str, str], pictures: Path, name: str, theme: str, screen: str
) -> None:
    width, height = SCREENS[screen]
    visit = Visit(browser, offline.url, viewport={"width": width, "height": height}, color_scheme=theme)
    if name in NAMES:
        visit.context.add_cookies(practised["cookies"])  # type: ignore[arg-type]
    visit.page.goto(practised.get(name) or OPEN_PAGES[name])
    visit.page.screenshot(path=pictures / f"{name}-{screen}-{theme}.png", full_page=True)

    found = Axe().run(visit.page, options=RULES)

    assert found.violations_count == 0, found.generate_report()
    assert visit.wrong == []
    visit.context.close()


@pytest.mark.parametrize("name", [*NAMES, *OPEN_PAGES])
def test_no_page_is_wider_than_a_small_phone(
    browser: Browser, offline: LocalStack, practised: dict[str, str], name: str
) -> None:
    visit = Visit(browser, offline.url, viewport={"width": 360, "height": 640})
    if name in NAMES:
        visit.context.add_cookies(practised["cookies"])  # type: ignore[arg-type]

    visit.page.goto(practised.get(name) or OPEN_PAGES[name])

    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 360
    visit.context.close()


def test_nothing_moves_for_who_wants_no_motion(visit: Visit) -> None:
    visit.page.emulate_media(reduced_motion="reduce")
    visit.page.goto("/practice")

    moving = visit.page.evaluate("document.getAnimations().length")

    assert moving == 0


def test_the_page_of_the_api_breaks_no_rule_of_its_policy(visit: Visit) -> None:
    visit.page.goto("/docs")

    expect(visit.page.get_by_text("/api/sessions", exact=True).first).to_be_visible()


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of another site, whose page posts a form to wherever its query says."""
    form = b"""<!doctype html><form method="post"><input name="email"></form><script>
      document.forms[0].action = decodeURIComponent(location.search.slice(1)); document.forms[0].submit();</script>"""

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(form)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("path", ["/practice/answers", "/practice/sessions", "/auth/login/form", "/account/delete"])
def test_a_form_of_another_site_is_refused(
    browser: Browser, offline: LocalStack, practised: dict[str, str], elsewhere: str, path: str
) -> None:
    context = browser.new_context()
    context.add_cookies(practised["cookies"])  # type: ignore[arg-type]
    page = context.new_page()

    with page.expect_response(lambda response: response.url == f"{offline.url}{path}") as answered:
        page.goto(f"{elsewhere}/?{offline.url}{path}")

    assert answered.value.status == 403
    context.close()


def test_the_cookie_is_for_no_script_and_no_page_holds_a_token(visit: Visit) -> None:
    (cookie,) = [each for each in visit.context.cookies() if each["name"] == "pm_coach_session"]

    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    for path in ("/practice", "/account", "/history"):
        visit.page.goto(path)
        assert cookie["value"] not in visit.page.content()
    assert PASSWORD not in str(visit.page.evaluate("JSON.stringify(localStorage)"))


def test_an_answer_that_cannot_be_graded_says_why_and_can_be_asked_for_again(
    browser: Browser, claude: LocalStack
) -> None:
    visit = Visit(browser, claude.url)
    visit.register()

    visit.answer(f"{STRONG} [[stub:refusal,ok]]")

    expect(visit.page.get_by_text("This answer has no grade.", exact=True)).to_be_visible(timeout=60_000)
    visit.page.get_by_role("button", name="Ask for the grade again").click()
    expect(visit.page.locator(".outcome")).to_be_visible()
    visit.context.close()
    assert visit.wrong == []
