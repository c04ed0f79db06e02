"""What reading the bank costs a process that has just started: one question, and all of them.

Each round starts one process for each, one after the other; the import of `coach.questions` is not counted.
"""

import statistics
import subprocess
import sys

from tests.conftest import ROOT

CALLS = {
    "the name of a file": "questions.exists(1)",
    "one question": "questions.question(1)",
    "the whole bank": "questions.questions()",
}
PROGRAM = """
import time
from coach import questions
began = time.perf_counter()
{call}
print(time.perf_counter() - began)
"""


def measure(rounds: int) -> dict[str, float]:
    """Median seconds of each first call."""
    samples: dict[str, list[float]] = {name: [] for name in CALLS}
    for _ in range(rounds):
        for name, call in CALLS.items():
            samples[name].append(_first(call))
    return {name: statistics.median(each) for name, each in samples.items()}


def _first(call: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(call=call)],
        env={"PYTHONPATH": str(ROOT / "layers" / "coach")},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
