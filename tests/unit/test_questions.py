"""The question bank: what it serves, and what it reads to serve it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coach import questions
from coach.errors import NotFound
from coach.model import Category, Difficulty

FRONT = """\
id = 1
subcategory = "Market Entry"
difficulty = "hard"
frameworks = ["SWOT"]
source = "PM Interview Coach"
created_at = 2026-11-21T09:00:00Z"""

BODY = """\
# Question

Should a bakery open at night?

## Hint

Who is awake?

## Sample answer

It depends on who walks by."""


def write(bank: Path, *, name: str = "strategy/0001-night-bakery.md", front: str = FRONT, body: str = BODY) -> Path:
    path = bank / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"+++\n{front}\n+++\n\n{body}\n", encoding="utf-8")
    return path


def test_the_first_seven_questions_cover_the_seven_categories() -> None:
    found = questions.questions()

    assert [(each.id, each.category, each.subcategory, each.difficulty) for each in found[:7]] == [
        (1, "product_design", "Mobile App Design", "medium"),
        (2, "strategy", "Market Entry", "hard"),
        (3, "execution", "Prioritization", "medium"),
        (4, "analytical", "Estimation", "medium"),
        (5, "project_management", "Timeline Planning", "medium"),
        (6, "app_critique", "UX Evaluation", "easy"),
        (7, "cross_functional", "Conflict Resolution", "hard"),
    ]


def test_a_question_is_what_its_file_says(tmp_path: Path) -> None:
    path = write(tmp_path, front=FRONT + "\nupdated_at = 2026-12-24T18:30:00+02:00")

    question = questions.read(path)

    assert question.id == 1
    assert question.category is Category.STRATEGY
    assert question.subcategory == "Market Entry"
    assert question.difficulty is Difficulty.HARD
    assert question.frameworks == ("SWOT",)
    assert question.source == "PM Interview Coach"
    assert question.question_text == "Should a bakery open at night?"
    assert question.hint == "Who is awake?"
    assert question.sample_answer == "It depends on who walks by."
    assert question.created_at == datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert question.updated_at == datetime(2026, 12, 24, 16, 30, tzinfo=UTC)
    assert question.updated_at.utcoffset() == timedelta(0)


def test_a_question_that_was_never_updated_says_so(tmp_path: Path) -> None:
    path = write(tmp_path)

    question = questions.read(path)

    assert question.updated_at is None


def test_a_sample_answer_keeps_its_paragraphs_and_smaller_headings(tmp_path: Path) -> None:
    path = write(tmp_path, body=BODY + "\n\n### Then\n\n- Ask the neighbours.")

    question = questions.read(path)

    assert question.sample_answer == "It depends on who walks by.\n\n### Then\n\n- Ask the neighbours."


def test_line_ends_of_windows_are_line_ends(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    question = questions.read(path)

    assert question.hint == "Who is awake?"


def test_one_question_is_served_by_its_id() -> None:
    assert questions.question(4).category is Category.ANALYTICAL


@pytest.mark.parametrize("question_id", [0, -1, 9999, 10**30])
def test_an_unknown_id_is_not_found(question_id: int) -> None:
    with pytest.raises(NotFound, match=r"^Question not found$"):
        questions.question(question_id)


def test_existence_is_known_without_reading_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, name="strategy/0003-broken.md", front="not toml")
    monkeypatch.setattr(questions, "BANK", tmp_path)

    assert questions.exists(3)
    assert not questions.exists(4)


def test_questions_are_counted_without_reading_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, name="strategy/0003-broken.md", front="not toml")
    write(tmp_path, name="strategy/0004-another.md", front="not toml")
    write(tmp_path, name="execution/0005-third.md", front="not toml")
    for no_question in ("strategy/.0006-hidden.md", "strategy/notes.txt", "cookery/0007-broken.md", "0008-broken.md"):
        write(tmp_path, name=no_question)
    monkeypatch.setattr(questions, "BANK", tmp_path)

    assert questions.counts() == dict.fromkeys(Category, 0) | {Category.STRATEGY: 2, Category.EXECUTION: 1}


def test_the_counts_are_those_of_the_questions() -> None:
    found = questions.counts()

    assert found == {category: len(questions.questions(category=category)) for category in Category}


def test_serving_one_question_reads_only_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    write(tmp_path, name="strategy/0002-broken.md", front="not toml")
    monkeypatch.setattr(questions, "BANK", tmp_path)

    question = questions.question(1)

    assert question.id == 1


def test_what_is_no_question_is_never_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, name="strategy/0002-broken.md", front="not toml")
    monkeypatch.setattr(questions, "BANK", tmp_path)

    with pytest.raises(ValueError, match="line 2"):
        questions.question(2)


def test_questions_come_in_id_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, name="strategy/0002-second.md", front=FRONT.replace("id = 1", "id = 2"))
    write(tmp_path, name="analytical/0010-tenth.md", front=FRONT.replace("id = 1", "id = 10"))
    write(tmp_path, name="strategy/0001-first.md")
    monkeypatch.setattr(questions, "BANK", tmp_path)

    found = questions.questions()

    assert [each.id for each in found] == [1, 2, 10]


def test_questions_are_filtered_by_category_and_difficulty() -> None:
    of_category = questions.questions(category=Category.APP_CRITIQUE)
    of_difficulty = questions.questions(difficulty=Difficulty.HARD)
    of_both = questions.questions(category=Category.APP_CRITIQUE, difficulty=Difficulty.HARD)

    assert {each.category for each in of_category} == {Category.APP_CRITIQUE}
    assert {each.difficulty for each in of_difficulty} == {Difficulty.HARD}
    assert set(of_both) == set(of_category) & set(of_difficulty)


def test_the_bank_is_read_once() -> None:
    first, second = questions.questions(), questions.questions()

    assert all(one is other for one, other in zip(first, second, strict=True))
    assert questions.question(1) is questions.question(1)
