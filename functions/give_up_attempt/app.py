"""The dead-letter queue: attempts whose evaluation was tried to the end are marked failed, for all to see."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from coach import aws
from coach.initialisation import end_initialisation
from coach.model import EvaluationRequest

GAVE_UP = "The evaluation could not be finished after several tries. Your answer is saved: ask for it again later."

logger = Logger()
metrics = Metrics()
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


def work(record: SQSRecord) -> None:
    about: dict[str, Any] = {"message_id": record.message_id}
    try:
        request = EvaluationRequest.from_json(record.body)
        about |= {"session": request.session_id, "attempt": request.attempt_id, "round": request.round}
        given_up = aws.storage().evaluations.give_up(request, GAVE_UP)
    except Exception:  # the batch goes on without this one, and would not say why
        logger.exception("Unexpected error", extra=about)
        raise
    metrics.add_metric(name="EvaluationsGivenUp", unit=MetricUnit.Count, value=int(given_up))
    if given_up:
        logger.error("Given up", extra=about)


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    metrics.add_metric(name="DeadLettersDelivered", unit=MetricUnit.Count, value=len(event["Records"]))
    return process_partial_response(event, work, processor, context)


end_initialisation(aws.storage)
