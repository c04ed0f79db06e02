"""Events as AWS sends them, made from events/*.json: the file is the shape, a test changes what it is about."""

import base64
import importlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from tests.conftest import ROOT, template, token

Event = dict[str, Any]

EVENTS = ROOT / "events"
SESSION = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
"""The session that the event files are about; they belong to `conftest.USER`."""

ITS_OWN = ("Authorization", "Content-Type", "Idempotency-Key")
"""Headers of the event file that say something about its own request."""

ANSWER = "Drivers circle for ten minutes because nobody tells them where a place is free."


@dataclass(frozen=True)
class Route:
    """One path and method of template.yaml, and the function that it leads to."""

    method: str
    path: str
    function: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def functions() -> dict[str, dict[str, Any]]:
    """The properties of the template's functions, by the name of their folder."""
    resources = template()["Resources"].values()
    lambdas = [each["Properties"] for each in resources if each["Type"] == "AWS::Serverless::Function"]
    return {properties["CodeUri"].removeprefix("functions/"): properties for properties in lambdas}


def _routes() -> list[Route]:
    return [
        Route(event["Properties"]["Method"].upper(), event["Properties"]["Path"], name)
        for name, properties in functions().items()
        for event in properties.get("Events", {}).values()
        if event["Type"] == "Api"
    ]


ROUTES = _routes()
OF_THE_API = ("/", "/health", "/openapi.json", "/docs")
PAGES = {(route.method, route.path) for route in ROUTES if route.function == "web" and route.path not in OF_THE_API}
"""What browsers show, the forms on it and the files behind it."""


@dataclass(frozen=True)
class Answer:
    """What an HTTP function returned, read as API Gateway reads it. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str

    @classmethod
    def of(cls, response: Mapping[str, Any]) -> "Answer":
        assert not response.get("isBase64Encoded")
        many = {name.lower(): ", ".join(values) for name, values in response.get("multiValueHeaders", {}).items()}
        one = {name.lower(): value for name, value in response.get("headers", {}).items()}
        return cls(response["statusCode"], one | many, response["body"] or "")

    def json(self) -> Any:
        return json.loads(self.body)

    def errors(self) -> list[tuple[list[Any], str]]:
        """Of a 422: where each error is, and its type."""
        assert self.status == 422, self.body
        return [(error["loc"], error["type"]) for error in self.json()["detail"]]


class Context:
    """The part of Lambda's context object that the functions use."""

    function_name = "test"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:test"
    aws_request_id = "52fdfc07-2182-454f-963f-5f0f9a621d72"
    log_stream_name = "2026/11/21/[$LATEST]9a7d2c3b"


def load(function: str, bearer: str | None = None) -> Event:
    """A function's event file, with a fresh token (or another) in the place of its placeholder."""
    text = (EVENTS / f"{function}.json").read_text(encoding="utf-8")
    event: Event = json.loads(text.replace("${TOKEN}", bearer or token()))
    return event


def handler(function: str) -> Callable[[Event, Any], Any]:
    found: Callable[[Event, Any], Any] = importlib.import_module(f"functions.{function}.app").handler
    return found


def http(
    method: str,
    target: str,
    body: Any = None,
    *,
    user: str | None = None,
    headers: Mapping[str, str | None] | None = None,
    resource: str | None = None,
) -> tuple[str, Event]:
    """The function behind a path with its query, and the event of such a request; None removes a header.

    A body that is neither str nor bytes is sent as JSON. Without a user there is no Authorization header. `resource`
    names the route where the path is too odd to tell.
    """
    path, _, query = target.partition("?")
    route = next(
        each
        for each in ROUTES
        if each.method == method and (each.path == resource or re.fullmatch(_rule(each, "[^/]+"), path))
    )
    event = load(route.function)
    values = re.fullmatch(_rule(route, "(?s:.+)"), path)
    assert values, path
    pairs = parse_qsl(query, keep_blank_values=True)
    many = {name: [value for other, value in pairs if other == name] for name, _ in pairs}
    kept = {name: value for name, value in event["headers"].items() if name not in ITS_OWN}
    sent = kept | {
        "Authorization": f"Bearer {token(user)}" if user else None,
        "Content-Type": "application/json" if body is not None else None,
        **(headers or {}),
    }
    nothing = body is None or body == ""
    return route.function, event | {
        "resource": route.path,
        "path": path,
        "httpMethod": method,
        "headers": {name: value for name, value in sent.items() if value is not None},
        "multiValueHeaders": {name: [value] for name, value in sent.items() if value is not None},
        "queryStringParameters": {name: values[-1] for name, values in many.items()} or None,
        "multiValueQueryStringParameters": many or None,
        "pathParameters": values.groupdict() or None,
        "requestContext": event["requestContext"]
        | {"resourcePath": route.path, "path": f"/prod{path}", "httpMethod": method},
        "body": None if nothing else _encoded(body),
        "isBase64Encoded": not nothing,
    }


def _encoded(body: Any) -> str:
    """As API Gateway sends a body where every type counts as binary."""
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def call(method: str, target: str, body: Any = None, **how: Any) -> Answer:
    """Send a request to the function that the template names for it."""
    function, event = http(method, target, body, **how)
    return invoke(function, event)


def invoke(function: str, event: Event) -> Answer:
    return Answer.of(handler(function)(event, Context()))


def _rule(route: Route, value: str) -> str:
    return re.sub(r"\{(\w+)\}", rf"(?P<\1>{value})", route.path)
