"""A browser without a screen: it follows links, sends forms as they stand on a page, and reads what a page says."""

import base64
import gzip
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlencode

from coach.identity.tickets import Ticket
from coach.storage import Storage
from coach.storage.accounts import Credentials
from tests.conftest import USER
from tests.unit.events import Answer, Context, handler, http

ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
FORM = "application/x-www-form-urlencoded"
PASSWORD_HASH = "hash"
"""Of all accounts of the tests."""

INLINE = ("a", "span", "strong", "textarea")


class Page(HTMLParser):
    """What a page says, where it leads, and the forms on it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.links: list[str] = []
        self.forms: dict[str, dict[str, str]] = {}
        self.alerts: list[str] = []
        self.said: list[str] = []
        self._fields: dict[str, str] = {}
        self._textarea: str | None = None
        self._silent = 0
        self._alert = False
        self.feed(html)
        self.text = re.sub(r"\s+", " ", "".join(self.said)).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name, value = found.get("name") or "", found.get("value") or ""
        self.tags.append((tag, found))
        self._silent += tag in ("script", "style")
        self._alert = found.get("role") == "alert" and "hidden" not in found
        if self._alert:
            self.alerts.append("")
        if "href" in found and tag == "a":
            self.links.append(found["href"] or "")
        if tag == "form":
            self._fields = self.forms.setdefault(found.get("action") or "", {})
        if tag == "textarea":
            self._textarea = name
            self._fields[name] = ""
        if tag == "select":
            self._fields[name] = ""
        if tag == "input" and (found.get("type") != "radio" or "checked" in found):
            self._fields[name] = value

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")
        self._alert = self._alert and tag != "p"
        if tag not in INLINE:
            self.said.append(" ")
        if tag == "textarea":
            self._textarea = None

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self._fields[self._textarea] += data
        elif not self._silent:
            self.said.append(data)
        if self._alert:
            self.alerts[-1] += data


class Browser:
    """Somebody's, or nobody's without a user. `sends` are headers of each of its requests."""

    def __init__(
        self, storage: Storage, user: str | None = USER, email: str | None = None, **sends: str | None
    ) -> None:
        self.cookies: dict[str, str] = {}
        self.sends: dict[str, str | None] = {"Accept": ACCEPT, "Sec-Fetch-Site": "same-origin", **sends}
        if user:
            ticket = Ticket.made(user)
            owner = Credentials(email or f"{user}@example.com", user, PASSWORD_HASH)
            assert storage.browsers.sign_in(owner, ticket.digest)
            self.cookies["pm_coach_session"] = ticket.text

    def get(self, target: str, **headers: str | None) -> Answer:
        return self._asked("GET", target, None, headers)

    def page(self, target: str, status: int = 200) -> Page:
        answer = self.get(target)
        assert (answer.status, answer.headers["content-type"]) == (status, "text/html; charset=utf-8"), answer.body
        return Page(answer.body)

    def post(self, target: str, fields: Mapping[str, Any] | str | bytes = "", **headers: str | None) -> Answer:
        body = fields if isinstance(fields, str | bytes) else urlencode(fields)
        return self._asked("POST", target, body, {"Content-Type": FORM, **headers})

    def sent(self, page: Page, action: str, **typed: Any) -> Answer:
        """A form of the page, with what is typed into it."""
        [there] = [each for each in page.forms if each.endswith(action)]
        return self.post(there.removeprefix("/prod"), page.forms[there] | typed)

    def followed(self, answer: Answer) -> Page:
        assert answer.status == 303, answer.body
        return self.page(answer.headers["location"].removeprefix("/prod"))

    def _asked(self, method: str, target: str, body: str | bytes | None, headers: Mapping[str, str | None]) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        function, event = http(method, target, body, headers={**self.sends, "Cookie": cookies or None, **headers})
        return read(handler(function)(event, Context()))


def read(response: dict[str, Any]) -> Answer:
    """As API Gateway and a browser read it: packed or not."""
    if response.get("isBase64Encoded"):
        packed = base64.b64decode(response["body"])
        assert response["multiValueHeaders"]["Content-Encoding"] == ["gzip"]
        response = response | {"isBase64Encoded": False, "body": gzip.decompress(packed).decode()}
    return Answer.of(response)


def upload(browser: Browser, content: str | bytes, *, name: str = "practice.json") -> Answer:
    """A file chosen in the form that brings practice back, as browsers send it."""
    boundary = "----WebKitFormBoundaryq3Zr0aXvNf6yYc1k"
    said = f'Content-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: application/json'
    data = content.encode() if isinstance(content, str) else content
    body = f"--{boundary}\r\n{said}\r\n\r\n".encode() + data + f"\r\n--{boundary}--\r\n".encode()
    return browser.post("/account/import", body, **{"Content-Type": f"multipart/form-data; boundary={boundary}"})


def query(**parts: str) -> str:
    return urlencode(parts, quote_via=quote)
