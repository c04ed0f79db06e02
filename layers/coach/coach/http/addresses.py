"""Where this API is: the path that a route is found by, and the addresses that a client is told.

A stage (`/prod`) or the base path of a custom domain (`/v1`) comes before our paths. API Gateway has both from its own
configuration, so that none of it is repeated here:

    asked                                               event's path     its resource
    <api>.execute-api.<region>.amazonaws.com/prod/health    /health          /health
    coach.example.com/v1/health                         /v1/health       /health
"""

import re
from typing import Any, Protocol
from urllib.parse import quote

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from coach.errors import Forbidden


class Asked(Protocol):
    """What is asked just now: a resolver has it, and whatever was made of it."""

    @property
    def current_event(self) -> APIGatewayProxyEvent: ...
    @property
    def context(self) -> dict[str, Any]: ...


def own_path(event: dict[str, Any]) -> str:
    """The path below stage and base path: the resource that API Gateway chose, with its parameters put in.

    A parameter has come decoded and is encoded again, so that it is one segment and no character of it is lost.
    """
    values = event["pathParameters"] or {}
    return re.sub(r"{(\w+)}", lambda name: quote(values[name[1]], safe="", errors="replace"), event["resource"])


def base_path(event: dict[str, Any]) -> str:
    """What comes before our paths in an address: the stage's name, or the base path of a custom domain."""
    context = event["requestContext"]
    host = APIGatewayProxyEvent(event).headers.get("host", "").lower()
    if host.startswith(f"{context['apiId']}.execute-api."):  # API Gateway's own, in whatever partition of AWS
        return f"/{context['stage']}"
    ours, whole = _segments(event["resource"]), _segments(event["path"])
    return "".join(f"/{segment}" for segment in whole[: len(whole) - len(ours)])


def absolute(app: Asked, path: str) -> str:
    """The address of one of our paths as the client knows this API."""
    headers = app.current_event.headers
    scheme = headers.get("x-forwarded-proto", "https")
    return f"{scheme}://{headers.get('host', '')}{app.context['base_path']}{path}"


def trusted(app: Asked) -> str:
    """The address of this API, fit for a mail: whoever asks for the mail must not choose where its link leads.

    Raises Forbidden where the Host header is another than the one that API Gateway was reached by.
    """
    host = app.current_event.headers.get("host", "")
    domain = app.current_event["requestContext"].get("domainName", "")
    if not is_loopback(host) and host.lower().partition(":")[0] != domain.lower():
        raise Forbidden("This API has another address")
    return absolute(app, "")


def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine."""
    return re.fullmatch(r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?", host, re.IGNORECASE | re.ASCII) is not None


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]
