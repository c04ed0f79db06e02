"""The stack's custom resource that makes the key pair of the access tokens.

Its `Generation` is a number: with another one the stack gets a new pair, and the old public key goes on being accepted.
The attributes `SigningKid` and `PublicKeys` go into the functions' environment; the private key stays in the parameter.
"""

import json
import urllib.request
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from coach.aws import SecretParameter
from coach.identity.keys import KeyRing
from coach.settings import KeyRingSettings

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """CloudFormation waits for an answer at the address in the event, so that a failure has to be answered too."""
    try:
        attributes = keys(event["RequestType"], event["ResourceProperties"]["Generation"])
    except Exception:
        logger.exception("The token keys could not be made")
        answer(event, "FAILED", {}, f"See the log stream {context.log_stream_name}")
    else:
        answer(event, "SUCCESS", attributes, "")


def keys(request: str, generation: str) -> dict[str, str]:
    """What the other functions are told: the id of the key that signs, and the public keys as a JSON object."""
    ring = KeyRing(SecretParameter(KeyRingSettings.read().token_keys_parameter))
    if request == "Delete":
        ring.forget()
        return {}
    signing, public = ring.turn_to(generation)
    return {"SigningKid": signing.kid, "PublicKeys": json.dumps(public)}


def answer(event: dict[str, Any], status: str, attributes: dict[str, str], reason: str) -> None:
    body = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")} | {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": "token-keys",
        "Data": attributes,
    }
    request = urllib.request.Request(  # noqa: S310 - the address is CloudFormation's
        event["ResponseURL"], data=json.dumps(body).encode(), method="PUT", headers={"Content-Type": ""}
    )
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
