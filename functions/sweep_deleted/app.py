"""The table's stream tells of accounts and sessions whose deletion has begun: all that they own is deleted.

A session is deleted by the request itself, and there is nothing left to do here unless that was interrupted. The filter
of the event source mapping lets nothing else through. A sweep that fails is delivered again, and goes on where it was.
"""

from typing import Any

from aws_lambda_powertools import Logger

from coach import aws
from coach.initialisation import end_initialisation
from coach.storage.deletions import begun

logger = Logger()


def handler(event: dict[str, Any], _context: object) -> None:
    for record in event["Records"]:
        key, mark = begun(record["dynamodb"]["NewImage"])
        aws.patient_storage().deletions.sweep(key, mark)
        logger.info("Swept", extra={"kind": key["sk"].partition("#")[0].lower()})


end_initialisation(aws.patient_storage)
