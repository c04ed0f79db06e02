"""Every event file runs for real: the built functions, under Lambda's own runtime interface emulator."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from local.emulator import Emulator, free_port
from tests.rie import FUNCTIONS, Machine, Rie, Run, cloudformation, make_keys
from tests.unit.events import SESSION, load


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
    return make_keys(machine)


@pytest.fixture(scope="module")
def sitting(machine: Machine, keys: dict[str, Any]) -> dict[str, Run]:
    """A sitting from the account to its end, by every function with the event of its file."""
    assert keys["Status"] == "SUCCESS"
    again = load("evaluate_attempt", "")
    again["Records"][0]["body"] = json.dumps(json.loads(again["Records"][0]["body"]) | {"round": 2})
    order = ["web", "preflight", "accounts", "questions", "create_session", "list_sessions", "add_attempt"]
    order += ["queue_evaluation", "give_up_attempt", "get_attempt", "request_evaluation", "evaluate_attempt"]
    order += ["list_attempts", "get_session", "end_session", "list_history", "progress", "mail_reset_link"]
    order += ["export_practice", "import_practice", "sweep_deleted", "delete_session"]
    events = {name: load(name, machine.token()) for name in order} | {"evaluate_attempt": again}
    return {name: machine.run(name, events[name]) for name in order}


def test_the_keys_of_a_new_stack_are_made(keys: dict[str, Any], machine: Machine) -> None:
    assert keys["Status"] == "SUCCESS"
    assert keys["LogicalResourceId"] == "TokenKeys"
    assert list(json.loads(keys["Data"]["PublicKeys"])) == [keys["Data"]["SigningKid"]]
    assert machine.token()


def test_the_api_key_is_kept_encrypted_and_only_its_place_is_told(machine: Machine) -> None:
    with cloudformation() as server:
        url = f"http://127.0.0.1:{server.server_port}/answer"
        event = load("keep_api_key", "") | {"ResponseURL": url}

        run = machine.run("keep_api_key", event)

    [answer] = server.answers
    stored = machine.aws.client("ssm").get_parameter(Name=answer["Data"]["Parameter"], WithDecryption=True)["Parameter"]
    assert answer["Status"] == "SUCCESS"
    assert (stored["Type"], stored["Value"]) == ("SecureString", event["ResourceProperties"]["Key"])
    assert event["ResourceProperties"]["Key"] not in json.dumps(answer) + run.output


@pytest.mark.parametrize(
    ("function", "status"),
    [
        *(("web", 200), ("preflight", 204), ("accounts", 201), ("questions", 200)),
        *(("create_session", 201), ("list_sessions", 200), ("get_session", 200), ("end_session", 200)),
        *(("add_attempt", 201), ("list_attempts", 200), ("get_attempt", 200), ("request_evaluation", 202)),
        *(("list_history", 200), ("progress", 200), ("delete_session", 204)),
        *(("export_practice", 200), ("import_practice", 200)),
    ],
)
def test_an_http_function_answers_its_event(sitting: dict[str, Run], function: str, status: int) -> None:
    assert sitting[function].answer.status == status
    assert sitting[function].errors == []
    assert [line["message"] for line in sitting[function].lines] == ["Answered"]


def test_every_function_was_run(sitting: dict[str, Run]) -> None:
    assert {*sitting, "make_token_keys", "keep_api_key"} == set(FUNCTIONS)


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

    stored = machine.storage.accounts.credentials("ada@example.com")
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
    created_at = load("queue_evaluation", "")["Records"][0]["dynamodb"]["NewImage"]["created_at"]["S"]
    body = json.loads(load("evaluate_attempt", "")["Records"][0]["body"])
    assert json.loads(message["Body"]) == body | {"created_at": created_at}


def test_a_link_that_was_mailed_already_is_not_mailed_again(sitting: dict[str, Run]) -> None:
    assert (sitting["mail_reset_link"].result, sitting["mail_reset_link"].errors) == (None, [])


@pytest.mark.parametrize("function", ["evaluate_attempt", "give_up_attempt"])
def test_a_worker_reports_no_failure(sitting: dict[str, Run], function: str) -> None:
    assert sitting[function].result == {"batchItemFailures": []}


# The initialisation

SESSION_ENDPOINTS = ["create_session", "list_sessions", "get_session", "end_session"]
SESSION_ENDPOINTS += ["add_attempt", "list_attempts", "get_attempt", "request_evaluation"]

FIRST_REQUEST = """
import json, sys
import app

read = []
sys.addaudithook(lambda event, args: read.append(str(args[0])) if event == "open" else None)
status = app.handler(json.load(sys.stdin), type("Context", (), dict.fromkeys(
    ("function_name", "memory_limit_in_mb", "invoked_function_arn", "aws_request_id"), "test")))["statusCode"]
print(json.dumps([status, read]))
"""
LOOKS_UP_A_HOST = ("encodings", "stringprep")


def run_python(machine: Machine, function: str, program: str, event: Any = None) -> str:
    """What a program prints that runs in a function's process, in the place of Lambda's own."""
    done = subprocess.run(
        [machine.python, "-c", program],
        env=Rie(machine, function, machine.variables(function)).environment | {"AWS_LAMBDA_RUNTIME_API": "127.0.0.1"},
        input=json.dumps(event),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("function", SESSION_ENDPOINTS)
@pytest.mark.usefixtures("sitting")
def test_the_first_request_finds_all_made(machine: Machine, function: str) -> None:
    """No module is imported and no description of a service read: both come from files."""
    printed = run_python(machine, function, FIRST_REQUEST, load(function, machine.token()))

    status, read = json.loads(printed.splitlines()[-1])
    assert status < 500
    assert [name for name in read if not any(part in name for part in LOOKS_UP_A_HOST)] == []


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.usefixtures("keys")
def test_garbage_is_collected_once_a_function_is_initialised(machine: Machine, function: str) -> None:
    assert run_python(machine, function, "import app, gc; print(gc.isenabled())") == "True\n"


# A variable is missing

ASKS_THE_TABLE = ["add_attempt", "create_session", "end_session", "get_attempt", "get_session", "list_attempts"]
ASKS_THE_TABLE += ["list_history", "list_sessions", "progress", "request_evaluation", "web"]


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
    assert error.startswith(f"{name} is not set: template.yaml gives it")
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

    assert run.result["errorType"] == "InvalidSetting"
    assert run.result["errorMessage"].startswith(f"{name} is not set")
