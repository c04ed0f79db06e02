"""The pages, and what tells of the API: /, /health, /openapi.json, /docs."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import Response, content_types

from coach import __version__, aws
from coach.errors import NotFound
from coach.http import browser
from coach.http.addresses import absolute
from coach.http.app import create_app, entrypoint
from coach.http.responses import responses
from coach.http.schemas.about import About, Health
from coach.settings import GraderSettings
from coach.web import account, attempts, entry, history, practice, progress, sessions
from coach.web.errors import page_of
from coach.web.site import Site, static_file

NAME = "PM Interview Coach"
HERE = Path(__file__).parent
BY_ACCEPT = {"Vary": "Accept"}
NOBODYS = {"Cache-Control": "no-cache"}
"""For what holds nobody's data: it may be kept, and is asked for anew."""
ABOUT: dict[int, Any] = responses({}) | {
    200: {
        "description": "What answers",
        "content": {"application/json": {"model": About}, "text/html": {"schema": {"type": "string"}}},
    }
}

app = create_app()
app.use([browser.own_pages_only, browser.with_cookies])


# Not validated: who follows a link from elsewhere comes with parameters that are none of ours.
@app.get(
    "/",
    tags=["about"],
    summary="What answers here; the landing page for a browser",
    responses=ABOUT,
    enable_validation=False,
)
def root() -> Response[Any]:
    accept = app.current_event.headers.get("accept", "")
    if quality(accept, "text/html") > quality(accept, "application/json"):
        site = Site(app)
        page = site.page("landing.html", visitor=browser.signed_in(site), origin=absolute(app, ""))
        page.headers |= BY_ACCEPT
        page.compress = True
        return page
    about = About(app=NAME, version=__version__, status="running").model_dump_json()
    return Response(status_code=200, content_type=content_types.APPLICATION_JSON, body=about, headers=BY_ACCEPT)


def quality(accept: str, media_type: str) -> float:
    """How much a client wants a media type, 0 to 1: what its most specific range says (RFC 9110, 12.5.1)."""
    said = {}
    for each in accept.lower().split(","):
        q = re.search(r";\s*q=([01](\.\d{0,3})?)\s*(;|$)", each)
        said[each.partition(";")[0].strip()] = float(q[1]) if q else 1.0
    ranges = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    return next((said[name] for name in ranges if name in said), 0.0)


@app.get(
    "/health",
    tags=["about"],
    summary="Whether the API and its database work",
    responses=responses({200: "Healthy", 503: "Unhealthy"}),
)
def health() -> Response[Health]:
    connected = aws.storage().table.is_reachable()
    found = Health(
        status="healthy" if connected else "unhealthy",
        database="connected" if connected else "unavailable",
        anthropic_api="configured" if GraderSettings.read().grader == "claude" else "missing",
    )
    status = 200 if connected else 503
    return Response(status_code=status, content_type=content_types.APPLICATION_JSON, headers=NOBODYS, body=found)


@app.get("/openapi.json", include_in_schema=False, enable_validation=False, compress=True)
def openapi() -> Response[str]:
    text = json.dumps(document(), ensure_ascii=False)
    return Response(status_code=200, content_type=content_types.APPLICATION_JSON, headers=NOBODYS, body=text)


@app.get("/docs", include_in_schema=False, enable_validation=False, compress=True)
def docs() -> Response[str]:
    page = Site(app).page("docs.html")
    page.headers |= NOBODYS
    return page


def document() -> dict[str, Any]:
    """The OpenAPI document that is made from the code of all functions, with the address that it was asked at."""
    return schema() | {"servers": [{"url": absolute(app, "")}]}


@cache
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / "openapi.json").read_text(encoding="utf-8"))
    return found


@app.get("/static/<version>/<name>", include_in_schema=False, enable_validation=False)
def static(version: str, name: str) -> Response[Any]:
    found = static_file(version, name)
    if not found:
        raise NotFound("There is no such page")
    return found


@app.post("/theme", include_in_schema=False, enable_validation=False)
def switch_theme() -> Response[str]:
    """Light or dark, for a browser without the script that does it at once."""
    return Site(app).switch_theme()


for each in (entry, practice, sessions, attempts, history, progress, account):
    app.include_router(each.router)
app.exception_handler(Exception)(lambda error: page_of(app, error))
app.not_found(lambda error: page_of(app, error))

handler = entrypoint(app, aws.storage, open_to_all=True)
