"""What holds of the project's cues besides their format, which `make check` looks at."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from coach.evaluation.offline.cues import COMPUTED, check_cues, read, vocabulary
from coach.evaluation.text import words
from coach.model import Category


def entries() -> Iterator[tuple[str, str]]:
    """Every word, prefix and phrase that is looked for, and where it stands."""
    for name, listed in vocabulary().items():
        yield from ((name, entry) for entry in listed)
    for category in Category:
        for check, its in check_cues(category).items():
            yield from ((f"{category}/{check}", entry) for entry in its.entries)


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
    path = tmp_path / "strategy.toml"
    path.write_text(
        """
        [goal]
        cues = ["goal*", "my aim", "@metric"]
        proof = ["reason|comparison"]

        [risk]
        cues = ["risk*"]
        """
    )

    goal, risk = read(path).values()

    assert (goal.entries, goal.lists, goal.proof) == (["goal*", "my aim"], {"metric"}, ("reason|comparison",))
    assert (risk.entries, risk.lists, risk.proof) == (["risk*"], set(), ())
