"""Every event file runs for real: the built functions, under Lambda's own runtime interface emulator.

It ships inside aws-sam-cli and runs a function's process as Lambda does: with the layer on its path, the variables that
the template declares, and no library but those that Lambda's Python has. DynamoDB, SQS and SSM are MiniStack's.
"""

import contextlib
import json
import os
import platform
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Self

import pytest

from coach.table import Table
from coach.tokens import SigningKey
from local import build, environments
from local.emulator import Emulator, free_port, without_account
from local.process import kill_group
from tests.conftest import USER, create_table, template
from tests.unit.events import SESSION, Answer, functions, load

FUNCTIONS = functions()
GLOBALS = template()["Globals"]["Function"]
PARAMETER = "/coach/token-keys"


class Machine:
    """What the functions run on: their build, AWS, and the values of the variables that the template declares."""

    def __init__(self, aws: Emulator, folder: Path) -> None:
        self.aws = aws
        self.folder = folder
        self.code = build.ensure().template.parent
        self.python = environments.ensure("runtime")
        self.queue = aws.client("sqs").create_queue(QueueName="evaluations")["QueueUrl"]
        self.table = Table(aws.client("dynamodb"), "coach")
        self.values = {
            "TABLE_NAME": "coach",
            "EVALUATION_QUEUE_URL": self.queue,
            "TOKEN_KEYS_PARAMETER": PARAMETER,
            "CORS_ORIGINS": "http://localhost:8002",
            "EVALUATOR": "offline",
            "DAILY_ATTEMPT_LIMIT": "200",
            "LEASE_SECONDS": "95",
            "EVALUATION_DEADLINE_SECONDS": "75",
            "POWERTOOLS_SERVICE_NAME": "coach",
            "POWERTOOLS_METRICS_NAMESPACE": "coach",
        }
        create_table(aws.client("dynamodb"))

    @property
    def rie(self) -> Path:
        arm = platform.machine().lower() in ("arm64", "aarch64")
        name = f"aws-lambda-rie-{'arm64' if arm else 'x86_64'}"
        return next(
            environments.ensure("sam").parent.parent.glob(f"lib/python*/site-packages/samcli/local/rapid/{name}")
        )

    def token(self) -> str:
        """A fresh token of the user that the event files are about."""
        kept = self.aws.client("ssm").get_parameter(Name=PARAMETER, WithDecryption=True)["Parameter"]["Value"]
        [seed] = json.loads(kept).values()
        return SigningKey.made(bytes.fromhex(seed)).sign(USER, datetime.now(UTC))

    def run(self, function: str, event: Mapping[str, Any], *, without: str | None = None) -> "Run":
        """Start a function, with all of its variables but one, and invoke it once."""
        declared = GLOBALS["Environment"]["Variables"] | FUNCTIONS[function].get("Environment", {}).get("Variables", {})
        variables = {name: self.values.get(name, "") for name in declared if name != without}
        with Rie(self, function, variables) as rie:
            result = rie.invoke(event)
        return Run(result, rie.log.read_text(errors="replace"))


class Run:
    """What came of one invocation."""

    def __init__(self, result: Any, output: str) -> None:
        self.result = result
        self.lines = [json.loads(line) for line in output.splitlines() if line.startswith('{"level"')]
        self.output = output

    @property
    def answer(self) -> Answer:
        assert "statusCode" in self.result, self.output
        return Answer.of(self.result)

    @property
    def errors(self) -> list[str]:
        """What the log says went wrong: each message, with the error behind it."""
        return [
            f"{line['message']} {line.get('exception', '')}"
            for line in self.lines
            if line["level"] in ("ERROR", "WARNING")
        ]


class Rie:
    """One function under the emulator. It takes one invocation at a time."""

    def __init__(self, machine: Machine, function: str, variables: Mapping[str, str]) -> None:
        name = "".join(part.capitalize() for part in function.split("_"))
        properties = GLOBALS | FUNCTIONS[function]
        self._port = free_port()
        self._code = machine.code / name
        self._command = [
            *(machine.rie, "--runtime-api-address", f"127.0.0.1:{free_port()}"),
            *("--runtime-interface-emulator-address", f"127.0.0.1:{self._port}"),
            *(machine.python, "-m", "awslambdaric", properties["Handler"]),
        ]
        self._environment = {
            **without_account({"PATH": os.environ["PATH"]}),
            **variables,
            "AWS_ENDPOINT_URL": machine.aws.endpoint,
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(properties["Timeout"]),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(properties["MemorySize"]),
            "LAMBDA_TASK_ROOT": str(self._code),
            "PYTHONPATH": f"{self._code}{os.pathsep}{machine.code / 'CoachLayer' / 'python'}",
        }
        self.log = machine.folder / f"{function}-{self._port}.log"

    def __enter__(self) -> Self:
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._code,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        kill_group(self._process)

    def invoke(self, event: Mapping[str, Any]) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/2015-03-31/functions/function/invocations", json.dumps(event).encode()
        )
        deadline = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(request, timeout=100) as reply:
                    return json.load(reply)
            except urllib.error.HTTPError as failed:  # the function's process has ended
                return json.load(failed)
            except (ConnectionError, urllib.error.URLError):
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.05)


class CloudFormation(HTTPServer):
    """Where the custom resource's answer goes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.answers: list[dict[str, Any]] = []


class _Answers(BaseHTTPRequestHandler):
    server: CloudFormation

    def do_PUT(self) -> None:
        self.server.answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def cloudformation() -> Iterator[CloudFormation]:
    server = CloudFormation()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("rie")
    aws = Emulator(folder / "state", folder / "emulator.log", known_port=free_port())
    try:
        yield Machine(aws, folder)
    finally:
        aws.kill()


@pytest.fixture(scope="module")
def keys(machine: Machine) -> dict[str, Any]:
    """What CloudFormation was answered: the other functions' variables among it."""
    with cloudformation() as server:
        url = f"http://127.0.0.1:{server.server_port}/answer"
        machine.run("make_token_keys", load("make_token_keys", "") | {"ResponseURL": url})
    [answer] = server.answers
    machine.values["TOKEN_SIGNING_KID"] = answer["Data"]["SigningKid"]
    machine.values["TOKEN_PUBLIC_KEYS"] = answer["Data"]["PublicKeys"]
    return answer


@pytest.fixture(scope="module")
def sitting(machine: Machine, keys: dict[str, Any]) -> dict[str, Run]:
    """A sitting from the account to its end, by every function with the event of its file."""
    assert keys["Status"] == "SUCCESS"
    again = load("evaluate_attempt", "")
    again["Records"][0]["body"] = json.dumps(json.loads(again["Records"][0]["body"]) | {"round": 2})
    order = ["web", "preflight", "accounts", "questions", "create_session", "list_sessions", "add_attempt"]
    order += ["queue_evaluation", "give_up_attempt", "get_attempt", "request_evaluation", "evaluate_attempt"]
    order += ["list_attempts", "get_session", "end_session"]
    events = {name: load(name, machine.token()) for name in order} | {"evaluate_attempt": again}
    return {name: machine.run(name, events[name]) for name in order}


def test_the_keys_of_a_new_stack_are_made(keys: dict[str, Any], machine: Machine) -> None:
    assert keys["Status"] == "SUCCESS"
    assert keys["LogicalResourceId"] == "TokenKeys"
    assert list(json.loads(keys["Data"]["PublicKeys"])) == [keys["Data"]["SigningKid"]]
    assert machine.token()


@pytest.mark.parametrize(
    ("function", "status"),
    [
        *(("web", 200), ("preflight", 204), ("accounts", 201), ("questions", 200)),
        *(("create_session", 201), ("list_sessions", 200), ("get_session", 200), ("end_session", 200)),
        *(("add_attempt", 201), ("list_attempts", 200), ("get_attempt", 200), ("request_evaluation", 202)),
    ],
)
def test_an_http_function_answers_its_event(sitting: dict[str, Run], function: str, status: int) -> None:
    assert sitting[function].answer.status == status
    assert sitting[function].errors == []
    assert [line["message"] for line in sitting[function].lines] == ["Answered"]


def test_every_function_was_run(sitting: dict[str, Run]) -> None:
    assert {*sitting, "make_token_keys"} == set(FUNCTIONS)


def test_health_asks_the_table(sitting: dict[str, Run]) -> None:
    assert sitting["web"].answer.json() == {
        "status": "healthy",
        "database": "connected",
        "anthropic_api": "missing",
    }


def test_a_browser_is_told_what_it_may_send(sitting: dict[str, Run]) -> None:
    headers = sitting["preflight"].answer.headers

    assert headers["access-control-allow-origin"] == "http://localhost:8002"
    assert "Idempotency-Key" in headers["access-control-allow-headers"]


def test_an_account_is_made_and_its_token_is_good(sitting: dict[str, Run], machine: Machine) -> None:
    made = sitting["accounts"].answer.json()
    event = load("list_sessions", made["access_token"])

    answer = machine.run("list_sessions", event).answer

    stored = machine.table.credentials("ada@example.com")
    assert stored
    assert stored.user_id == made["user"]["id"]
    assert stored.password_hash.startswith("$argon2id$v=19$m=65536,t=3")
    assert (answer.status, answer.json()) == (200, [])


def test_the_bank_is_in_the_build(sitting: dict[str, Run]) -> None:
    questions = sitting["questions"].answer.json()

    assert questions
    assert {question["category"] for question in questions} == {"product_design"}


def test_the_session_is_listed_and_has_ended_with_its_stats(sitting: dict[str, Run]) -> None:
    made = sitting["create_session"].answer.json()
    ended = sitting["end_session"].answer.json()

    assert made["id"] == SESSION
    assert sitting["list_sessions"].answer.json() == [made]
    assert (ended["questions_count"], ended["pending_count"]) == (1, 0)
    assert ended == sitting["get_session"].answer.json() | {"ended_at": ended["ended_at"]}
    assert ended["ended_at"]


def test_the_attempt_is_pending_then_given_up_then_evaluated(sitting: dict[str, Run]) -> None:
    added, read = sitting["add_attempt"].answer.json(), sitting["get_attempt"].answer.json()
    [last] = sitting["list_attempts"].answer.json()

    assert added["status"] == "pending"
    assert (read["status"], bool(read["failure"])) == ("failed", True)
    assert last["status"] == "evaluated"
    assert last["evaluation"]["evaluator"] == "offline"
    assert 1.0 <= last["overall_score"] <= 10.0
    assert sitting["get_session"].answer.json()["avg_score"] == last["overall_score"]


def test_the_stream_puts_the_attempt_on_the_queue(sitting: dict[str, Run], machine: Machine) -> None:
    [message] = machine.aws.client("sqs").receive_message(QueueUrl=machine.queue, MaxNumberOfMessages=10)["Messages"]

    assert sitting["queue_evaluation"].result is None
    assert json.loads(message["Body"]) == json.loads(load("evaluate_attempt", "")["Records"][0]["body"])


@pytest.mark.parametrize("function", ["evaluate_attempt", "give_up_attempt"])
def test_a_worker_reports_no_failure(sitting: dict[str, Run], function: str) -> None:
    assert sitting[function].result == {"batchItemFailures": []}


# A variable is missing

ASKS_THE_TABLE = ["add_attempt", "create_session", "end_session", "get_attempt", "get_session", "list_attempts"]
ASKS_THE_TABLE += ["list_sessions", "request_evaluation", "web"]


@pytest.mark.parametrize(
    ("function", "name"),
    [*((function, "TABLE_NAME") for function in ASKS_THE_TABLE), ("get_session", "TOKEN_PUBLIC_KEYS")],
)
@pytest.mark.usefixtures("keys")
def test_a_missing_variable_is_a_plain_500_and_is_named_in_the_log(machine: Machine, function: str, name: str) -> None:
    event = load(function, machine.token())

    run = machine.run(function, event, without=name)

    assert (run.answer.status, run.answer.json()) == (500, {"detail": "Internal Server Error"})
    [error] = run.errors
    assert error.startswith(f"{name} is not set: this function gets it from template.yaml")
    assert "Traceback" not in error


@pytest.mark.parametrize("function", ["evaluate_attempt", "give_up_attempt"])
def test_a_worker_without_its_table_says_so_and_leaves_the_message_in_the_queue(
    machine: Machine, function: str
) -> None:
    event = load(function, "")

    run = machine.run(function, event, without="TABLE_NAME")

    failed = [{"itemIdentifier": record["messageId"]} for record in event["Records"]]
    assert run.result == {"batchItemFailures": failed}
    [error] = run.errors
    assert "TABLE_NAME is not set" in error


@pytest.mark.parametrize(("function", "name"), [("queue_evaluation", "EVALUATION_QUEUE_URL"), ("web", "CORS_ORIGINS")])
def test_a_function_that_cannot_even_start_fails_with_the_name_of_what_it_lacks(
    machine: Machine, function: str, name: str
) -> None:
    run = machine.run(function, load(function, ""), without=name)

    assert run.result["errorType"] == "MissingSetting"
    assert run.result["errorMessage"].startswith(f"{name} is not set")
