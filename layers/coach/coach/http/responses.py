"""Responses that say where something is, and those that the OpenAPI document promises."""

from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response, content_types
from pydantic import BaseModel

from coach.http.addresses import absolute
from coach.http.schemas.errors import Error, InvalidRequest

T = TypeVar("T")

QUOTA_REMAINING = "X-Quota-Remaining"

_MEANING = {
    401: "No valid token",
    403: "A page of another site has sent it, or it was sent to another address",
    404: "It does not exist, or belongs to somebody else",
    409: "It contradicts what is stored",
    413: "More bytes than are taken at once",
    429: "Too many: evaluations on this day, yours or everybody's, or wrong passwords; Retry-After says for how long",
    503: "The database is busy or does not answer; the same request may be sent again",
}


def responses(success: dict[int, str], *errors: int) -> dict[int, Any]:
    """The responses of a route for the OpenAPI document: what each success means, and which errors there are."""
    found: dict[int, Any] = {status: {"description": meaning} for status, meaning in success.items()}
    found[422] = _refusal("Something of the request cannot be used", InvalidRequest)
    return found | {status: _refusal(_MEANING[status], Error) for status in errors}


def _refusal(meaning: str, model: type[BaseModel]) -> dict[str, Any]:
    return {"description": meaning, "content": {"application/json": {"model": model}}}


def created(app: APIGatewayRestResolver, body: T, path: str, *, new: bool, remaining: int | None = None) -> Response[T]:
    """201 with the address of what was made, or 200 when the same request had made it before. `remaining`: how many
    more evaluations may be asked for today."""
    return _located(app, 201 if new else 200, body, path, remaining if new else None)


def accepted(app: APIGatewayRestResolver, body: T, path: str, *, remaining: int) -> Response[T]:
    """202 with the address where the outcome will be."""
    return _located(app, 202, body, path, remaining)


def _located(app: APIGatewayRestResolver, status: int, body: T, path: str, remaining: int | None) -> Response[T]:
    headers = {"Location": absolute(app, path)}
    if remaining is not None:
        headers[QUOTA_REMAINING] = str(remaining)
    return Response(status_code=status, content_type=content_types.APPLICATION_JSON, headers=headers, body=body)
