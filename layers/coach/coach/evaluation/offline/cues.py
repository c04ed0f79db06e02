"""What the offline evaluator looks for: word lists, and for each check of a rubric its cues and its proof.

    cue_lists/common.toml        lists that cues and proofs refer to: reason = "because, since, ..."
    cue_lists/<category>.toml    [id of a check]  cues = ["segment*", "@metric"]  proof = ["reason|comparison"]

`cues`: words that show that the answer speaks of what is checked. `segment*` is a prefix; several words are a phrase,
in which `#` is a figure and `*` any word; `@metric` is a list. `proof`: lists of each of which a word has to stand by,
or the check is met only in part. `make check` compares the files with each other and with the rubrics.
"""

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass as validated

from coach.evaluation.rubric import Text
from coach.evaluation.word_lists import read as read_lists
from coach.evaluation.word_lists import word_lists
from coach.model import Category

COMPUTED = frozenset({"number", "several", "own_action", "arithmetic"})
"""Cues that are worked out from a sentence and have no list."""

FOLDER = Path(__file__).with_name("cue_lists")


@validated(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Cues:
    """What speaks for one check, and what proves it."""

    cues: Annotated[tuple[Text, ...], Field(min_length=1)]
    proof: tuple[Text, ...] = ()

    @property
    def entries(self) -> list[str]:
        """Words and phrases."""
        return [cue for cue in self.cues if not cue.startswith("@")]

    @property
    def lists(self) -> set[str]:
        """The lists that it refers to."""
        return {cue[1:] for cue in self.cues if cue.startswith("@")}


@cache
def vocabulary() -> dict[str, tuple[str, ...]]:
    """The lists of common.toml, and those that every grader needs."""
    return word_lists() | read_lists(FOLDER / "common.toml")


@cache
def check_cues(category: Category) -> dict[str, Cues]:
    """Per check of the category's rubric, by its id."""
    return read(FOLDER / f"{category}.toml")


def read(path: Path) -> dict[str, Cues]:
    """Raises ValueError for a file that holds no cues."""
    return TypeAdapter(dict[str, Cues]).validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
