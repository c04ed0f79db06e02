"""`make invoke` without Docker: what SAM is told, the practice that the events are about, and what can be wrong."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coach.storage import Storage
from local import example
from local.invoke import declaring, has_failed, legible
from tests.conftest import OTHER, ROOT
from tests.unit.events import SESSION, functions, invoke, load
from tests.unit.given import a_session, a_user

# The template


def test_sam_is_told_the_variables_of_the_deployed_function_and_finds_the_code_from_anywhere() -> None:
    told = declaring(ROOT / "template.yaml", "GetSession", {"TABLE_NAME": "coach", "AWS_ENDPOINT_URL": "http://x"})

    function, layer = (told["Resources"][name]["Properties"] for name in ("GetSession", "CoachLayer"))
    assert function["Environment"]["Variables"].keys() == {"TABLE_NAME", "AWS_ENDPOINT_URL"}
    assert function["CodeUri"] == str(ROOT / "functions/get_session")
    assert layer["ContentUri"] == str(ROOT / "layers/coach")


# The example


@pytest.mark.usefixtures("functions")
@pytest.mark.parametrize(
    ("function", "status"),
    [
        *(("create_session", 201), ("list_sessions", 200), ("get_session", 200), ("end_session", 200)),
        *(("add_attempt", 201), ("list_attempts", 200), ("get_attempt", 200), ("request_evaluation", 202)),
        *(("delete_session", 204), ("web", 200), ("preflight", 204), ("questions", 200)),
    ],
)
def test_an_event_is_answered_with_success_however_often(storage: Storage, function: str, status: int) -> None:
    for _ in range(2):
        example.prepare(storage, function)

        assert invoke(function, load(function)).status == status


@pytest.mark.usefixtures("functions")
def test_the_session_that_is_shown_has_a_score(storage: Storage) -> None:
    example.prepare(storage, "get_session")

    session = invoke("get_session", load("get_session")).json()
    [attempt] = invoke("list_attempts", load("list_attempts")).json()

    assert (session["id"], session["questions_count"], session["pending_count"]) == (SESSION, 1, 0)
    assert session["avg_score"] == attempt["overall_score"]
    assert attempt["evaluation"]["evaluator"] == "offline"


def test_the_worker_finds_its_attempt_waiting(storage: Storage) -> None:
    for _ in range(2):
        example.prepare(storage, "evaluate_attempt")

        assert storage.evaluations.take_lease(example.ABOUT, seconds=95)


def test_nobody_elses_practice_is_touched(storage: Storage) -> None:
    theirs = storage.sessions.create(a_session(OTHER))[0]

    example.prepare(storage, "create_session")

    assert storage.sessions.get(OTHER, theirs.id) == theirs


def test_the_account_can_be_registered_each_time(storage: Storage) -> None:
    for _ in range(2):
        example.prepare(storage, "accounts")

        storage.accounts.register(a_user(), "a hash")


def test_an_account_of_this_address_that_has_practised_stays(storage: Storage) -> None:
    user = a_user()
    storage.accounts.register(user, "a hash")
    storage.sessions.create(a_session(user.id))

    example.prepare(storage, "accounts")

    assert storage.accounts.credentials(user.email or "")


# What is told


@pytest.mark.parametrize(
    ("response", "failed"),
    [
        (None, False),
        ({"statusCode": 404, "body": ""}, False),
        ({"statusCode": 500, "body": ""}, True),
        ({"errorMessage": "TABLE_NAME is not set", "errorType": "InvalidSetting"}, True),
        ({"batchItemFailures": []}, False),
        ({"batchItemFailures": [{"itemIdentifier": "1"}]}, True),
        ({"Status": "SUCCESS"}, False),
        ({"Status": "FAILED"}, True),
    ],
)
def test_the_command_fails_when_the_function_did(response: Any, failed: bool) -> None:
    assert has_failed(response) is failed


def test_a_body_is_shown_as_json_where_it_is_that() -> None:
    assert legible({"statusCode": 200, "body": '{"a": 1}'})["body"] == {"a": 1}
    assert legible({"statusCode": 200, "body": "<html>"})["body"] == "<html>"


def complaint(*arguments: str | Path, **environment: str) -> str:
    """The one line that the command ends with."""
    command = [sys.executable, "-m", "local.invoke", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("name", ["", "get_sessions"])
def test_a_function_that_there_is_not_is_answered_with_those_there_are(name: str) -> None:
    said = complaint(name)

    assert name in said
    assert said.endswith(", ".join(sorted(functions())))


def test_an_event_that_there_is_not_is_named(tmp_path: Path) -> None:
    assert "other.json cannot be read" in complaint("get_session", tmp_path / "other.json")


def test_without_a_stack_it_is_said_how_to_start_one(tmp_path: Path) -> None:
    assert "start it with `make run`" in complaint("get_session", "--data-dir", tmp_path / "none")
