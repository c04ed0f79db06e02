import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from coach.evaluation.offline.cues import COMPUTED, FOLDER, Cues, check_cues, read, vocabulary
from coach.evaluation.rubric import rubric
from coach.evaluation.text import words
from coach.evaluation.toml_files import InvalidFile
from coach.model import Category

GOOD = """\
# Cues.
[goal_stated]
cues = ["goal*", "my aim", "@metric"]
proof = ["reason|comparison", "number"]

[risk_named]
cues = [
    "risk*",
    "@problem",
]
"""
CHECKS = {"goal_stated", "risk_named"}


def read_text(folder: Path, text: str, checks: set[str] = CHECKS) -> dict[str, Cues]:
    path = folder / "strategy.toml"
    path.write_text(text, encoding="utf-8")
    return read(path, checks)


def mistakes(folder: Path, text: str, checks: set[str] = CHECKS) -> list[str]:
    with pytest.raises(InvalidFile) as refused:
        read_text(folder, text, checks)
    return [mistake.removeprefix(f"{folder / 'strategy.toml'}:") for mistake in refused.value.mistakes]


def entries() -> Iterator[tuple[str, str]]:
    """Every word, prefix and phrase that is looked for, and where it stands."""
    for name, listed in vocabulary().items():
        yield from ((name, entry) for entry in listed)
    for category in Category:
        for check, its in check_cues(category).items():
            yield from ((f"{category}/{check}", entry) for entry in its.entries)


@pytest.mark.parametrize("category", Category)
def test_every_check_of_a_rubric_has_cues_and_no_others_have(category: Category) -> None:
    looks = check_cues(category)

    assert looks.keys() == {check.id for check in rubric(category).checks}
    assert [check for check, its in looks.items() if not its.cues] == []


def test_every_category_has_a_file_and_every_file_a_category() -> None:
    assert {path.stem for path in FOLDER.glob("*.toml")} == {*Category, "common"}


def test_every_list_has_entries_and_none_is_computed() -> None:
    assert [name for name, listed in vocabulary().items() if not listed] == []
    assert COMPUTED.isdisjoint(vocabulary())


def test_every_entry_can_be_said() -> None:
    """As an answer's words are spelt, lower-case, without apostrophes; only a phrase's later words are patterns."""

    def can_be_said(entry: str) -> bool:
        first, *rest = entry.split()
        plain = [part.rstrip("*") for part in (first, *rest) if part not in ("*", "#")]
        head = re.fullmatch(r"\w+" if rest else r"\w{2,}\*|\w+", first)
        return head is not None and words(" ".join(plain)) == plain

    assert [each for each in entries() if not can_be_said(each[1])] == []


@pytest.mark.parametrize("category", Category)
def test_no_check_says_a_cue_twice(category: Category) -> None:
    assert [check for check, its in check_cues(category).items() if len(set(its.cues)) < len(its.cues)] == []


def test_a_file_is_read_per_check(tmp_path: Path) -> None:
    made = read_text(tmp_path, GOOD)

    goal, risk = made["goal_stated"], made["risk_named"]
    assert made.keys() == CHECKS
    assert (goal.entries, goal.lists, goal.proof) == (["goal*", "my aim"], {"metric"}, ("reason|comparison", "number"))
    assert (risk.entries, risk.lists, risk.proof) == (["risk*"], {"problem"}, ())


@pytest.mark.parametrize("computed", sorted(COMPUTED))
def test_what_is_worked_out_needs_no_list(tmp_path: Path, computed: str) -> None:
    text = GOOD.replace("@problem", f"@{computed}").replace('"number"', f'"{computed}"')

    assert read_text(tmp_path, text)["risk_named"].lists == {computed}


@pytest.mark.parametrize(
    ("part", "instead", "mistake"),
    [
        ('cues = ["goal*"', 'cue = ["goal*"', "3: goal_stated, cue: Unexpected keyword argument"),
        ('cues = ["goal*"', 'cue = ["goal*"', "2: goal_stated, cues: Field required"),
        ('cues = ["goal*", "my aim", "@metric"]', 'cues = "goal*"', "3: goal_stated, cues: Input should be a valid"),
        ('"risk*"', "17", "7: risk_named, cues 1: Input should be a valid string"),
        ('"number"]', "3]", "4: goal_stated, proof 2: Input should be a valid string"),
        ("[risk_named]", "[risk_named]\nweight = 3", "7: risk_named, weight: Unexpected keyword argument"),
        ("# Cues.", "goal = 3", "1: goal: Input should be a dictionary or an instance of Cues"),
        ("[risk_named]", "[risk_named", "6: not TOML: Expected ']' at the end of a table declaration"),
        ("[risk_named]", "[goal_stated]", "6: not TOML: Cannot declare ('goal_stated',) twice"),
    ],
)
def test_a_wrong_value_is_told_on_its_line(tmp_path: Path, part: str, instead: str, mistake: str) -> None:
    found = mistakes(tmp_path, GOOD.replace(part, instead))

    assert any(each.startswith(mistake) for each in found), found


@pytest.mark.parametrize(
    ("part", "instead", "mistake"),
    [
        ("@metric", "@metrics", "3: check 'goal_stated' refers to the unknown list 'metrics'"),
        ("@problem", "@", "7: check 'risk_named' refers to the unknown list ''"),
        ("|comparison", "|contrast", "4: check 'goal_stated' refers to the unknown list 'contrast'"),
        ('"number"]', '"figure"]', "4: check 'goal_stated' refers to the unknown list 'figure'"),
        ("reason|", "reason||", "4: check 'goal_stated' refers to the unknown list ''"),
        ("[risk_named]", "[risk]", "6: the rubric has no check 'risk'"),
        ("[risk_named]", "[risk]", "1: no cues for the rubric's check 'risk_named'"),
    ],
)
def test_a_contradiction_is_told_on_its_line(tmp_path: Path, part: str, instead: str, mistake: str) -> None:
    assert mistake in mistakes(tmp_path, GOOD.replace(part, instead))


@pytest.mark.parametrize(
    ("part", "instead", "line"),
    [
        ('cues = ["goal*", "my aim", "@metric"]', "cues = []", 3),
        ('"my aim"', '""', 3),
        ('"my aim"', '" "', 3),
        ('"reason|comparison", "number"', '""', 4),
    ],
)
def test_nothing_is_looked_for_by_an_empty_text(tmp_path: Path, part: str, instead: str, line: int) -> None:
    (found,) = mistakes(tmp_path, GOOD.replace(part, instead))

    assert found.startswith(f"{line}: ")


def test_all_contradictions_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("@metric", "@metrics").replace("number", "figure").replace("[risk_named]", "[risk]")

    found = mistakes(tmp_path, text, CHECKS | {"asked"})

    assert found == [
        "1: no cues for the rubric's check 'asked'",
        "1: no cues for the rubric's check 'risk_named'",
        "3: check 'goal_stated' refers to the unknown list 'metrics'",
        "4: check 'goal_stated' refers to the unknown list 'figure'",
        "6: the rubric has no check 'risk'",
    ]


def test_a_file_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="strategy"):
        read(tmp_path / "strategy.toml", CHECKS)
