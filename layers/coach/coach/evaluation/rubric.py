"""What each category is graded by: criteria and observable checks, read from rubrics/<category>.toml.

The text of a check completes the sentence "The answer ...". Its cues, proof and the lists in cues.toml are what the
offline evaluator looks for; Claude reads the text alone.
"""

import tomllib
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from coach.model import Category

FRAMEWORK_MAX_CHARS = 100

COMPUTED_CUES = frozenset({"number", "several", "own_action", "arithmetic"})
"""Cues that are worked out from a sentence and have no list in cues.toml."""


class Subscore(StrEnum):
    FRAMEWORK = "framework"
    STRUCTURE = "structure"
    COMPLETENESS = "completeness"


class RubricError(Exception):
    """A rubric file that cannot be graded by; the text names the file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be seen in an answer or not.

    `cues`: words that show that the answer speaks of it (`segment*` is a prefix, `@metric` a list of cues.toml).
    `proof`: lists of cues.toml, each with a word in the same sentence or the next, without which it is only partial.
    """

    id: str
    text: str
    cues: tuple[str, ...]
    proof: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RubricCriterion:
    """What an interviewer looks at, as 3 or 4 checks. `example` is one point that a strong answer might make."""

    name: str
    weight: int
    feeds: tuple[Subscore, ...]
    mistake: str
    example: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework that suits the category, and what to do with it."""

    name: str
    use: str

    def __str__(self) -> str:
        return f"{self.name}: {self.use}"


@dataclass(frozen=True, slots=True)
class Rubric:
    category: Category
    version: str
    frameworks: tuple[Framework, ...]
    criteria: tuple[RubricCriterion, ...]

    @property
    def checks(self) -> tuple[Check, ...]:
        return tuple(check for criterion in self.criteria for check in criterion.checks)


@cache
def rubric(category: Category) -> Rubric:
    """The rubric of a category; raises RubricError for a file that is incomplete or contradicts itself."""
    return read(Path(__file__).with_name("rubrics") / f"{category}.toml", category)


def read(path: Path, category: Category) -> Rubric:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        made = Rubric(
            category=category,
            version=_text(data, "version"),
            frameworks=tuple(Framework(_text(item, "name"), _text(item, "use")) for item in _items(data, "frameworks")),
            criteria=tuple(_criterion(item) for item in _items(data, "criteria")),
        )
        _check_whole(made)
    except (OSError, tomllib.TOMLDecodeError, RubricError) as error:
        raise RubricError(f"{path.name}: {error}") from None
    return made


@cache
def vocabulary() -> dict[str, tuple[str, ...]]:
    """The word lists of cues.toml that checks refer to as `@name`."""
    lists = tomllib.loads(Path(__file__).with_name("cues.toml").read_text(encoding="utf-8"))
    return {name: _entries(text) for name, text in lists.items()}


def _entries(text: str) -> tuple[str, ...]:
    return tuple(entry.strip() for entry in text.replace("\n", ",").split(",") if entry.strip())


def _criterion(data: dict[str, Any]) -> RubricCriterion:
    name = _text(data, "name")
    try:
        made = RubricCriterion(
            name=name,
            weight=data.get("weight", 0),
            feeds=tuple(Subscore(kind) for kind in _items(data, "feeds")),
            mistake=_text(data, "mistake"),
            example=_text(data, "example"),
            checks=tuple(_check(item) for item in _items(data, "checks")),
        )
    except ValueError as error:
        raise RubricError(f"criterion {name!r}: {error}") from None
    if not isinstance(made.weight, int) or made.weight < 1:
        raise RubricError(f"criterion {name!r}: weight must be a whole number above 0")
    if not 3 <= len(made.checks) <= 6:
        raise RubricError(f"criterion {name!r} has {len(made.checks)} checks, not 3 to 6")
    return made


def _check(data: dict[str, Any]) -> Check:
    return Check(
        id=_text(data, "id"),
        text=_text(data, "text"),
        cues=tuple(_items(data, "cues")),
        proof=tuple(data.get("proof", ())),
    )


def _check_whole(made: Rubric) -> None:
    if not 4 <= len(made.criteria) <= 6:
        raise RubricError(f"{len(made.criteria)} criteria, not 4 to 6")
    repeated = [name for name, count in Counter(check.id for check in made.checks).items() if count > 1]
    if repeated:
        raise RubricError(f"the check id {repeated[0]!r} is used twice")
    for kind in Subscore:
        if not any(kind in criterion.feeds for criterion in made.criteria):
            raise RubricError(f"no criterion feeds {kind}")
    for framework in made.frameworks:
        if len(str(framework)) > FRAMEWORK_MAX_CHARS:
            raise RubricError(f"framework {framework.name!r} says more than {FRAMEWORK_MAX_CHARS} characters")
    for check in made.checks:
        named = [*check.proof, *(cue[1:] for cue in check.cues if cue.startswith("@"))]
        for name in (one for group in named for one in group.split("|")):
            if name not in COMPUTED_CUES | vocabulary().keys():
                raise RubricError(f"check {check.id!r} refers to the unknown cue list {name!r}")


def _text(data: dict[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value.strip():
        raise RubricError(f"{data.get('id') or data.get('name') or 'the rubric'}: {key} is missing or empty")
    return value


def _items(data: dict[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    if not isinstance(value, list) or not value:
        raise RubricError(f"{data.get('id') or data.get('name') or 'the rubric'}: {key} is missing or empty")
    return value
