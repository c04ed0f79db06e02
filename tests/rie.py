"""Built functions under the runtime interface emulator that ships inside aws-sam-cli.

It runs a function's process as Lambda does: with the layer on its path, the variables that the template declares, and
no library but those that Lambda's Python has. DynamoDB, SQS and SSM are MiniStack's.
"""

import contextlib
import json
import os
import platform
import socket
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

from coach.identity.tokens import SigningKey
from coach.storage import Storage
from local import build, environments
from local.emulator import Emulator, free_port, without_account
from local.process import kill_group
from tests.conftest import USER, create_table, template
from tests.unit.events import Answer, functions, load

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
        self.storage = Storage(aws.client("dynamodb"), "coach")
        self.values = {
            "TABLE_NAME": "coach",
            "EVALUATION_QUEUE_URL": self.queue,
            "TOKEN_KEYS_PARAMETER": PARAMETER,
            "ANTHROPIC_API_KEY_PARAMETER": "/coach/anthropic-api-key",
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
        variables = {name: value for name, value in self.variables(function).items() if name != without}
        with Rie(self, function, variables) as rie:
            result = rie.invoke(event)
        return Run(result, rie.log.read_text(errors="replace"))

    def variables(self, function: str) -> dict[str, str]:
        """The values of the variables that the template declares for a function."""
        own = FUNCTIONS.get(function, {}).get("Environment", {}).get("Variables", {})
        return {name: self.values.get(name, "") for name in GLOBALS["Environment"]["Variables"] | own}


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

    def __init__(
        self, machine: Machine, function: str, variables: Mapping[str, str], build_folder: Path | None = None
    ) -> None:
        """`build_folder`: another build than the machine's."""
        code = build_folder or machine.code
        name = folder_of(function)
        properties = GLOBALS | FUNCTIONS.get(function, {})
        self._port = free_port()
        self._code = code / name
        self._command = [
            *(machine.rie, "--runtime-api-address", f"127.0.0.1:{free_port()}"),
            *("--runtime-interface-emulator-address", f"127.0.0.1:{self._port}"),
            *(machine.python, "-m", "awslambdaric", properties["Handler"]),
        ]
        self.environment = {
            **without_account({"PATH": os.environ["PATH"]}),
            "AWS_ENDPOINT_URL": machine.aws.endpoint,
            **variables,
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(properties["Timeout"]),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(properties["MemorySize"]),
            "LAMBDA_TASK_ROOT": str(self._code),
            "PYTHONDONTWRITEBYTECODE": "1",  # Lambda's file system is read-only
            "PYTHONPATH": f"{self._code}{os.pathsep}{code / 'CoachLayer' / 'python'}",
        }
        self.log = machine.folder / f"{function}-{self._port}.log"

    def __enter__(self) -> Self:
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._code,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        kill_group(self._process)

    def wait(self) -> None:
        """Until the emulator listens; the function's process starts with the first invocation."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return
            time.sleep(0.01)
        raise TimeoutError(f"the runtime interface emulator did not start; see {self.log}")

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


def make_keys(machine: Machine) -> dict[str, Any]:
    """Make the token keys as the stack does, and return what CloudFormation was answered."""
    with cloudformation() as server:
        url = f"http://127.0.0.1:{server.server_port}/answer"
        machine.run("make_token_keys", load("make_token_keys", "") | {"ResponseURL": url})
    [answer] = server.answers
    machine.values["TOKEN_SIGNING_KID"] = answer["Data"]["SigningKid"]
    machine.values["TOKEN_PUBLIC_KEYS"] = answer["Data"]["PublicKeys"]
    return answer


def folder_of(function: str) -> str:
    """A function's folder in the build: its logical id."""
    return "".join(part.capitalize() for part in function.split("_"))
