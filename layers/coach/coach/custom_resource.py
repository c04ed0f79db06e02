"""Custom resources of the stack: CloudFormation asks, and waits for an answer at the address in the event."""

import json
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from coach.initialisation import end_initialisation

Attributes = dict[str, str]

logger = Logger()


def custom_resource(
    name: str, work: Callable[[str, Mapping[str, Any]], Attributes]
) -> Callable[[dict[str, Any], LambdaContext], None]:
    """The handler of a custom resource. `work` is given the type of the request (Create, Update or Delete) and the
    resource's properties, and returns the attributes that the template may read; they are no place for secrets."""

    @logger.inject_lambda_context
    def handler(event: dict[str, Any], context: LambdaContext) -> None:
        try:
            attributes = work(event["RequestType"], event["ResourceProperties"])
        except Exception:  # whatever it is has to be answered, or the deployment hangs for an hour
            logger.exception(f"{name} could not be made")
            _answer(event, name, "FAILED", {}, f"See the log stream {context.log_stream_name}")
        else:
            _answer(event, name, "SUCCESS", attributes, "")

    end_initialisation()
    return handler


def _answer(event: dict[str, Any], name: str, status: str, attributes: Attributes, reason: str) -> None:
    body = {each: event[each] for each in ("StackId", "RequestId", "LogicalResourceId")} | {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": name,
        "Data": attributes,
    }
    request = urllib.request.Request(  # noqa: S310 - the address is CloudFormation's
        event["ResponseURL"], data=json.dumps(body).encode(), method="PUT", headers={"Content-Type": ""}
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
