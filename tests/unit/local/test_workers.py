"""Functions on the local stack: what their processes share, and what each has for itself, asked over Lambda's API."""

import io
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.emulator import MAX_PROCESSES, Emulator, free_port

Invoke = Callable[..., Any]

CODE = """
import os, sys, time

calls = 0

def handler(event, context):
    global calls
    calls += 1
    match event.get("do"):
        case "wait":
            time.sleep(event["seconds"])
        case "raise":
            raise ValueError("what went wrong")
        case "end":
            os._exit(1)
        case "import":
            __import__(event["module"])
        case "print":
            print(event["text"])
    return {
        "calls": calls,
        "pid": os.getpid(),
        "parent": os.getppid(),
        "environment": dict(os.environ),
        "milliseconds": context.get_remaining_time_in_millis(),
    }
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workers") / "emulator.log"


@pytest.fixture(scope="module")
def emulator(log: Path) -> Iterator[Emulator]:
    emulator = Emulator(log.with_name("state"), log, known_port=free_port())
    yield emulator
    emulator.kill()


@pytest.fixture
def invoke(emulator: Emulator, request: pytest.FixtureRequest) -> Invoke:
    """Call the test's own function, of the name that is given, and say what it returned or what went wrong."""
    lambdas = emulator.client("lambda")
    made: set[str] = set()

    def call(name: str = "f", **event: Any) -> Any:
        function = f"{request.node.name}-{name}"[-64:]
        if function not in made:
            made.add(function)
            make(lambdas, function)
        reply = lambdas.invoke(FunctionName=function, Payload=json.dumps(event))
        return json.load(reply["Payload"])

    return call


def make(lambdas: Any, name: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("app.py", CODE)
    lambdas.create_function(
        FunctionName=name,
        Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        Handler="app.handler",
        Role="arn:aws:iam::000000000000:role/function",
        Code={"ZipFile": archive.getvalue()},
        Timeout=2,
        Environment={"Variables": {"OWN": name}},
    )


def is_running(pid: int) -> bool:
    """Not one that has ended and that nobody has asked about."""
    command = ["ps", "-o", "stat=", "-p", str(pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip()[:1] not in ("", "Z")


def test_a_process_goes_on_from_one_invocation_to_the_next(invoke: Invoke) -> None:
    first, second = invoke(), invoke()

    assert (first["calls"], second["calls"]) == (1, 2)
    assert first["pid"] == second["pid"]
    assert 0 < second["milliseconds"] <= 2000


def test_invocations_at_the_same_time_have_a_process_each(invoke: Invoke) -> None:
    invoke()

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: invoke(do="wait", seconds=0.5), range(3)))

    assert len({each["pid"] for each in found}) == 3


def test_a_function_has_its_own_variables_and_none_of_the_emulators(invoke: Invoke) -> None:
    environment = invoke()["environment"]

    assert environment["OWN"].endswith("-f")
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == environment["OWN"]
    assert environment["AWS_REGION"] == "us-east-1"
    assert not {"STATE_DIR", "PERSIST_STATE", "GATEWAY_PORT", "LOG_LEVEL", "PYTHONPATH"} & set(environment)


@pytest.mark.parametrize("module", ["local", "tests", "functions"])
def test_a_function_cannot_import_what_is_not_deployed(invoke: Invoke, module: str) -> None:
    assert invoke(do="import", module=module)["errorMessage"] == f"No module named '{module}'"


def test_an_error_is_told_and_the_process_goes_on(invoke: Invoke, log: Path) -> None:
    before = invoke()

    assert invoke(do="raise")["errorMessage"] == "what went wrong"
    assert invoke()["pid"] == before["pid"]
    assert "ValueError: what went wrong" in log.read_text()


def test_what_a_function_prints_is_in_the_log_at_once(invoke: Invoke, log: Path) -> None:
    invoke(do="print", text="printed without a flush")

    assert "printed without a flush" in log.read_text()


def test_after_a_process_that_ended_comes_another(invoke: Invoke) -> None:
    before = invoke()

    assert "errorMessage" in invoke(do="end")
    after = invoke()

    assert after["calls"] == 1
    assert after["pid"] != before["pid"]


def test_a_process_that_takes_too_long_is_ended(invoke: Invoke) -> None:
    before = invoke()

    assert invoke(do="wait", seconds=60)["errorMessage"] == "Task timed out after 2.00 seconds"
    assert not is_running(before["pid"])
    assert invoke()["calls"] == 1


@pytest.mark.parametrize("_", range(3))
def test_a_function_that_is_deployed_anew_loses_no_request(invoke: Invoke, emulator: Emulator, _: int) -> None:
    old = invoke()["environment"]["OWN"]
    lambdas = emulator.client("lambda")

    with ThreadPoolExecutor(3) as pool:
        under_way = [pool.submit(invoke, do="wait", seconds=1.5) for _ in range(3)]
        time.sleep(0.3)
        began = time.monotonic()
        lambdas.update_function_configuration(FunctionName=old, Environment={"Variables": {"OWN": "new"}})
        took = time.monotonic() - began
        after = invoke()
        before = [each.result() for each in under_way]

    assert {each["environment"]["OWN"] for each in before} == {old}
    assert after["environment"]["OWN"] == "new"
    assert took < 1
    assert not any(is_running(each["pid"]) for each in before)


def test_the_process_that_has_been_idle_for_longest_makes_room(invoke: Invoke) -> None:
    pids = [invoke(str(number))["pid"] for number in range(MAX_PROCESSES + 3)]

    assert [is_running(pid) for pid in pids] == [False] * 3 + [True] * MAX_PROCESSES
    assert invoke("0")["calls"] == 1
    assert not is_running(pids[3])


def test_nothing_runs_on_when_the_emulator_is_killed(tmp_path: Path) -> None:
    emulator = Emulator(tmp_path / "state", tmp_path / "emulator.log", known_port=free_port())
    make(emulator.client("lambda"), "last")
    reply = emulator.client("lambda").invoke(FunctionName="last", Payload=b"{}")
    running = json.load(reply["Payload"])
    assert is_running(running["parent"])

    emulator.kill()

    assert not is_running(running["pid"])
    assert not is_running(running["parent"])
