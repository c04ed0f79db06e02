"""A handle on the emulator: starts `local.server` in its own environment, waits for it, stops it."""

import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from local import environments
from local.errors import LocalError
from local.process import ROOT, discard, kill_group

INHERITED = ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")
"""What a function may need in order to reach Claude from here. Nothing else of our environment gets into one."""

FOR_FUNCTIONS = (
    *INHERITED,
    "AWS_CONFIG_FILE",
    "AWS_ENDPOINT_URL",
    "AWS_SHARED_CREDENTIALS_FILE",
    "HOME",
    "TMPDIR",
    "TZ",
)
"""What functions get of the emulator's environment."""

MAX_PROCESSES = 24
"""Of functions, together: more than a few candidates keep busy. The one that has been idle for longest makes room for
another."""


def without_account(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the AWS account that this machine may have, and with no proxy before the emulator."""
    no_proxy = f"{environment.get('NO_PROXY', environment.get('no_proxy', ''))},127.0.0.1,localhost".lstrip(",")
    return {name: value for name, value in environment.items() if not name.startswith("AWS_")} | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
    }


class Emulator:
    """AWS on this machine, at `endpoint`. `state` is read at the start and written by a clean `stop`.

    `known_port` is the port that MiniStack believes itself on: it is part of the names of queues, so a state must be
    served under the one it was made with, whatever the real port is by now. `front` describes the gateway on the
    user's port, see `server`; without it there is none.
    """

    def __init__(self, state: Path, log: Path, *, known_port: int, front: Mapping[str, Any] | None = None) -> None:
        self._temporary = log.with_name("tmp")
        discard(self._temporary)  # a killed emulator leaves its functions' files here
        self._temporary.mkdir(parents=True)
        self._port = known_port if is_free(known_port) else free_port()
        self.endpoint = f"http://127.0.0.1:{self._port}"
        self._log = log
        python = environments.ensure("stack")
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603
                [python, "-m", "local.server"],
                cwd=ROOT,
                env=self._environment(state, known_port),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            assert self._process.stdin  # noqa: S101
            self._process.stdin.write(json.dumps({"aws_port": self._port, **(front or {})}).encode() + b"\n")
            self._process.stdin.flush()
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def _environment(self, state: Path, known_port: int) -> dict[str, str]:
        return {
            **without_account({name: os.environ[name] for name in INHERITED if name in os.environ}),
            "AWS_ENDPOINT_URL": self.endpoint,  # the functions' clients go here
            "DOCKER_HOST": "unix:///nonexistent",
            "GATEWAY_PORT": str(known_port),
            "HOME": str(self._temporary),
            "IOT_MTLS_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "LAMBDA_WARM_TTL_SECONDS": "60",  # then all of a function's idle processes but one are ended
            "LOG_LEVEL": "WARNING",
            "MINISTACK_HOST": "127.0.0.1",
            "PERSIST_STATE": "1",
            "SFTP_ENABLED": "0",
            "STATE_DIR": str(state),
            "TMPDIR": str(self._temporary),
            "TZ": "UTC",
        }

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.alive():
            with contextlib.suppress(OSError):
                if self._request("GET", "/_ministack/ready") == 200:
                    return
            time.sleep(0.05)
        raise LocalError(f"the emulator did not start; see {self._log}")

    def _request(self, method: str, path: str) -> int:
        # To open the gateway is to start each function once, which takes a busy machine a while.
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        with contextlib.closing(connection):
            connection.request(method, path)
            return connection.getresponse().status

    def client(self, service: str) -> Any:
        """A boto3 client of one service."""
        session = boto3.Session("test", "test", region_name="us-east-1")
        return session.client(service, endpoint_url=self.endpoint)  # type: ignore[call-overload]

    def open_gateway(self) -> None:
        self._request("POST", "/_local/open")

    def close_gateway(self) -> None:
        """Take no further requests; returns when those under way are answered."""
        self._request("POST", "/_local/close")

    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """Stop cleanly: the state is written."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            raise LocalError(f"the emulator did not stop; see {self._log}") from None
        finally:
            self.kill()

    def kill(self) -> None:
        """Stop at once, with the functions' processes and their files."""
        kill_group(self._process)
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        discard(self._temporary)


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((host, port))
            candidate.listen()
        except OSError:
            return False
    return True


def free_port() -> int:
    """A free port that this process has not given before: what it was given for may not have bound it yet."""
    return next(port for port in _PORTS if is_free(port))


# Below those that outgoing connections take, so that a port is likely to be free next time too.
_PORTS = iter(random.SystemRandom().sample(range(20_000, 30_000), 10_000))
