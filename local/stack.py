"""The local stack: everything that `make run` starts, as one object."""

import contextlib
import shutil
import socket
import sqlite3
import threading
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

from local import build, environments, image, token_keys
from local.emulator import Emulator, is_free
from local.errors import LocalError
from local.journal import Follower, Journal
from local.process import ROOT, discard, empty_trash, locked
from local.settings import parameters

FOLLOW_EVERY = 0.5
"""Seconds: the most practice that is lost when everything is killed at once."""


def endpoint(data_dir: Path) -> str:
    """Where AWS clients reach the stack that another process serves. Raises LocalError when there is none."""
    none = f"no stack is running on {data_dir}: start it with `make run` (PORT says which)"
    if not (data_dir / "lock").exists():
        raise LocalError(none)
    try:
        with locked(data_dir / "lock", busy="taken"):
            pass
    except LocalError:
        pass  # as it should be
    else:
        raise LocalError(none)
    try:
        return (data_dir / "endpoint").read_text()
    except FileNotFoundError:
        raise LocalError(f"the stack on {data_dir} is still starting: try again in a moment") from None


class LocalStack:
    """The app on `port`, as a context manager; entering it builds, deploys and restores what is needed.

    `data_dir` holds all that it keeps (default `.local/<port>`), `settings` are those of `.env.example`; .env and the
    environment count for nothing here. Entering raises LocalError, one line each, and leaves nothing running.
    """

    def __init__(
        self, port: int = 8002, data_dir: Path | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        self.port = port
        self.url = f"http://localhost:{port}"
        self.data_dir = data_dir or ROOT / ".local" / str(port)
        self.log = self.data_dir / "emulator.log"
        self.parameters = parameters(settings or {}, port)
        self.restored = 0
        self._cleanup = contextlib.ExitStack()
        self._stopping = threading.Event()
        self._failure: LocalError | None = None

    def client(self, service: str) -> Any:
        """A boto3 client of one of the emulator's services."""
        return self._emulator.client(service)

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as cleanup:
            self._start(cleanup)
            self._cleanup = cleanup.pop_all()
        return self

    def _start(self, cleanup: contextlib.ExitStack) -> None:
        busy = f"port {self.port} is in use, by another `make run` or another program: stop it, or set PORT"
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        cleanup.enter_context(locked(self.data_dir / "lock", busy=busy))
        hosts = ["127.0.0.1", *(["::1"] if socket.has_ipv6 and is_free(0, "::1") else [])]
        if not all(is_free(self.port, host) for host in hosts):
            raise LocalError(busy)
        self.log.write_bytes(b"")
        (self.data_dir / "endpoint").unlink(missing_ok=True)
        empty_trash(self.data_dir)
        journal = Journal(self.data_dir / "data.sqlite")
        cleanup.callback(journal.close)
        environments.ensure("stack")
        built = build.ensure()
        keys = token_keys.kept(self.data_dir)
        self.image = image.ensure(self.data_dir / "image", built, self.parameters, keys)

        print("Starting ...", flush=True)
        serving = self.data_dir / "serving"  # a copy: whatever becomes of it, the next start begins anew
        discard(serving)
        shutil.copytree(self.image.state, serving)
        cleanup.callback(discard, serving)
        front = {
            "bind": [f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}" for host in hosts],
            "port": self.port,
            "prefix": self.image.prefix,
            "template": str(built.template),
        }
        self._emulator = Emulator(serving, self.log, known_port=self.image.known_port, front=front)
        cleanup.callback(self._emulator.kill)

        self._emulator.client("sesv2").create_email_identity(EmailIdentity=parseaddr(self.parameters["MailFrom"])[1])
        dynamodb = self._emulator.client("dynamodb")
        self.restored = journal.restore(self.image.table, dynamodb)
        follower = journal.follow(self.image.table, dynamodb, self._emulator.client("dynamodbstreams"))
        for mapping in self.image.stream_mappings:
            self._emulator.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)
        self._follower = follower
        self._thread = threading.Thread(target=self._follow, args=[follower], daemon=True)
        self._thread.start()
        self._emulator.open_gateway()
        cleanup.callback((self.data_dir / "endpoint").unlink, missing_ok=True)
        (self.data_dir / "endpoint").write_text(self._emulator.endpoint)

    def _follow(self, follower: Follower) -> None:
        """Keep the journal up to date, until stopped or until that cannot be done any more."""
        while not self._stopping.wait(FOLLOW_EVERY):
            try:
                follower.catch_up()
            except (BotoCoreError, ClientError, sqlite3.Error) as error:
                self._failure = LocalError(f"practice cannot be stored in {self.data_dir / 'data.sqlite'} ({error})")
                return

    def wait(self) -> None:
        """Serve until interrupted. Raises LocalError when the emulator dies or the data cannot be stored."""
        while self._emulator.alive() and self._thread.is_alive():
            self._thread.join(0.2)
        raise self._failure or LocalError(f"the emulator has died; see {self.log}")

    def kill(self) -> None:
        """End as if everything had been killed with SIGKILL: nothing is brought to an end, nothing is stored."""
        self._stopping.set()
        self._emulator.kill()
        self._thread.join()
        self._cleanup.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._cleanup:
            if self._stopping.is_set():
                return
            self._stopping.set()
            self._thread.join()
            if self._emulator.alive() and not self._failure:
                with contextlib.suppress(OSError):
                    self._emulator.close_gateway()
                self._follower.catch_up()
