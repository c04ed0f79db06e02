"""Write the pictures of the README, of what `make run` serves, into docs/pictures:

    PYTHONPATH=layers/coach:. .venv/dev/bin/python -m tests.browser.pictures http://localhost:8002

They show somebody who has practised for three months, whose answers are parts of strong ones.
"""

import base64
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from coach import questions
from coach.model import Category
from tests.browser.conftest import PASSWORD, Visit, launched
from tests.e2e.client import Coach
from tests.e2e.conftest import strong_answer
from tests.evals import golden

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
PRACTISED = (
    (81, 0.3), (79, 0.35), (72, 0.3), (70, 0.5), (64, 0.4), (63, 0.45), (55, 0.5), (48, 0.45), (47, 0.6), (40, 0.55),
    (33, 0.6), (31, 0.8), (24, 0.7), (17, 0.75), (16, 0.9), (9, 0.8), (6, 0.9), (3, 0.85), (2, 1.0), (1, 0.95),
)  # fmt: skip
"""How many days ago an answer was given, and how much of a strong answer it had."""


def main(url: str) -> None:
    earlier = practice(url)
    with sync_playwright() as playwright, visited(launched(playwright), url) as visit:
        page = visit.page
        token = Coach(url).post("/auth/login", {"email": visit.register(), "password": PASSWORD}).json()["access_token"]
        brought = Coach(url, token).post("/api/import", earlier)
        assert brought.status_code == 200, brought.text
        page.goto("/practice")
        take(page, "practice")
        page.goto("/progress")
        take(page, "progress")
        visit.answer(strong_answer(1))
        visit.graded()
        page.mouse.move(0, 0)
        page.locator(".overall").evaluate("overall => scrollBy(0, overall.getBoundingClientRect().top - 220)")
        take(page, "feedback")


def practice(url: str) -> dict[str, Any]:
    """An export of the answers, each of its own day."""
    coach = Coach.registered(url)
    built = {each.question_id for each in golden.load() if each.split is golden.Split.BUILD}
    asked = {category: [each for each in questions.questions(category) if each.id in built] for category in Category}
    days = {}
    for place, (ago, part) in enumerate(PRACTISED):
        of_category = asked[list(Category)[place % len(Category)]]
        question = of_category[place // len(Category)]
        text = strong_answer(question.id)
        session = coach.session()
        assert coach.answer(session, text[: int(len(text) * part)], question.id).status_code == 201
        days[session] = ago
    for session in days:
        coach.settled(session)
    export: dict[str, Any] = coach.get("/api/export", limit=100).json()
    export["sessions"] = [moved(each, days[each["id"]]) for each in export["sessions"]]
    return export


def moved(part: Any, days: int, name: str = "") -> Any:
    """The same, as many days earlier."""
    if isinstance(part, dict):
        return {key: moved(value, days, key) for key, value in part.items()} | (
            {"ended_at": None} if "ended_at" in part else {}
        )
    if isinstance(part, list):
        return [moved(each, days) for each in part]
    if part and name.endswith("_at"):
        return (datetime.fromisoformat(part) - timedelta(days=days)).isoformat().replace("+00:00", "Z")
    return part


@contextmanager
def visited(browser: Browser, url: str) -> Iterator[Visit]:
    visit = Visit(browser, url, viewport={"width": 900, "height": 640}, color_scheme="light", timezone_id="UTC")
    yield visit
    browser.close()


def take(page: Page, name: str) -> None:
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(500)  # smooth scrolling has ended by then
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": 65})
    (FOLDER / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))


if __name__ == "__main__":
    main(sys.argv[1])
