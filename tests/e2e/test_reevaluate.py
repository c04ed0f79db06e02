"""`make reevaluate` on the running stack, in a process of its own, killed in the middle."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from local.stack import LocalStack
from tests.anthropic_stub import AnthropicStub
from tests.e2e.client import Coach, waiting
from tests.e2e.conftest import ROOT
from tests.e2e.test_walk import STRONG

ANSWERS = 12
SOME = 2
"""How many are evaluated again before the command is killed."""


class Sitting:
    """A user with a session of evaluated answers, and their items in the table."""

    def __init__(self, stack: LocalStack) -> None:
        self.email = f"{uuid4()}@example.com"
        body = {"email": self.email, "password": "a long password"}
        self.coach = Coach(stack.url, Coach(stack.url).post("/auth/register", body).json()["access_token"])
        self.user = self.coach.get("/auth/me").json()["id"]
        self.session = self.coach.session()
        self._dynamodb = stack.client("dynamodb")
        self._table = stack.image.table
        for number in range(ANSWERS):
            assert self.coach.answer(self.session, f"{STRONG} Number {number} of {self.session}.").status_code == 201
        self.before = [self.coach.settled(self.session, number + 1) for number in range(ANSWERS)]

    def grade_by_an_older_rubric(self, points_less: int) -> None:
        """As if another rubric had graded all of it, and given `points_less` for each answer."""
        changes = "SET evaluation.rubric_version = :version ADD evaluation.overall :less"
        values = {":version": {"S": "2025-01"}, ":less": {"N": str(-10 * points_less)}}
        for number in range(1, ANSWERS + 1):
            self._update(f"#ATTEMPT#{number:06d}", changes, values)
        self._update("", "ADD score_sum :less", {":less": {"N": str(-10 * points_less * ANSWERS)}})

    def _update(self, behind: str, expression: str, values: dict[str, Any]) -> None:
        self._dynamodb.update_item(
            TableName=self._table,
            Key={"pk": {"S": f"USER#{self.user}"}, "sk": {"S": f"SESSION#{self.session}{behind}"}},
            UpdateExpression=expression,
            ExpressionAttributeValues=values,
        )

    def kept(self) -> list[dict[str, Any]]:
        """The evaluations that others have replaced."""
        found: list[dict[str, Any]] = self._dynamodb.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :kept)",
            ExpressionAttributeValues={":pk": {"S": f"USER#{self.user}"}, ":kept": {"S": "EVALUATION#"}},
            ConsistentRead=True,
        )["Items"]
        return found

    def now(self) -> list[dict[str, Any]]:
        return [self.coach.attempt(self.session, number) for number in range(1, ANSWERS + 1)]

    def balances(self) -> bool:
        """Whether the session's average is that of the scores, when nothing changed while they were read."""
        while True:
            before, attempts, after = self.coach.stats(self.session), self.now(), self.coach.stats(self.session)
            if before == after:
                mean = sum(attempt["overall_score"] for attempt in attempts) / ANSWERS
                return bool(after["avg_score"] == pytest.approx(mean, abs=0.005001))  # two decimals


def reevaluate(stack: LocalStack, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "operations", "--data-dir", stack.data_dir, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'layers' / 'coach'}{os.pathsep}{ROOT}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    said, _ = process.communicate(timeout=180)
    return process.returncode, said


@pytest.fixture
def sitting(claude: LocalStack) -> Sitting:
    return Sitting(claude)


def test_after_a_change_of_the_rubric_all_is_evaluated_again_though_the_command_is_killed(
    sitting: Sitting, claude: LocalStack, anthropic: AnthropicStub
) -> None:
    sitting.grade_by_an_older_rubric(points_less=1)
    asked = len(anthropic.requests)

    with anthropic.holding(after=SOME):
        first = reevaluate(claude, "--user", sitting.email, "--yes", "--at-once", "3")
        for _ in waiting("some to be evaluated again"):
            assert {attempt["status"] for attempt in sitting.now()} == {"evaluated"}
            assert sitting.balances()
            if len(sitting.kept()) == SOME:
                break
        first.send_signal(signal.SIGKILL)
        first.communicate()
    refused = {
        sitting.coach.post(f"/api/sessions/{sitting.session}/attempts/{number}/evaluation").status_code
        for number in range(1, ANSWERS + 1)
    }
    code, said = ended(reevaluate(claude, "--user", sitting.email, "--yes"))

    assert code == 0, said
    assert "claude grades now, with claude-haiku-5-5." in said
    assert "up to date" in said
    assert "1.00 on average" in said
    assert refused == {409}
    after = sitting.now()
    assert [attempt["overall_score"] for attempt in after] == [attempt["overall_score"] for attempt in sitting.before]
    assert {attempt["evaluation"]["rubric_version"] for attempt in after} == {
        attempt["evaluation"]["rubric_version"] for attempt in sitting.before
    }
    assert all(
        new["evaluation"]["evaluated_at"] > old["evaluation"]["evaluated_at"]
        for old, new in zip(sitting.before, after, strict=True)
    )
    assert sitting.balances()
    assert len(anthropic.requests) == asked + ANSWERS
    kept = sitting.kept()
    assert {item["evaluation"]["M"]["rubric_version"]["S"] for item in kept} == {"2025-01"}
    assert len(kept) == ANSWERS


def test_ctrl_c_says_how_to_go_on_and_what_is_under_way_is_done_all_the_same(
    sitting: Sitting, claude: LocalStack, anthropic: AnthropicStub
) -> None:
    sitting.grade_by_an_older_rubric(points_less=1)
    arguments = ["--user", sitting.email, "--yes", "--at-once", "3"]

    with anthropic.holding(after=SOME):
        process = reevaluate(claude, *arguments)
        for _ in waiting("some to be evaluated again"):
            if len(sitting.kept()) == SOME:
                break
        process.send_signal(signal.SIGINT)
        code, said = ended(process)
    again, said_again = ended(reevaluate(claude, *arguments))

    assert code == 130
    assert f"{' '.join(arguments)}" in said
    assert again == 0, said_again
    assert len(sitting.kept()) == ANSWERS
    assert sitting.balances()


def test_a_stack_that_is_not_running_is_named(tmp_path: Path, claude: LocalStack) -> None:
    code, said = ended(reevaluate(claude, "--data-dir", str(tmp_path), "--all"))

    assert code == 2
    assert said == f"make reevaluate: no stack is running on {tmp_path}: start it with `make run` (PORT says which)\n"
