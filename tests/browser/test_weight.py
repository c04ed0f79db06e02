"""How much a browser has to fetch, headers and all."""

from typing import Any

from playwright.sync_api import Browser, Page

from local.stack import LocalStack
from tests.browser.conftest import Visit
from tests.browser.test_journey import WEAK

FIRST, LATER = 150_000, 20_000
"""Bytes of the first page that somebody comes to, and of each one after it."""


class Fetched:
    """What a page fetches over the network: bytes by address. What the cache has counts for nothing."""

    def __init__(self, page: Page) -> None:
        self._addresses: dict[str, str] = {}
        self.bytes: dict[str, int] = {}
        self._page = page
        self._session = page.context.new_cdp_session(page)
        self._session.on("Network.requestWillBeSent", self._asked)
        self._session.on("Network.loadingFinished", self._finished)
        self._session.send("Network.enable")

    def _asked(self, event: dict[str, Any]) -> None:
        self._addresses[event["requestId"]] = event["request"]["url"]

    def _finished(self, event: dict[str, Any]) -> None:
        address = self._addresses.get(event["requestId"], "")
        self.bytes[address] = self.bytes.get(address, 0) + int(event["encodedDataLength"])

    def by(self, path: str) -> int:
        """Go there, and return what that has cost."""
        self.bytes.clear()
        self._page.goto(path)
        self._page.wait_for_load_state("networkidle")
        return sum(self.bytes.values())


def test_pages_are_light(browser: Browser, offline: LocalStack) -> None:
    visit = Visit(browser, offline.url)
    fetched = Fetched(visit.page)

    first = fetched.by("/")
    visit.register()
    visit.answer(WEAK)
    visit.graded()
    places = ("/practice", "/practice/strategy?question=2", visit.page.url, "/history", "/progress", "/account")
    later = {place: fetched.by(place) for place in places}

    assert 50_000 < first <= FIRST
    assert all(0 < each <= LATER for each in later.values()), later
    visit.context.close()


def test_the_page_of_the_api_keeps_its_script(browser: Browser, offline: LocalStack) -> None:
    visit = Visit(browser, offline.url)
    fetched = Fetched(visit.page)

    first = fetched.by("/docs")
    again = fetched.by("/docs")

    assert first > 400_000, "its script is there"
    assert not [address for address, size in fetched.bytes.items() if size and "/static/" in address]
    assert again <= LATER, fetched.bytes
    visit.context.close()
