"""Cold starts and warm invocations of the built functions, under the runtime interface emulator.

Each round starts every function once, one after another, so that whatever the machine is doing meets all of them alike;
ratios are of medians, to a floor: a handler that makes a boto3 client and gets an item. A cold start is a new process,
its imports and its first invocation; warm is the median of the invocations after it.
"""

import os
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coach import questions
from coach.model import Category
from coach.storage.limits import Allowance
from tests.anthropic_stub import AnthropicStub
from tests.rie import Machine, Rie, cloudformation, folder_of
from tests.unit.events import functions, load
from tests.unit.given import a_session, request_for

FLOOR = """import os

import boto3

client = boto3.client("dynamodb")


def handler(event, context):
    client.get_item(TableName=os.environ["TABLE_NAME"], Key={"pk": {"S": "a"}, "sk": {"S": "b"}}, ConsistentRead=True)
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": "{}"}
"""
WARM = 40
LARGE_SHARE = 0.1


@dataclass(frozen=True)
class Start:
    """Medians in seconds."""

    cold: float
    warm: float


def measure(machine: Machine, rounds: int) -> dict[str, dict[str, Start]]:
    """Per function and for `floor`: its start `as deployed` and `without .pyc`."""
    bare = without_pyc(machine)
    make_floor(machine)
    samples: dict[tuple[str, str], list[Start]] = {}
    with cloudformation() as answers:
        events = {name: load(name, machine.token()) for name in functions()} | {"floor": {}}
        for resource in ("make_token_keys", "keep_api_key"):
            events[resource]["ResponseURL"] = f"http://127.0.0.1:{answers.server_port}/answer"
        for _ in range(rounds):
            for name, event in events.items():
                for kind, code in (("as deployed", machine.code), ("without .pyc", bare)):
                    samples.setdefault((name, kind), []).append(start(machine, name, event, code))
    return {
        name: {kind: median(samples[name, kind]) for kind in ("as deployed", "without .pyc")}
        for name in ["floor", *functions()]
    }


def start(machine: Machine, function: str, event: Mapping[str, Any], code: Path) -> Start:
    with Rie(machine, function, machine.variables(function), code) as rie:
        rie.wait()
        began = time.perf_counter()
        rie.invoke(event)
        cold = time.perf_counter() - began
        warm = []
        for _ in range(WARM):
            began = time.perf_counter()
            rie.invoke(event)
            warm.append(time.perf_counter() - began)
    return Start(cold, statistics.median(warm))


def median(starts: list[Start]) -> Start:
    return Start(statistics.median(each.cold for each in starts), statistics.median(each.warm for each in starts))


def without_pyc(machine: Machine) -> Path:
    """The build as `sam build` leaves it."""
    bare = machine.folder / "bare"
    shutil.copytree(machine.code, bare, ignore=shutil.ignore_patterns("__pycache__"))
    return bare


def make_floor(machine: Machine) -> None:
    for code in (machine.code, machine.folder / "bare"):
        folder = code / "Floor"
        folder.mkdir(exist_ok=True)
        (folder / "app.py").write_text(FLOOR)
        subprocess.run([machine.python, "-m", "compileall", "-q", folder], check=True)


def large_imports(machine: Machine, function: str) -> list[tuple[str, float]]:
    """The packages whose import takes more than a tenth of all of the function's, with their share.

    Python's own account (`-X importtime`), each package with what it was the first to import.
    """
    path = f"{machine.code / folder_of(function)}{os.pathsep}{machine.code / 'CoachLayer' / 'python'}"
    done = subprocess.run(
        [machine.python, "-X", "importtime", "-c", "import app"],
        env={**machine.variables(function), "PYTHONPATH": path, "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [re.match(r"import time:\s+(\d+) \|\s+(\d+) \|\s+(\S+)", line) for line in done.stderr.splitlines()]
    rows = [(found[3], int(found[1]), int(found[2])) for found in lines if found]
    whole = sum(own for _, own, _ in rows)
    top = [(module, with_its_own / whole) for module, _, with_its_own in rows if "." not in module and module != "app"]
    return sorted((each for each in top if each[1] > LARGE_SHARE), key=lambda each: -each[1])


def throughput(machine: Machine, seconds: float) -> tuple[int, float, int]:
    """One worker with a model that takes `seconds`: answers evaluated, seconds it took, most asked at once."""
    session, _ = machine.storage.sessions.create(a_session())
    answers = [f"{questions.question(1).sample_answer} This is answer {number}." for number in range(10)]
    attempts = [
        machine.storage.attempts.add(
            session.user_id,
            session.id,
            question_id=1,
            category=Category.PRODUCT_DESIGN,
            answer_text=answer,
            time_spent_sec=None,
            idempotency_key=None,
            allowance=Allowance(10_000),
        ).attempt
        for answer in answers
    ]
    event = load("evaluate_attempt", "")
    [record] = event["Records"]
    event["Records"] = [
        record | {"messageId": f"message-{attempt.id}", "body": request_for(attempt).to_json()} for attempt in attempts
    ]
    with AnthropicStub(latency=seconds) as stub:
        variables = machine.variables("evaluate_attempt") | {
            "EVALUATOR": "claude",
            "ANTHROPIC_API_KEY": "sk-ant-test",
            "ANTHROPIC_BASE_URL": stub.base_url,
        }
        with Rie(machine, "evaluate_attempt", variables) as rie:
            rie.invoke(load("evaluate_attempt", ""))  # the cold start is another matter
            began = time.perf_counter()
            result = rie.invoke(event)
            took = time.perf_counter() - began
        if result != {"batchItemFailures": []}:
            raise RuntimeError(f"not evaluated: {result}")
        return len(attempts), took, stub.max_in_flight
