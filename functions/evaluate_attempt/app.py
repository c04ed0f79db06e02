"""The evaluation queue's worker: a batch's answers are evaluated at the same time."""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import AsyncBatchProcessor, EventType, async_process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from coach import aws
from coach.evaluation.graders import configured
from coach.initialisation import end_initialisation
from coach.model import EvaluationRequest
from coach.settings import LeaseSettings
from coach.worker import NotNow, SpendLimit, Worker

logger = Logger()
metrics = Metrics()
processor = AsyncBatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@cache
def worker() -> Worker:
    return Worker(
        aws.storage(),
        configured(aws.grader_settings()),
        lease_seconds=LeaseSettings.read().lease_seconds,
    )


async def work(record: SQSRecord) -> None:
    about: dict[str, Any] = {"message_id": record.message_id}
    try:
        request = EvaluationRequest.from_json(record.body)
        about |= {"session": request.session_id, "attempt": request.attempt_id, "round": request.round}
        outcome = await worker().work(request)
    except NotNow as later:
        # Said first: the queue may refuse what it is asked.
        logger.warning("Later", extra=about | {"reason": str(later), "seconds": later.seconds})
        if not isinstance(later, SpendLimit):
            aws.evaluation_queue().delay(record.receipt_handle, later.seconds)
            raise
        metrics.add_metric(name="SpendLimitReached", unit=MetricUnit.Count, value=1)
        # A copy takes its place, since a message that is only hidden uses up a delivery each time.
        if aws.evaluation_queue().send([record.body], delay_seconds=later.seconds):
            raise
        return
    except Exception:  # the batch goes on without this one, and would not say why
        logger.exception("Unexpected error", extra=about)
        raise
    if outcome == "failed":
        metrics.add_metric(name="EvaluationsFailed", unit=MetricUnit.Count, value=1)
    logger.info("Worked", extra=about | {"outcome": outcome})


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    metrics.add_metric(name="EvaluationsDelivered", unit=MetricUnit.Count, value=len(event["Records"]))
    return async_process_partial_response(event, work, processor, context)


end_initialisation(aws.storage)
