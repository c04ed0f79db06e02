"""What all pages have in common: where they lead, what the browser says about itself, errors, and how they are sent."""

import re
from collections.abc import Mapping

import pytest

from coach.model import Session
from coach.storage import Storage
from coach.web.rendering import static_version
from tests.conftest import USER
from tests.unit.events import PAGES, Answer, Context, call, handler, http
from tests.unit.faults import Faults, reply_lost
from tests.unit.given import Clock, add, an_evaluation
from tests.unit.web.browsing import ACCEPT, Browser, Page, read

pytestmark = pytest.mark.usefixtures("functions")

OWN_DOMAIN = {"Host": "coach.example.com"}
ADDRESS = re.compile(r'(?:href|src|action|hx-get|hx-post|data-root)="([^"#]*)"')

MADE_UP = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Ids, of which a page makes new ones each time."""


@pytest.fixture
def everything(ada: Browser, storage: Storage, session: Session) -> list[str]:
    """Addresses of pages that show all that there is to show."""
    storage.evaluations.record(add(storage, session)[0], an_evaluation(62))
    add(storage, session)
    answers = f"/practice/sessions/{session.id}"
    places = ("/practice", "/practice/strategy", "/history", "/progress", "/account", "/account/export/json")
    entry = ("/auth/login", "/auth/register", "/auth/password/forgot", "/auth/password/reset?token=x", "/docs", "/")
    assert ada
    return [*places, *entry, answers, f"{answers}/next", f"{answers}/attempts/1", f"{answers}/attempts/2"]


# Where pages lead


@pytest.mark.parametrize(
    ("headers", "base", "root"),
    [({}, "", "/prod"), (OWN_DOMAIN, "", ""), (OWN_DOMAIN, "/v1", "/v1"), ({"Host": "localhost:8002"}, "", "")],
)
def test_every_address_on_a_page_is_below_ours(
    ada: Browser, everything: list[str], headers: Mapping[str, str], base: str, root: str
) -> None:
    def asked(path: str) -> Answer:
        cookie = f"pm_coach_session={ada.cookies['pm_coach_session']}"
        function, event = http("GET", path, headers={"Accept": ACCEPT, "Cookie": cookie, **headers})
        return read(handler(function)(event | {"path": f"{base}{event['path']}"}, Context()))

    for path in everything:
        answer = asked(path)
        assert answer.status == 200
        found = ADDRESS.findall(answer.body)
        assert "account/export" in path or found
        assert [each for each in found if not re.match(rf"{root}(/(?!prod)|$)", each)] == [], path


def test_what_a_form_leads_to_is_below_ours(ada: Browser, storage: Storage) -> None:
    anywhere = Browser(storage, USER, **OWN_DOMAIN)

    assert ada.post("/practice/sessions").headers["location"].startswith("/prod/practice/sessions/")
    assert anywhere.post("/practice/sessions").headers["location"].startswith("/practice/sessions/")
    assert Browser(storage, None, **OWN_DOMAIN).get("/practice").headers["location"].startswith("/auth/login?next=")


# Light and dark


@pytest.mark.parametrize(
    ("held", "shown", "after"),
    [
        ("light", "light", "dark"),
        ("dark", "dark", "light"),
        ("", None, "dark"),
        ('"><b>', None, "dark"),
        ("%ff", None, "dark"),
    ],
)
def test_a_theme_is_remembered_by_the_browser(ada: Browser, held: str, shown: str | None, after: str) -> None:
    ada.cookies["pm_coach_theme"] = held

    page, answer = ada.get("/practice"), ada.post("/theme")

    assert dict(Page(page.body).tags)["html"].get("data-theme") == shown
    assert "<b>" not in page.body
    assert (answer.status, answer.headers["location"]) == (303, "/prod/")
    assert f"pm_coach_theme={after}; Path=/prod; Max-Age=31536000" in answer.headers["set-cookie"]


REFERERS = {
    "https://{}/prod/practice/strategy?question=41&timer=5": "/prod/practice/strategy?question=41&timer=5",
    "https://{}/prod/": "/prod/",
    "https://{}/elsewhere": "/prod/",
    "https://{}/production": "/prod/",
    "https://{}/prod//evil.example": "/prod/",
    "https://{}/prod/\\evil.example": "/prod/",
    "https://[": "/prod/",
    "": "/prod/",
}
AT_THE_ROOT = {
    "https://coach.example.com//evil.example": "/",
    "https://coach.example.com/\\evil.example": "/",
    "https://coach.example.com/é\r\nX: y": "/",
    "https://evil.example/practice": "/practice",
    "https://coach.example.com/history?days=7": "/history?days=7",
    "//evil.example": "/",
    "javascript:alert(1)": "/",
}


@pytest.mark.parametrize("referer", REFERERS)
def test_switching_the_theme_leads_back_to_the_page(ada: Browser, referer: str) -> None:
    assert ada.post("/theme", Referer=referer).headers["location"] == REFERERS[referer]


@pytest.mark.parametrize("referer", AT_THE_ROOT)
def test_switching_the_theme_leads_to_no_other_site(storage: Storage, referer: str) -> None:
    browser = Browser(storage, None, **OWN_DOMAIN)

    answer = browser.post("/theme", Referer=referer)

    assert answer.headers["location"] == AT_THE_ROOT[referer]
    assert "Path=/;" in answer.headers["set-cookie"]


def test_a_cookie_is_found_among_others_and_in_several_headers(ada: Browser) -> None:
    ada.cookies = {"a": "b; {}", **ada.cookies, "pm_coach_theme": "dark"}
    assert 'data-theme="dark"' in ada.get("/practice").body
    cookie = f"pm_coach_session={ada.cookies['pm_coach_session']}"
    function, event = http("GET", "/practice", headers={"Cookie": cookie, "Accept": ACCEPT})

    event["multiValueHeaders"]["Cookie"] = ["pm_coach_theme=dark", cookie]

    assert 'data-theme="dark"' in read(handler(function)(event, Context())).body


def test_the_zone_on_the_page_is_the_one_that_the_script_has_set(ada: Browser) -> None:
    ada.cookies["pm_coach_zone"] = "Europe%2FBerlin"

    assert 'data-zone="Europe/Berlin"' in ada.get("/practice").body


# Errors


def test_a_browser_sees_a_page_and_a_program_json(ada: Browser) -> None:
    program = ada.get("/practice/cooking", Accept="*/*")

    assert ada.page("/practice/cooking", 404).text.startswith("Not here")
    assert (program.status, program.json()) == (404, {"detail": "There is no such category"})


def test_a_database_that_does_not_answer_is_a_page_that_calms(ada: Browser, faults: Faults) -> None:
    faults.next(*[reply_lost] * 9)

    assert "Nothing of yours is lost" in ada.page("/practice", 503).text


def test_a_mistake_of_ours_tells_nothing_of_itself(ada: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("Secret")

    monkeypatch.setattr("coach.choosing.history", broken)
    page = ada.page("/practice", 500)

    assert "Something went wrong on our side" in page.text
    assert "Secret" not in page.text


def test_nobody_is_taken_for_who_asked_before(ada: Browser, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr("coach.web.site.Site.page", broken)
        with pytest.raises(RuntimeError):
            ada.get("/practice")

    assert Browser(storage, None).get("/practice").status == 303


# How pages are sent


def test_pages_come_packed_to_who_unpacks_them(ada: Browser, everything: list[str]) -> None:
    for path in everything:
        function, event = http(
            "GET",
            path,
            headers={
                "Accept": ACCEPT,
                "Accept-Encoding": "gzip, deflate, br",
                "Cookie": f"pm_coach_session={ada.cookies['pm_coach_session']}",
            },
        )
        packed = handler(function)(event, Context())
        assert packed["isBase64Encoded"] is True, path
        assert MADE_UP.sub("", read(packed).body) == MADE_UP.sub("", ada.get(path).body), path


def test_packed_files_are_kept_apart_from_unpacked_ones(storage: Storage) -> None:
    answer = Browser(storage, None).get(f"/static/{static_version()}/app.css", **{"Accept-Encoding": "gzip"})

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding, Origin"
    assert answer.body.startswith(("/*", "@", ":"))


def test_no_page_is_kept_and_none_can_load_or_send_anything_elsewhere(ada: Browser, everything: list[str]) -> None:
    for path in everything:
        if path in ("/docs", "/account/export/json"):
            continue
        headers = ada.get(path).headers
        assert headers["cache-control"] == "no-store", path
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';"), path
        assert "unsafe" not in headers["content-security-policy"]


def test_a_sign_in_in_use_is_prolonged_by_whatever_page_is_asked_for(ada: Browser, clock: Clock) -> None:
    clock.advance(25 * 3600)

    answer = ada.get("/history")

    assert "pm_coach_session=" in answer.headers["set-cookie"]
    assert "Max-Age=2592000" in answer.headers["set-cookie"]


@pytest.mark.parametrize("path", sorted(path for method, path in PAGES if method == "POST"))
def test_a_form_that_holds_nothing_is_no_mistake_of_ours(ada: Browser, path: str) -> None:
    answer = ada.post(path.format(session_id="7c9e6679-7425-40de-944b-e07fc1f90ae7", attempt_id="1"))

    assert answer.status in (200, 303, 401, 404, 422)


def test_a_program_without_a_page_is_refused_in_json() -> None:
    answer = call("POST", "/practice/answers", "a=b")

    assert (answer.status, answer.json()) == (403, {"detail": "This request does not come from a page of this app"})
