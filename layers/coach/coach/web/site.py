"""What all pages have in common: how one is rendered, where it leads, and what the browser said about itself."""

import mimetypes
import re
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit
from zoneinfo import ZoneInfo

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.shared.cookies import Cookie

from coach import aws
from coach.http import browser
from coach.http.addresses import Asked
from coach.http.schemas.fields import is_zone
from coach.web import words
from coach.web.rendering import environment, static_files, static_version

SAFE = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every page. Nothing that a page shows can load or send anything elsewhere."""

ZONE, THEME = "pm_coach_zone", "pm_coach_theme"
"""Cookies that the browser's script sets: the time zone of its days, and light or dark if somebody has chosen."""

HTML = "text/html; charset=utf-8"


class Site:
    """One request for a page, and what is answered to it."""

    def __init__(self, app: Asked) -> None:
        self.current_event = app.current_event
        self.context = app.context
        self.root: str = app.context["base_path"]
        self.retry_after: int | None = None

    @property
    def source_ip(self) -> str:
        return str(self.current_event.request_context.identity.source_ip)

    @property
    def zone(self) -> ZoneInfo:
        """The browser's, UTC until its script has told."""
        return ZoneInfo(self._zone_name if is_zone(self._zone_name) else "UTC")

    @property
    def _zone_name(self) -> str:
        """As the script has set it, which encodes the slash in it."""
        return unquote(browser.held(self.current_event, ZONE) or "")

    @property
    def theme(self) -> str | None:
        """What has been chosen, if anything."""
        sent = browser.held(self.current_event, THEME)
        return sent if sent in ("light", "dark") else None

    @property
    def today(self) -> date:
        return aws.storage().table.moment.astimezone(self.zone).date()

    @property
    def here(self) -> str:
        """Where to come back to: this page, or what a form stood on."""
        if self.current_event.http_method == "GET":
            asked = self.current_event.query_string_parameters
            query = urlencode({name: value for name, value in asked.items() if name != "part"})
            return f"{self.current_event.path}{'?' + query if query else ''}"
        return "/practice"

    @property
    def is_partial(self) -> bool:
        """Whether a script asks, for a part of a page."""
        return self.current_event.headers.get("hx-request") == "true"

    def asked(self, name: str) -> str:
        """A parameter of the address, empty when it is not there."""
        return self.current_event.query_string_parameters.get(name, "")

    def form(self) -> dict[str, str]:
        """The fields of the form that was sent, as people wrote them: browsers send a line's end as CR LF."""
        try:
            fields = parse_qs(self.current_event.body or "", keep_blank_values=True, max_num_fields=20)
        except ValueError:  # more fields than any form has
            fields = {}
        return {name: values[-1].replace("\r\n", "\n") for name, values in fields.items()}

    def page(self, template: str, status: int = 200, **shown: Any) -> Response[str]:
        """A page. Without a `visitor` it is for anybody, and without a `problem` there is none."""
        html = (
            environment()
            .get_template(template)
            .render(
                {"visitor": None, "problem": None} | shown,
                root=self.root,
                theme=self.theme,
                zone=self._zone_name,
                at=self.current_event.path,
                day=self.day,
                clock=lambda moment: words.clock(moment, self.zone),
            )
        )
        waits = {"Retry-After": str(self.retry_after)} if self.retry_after else {}
        return Response(status_code=status, content_type=HTML, body=html, headers=SAFE | waits)

    def day(self, moment: datetime | date) -> str:
        return words.day(moment, self.zone, today=self.today)

    def switch_theme(self) -> Response[str]:
        """Light instead of dark or the reverse, and back to the page that asks."""
        theme = "light" if self.theme == "dark" else "dark"
        answer = self.go(self._before)
        answer.cookies.append(Cookie(THEME, theme, path=self.root or "/", max_age=365 * 86_400, secure=False))
        return answer

    @property
    def _before(self) -> str:
        """The page that a form stood on, as the browser names it."""
        try:
            named = urlsplit(self.current_event.headers.get("referer", ""))
        except ValueError:  # no address
            return "/"
        path = f"{named.path}{'?' + named.query if named.query else ''}"
        return ours(path.removeprefix(self.root), "/") if path.startswith(f"{self.root}/") else "/"

    def go(self, path: str, **query: str) -> Response[str]:
        """To another page: what was sent is done, and a reload does not send it again."""
        where = f"{self.root}{path}{'?' + urlencode(query) if query else ''}"
        return Response(status_code=303, content_type=HTML, body="", headers={"Location": where} | SAFE)


def ours(sent: str | None, otherwise: str) -> str:
    """Where to go on: a path of ours, and never another address."""
    return sent if sent and re.fullmatch(r"/(?!/)[!-\[\]-~]*", sent) else otherwise


def static_file(version: str, name: str) -> Response[Any] | None:
    """A file that pages need. It may be kept for a year under the address that pages name; a page from before a
    deployment names another, and gets the present file for the moment."""
    if name not in static_files():
        return None
    kind, _ = mimetypes.guess_type(name)
    kept = "public, max-age=31536000, immutable" if version == static_version() else "no-cache"
    text = kind in ("text/css", "text/javascript", "image/svg+xml")
    headers = {"Cache-Control": kept, "X-Content-Type-Options": "nosniff"} | (
        {"Vary": "Accept-Encoding"} if text else {}
    )
    content = static_files()[name]
    return Response(
        status_code=200,
        content_type=f"{kind}; charset=utf-8" if text else kind,
        body=content.decode() if text else content,
        headers=headers,
        compress=text,
    )
