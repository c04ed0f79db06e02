"""What the offline evaluator looks for: word lists, and for each check of a rubric its cues and its proof.

    cue_lists/common.toml        lists that cues and proofs refer to: reason = "because, since, ..."
    cue_lists/<category>.toml    [id of a check]  cues = ["segment*", "@metric"]  proof = ["reason|comparison"]

`cues`: words that show that the answer speaks of what is checked. `segment*` is a prefix; several words are a phrase,
in which `#` is a figure and `*` any word; `@metric` is a list. `proof`: lists of each of which a word has to stand by,
or the check is met only in part.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass as validated

from coach.evaluation.rubric import Text, rubric
from coach.evaluation.toml_files import Place, TomlFile
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
    """The lists of common.toml, and those that every grader needs. Raises InvalidFile."""
    return word_lists() | read_lists(FOLDER / "common.toml")


@cache
def check_cues(category: Category) -> dict[str, Cues]:
    """Per check of the category's rubric, by its id. Raises InvalidFile."""
    return read(FOLDER / f"{category}.toml", {check.id for check in rubric(category).checks})


def read(path: Path, checks: set[str]) -> dict[str, Cues]:
    """The cues of `checks`, no more and no fewer. Raises InvalidFile with every mistake, or OSError."""
    file = TomlFile(path)
    cues = file.read(TypeAdapter(dict[str, Cues]))
    if contradictions := list(_contradictions(cues, checks)):
        raise file.invalid(contradictions)
    return cues


def _contradictions(cues: dict[str, Cues], checks: set[str]) -> Iterator[tuple[Place, str]]:
    for check in sorted(checks - cues.keys()):
        yield (), f"no cues for the rubric's check {check!r}"
    for check, its in cues.items():
        if check not in checks:
            yield (check,), f"the rubric has no check {check!r}"
        for key, named in (("cues", its.lists), ("proof", {name for group in its.proof for name in group.split("|")})):
            for name in sorted(named - COMPUTED - vocabulary().keys()):
                yield (check, key), f"check {check!r} refers to the unknown list {name!r}"
