"""Cold starts and warm invocations of the built functions, under the runtime interface emulator.

Ratios are to a floor, a handler that makes a boto3 client and gets an item: each start of a function is compared with
one of the floor right before it, so that whatever the machine is doing meets both alike. A cold start is a new process,
its imports and its first invocation; warm is the median of the invocations after it. Both are what a caller waits for;
the first invocation alone, after the initialisation, is what the emulator's log says it took.
"""

import os
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coach import questions
from coach.model import Category
from coach.storage.limits import Allowance
from tests.anthropic_stub import AnthropicStub
from tests.benchmarks.at_once import AtOnce
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
WARM = 20
LARGE_SHARE = 0.1
KINDS = ("emulator", "at once", "without .pyc")
"""AWS is the emulator; or it answers at once, which leaves the function's own time; or that with nothing compiled."""


@dataclass(frozen=True)
class Start:
    """In seconds. `warm` is a median."""

    cold: float
    first: float
    warm: float


class Starts:
    """Starts of one function, each with one of the floor right before it."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Start, Start]] = []

    def ratio(self, figure: str) -> float:
        ratios: list[float] = [getattr(own, figure) / getattr(floor, figure) for floor, own in self.pairs]
        return statistics.median(ratios)

    def first(self) -> float:
        return statistics.median(own.first for _, own in self.pairs)


def measure(machine: Machine, rounds: int) -> dict[str, dict[str, Starts]]:
    """Per function: its starts by each of KINDS."""
    bare = without_pyc(machine)
    make_floor(machine)
    found = {name: {kind: Starts() for kind in KINDS} for name in functions()}
    with ExitStack() as running:
        answers = running.enter_context(cloudformation())
        events: dict[str, Any] = {name: load(name, machine.token()) for name in functions()} | {"floor": {}}
        for resource in ("make_token_keys", "keep_api_key"):
            events[resource]["ResponseURL"] = f"http://127.0.0.1:{answers.server_port}/answer"
        at_once = {name: running.enter_context(AtOnce(machine.aws)).endpoint for name in events}

        def started(name: str, kind: str) -> Start:
            code = bare if kind == "without .pyc" and name != "floor" else machine.code
            return start(
                machine, name, events[name], code, machine.aws.endpoint if kind == "emulator" else at_once[name]
            )

        for _ in range(rounds):
            for name, kinds in found.items():
                for kind, starts in kinds.items():
                    starts.pairs.append((started("floor", kind), started(name, kind)))
    return found


def start(machine: Machine, function: str, event: Mapping[str, Any], code: Path, endpoint: str) -> Start:
    with Rie(machine, function, machine.variables(function) | {"AWS_ENDPOINT_URL": endpoint}, code) as rie:
        rie.wait()
        began = time.perf_counter()
        rie.invoke(event)
        cold = time.perf_counter() - began
        warm = []
        for _ in range(WARM):
            began = time.perf_counter()
            rie.invoke(event)
            warm.append(time.perf_counter() - began)
        first = re.search(r"INVOKE RTDONE\(.*duration: ([\d.]+)ms\)", rie.log.read_text(errors="replace"))
        assert first, rie.log
    return Start(cold, float(first[1]) / 1000, statistics.median(warm))


def without_pyc(machine: Machine) -> Path:
    """The build as `sam build` leaves it."""
    bare = machine.folder / "bare"
    shutil.copytree(machine.code, bare, ignore=shutil.ignore_patterns("__pycache__"))
    return bare


def make_floor(machine: Machine) -> None:
    folder = machine.code / "Floor"
    folder.mkdir(exist_ok=True)
    (folder / "app.py").write_text(FLOOR)
    # What the runtime brings along is compiled, whatever our build is.
    libraries = machine.python.parent.parent / "lib"
    subprocess.run([machine.python, "-m", "compileall", "-q", folder, libraries], check=True)


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
            "ANTHROPIC_API_KEY_PARAMETER": "",
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
