"""`make resume`: evaluate at once what waits, after the spend limit was raised.

By itself all of that is done within a quarter of an hour. Also for answers whose message was lost: each attempt that
waits gets another message, and the first to come counts.

Exits with 0 when all are queued, 2 when it could not begin.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from coach.model import Attempt, EvaluationRequest, Status
from local.errors import LocalError
from operations import stacks
from operations.stacks import Stack, StackError

DONE, NOT_BEGUN = 0, 2
BATCH = 10
"""What the queue takes at once."""


def main(arguments: Sequence[str] | None = None, *, find: Callable[[argparse.Namespace], Stack] = stacks.find) -> int:
    parser = argparse.ArgumentParser(
        prog="make resume", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    stacks.add_options(parser)
    try:
        stack = find(parser.parse_args(arguments))
    except (StackError, LocalError) as error:
        print(f"make resume: {error}", file=sys.stderr)
        return NOT_BEGUN
    stack.storage.limits.reset_breaker()
    queued = _queue(stack, filter(_waits, stack.storage.attempts.all()))
    print(f"Claude may be asked again. Evaluations that waited, and are queued now: {queued:,}")
    return DONE


def _waits(attempt: Attempt) -> bool:
    return attempt.status is Status.PENDING or attempt.reevaluating is not None


def _queue(stack: Stack, waiting: Iterable[Attempt]) -> int:
    """How many were queued. What the queue refuses stays as it was, and comes by itself."""
    queued = 0
    requests = (EvaluationRequest.of(attempt).to_json() for attempt in waiting)
    while batch := list(islice(requests, BATCH)):
        queued += len(batch) - len(stack.queue.send(batch))
    return queued


if __name__ == "__main__":
    sys.exit(main())
