"""The resolver that routes are declared on, and the Lambda handler around it.

What cuts across the functions is said here, once: who may call, what a body is, which origins a browser may call from,
what is logged.
"""

import json
import re
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from aws_lambda_powertools.utilities.typing import LambdaContext

from coach import aws
from coach.errors import Invalid, TooLarge, Unauthorized
from coach.http import browser
from coach.http.addresses import base_path, own_path
from coach.http.caller import Caller, authenticated
from coach.http.errors import no_such_path, response_to
from coach.initialisation import end_initialisation
from coach.settings import OriginSettings

Event = dict[str, Any]
Handler = Callable[[Event, LambdaContext], dict[str, Any]]

logger = Logger()


def create_app() -> APIGatewayRestResolver:
    """The resolver that a function declares its routes on."""
    app = APIGatewayRestResolver(
        enable_validation=True,
        cors=_cors(),
        serializer=partial(json.dumps, separators=(",", ":"), ensure_ascii=False),
        json_body_deserializer=_json_object,
    )
    app.use([_known_names])
    app.exception_handler(Exception)(response_to)
    app.not_found(no_such_path)
    return app


def entrypoint(
    app: APIGatewayRestResolver,
    *needed: Callable[[], object],
    open_paths: Collection[str] = (),
    cookie_paths: Collection[str] = (),
    open_to_all: bool = False,
    most_bytes: int | None = None,
) -> Handler:
    """The Lambda handler of an app. Call it when all routes are declared: it ends the initialisation.

    `needed` are the functions of `aws` that the routes call, but for the verifiers and the storage, which nobody
    gets past where not all of it is open.

    Unless all of it is open, or the path, a caller without a valid token gets 401 before anything is said about the
    request; on `cookie_paths` a browser's session does as well as a token. Then a body of more than `most_bytes` is
    413, before it is read. HEAD is GET without the body (RFC 9110, 9.3.2). No answer is kept by a cache, but for those
    that say so themselves.
    """

    @logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST, clear_state=True)
    def handler(event: Event, context: LambdaContext) -> dict[str, Any]:
        try:
            if not open_to_all and event["resource"] not in open_paths:
                app.context["caller"] = _admitted(APIGatewayProxyEvent(event), event["resource"] in cookie_paths)
            if most_bytes is not None and _size(event) > most_bytes:
                raise TooLarge(f"Send at most {most_bytes:,} bytes at once")
        except Exception as error:
            response = _built(response_to(error), event)
        else:
            app.context["base_path"] = base_path(event)
            response = app.resolve(_as_routed(event), context)
        if event["httpMethod"] == "HEAD":
            response["body"] = ""
        response["multiValueHeaders"].setdefault("Cache-Control", ["no-store"])
        # Whether there are CORS headers depends on who asks, which a cache has to know.
        response["multiValueHeaders"].setdefault("Vary", []).append("Origin")
        outcome = {"method": event.get("httpMethod"), "route": event.get("resource"), "status": response["statusCode"]}
        logger.info("Answered", extra=outcome)
        return response

    end_initialisation(*needed, *([] if open_to_all else [aws.verifier, aws.issuer, aws.storage]))
    return handler


def _admitted(sent: APIGatewayProxyEvent, cookie_counts: bool) -> Caller:
    """Whose request this is. Raises Unauthorized, and Forbidden for a cookie that another site has sent along."""
    try:
        return authenticated(sent.headers.get("authorization"))
    except Unauthorized:
        if not cookie_counts or not browser.ticket(sent):
            raise
    browser.demand_own_page(sent)
    session = browser.session(sent)
    if not session:
        raise Unauthorized
    return Caller(session.user.id)


def _cors() -> CORSConfig:
    first, *others = OriginSettings.read().cors_origins
    return CORSConfig(
        allow_origin=first,
        extra_origins=others,
        allow_headers=["Idempotency-Key"],
        expose_headers=["Link", "Location", "Retry-After", "X-Quota-Remaining"],
        max_age=600,
    )


def _built(response: Response[str], event: Event) -> dict[str, Any]:
    """A response to a request that never reaches the resolver, as API Gateway reads it."""
    cors = _cors()
    origin = cors.allowed_origin(APIGatewayProxyEvent(event).headers.get("origin") or "")
    headers = {**response.headers, **(cors.to_dict(origin) if origin else {})}
    return {
        "statusCode": response.status_code,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "body": response.body,
        "isBase64Encoded": False,
    }


def _known_names(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Raises Invalid for a query parameter that the route does not have, and for a field where it takes no body, unless
    nothing of its request is validated. Fields that are beside those of a body are refused by its model."""
    route = app.context["_route"]
    if route.enable_validation is False:
        return next_middleware(app)
    known = {field.alias for field in route.dependant.query_params}
    for name in app.current_event.query_string_parameters:
        if name not in known:
            raise Invalid(("query", name), "There is no such parameter", "extra_forbidden")
    if not route.dependant.body_params:
        for name in _json_object(app.current_event.body or "{}"):
            raise Invalid(("body", name), "There is no such field", "extra_forbidden")
    return next_middleware(app)


_JSON_TYPE = re.compile(r"\s*application/([\w.-]+\+)?json\s*(;|$)", re.IGNORECASE)


def _as_routed(event: Event) -> Event:
    """The event as the resolver takes it: HEAD as GET, the path below stage and base path, and the body as text, of no
    type where it is no JSON: Powertools would read forms as well, and stumble over what is no UTF-8."""
    sent = APIGatewayProxyEvent(event)
    is_json, text = True, "{}"
    if sent.body:
        text = _decoded(sent)
        is_json = bool(text and _JSON_TYPE.match(sent.headers.get("content-type") or "application/json"))
    headers = {name: value for name, value in sent.headers.items() if name.lower() != "content-type"}
    headers["content-type"] = "application/json" if is_json else "application/octet-stream"
    method = event["httpMethod"].replace("HEAD", "GET")
    routed = {"httpMethod": method, "path": own_path(event), "headers": headers, "body": text, "isBase64Encoded": False}
    return event | routed


def _size(event: Event) -> int:
    """The bytes of a body as it was sent."""
    body: str = event["body"] or ""
    return len(body.rstrip("=")) * 3 // 4 if event["isBase64Encoded"] else len(body.encode())


def _decoded(sent: APIGatewayProxyEvent) -> str:
    try:
        return sent.decoded_body or ""
    except ValueError:  # no base64, no UTF-8
        return ""


def _json_object(text: str) -> dict[str, Any]:
    """Raises Invalid for what is no JSON object, and for what only JavaScript or Python would read."""
    try:
        body = json.loads(text, parse_constant=_not_json)
    except json.JSONDecodeError as error:
        raise Invalid(("body", error.pos), f"JSON decode error: {error.msg}", "json_invalid") from None
    except (ValueError, RecursionError):  # NaN, thousands of digits or of brackets
        raise Invalid(("body",), "JSON decode error: no JSON that could be read", "json_invalid") from None
    if not isinstance(body, dict):
        raise Invalid(("body",), "Input should be a JSON object", "dict_type")
    return body


def _not_json(constant: str) -> None:
    raise ValueError(f"{constant} is JavaScript's, not JSON's")
