"""Every mistake in a question's file is named with its file and key."""

from pathlib import Path

import pytest

from bank_import import Refused
from bank_import.question_files import check
from coach import questions
from tests.unit.bank_import.tables import PAGE

NAME = "strategy/0001-night-bakery.md"
GOOD = PAGE.format(id=1, question="Should a bakery open at night?")


def write(bank: Path, text: str = GOOD, name: str = NAME) -> Path:
    path = bank / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(bank: Path) -> list[str]:
    with pytest.raises(Refused) as refused:
        check(bank)
    return refused.value.mistakes


def test_a_good_file_is_read_as_it_is_served(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / ".DS_Store").write_bytes(b"\x00")  # hidden files are nobody's

    assert check(tmp_path) == {path: questions.read(path)}


@pytest.mark.parametrize(
    ("part", "instead", "mistake"),
    [
        ("id = 1", 'id = "1"', "id: Input should be a valid integer"),
        ("id = 1", "id = true", "id: Input should be a valid integer"),
        ("id = 1", "id = 0", "id: Input should be greater than or equal to 1"),
        ("id = 1", "id = 1000000", "id: Input should be less than or equal to 999999"),
        ("id = 1", "id = 2", "id: it is 2, but the file's name starts with 0001"),
        ("id = 1", "id = " + "9" * 5000, "Exceeds the limit (4300 digits)"),
        ("Mobile App Design", "x" * 101, "subcategory: String should have at most 100 characters"),
        ("Mobile App Design", "", "subcategory: String should have at least 1 character"),
        ("Mobile App Design", " ", "subcategory: has space before or after it"),
        ('"medium"', '"brutal"', "difficulty: Input should be 'easy', 'medium' or 'hard'"),
        ('"medium"', '["medium"]', "difficulty: Input should be 'easy', 'medium' or 'hard'"),
        ('"medium"', "medium", "Invalid value (at line 4, column 14)"),
        ('["CIRCLES"]', '"CIRCLES"', "frameworks: Input should be a valid tuple"),
        ('["CIRCLES"]', "[]", "frameworks: Tuple should have at least 1 item"),
        ('["CIRCLES"]', "[4]", "frameworks.1: Input should be a valid string"),
        ('["CIRCLES"]', '["RICE", ""]', "frameworks.2: String should have at least 1 character"),
        ('["CIRCLES"]', '["RICE", "RICE"]', "frameworks: has a name twice"),
        ("PM Interview Coach", "x" * 101, "source: String should have at most 100 characters"),
        ('source = "PM Interview Coach"\n', "", "source: Field required"),
        ("2026-11-21T09:00:00Z", "2026-11-21", "created_at: Input should be a valid datetime"),
        ("2026-11-21T09:00:00Z", "2026-11-21T09:00:00", "created_at: Input should have timezone info"),
        ("2026-11-21T09:00:00Z", '"2026-11-21T09:00:00Z"', "created_at: Input should be a valid datetime"),
        ("id = 1", "id = 1\nupdated_at = 5", "updated_at: Input should be a valid datetime"),
        ("id = 1", "id = 1\ncolour = 5", "colour: Extra inputs are not permitted"),
        ("id = 1", 'id = 1\ncategory = "strategy"', "category: Extra inputs are not permitted"),
        ("id = 1", "id = 1\nid = 1", "Cannot overwrite a value (at line 3, column 7)"),
        ("Should a bakery open at night?", " Why so? ", "# Question: String should have at least 10 characters"),
        ("Whose trouble is it?", " ", "## Hint: String should have at least 1 character"),
        ("## Hint\n", "", "## Hint: Field required"),
        ("## Hint", "## Hints", "## Hints: Extra inputs are not permitted"),
        ("## Sample answer", "## Hint\n\nAgain.\n\n## Sample answer", "## Hint: this section is there 2 times"),
        ("# Question", "Begin.\n\n# Question", "text before the first section: 'Begin.'"),
        ("+++\nid", "id", "does not begin with front matter between two lines +++"),
        ("00Z\n+++", "00Z\n", "does not begin with front matter between two lines +++"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_key(tmp_path: Path, part: str, instead: str, mistake: str) -> None:
    path = write(tmp_path, GOOD.replace(part, instead, 1))

    found = mistakes(tmp_path)

    assert any(each.startswith(f"{path}: {mistake}") for each in found), found


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        ("0001-night-bakery.md", "not in the folder of a category"),
        ("cookery/0001-night-bakery.md", "not in the folder of a category"),
        ("drafts/strategy/0001-night-bakery.md", "not in the folder of a category"),
        ("strategy/1-night-bakery.md", "not named by four digits and lower-case words"),
        ("strategy/0001.md", "not named by four digits and lower-case words"),
        ("strategy/0001-Night.md", "not named by four digits and lower-case words"),
        ("strategy/0001-night-bakery.txt", "not named by four digits and lower-case words"),
        ("strategy/00001-a.md", "id: it is 1, but the file's name starts with 00001"),
    ],
)
def test_a_file_that_would_not_be_found_is_named(tmp_path: Path, name: str, mistake: str) -> None:
    path = write(tmp_path, name=name)

    assert any(each.startswith(f"{path}: {mistake}") for each in mistakes(tmp_path))


def test_an_id_in_two_files_is_named(tmp_path: Path) -> None:
    first = write(tmp_path, name="execution/0001-first.md")
    second = write(tmp_path, name="strategy/0001-second.md")

    assert mistakes(tmp_path) == [f"{second}: id: {first} has 0001 too"]


def test_a_question_that_is_copied_under_another_id_is_named(tmp_path: Path) -> None:
    first = write(tmp_path)
    copied = PAGE.format(id=2, question="Should a bakery open, at NIGHT?")
    second = write(tmp_path, copied, "execution/0002-bakery-again.md")

    assert mistakes(tmp_path) in (
        [f"{first}: # Question: {second} asks the same"],
        [f"{second}: # Question: {first} asks the same"],
    )


def test_another_encoding_is_named(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(GOOD.replace("bakery", "café").encode("latin-1"))

    (mistake,) = mistakes(tmp_path)

    assert mistake.startswith(f"{path}: 'utf-8' codec can't decode byte")


def test_every_mistake_in_every_file_is_named(tmp_path: Path) -> None:
    first = write(tmp_path, GOOD.replace('"medium"', '"brutal"').replace("## Hint\n", ""), "execution/0001-first.md")
    second = write(tmp_path, GOOD.replace("id = 1", "id = 2").replace("Mobile App Design", ""), "strategy/0002-b.md")

    assert mistakes(tmp_path) == [
        f"{first}: difficulty: Input should be 'easy', 'medium' or 'hard'",
        f"{first}: ## Hint: Field required",
        f"{second}: subcategory: String should have at least 1 character",
    ]


def test_a_bank_without_questions_is_a_mistake(tmp_path: Path) -> None:
    assert mistakes(tmp_path / "typo") == [f"{tmp_path}/typo: no questions here"]
