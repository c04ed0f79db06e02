"""Ctrl-C stops a command, also one that runs in the background of a script, where the shell has it ignore Ctrl-C."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WAITS = """
import sys
from local.process import stop_when_told

stop_when_told()
try:
    print("ready", flush=True)
    sys.stdin.read()
except KeyboardInterrupt:
    print("stopped")
"""


def heed_all() -> None:
    """Whoever runs the tests may ignore signals, as `nohup` does, and what they start would as well."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)


def started(*command: str, ignoring: str) -> "subprocess.Popen[str]":
    """A command of Python's as a shell starts it that ignores a signal."""
    return subprocess.Popen(
        ["/bin/sh", "-c", f'trap "" {ignoring}; exec "$@"', "sh", sys.executable, *command],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT / 'layers' / 'coach'}{os.pathsep}{ROOT}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_all,
    )


@pytest.mark.parametrize(
    ("ignored", "sent"),
    [("INT", signal.SIGINT), ("INT", signal.SIGTERM), ("INT", signal.SIGHUP), ("HUP", signal.SIGINT)],
)
def test_a_command_stops_when_it_is_told_to(ignored: str, sent: signal.Signals) -> None:
    with started("-c", WAITS, ignoring=ignored) as process:
        assert process.stdout
        process.stdout.readline()

        process.send_signal(sent)

        assert process.stdout.read() == "stopped\n"


def test_a_command_that_is_to_outlive_its_terminal_does() -> None:
    with started("-c", WAITS, ignoring="HUP") as process:
        assert process.stdout
        process.stdout.readline()

        process.send_signal(signal.SIGHUP)
        said, _ = process.communicate("")

        assert (process.returncode, said) == (0, "")


def test_an_import_that_is_interrupted_says_what_it_has_written(tmp_path: Path) -> None:
    table = tmp_path / "questions.csv"
    os.mkfifo(table)
    with started("-m", "bank_import", str(table), "--dry-run", ignoring="INT") as process, table.open("wb"):
        process.send_signal(signal.SIGINT)
        said, complaint = process.communicate()

    assert (process.returncode, said) == (130, "")
    assert complaint == "\nInterrupted. Nothing was written.\n"
