"""`make check` names every mistake in the authors' files."""

from pathlib import Path

import pytest

from bank_import import check
from coach import questions
from coach.evaluation.rubric import FRAMEWORK_MAX_CHARS, Subscore
from coach.model import Category

HEAD = """\
version = "1"

[[frameworks]]
name = "First"
use = "do this"
"""
CRITERION = """
[[criteria]]
name = "Criterion {name}"
weight = 25
feeds = ["framework", "structure", "completeness"]
weak = "none of {name}"
solid = "some of {name}"
outstanding = "all of {name}"
mistakes = ["forgetting {name}"]
probes = ["Why {name}?"]
example = "Say {name}."

[[criteria.checks]]
id = "{name}_named"
text = "names {name}"

[[criteria.checks]]
id = "{name}_explained"
text = "explains {name}"

[[criteria.checks]]
id = "{name}_measured"
text = "measures {name}"
"""
CUES = """
{name}_named = "{name}*, my {name}, # of {name}"
{name}_explained = "since, because\\nso that"
{name}_measured = "#, twice"
"""
LISTS = 'praise = "great, excellent"\nshrug = "no idea"\n'
RUBRIC = HEAD + "".join(CRITERION.format(name=name) for name in "wxyz")
CUE_LIST = "".join(CUES.format(name=name) for name in "wxyz")
MORE_CHECKS = "".join(f'[[criteria.checks]]\nid = "more_{n}"\ntext = "more"\n' for n in range(4))
Y = CRITERION.format(name="y")


class Files:
    """A rubric and cues for each category, and the lists beside them, all good until one is changed."""

    def __init__(self, folder: Path) -> None:
        self.rubrics, self.cue_lists = folder / "rubrics", folder / "cue_lists"
        self.rubric, self.cues = self.rubrics / "strategy.toml", self.cue_lists / "strategy.toml"
        self.lists = folder / "words.toml"
        for each, text in ((self.rubrics, RUBRIC), (self.cue_lists, CUE_LIST)):
            each.mkdir()
            for category in Category:
                (each / f"{category}.toml").write_text(text)
        self.lists.write_text(LISTS)

    def mistakes(self) -> list[str]:
        return check.of_grading(self.rubrics, self.cue_lists)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def replace(path: Path, part: str, instead: str) -> None:
    text = path.read_text()
    assert part in text
    path.write_text(text.replace(part, instead))


def test_the_files_of_the_project_have_no_mistakes() -> None:
    check.main()


def test_a_mistake_in_the_bank_fails_the_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "BANK", tmp_path)

    with pytest.raises(SystemExit, match="no questions here"):
        check.main()


def test_good_files_have_no_mistakes(files: Files) -> None:
    assert files.mistakes() == []


NO_TEXT = "String should have at least 1 character"
NONE = "Tuple should have at least 1 item after validation, not 0"
NO_ID = "String should match pattern '^[a-z][a-z0-9_]*$'"


@pytest.mark.parametrize(
    ("part", "instead", "mistake"),
    [
        ('version = "1"', "version = 1", "version: Input should be a valid string"),
        ('version = "1"\n', "", "version: Field required"),
        ('version = "1"', 'version = "1"\ncolour = 1', "colour: Unexpected keyword argument"),
        (
            'version = "1"',
            'version = "1"\ncategory = "strategy"',
            "got multiple values for keyword argument 'category'",
        ),
        (HEAD, 'version = "1"\n', "frameworks: Field required"),
        ('use = "do this"', 'use = " "', f"frameworks.1.use: {NO_TEXT}"),
        ('"Criterion y"', "5", "criteria.3.name: Input should be a valid string"),
        ('"none of y"', '""', f"criteria.3.weak: {NO_TEXT}"),
        ('solid = "some of y"\n', "", "criteria.3.solid: Field required"),
        ('"Say y."', '"Say y."\nwieght = 3', "criteria.3.wieght: Unexpected keyword argument"),
        (Y, Y.replace("25", "0"), "criteria.3.weight: Input should be greater than or equal to 1"),
        (Y, Y.replace("25", '"25"'), "criteria.3.weight: Input should be a valid integer"),
        (Y, Y.replace("25", "25.0"), "criteria.3.weight: Input should be a valid integer"),
        (Y, Y.replace('["framework", "structure", "completeness"]', "[]"), f"criteria.3.feeds: {NONE}"),
        (Y, Y.replace('"structure"', '"style"'), "criteria.3.feeds.2: Input should be 'framework', 'structure' or"),
        ('["forgetting y"]', "[]", f"criteria.3.mistakes: {NONE}"),
        ('["Why y?"]', '["Why?", ""]', f"criteria.3.probes.2: {NO_TEXT}"),
        ('id = "y_explained"', 'id = "Y explained"', f"criteria.3.checks.2.id: {NO_ID}"),
        ('text = "explains y"', 'text = ""', f"criteria.3.checks.2.text: {NO_TEXT}"),
        ('text = "explains y"\n', "", "criteria.3.checks.2.text: Field required"),
        (Y, Y.rpartition("[[criteria.checks]]")[0], "criteria.3.checks: Tuple should have at least 3 items"),
        (Y, Y + MORE_CHECKS, "criteria.3.checks: Tuple should have at most 6 items after validation, not 7"),
        (Y, "", "criteria: Tuple should have at least 4 items"),
        (Y, Y * 4, "criteria: Tuple should have at most 6 items"),
        ('"do this"', f'"{"x" * 95}"', f"framework 'First': more than {FRAMEWORK_MAX_CHARS} characters with its use"),
        ('"Criterion y"', '"Criterion w"', "criterion 'Criterion w' is there 2 times"),
        ('"y_named"', '"w_named"', "check 'w_named' is there 2 times"),
        *((f'"{kind}"', '"framework"', f"no criterion feeds {kind}") for kind in Subscore if kind != "framework"),
        ('weak = "none of y"', "weak = none", "Invalid value (at line "),
    ],
)
def test_a_mistake_in_a_rubric_is_named_with_its_file_and_key(
    files: Files, part: str, instead: str, mistake: str
) -> None:
    replace(files.rubric, part, instead)

    found = files.mistakes()

    assert any(each.startswith(f"{files.rubric}: ") and mistake in each for each in found), found


def test_criteria_that_a_history_cannot_tell_apart_are_named(files: Files) -> None:
    other = files.rubrics / "execution.toml"
    replace(other, '"Criterion y"', '"Point 46"')
    replace(files.rubric, '"Criterion y"', '"Point 977"')

    (mistake,) = files.mistakes()

    assert "'Point 977' has the same code as 'Point 46'" in mistake


NEVER_FOUND = "is never found: lower-case words only, without apostrophes and hyphens"


@pytest.mark.parametrize(
    ("part", "instead", "mistake"),
    [
        ('"y*, my y, # of y"', "17", "y_named: Input should be a valid string"),
        ('"y*, my y, # of y"', '["y*"]', "y_named: Input should be a valid string"),
        ('"y*, my y, # of y"', '" ,\\n"', "y_named: no entries"),
        ("my y", "y*", "y_named: 'y*' is there 2 times"),
        ("y_named =", "y =", "y: the rubric has no such check"),
        ("y_named =", "y =", "no cues for the rubric's check 'y_named'"),
        (CUE_LIST, "", "no cues for the rubric's check 'w_explained'"),
        ("y_named =", "y_named", "Expected '=' after a key in a key/value pair (at line "),
    ],
)
def test_a_mistake_in_the_cues_is_named_with_its_file_and_key(
    files: Files, part: str, instead: str, mistake: str
) -> None:
    replace(files.cues, part, instead)

    found = files.mistakes()

    assert any(each.startswith(f"{files.cues}: {mistake}") for each in found), found


@pytest.mark.parametrize(
    "entry", ["My y", "y's", "trade-off", "why?", "y.", "two  words", "y *", "% of y", "_", "“y”", "straße"]
)
def test_what_no_answer_says_in_these_letters_is_named(files: Files, entry: str) -> None:
    replace(files.cues, "my y", entry)

    assert files.mistakes() == [f"{files.cues}: y_named: {entry!r} {NEVER_FOUND}"]


@pytest.mark.parametrize("entry", ["y", "naïve", "market siz*", "# # of the #", "5 whys", "第"])
def test_what_an_answer_may_say_is_no_mistake(files: Files, entry: str) -> None:
    replace(files.cues, "my y", entry)

    assert files.mistakes() == []


def test_a_check_has_no_more_entries_than_one_can_read(files: Files) -> None:
    replace(files.cues, "my y", ", ".join("abcdefghij"))
    assert files.mistakes() == []

    replace(files.cues, "# of y", "k, l")

    assert files.mistakes() == [f"{files.cues}: y_named: 13 entries, more than 12"]


@pytest.mark.parametrize(
    ("part", "instead", "mistake"),
    [
        ('"no idea"', '["no idea"]', "shrug: Input should be a valid string"),
        ('"no idea"', '""', "shrug: no entries"),
        ("great", "great, great", "praise: 'great' is there 2 times"),
        ("great", "world-class", f"praise: 'world-class' {NEVER_FOUND}"),
        ("great", "great*", f"praise: 'great*' {NEVER_FOUND}"),
        ("great", "#", f"praise: '#' {NEVER_FOUND}"),
    ],
)
def test_a_mistake_in_the_other_lists_is_named_with_its_list(
    files: Files, part: str, instead: str, mistake: str
) -> None:
    replace(files.lists, part, instead)

    assert files.mistakes() == [f"{files.lists}: {mistake}"]


def test_an_item_with_a_mistake_is_not_said_to_be_missing(files: Files) -> None:
    replace(files.rubric, 'text = "explains y"', 'text = ""')

    assert files.mistakes() == [f"{files.rubric}: criteria.3.checks.2.text: {NO_TEXT}"]


def test_a_file_that_is_missing_or_named_by_no_category_is_named(files: Files) -> None:
    other = files.cues.rename(files.cue_lists / "cookery.toml")

    named, missing = files.mistakes()

    assert named.startswith(f"{other}: not named by a category: product_design, ")
    assert missing.startswith(f"{files.cues}: [Errno 2] No such file")


def test_all_mistakes_in_all_files_are_named_at_once(files: Files) -> None:
    replace(files.rubric, '"none of x"', '""')
    replace(files.rubric, "names z", " ")
    replace(files.rubrics / "execution.toml", '"y_named"', '"w_named"')
    replace(files.cues, "twice", "one-half")

    assert files.mistakes() == [
        f"{files.rubrics}/execution.toml: check 'w_named' is there 2 times",
        f"{files.cue_lists}/execution.toml: y_named: the rubric has no such check",
        f"{files.rubric}: criteria.2.weak: {NO_TEXT}",
        f"{files.rubric}: criteria.4.checks.1.text: {NO_TEXT}",
        *(f"{files.cues}: {name}_measured: 'one-half' {NEVER_FOUND}" for name in "wxyz"),
    ]
