"""What is there before anybody has signed in: the root, the health, the document and the page to try it."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import jsonschema_rs
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from coach import __version__
from coach.http.schemas.errors import Error, InvalidRequest
from coach.storage import Storage
from coach.web.rendering import static_version
from functions.web import app
from local import openapi
from tests.unit.events import PAGES, ROUTES, Answer, call, invoke, load
from tests.unit.faults import Faults

pytestmark = pytest.mark.usefixtures("functions")

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
UNDOCUMENTED = {("GET", "/openapi.json"), ("GET", "/docs"), *PAGES}


FETCHED = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "srcset")}


class Page(HTMLParser):
    """What a page makes a browser fetch."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self._fetched: list[str] = []
        self._styles: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._fetched += [value or "" for name, value in attrs if (tag, name) in FETCHED]
        self._styles += [value or "" for name, value in attrs if name == "style"]

    def handle_data(self, data: str) -> None:
        if self.lasttag == "style":
            self._styles.append(data)

    @property
    def external(self) -> list[str]:
        styles = [url for style in self._styles for url in re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")\s]+)", style)]
        return [url for url in self._fetched + styles if not url.startswith(("data:", "#"))]


# The root


JSON_PREFERRED = [
    *("*/*", "application/json", "", None, "image/png", "application/xhtml+xml", ";,", "text/html;q=0"),
    *("text/html; q=0.0, */*", "*/*, text/html;q=0.1", "text/html;q=0.5,application/*", "text/html, */*;q=x"),
    *("application/json, text/html;q=0.9", "application/json, text/html"),
]
HTML_PREFERRED = [
    *(BROWSER, "text/html,application/xhtml+xml,image/avif,*/*;q=0.8", "text/html;q=0.9, application/json;q=0.8"),
    *("text/html", "TEXT/HTML", "text/*", "text/html;level=1", "text/html;q=0.2", "application/json;q=0,*/*"),
]


@pytest.mark.parametrize("accept", JSON_PREFERRED)
def test_the_root_tells_a_program_what_answers(accept: str | None) -> None:
    answer = call("GET", "/", headers={"Accept": accept})

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == {"app": "PM Interview Coach", "version": __version__, "status": "running"}


@pytest.mark.parametrize("accept", HTML_PREFERRED)
def test_the_root_is_a_page_for_who_wants_html_more_than_json(accept: str) -> None:
    answer = call("GET", "/", headers={"Accept": accept})

    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_the_root_is_a_page_for_a_browser() -> None:
    answer = call("GET", "/", headers={"Accept": BROWSER, "Host": "localhost:8002", "X-Forwarded-Proto": "http"})

    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.body.startswith("<!doctype html>")
    assert "http://localhost:8002" in answer.body
    assert "{{" not in answer.body


def test_the_page_makes_no_request_elsewhere() -> None:
    answer = call("GET", "/", headers={"Accept": BROWSER})

    assert fetched(answer)


def fetched(answer: Answer) -> list[str]:
    """What a page makes a browser fetch: files of ours, of this version."""
    urls = Page(answer.body).external
    assert all(url.startswith(f"/prod/static/{static_version()}/") for url in urls)
    return urls


def test_a_host_is_text_in_the_page() -> None:
    answer = call("GET", "/", headers={"Accept": BROWSER, "Host": "</pre><script>alert(1)</script>"})

    assert "<script>alert(1)" not in answer.body


def test_a_cache_knows_that_the_root_depends_on_accept() -> None:
    page, program = call("GET", "/", headers={"Accept": BROWSER}), call("GET", "/")

    assert page.headers["vary"] == program.headers["vary"] == "Accept, Origin"


@pytest.mark.parametrize(("path", "accept"), [("/", "*/*"), ("/", BROWSER), ("/health", "*/*")])
def test_head_answers_as_get_without_a_body(path: str, accept: str) -> None:
    got, head = (call(method, path, headers={"Accept": accept}) for method in ("GET", "HEAD"))

    assert (head.status, head.headers, head.body) == (got.status, got.headers, "")


# Health


@pytest.mark.parametrize(("evaluator", "anthropic_api"), [("claude", "configured"), ("offline", "missing")])
def test_a_database_that_answers_is_healthy(
    monkeypatch: pytest.MonkeyPatch, evaluator: str, anthropic_api: str
) -> None:
    monkeypatch.setenv("EVALUATOR", evaluator)

    answer = invoke("web", load("web"))

    expected = {"status": "healthy", "database": "connected", "anthropic_api": anthropic_api}
    assert (answer.status, answer.json()) == (200, expected)


def test_health_really_asks_the_database(faults: Faults) -> None:
    call("GET", "/health")

    assert faults.calls == ["GetItem"]


FAILURES = {
    "refuses connections": EndpointConnectionError(endpoint_url="http://dynamodb"),
    "is silent": ReadTimeoutError(endpoint_url="http://dynamodb"),
    "has no such table": ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "GetItem"),
    "denies access": ClientError({"Error": {"Code": "AccessDeniedException", "Message": ""}}, "GetItem"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_database_that_does_not_answer_is_503(storage: Storage, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    def fail(*_: Any) -> None:
        raise FAILURES[case]

    monkeypatch.setattr(storage.table._client, "_make_api_call", fail)

    answer = call("GET", "/health")

    expected = {"status": "unhealthy", "database": "unavailable", "anthropic_api": "missing"}
    assert (answer.status, answer.json()) == (503, expected)


# The OpenAPI document


def document() -> dict[str, Any]:
    found: dict[str, Any] = call("GET", "/openapi.json").json()
    return found


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    paths: dict[str, dict[str, dict[str, Any]]] = document()["paths"]
    return {(method.upper(), path): operation for path, item in paths.items() for method, operation in item.items()}


def test_the_document_is_the_one_that_the_code_makes_now() -> None:
    kept = openapi.DOCUMENT.read_text(encoding="utf-8")

    assert kept == openapi.text(), "run `make openapi`"


def test_the_document_is_served_with_the_address_that_it_was_asked_at() -> None:
    answer = call("GET", "/openapi.json", headers={"Host": "localhost:8002", "X-Forwarded-Proto": "http"})

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == app.schema() | {"servers": [{"url": "http://localhost:8002"}]}


def test_the_document_has_every_route_of_the_template_and_no_other() -> None:
    templates = {(route.method, route.path) for route in ROUTES if route.method not in ("OPTIONS", "HEAD")}

    assert operations().keys() | UNDOCUMENTED == templates


def test_the_document_is_openapi_3_1() -> None:
    ids = [operation["operationId"] for operation in operations().values()]

    assert document()["openapi"].startswith("3.1.")
    assert document()["info"].keys() >= {"title", "version"}
    assert len(ids) == len(set(ids))
    for (_, path), operation in operations().items():
        declared = [each for each in operation.get("parameters", ()) if each["in"] == "path"]
        assert {each["name"] for each in declared} == set(re.findall(r"{(\w+)}", path))
        assert all(each["required"] for each in declared)
        assert all(re.fullmatch(r"[1-5]\d\d", status) for status in operation["responses"])
        assert any(status.startswith("2") for status in operation["responses"])
        assert all(response["description"] for response in operation["responses"].values())


def test_errors_have_the_same_two_schemas_everywhere() -> None:
    schemas = {
        (status, content["schema"]["$ref"].rpartition("/")[2])
        for (_, path), operation in operations().items()
        for status, response in operation["responses"].items()
        for content in response.get("content", {}).values()
        if status >= "400" and path != "/health"
    }

    assert schemas == {
        ("422", "InvalidRequest"),
        *((each, "Error") for each in ("401", "403", "404", "409", "413", "429", "503")),
    }
    assert not [name for name in document()["components"]["schemas"] if "ValidationError" in name]


def test_errors_are_what_the_document_says() -> None:
    refused, nobodys = call("POST", "/auth/login", {"email": 1, "x": 2}), call("GET", "/auth/me")

    assert InvalidRequest.model_validate_json(refused.body).model_dump() == refused.json()
    assert Error.model_validate_json(nobodys.body).model_dump() == nobodys.json()


def test_every_reference_of_the_document_leads_somewhere() -> None:
    found = document()

    references = set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(found)))

    assert references
    for reference in references:
        place: Any = found
        for part in reference.split("/"):
            place = place[part]


def test_the_schemas_of_the_document_are_json_schemas() -> None:
    schemas = document()["components"]["schemas"]

    assert schemas
    for schema in schemas.values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema)


def test_the_document_says_which_routes_need_a_token() -> None:
    for (method, path), operation in operations().items():
        answer = call(method, re.sub(r"{\w+}", "1", path))

        assert ("security" in operation) == (answer.status == 401)
        assert "security" not in operation or "401" in operation["responses"]


# The page to try it


def test_the_docs_are_a_page_that_loads_our_files_only() -> None:
    answer = call("GET", "/docs")

    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert {url.rpartition("/")[2] for url in fetched(answer)} == {
        *("icon.svg", "swagger-ui.min.css", "swagger-ui-bundle.min.js", "docs.js")
    }


def test_the_docs_read_our_document_and_ask_no_validator() -> None:
    answer = call("GET", "/docs")
    [script] = [url for url in fetched(answer) if url.endswith("docs.js")]

    assert 'data-document="/prod/openapi.json"' in answer.body
    assert "validatorUrl: null" in call("GET", script.removeprefix("/prod")).body


def test_a_host_cannot_break_out_of_the_docs() -> None:
    answer = call("GET", "/docs", headers={"Host": "</script><script>alert(1)</script>"})

    assert "</script><script>alert(1)" not in answer.body
