"""A real browser, Debian's chromium, on the running stack. Without one these tests are skipped, but never in CI."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Request,
    expect,
    sync_playwright,
)

from local.stack import LocalStack
from tests.e2e.conftest import anthropic, claude, offline  # noqa: F401 - fixtures

NAMES = ("chromium", "chromium-browser", "google-chrome")
PASSWORD = "a long password"
PATIENCE = 20_000  # ms: a busy machine is no fault of a page
expect.set_options(timeout=PATIENCE)
LAYOUT_SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const moved = entry.sources.map((each) => (each.node?.outerHTML ?? each.node?.textContent ?? "").slice(0, 99));
        if (!entry.hadRecentInput) window.shifts.push(`${entry.value}: ${moved}`);
      }
    }).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not installed():
        assert not os.environ.get("CI"), "CI has to install chromium"
        pytest.skip("no chromium is installed: nothing is tried in a browser")
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


def installed() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


def launched(playwright: Playwright) -> Browser:
    # As root, which CI's container is, chromium starts without its sandbox only.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=installed(), args=arguments)


class Visit:
    """One person's browser. Nothing may be wrong on its console, and nothing of a page may come from elsewhere."""

    def __init__(self, browser: Browser, url: str, **options: object) -> None:
        defaults = {"viewport": {"width": 1200, "height": 800}, "timezone_id": "Europe/Berlin"}
        self.url = url
        self.context: BrowserContext = browser.new_context(base_url=url, **(defaults | options))  # type: ignore[arg-type]
        self.context.set_default_timeout(PATIENCE)
        self.wrong: list[str] = []
        self.scripted = bool(options.get("java_script_enabled", True))
        if self.scripted:
            self.context.add_init_script(LAYOUT_SHIFTS)
        self.page = self.open()

    def open(self) -> Page:
        page = self.context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", self._asked)
        return page

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:")):
            self.wrong.append(request.url)

    def _heard(self, message: ConsoleMessage) -> None:
        # What the server refuses on purpose is on the console as well; what a page does wrong is no such line.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.wrong.append(message.text)

    def register(self) -> str:
        """Make an account by the form, and return its address."""
        address = f"{uuid4()}@example.com"
        self.page.goto("/auth/register")
        self.page.get_by_label("E-mail").fill(address)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Register").click()
        self.page.wait_for_url("**/practice")
        return address

    def answer(self, text: str, question_id: int = 1, category: str = "product_design") -> None:
        """Answer a question, and wait until the page of the answer is there."""
        self.page.goto(f"/practice/{category}?question={question_id}")
        self.page.get_by_label("Your answer").fill(text)
        self.page.get_by_role("button", name="Submit").click()
        self.arrived("**/attempts/*")

    def arrived(self, address: str) -> None:
        """Wait until what was sent has led there. The address comes first, the focus of the heading last."""
        self.page.wait_for_url(address)
        if self.scripted:
            expect(self.page.get_by_role("heading", level=1)).to_be_focused()

    def graded(self) -> float:
        """The overall score, once it is there."""
        return float(self.page.locator(".overall > .number").inner_text())

    @property
    def shifts(self) -> list[str]:
        """By how much the layout has shifted, each time, and what has moved."""
        return list(self.page.evaluate("window.shifts"))


@pytest.fixture
def visit(browser: Browser, offline: LocalStack) -> Iterator[Visit]:  # noqa: F811
    """Somebody who has just registered, on the stack without a key."""
    visit = Visit(browser, offline.url)
    visit.register()
    yield visit
    visit.context.close()
    assert visit.wrong == []


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots go."""
    folder = Path(__file__).parents[2] / ".local" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
