"""Passwords and browsers on the running stack: cookies and forms pass the gateway, mails come, and what is sent at once
counts once."""

import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast
from uuid import uuid4

import pytest
import requests

from local.stack import LocalStack
from tests.e2e.client import Coach, waiting

OLD, NEW = "a long password", "another long password"


class Candidate:
    """Somebody with an account, and as many browsers as the test wants."""

    def __init__(self, stack: LocalStack) -> None:
        self.email = f"{uuid4()}@example.com"
        self._stack = stack
        made = Coach(stack.url).post("/auth/register", {"email": self.email, "password": OLD})
        self.coach = Coach(stack.url, made.json()["access_token"])

    def browser(self, password: str = OLD) -> requests.Session:
        """A browser that has sent the form of the sign-in page."""
        browser = requests.Session()
        browser.headers["Sec-Fetch-Site"] = "same-origin"
        form = {"email": self.email, "password": password, "next": "/health"}
        browser.post(f"{self._stack.url}/auth/login/form", data=form, timeout=60)
        return browser

    def is_signed_in(self, browser: requests.Session) -> bool:
        return self.email in browser.get(f"{self._stack.url}/account", timeout=60).text

    def mailed(self, number: int = 1) -> str:
        """The link of the n-th mail that was sent to the candidate, once it is there."""
        mail = rf"\[mail\] to {re.escape(self.email)}\n(?:.*\n)*?(http\S+)\n"
        for _ in waiting(f"mail {number} to {self.email}"):
            if len(links := re.findall(mail, self._stack.log.read_text())) >= number:
                return str(links[number - 1])
        raise AssertionError  # `waiting` has raised


@pytest.fixture
def ada(offline: LocalStack) -> Candidate:
    return Candidate(offline)


def at_once(*calls: Callable[[], int]) -> list[int]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(call) for call in calls]]


def test_a_browser_signs_in_by_the_form_and_out(ada: Candidate, offline: LocalStack) -> None:
    browser = ada.browser()
    [cookie] = cast("Any", browser.cookies)
    assert (cookie.name, cookie.path, cookie.secure) == ("pm_coach_session", "/", False)
    assert ada.is_signed_in(browser)

    by_cookie = browser.get(f"{offline.url}/auth/me", timeout=60)
    from_elsewhere = browser.post(f"{offline.url}/auth/logout", headers={"Sec-Fetch-Site": "cross-site"}, timeout=60)
    signed_out = browser.post(f"{offline.url}/auth/logout", timeout=60)

    assert (by_cookie.status_code, from_elsewhere.status_code, signed_out.status_code) == (401, 403, 204)
    assert not browser.cookies
    browser.cookies.set_cookie(cookie)
    assert not ada.is_signed_in(browser)


def test_a_forgotten_password_is_replaced_by_the_mailed_link_once(ada: Candidate, offline: LocalStack) -> None:
    browser = ada.browser()
    unknown = ada.coach.post("/auth/password/forgot", {"email": f"{uuid4()}@example.com"})
    asked = ada.coach.post("/auth/password/forgot", {"email": ada.email.upper()})
    assert (asked.status_code, asked.json()) == (unknown.status_code, unknown.json()) == (202, {})
    link = ada.mailed()
    assert link.startswith(f"{offline.url}/auth/password/reset?token=")
    token = link.partition("=")[2]
    assert token in requests.get(link, timeout=60).text

    def use(password: str) -> int:
        sent = {"token": token, "new_password": password}
        return Coach(offline.url).post("/auth/password/reset", sent).status_code

    statuses = at_once(*(lambda n=n: use(f"{NEW} {n}") for n in range(4)))

    assert Counter(statuses) == {204: 1, 422: 3}
    assert not ada.is_signed_in(browser)
    assert ada.is_signed_in(ada.browser(f"{NEW} {statuses.index(204)}"))
    assert not ada.is_signed_in(ada.browser())


def test_of_many_who_ask_at_once_three_are_mailed_and_the_newest_link_counts(ada: Candidate) -> None:
    def ask() -> int:
        return ada.coach.post("/auth/password/forgot", {"email": ada.email}).status_code

    assert at_once(*[ask] * 8) == [202] * 8

    tokens = [ada.mailed().partition("=")[2]]
    for _ in waiting("a link that works"):
        reset = {"token": tokens[-1], "new_password": NEW}
        if ada.coach.post("/auth/password/reset", reset).status_code == 204:
            break
        tokens.append(ada.mailed(len(tokens) + 1).partition("=")[2])
    assert len(tokens) <= 3


def test_no_browser_stays_that_signed_in_with_the_old_password_while_it_was_changed(ada: Candidate) -> None:
    browsers: list[requests.Session] = []
    this = ada.browser()

    def sign_in() -> int:
        browsers.append(ada.browser())
        return 0

    def change() -> int:
        held = "; ".join(f"{cookie.name}={cookie.value}" for cookie in cast("Any", this.cookies))
        body = {"current_password": OLD, "new_password": NEW}
        return ada.coach.post("/auth/password", body, Cookie=held).status_code

    statuses = at_once(sign_in, sign_in, change, sign_in, sign_in)

    assert statuses[2] == 204
    assert ada.is_signed_in(this)
    assert not any(ada.is_signed_in(browser) for browser in browsers)
