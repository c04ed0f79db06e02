"""The emulator's process, `python -m local.server` in the stack environment: MiniStack, and our gateway before it.

It reads its settings as one line of JSON from stdin (see `emulator`), and dies with whoever holds the other end of
stdin. Its address for AWS clients also takes POST /_local/open and /_local/close, which open and close the gateway.
"""

import asyncio
import email
import email.policy
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve  # type: ignore[import-not-found]
from hypercorn.config import Config  # type: ignore[import-not-found]
from ministack.app import app as ministack  # type: ignore[import-not-found]
from ministack.services import lambda_svc, ses_v2  # type: ignore[import-not-found]

from local import workers
from local.gateway import Gateway, Message, Receive, Send
from local.template import gateway_responses


def main() -> None:
    settings = json.loads(sys.stdin.readline())
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _log_errors()
    _log_mails()
    workers.use_forks()
    config = Config()
    config.bind = [f"127.0.0.1:{settings['aws_port']}", *settings.get("bind", [])]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 3
    config.loglevel = "WARNING"
    gateway = None
    if settings.get("bind"):
        responses = gateway_responses(Path(settings["template"]))
        gateway = Gateway(ministack, settings["prefix"], settings["port"], responses)

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if gateway and scope["type"] != "lifespan" and scope["server"][1] == settings["port"]:
            await gateway(scope, receive, send)
        elif gateway and scope["type"] == "http" and scope["path"] in ("/_local/open", "/_local/close"):
            if scope["path"].endswith("open"):
                await asyncio.to_thread(workers.warm_up)
                await gateway.open()
            else:
                await gateway.close()
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await ministack(scope, receive, send)

    asyncio.run(serve(app, config))  # until SIGTERM, then MiniStack writes its state


def _die_with_parent() -> None:
    """Kill this process and its functions once nobody holds stdin any more, however our parent ended."""
    sys.stdin.read()
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _log_errors() -> None:
    """Log the errors of functions. What these print is in the log already; MiniStack would keep all of it in memory, as
    CloudWatch Logs."""
    log = logging.getLogger("function")

    def emit(function: dict[str, Any], _request_id: str, text: str, error: bool, _milliseconds: int, **_: Any) -> None:
        if error:
            log.error("%s\n%s", function.get("config", function)["FunctionName"], text.rstrip())

    lambda_svc._emit_lambda_logs = emit


def _log_mails() -> None:
    """Log the mails that functions send: nobody else gets them."""
    log = logging.getLogger("mail")

    def show(_from: str, to: list[str], message: str) -> None:
        text = email.message_from_string(message, policy=email.policy.default).get_body()
        log.warning("to %s\n%s", ", ".join(to), text.get_content() if text else message)

    ses_v2._smtp_relay = show


if __name__ == "__main__":
    main()
