"""The process that the functions' processes are forked from, `python -m local.fork_server LIBRARY...`.

It imports the libraries once. A fork of it has them at once, and shares their memory; a process of its own would take
a second and 75 MB for each function. Stdin is a Unix socket: each byte on it brings along one end of a socket pair and
asks for a fork that serves it, see `workers`. What functions print goes where this process prints.
"""

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import time
import traceback
from typing import Any


def main() -> None:
    for library in sys.argv[1:]:
        with contextlib.suppress(ImportError):  # a function that needs it says so
            importlib.import_module(library)
    gc.collect()
    gc.freeze()  # a garbage collection would write to every object, and so end the sharing of memory
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    asked = socket.socket(fileno=os.dup(0))
    while True:
        message, descriptors, _, _ = socket.recv_fds(asked, 1, 1)
        if not message:
            return
        with socket.socket(fileno=descriptors[0]) as connection:
            if os.fork() == 0:
                try:
                    asked.close()
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    _serve(connection)
                finally:
                    os._exit(1)


def _serve(connection: socket.socket) -> None:
    """Be one execution environment: lines of JSON come in and go out, the first is about the function."""
    lines, answers = connection.makefile("r", encoding="utf-8"), connection.makefile("w", encoding="utf-8")

    def answer(content: dict[str, Any]) -> None:
        sys.stdout.flush()
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    about = json.loads(lines.readline())
    os.environ.clear()
    os.environ.update(about["environment"])
    os.chdir(about["code"])
    sys.path[:] = [*about["path"], *sys.path[1:]]  # the first is the project's folder, which is not deployed
    del sys.modules["local"]
    try:
        module, _, name = about["handler"].rpartition(".")
        handler = getattr(importlib.import_module(module), name)
    except Exception as error:
        traceback.print_exc()
        answer({"error": str(error)})
        return
    answer({"pid": os.getpid()})
    for line in lines:
        event, context = json.loads(line)
        os.environ.pop("_X_AMZN_TRACE_ID", None)
        if context["trace_id"]:
            os.environ["_X_AMZN_TRACE_ID"] = context["trace_id"]
        try:
            answer({"status": "ok", "result": handler(event, _Context(about, context))})
        except Exception as error:
            answer({"status": "error", "error": str(error), "trace": traceback.format_exc()})


class _Context:
    """Lambda's context object."""

    identity = None
    client_context = None

    def __init__(self, about: dict[str, Any], context: dict[str, Any]) -> None:
        self.function_name = about["environment"]["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = about["environment"]["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = int(about["environment"]["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"])
        self.invoked_function_arn = context["arn"]
        self.aws_request_id = context["request_id"]
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = about["environment"]["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline = time.time() + about["timeout"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.time()) * 1000))


if __name__ == "__main__":
    main()
