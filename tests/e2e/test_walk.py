"""The acceptance walk, typed into a shell as the README has it, and what survives a crash of the whole stack."""

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from local.__main__ import FIRST_ANSWER
from local.emulator import free_port
from local.stack import LocalStack
from tests.e2e.client import Coach
from tests.e2e.conftest import ROOT, strong_answer

STRONG = (
    "The goal is less time from the barrier to the shop door, since every minute lost in the garage is spent outside "
    "the shops. I would serve occasional weekend visitors first rather than regulars, because they arrive in the hours "
    "when the parking garage of the mall fills, and know it least."
)

EMPTY_HEADED = "I would make a really great app that everybody loves, with a great design and lots of good features."


def typed(script: str) -> list[str]:
    """The lines that a shell prints for a script."""
    done = subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.splitlines()


def walk(url: str) -> tuple[str, str]:
    """The acceptance walk as it stands in the README, for a new user of the stack at `url`, before and after it waits
    for the evaluation. The latter part needs the variables that the former prints last."""
    section = (ROOT / "README.md").read_text().split("## The acceptance walk")[1].split("\n## ")[0]
    script = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[0]
    script = script.replace("http://localhost:8002", url).replace("you@example.com", f"{uuid4()}@example.com")
    before, after = script.split("sleep 2\n")
    return f'{before}\necho "TOKEN=$TOKEN ID=$ID"', after


def promised() -> Any:
    """What the README says that comes of the walk."""
    section = (ROOT / "README.md").read_text().split("## The acceptance walk")[1].split("\n## ")[0]
    return json.loads(re.findall(r"```json\n(.*?)```", section, re.DOTALL)[0])


def shown(found: Any, *, as_in: Any) -> Any:
    """The part of what was found that has a place in another value."""
    if isinstance(as_in, dict):
        return {name: shown(found[name], as_in=part) for name, part in as_in.items()}
    if isinstance(as_in, list):
        return [shown(each, as_in=part) for each, part in zip(found, as_in, strict=True)]
    return found


@pytest.mark.parametrize(("stack", "evaluator"), [("offline", "offline"), ("claude", "claude")])
def test_the_acceptance_walk_works_as_typed(stack: str, evaluator: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(stack).url
    until_it_waits, afterwards = walk(url)

    *printed, variables = typed(until_it_waits)
    before, added, ended = map(json.loads, printed)
    coach = Coach(url, variables.split()[0].removeprefix("TOKEN="))
    coach.settled(before["id"])
    [printed_last] = typed(f"{variables}\n{afterwards}")
    listed = json.loads(printed_last)

    assert before["session_id"] == before["id"]
    assert before["started_at"]
    assert before["questions_count"] == 0
    assert added["status"] == "pending"
    assert added["answer_text"] == json.loads(FIRST_ANSWER.read_text())["answer_text"], "`make run` sends the same"
    assert ended["ended_at"]
    assert [attempt["evaluation"]["evaluator"] for attempt in listed] == [evaluator]
    assert coach.stats(before["id"])["avg_score"] == listed[0]["overall_score"]
    if evaluator == "offline":
        assert shown(listed, as_in=promised()) == promised()


def test_an_empty_headed_answer_scores_low_and_a_strong_one_high(coach: Coach) -> None:
    session = coach.session()
    coach.answer(session, EMPTY_HEADED)
    coach.answer(session, strong_answer(1))

    weak, strong = (coach.settled(session, number) for number in (1, 2))

    assert weak["overall_score"] <= 4.0
    assert strong["overall_score"] >= 7.0
    assert all(quote in strong_answer(1) for criterion in strong["criteria"] for quote in criterion["evidence"])


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", None])
def test_what_is_no_utf_8_is_refused_and_not_stored(coach: Coach, content_type: str | None) -> None:
    session = coach.session()
    sent = b'{"question_id": 1, "answer_text": "' + STRONG.encode() + b'\xff\xfe"}'
    headers = {"Authorization": f"Bearer {coach.token}"} | ({"Content-Type": content_type} if content_type else {})

    refused = requests.post(f"{coach.url}/api/sessions/{session}/attempts", sent, headers=headers, timeout=60)

    assert refused.status_code == 422
    assert coach.stats(session)["questions_count"] == 0


def test_nothing_is_gone_after_everything_was_killed(tmp_path: Path) -> None:
    port = free_port()
    with LocalStack(port, tmp_path) as stack:
        coach = Coach.registered(stack.url)
        session = coach.session(category_filter="strategy")
        coach.answer(session, strong_answer(2), question_id=2)
        evaluated = coach.settled(session)
        ended = coach.post(f"/api/sessions/{session}/end").json()
        waited = coach.session()
        for _ in range(3):
            coach.answer(waited, STRONG)
        time.sleep(3)  # whatever was stored ten seconds ago must survive; what the journal promises is less
        stack.kill()

    with LocalStack(port, tmp_path) as stack:
        attempts = [coach.settled(waited, number) for number in (1, 2, 3)]

        assert coach.attempt(session) == evaluated
        assert coach.stats(session) == ended
        assert [attempt["status"] for attempt in attempts] == ["evaluated"] * 3
        assert coach.stats(waited)["pending_count"] == 0


def test_two_stacks_do_not_disturb_each_other(offline: LocalStack, claude: LocalStack) -> None:
    here, there = Coach.registered(offline.url), Coach.registered(claude.url)
    session = here.session()

    assert Coach(claude.url, here.token).get(f"/api/sessions/{session}").status_code == 401
    assert there.get(f"/api/sessions/{session}").status_code == 404


def test_an_exam_tells_what_the_grader_says_when_it_is_ended(coach: Coach) -> None:
    exam = coach.session(mode="exam", timer_minutes=60)
    coach.answer(exam, STRONG)

    before = coach.settled(exam)
    average, sample = coach.stats(exam)["avg_score"], coach.get("/api/questions/1").json()["sample_answer"]
    ended = coach.post(f"/api/sessions/{exam}/end").json()
    after = coach.attempt(exam)

    assert (before["status"], before["overall_score"], before["criteria"], average) == ("evaluated", None, [], None)
    assert sample is None
    assert ended["avg_score"] == after["overall_score"] is not None
    assert after["criteria"]
    assert coach.get("/api/questions/1").json()["sample_answer"]
