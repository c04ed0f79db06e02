"""Running other programs so that none outlives us."""

import contextlib
import fcntl
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.errors import LocalError

ROOT = Path(__file__).resolve().parent.parent
TRASH = ".trash"
"""What the name of a discarded folder ends in."""


def run(*command: str | Path, log: Path, env: Mapping[str, str] | None = None) -> None:
    """Run a tool in the project's folder to its end, with what it prints in `log`.

    An interruption (Ctrl-C) takes the tool along, with all that it started. Raises LocalError when the tool fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        try:
            status = process.wait()
        except BaseException:
            kill_group(process)
            raise
    if status != 0:
        tail = "\n    ".join(log.read_text(errors="replace").strip().splitlines()[-12:])
        raise LocalError(f"this failed: {shlex.join(map(str, command))}\n    {tail}\n    (all of it: {log})")


def stop_when_told() -> None:
    """From now on Ctrl-C, `kill` and a closed terminal all raise KeyboardInterrupt, the first time.

    Ctrl-C too where the shell had us ignore it, as it has what a script runs in the background: Python never raises
    anything then. A closed terminal not where we were told to outlive it, with `nohup`.
    """
    signals = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signals.remove(signal.SIGHUP)

    def interrupt(number: int, _frame: object) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)  # stopping takes a moment, and must not be interrupted itself
        raise KeyboardInterrupt(number)

    for each in signals:
        signal.signal(each, interrupt)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that leads its session, and everything that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def discard(folder: Path) -> None:
    """Delete a folder without waiting for it: ten thousands of files can take a slow disk half a minute."""
    if folder.exists():
        _delete_behind_us(folder.rename(folder.with_name(f"{folder.name}-{time.time_ns()}{TRASH}")))


def empty_trash(folder: Path) -> None:
    """Delete what was discarded in a folder by a process that was killed. Another may still be at it."""
    for trash in folder.glob(f"*{TRASH}"):
        _delete_behind_us(trash)


def _delete_behind_us(folder: Path) -> None:
    subprocess.run(["/bin/sh", "-c", 'rm -rf "$0" &', folder], stdout=subprocess.DEVNULL, check=True)  # noqa: S603


@contextlib.contextmanager
def locked(path: Path, *, busy: str | None = None) -> Iterator[None]:
    """Hold a lock that the system frees when we die. Waits for it, or raises LocalError(busy) where that is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy else 0))
        except BlockingIOError:
            raise LocalError(busy) from None
        yield
