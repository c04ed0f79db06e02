"""How an error looks: its status and {"detail": ...}; a validation error's detail is a list of what is wrong where."""

import json
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestUnsupportedContentType, RequestValidationError

from coach.errors import BudgetUsedUp, CoachError, Invalid, InvalidParts, QuotaUsedUp, TooManyRequests, Unauthorized
from coach.http.responses import QUOTA_REMAINING
from coach.settings import InvalidSetting

MOST_MISTAKES = 20
"""How many are told of a request, the first ones."""

logger = Logger()


def response_to(error: Exception) -> Response[str]:
    """What the caller gets. What only we should know goes into the log: never a part of a request or a response."""
    match error:
        case Invalid():
            return _refusal(422, [_mistake(error)])
        case InvalidParts():
            return _refusal(422, [_mistake(each) for each in error.mistakes])
        case QuotaUsedUp():
            if isinstance(error, BudgetUsedUp):
                logger.warning("BudgetUsedUp")  # a metric filter of the template counts these
            return _refusal(429, error.detail, {"Retry-After": str(error.retry_after), QUOTA_REMAINING: "0"})
        case TooManyRequests():
            return _refusal(429, error.detail, {"Retry-After": str(error.retry_after)})
        case Unauthorized():
            return _refusal(401, error.detail, {"WWW-Authenticate": "Bearer"})
        case CoachError():
            return _refusal(error.status, error.detail)
        case RequestUnsupportedContentType():
            msg = "Send JSON in UTF-8, and say so: Content-Type: application/json"
            return _refusal(422, [{"loc": ("body",), "msg": msg, "type": "unsupported_content_type"}])
        case RequestValidationError() if error.errors()[0]["loc"][0] != "response":
            return _refusal(422, [_told(each) for each in error.errors()[:MOST_MISTAKES]])
        case RequestValidationError():  # our own mistake: the route answers what its type does not promise
            what = [(each["loc"], each["type"]) for each in error.errors()]
            logger.error("Not the promised response", extra={"errors": what})
        case InvalidSetting():
            logger.error(str(error))
        case _:
            logger.error("Unexpected error", exc_info=error)
    return _refusal(500, "Internal Server Error")


def no_such_path(_: Exception) -> Response[str]:
    return _refusal(404, "Not Found")


def _mistake(error: Invalid) -> dict[str, Any]:
    return {"loc": error.loc, "msg": error.detail, "type": error.kind}


def _told(error: Mapping[str, Any]) -> dict[str, Any]:
    """One of pydantic's errors. It counts "items" of all that has a length, once another validator has run on it."""
    items = "characters" if isinstance(error["input"], str) else "items"
    return {"loc": error["loc"], "msg": error["msg"].replace("items after validation", items), "type": error["type"]}


def _refusal(status: int, detail: Any, headers: dict[str, str] | None = None) -> Response[str]:
    body = json.dumps({"detail": detail})  # in ASCII: `loc` may hold half of a surrogate pair, as it was sent
    return Response(status_code=status, content_type=content_types.APPLICATION_JSON, headers=headers or {}, body=body)
