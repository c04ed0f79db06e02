"""What holds of the project's word lists besides their format, which `make check` looks at."""

import pytest

from coach.evaluation.offline.cues import check_cues, pattern, vocabulary
from coach.evaluation.rubric import rubric
from coach.evaluation.text import words
from coach.evaluation.word_lists import word_lists
from coach.model import Category


@pytest.mark.parametrize(
    ("entry", "said", "expected"),
    [
        ("goal", "our goal is", True),
        ("goal", "our goals are", False),
        ("goal", "an owngoal", False),
        ("goal*", "our goals are", True),
        ("goal*", "a goal", True),
        ("goal*", "an owngoal", False),
        ("my aim", "it is my aim", True),
        ("my aim", "my own aim", False),
        ("my aim", "by my aims", False),
        ("to #", "from 58 to 71", True),
        ("to #", "from low to high", False),
        ("# days", "within 30 days", True),
        ("# days", "on 3rd days", True),
        ("# days", "within x30 days", False),
        ("#", "on the q3", False),
        ("# times #", "12 times 80", True),
        ("second* best", "a secondary best", True),
    ],
)
def test_an_entry_is_a_word_a_beginning_a_phrase_or_a_figure(entry: str, said: str, *, expected: bool) -> None:
    assert bool(pattern((entry,)).search(said)) is expected


def test_each_entry_is_counted_once_however_often_it_is_said() -> None:
    either = pattern(("goal*", "my aim"))

    def found(said: str) -> int:
        return len({match.lastindex for match in either.finditer(said)})

    assert found("a goal and goals") == 1
    assert found("a goal is my aim") == 2


@pytest.mark.parametrize("category", Category)
def test_every_check_of_a_rubric_has_its_cues(category: Category) -> None:
    assert check_cues(category).keys() == {check.id for check in rubric(category).checks}


def test_whatever_a_grader_needs_is_in_one_vocabulary() -> None:
    assert vocabulary().keys() >= word_lists().keys() | {"particular", "praise", "story_wanted", "only_of_grading"}
    assert [name for name, listed in vocabulary().items() if not listed] == []


def test_every_word_of_the_lists_can_be_said() -> None:
    """As an answer's words are spelt: lower-case, without apostrophes and hyphens."""
    entries = [(name, entry.rstrip("*")) for name, listed in word_lists().items() for entry in listed]

    assert [each for each in entries if words(each[1]) != each[1].split(" ")] == []
