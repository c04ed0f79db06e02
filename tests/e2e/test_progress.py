"""Progress on the running stack: figures agree with the lists, also after a crash, and over a change of the table."""

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coach import questions
from coach.storage import Storage
from local.emulator import free_port
from local.journal import Journal
from local.stack import LocalStack
from operations import stacks, upgrade
from tests.conftest import USER, create_table
from tests.e2e.client import Coach, waiting
from tests.e2e.conftest import strong_answer
from tests.unit.former import as_before, practise

PROGRESS = [
    "/api/stats/overview",
    "/api/stats/by-category",
    "/api/stats/by-criterion?category=strategy",
    "/api/stats/trend",
    "/api/stats/heatmap",
    "/api/attempts",
    "/api/questions/2/attempts",
    "/api/questions/next",
]


def progress(coach: Coach) -> list[Any]:
    answers = [coach.get(path) for path in PROGRESS]
    assert [answer.status_code for answer in answers] == [200] * len(PROGRESS)
    return [answer.json() for answer in answers]


def test_figures_agree_with_the_list_also_after_everything_was_killed(tmp_path: Path) -> None:
    port = free_port()
    with LocalStack(port, tmp_path) as stack:
        coach = Coach.registered(stack.url)
        session, exam = coach.session(), coach.session(mode="exam")
        coach.session()
        for number, question_id in enumerate((2, 3, 2), start=1):
            coach.answer(session, strong_answer(question_id), question_id)
            coach.settled(session, number)
        coach.answer(exam, strong_answer(1), 1)
        coach.settled(exam)

        overview, by_category, by_criterion, trend, heatmap, history, answers, following = progress(coach)

        scores = [row["overall_score"] for row in history if row["overall_score"] is not None]
        assert (overview["total_attempts"], overview["sessions_count"]) == (len(history), 3) == (4, 3)
        assert (overview["evaluated_attempts"], overview["evaluator"]) == (len(scores), "offline") == (3, "offline")
        assert overview["average_score"] == pytest.approx(sum(scores) / 3, abs=0.005001)
        assert {row["category"]: row["attempts"] for row in by_category if row["attempts"]} == {
            "strategy": 2,
            "execution": 1,
        }
        assert [row["attempts"] for row in by_criterion] == [2] * len(by_criterion)
        assert [day["attempts"] for day in trend] == [3]
        assert heatmap[-1] == {"date": datetime.now(UTC).date().isoformat(), "attempts": 4}
        assert [each["change"] is not None for each in answers] == [False, True]
        assert questions.category(following["id"]) == "analytical"
        for _ in waiting("the journal to have it all", 10):
            if len(coach.get("/api/attempts").json()) == 4 and _stored(stack, tmp_path):
                break
        stack.kill()

    with LocalStack(port, tmp_path) as stack:
        assert progress(coach) == [overview, by_category, by_criterion, trend, heatmap, history, answers, following]


def _stored(stack: LocalStack, data_dir: Path) -> bool:
    """Whether the journal has all that the table has."""
    journal = Journal(data_dir / "data.sqlite")
    try:
        kept = {(item["pk"]["S"], item["sk"]["S"]): item for item in journal.items()}
    finally:
        journal.close()
    table = stack.client("dynamodb").scan(TableName=stack.image.table, ConsistentRead=True)["Items"]
    return kept == {(item["pk"]["S"], item["sk"]["S"]): item for item in table}


def test_a_former_table_is_copied_and_what_waits_there_is_evaluated(offline: LocalStack) -> None:
    client = offline.client("dynamodb")
    create_table(client, "former")
    former, storage = Storage(client, "former"), Storage(client, offline.image.table)
    practise(former)
    expected = former.histories.of(USER)
    as_before(client, "former")
    pending = [each for each in expected.attempts if each.status == "pending"]

    def find(options: Namespace) -> stacks.Stack:
        options.data_dir = offline.data_dir
        return stacks.find(options)

    assert upgrade.main(["--from", "former"], find=find) == 0

    for _ in waiting("what was pending in the former table to be evaluated"):
        if not any(each.status == "pending" for each in storage.histories.of(USER).attempts):
            break
    history = storage.histories.of(USER)
    assert pending
    assert history.open_exams == expected.open_exams
    assert [each for each in history.attempts if each.status == "failed"] == [
        each for each in expected.attempts if each.status == "failed"
    ]
    assert upgrade.main(["--from", "former"], find=find) == 0
    assert storage.histories.of(USER) == history
