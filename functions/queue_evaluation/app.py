"""The table's stream feeds the queue: attempts that have become pending are moved to it.

The filter of the event source mapping lets nothing else through. A record that could not be queued fails the batch,
which the stream then delivers again; an attempt that is queued twice for that is evaluated once all the same.
"""

from typing import Any

from coach import aws
from coach.initialisation import end_initialisation
from coach.storage.attempts import evaluation_request


def handler(event: dict[str, Any], _context: object) -> None:
    requests = [evaluation_request(record["dynamodb"]["NewImage"]) for record in event["Records"]]
    refused = aws.evaluation_queue().send([request.to_json() for request in requests])
    if refused:
        raise RuntimeError(f"{len(refused)} of {len(requests)} evaluations could not be queued")


end_initialisation(aws.evaluation_queue)
