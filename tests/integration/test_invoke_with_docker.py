"""`make invoke` with Docker: functions in Lambda's own container, on a stack that is being served."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from coach.model import Status
from coach.storage import Storage
from local import example
from local.emulator import free_port
from local.image import STACK
from local.stack import LocalStack
from tests.conftest import ROOT

PARAMETER = f"/{STACK}/token-keys"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    asking = [sys.executable, "-c", "import docker; docker.from_env().ping()"]
    if subprocess.run(asking, capture_output=True, check=False).returncode:
        pytest.skip("no Docker engine answers: nothing is run in Lambda's container")
    with LocalStack(free_port(), tmp_path_factory.mktemp("invoke")) as stack:
        yield stack


@pytest.fixture
def storage(stack: LocalStack) -> Storage:
    return Storage(stack.client("dynamodb"), stack.image.table)


def invoked(stack: LocalStack, function: str) -> Any:
    command = [sys.executable, "-m", "local.invoke", function, "--data-dir", str(stack.data_dir)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_endpoint_answers_from_the_running_stacks_table(stack: LocalStack) -> None:
    answer = invoked(stack, "get_session")

    assert answer["statusCode"] == 200
    assert answer["body"]["id"] == example.ABOUT.session_id
    assert answer["body"]["avg_score"]


def test_a_record_of_the_stream_reaches_the_running_stacks_queue(stack: LocalStack, storage: Storage) -> None:
    assert invoked(stack, "queue_evaluation") is None

    about = example.ABOUT
    deadline = time.monotonic() + 30
    while (attempt := storage.attempts.get(about.user_id, about.session_id, about.attempt_id)).status is Status.PENDING:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert attempt.status is Status.EVALUATED


def test_the_worker_evaluates(stack: LocalStack, storage: Storage) -> None:
    assert invoked(stack, "evaluate_attempt") == {"batchItemFailures": []}

    about = example.ABOUT
    assert storage.attempts.get(about.user_id, about.session_id, about.attempt_id).status is Status.EVALUATED


def test_a_custom_resource_answers_and_the_running_stacks_keys_stay(stack: LocalStack) -> None:
    ssm = stack.client("ssm")
    before = ssm.get_parameter(Name=PARAMETER, WithDecryption=True)["Parameter"]

    answer = invoked(stack, "make_token_keys")

    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["SigningKid"]
    assert ssm.get_parameter(Name=PARAMETER, WithDecryption=True)["Parameter"] == before
    assert [each["Name"] for each in ssm.describe_parameters()["Parameters"]] == [PARAMETER]
