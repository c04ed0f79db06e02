"""The question bank: what it serves, what it reads to serve it, and how it names the mistakes in its files."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coach import questions
from coach.errors import NotFound
from coach.model import Category, Difficulty
from coach.questions import BankError, validate

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

NOT_A_MOMENT = "must be a date and time with its offset from UTC, as in 2026-11-21T09:00:00Z"
UNKNOWN_KEY = (
    "unknown key 'colour': expected one of id, subcategory, difficulty, frameworks, source, created_at, updated_at"
)


def write(bank: Path, *, name: str = "strategy/0001-night-bakery.md", front: str = FRONT, body: str = BODY) -> Path:
    path = bank / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"+++\n{front}\n+++\n\n{body}\n", encoding="utf-8")
    return path


def mistakes(bank: Path) -> list[str]:
    with pytest.raises(BankError) as caught:
        validate(bank)
    return caught.value.mistakes


def test_the_bank_has_no_mistakes() -> None:
    found = validate(questions.BANK)

    assert [each.id for each in found] == sorted({each.id for each in found})


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
    write(tmp_path, front=FRONT + "\nupdated_at = 2026-12-24T18:30:00+02:00")

    (question,) = validate(tmp_path)

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
    write(tmp_path)

    (question,) = validate(tmp_path)

    assert question.updated_at is None


def test_a_sample_answer_keeps_its_paragraphs_and_smaller_headings(tmp_path: Path) -> None:
    write(tmp_path, body=BODY + "\n\n### Then\n\n- Ask the neighbours.")

    (question,) = validate(tmp_path)

    assert question.sample_answer == "It depends on who walks by.\n\n### Then\n\n- Ask the neighbours."


def test_line_ends_of_windows_are_line_ends(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    (question,) = validate(tmp_path)

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


def test_a_broken_file_is_never_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    broken = write(tmp_path, name="strategy/0002-broken.md", front=FRONT)
    monkeypatch.setattr(questions, "BANK", tmp_path)

    with pytest.raises(BankError) as one:
        questions.question(2)
    with pytest.raises(BankError) as all_of_them:
        questions.questions()

    assert one.value.mistakes == [f"{broken}:2: id is 1, but the file name starts with 0002"]
    assert one.value.mistakes[0] in all_of_them.value.mistakes


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


@pytest.mark.parametrize(
    ("wrong", "line", "message"),
    [
        (FRONT.replace("id = 1", 'id = "1"'), 2, "id must be a whole number from 1"),
        (FRONT.replace("id = 1", "id = true"), 2, "id must be a whole number from 1"),
        (FRONT.replace("id = 1", "id = 0"), 2, "id must be a whole number from 1"),
        (FRONT.replace("id = 1", "id = 2"), 2, "id is 2, but the file name starts with 0001"),
        (FRONT.replace("Market Entry", "x" * 101), 3, "subcategory has 101 characters, at most 100 are allowed"),
        (FRONT.replace("Market Entry", " "), 3, "subcategory must be a text that is not empty"),
        (FRONT.replace("hard", "brutal"), 4, "difficulty must be one of easy, medium, hard"),
        (FRONT.replace('"hard"', '["hard"]'), 4, "difficulty must be one of easy, medium, hard"),
        (FRONT.replace('["SWOT"]', '"SWOT"'), 5, "frameworks must be a list of names that is not empty"),
        (FRONT.replace('"SWOT"', ""), 5, "frameworks must be a list of names that is not empty"),
        (FRONT.replace('"SWOT"', '"SWOT", 4'), 5, "frameworks must be a list of names that is not empty"),
        (FRONT.replace('"SWOT"', '"SWOT", "SWOT"'), 5, "frameworks names a framework twice"),
        (FRONT.replace("PM Interview Coach", "x" * 101), 6, "source has 101 characters, at most 100 are allowed"),
        (FRONT.replace("T09:00:00Z", ""), 7, f"created_at {NOT_A_MOMENT}"),
        (FRONT.replace("00Z", "00"), 7, f"created_at {NOT_A_MOMENT}"),
        (FRONT + "\nupdated_at = 5", 8, f"updated_at {NOT_A_MOMENT}"),
        (FRONT + "\n\n# a remark\ncolour = 5", 10, UNKNOWN_KEY),
        (FRONT + "\n[colour]\nred = 1", 8, UNKNOWN_KEY),
        (FRONT.replace('source = "PM Interview Coach"\n', ""), 1, "missing key 'source'"),
        (FRONT.replace('"hard"', "hard"), 4, "not TOML: Invalid value"),
        (FRONT + "\nid = 1", 8, "not TOML: Cannot overwrite a value"),
        (FRONT + "\nupdated_at =", 8, "not TOML: Invalid value"),
        (FRONT + "\nupdated_at = [", 9, "not TOML: Invalid value"),
    ],
)
def test_a_mistake_in_the_front_matter_is_reported_with_its_line(
    tmp_path: Path, wrong: str, line: int, message: str
) -> None:
    path = write(tmp_path, front=wrong)

    assert mistakes(tmp_path) == [f"{path}:{line}: {message}"]


def test_a_number_that_is_too_long_for_one_is_reported_too(tmp_path: Path) -> None:
    path = write(tmp_path, front=FRONT.replace("id = 1", "id = " + "9" * 5000))

    (mistake,) = mistakes(tmp_path)

    assert mistake.startswith(f"{path}:8: not TOML: Exceeds the limit (4300 digits)")


@pytest.mark.parametrize("key", ["id", "subcategory", "difficulty", "frameworks", "source", "created_at"])
def test_every_key_but_updated_at_is_needed(tmp_path: Path, key: str) -> None:
    path = write(tmp_path, front="\n".join(line for line in FRONT.split("\n") if not line.startswith(key)))

    assert mistakes(tmp_path) == [f"{path}:1: missing key {key!r}"]


@pytest.mark.parametrize(
    ("wrong", "line", "message"),
    [
        (
            BODY.replace("Should a bakery open at night?", "  Why so?  "),
            10,
            "the question has 7 characters, at least 10 are needed",
        ),
        (BODY.replace("Should a bakery open at night?", ""), 10, "section '# Question' is empty"),
        (BODY.replace("Who is awake?", ""), 14, "section '## Hint' is empty"),
        (BODY.replace("# Question\n", ""), 11, "text before the first section"),
        (BODY.replace("## Hint\n", ""), 1, "missing section '## Hint'"),
        (BODY + "\n\n## Hint\n\nAgain.", 22, "section '## Hint' is there twice"),
        (
            BODY + "\n\n## Notes\n\nMore.",
            22,
            "unknown section '## Notes': expected one of # Question, ## Hint, ## Sample answer",
        ),
    ],
)
def test_a_mistake_in_the_sections_is_reported_with_its_line(
    tmp_path: Path, wrong: str, line: int, message: str
) -> None:
    path = write(tmp_path, body=wrong)

    assert f"{path}:{line}: {message}" in mistakes(tmp_path)


@pytest.mark.parametrize("section", ["# Question", "## Hint", "## Sample answer"])
def test_every_section_is_needed(tmp_path: Path, section: str) -> None:
    path = write(tmp_path, body=BODY.replace(f"{section}\n", "", 1))

    assert f"{path}:1: missing section {section!r}" in mistakes(tmp_path)


def test_an_id_in_two_files_is_reported_where_it_is_repeated(tmp_path: Path) -> None:
    first = write(tmp_path, name="execution/0001-first.md")
    second = write(tmp_path, name="strategy/0001-second.md")

    assert mistakes(tmp_path) == [f"{second}:2: duplicate id 1: {first} has it too"]


def test_a_folder_that_is_no_category_is_reported(tmp_path: Path) -> None:
    path = write(tmp_path, name="cookery/0001-night-bakery.md")

    assert mistakes(tmp_path) == [f"{path}:1: unknown folder 'cookery': expected one of {', '.join(Category)}"]


@pytest.mark.parametrize("name", ["0001-night-bakery.md", "drafts/strategy/0001-night-bakery.md"])
def test_a_file_outside_the_categories_folders_is_reported(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name=name)

    assert mistakes(tmp_path) == [
        f"{path}:1: not in a category's folder: a question is {tmp_path}/<category>/<id>-<words>.md"
    ]


@pytest.mark.parametrize(
    "name", ["1-night-bakery.md", "0001.md", "0001-Night.md", "0001-night-bakery.txt", "00001-a.md"]
)
def test_a_file_name_that_would_not_be_found_is_reported(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, name=f"strategy/{name}")

    (mistake,) = mistakes(tmp_path)

    assert mistake.startswith((f"{path}:1: the file name is not", f"{path}:2: id is 1, but the file name starts with"))


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"", 1, "the first line is not +++"),
        (b"id = 1\n", 1, "the first line is not +++"),
        (b"+++\nid = 1\n", 1, "no second +++ line ends the front matter"),
        (b"+++\nid = 1\n+++\n# Question\n\nCaf\xe9?\n", 6, "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_taken_apart_is_reported(tmp_path: Path, content: bytes, line: int, message: str) -> None:
    path = write(tmp_path)
    path.write_bytes(content)

    assert mistakes(tmp_path) == [f"{path}:{line}: {message}"]


def test_every_mistake_in_every_file_is_reported_in_order(tmp_path: Path) -> None:
    first = write(
        tmp_path,
        name="execution/0002-first.md",
        front=FRONT.replace("id = 1", "id = 2").replace("hard", "brutal").replace("SWOT", ""),
        body=BODY.replace("## Hint\n\nWho is awake?\n", ""),
    )
    second = write(tmp_path, name="strategy/0001-second.md", front=FRONT.replace("Market Entry", ""))

    assert mistakes(tmp_path) == [
        f"{first}:1: missing section '## Hint'",
        f"{first}:4: difficulty must be one of easy, medium, hard",
        f"{first}:5: frameworks must be a list of names that is not empty",
        f"{second}:3: subcategory must be a text that is not empty",
    ]


def test_a_bank_without_questions_is_reported(tmp_path: Path) -> None:
    assert mistakes(tmp_path / "typo") == [f"{tmp_path}/typo:1: no questions here"]


def test_hidden_files_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / ".DS_Store").write_bytes(b"\x00")

    assert len(validate(tmp_path)) == 1
