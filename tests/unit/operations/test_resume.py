"""`make resume` on moto: what waits for the spend limit is queued at once."""

from argparse import Namespace
from typing import cast

import pytest

from coach.aws import EvaluationQueue
from coach.model import EvaluationRequest, Session
from coach.storage import Storage
from operations.resume import main
from operations.stacks import Stack, StackError
from tests.unit.given import Queue, add, an_evaluation, evaluated_and_asked_for_again


def test_what_waits_is_queued_and_the_breaker_is_off(
    storage: Storage, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = Queue()
    waiting = [add(storage, session)[0] for _ in range(12)]
    again = evaluated_and_asked_for_again(storage, session)
    storage.evaluations.record(add(storage, session)[0], an_evaluation())
    storage.evaluations.fail(add(storage, session)[0], "Claude declined")
    storage.limits.trip_breaker(2_000_000_000)

    code = main([], find=lambda _: Stack(storage, cast("EvaluationQueue", queue), {}, ""))

    assert code == 0
    assert sorted(queue.sent) == sorted(EvaluationRequest.of(attempt).to_json() for attempt in [*waiting, again])
    assert storage.limits.breaker() == 0
    assert "13" in capsys.readouterr().out


def test_without_a_stack_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    def none(_: Namespace) -> Stack:
        raise StackError("no stack is running")

    code = main([], find=none)

    assert code == 2
    assert capsys.readouterr().err == "make resume: no stack is running\n"
