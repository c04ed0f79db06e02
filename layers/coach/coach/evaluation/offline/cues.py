"""The offline evaluator's word lists.

    words.toml                 what makes a text particular or general, what tells a story, what speaks to the grader
    cue_lists/<category>.toml  for each check of the rubric, by its id, the words by which to find the sentence to show

Entries are lower-case words, separated by commas or line ends; apostrophes and hyphens are gone by then. In cue lists
`segment*` is a prefix, several words are a phrase, and `#` is a figure. `make check` compares them with the rubrics.
"""

import re
from functools import cache
from pathlib import Path

from coach.evaluation.word_lists import read, word_lists
from coach.model import Category

FOLDER = Path(__file__).with_name("cue_lists")


@cache
def vocabulary() -> dict[str, tuple[str, ...]]:
    """The lists of words.toml, and those that every grader needs."""
    return word_lists() | read(Path(__file__).with_name("words.toml"))


@cache
def check_cues(category: Category) -> dict[str, re.Pattern[str]]:
    """Per check of the category's rubric what finds its cues in a row of words, each in a group of its own."""
    return {check: pattern(entries) for check, entries in read(FOLDER / f"{category}.toml").items()}


def pattern(entries: tuple[str, ...]) -> re.Pattern[str]:
    """What finds these entries in words that are joined by spaces."""
    return re.compile(rf"(?<!\S)(?:{'|'.join(f'({_escaped(entry)})' for entry in entries)})(?!\S)")


def _escaped(entry: str) -> str:
    return re.escape(entry).replace(r"\*", r"\w*").replace(r"\#", r"\d\w*")
