"""How the emulator runs functions: each execution environment is a fork of one process, the fork server.

MiniStack's own workers unpack the layer and import every library for each of them, and wait 50 ms after an invocation
for what it might print. These take its place, behind the same methods.
"""

import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import uuid
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime  # type: ignore[import-not-found]
from ministack.services import lambda_svc  # type: ignore[import-not-found]

from local.emulator import FOR_FUNCTIONS, MAX_PROCESSES
from local.process import ROOT

LIBRARIES = (
    "aws_lambda_powertools.event_handler.middlewares.openapi_validation",
    "aws_lambda_powertools.event_handler.openapi.dependant",
    "botocore.session",
    "jwt.algorithms",
    "pydantic.networks",
)
"""What takes longest of what the functions import."""

_lock = threading.Lock()


def use_forks() -> None:
    """Have the emulator run functions by `Fork`."""
    lambda_runtime._worker_class_for = lambda _config: Fork
    lambda_runtime.kill_workers = _retire


def warm_up() -> None:
    """Start an execution environment for each function that answers requests or evaluates."""
    polling = {mapping["FunctionArn"] for mapping in lambda_svc._esms._data.values()}
    for function in lambda_svc._functions._data.values():
        config = function["config"]
        if not function["policy"]["Statement"] and config["FunctionArn"] not in polling:
            continue  # a custom resource's, which only a deployment calls
        worker, _ = lambda_runtime.acquire_worker(config["FunctionName"], config, function["code_zip"])
        try:
            lambda_runtime.ensure_spawned(worker)
        finally:
            lambda_runtime.release_worker(worker)


def _retire(workers: "list[Fork]") -> None:
    """End execution environments that were taken out of their pool, each after the invocation that it is at: a function
    that is deployed anew loses no request. What is left over ends when nobody refers to it."""
    for worker in workers:
        with lambda_runtime._lock:
            worker.retired = True
            busy = worker.in_use
        if not busy and worker.is_alive():
            worker.stop()


class Fork(lambda_runtime.Worker):  # type: ignore[misc]
    """One execution environment. It takes one invocation at a time, and is forked anew after it had to make room."""

    retired = False

    def _spawn(self) -> None:
        _make_room()
        with _lock:
            code = _unpacked(self.code_zip)
            archives = [lambda_svc._resolve_layer_zip(layer) for layer in self.config.get("Layers", ())]
            layers = tuple(_unpacked(archive) / "python" for archive in archives)
            fork_server = _fork_server(layers)
        account, region = lambda_runtime._account_region_from_function_config(self.config)
        about = {
            "code": str(code),
            "path": [str(code)],
            "handler": self.config["Handler"],
            "timeout": self.config["Timeout"],
            "environment": {
                **{name: os.environ[name] for name in FOR_FUNCTIONS if name in os.environ},
                **lambda_runtime.execution_credentials(self.config),
                "AWS_ACCOUNT_ID": account,
                "AWS_REGION": region,
                "AWS_DEFAULT_REGION": region,
                "AWS_LAMBDA_FUNCTION_NAME": self.config["FunctionName"],
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.config["MemorySize"]),
                "AWS_LAMBDA_FUNCTION_VERSION": self.config.get("Version", "$LATEST"),
                "AWS_LAMBDA_LOG_STREAM_NAME": str(uuid.uuid4()),
                "LAMBDA_TASK_ROOT": str(code),
                **self.config.get("Environment", {}).get("Variables", {}),
            },
        }
        self._proc = _Process(fork_server)
        ready = self._proc.ask(about, 30) or {"error": "it ended or took longer than 30 s"}
        if "error" in ready:
            self._proc.kill()
            raise RuntimeError(f"{self.func_name} did not start: {ready['error']}")
        self._proc.pid = ready["pid"]

    def is_alive(self) -> bool:
        return self._proc is not None and self._proc.poll() is None

    def stop(self) -> None:
        self._proc.kill()

    def invoke(
        self, event: Any, request_id: str, *, trace_id: str | None, invoked_function_arn: str, **_: Any
    ) -> dict[str, Any]:
        """MiniStack's description of what came of an invocation."""
        with self._lock:
            if not self.is_alive():
                self._spawn()
            context = {"arn": invoked_function_arn, "request_id": request_id, "trace_id": trace_id}
            timeout = self.config["Timeout"]
            try:
                answer = self._proc.ask([event, context], timeout)
            except TimeoutError:
                self._proc.kill()
                return {"status": "error", "error": f"Task timed out after {timeout}.00 seconds"}
            if self.retired:
                self._proc.kill()
            return answer or {"status": "error", "error": "Worker process died"}


class _Process:
    """A forked process, with the part of `subprocess.Popen` that MiniStack uses."""

    def __init__(self, fork_server: socket.socket) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(fork_server, [b"!"], [theirs.fileno()])
        self._connection = ours
        self._lines = ours.makefile("rb")
        self._ended = False
        self.pid: int | None = None

    def ask(self, content: Any, timeout: float) -> dict[str, Any] | None:
        """What it answers, None when it has ended. Raises TimeoutError."""
        self._connection.settimeout(timeout)
        try:
            self._connection.sendall(json.dumps(content).encode() + b"\n")
            line = self._lines.readline()
        except ConnectionError:
            line = b""
        self._ended = not line
        return json.loads(line) if line else None

    def poll(self) -> int | None:
        return 1 if self._ended else None

    def kill(self) -> None:
        self._ended = True
        self._lines.close()
        self._connection.close()
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    terminate = kill

    def wait(self, timeout: float) -> None:
        """It ends at once, and the system takes it away."""


def _make_room() -> None:
    """Have one process less than the limit, as far as some are idle."""
    with lambda_runtime._lock:
        workers = [worker for pool in lambda_runtime._workers.values() for worker in pool if worker.is_alive()]
        idle = sorted((worker for worker in workers if not worker.in_use), key=lambda worker: worker.last_used)
        for worker in idle[: max(0, len(workers) - MAX_PROCESSES + 1)]:
            worker.stop()


@functools.cache
def _fork_server(layers: tuple[Path, ...]) -> socket.socket:
    """Where to ask for forks that have these layers. The process dies with this one, which leads its group."""
    ours, theirs = socket.socketpair()
    with theirs:
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "local.fork_server", *LIBRARIES],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, layers))},
            stdin=theirs.fileno(),
        )
    return ours


@functools.cache
def _unpacked(content: bytes) -> Path:
    """The folder with what an archive holds, for all environments together: nothing writes to it."""
    folder = Path(os.environ["TMPDIR"]) / f"code-{uuid.uuid4()}"
    with zipfile.ZipFile(BytesIO(content)) as archive:
        archive.extractall(folder)
    return folder
