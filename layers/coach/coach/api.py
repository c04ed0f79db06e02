"""The HTTP edge: an event comes in, a route function is called, its result or its error goes out as JSON.

What cuts across the functions is said here, once: who the caller is, how errors and pages look, which origins a browser
may call from, what is logged.
"""

import base64
import gc
import hashlib
import json
import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Depends, Response, content_types
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    OpenAPIRequestValidationMiddleware,
    OpenAPIResponseValidationMiddleware,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError, ResponseValidationError
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.request import Request
from aws_lambda_powertools.event_handler.types import EventHandlerInstance
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from coach import services
from coach.errors import CoachError, Invalid, MissingSetting, Unauthorized
from coach.tokens import REFUSED

Event = dict[str, Any]
Handler = Callable[[Event, LambdaContext], dict[str, Any]]
T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=100, description="How many to return at most")]
Cursor = Annotated[str | None, Query(max_length=1024, description="Where to go on: from the Link header of a page")]
AttemptId = Annotated[int, Path(ge=1, le=999_999, description="1 for the first attempt of its session, and so on")]

logger = Logger()


class Caller:
    """Who sent the request: the user that the token was made for."""

    def __init__(self, id: str) -> None:  # noqa: A002 - it is the user's `id` everywhere
        self.id = id


def _caller(request: Request) -> Caller:
    known: Caller | None = request.context.get("caller")
    return known or _authenticated(request.headers.get("authorization"))


def _authenticated(authorization: str | None) -> Caller:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthorized(REFUSED)
    return Caller(services.verifier().user_id(token.strip()))


CurrentUser = Annotated[Caller, Depends(_caller)]
"""A route with a parameter of this type answers 401 to whoever has no valid token."""


class _Gate(OpenAPIRequestValidationMiddleware):
    """Who may pass, and with what: a caller without a valid token is told nothing about the request, and a body is a
    JSON object. Powertools alone would validate first, read forms as well, and take a list's first thing for the body.
    """

    def __init__(self, *, open_to_all: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._open_to_all = open_to_all

    def handler(self, app: EventHandlerInstance, next_middleware: NextMiddleware) -> Response[Any]:
        if not self._open_to_all:
            app.context["caller"] = _authenticated(app.current_event.headers.get("authorization"))
        return super().handler(app, next_middleware)

    def _get_body(self, app: EventHandlerInstance) -> dict[str, Any]:
        event = app.current_event
        if not event.body:
            return {}
        if not _JSON_TYPE.match(event.headers.get("content-type") or content_types.APPLICATION_JSON):
            raise _unreadable("Send JSON, and say so: Content-Type: application/json", "unsupported_content_type")
        try:
            body = json.loads(event.decoded_body or "", parse_constant=_not_json)
        except json.JSONDecodeError as error:
            raise _unreadable(f"JSON decode error: {error.msg}", "json_invalid", error.pos) from None
        except (ValueError, RecursionError):  # no base64, no UTF-8, NaN, thousands of digits or of brackets
            raise _unreadable("JSON decode error: no JSON that could be read", "json_invalid") from None
        if not isinstance(body, dict):
            raise _unreadable("Input should be a JSON object", "dict_type")
        return body


_JSON_TYPE = re.compile(r"\s*application/([\w.-]+\+)?json\s*(;|$)", re.IGNORECASE)


def _not_json(constant: str) -> None:
    raise ValueError(f"{constant} is JavaScript's, not JSON's")


def _unreadable(msg: str, kind: str, *place: int) -> RequestValidationError:
    return RequestValidationError([{"loc": ("body", *place), "msg": msg, "type": kind}])


def create_app(*, open_to_all: bool = False) -> APIGatewayRestResolver:
    """The resolver that a function declares its routes on.

    Unless it is open to all, a caller without a valid token gets 401 before anything is said about the request.
    """
    first, *others = [origin.strip() for origin in services.setting("CORS_ORIGINS").split(",")]
    app = APIGatewayRestResolver(
        enable_validation=True,
        cors=CORSConfig(
            allow_origin=first,
            extra_origins=others,
            allow_headers=["Idempotency-Key"],
            expose_headers=["Link", "Location"],
            max_age=600,
        ),
    )
    app._request_validation_middleware = _Gate(open_to_all=open_to_all)
    app._response_validation_middleware = OpenAPIResponseValidationMiddleware(has_response_validation_error=True)
    app.exception_handler(CoachError)(_refused)
    app.exception_handler(RequestValidationError)(lambda error: _invalid(error.errors()))
    app.exception_handler(ResponseValidationError)(_unpromised)
    app.exception_handler(MissingSetting)(_unconfigured)
    app.exception_handler(Exception)(_unexpected)
    app.not_found(lambda _: _error(404, "Not Found"))
    return app


def entrypoint(app: APIGatewayRestResolver) -> Handler:
    """The Lambda handler of an app. Call it when all routes are declared: it ends the initialisation."""

    @logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST, clear_state=True)
    def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
        response: dict[str, Any] = app.resolve(event, context)
        # Whether there are CORS headers depends on who asks, which a cache has to know.
        response["multiValueHeaders"].setdefault("Vary", []).append("Origin")
        outcome = {"method": event.get("httpMethod"), "route": event.get("resource"), "status": response["statusCode"]}
        logger.info("Answered", extra=outcome)
        return response

    # What is loaded by now stays for good: the collector need never look at it, not even once now.
    gc.freeze()
    return handler


def answers(success: dict[int, str], *errors: int) -> dict[int, Any]:
    """The responses of a route for the OpenAPI document: what each success means, and which errors there are."""
    schema = {"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]}
    refusals = {
        status: {"description": _MEANING[status], "content": {"application/json": {"schema": schema}}}
        for status in errors
    }
    return {status: {"description": meaning} for status, meaning in success.items()} | refusals


_MEANING = {
    401: "No valid token",
    404: "It does not exist, or belongs to somebody else",
    409: "It contradicts what is stored",
    429: "The share is used up",
    503: "The database is busy or does not answer; the same request may be sent again",
}


def created(app: APIGatewayRestResolver, body: T, path: str, *, new: bool) -> Response[T]:
    """201 with the address of what was made, or 200 when the same request had made it before."""
    return _located(app, 201 if new else 200, body, path)


def accepted(app: APIGatewayRestResolver, body: T, path: str) -> Response[T]:
    """202 with the address where the outcome will be."""
    return _located(app, 202, body, path)


def _located(app: APIGatewayRestResolver, status: int, body: T, path: str) -> Response[T]:
    headers = {"Location": absolute(app, path)}
    return Response(status_code=status, content_type=content_types.APPLICATION_JSON, headers=headers, body=body)


_FOREIGN_CURSOR = Invalid(("query", "cursor"), "This cursor does not belong to this list", "cursor_invalid")


class Page(Generic[T]):
    """One page of a list that can grow: at most `limit` things from the place on that the cursor stands for.

    A cursor is a position and a digest that ties it to this user, path and filter: one that was altered, or that was
    made for somebody else or another list, is refused. It reveals and allows nothing: positions are only ever looked
    up in the caller's own partition.
    """

    def __init__(
        self, app: APIGatewayRestResolver, user: Caller, limit: int, cursor: str | None, **filters: str | None
    ) -> None:
        self._app = app
        self._path = str(app.current_event.path)
        self._filters = {name: value for name, value in filters.items() if value is not None}
        self._scope = json.dumps([user.id, self._path, self._filters])
        self.limit = limit
        self.after = self._position(cursor) if cursor is not None else None

    @property
    def after_number(self) -> int | None:
        """The place to go on from in a list that is ordered by number."""
        try:
            return int(self.after) if self.after is not None else None
        except ValueError:
            raise _FOREIGN_CURSOR from None

    def answer(self, found: Iterable[tuple[T, str]]) -> Response[list[T]]:
        """A JSON list of the first `limit` of (thing, its position), with a Link to the rest if there is any."""
        things = list(islice(found, self.limit + 1))
        shown, more = things[: self.limit], len(things) > self.limit
        headers = {}
        if more:
            query = self._filters | {"limit": str(self.limit), "cursor": self._cursor(shown[-1][1])}
            headers["Link"] = f'<{absolute(self._app, f"{self._path}?{urlencode(query)}")}>; rel="next"'
        body = [thing for thing, _ in shown]
        return Response(status_code=200, content_type=content_types.APPLICATION_JSON, headers=headers, body=body)

    def _cursor(self, position: str) -> str:
        return base64.urlsafe_b64encode(f"{self._digest(position)}{position}".encode()).decode()

    def _position(self, cursor: str) -> str:
        try:
            position = base64.urlsafe_b64decode(cursor).decode()[16:]
        except ValueError:
            position = ""
        if cursor != self._cursor(position):
            raise _FOREIGN_CURSOR
        return position

    def _digest(self, position: str) -> str:
        return hashlib.sha256(f"{self._scope}{position}".encode()).hexdigest()[:16]


def absolute(app: APIGatewayRestResolver, path: str) -> str:
    """The address of a path as the client knows this API."""
    event = app.current_event
    host = event.headers.get("host", "")
    # Under its own domain API Gateway serves the API below the stage's name; under any other it does not.
    stage = f"/{event.request_context.stage}" if host.endswith(".amazonaws.com") else ""
    return f"{event.headers.get('x-forwarded-proto', 'https')}://{host}{stage}{path}"


def _refused(error: CoachError) -> Response[str]:
    if isinstance(error, Invalid):
        return _invalid([{"loc": error.loc, "msg": error.detail, "type": error.kind}])
    return _error(error.status, error.detail)


def _unconfigured(error: MissingSetting) -> Response[str]:
    logger.error(str(error))
    return _error(500, "Internal Server Error")


def _unpromised(error: ResponseValidationError) -> Response[str]:
    """Our own mistake: the route answers what its type does not promise. What it is must not get into the log."""
    logger.error(
        "Not the promised response", extra={"errors": [(each["loc"], each["type"]) for each in error.errors()]}
    )
    return _error(500, "Internal Server Error")


def _unexpected(error: Exception) -> Response[str]:
    """Whatever it is: the caller gets a plain 500, the log the traceback."""
    logger.error("Unexpected error", exc_info=error)
    return _error(500, "Internal Server Error")


def _error(status: int, detail: Any) -> Response[str]:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    body = json.dumps({"detail": detail})
    return Response(status_code=status, content_type=content_types.APPLICATION_JSON, headers=headers, body=body)


def _invalid(errors: Iterable[dict[str, Any]]) -> Response[str]:
    return _error(422, [{name: error[name] for name in ("loc", "msg", "type")} for error in errors])
